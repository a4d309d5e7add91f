namespace Curaway.Payments;

/// <summary>Which outcomes a human has to hear of. Pure.</summary>
internal static class AlertPolicy
{
    /// <summary>Null when the outcome is everyday business, such as a declined card.</summary>
    public static PaymentAlert? For(Charge charge, ChargeOperation operation, ProviderResult result)
    {
        var text = $"{WireName.Of(operation.Kind)} {WireName.Of(result.Outcome)} {result.Reason}";
        return result switch
        {
            { Fault: ProviderFault.Configuration } => new PaymentAlert("configuration", AlertSeverity.Critical, $"{charge.Provider} {text}", charge.Id),
            { Fault: ProviderFault.Mismatch } => new PaymentAlert("money_conflict", AlertSeverity.Critical, text, charge.Id),
            { Outcome: OperationOutcome.NotSent or OperationOutcome.Indeterminate, Fault: not ProviderFault.NotFound } =>
                new PaymentAlert($"{charge.Provider}_outage", AlertSeverity.Warning, text, charge.Id),
            { Outcome: OperationOutcome.Declined } when operation.Kind != OperationKind.Authorize =>
                new PaymentAlert("settlement_failed", AlertSeverity.Critical, text, charge.Id),
            _ => null,
        };
    }

    /// <summary>Nothing automatic can find out what happened.</summary>
    public static PaymentAlert ForReview(Charge charge, ChargeOperation operation) =>
        new("operation_review", AlertSeverity.Critical, $"{charge.Provider} {WireName.Of(operation.Kind)} {operation.Id}", charge.Id);
}
