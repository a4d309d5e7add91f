using System.Data.Common;

namespace Curaway.Payments;

/// <summary>
/// Everything on disk. Every method is one database transaction, and none spans a remote call. Functions passed in are
/// pure and quick: they run while the charge is locked, and may run again when the database asks for a retry. Thread-safe.
/// </summary>
public interface IChargeStore
{
    /// <summary>Creates or upgrades the tables. Any number of hosts may call it at once.</summary>
    Task MigrateAsync(CancellationToken ct);

    /// <summary>The names of the scripts of this build that the database has not, in order; empty when it is up to date. Changes nothing.</summary>
    Task<IReadOnlyList<string>> ListPendingScriptsAsync(CancellationToken ct);

    /// <summary>Reads a charge and its operations without a lock; the state's charge is null when there is none.</summary>
    Task<ChargeState> FindAsync(ChargeSelector selector, CancellationToken ct);

    /// <summary>Reads everything about a charge without a lock; null when there is none.</summary>
    Task<ChargeHistory?> ReadHistoryAsync(ChargeId id, CancellationToken ct);

    /// <summary>Lists charges without a lock.</summary>
    Task<IReadOnlyList<ChargeKey>> ListAsync(ChargeQuery query, CancellationToken ct);

    /// <summary>How much is due and how old it is, without a lock.</summary>
    Task<ReconcilerBacklog> ReadBacklogAsync(CancellationToken ct);

    /// <summary>
    /// Accounts that authorized a charge longer ago than <paramref name="silence"/> and of which no webhook was stored since, nor
    /// in the five minutes before it. Looks at the charges made in the 24 h before that, at most at the last thousand.
    /// </summary>
    Task<IReadOnlyList<SilentAccount>> ListSilentAccountsAsync(TimeSpan silence, CancellationToken ct);

    /// <summary>
    /// Locks the charge, asks <paramref name="decide"/> what to write, writes it, and commits: the only write of a charge.
    /// When the decision books and a <paramref name="booking"/> is given, the caller's session row is written under a
    /// savepoint in the same transaction.
    /// </summary>
    Task<ChargeCommitted> CommitAsync(
        ChargeSelector selector, Func<ChargeState, ChargeCommit> decide, Booking? booking, CancellationToken ct);

    /// <summary>True when <see cref="BookInAsync"/> works: the database lets one transaction see what another has committed meanwhile.</summary>
    bool CanBookInCallersTransaction { get; }

    /// <summary>
    /// Locks the charge and books it in the caller's own open transaction, under a savepoint: the caller's row and
    /// <c>booked_at</c> become true together, when the caller commits. Nothing is booked on a charge that is closing or
    /// booked. What <see cref="Booking.OnBooked"/> throws is in the result; then nothing of it is left in the transaction,
    /// and no lock.
    /// </summary>
    /// <exception cref="NotSupportedException"><see cref="CanBookInCallersTransaction"/> is false.</exception>
    Task<ChargeCommitted> BookInAsync(DbTransaction transaction, ChargeId id, Booking booking, CancellationToken ct);

    /// <summary>Takes charges that are due and not taken, earliest first, and keeps others away from them for the lease.</summary>
    Task<IReadOnlyList<ChargeId>> ClaimDueAsync(int countMax, TimeSpan lease, CancellationToken ct);

    /// <summary>Stores deliveries, and applies in the same commit what can be applied at once. Fates are in the same order.</summary>
    Task<IReadOnlyList<WebhookFate>> ReceiveAsync(IReadOnlyList<WebhookDelivery> deliveries, CancellationToken ct);

    /// <summary>Takes stored events whose effect is due, oldest first, and keeps others away from them for the lease.</summary>
    Task<IReadOnlyList<WebhookEvent>> ClaimEventsAsync(int countMax, TimeSpan lease, CancellationToken ct);

    /// <summary>
    /// Applies a claimed event's snapshot and marks it processed in one commit; parked until <paramref name="retryAfter"/>
    /// when its charge is not there.
    /// </summary>
    Task<WebhookState> ApplyEventAsync(Guid eventRowId, ProviderSnapshot snapshot, TimeSpan retryAfter, CancellationToken ct);

    /// <summary>Gives an event up: a dead letter with an alert, or ignored.</summary>
    Task SettleEventAsync(Guid eventRowId, WebhookState state, string reason, PaymentAlert? alert, CancellationToken ct);

    /// <summary>
    /// Makes events due now that wait for their charge or were given up, oldest first: they start over. Those that are done, and
    /// those whose content is kept no longer, stay. The number made due.
    /// </summary>
    Task<int> ReplayEventsAsync(WebhookFilter filter, CancellationToken ct);

    /// <summary>
    /// Drops what is kept no longer, a batch at a time: raw bodies (they may name a person) and whole events that are done,
    /// and delivered alerts. Marks transitions nobody has claimed as seen. True when there may be more.
    /// </summary>
    /// <param name="bodyLifetime">How long a body that was never processed is kept, and a transition waits for a host with observers.</param>
    /// <param name="eventLifetime">How long a done event is remembered, so that its duplicate is known; also of delivered alerts.</param>
    /// <param name="countMax">The most rows of each kind.</param>
    /// <param name="ct">Cancels.</param>
    Task<bool> PurgeAsync(TimeSpan bodyLifetime, TimeSpan eventLifetime, int countMax, CancellationToken ct);

    /// <summary>Takes transitions that observers have not seen, oldest first, and keeps others away from them for the lease.</summary>
    Task<IReadOnlyList<ChargeTransition>> ClaimTransitionsAsync(int countMax, TimeSpan lease, CancellationToken ct);

    /// <summary>Marks transitions as seen by every observer, in one commit. One that is marked already stays as it is.</summary>
    Task CompleteTransitionsAsync(IReadOnlyList<long> transitionIds, CancellationToken ct);

    /// <summary>Queues an alert.</summary>
    Task EnqueueAlertAsync(PaymentAlert alert, CancellationToken ct);

    /// <summary>Takes alerts that no sink has, oldest first, and keeps others away from them for the lease.</summary>
    Task<IReadOnlyList<QueuedAlert>> ClaimAlertsAsync(int countMax, TimeSpan lease, CancellationToken ct);

    /// <summary>
    /// Asks, across all hosts and by the database's clock, whether an alert of this category may be sent now. Null while one was
    /// sent less than the cooldown ago; this one is then counted. Else the cooldown begins anew, and the number says how many
    /// were counted since the last one.
    /// </summary>
    Task<int?> TryPassCooldownAsync(string category, TimeSpan cooldown, CancellationToken ct);

    /// <summary>
    /// Queues the good news that an outage has ended, once over all hosts: when an alert of its category was sent and its end was
    /// not told yet. False otherwise; then nothing is written.
    /// </summary>
    Task<bool> EndOutageAsync(PaymentAlert end, CancellationToken ct);

    /// <summary>Marks an alert as delivered.</summary>
    Task CompleteAlertAsync(long alertId, CancellationToken ct);
}

/// <summary>Told of every change of status at least once, from an outbox written with the change. May see one twice.</summary>
public interface IChargeObserver
{
    /// <summary>Called outside any transaction. What it throws makes the transition come again later.</summary>
    Task OnTransitionAsync(ChargeTransition transition, CancellationToken ct);
}
