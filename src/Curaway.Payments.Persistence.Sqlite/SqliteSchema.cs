using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Data.Sqlite;

namespace Curaway.Payments.Sqlite;

/// <summary>
/// Brings the file up to the embedded scripts, <c>Schema/0001_initial.sql</c> and on. All of them run in one transaction
/// under the write lock, so any number of hosts may start at once. A script that was applied never changes: its hash is
/// kept. Scripts the file has and this build has not are left alone, so an older host runs beside a newer one.
/// </summary>
internal static class SqliteSchema
{
    /// <exception cref="InvalidOperationException">An applied script is not the one of this build, or the disk cannot hold a WAL.</exception>
    public static async Task MigrateAsync(SqliteDatabase database, CancellationToken ct)
    {
        await UseWriteAheadLogAsync(database, ct).ConfigureAwait(false);
        await database.WriteAsync(ApplyAsync, ct).ConfigureAwait(false);
    }

    /// <summary>The scripts that the file has not, by name.</summary>
    public static async Task<IReadOnlyList<string>> ListPendingAsync(SqliteSession session)
    {
        var isThere = await session.QueryAsync(
            "SELECT 1 AS there FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'", row => row.Flag("there")).ConfigureAwait(false);
        var applied = isThere.Count == 0
            ? []
            : await session.QueryAsync("SELECT version FROM schema_migrations", row => row.Count("version")).ConfigureAwait(false);
        return [.. Scripts().Where(script => !applied.Contains(script.Version)).Select(script => script.Name)];
    }

    // Kept in the file, so once is enough; it cannot be switched inside a transaction.
    private static async Task UseWriteAheadLogAsync(SqliteDatabase database, CancellationToken ct)
    {
        using var connection = await database.OpenAsync(ct).ConfigureAwait(false);
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA journal_mode = WAL";
        var mode = (string?)await command.ExecuteScalarAsync(ct).ConfigureAwait(false);
        if (mode != "wal")
            throw new InvalidOperationException("The payments database cannot keep a write-ahead log; put it on a local disk.");
    }

    private static async Task<int> ApplyAsync(SqliteSession session)
    {
        await session.ExecuteAsync("""
            CREATE TABLE IF NOT EXISTS schema_migrations (
                version INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT
            """).ConfigureAwait(false);
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

    private static async Task ApplyAsync(SqliteSession session, Script script)
    {
        await RunAsync(session.Transaction, script).ConfigureAwait(false);
        await session.ExecuteAsync(
            "INSERT INTO schema_migrations (version, name, sha256, applied_at) VALUES ($version, $name, $sha256, $now)",
            ("version", script.Version), ("name", script.Name), ("sha256", script.Hash), ("now", session.Now)).ConfigureAwait(false);
    }

    private static async Task RunAsync(SqliteTransaction transaction, Script script)
    {
        using var command = transaction.Connection!.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // The text is a resource of this assembly.
        command.CommandText = script.Sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync().ConfigureAwait(false);
    }

    private static IEnumerable<Script> Scripts()
    {
        var assembly = typeof(SqliteSchema).Assembly;
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
