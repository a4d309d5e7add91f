using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Curaway.Payments.Sqlite;

/// <summary>
/// The file: its connections and its one writer. A store is a singleton, so its semaphore queues the writers of the
/// process in order; other processes, and connections the host opens itself, are waited for by the busy timeout. Thread-safe.
/// </summary>
internal sealed class SqliteDatabase : IDisposable
{
    private readonly SemaphoreSlim _writer = new(1, 1);

    // The one writer would wait for itself for ever, if what runs inside its transaction asked for another.
    private readonly AsyncLocal<bool> _isWriting = new();
    private readonly string _connectionString;
    private readonly TimeSpan _busyTimeout;
    private readonly TimeProvider _time;

    public SqliteDatabase(SqliteStoreOptions options, TimeProvider time)
    {
        _busyTimeout = options.BusyTimeout;
        _time = time;
        _connectionString = new SqliteConnectionStringBuilder
        {
            DataSource = options.Path,
            ForeignKeys = true,
            DefaultTimeout = (int)Math.Ceiling(_busyTimeout.TotalSeconds),
            Pooling = true,
        }.ToString();
    }

    /// <summary>Reads one consistent picture of the file, without a lock, beside any writer.</summary>
    public async Task<T> ReadAsync<T>(Func<SqliteSession, Task<T>> work, CancellationToken ct)
    {
        using var connection = await OpenAsync(ct).ConfigureAwait(false);
        var session = await SqliteSession.BeginAsync(connection, writes: false).ConfigureAwait(false);
        await using (session.ConfigureAwait(false))
            return await work(session).ConfigureAwait(false);
    }

    /// <summary>Writes and commits; what <paramref name="work"/> throws rolls everything back. The token counts until the lock is held.</summary>
    public async Task<T> WriteAsync<T>(Func<SqliteSession, Task<T>> work, CancellationToken ct)
    {
        if (_isWriting.Value)
            throw new InvalidOperationException("A transaction of the store is open here: use its connection, and call the engine after it.");
        await _writer.WaitAsync(ct).ConfigureAwait(false);
        _isWriting.Value = true;
        try
        {
            using var connection = await OpenAsync(ct).ConfigureAwait(false);
            var session = await SqliteSession.BeginAsync(connection, writes: true).ConfigureAwait(false);
            await using (session.ConfigureAwait(false))
            {
                var result = await work(session).ConfigureAwait(false);
                await session.CommitAsync().ConfigureAwait(false);
                return result;
            }
        }
        finally
        {
            _isWriting.Value = false;
            _writer.Release();
        }
    }

    /// <summary>A connection of the pool, set up like every other. The caller closes it.</summary>
    public async Task<SqliteConnection> OpenAsync(CancellationToken ct)
    {
        var connection = new SqliteConnection(_connectionString);
        try
        {
            await connection.OpenAsync(ct).ConfigureAwait(false);
            raw.sqlite3_busy_timeout(connection.Handle, (int)_busyTimeout.TotalMilliseconds);
            connection.CreateFunction("payments_now", () => SqliteTime.Write(_time.GetUtcNow()));
            using var pragma = connection.CreateCommand();
            // FULL syncs the WAL at every commit. NORMAL would lose the last commits with the power, and a webhook that was
            // answered 2xx, or an operation that was sent, must still be there.
            pragma.CommandText = "PRAGMA synchronous = FULL";
            await pragma.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Closes the pooled connections, so that the file can be moved or deleted.</summary>
    public void Dispose()
    {
        using var connection = new SqliteConnection(_connectionString);
        SqliteConnection.ClearPool(connection);
        _writer.Dispose();
    }
}
