using System.Text.Json.Nodes;

namespace Curaway.Payments.Simulators;

/// <summary>What moves money: pay, capture, release, refund, expire. Every method runs under the ledger's gate.</summary>
internal sealed class RazorpayAccount(RazorpaySimulatorOptions options, SimulatorClock clock, RazorpayLedger ledger, RazorpayEvents events)
{
    // Unix seconds; no authorization expires before this, so most calls need not look.
    private long _nextExpiry = long.MaxValue;
    private long _refundedFromBalance;

    public RazorpayPayment Pay(RazorpayOrder order, RazorpayTestPayment method)
    {
        var payment = new RazorpayPayment
        {
            Id = SimulatorSecrets.NewId("pay_", 14),
            Order = order,
            Method = method,
            Notes = options.CopiesOrderNotes ? order.Notes : [],
            CreatedAt = clock.UnixSeconds,
            Status = "created",
        };
        order.Payments.Add(payment);
        ledger.PaymentsMade.Add(payment.Id, payment);
        if (method.Succeeds)
        {
            Authorize(payment);
            return payment;
        }

        payment.Status = "failed";
        events.Payment("payment.failed", payment);
        return payment;
    }

    /// <summary>The bank's late word on a failed payment. Nothing may be held beyond the window, nor twice for one paid order.</summary>
    public void LateAuthorize(RazorpayPayment payment)
    {
        payment.IsLateAuthorized = true;
        Authorize(payment);
        if (payment.IsHeld && (payment.Order.IsPaid || payment.ExpiresAt <= clock.UnixSeconds)) Release(payment);
    }

    public void Capture(RazorpayPayment payment)
    {
        payment.Status = "captured";
        payment.IsCaptured = true;
        payment.Order.IsPaid = true;
        events.Payment("payment.captured", payment);
        events.OrderPaid(payment);
    }

    /// <summary>The automatic refund of a payment that was never captured.</summary>
    public RazorpayRefund Release(RazorpayPayment payment)
    {
        payment.IsReleased = true;
        payment.Status = "refunded";
        return AddRefund(payment, payment.Order.Amount, null, [], "normal", "processed");
    }

    public RazorpayRefund Refund(RazorpayPayment payment, long amount, string? receipt, JsonObject notes, string speed)
    {
        if (!payment.IsCaptured) payment.IsReleased = true;
        else _refundedFromBalance += amount;
        var isFull = payment.AmountRefunded + amount == payment.Order.Amount;
        if (isFull) payment.Status = "refunded";
        return AddRefund(payment, amount, receipt, notes, speed, options.RefundsStartPending ? "pending" : "processed");
    }

    public bool CanAfford(long amount) => options.MerchantBalance is not { } balance || _refundedFromBalance + amount <= balance;

    /// <summary>The bank's word on a refund. A failure gives the money back, also after an earlier <c>processed</c>.</summary>
    public void SettleRefund(RazorpayRefund refund, bool hasSucceeded)
    {
        if (refund.Status == "failed") throw new ArgumentException("The refund has failed already.", nameof(refund));
        refund.Status = hasSucceeded ? "processed" : "failed";
        if (!hasSucceeded)
        {
            refund.Payment.AmountRefunded -= refund.Amount;
            if (refund.Payment.IsCaptured) refund.Payment.Status = "captured";
        }

        events.Refund(hasSucceeded ? "refund.processed" : "refund.failed", refund);
    }

    /// <summary>Refunds every authorized payment whose capture window has passed.</summary>
    public void Settle()
    {
        var now = clock.UnixSeconds;
        if (now < _nextExpiry) return;
        _nextExpiry = long.MaxValue;
        foreach (var payment in ledger.PaymentsMade.Values)
        {
            if (!payment.IsHeld) continue;
            if (payment.ExpiresAt <= now) Release(payment);
            else _nextExpiry = Math.Min(_nextExpiry, payment.ExpiresAt);
        }
    }

    private void Authorize(RazorpayPayment payment)
    {
        payment.Status = "authorized";
        _nextExpiry = Math.Min(_nextExpiry, payment.ExpiresAt);
        events.Payment("payment.authorized", payment);
        var isPromptAndFirst = !payment.Order.IsPaid && payment.ExpiresAt > clock.UnixSeconds;
        if ((options.CapturesAutomatically || !payment.Order.IsCapturedManually) && isPromptAndFirst) Capture(payment);
    }

    private RazorpayRefund AddRefund(RazorpayPayment payment, long amount, string? receipt, JsonObject notes, string speed, string status)
    {
        var refund = new RazorpayRefund
        {
            Id = SimulatorSecrets.NewId("rfnd_", 14),
            Payment = payment,
            Amount = amount,
            Receipt = receipt,
            Notes = notes,
            CreatedAt = clock.UnixSeconds,
            SpeedRequested = speed,
            Status = status,
        };
        ledger.RefundsMade.Add(refund.Id, refund);
        payment.AmountRefunded += amount;
        events.Refund("refund.created", refund);
        if (status == "processed") events.Refund("refund.processed", refund);
        return refund;
    }
}
