using System.Collections.Immutable;

namespace Curaway.Payments;

// What the facts of a charge add up to. Every event asks for its totals a dozen times, so those make no garbage.
public static partial class ChargeLifecycle
{
    /// <summary>The status that the facts add up to.</summary>
    public static ChargeStatus StatusOf(Charge charge)
    {
        var captured = CapturedOf(charge);
        if (captured.IsPositive)
        {
            var refunded = RefundedOf(charge);
            if (!refunded.IsPositive)
                return ChargeStatus.Captured;
            return refunded < captured ? ChargeStatus.PartiallyRefunded : ChargeStatus.Refunded;
        }

        if (IsHolding(charge))
            return ChargeStatus.Authorized;
        var everHeld = charge.Payments.Any(payment => payment.State >= PaymentState.Authorized);
        if (charge.IsAuthorizationFailed && !everHeld)
            return ChargeStatus.Failed;
        return everHeld || charge.IsVoidAccepted || charge.IsReferenceClosed ? ChargeStatus.Voided : ChargeStatus.Pending;
    }

    /// <summary>The sum of payments held or taken.</summary>
    public static Money AuthorizedOf(Charge charge) => Sum(
        charge, charge.Payments, static (_, payment) => payment.State >= PaymentState.Authorized, static payment => payment.Amount);

    /// <summary>The sum of what was taken, but not only to be sent back.</summary>
    public static Money CapturedOf(Charge charge) => Sum(
        charge, charge.Payments, static (_, payment) => IsTaken(payment), static payment => payment.Captured);

    /// <summary>
    /// The sum of refunds that neither failed nor belong to a payment that was never captured, or only to be sent back: those are
    /// releases.
    /// </summary>
    public static Money RefundedOf(Charge charge) => Sum(
        charge, charge.Refunds, static (charge, refund) => refund.State != RefundState.Failed && IsOfCapturedPayment(charge, refund),
        static refund => refund.Amount);

    /// <summary>What may still be refunded: captured, less refunds made, less refunds under way.</summary>
    public static Money RefundableOf(Charge charge, IEnumerable<ChargeOperation> operations)
    {
        var underWay = operations.Where(operation =>
            operation is { Kind: OperationKind.Refund, IsOpen: true } && !ExtraPayments.IsReturn(charge, operation) && charge.Refunds.All(refund => refund.OperationId != operation.Id));
        return CapturedOf(charge) - RefundedOf(charge) - Money.Sum(underWay.Select(operation => operation.Amount), charge.Amount.Currency);
    }

    private static bool IsHolding(Charge charge) => charge.Payments.Any(payment => IsHeld(charge, payment));

    private static bool IsHeld(Charge charge, ChargePayment payment) =>
        (payment.IsHeld && !charge.IsReferenceClosed) || (payment is { ReleasesByCapture: true, State: PaymentState.Captured } && !IsReturned(charge, payment));

    private static bool IsTaken(ChargePayment payment) => payment is { State: PaymentState.Captured, ReleasesByCapture: false };

    private static bool IsReturned(Charge charge, ChargePayment payment) => !payment.RemainingOf(charge.Refunds).IsPositive;

    private static bool IsOfCapturedPayment(Charge charge, ChargeRefund refund) => charge.Payments.Any(payment =>
        IsTaken(payment) && (refund.PaymentReference is null || refund.PaymentReference == payment.Reference));

    private static Money Sum<T>(Charge charge, ImmutableArray<T> facts, Func<Charge, T, bool> counts, Func<T, Money> amountOf)
    {
        var sum = Money.Zero(charge.Amount.Currency);
        foreach (var fact in facts)
        {
            if (counts(charge, fact))
                sum += amountOf(fact);
        }

        return sum;
    }
}
