namespace Curaway.Payments;

/// <summary>Which outcomes a human has to hear of. Pure.</summary>
internal static class AlertPolicy
{
    /// <summary>How long after a promised release the patient's bank may take to show it.</summary>
    private static readonly TimeSpan ReleaseGrace = TimeSpan.FromDays(1);

    /// <summary>
    /// Nothing when the outcome is everyday business, such as a declined card, or when the same was told before: an operation
    /// that is tried for days alerts when something changes.
    /// </summary>
    public static IEnumerable<PaymentAlert> For(Charge charge, ChargeOperation before, ChargeOperation after, ProviderResult result)
    {
        if (after.State == OperationState.Review && before.State != OperationState.Review)
            yield return new PaymentAlert("operation_review", AlertSeverity.Critical, $"{charge.Provider} {WireName.Of(after.Kind)} {after.Id}", charge.Id);
        if (before.Error?.Reason != after.Error?.Reason && OfResult(charge, after, result) is { } alert)
            yield return alert;
    }

    /// <summary>A promised release that has not come a day after it was due: once, in the look that crosses the line.</summary>
    public static IEnumerable<PaymentAlert> ForLateRelease(Charge charge, DateTimeOffset? nextLook)
    {
        var line = charge.ReleaseDueAt + ReleaseGrace;
        var thisLook = charge.RefreshDueAt ?? charge.ReleaseDueAt;
        if (thisLook < line && nextLook >= line)
            yield return new PaymentAlert("release_late", AlertSeverity.Critical, $"{charge.Provider} {charge.Reference}", charge.Id);
    }

    /// <summary>A hold that is about to end by itself: once, in the look that first sees it and sets the next one after its end.</summary>
    public static IEnumerable<PaymentAlert> ForExpiringHold(Charge before, Charge after, DateTimeOffset? nextLook, DateTimeOffset now)
    {
        if (ChargeSchedule.ExpiryWarningAt(after) <= now && after.CaptureBefore > now && nextLook > after.CaptureBefore && before.RefreshDueAt != nextLook)
            yield return new PaymentAlert(
                "authorization_expiring", AlertSeverity.Critical, $"{after.Provider} {after.Reference} ends {after.CaptureBefore:yyyy-MM-dd'T'HH:mm'Z'}", after.Id);
    }

    private static PaymentAlert? OfResult(Charge charge, ChargeOperation operation, ProviderResult result)
    {
        var text = $"{WireName.Of(operation.Kind)} {WireName.Of(result.Outcome)} {result.Reason}";
        return result switch
        {
            { Fault: ProviderFault.CircuitOpen or ProviderFault.NotFound } => null,
            { Fault: ProviderFault.Configuration } => new PaymentAlert("configuration", AlertSeverity.Critical, $"{charge.Provider} {text}", charge.Id),
            { Fault: ProviderFault.Blocked } => new PaymentAlert("settlement_failed", AlertSeverity.Critical, $"{charge.Provider} {text}", charge.Id),
            { Fault: ProviderFault.Mismatch } => new PaymentAlert("money_conflict", AlertSeverity.Critical, text, charge.Id),
            { Outcome: OperationOutcome.NotSent or OperationOutcome.Indeterminate } =>
                new PaymentAlert($"{charge.Provider}_outage", AlertSeverity.Warning, text, charge.Id),
            { Outcome: OperationOutcome.Declined } when operation.Kind != OperationKind.Authorize =>
                new PaymentAlert("settlement_failed", AlertSeverity.Critical, text, charge.Id),
            _ => null,
        };
    }
}
