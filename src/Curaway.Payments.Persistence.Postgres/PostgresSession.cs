using System.Diagnostics.CodeAnalysis;
using Npgsql;

namespace Curaway.Payments.Postgres;

/// <summary>
/// One transaction on a connection of its own. Statements wait in a queue and travel together, so a unit of work is a few
/// round trips. Not thread-safe. The token counts until the first write: once a transaction writes, it ends in a commit or a
/// rollback, never in the middle because somebody lost patience.
/// </summary>
internal sealed class PostgresSession(
    NpgsqlConnection connection, NpgsqlTransaction transaction, bool isLastAttempt, CancellationToken patience) : IAsyncDisposable
{
    private readonly List<Func<NpgsqlDataReader, Task>> _readers = [];
    private readonly List<(NpgsqlBatchCommand Command, string What)> _singles = [];
    private NpgsqlBatch? _queue;
    private bool _writes;

    /// <summary>What a caller's own statements run in.</summary>
    public NpgsqlTransaction Transaction => transaction;

    /// <summary>True when a failure of this unit of work is final: it is not run again.</summary>
    public bool IsLastAttempt => isLastAttempt;

    /// <summary><c>payments_now()</c> after the last lock was taken, so that everything a decision writes bears one time.</summary>
    public DateTimeOffset Now { get; private set; }

    /// <summary>Stands in every audit row of the decision, so that one whose COMMIT was not answered can be found.</summary>
    public Guid? CommitId { get; set; }

    /// <summary>Queues a statement that writes.</summary>
    public void Execute([ConstantExpected] string sql, params (string Name, object? Value)[] parameters)
    {
        _writes = true;
        Add(sql, parameters);
    }

    /// <summary>
    /// Queues a statement that must write exactly one row. Checked before the commit: a row of money that silently was not
    /// there is a bug that must not stand.
    /// </summary>
    public void ExecuteOne(string what, [ConstantExpected] string sql, params (string Name, object? Value)[] parameters)
    {
        _writes = true;
        _singles.Add((Add(sql, parameters), what));
    }

    /// <summary>Queues a statement that reads. The list is filled by <see cref="FlushAsync"/>.</summary>
    public List<T> Select<T>([ConstantExpected] string sql, Func<PostgresRow, T> read, params (string Name, object? Value)[] parameters)
    {
        Add(sql, parameters);
        return Expect(read);
    }

    /// <summary>Queues a statement that writes and returns rows. The list is filled by <see cref="FlushAsync"/>.</summary>
    public List<T> Insert<T>([ConstantExpected] string sql, Func<PostgresRow, T> read, params (string Name, object? Value)[] parameters)
    {
        _writes = true;
        return Select(sql, read, parameters);
    }

    /// <summary>Queues a statement that reads by columns (<c>$1</c>, <c>$2</c>, …). The list is filled by <see cref="FlushAsync"/>.</summary>
    public List<T> SelectRows<T>([ConstantExpected] string sql, Func<PostgresRow, T> read, params ReadOnlySpan<NpgsqlParameter> columns)
    {
        Add(sql, columns);
        return Expect(read);
    }

    /// <summary>Queues a statement that writes by columns and returns rows. The list is filled by <see cref="FlushAsync"/>.</summary>
    public List<T> InsertRows<T>([ConstantExpected] string sql, Func<PostgresRow, T> read, params ReadOnlySpan<NpgsqlParameter> columns)
    {
        _writes = true;
        return SelectRows(sql, read, columns);
    }

    /// <summary>Queues a statement that writes by columns, and that asks <c>payments_expect</c> whether it wrote what it should.</summary>
    public void WriteRows([ConstantExpected] string sql, params ReadOnlySpan<NpgsqlParameter> columns)
    {
        _writes = true;
        Add(sql, columns);
        _readers.Add(static _ => Task.CompletedTask);
    }

    /// <summary>Queues a statement that writes by columns and returns nothing.</summary>
    public void ExecuteRows([ConstantExpected] string sql, params ReadOnlySpan<NpgsqlParameter> columns)
    {
        _writes = true;
        Add(sql, columns);
    }

    /// <summary>Queues a look at the clock, after what was queued before it.</summary>
    public void SelectNow() => Select("SELECT payments_now() AS now", row => Now = row.Time("now"));

    /// <summary>Runs a statement after what was queued. The number of rows it changed.</summary>
    public async Task<int> ExecuteAsync([ConstantExpected] string sql, params (string Name, object? Value)[] parameters)
    {
        _writes = true;
        var command = Add(sql, parameters);
        await FlushAsync().ConfigureAwait(false);
        return checked((int)command.RecordsAffected);
    }

    /// <summary>Runs a statement after what was queued, and reads all of its rows.</summary>
    public async Task<List<T>> QueryAsync<T>(
        [ConstantExpected] string sql, Func<PostgresRow, T> read, params (string Name, object? Value)[] parameters)
    {
        var rows = Select(sql, read, parameters);
        await FlushAsync().ConfigureAwait(false);
        return rows;
    }

    /// <summary>Sends what was queued, in one round trip, and reads the answers.</summary>
    public async Task FlushAsync()
    {
        if (_queue is not { } batch)
            return;
        _queue = null;
        await using (batch.ConfigureAwait(false))
        {
            var reader = await batch.ExecuteReaderAsync(_writes ? CancellationToken.None : patience).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                foreach (var read in _readers)
                {
                    await read(reader).ConfigureAwait(false);
                    await reader.NextResultAsync().ConfigureAwait(false);
                }
            }
        }

        _readers.Clear();
        foreach (var (command, what) in _singles)
        {
            if (command.RecordsAffected != 1)
                throw new InvalidOperationException($"A write of {what} touched {command.RecordsAffected} rows instead of one.");
        }

        _singles.Clear();
    }

    /// <summary>Forgets what was queued and not sent.</summary>
    public void Discard()
    {
        _queue = null;
        _readers.Clear();
        _singles.Clear();
    }

    /// <summary>
    /// Sends what was queued and commits: in the same round trip, unless rows still have to be counted here before the commit.
    /// An error of a statement keeps the server from running those behind it, so the COMMIT too.
    /// </summary>
    public async Task CommitAsync()
    {
        if (_queue is null || _singles.Count > 0)
        {
            await FlushAsync().ConfigureAwait(false);
            await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
            return;
        }

        _writes = true;
        Add("COMMIT");
        await FlushAsync().ConfigureAwait(false);
    }

    /// <summary>Rolls back what was not committed.</summary>
    public ValueTask DisposeAsync() => transaction.DisposeAsync();

    private List<T> Expect<T>(Func<PostgresRow, T> read)
    {
        var rows = new List<T>();
        _readers.Add(async reader =>
        {
            while (await reader.ReadAsync().ConfigureAwait(false))
                rows.Add(read(new PostgresRow(reader)));
        });
        return rows;
    }

    private void Add([ConstantExpected] string sql, ReadOnlySpan<NpgsqlParameter> columns)
    {
        var command = Add(sql);
        foreach (var column in columns)
            command.Parameters.Add(column);
    }

    private NpgsqlBatchCommand Add([ConstantExpected] string sql, (string Name, object? Value)[] parameters)
    {
        var command = Add(sql);
        foreach (var (name, value) in parameters)
            command.Parameters.AddWithValue(name, Stored(value));
        return command;
    }

    private NpgsqlBatchCommand Add([ConstantExpected] string sql)
    {
#pragma warning disable CA2100 // Every caller passes a constant: CA1857 holds them to it.
        var command = new NpgsqlBatchCommand(sql);
#pragma warning restore CA2100
        _queue ??= new NpgsqlBatch(connection, transaction);
        _queue.BatchCommands.Add(command);
        return command;
    }

    private static object Stored(object? value) => value switch
    {
        null => DBNull.Value,
        string text => PostgresText.Storable(text),
        DateTimeOffset time => time.ToUniversalTime(),
        ChargeId id => id.Value,
        OperationId id => id.Value,
        OpaqueId id => id.Value,
        _ => value,
    };
}
