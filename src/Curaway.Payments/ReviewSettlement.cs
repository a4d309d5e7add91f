namespace Curaway.Payments;

/// <summary>What a human's word about an operation in review commits. Pure.</summary>
internal static class ReviewSettlement
{
    /// <summary>Null when the operation waits for a human's word, and this word can be about it; else the refusal.</summary>
    public static PaymentError? RefusalOf(ChargeState state, SettleReview command)
    {
        if (state.Charge is not { } charge)
            return new PaymentError(ErrorCodes.NotFound, "charge");
        if (OperationOf(state, command) is not { } operation)
            return new PaymentError(ErrorCodes.NotFound, "operation");
        if (operation.State != OperationState.Review)
            return new PaymentError(ErrorCodes.StateConflict, "not_in_review");
        var isNameable = command.Verdict == ReviewVerdict.Happened && operation.Kind == OperationKind.Authorize
            && (charge.Reference ?? command.ProviderReference?.Value) == command.ProviderReference?.Value;
        return command.ProviderReference is null || isNameable ? null : new PaymentError(ErrorCodes.ValidationFailed, "provider_reference");
    }

    public static ChargeOperation? OperationOf(ChargeState state, SettleReview command) =>
        state.Operations.FirstOrDefault(candidate => candidate.Id == command.OperationId);

    /// <summary>Who said what, and why: on record before anything is done about it, and whatever comes of it.</summary>
    public static ChargeCommit Said(ChargeState state, SettleReview command)
    {
        if (RefusalOf(state, command) is not null)
            return ChargeCommit.Nothing;
        var said = string.Join(' ', new[] { WireName.Of(command.Verdict), command.Reason, command.ProviderReference?.Value }.OfType<string>());
        return ChargeCommit.Of(state, state.Charge!, CauseOf(command, "review_verdict")).Noted(said);
    }

    /// <summary>Closes the operation as never done, unless somebody found out meanwhile. An authorization's charge has failed with it.</summary>
    public static ChargeCommit Undone(ChargeState state, SettleReview command)
    {
        if (RefusalOf(state, command) is not null)
            return ChargeCommit.Nothing;
        // The same request again is not this one tried again: whoever still wants it asks anew.
        var undone = ChargeRecorder.Undone(OperationOf(state, command)!, state.Now) with { Error = new PaymentError(ErrorCodes.StateConflict, "did_not_happen") };
        var cause = CauseOf(command, "settle_review");
        var told = ChargeCommit.OfSnapshot(
            state, ChargeRecorder.Flagged(state.Charge!, undone, ProviderResult.NotSent(ProviderFault.None, reason: command.Reason)), cause);
        var commit = ChargeCommit.Of(state, told.Charge ?? state.Charge!, cause, told.Operations.RemoveAll(other => other.Id == undone.Id).Add(undone));
        return commit.Noted(WireName.Of(command.Verdict)) with { Alerts = told.Charge is null ? commit.Alerts : told.Alerts };
    }

    public static ChargeCause CauseOf(SettleReview command, string action) => new(action, "api", command.ActorId, command.OperationId.ToString());
}
