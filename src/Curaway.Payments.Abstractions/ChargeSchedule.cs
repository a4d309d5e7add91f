namespace Curaway.Payments;

/// <summary>
/// When somebody must look at a charge again. Every commit writes it beside the charge, so the reconciler needs one index
/// and one claim, whatever the reason.
/// </summary>
public static class ChargeSchedule
{
    /// <summary>The earliest moment something is due, UTC; null when nothing is.</summary>
    public static DateTimeOffset? DueAt(Charge charge, IEnumerable<ChargeOperation> operations) =>
        DueTimes(charge, operations).Min();

    private static IEnumerable<DateTimeOffset?> DueTimes(Charge charge, IEnumerable<ChargeOperation> operations)
    {
        var open = false;
        foreach (var operation in operations.Where(operation => operation.State == OperationState.Open))
        {
            open = true;
            yield return operation.NextAttemptAt;
        }

        yield return charge.RefreshDueAt;
        yield return charge.Status == ChargeStatus.Voided ? charge.ReleaseDueAt : null;
        if (open || !charge.IsLive)
            yield break;
        if (charge.ClosingAt is not null)
            yield return charge.ClosingAt;
        else if (charge.BookedAt is null)
            yield return charge.BookBy;
        else if (charge.Status == ChargeStatus.Pending)
            yield return charge.CheckoutExpiresAt;
    }
}
