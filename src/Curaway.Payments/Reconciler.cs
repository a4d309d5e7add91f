using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Curaway.Payments;

/// <summary>
/// Finds out what nobody told us, and lets go of money that has no session. Leaderless: every host claims what is due, by
/// the database's clock, so any number of them may run.
/// </summary>
internal sealed partial class Reconciler(
    IChargeStore store, ChargeService charges, ProviderCaller caller, ChargeRecorder recorder, OperationStart start,
    IOptions<PaymentsOptions> options, ILogger<Reconciler> logger)
{
    /// <summary>Longer than one visit can take, so nobody else visits meanwhile.</summary>
    private static readonly TimeSpan ClaimLease = TimeSpan.FromMinutes(2);

    private const string Actor = "reconciler";

    /// <summary>Visits what is due. True when there may be more.</summary>
    public async Task<bool> SweepAsync(CancellationToken ct)
    {
        var due = await store.ClaimDueAsync(options.Value.ClaimCountMax, ClaimLease, ct).ConfigureAwait(false);
        foreach (var id in due)
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
        }

        return due.Count == options.Value.ClaimCountMax;
    }

    /// <summary>Does for one charge whatever is due.</summary>
    public async Task VisitAsync(ChargeId id, CancellationToken ct)
    {
        var state = await store.FindAsync(new ChargeSelector.ById(id), ct).ConfigureAwait(false);
        if (state.Charge is not { } charge)
            return;

        var operation = state.Operations.FirstOrDefault(o => o.State == OperationState.Open && o.NextAttemptAt <= state.Now);
        if (operation is not null)
            await ResolveAsync(operation, ct).ConfigureAwait(false);
        else if (state.Operations.Any(o => o.IsOpen))
            return;
        else if (charge.RefreshDueAt <= state.Now || charge is { Status: ChargeStatus.Voided, ReleaseDueAt: not null })
            await RefreshAsync(charge).ConfigureAwait(false);
        else if (charge is { IsLive: true, ClosingAt: not null })
            await ReleaseAsync(charge, ct).ConfigureAwait(false);
        else if (charge is { IsLive: true, BookedAt: null } && charge.BookBy <= state.Now)
            await CloseAsync(charge, "hold_expired", ct).ConfigureAwait(false);
        else if (charge is { Status: ChargeStatus.Pending } && charge.CheckoutExpiresAt <= state.Now)
            await ExpireCheckoutAsync(charge, ct).ConfigureAwait(false);
    }

    /// <summary>Sends the open operation again under its key while the provider still knows the key; else reads what became of it.</summary>
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

        var answer = await caller.ResolveAsync(new ProviderRequest(begun.Charge, taken.Operation), begun.State.Now).ConfigureAwait(false);
        var cause = new ChargeCause("resolve_" + WireName.Of(operation.Kind), "reconciler", Actor);
        await recorder.RecordAsync(taken.Operation!, answer, cause, booking: null).ConfigureAwait(false);
        Log.Resolved(logger, operation.Id, operation.Kind, answer.Result.Outcome, answer.IsRead);
    }

    private Start Take(ChargeState state, OperationId id)
    {
        var operation = state.Operations.Single(candidate => candidate.Id == id);
        if (operation.State != OperationState.Open)
            return Start.Done(operation.Outcome ?? OperationOutcome.Indeterminate);
        return IsHopeless(operation, state) ? Review(state, operation) : start.Resume(state, state.Charge!, operation, Actor);
    }

    /// <summary>Nothing automatic has helped for days. A human looks; "not found" is no proof of failure.</summary>
    private bool IsHopeless(ChargeOperation operation, ChargeState state) => state.Now - operation.CreatedAt > options.Value.ReviewAfter;

    private static Start Review(ChargeState state, ChargeOperation operation)
    {
        var charge = state.Charge!;
        var reviewed = operation with { State = OperationState.Review, Outcome = OperationOutcome.Indeterminate };
        var cause = new ChargeCause("review", "reconciler", Actor, operation.Id.ToString());
        return Start.Done(OperationOutcome.Indeterminate) with
        {
            Commit = ChargeCommit.Of(state, charge, cause, reviewed) with { Alerts = [AlertPolicy.ForReview(charge, operation)] },
        };
    }

    private async Task RefreshAsync(Charge charge)
    {
        var answer = await caller.FindAsync(new ProviderRequest(charge, null)).ConfigureAwait(false);
        await recorder.RefreshAsync(charge.Id, answer.Result.Snapshot, new ChargeCause("refresh", "reconciler", Actor)).ConfigureAwait(false);
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
