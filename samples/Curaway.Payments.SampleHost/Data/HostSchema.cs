using System.Reflection;
using System.Text;

namespace Curaway.Payments.SampleHost.Data;

/// <summary>One step of the host's tables.</summary>
/// <param name="Name">As it is noted in <c>host_schema_migrations</c>.</param>
/// <param name="Sql">Its statements.</param>
internal sealed record HostScript(string Name, string Sql);

/// <summary>The embedded scripts of the host's own tables, the same tables for either database.</summary>
internal static class HostSchema
{
    public const string CreateMigrationsTable =
        "CREATE TABLE host_schema_migrations (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)";

    private const string Root = "Schema/";

    /// <summary>In the order they are applied.</summary>
    public static IEnumerable<HostScript> ScriptsOf(string folder)
    {
        var assembly = Assembly.GetExecutingAssembly();
        var prefix = $"{Root}{folder}/";
        foreach (var resource in assembly.GetManifestResourceNames().Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            yield return new HostScript(resource[prefix.Length..], reader.ReadToEnd());
        }
    }

    /// <summary>
    /// Everything an empty PostgreSQL database needs, the payments tables and the host's, for an administrator to run with
    /// <c>psql</c> where the host's role may not create tables.
    /// </summary>
    public static string ExportSql()
    {
        var sql = new StringBuilder(PostgresSchema.ExportSql()).Append("\n-- The host's own tables.\nBEGIN;\n").Append(CreateMigrationsTable).Append(";\n");
        foreach (var script in ScriptsOf("postgres"))
            sql.Append('\n').Append(script.Sql.TrimEnd()).Append("\n\nINSERT INTO host_schema_migrations (name) VALUES ('").Append(script.Name).Append("');\n");
        return sql.Append("\nCOMMIT;\n").ToString();
    }
}
