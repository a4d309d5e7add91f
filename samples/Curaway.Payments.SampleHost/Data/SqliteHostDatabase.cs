using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Curaway.Payments.SampleHost.Data;

/// <summary>A file for one host: Development only. It lives in this process, so its clock is the process's.</summary>
internal sealed class SqliteHostDatabase(string path, TimeProvider time) : HostDatabase
{
    private readonly string _connectionString = new SqliteConnectionStringBuilder
    {
        DataSource = path,
        ForeignKeys = true,
        DefaultTimeout = 30,
    }.ToString();

    public override string SchemaFolder => "sqlite";

    public override async Task<DbConnection> OpenAsync(CancellationToken ct)
    {
        var connection = new SqliteConnection(_connectionString);
        await connection.OpenAsync(ct);
        connection.CreateFunction("payments_now", () => DbText.Of(time.GetUtcNow()));
        return connection;
    }

    /// <summary>The transaction that asks has the file's only write lock already.</summary>
    public override async Task<bool> LockSchemaAsync(DbTransaction transaction, CancellationToken ct) => (await transaction.QueryAsync(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'host_schema_migrations'", _ => true, ct)).Count > 0;
}
