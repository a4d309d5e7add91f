using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Curaway.Payments.Postgres;

namespace Curaway.Payments;

/// <summary>
/// Brings the database up to the embedded scripts, <c>Schema/0001_initial.sql</c> and on. All of them run in one transaction
/// under an advisory lock, so any number of hosts may start at once. A script that was applied never changes: its hash is
/// kept. Scripts the database has and this build has not are left alone, so an older host runs beside a newer one. A host
/// whose scripts are all applied changes nothing, so its role needs no right to.
/// </summary>
public static class PostgresSchema
{
    private const string Lock = "SELECT pg_advisory_xact_lock(hashtext('curaway.schema_migrations'))";

    private const string CreateTable =
        """
        CREATE TABLE IF NOT EXISTS schema_migrations (
            version integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())
        """;

    /// <summary>
    /// The scripts for a database administrator to run with <c>psql</c>, where the host's role may not change tables and
    /// <c>PaymentsOptions.AutoMigrate</c> is off: one transaction, that also notes what it applied.
    /// </summary>
    /// <param name="afterVersion">The last version the database has, by its <c>schema_migrations</c>; 0 for an empty one.</param>
    /// <returns>SQL for PostgreSQL 13 or later; nothing but comments when there is nothing to apply.</returns>
    public static string ExportSql(int afterVersion = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(afterVersion);
        var scripts = Scripts().Where(script => script.Version > afterVersion).ToList();
        var sql = new StringBuilder().Append(CultureInfo.InvariantCulture, $"-- Curaway Payments: {scripts.Count} scripts after version {afterVersion}.\n");
        if (scripts.Count == 0)
            return sql.ToString();

        sql.Append(CultureInfo.InvariantCulture, $"\nBEGIN;\n{Lock};\n{CreateTable};\n");
        foreach (var script in scripts)
        {
            sql.Append(CultureInfo.InvariantCulture, $"\n-- {script.Name}\n{script.Sql.TrimEnd()}\n\n")
                .Append("INSERT INTO schema_migrations (version, name, sha256) VALUES ")
                .Append(CultureInfo.InvariantCulture, $"({script.Version}, '{script.Name}', '{script.Hash}');\n");
        }

        return sql.Append("\nCOMMIT;\n").ToString();
    }

    /// <exception cref="InvalidOperationException">An applied script is not the one of this build.</exception>
    internal static Task MigrateAsync(PostgresDatabase database, CancellationToken ct) => database.WriteAsync(ApplyAsync, ct);

    /// <summary>The scripts that the database has not, by name.</summary>
    internal static async Task<IReadOnlyList<string>> ListPendingAsync(PostgresSession session)
    {
        var isThere = await session.QueryAsync("SELECT to_regclass('schema_migrations') IS NOT NULL AS there", row => row.Flag("there")).ConfigureAwait(false);
        var applied = isThere[0]
            ? await session.QueryAsync("SELECT version FROM schema_migrations", row => row.Count("version")).ConfigureAwait(false)
            : [];
        return [.. Scripts().Where(script => !applied.Contains(script.Version)).Select(script => script.Name)];
    }

    private static async Task<int> ApplyAsync(PostgresSession session)
    {
        session.Select(Lock, _ => true);
        // Asked first: CREATE TABLE IF NOT EXISTS wants the right to create also where there is nothing to create.
        var isThere = await session.QueryAsync("SELECT to_regclass('schema_migrations') IS NOT NULL AS there", row => row.Flag("there")).ConfigureAwait(false);
        if (!isThere[0])
            await session.ExecuteAsync(CreateTable).ConfigureAwait(false);
        var applied = (await session.QueryAsync(
                "SELECT version, sha256 FROM schema_migrations", row => (Version: row.Count("version"), Hash: row.Text("sha256"))).ConfigureAwait(false))
            .ToDictionary(row => row.Version, row => row.Hash);

        foreach (var script in Scripts())
        {
            if (!applied.TryGetValue(script.Version, out var hash))
                await ApplyAsync(session, script).ConfigureAwait(false);
            else if (hash != script.Hash)
                throw new InvalidOperationException(
                    $"Migration {script.Name} was applied with SHA-256 {hash}, but this build has {script.Hash}. " +
                    "An applied script is never edited: restore it and add a new one.");
        }

        return applied.Count;
    }

    private static async Task ApplyAsync(PostgresSession session, Script script)
    {
        await RunAsync(session, script).ConfigureAwait(false);
        await session.ExecuteAsync(
            "INSERT INTO schema_migrations (version, name, sha256) VALUES (@version, @name, @sha256)",
            ("version", script.Version), ("name", script.Name), ("sha256", script.Hash)).ConfigureAwait(false);
    }

    private static async Task RunAsync(PostgresSession session, Script script)
    {
        var command = session.Transaction.Connection!.CreateCommand();
        await using (command.ConfigureAwait(false))
        {
            command.Transaction = session.Transaction;
#pragma warning disable CA2100 // The text is a resource of this assembly.
            command.CommandText = script.Sql;
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync().ConfigureAwait(false);
        }
    }

    private static IEnumerable<Script> Scripts()
    {
        var assembly = typeof(PostgresSchema).Assembly;
        const string Folder = ".Schema.";
        foreach (var resource in assembly.GetManifestResourceNames().Where(name => name.EndsWith(".sql", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
            // A checkout with other line ends is the same script.
            var sql = reader.ReadToEnd().ReplaceLineEndings("\n");
            var name = resource[(resource.IndexOf(Folder, StringComparison.Ordinal) + Folder.Length)..^".sql".Length];
            var version = int.Parse(name.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture);
            yield return new Script(version, name, sql, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql))));
        }
    }

    private sealed record Script(int Version, string Name, string Sql, string Hash);
}
