namespace Curaway.Payments;

/// <summary>
/// What an order holds or took beside the payment its charge keeps: an earlier attempt may be authorized late. Such money goes
/// back; the charge and its totals are those of the kept payment. Pure and thread-safe.
/// </summary>
public static class ExtraPayments
{
    private const string ReturnPrefix = "release-";

    /// <summary>
    /// Marks every extra payment, for a provider where a hold lapses and cannot be dropped: a hold is due for release when it ends
    /// by itself, and what was taken is due to be sent back. Kept is a captured payment, of several the one that was refunded in
    /// part, else <see cref="Charge.PrincipalPayment"/>. The charge itself when there is none.
    /// </summary>
    /// <param name="charge">The charge, after the provider was asked.</param>
    public static Charge Release(Charge charge)
    {
        var standing = charge.Payments.Where(payment => IsStanding(charge, payment)).ToList();
        if (standing.Count < 2)
            return charge;
        var kept = standing
            .OrderByDescending(payment => payment.State)
            .ThenByDescending(payment => payment.RemainingOf(charge.Refunds) < payment.Captured)
            .ThenBy(payment => payment.Reference, StringComparer.Ordinal)
            .First();
        return charge with { Payments = [.. charge.Payments.Select(payment => standing.Contains(payment) && payment != kept ? Marked(payment) : payment)] };
    }

    /// <summary>True when money stands twice and nothing of it is on its way back yet.</summary>
    /// <param name="charge">The charge as it stands.</param>
    public static bool Any(Charge charge) => charge.Payments.Count(payment => IsStanding(charge, payment)) > 1;

    /// <summary>True when the refund operation sends back this extra payment, and no other one.</summary>
    /// <param name="operation">An operation of the charge.</param>
    /// <param name="payment">A payment of the charge.</param>
    public static bool IsReturnOf(ChargeOperation operation, ChargePayment payment) => operation.RequestId is { Value: var id }
        && (id == ReturnPrefix + payment.Reference || id.StartsWith($"{ReturnPrefix}{payment.Reference}-", StringComparison.Ordinal));

    /// <summary>True when the operation sends back an extra payment: it is no refund of what the charge took.</summary>
    /// <param name="charge">The charge as it stands.</param>
    /// <param name="operation">An operation of it.</param>
    public static bool IsReturn(Charge charge, ChargeOperation operation) => charge.Payments.Any(payment => IsReturnOf(operation, payment));

    /// <summary>
    /// The extra payment to send back next, with what is left of it; null when there is none. A disputed one is the bank's to
    /// return. One that a void took is the void's, until another payment was captured beside it.
    /// </summary>
    /// <param name="charge">The charge as it stands.</param>
    public static (ChargePayment Payment, Money Left)? NextReturn(Charge charge)
    {
        if (!ChargeLifecycle.CapturedOf(charge).IsPositive)
            return null;
        var payment = charge.Payments.FirstOrDefault(payment => payment is { State: PaymentState.Captured, ReleasesByCapture: true }
            && payment.RemainingOf(charge.Refunds).IsPositive && !IsDisputed(charge, payment));
        return payment is null ? null : (payment, payment.RemainingOf(charge.Refunds));
    }

    /// <summary>The request id of the next refund of an extra payment; a number follows when an earlier one came to nothing.</summary>
    /// <param name="operations">Every operation of the charge.</param>
    /// <param name="payment">The payment.</param>
    public static OpaqueId ReturnIdOf(IEnumerable<ChargeOperation> operations, ChargePayment payment)
    {
        var count = operations.Count(operation => IsReturnOf(operation, payment));
        return OpaqueId.Parse(count == 0 ? ReturnPrefix + payment.Reference : $"{ReturnPrefix}{payment.Reference}-{count + 1}");
    }

    private static bool IsStanding(Charge charge, ChargePayment payment) => !payment.ReleasesByCapture
        && ((payment.IsHeld && !charge.IsReferenceClosed) || payment.State == PaymentState.Captured);

    private static ChargePayment Marked(ChargePayment payment) => payment.State == PaymentState.Captured
        ? payment with { ReleasesByCapture = true }
        : payment with { ReleaseDueAt = payment.CaptureBefore };

    private static bool IsDisputed(Charge charge, ChargePayment payment) => charge.Disputes.Any(dispute =>
        dispute.IsAgainstUs && (dispute.PaymentReference ?? payment.Reference) == payment.Reference);
}
