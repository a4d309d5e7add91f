using System.Collections.Immutable;
using Curaway.Payments.SampleHost.Consultations;

namespace Curaway.Payments.SampleHost.Receipts;

/// <summary>Money on its way back, or back already.</summary>
/// <param name="Amount">How much.</param>
/// <param name="At">When it was sent, UTC.</param>
/// <param name="IsPending">True while the bank has not confirmed it.</param>
internal sealed record ReceiptRefund(Money Amount, DateTimeOffset At, bool IsPending);

/// <summary>What the patient paid for a consultation, as a receipt says it: our numbers, and nobody's name but the clinic's.</summary>
internal sealed record Receipt
{
    /// <summary>The charge's id: what the clinic finds it by.</summary>
    public required string Number { get; init; }

    public required string ConsultationId { get; init; }

    public required string Clinic { get; init; }

    public required DateTimeOffset SessionAt { get; init; }

    public required DateTimeOffset PaidAt { get; init; }

    /// <summary>What was reserved; more than was taken when only a part of it was.</summary>
    public required Money Reserved { get; init; }

    public required Money Taken { get; init; }

    /// <summary>Oldest first; none that bounced.</summary>
    public required ImmutableArray<ReceiptRefund> Refunds { get; init; }

    public required Money Refunded { get; init; }

    public Money Total => Taken - Refunded;

    /// <summary>The receipt of a charge; null before anything was taken.</summary>
    public static Receipt? Of(Consultation consultation, Charge charge, string clinic)
    {
        if (!charge.Captured.IsPositive)
            return null;
        var taken = charge.Payments.Where(payment => payment.State == PaymentState.Captured).Select(payment => payment.Reference).ToHashSet();
        return new Receipt
        {
            Number = charge.Id.ToString(),
            ConsultationId = consultation.Id.Value,
            Clinic = clinic,
            SessionAt = consultation.StartedAt ?? consultation.StartsAt,
            PaidAt = charge.CapturedAt ?? charge.CreatedAt,
            Reserved = charge.Authorized,
            Taken = charge.Captured,
            // A refund of money that was never taken is a release, and no part of what was paid.
            Refunds =
            [
                .. charge.Refunds
                    .Where(refund => refund.State != RefundState.Failed && (refund.PaymentReference is null || taken.Contains(refund.PaymentReference)))
                    .Select(refund => new ReceiptRefund(
                        refund.Amount, refund.CreatedAt ?? charge.RefundedAt ?? charge.CreatedAt, refund.State == RefundState.Pending))
                    .OrderBy(refund => refund.At),
            ],
            Refunded = charge.Refunded,
        };
    }
}
