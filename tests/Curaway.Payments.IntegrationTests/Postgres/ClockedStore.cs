using System.Data.Common;
using Curaway.Payments.Postgres;
using Npgsql;

namespace Curaway.Payments.IntegrationTests.Postgres;

/// <summary>
/// A store over a database in which <c>payments_now()</c> says what a test's clock says. Shared by every host over it.
/// </summary>
internal sealed class DatabaseClock(Lazy<Task<PostgresTestDatabase>> database, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _setting = new(1, 1);
    private DateTimeOffset? _told;

    public Task<PostgresTestDatabase> Database => database.Value;

    public bool HasDatabase => database is { IsValueCreated: true, Value.IsCompletedSuccessfully: true };

    /// <summary>Puts the test's clock in the place of the server's.</summary>
    public Task InstallAsync() => TellAsync(
        """
        CREATE TABLE IF NOT EXISTS test_clock (now timestamptz NOT NULL);
        CREATE OR REPLACE FUNCTION payments_now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT now FROM test_clock';
        TRUNCATE test_clock;
        INSERT INTO test_clock VALUES ($1);
        """);

    public Task TellAsync() => TellAsync("UPDATE test_clock SET now = $1");

    public void Dispose() => _setting.Dispose();

    private async Task TellAsync(string sql)
    {
        await _setting.WaitAsync();
        try
        {
            var now = time.GetUtcNow();
            if (_told == now)
                return;
            await using var connection = await (await Database).Source.OpenConnectionAsync();
            await using var batch = new NpgsqlBatch(connection);
            foreach (var statement in sql.Split(";\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                batch.BatchCommands.Add(new NpgsqlBatchCommand(statement.TrimEnd(';')));
                if (statement.Contains("$1", StringComparison.Ordinal))
                    batch.BatchCommands[^1].Parameters.Add(new NpgsqlParameter { Value = now });
            }

            await batch.ExecuteNonQueryAsync();
            _told = now;
        }
        finally
        {
            _setting.Release();
        }
    }
}

/// <summary>One host's store over a database with a test's clock: the clock is told before each call.</summary>
internal sealed class ClockedStore(DatabaseClock clock) : IChargeStore
{
    public async Task MigrateAsync(CancellationToken ct)
    {
        await (await InnerAsync()).MigrateAsync(ct);
        await clock.InstallAsync();
    }

    public Task<IReadOnlyList<string>> ListPendingScriptsAsync(CancellationToken ct) => CallAsync(store => store.ListPendingScriptsAsync(ct));

    public Task<IReadOnlyList<ChargeKey>> ListAsync(ChargeQuery query, CancellationToken ct) => CallAsync(store => store.ListAsync(query, ct));

    public Task<ReconcilerBacklog> ReadBacklogAsync(CancellationToken ct) => CallAsync(store => store.ReadBacklogAsync(ct));

    public Task<IReadOnlyList<SilentAccount>> ListSilentAccountsAsync(TimeSpan silence, CancellationToken ct) =>
        CallAsync(store => store.ListSilentAccountsAsync(silence, ct));

    public Task<ChargeHistory?> ReadHistoryAsync(ChargeId id, CancellationToken ct) => CallAsync(store => store.ReadHistoryAsync(id, ct));

    public Task<ChargeState> FindAsync(ChargeSelector selector, CancellationToken ct) => CallAsync(store => store.FindAsync(selector, ct));

    public Task<ChargeCommitted> CommitAsync(
        ChargeSelector selector, Func<ChargeState, ChargeCommit> decide, Booking? booking, CancellationToken ct) =>
        CallAsync(store => store.CommitAsync(selector, decide, booking, ct));

    public bool CanBookInCallersTransaction => true;

    public Task<ChargeCommitted> BookInAsync(DbTransaction transaction, ChargeId id, Booking booking, CancellationToken ct) =>
        CallAsync(store => store.BookInAsync(transaction, id, booking, ct));

    public Task<bool> PurgeAsync(TimeSpan bodyLifetime, TimeSpan eventLifetime, int countMax, CancellationToken ct) =>
        CallAsync(store => store.PurgeAsync(bodyLifetime, eventLifetime, countMax, ct));

    public Task<IReadOnlyList<ChargeId>> ClaimDueAsync(int countMax, TimeSpan lease, CancellationToken ct) =>
        CallAsync(store => store.ClaimDueAsync(countMax, lease, ct));

    public Task<IReadOnlyList<WebhookFate>> ReceiveAsync(IReadOnlyList<WebhookDelivery> deliveries, CancellationToken ct) =>
        CallAsync(store => store.ReceiveAsync(deliveries, ct));

    public Task<IReadOnlyList<WebhookEvent>> ClaimEventsAsync(int countMax, TimeSpan lease, CancellationToken ct) =>
        CallAsync(store => store.ClaimEventsAsync(countMax, lease, ct));

    public Task<WebhookState> ApplyEventAsync(Guid eventRowId, ProviderSnapshot snapshot, TimeSpan retryAfter, CancellationToken ct) =>
        CallAsync(store => store.ApplyEventAsync(eventRowId, snapshot, retryAfter, ct));

    public Task SettleEventAsync(Guid eventRowId, WebhookState state, string reason, PaymentAlert? alert, CancellationToken ct) =>
        CallAsync(store => Done(store.SettleEventAsync(eventRowId, state, reason, alert, ct)));

    public Task<IReadOnlyList<ChargeTransition>> ClaimTransitionsAsync(int countMax, TimeSpan lease, CancellationToken ct) =>
        CallAsync(store => store.ClaimTransitionsAsync(countMax, lease, ct));

    public Task<int> ReplayEventsAsync(WebhookFilter filter, CancellationToken ct) => CallAsync(store => store.ReplayEventsAsync(filter, ct));

    public Task CompleteTransitionsAsync(IReadOnlyList<long> transitionIds, CancellationToken ct) =>
        CallAsync(store => Done(store.CompleteTransitionsAsync(transitionIds, ct)));

    public Task EnqueueAlertAsync(PaymentAlert alert, CancellationToken ct) => CallAsync(store => Done(store.EnqueueAlertAsync(alert, ct)));

    public Task<int?> TryPassCooldownAsync(string category, TimeSpan cooldown, CancellationToken ct) =>
        CallAsync(store => store.TryPassCooldownAsync(category, cooldown, ct));

    public Task<IReadOnlyList<QueuedAlert>> ClaimAlertsAsync(int countMax, TimeSpan lease, CancellationToken ct) =>
        CallAsync(store => store.ClaimAlertsAsync(countMax, lease, ct));

    public Task<bool> EndOutageAsync(PaymentAlert end, CancellationToken ct) => CallAsync(store => store.EndOutageAsync(end, ct));

    public Task CompleteAlertAsync(long alertId, CancellationToken ct) => CallAsync(store => Done(store.CompleteAlertAsync(alertId, ct)));

    private async Task<PostgresChargeStore> InnerAsync() => new(new PostgresDatabase((await clock.Database).Source));

    private async Task<T> CallAsync<T>(Func<PostgresChargeStore, Task<T>> call)
    {
        var store = await InnerAsync();
        await clock.TellAsync();
        return await call(store);
    }

    private static async Task<bool> Done(Task work)
    {
        await work;
        return true;
    }
}
