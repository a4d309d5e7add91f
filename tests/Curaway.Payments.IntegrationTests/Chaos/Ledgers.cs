using Curaway.Payments.SampleHost.Simulation;

namespace Curaway.Payments.IntegrationTests.Chaos;

/// <summary>What a patient pays at: a payment intent, or an order.</summary>
internal sealed record LedgerParent(string Provider, string Reference, string ConsultationId, string? Receipt, bool IsPaid);

/// <summary>Money that was authorized at some time.</summary>
internal sealed record LedgerPayment(
    string Provider, string Parent, string Reference, string ChargeId, string ConsultationId, bool IsHeld, long Captured, long Refunded)
{
    /// <summary>True while the patient's money is held or ours.</summary>
    public bool IsLive => IsHeld || Captured > Refunded;
}

/// <summary>Money on its way back.</summary>
internal sealed record LedgerRefund(string Provider, string Reference, string ChargeId, string? OperationId, long Amount);

/// <summary>The truth: everything both providers know, in words they have in common. Failed payments and refunds moved nothing, and are left out.</summary>
internal sealed record Ledgers(
    IReadOnlyList<LedgerParent> Parents, IReadOnlyList<LedgerPayment> Payments, IReadOnlyList<LedgerRefund> Refunds)
{
    public static Ledgers Read(DemoSimulators simulators)
    {
        var (stripe, razorpay) = (simulators.Stripe.Ledger, simulators.Razorpay.Ledger);
        // Refunds first: the ledgers move on meanwhile, and a refund read last may be of a payment that was not there yet.
        var stripeRefunds = stripe.Refunds.Where(refund => refund.Status != "failed").ToList();
        var razorpayRefunds = razorpay.Refunds.Where(refund => refund.Status != "failed" && !refund.IsRelease).ToList();
        var charges = stripe.Charges.Where(charge => charge.Status == "succeeded").ToList();
        var payments = razorpay.Payments.Where(payment => payment.Status != "failed").ToList();
        var chargeOf = charges.Select(charge => (charge.PaymentIntent, Id: charge.Metadata["charge_id"]))
            .Concat(payments.Select(payment => (payment.Id, payment.Notes["charge_id"]))).ToDictionary();
        return new Ledgers(
            [
                .. stripe.PaymentIntents.Select(intent => new LedgerParent(
                    "stripe", intent.Id, intent.Metadata["consultation_id"], null, charges.Exists(charge => charge.PaymentIntent == intent.Id))),
                .. razorpay.Orders.Select(order => new LedgerParent(
                    "razorpay", order.Id, order.Notes["consultation_id"], order.Receipt, payments.Exists(payment => payment.OrderId == order.Id))),
            ],
            [
                .. charges.Select(charge => new LedgerPayment(
                    "stripe", charge.PaymentIntent, charge.Id, charge.Metadata["charge_id"], charge.Metadata["consultation_id"],
                    charge.IsHeld, charge.AmountCaptured, charge.AmountRefunded)),
                .. payments.Select(payment => new LedgerPayment(
                    "razorpay", payment.OrderId, payment.Id, payment.Notes["charge_id"], payment.Notes["consultation_id"],
                    payment.IsHeld, payment.IsCaptured ? payment.Amount : 0, payment.IsCaptured ? payment.AmountRefunded : 0)),
            ],
            [
                .. stripeRefunds.Select(refund => new LedgerRefund(
                    "stripe", refund.Id, chargeOf[refund.PaymentIntent], refund.Metadata.GetValueOrDefault("operation_id"), refund.Amount)),
                .. razorpayRefunds.Select(refund => new LedgerRefund(
                    "razorpay", refund.Id, chargeOf[refund.PaymentId], refund.Notes.GetValueOrDefault("operation_id"), refund.Amount)),
            ]);
    }
}
