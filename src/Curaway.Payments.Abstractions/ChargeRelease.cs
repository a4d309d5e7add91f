namespace Curaway.Payments;

/// <summary>How the money of a voided charge goes back.</summary>
public enum ReleaseKind
{
    /// <summary>Nothing was ever held.</summary>
    NothingHeld,

    /// <summary>The provider dropped the hold: a canceled or expired authorization. When the bank shows it is the bank's affair.</summary>
    Dropped,

    /// <summary>The hold ends by itself at the time stated; the provider refunds it then.</summary>
    Lapses,

    /// <summary>A refund of the whole payment was made at the time stated, whether the money had to be captured for it or not.</summary>
    Refunded,
}

/// <summary>
/// What became of the money of a voided charge, and when the patient sees it. Nothing here promises more than the provider
/// documents.
/// </summary>
/// <param name="Kind">How it goes back.</param>
/// <param name="StartsAt">When the money sets out, UTC; null when nobody told.</param>
public sealed record ChargeRelease(ReleaseKind Kind, DateTimeOffset? StartsAt)
{
    /// <summary>
    /// The fewest working days from <see cref="StartsAt"/> until the patient's bank shows a refund, as Razorpay documents it
    /// (https://razorpay.com/docs/payments/refunds); null where no refund is involved.
    /// </summary>
    public int? WorkingDaysMin => IsRefund ? 5 : null;

    /// <summary>The most working days; see <see cref="WorkingDaysMin"/>.</summary>
    public int? WorkingDaysMax => IsRefund ? 7 : null;

    private bool IsRefund => Kind is ReleaseKind.Lapses or ReleaseKind.Refunded;

    internal static ChargeRelease? Of(Charge charge)
    {
        if (charge.Status != ChargeStatus.Voided)
            return null;
        var held = charge.Payments.Where(payment => payment.State >= PaymentState.Authorized).Select(payment => payment.Reference).ToList();
        if (held.Count == 0)
            return new ChargeRelease(ReleaseKind.NothingHeld, null);
        if (charge.ReleaseDueAt is { } dueAt)
            return new ChargeRelease(ReleaseKind.Lapses, dueAt);
        var refunds = charge.Refunds.Where(refund => refund.State != RefundState.Failed && held.Contains(refund.PaymentReference!)).ToList();
        return refunds.Count > 0
            ? new ChargeRelease(ReleaseKind.Refunded, refunds.Min(refund => refund.CreatedAt))
            : new ChargeRelease(ReleaseKind.Dropped, charge.VoidedAt);
    }
}
