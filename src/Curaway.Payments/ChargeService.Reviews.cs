namespace Curaway.Payments;

// A human's way out of an operation that nothing automatic could resolve.
public sealed partial class ChargeService
{
    /// <summary>
    /// Settles an operation in <see cref="OperationState.Review"/> by a human's word. The provider is asked first and its answer
    /// counts, so nobody can declare undone what the provider shows as done, or done what it does not show. Success says that the
    /// operation is settled; the charge says how. Sends nothing that moves money; what was said stands in the audit log in any case.
    /// Errors: <see cref="ErrorCodes.NotFound"/>; <see cref="ErrorCodes.StateConflict"/> when it is not in review
    /// (<c>not_in_review</c>), when the provider knows better and the operation is settled its way (<c>provider_says_…</c>), or does
    /// not show what is said to have happened (<c>not_shown</c>); <see cref="ErrorCodes.ValidationFailed"/> for a reference where none
    /// belongs; <see cref="ErrorCodes.ProviderUnavailable"/> when it did not answer: nothing was settled.
    /// </summary>
    /// <param name="command">What was found out.</param>
    /// <param name="ct">Cancels until the provider is asked.</param>
    public async Task<ChargeResult> SettleReviewAsync(SettleReview command, CancellationToken ct = default)
    {
        if ((CallerText.RefusalOfActor(command.ActorId) ?? CallerText.RefusalOfReason(command.Reason)) is { } noWord)
            return Refused(null, noWord);
        var before = await _store.FindAsync(new ChargeSelector.ById(command.ChargeId), ct).ConfigureAwait(false);
        if (ReviewSettlement.RefusalOf(before, command) is { } refusal)
            return Refused(before.Charge, refusal);
        var said = await _recorder.CommitAsync(command.ChargeId, state => ReviewSettlement.Said(state, command)).ConfigureAwait(false);

        var operation = ReviewSettlement.OperationOf(said.State, command)!;
        var named = command.ProviderReference is { } reference ? said.Charge with { Reference = reference.Value } : said.Charge;
        var answer = await _caller.FindAsync(new ProviderRequest(named, operation)).ConfigureAwait(false);
        var isOurs = command.ProviderReference is null || answer.Result.Snapshot?.ChargeId == command.ChargeId;
        var read = isOurs
            ? await _recorder.RecordAsync(operation, answer, ReviewSettlement.CauseOf(command, "settle_review"), booking: null).ConfigureAwait(false)
            : said;

        var found = ReviewSettlement.OperationOf(read.State, command)!;
        if (!found.IsOpen)
            return Told(read.Charge, found, command.Verdict);
        if (command.Verdict == ReviewVerdict.Happened && HasAnswered(answer.Result))
            return Refused(read.Charge, new PaymentError(ErrorCodes.StateConflict, "not_shown"));
        if (command.Verdict == ReviewVerdict.Happened || !ShowsNothing(answer.Result, said.Charge))
            return new ChargeResult(read.Charge, OperationOutcome.Indeterminate, null, ChargeRecorder.ErrorOf(OperationOutcome.Indeterminate, answer.Result));
        var settled = await _recorder.CommitAsync(command.ChargeId, state => ReviewSettlement.Undone(state, command)).ConfigureAwait(false);
        return Told(settled.Charge, ReviewSettlement.OperationOf(settled.State, command)!, command.Verdict);
    }

    /// <summary>The operation is settled; whether by the human's word or against it.</summary>
    private static ChargeResult Told(Charge charge, ChargeOperation operation, ReviewVerdict verdict) =>
        ChargeRecorder.IsAnswered(operation) == (verdict == ReviewVerdict.Happened)
            ? new ChargeResult(charge, OperationOutcome.Succeeded, null, null)
            : Refused(charge, new PaymentError(ErrorCodes.StateConflict, "provider_says_" + WireName.Of(operation.Outcome!.Value)));

    private static bool HasAnswered(ProviderResult result) =>
        result.Snapshot is not null || result.Fault is ProviderFault.NotFound or ProviderFault.Mismatch;

    /// <summary>The provider was read and shows nothing of the operation. Where it should show more than that and does not, it was not read.</summary>
    private static bool ShowsNothing(ProviderResult result, Charge charge) =>
        result.Fault is ProviderFault.NotFound or ProviderFault.AlreadyDone && (result.Snapshot is not null || charge.Reference is null);
}
