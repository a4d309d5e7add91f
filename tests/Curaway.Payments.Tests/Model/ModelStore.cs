using System.Collections.Immutable;
using System.Data.Common;

namespace Curaway.Payments.Tests.Model;

/// <summary>One row under its lock, as the stores keep it: what is decided is written whole, a session row under a savepoint.</summary>
internal sealed class ModelStore : IChargeStore
{
    private ChargeState _state = new(null, [], Clock.Now);
    private string? _broken;

    public bool CanBookInCallersTransaction => false;

    /// <summary>Runs one commit of the product over a row. Nothing in it waits.</summary>
    public (ChargeState After, string? Broken) Run(ChargeState before, Func<Task> commit)
    {
        (_state, _broken) = (before, null);
        var done = commit();
        if (!done.IsCompletedSuccessfully)
            throw new InvalidOperationException("A commit of the model failed or waited.", done.Exception);
        return (_state, _broken);
    }

    public static ChargeState Apply(ChargeState before, ChargeCommit commit)
    {
        if ((commit.Charge ?? before.Charge) is not { } charge)
            return before;
        var operations = before.Operations
            .Select(operation => commit.Operations.FirstOrDefault(changed => changed.Id == operation.Id) ?? operation)
            .Concat(commit.Operations.Where(changed => before.Operations.All(operation => operation.Id != changed.Id)));
        return new ChargeState(charge with { RecordedStatus = charge.Status }, [.. operations], before.Now);
    }

    public async Task<ChargeCommitted> CommitAsync(
        ChargeSelector selector, Func<ChargeState, ChargeCommit> decide, Booking? booking, CancellationToken ct)
    {
        var commit = decide(_state);
        var facts = Write(_state, commit);
        if (!commit.Books || booking is null)
            return new ChargeCommitted(facts);
        try
        {
            await booking.OnBooked(null!, ct);
            return new ChargeCommitted(Write(facts, booking.Booked(facts)));
        }
        catch (InvalidOperationException failure)
        {
            return new ChargeCommitted(Write(facts, booking.Failed(facts)), failure);
        }
    }

    public Task<ChargeState> FindAsync(ChargeSelector selector, CancellationToken ct) => Task.FromResult(_state);

    public Task MigrateAsync(CancellationToken ct) => throw new NotSupportedException();

    public Task<ChargeCommitted> BookInAsync(DbTransaction transaction, ChargeId id, Booking booking, CancellationToken ct) => throw new NotSupportedException();

    public Task<IReadOnlyList<ChargeId>> ClaimDueAsync(int countMax, TimeSpan lease, CancellationToken ct) => throw new NotSupportedException();

    public Task<IReadOnlyList<WebhookFate>> ReceiveAsync(IReadOnlyList<WebhookDelivery> deliveries, CancellationToken ct) => throw new NotSupportedException();

    public Task<IReadOnlyList<WebhookEvent>> ClaimEventsAsync(int countMax, TimeSpan lease, CancellationToken ct) => throw new NotSupportedException();

    public Task<WebhookState> ApplyEventAsync(Guid eventRowId, ProviderSnapshot snapshot, TimeSpan retryAfter, CancellationToken ct) => throw new NotSupportedException();

    public Task SettleEventAsync(Guid eventRowId, WebhookState state, string reason, PaymentAlert? alert, CancellationToken ct) => throw new NotSupportedException();

    public Task<bool> PurgeAsync(TimeSpan bodyLifetime, TimeSpan eventLifetime, int countMax, CancellationToken ct) => throw new NotSupportedException();

    public Task<IReadOnlyList<ChargeTransition>> ClaimTransitionsAsync(int countMax, TimeSpan lease, CancellationToken ct) => throw new NotSupportedException();

    public Task CompleteTransitionAsync(long transitionId, CancellationToken ct) => throw new NotSupportedException();

    public Task EnqueueAlertAsync(PaymentAlert alert, CancellationToken ct) => throw new NotSupportedException();

    public Task<IReadOnlyList<QueuedAlert>> ClaimAlertsAsync(int countMax, TimeSpan lease, CancellationToken ct) => throw new NotSupportedException();

    public Task<int?> TryPassCooldownAsync(string category, TimeSpan cooldown, CancellationToken ct) => throw new NotSupportedException();

    public Task CompleteAlertAsync(long alertId, CancellationToken ct) => throw new NotSupportedException();

    private ChargeState Write(ChargeState before, ChargeCommit commit)
    {
        _state = Apply(before, commit);
        _broken ??= Rules.BrokenBy(before, commit, _state);
        return _state;
    }
}
