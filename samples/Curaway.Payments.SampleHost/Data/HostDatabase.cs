using System.Data.Common;

namespace Curaway.Payments.SampleHost.Data;

/// <summary>
/// The host's own tables, in the database that also holds the charges: PostgreSQL, or in Development SQLite. The SQL is the
/// same for both; what is not is here. Both have <c>payments_now()</c>, the clock all hosts of a database share. No
/// transaction of the host is ever open while a provider is asked. Thread-safe.
/// </summary>
internal abstract class HostDatabase
{
    /// <summary>The folder of the scripts that make the tables.</summary>
    public abstract string SchemaFolder { get; }

    /// <summary>An open connection; the caller disposes it.</summary>
    public abstract Task<DbConnection> OpenAsync(CancellationToken ct);

    /// <summary>Keeps other hosts from migrating until the transaction ends. False when nothing was ever migrated here.</summary>
    public abstract Task<bool> LockSchemaAsync(DbTransaction transaction, CancellationToken ct);

    /// <summary>The database's time, UTC, in whole milliseconds: what is stored reads back equal.</summary>
    public async Task<DateTimeOffset> NowAsync(CancellationToken ct)
    {
        await using var connection = await OpenAsync(ct);
        return await connection.NowAsync(ct);
    }

    /// <summary>Runs the work in one transaction; what it throws rolls it back.</summary>
    public async Task<T> InTransactionAsync<T>(Func<DbTransaction, Task<T>> work, CancellationToken ct)
    {
        await using var connection = await OpenAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var result = await work(transaction);
        await transaction.CommitAsync(ct);
        return result;
    }
}
