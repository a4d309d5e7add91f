using System.Text.Json.Nodes;

namespace Curaway.Payments.Simulators;

/// <summary>Payments: read, capture, refund. Duplicate and already-done errors have no code of their own, only prose.</summary>
internal sealed class RazorpayPaymentCalls(RazorpaySimulatorOptions options, RazorpayLedger ledger, RazorpayAccount account)
{
    public JsonObject Read(SimulatorRequest request) => Find(request.Id).ToJson();

    public JsonObject List(SimulatorRequest request) => RazorpayLists.Page(
        request, ledger.PaymentsMade.Values.Reverse(), payment => payment.CreatedAt, payment => payment.ToJson());

    public JsonObject ListRefunds(SimulatorRequest request) => RazorpayLists.Page(
        request, ledger.RefundsMade.Values.Reverse(), refund => refund.CreatedAt, refund => refund.ToJson());

    /// <summary>Full amount and same currency only; both are mandatory.</summary>
    public JsonObject Capture(SimulatorRequest request)
    {
        var body = new RazorpayBody(request.Body);
        body.Allow("amount", "currency");
        var amount = body.Required("amount");
        var currency = body.RequiredText("currency");
        if (options.AnswersUnknownCaptureWith404 && !ledger.PaymentsMade.ContainsKey(request.Id))
            throw new RazorpayException(RazorpayErrors.NoRoute(), "unknown id");
        var payment = Find(request.Id);
        if (payment.IsCaptured)
        {
            // Observed: the id in the metadata comes without its prefix.
            throw RazorpayErrors.Refused(
                "This payment has already been captured", new JsonObject { ["payment_id"] = payment.Id["pay_".Length..] });
        }

        if (payment.IsReleased) throw RazorpayErrors.Refused("The payment has already been either captured or voided.");
        if (!payment.IsHeld) throw RazorpayErrors.Refused("Only payments which have been authorized and not yet captured can be captured.");
        if (payment.Order.IsPaid) throw RazorpayErrors.Refused("Payment already done for this order.");
        if (currency != payment.Order.Currency) throw RazorpayErrors.Refused("Capture request currency must be same as payment currency.");
        if (amount != payment.Order.Amount) throw RazorpayErrors.Refused("Capture amount must be equal to the amount authorized.");
        account.Capture(payment);
        return payment.ToJson();
    }

    public JsonObject Refund(SimulatorRequest request)
    {
        var body = new RazorpayBody(request.Body, mayBeEmpty: true);
        body.Allow("amount", "speed", "receipt", "notes");
        var payment = Find(request.Id);
        var amount = body.Number("amount");
        if (amount == 0) throw RazorpayErrors.Invalid("Amount cannot be blank.", "amount");
        if (amount < 0) throw RazorpayErrors.Invalid("The amount must be at least INR 1.00", "amount");
        var speed = body.Text("speed") ?? "normal";
        if (speed is not ("normal" or "optimum")) throw RazorpayErrors.Invalid("The selected speed is invalid.", "speed");
        var receipt = body.Text("receipt");
        if (receipt is not null && ledger.RefundsMade.Values.Any(made => made.Payment == payment && made.Receipt == receipt))
            throw RazorpayErrors.Refused("Duplicate receipt found for this refund request.");
        var notes = body.Notes();
        if (payment.IsHeld && options.AllowsRefundOfAuthorized)
        {
            if (amount is not null) throw RazorpayErrors.Refused("Void is not supported for partial refunds.");
            return account.Refund(payment, payment.Order.Amount, receipt, notes, speed).ToJson();
        }

        var left = payment.Order.Amount - payment.AmountRefunded;
        if (payment.Status == "refunded" || (payment.IsCaptured && left == 0))
            throw RazorpayErrors.Refused("The payment has been fully refunded already.");
        if (!payment.IsCaptured) throw RazorpayErrors.Refused("The payment status should be captured for action to be taken.");
        if (amount > left) throw RazorpayErrors.Refused("The refund amount provided is greater than amount captured.");
        if (!account.CanAfford(amount ?? left))
            throw RazorpayErrors.Refused("Your account does not have enough balance to carry out the refund operation.");
        return account.Refund(payment, amount ?? left, receipt, notes, speed).ToJson();
    }

    public JsonObject Refunds(SimulatorRequest request)
    {
        var payment = Find(request.Id);
        return RazorpayLists.Page(
            request, ledger.RefundsMade.Values.Where(refund => refund.Payment == payment).Reverse(),
            refund => refund.CreatedAt, refund => refund.ToJson());
    }

    public JsonObject ReadRefund(SimulatorRequest request)
    {
        RazorpayIds.Demand(request.Id, "rfnd_");
        return ledger.RefundsMade.TryGetValue(request.Id, out var refund) ? refund.ToJson() : throw RazorpayErrors.UnknownId();
    }

    private RazorpayPayment Find(string id)
    {
        RazorpayIds.Demand(id, "pay_");
        return ledger.PaymentsMade.TryGetValue(id, out var payment) ? payment : throw RazorpayErrors.UnknownId();
    }
}
