using System.Diagnostics.CodeAnalysis;
using Microsoft.Data.Sqlite;

namespace Curaway.Payments.Sqlite;

/// <summary>
/// One transaction on a connection of its own, which its opener closes, and one time for all of it. Not thread-safe. Statements take no token: once
/// a transaction writes, it ends in a commit or a rollback, never in the middle because somebody lost patience.
/// </summary>
internal sealed class SqliteSession(SqliteConnection connection, SqliteTransaction transaction) : IAsyncDisposable
{
    /// <summary>What a caller's own statements run in.</summary>
    public SqliteTransaction Transaction => transaction;

    /// <summary><c>payments_now()</c>, asked once, so that everything a commit writes bears one time.</summary>
    public DateTimeOffset Now { get; private set; }

    public static async Task<SqliteSession> BeginAsync(SqliteConnection connection, bool writes)
    {
        // IMMEDIATE: a transaction that reads first and writes later cannot wait for the writer in between, it fails.
        var session = new SqliteSession(connection, connection.BeginTransaction(deferred: !writes));
        session.Now = (await session.QueryAsync("SELECT payments_now() AS now", row => row.Time("now")).ConfigureAwait(false))[0];
        return session;
    }

    /// <summary>Runs a statement. The number of rows it changed.</summary>
    public async Task<int> ExecuteAsync([ConstantExpected] string sql, params (string Name, object? Value)[] parameters)
    {
        using var command = Command(sql, parameters);
        return await command.ExecuteNonQueryAsync().ConfigureAwait(false);
    }

    /// <summary>Runs a statement and reads all of its rows.</summary>
    public async Task<List<T>> QueryAsync<T>(
        [ConstantExpected] string sql, Func<SqliteRow, T> read, params (string Name, object? Value)[] parameters)
    {
        using var command = Command(sql, parameters);
        using var reader = await command.ExecuteReaderAsync().ConfigureAwait(false);
        var rows = new List<T>();
        while (await reader.ReadAsync().ConfigureAwait(false))
            rows.Add(read(new SqliteRow(reader)));
        return rows;
    }

    public Task CommitAsync() => transaction.CommitAsync(CancellationToken.None);

    /// <summary>Rolls back what was not committed.</summary>
    public ValueTask DisposeAsync() => transaction.DisposeAsync();

    private SqliteCommand Command([ConstantExpected] string sql, (string Name, object? Value)[] parameters)
    {
        var command = connection.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // Every caller passes a constant: CA1857 holds them to it.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in parameters)
            command.Parameters.AddWithValue("$" + name, Stored(value));
        return command;
    }

    private static object Stored(object? value) => value switch
    {
        null => DBNull.Value,
        DateTimeOffset time => SqliteTime.Write(time),
        Guid id => id.ToString("D"),
        ChargeId or OperationId or OpaqueId => value.ToString()!,
        bool flag => flag ? 1L : 0L,
        _ => value,
    };
}
