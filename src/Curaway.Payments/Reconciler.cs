using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Curaway.Payments;

/// <summary>
/// Finds out what nobody told us, and lets go of money that has no session. Leaderless: every host claims what is due, by
/// the database's clock, so any number of them may run.
/// </summary>
internal sealed partial class Reconciler(
    IChargeStore store, ChargeService charges, ProviderCaller caller, ChargeRecorder recorder, OperationStart start,
    PaymentsHeartbeat heartbeat, IOptions<PaymentsOptions> options, TimeProvider time, ILogger<Reconciler> logger)
{
    /// <summary>At once, so that one provider that hangs does not keep the other's money waiting.</summary>
    private const int VisitCountMax = 8;

    /// <summary>The most calls of one visit, with its waits: a read, a wait for another sender, a send and the read after it.</summary>
    private const int VisitCallCountMax = 4;

    private const string Actor = "reconciler";

    /// <summary>
    /// As long as a batch of visits can take and not much longer: what a host that died had claimed is nobody's until then.
    /// </summary>
    private TimeSpan ClaimLease
    {
        get
        {
            var roundCount = (options.Value.ClaimCountMax + VisitCountMax - 1) / VisitCountMax;
            return roundCount * ((VisitCallCountMax * options.Value.ProviderDeadline) + TimeSpan.FromSeconds(5));
        }
    }

    /// <summary>Visits what is due. True when there may be more.</summary>
    public async Task<bool> SweepAsync(CancellationToken ct)
    {
        var due = await store.ClaimDueAsync(options.Value.ClaimCountMax, ClaimLease, ct).ConfigureAwait(false);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = VisitCountMax, CancellationToken = ct };
        await Parallel.ForEachAsync(due, parallel, async (id, token) => await TryVisitAsync(id, token).ConfigureAwait(false)).ConfigureAwait(false);
        return due.Count == options.Value.ClaimCountMax;
    }

    private async Task TryVisitAsync(ChargeId id, CancellationToken ct)
    {
        try
        {
            await VisitAsync(id, ct).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // One charge that cannot be visited must not keep the others waiting; its lease brings it back.
        catch (Exception exception) when (!ct.IsCancellationRequested)
#pragma warning restore CA1031
        {
            Log.VisitFailed(logger, id, exception.GetType().Name);
        }

        heartbeat.Beat(time.GetUtcNow());
    }

    /// <summary>Does for one charge whatever is due.</summary>
    public async Task VisitAsync(ChargeId id, CancellationToken ct)
    {
        var state = await store.FindAsync(new ChargeSelector.ById(id), ct).ConfigureAwait(false);
        if (state.Charge is not { } charge)
            return;

        var operation = state.Operations.FirstOrDefault(o => o.IsOpen && o.NextAttemptAt <= state.Now);
        if (operation is not null)
            await ResolveAsync(operation, ct).ConfigureAwait(false);
        else if (charge.RefreshDueAt <= state.Now || IsToBeLookedAt(charge, state.Now) || charge is { Status: ChargeStatus.Voided, ReleaseDueAt: not null })
            await RefreshAsync(charge, ct).ConfigureAwait(false);
        else if (state.Operations.Any(o => o.IsOpen))
            return;
        else if (ChargeSchedule.ExtraReleaseAt(charge, state.Operations) <= state.Now)
            await charges.ReleaseExtraAsync(id, Actor, ct).ConfigureAwait(false);
        else if (charge is { IsLive: true, ClosingAt: not null })
            await ReleaseAsync(charge, ct).ConfigureAwait(false);
        else if (charge is { IsLive: true, BookedAt: null } && charge.BookBy <= state.Now)
            await CloseAsync(charge, "hold_expired", ct).ConfigureAwait(false);
        else if (charge is { Status: ChargeStatus.Pending } && charge.CheckoutExpiresAt <= state.Now)
            await ExpireCheckoutAsync(charge, ct).ConfigureAwait(false);
    }

    /// <summary>Finds out what became of the open operation.</summary>
    private async Task ResolveAsync(ChargeOperation operation, CancellationToken ct)
    {
        Start? taken = null;
        var begun = await store.CommitAsync(
            new ChargeSelector.ById(operation.ChargeId),
            state => (taken = Take(state, operation.Id)).Commit,
            booking: null,
            ct).ConfigureAwait(false);
        if (taken!.Step != StartStep.Send)
            return;

        var answer = await caller.SendAsync(new ProviderRequest(begun.Charge, taken.Operation), begun.State.Now).ConfigureAwait(false);
        var cause = new ChargeCause("resolve_" + WireName.Of(operation.Kind), "reconciler", Actor);
        await recorder.RecordAsync(taken.Operation!, answer, cause, booking: null).ConfigureAwait(false);
        Log.Resolved(logger, operation.Id, operation.Kind, answer.Result.Outcome, answer.IsRead);
    }

    private Start Take(ChargeState state, OperationId id)
    {
        var operation = state.Operations.Single(candidate => candidate.Id == id);
        return operation.IsOpen
            ? start.Resume(state, state.Charge!, operation, Actor)
            : Start.Done(operation.Outcome ?? OperationOutcome.Indeterminate);
    }

    /// <summary>A hold that is about to end, a release that is due, or a refund the bank has not confirmed for long. A refresh sets the next look.</summary>
    private static bool IsToBeLookedAt(Charge charge, DateTimeOffset now) => charge.RefreshDueAt is null
        && (ChargeSchedule.ExpiryWarningAt(charge) <= now || charge.ReleaseDueAt <= now || ChargeSchedule.PendingRefundDueAt(charge) <= now || ChargeSchedule.NextLookAt(charge) <= now);

    private async Task RefreshAsync(Charge charge, CancellationToken ct)
    {
        var answer = await caller.FindAsync(new ProviderRequest(charge, null)).ConfigureAwait(false);
        var cause = new ChargeCause("refresh", "reconciler", Actor);
        var fresh = await recorder.RefreshAsync(charge.Id, answer.Result.Snapshot, cause).ConfigureAwait(false);
        if (options.Value.CaptureExpiring && ChargeSchedule.ExpiryWarningAt(fresh.Charge) <= fresh.State.Now)
            await charges.CaptureAsync(charge.Id, Actor, ct).ConfigureAwait(false);
    }

    private async Task ExpireCheckoutAsync(Charge charge, CancellationToken ct)
    {
        // The patient may have paid in the last second: the provider's truth first.
        var answer = await caller.FindAsync(new ProviderRequest(charge, null)).ConfigureAwait(false);
        var cause = new ChargeCause("checkout_expired", "reconciler", Actor);
        var recorded = await recorder.RefreshAsync(charge.Id, answer.Result.Snapshot, cause).ConfigureAwait(false);
        if (answer.Result.Snapshot is not null && recorded.Charge.Status == ChargeStatus.Pending)
            await CloseAsync(recorded.Charge, "checkout_expired", ct).ConfigureAwait(false);
    }

    /// <summary>Claims the charge for release, unless it was booked in this moment, and releases it.</summary>
    private async Task CloseAsync(Charge charge, string reason, CancellationToken ct)
    {
        var closed = await store.CommitAsync(
            new ChargeSelector.ById(charge.Id),
            state => IsStillDue(state)
                ? ChargeCommit.Of(state, ChargeLifecycle.Close(state.Charge!, reason, state.Now), new ChargeCause("close", "reconciler", Actor, reason))
                : ChargeCommit.Nothing,
            booking: null,
            ct).ConfigureAwait(false);
        if (closed.Charge.ClosingAt is not null)
            await ReleaseAsync(closed.Charge, ct).ConfigureAwait(false);
    }

    private static bool IsStillDue(ChargeState state) => state.Charge is { IsLive: true } charge
        && (charge.BookedAt is null ? charge.BookBy <= state.Now : charge.Status == ChargeStatus.Pending && charge.CheckoutExpiresAt <= state.Now);

    private async Task ReleaseAsync(Charge charge, CancellationToken ct)
    {
        var result = await charges.ReleaseAsync(new ReleaseCharge(charge.Id, charge.ClosingReason!, Actor), "reconciler", ct).ConfigureAwait(false);
        Log.Released(logger, charge.Id, charge.ClosingReason!, result.Outcome);
    }

    private static partial class Log
    {
        [LoggerMessage(1101, LogLevel.Information, "Operation {OperationId} ({Kind}) is {Outcome}; read back: {IsRead}")]
        public static partial void Resolved(ILogger logger, OperationId operationId, OperationKind kind, OperationOutcome outcome, bool isRead);

        [LoggerMessage(1102, LogLevel.Information, "Charge {ChargeId} released ({Reason}): {Outcome}")]
        public static partial void Released(ILogger logger, ChargeId chargeId, string reason, OperationOutcome outcome);

        [LoggerMessage(1103, LogLevel.Error, "Charge {ChargeId} could not be visited: {ExceptionType}")]
        public static partial void VisitFailed(ILogger logger, ChargeId chargeId, string exceptionType);
    }
}
