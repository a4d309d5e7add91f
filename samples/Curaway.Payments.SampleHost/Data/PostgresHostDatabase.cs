using System.Data.Common;
using Npgsql;

namespace Curaway.Payments.SampleHost.Data;

/// <summary>A server that any number of hosts share. The pool is the store's too.</summary>
internal sealed class PostgresHostDatabase(NpgsqlDataSource source) : HostDatabase
{
    public override string SchemaFolder => "postgres";

    public override async Task<DbConnection> OpenAsync(CancellationToken ct) => await source.OpenConnectionAsync(ct);

    /// <summary>Asks before anything is created: <c>CREATE TABLE IF NOT EXISTS</c> wants the right to create also where there is nothing to.</summary>
    public override async Task<bool> LockSchemaAsync(DbTransaction transaction, CancellationToken ct)
    {
        await transaction.ExecuteAsync("SELECT pg_advisory_xact_lock(hashtext('curaway.host_schema_migrations'))", ct);
        return (await transaction.QueryAsync("SELECT 1 WHERE to_regclass('host_schema_migrations') IS NOT NULL", _ => true, ct)).Count > 0;
    }
}
