namespace Curaway.Payments.SampleHost.Consultations;

/// <summary>Brings the money of a consultation that is over where it belongs. The clinical state is committed before it is asked.</summary>
internal sealed partial class ConsultationSettlement(
    ChargeService charges, ConsultationStore consultations, SettlementStore settlements, ILogger<ConsultationSettlement> logger)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);

    /// <summary>Captures or releases. What the provider could not answer stays on the row for the sweeper.</summary>
    public async Task SettleAsync(ChargeId chargeId, SettlementOrder order)
    {
        // Past the clinical commit the caller's token no longer counts: somebody has to ask the provider.
        var result = order.Intent == SettlementIntent.Capture
            ? await charges.CaptureAsync(chargeId, order.Actor, CancellationToken.None)
            : await charges.ReleaseAsync(new ReleaseCharge(chargeId, order.Reason, order.Actor), CancellationToken.None);
        var settlement = Of(result, order.Intent);
        if (settlement == Settlement.Failed)
            Log.Failed(logger, chargeId, WireName.Of(order.Intent), result.Error?.Code, result.Error?.Reason);
        if (result.Charge is { } charge)
            await consultations.ObserveAsync(chargeId, charge.Status, CancellationToken.None);
        await settlements.RecordAsync(chargeId, settlement, RetryAfter, CancellationToken.None);
    }

    /// <summary>The intent that a charge in this status has fulfilled; null while it may still move.</summary>
    public static SettlementIntent? FulfilledBy(ChargeStatus status) => status switch
    {
        ChargeStatus.Captured or ChargeStatus.PartiallyRefunded => SettlementIntent.Capture,
        ChargeStatus.Voided or ChargeStatus.Failed or ChargeStatus.Refunded => SettlementIntent.Release,
        _ => null,
    };

    private static Settlement Of(ChargeResult result, SettlementIntent intent)
    {
        if (result.Charge is { } charge && FulfilledBy(charge.Status) == intent)
            return Settlement.Done;
        return result.Outcome switch
        {
            OperationOutcome.Declined => Settlement.Failed,
            OperationOutcome.Refused => IsPassing(result.Error) ? Settlement.Processing : Settlement.Failed,
            OperationOutcome.Succeeded when intent == SettlementIntent.Capture && result.Charge?.Status == ChargeStatus.Refunded => Settlement.Done,
            _ => Settlement.Processing,
        };
    }

    /// <summary>Somebody else is at the provider with this charge right now; afterwards the same request is answered.</summary>
    private static bool IsPassing(PaymentError? error) =>
        error is { Code: ErrorCodes.StateConflict, Reason: "operation_open" } || error?.Definition.Retryable == true;

    private static partial class Log
    {
        [LoggerMessage(EventId = 5101, Level = LogLevel.Error, Message = "The {Intent} of charge {ChargeId} was refused: {Code} {Reason}")]
        public static partial void Failed(ILogger logger, ChargeId chargeId, string intent, string? code, string? reason);
    }
}
