using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Curaway.Payments.SampleHost.Data;

/// <summary>
/// The host's own tables, in the database that also holds the charges. The only class that knows which database it is.
/// SQLite lives in this process, so the database's clock is the process's. Thread-safe.
/// </summary>
internal sealed class HostDatabase(string path, TimeProvider time)
{
    private readonly string _connectionString = new SqliteConnectionStringBuilder
    {
        DataSource = path,
        ForeignKeys = true,
        DefaultTimeout = 30,
    }.ToString();

    /// <summary>The database's time, UTC, in whole milliseconds: what is stored reads back equal.</summary>
    public DateTimeOffset Now => DbText.ToMilliseconds(time.GetUtcNow());

    /// <summary>An open connection; the caller disposes it.</summary>
    public async Task<DbConnection> OpenAsync(CancellationToken ct)
    {
        var connection = new SqliteConnection(_connectionString);
        await connection.OpenAsync(ct);
        return connection;
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
