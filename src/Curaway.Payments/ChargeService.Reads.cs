namespace Curaway.Payments;

// Looking at a charge, and asking the provider about it.
public sealed partial class ChargeService
{
    /// <summary>The charge as it is stored; null when there is none. Asks nobody.</summary>
    public async Task<Charge?> FindAsync(ChargeId id, CancellationToken ct = default) =>
        (await _store.FindAsync(new ChargeSelector.ById(id), ct).ConfigureAwait(false)).Charge;

    /// <summary>
    /// The charge for somebody who looks at it; null when there is none. While an operation is open, or the checkout is over and
    /// unpaid, the provider is asked first: at most once in 5 s for a charge and host, and for at most 2 s. When it does not
    /// answer, the charge is as stored. Sends nothing that moves money.
    /// </summary>
    /// <param name="id">The charge.</param>
    /// <param name="ct">Cancels until the provider is asked.</param>
    public Task<Charge?> ReadAsync(ChargeId id, CancellationToken ct = default) => _reads.ReadAsync(id, ct);

    /// <summary>
    /// Asks the provider what is true now and commits it, for an operator who will not wait for the reconciler. Success says
    /// that the provider answered, whatever it said; <see cref="ErrorCodes.ProviderUnavailable"/> that it did not, and
    /// <see cref="ErrorCodes.NotFound"/> that there is no such charge. Sends nothing that moves money.
    /// </summary>
    /// <param name="id">The charge.</param>
    /// <param name="actorId">Who asks; the audit row of what changed names them.</param>
    /// <param name="ct">Cancels until the provider is asked.</param>
    public async Task<ChargeResult> RefreshAsync(ChargeId id, string actorId, CancellationToken ct = default)
    {
        if (CallerText.RefusalOfActor(actorId) is { } refusal)
            return Refused(null, refusal);
        if (await FindAsync(id, ct).ConfigureAwait(false) is not { } charge)
            return Refused(null, new PaymentError(ErrorCodes.NotFound, "charge"));
        var answer = await _caller.FindAsync(new ProviderRequest(charge, null)).ConfigureAwait(false);
        var recorded = await _recorder.RefreshAsync(id, answer.Result.Snapshot, new ChargeCause("refresh", "api", actorId)).ConfigureAwait(false);
        if (answer.Result.Snapshot is not null)
            return new ChargeResult(recorded.Charge, OperationOutcome.Succeeded, null, null);
        var outcome = answer.Result.Outcome == OperationOutcome.NotSent ? OperationOutcome.NotSent : OperationOutcome.Indeterminate;
        return new ChargeResult(recorded.Charge, outcome, null, ChargeRecorder.ErrorOf(outcome, answer.Result));
    }

    /// <summary>What the browser must do next, read from the provider; null when there is nothing to do. For the checkout page only.</summary>
    public async Task<ClientAction?> GetNextActionAsync(ChargeId id, CancellationToken ct = default)
    {
        var charge = await FindAsync(id, ct).ConfigureAwait(false);
        if (charge is not { Status: ChargeStatus.Pending, ClosingAt: null })
            return null;
        var answer = await _caller.FindAsync(new ProviderRequest(charge, null)).ConfigureAwait(false);
        await _recorder.RecordAsync(id, answer.Result.Snapshot, new ChargeCause("read", "api", "system")).ConfigureAwait(false);
        return answer.Result.NextAction;
    }
}
