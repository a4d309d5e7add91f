namespace Curaway.Payments;

/// <summary>
/// When somebody must look at a charge again. Every commit writes it beside the charge, so the reconciler needs one index
/// and one claim, whatever the reason.
/// </summary>
public static class ChargeSchedule
{
    /// <summary>Razorpay asks to look at an order that is not paid after a quarter of an hour.</summary>
    private static readonly TimeSpan FirstLook = TimeSpan.FromMinutes(15);

    /// <summary>
    /// How long after a void its order may still be paid: a bank may authorize a payment up to 3 days late, an older page of
    /// Razorpay says 5, and the longer of them has to hold.
    /// </summary>
    private static readonly TimeSpan LooksFor = TimeSpan.FromDays(5);

    /// <summary>How long the bank may take to confirm a refund before the provider is asked: longer than both providers' refunds usually take.</summary>
    public static TimeSpan PendingRefundAge { get; } = TimeSpan.FromDays(7);

    /// <summary>The most that a warning comes before a hold ends by itself; of a short hold, its last quarter.</summary>
    public static TimeSpan ExpiryWarningMax { get; } = TimeSpan.FromHours(12);

    /// <summary>When somebody is to be told that the hold of a booked charge is about to end by itself, UTC; null when none will.</summary>
    public static DateTimeOffset? ExpiryWarningAt(Charge charge)
    {
        if (charge is not { Status: ChargeStatus.Authorized, BookedAt: not null, ClosingAt: null, CaptureBefore: { } end })
            return null;
        var quarter = (end - (charge.AuthorizedAt ?? charge.CreatedAt)) / 4;
        return end - (quarter < ExpiryWarningMax ? quarter : ExpiryWarningMax);
    }

    /// <summary>When the provider has to be asked about a refund that its bank has not confirmed, UTC; null when there is none.</summary>
    public static DateTimeOffset? PendingRefundDueAt(Charge charge) => charge.Refunds
        .Where(refund => refund.State == RefundState.Pending)
        .Min(refund => refund.CreatedAt ?? charge.RefundedAt) + PendingRefundAge;

    /// <summary>
    /// The earliest moment something is due, UTC; null when nothing is. Captured money that is disputed is not due for release:
    /// a refund is refused until the dispute is won or closed, and whoever records that writes the new time.
    /// </summary>
    public static DateTimeOffset? DueAt(Charge charge, IReadOnlyCollection<ChargeOperation> operations) =>
        DueTimes(charge, operations).Min();

    /// <summary>
    /// When a voided charge is looked at again whose intent or order the provider may still take a payment on, told or not: after
    /// 15 minutes, then every time twice as long after the void, for 5 days. Null when nothing can be paid any more.
    /// </summary>
    public static DateTimeOffset? NextLookAt(Charge charge)
    {
        if (charge is not { Status: ChargeStatus.Voided, Reference: not null, IsReferenceClosed: false, RefreshDueAt: null, VoidedAt: { } voidedAt })
            return null;
        var lookedFor = charge.RefreshedAt > voidedAt ? charge.RefreshedAt.Value - voidedAt : TimeSpan.Zero;
        if (lookedFor >= LooksFor)
            return null;
        var next = TimeSpan.FromTicks(Math.Clamp(2 * lookedFor.Ticks, FirstLook.Ticks, LooksFor.Ticks));
        return voidedAt + next;
    }

    /// <summary>When the next extra payment that was taken is to be sent back, UTC; null when there is none, or something is open.</summary>
    public static DateTimeOffset? ExtraReleaseAt(Charge charge, IReadOnlyCollection<ChargeOperation> operations) =>
        ExtraPayments.NextReturn(charge) is var (payment, _) && !operations.Any(operation => operation.IsOpen)
            ? NextReleaseAt(charge.CapturedAt ?? charge.CreatedAt, operations.Where(operation => ExtraPayments.IsReturnOf(operation, payment)))
            : null;

    private static IEnumerable<DateTimeOffset?> DueTimes(Charge charge, IReadOnlyCollection<ChargeOperation> operations)
    {
        foreach (var operation in operations.Where(operation => operation.IsOpen))
            yield return operation.NextAttemptAt;

        yield return charge.RefreshDueAt;
        yield return NextLookAt(charge);
        yield return charge.RefreshDueAt is null ? ExpiryWarningAt(charge) : null;
        yield return charge.RefreshDueAt is null ? PendingRefundDueAt(charge) : null;
        yield return charge.RefreshDueAt is null ? charge.ReleaseDueAt : null;
        yield return ExtraReleaseAt(charge, operations);
        if (!charge.IsLive || operations.Any(operation => operation.IsOpen))
            yield break;
        if (charge.ClosingAt is { } closingAt)
            yield return charge.Captured.IsPositive && ChargeLifecycle.IsDisputed(charge) ? null : NextReleaseAt(closingAt, operations);
        else if (charge.BookedAt is null)
            yield return charge.BookBy;
        else if (charge.Status == ChargeStatus.Pending && charge.RefreshDueAt is null)
            yield return charge.CheckoutExpiresAt;
    }

    /// <summary>
    /// A release that was refused is tried again, ever more slowly: 20 s, 40 s, … at most 1 h apart. Money that came after one
    /// that succeeded waits 1 s.
    /// </summary>
    private static DateTimeOffset NextReleaseAt(DateTimeOffset closingAt, IEnumerable<ChargeOperation> operations)
    {
        var releases = operations.Where(operation => operation.Kind is OperationKind.Void or OperationKind.Refund && operation.ClosedAt >= closingAt).ToList();
        var refusedCount = releases.Count(operation => operation.Outcome != OperationOutcome.Succeeded);
        var wait = refusedCount == 0 ? 1 : Math.Min(10 * Math.Pow(2, refusedCount), 3600);
        return releases.Max(operation => operation.ClosedAt) + TimeSpan.FromSeconds(wait) ?? closingAt;
    }
}
