using System.Data;
using Npgsql;

namespace Curaway.Payments.Postgres;

/// <summary>
/// The server: one connection of the pool for each transaction. Thread-safe.
/// <para>
/// A unit of work that a deadlock, a lost race or a lost connection ended is run again from its start. That is right only
/// because every such unit first locks and reads, or first looks whether its event is there: the reply to a COMMIT can be
/// lost although the row stands, and then the second run finds it.
/// </para>
/// </summary>
internal sealed class PostgresDatabase(NpgsqlDataSource source)
{
    private static readonly int[] PauseMilliseconds = [10, 40, 100, 250, 500];

    /// <summary>Reads one consistent picture, without a lock.</summary>
    public Task<T> ReadAsync<T>(Func<PostgresSession, Task<T>> work, CancellationToken ct) =>
        RepeatAsync(work, IsolationLevel.RepeatableRead, ct);

    /// <summary>Writes and commits a unit of work that begins with a lock or a dedup check; may run it again.</summary>
    public Task<T> WriteAsync<T>(Func<PostgresSession, Task<T>> work, CancellationToken ct) =>
        RepeatAsync(work, IsolationLevel.ReadCommitted, ct);

    /// <summary>Writes and commits what would be doubled if it ran twice; never runs it again.</summary>
    public Task<T> WriteOnceAsync<T>(Func<PostgresSession, Task<T>> work, CancellationToken ct) =>
        RunAsync(work, IsolationLevel.ReadCommitted, isLastAttempt: true, ct);

    /// <summary>A connection of the pool. The caller closes it.</summary>
    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken ct) => source.OpenConnectionAsync(ct);

    private async Task<T> RepeatAsync<T>(Func<PostgresSession, Task<T>> work, IsolationLevel isolation, CancellationToken ct)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await RunAsync(work, isolation, attempt == PauseMilliseconds.Length, ct).ConfigureAwait(false);
            }
            catch (Exception failure) when (attempt < PauseMilliseconds.Length && PostgresFailures.MayRunAgain(failure))
            {
                if (PostgresFailures.IsStalePlan(failure))
                    source.Clear();
                if (!PostgresFailures.IsLostRace(failure))
                    await Task.Delay(Random.Shared.Next(PauseMilliseconds[attempt] + 1), ct).ConfigureAwait(false);
            }
        }
    }

    private async Task<T> RunAsync<T>(
        Func<PostgresSession, Task<T>> work, IsolationLevel isolation, bool isLastAttempt, CancellationToken ct)
    {
        var connection = await source.OpenConnectionAsync(ct).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var transaction = await connection.BeginTransactionAsync(isolation, ct).ConfigureAwait(false);
            var session = new PostgresSession(connection, transaction, isLastAttempt, ct);
            await using (session.ConfigureAwait(false))
            {
                var result = await work(session).ConfigureAwait(false);
                await session.CommitAsync().ConfigureAwait(false);
                return result;
            }
        }
    }
}
