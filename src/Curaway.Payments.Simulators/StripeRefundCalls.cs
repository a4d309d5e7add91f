using System.Text.Json.Nodes;

namespace Curaway.Payments.Simulators;

/// <summary>Refunds, and the charges they are made of.</summary>
internal sealed class StripeRefundCalls(StripeLedger ledger, StripeAccount account)
{
    public JsonObject Create(StripeForm form, SimulatorRequest request, StripeCause cause)
    {
        form.Allow("payment_intent", "charge", "amount", "reason", "metadata", "refund_application_fee", "reverse_transfer", "instructions_email");
        var reason = form.Text("reason");
        if (reason is not (null or "duplicate" or "fraudulent" or "requested_by_customer"))
            throw StripeErrors.Invalid("parameter_invalid", "Invalid reason.", "reason");
        var metadata = form.Metadata();
        var charge = ChargeOf(form);
        var left = charge.AmountCaptured - charge.AmountRefunded;
        if (left == 0) throw StripeErrors.Refused("charge_already_refunded", $"Charge {charge.Id} has already been refunded.");
        var amount = form.Number("amount") ?? left;
        if (amount < 1) throw StripeErrors.Invalid("parameter_invalid_integer", "This value must be greater than or equal to 1.", "amount");
        if (amount > left)
            throw StripeErrors.Refused(null, $"Refund amount ({amount}) is greater than unrefunded amount on charge ({left}).", "amount");
        return account.Refund(charge, amount, reason, metadata, cause).ToJson();
    }

    public JsonObject Read(StripeForm form, SimulatorRequest request, StripeCause cause) => Find(request.Id).ToJson();

    public JsonObject List(StripeForm form, SimulatorRequest request, StripeCause cause)
    {
        form.Allow("payment_intent", "charge", "created", "limit", "starting_after", "ending_before");
        var intent = form.Text("payment_intent");
        var charge = form.Text("charge");
        var from = form.Number("created[gte]") ?? long.MinValue;
        var to = form.Number("created[lte]") ?? long.MaxValue;
        var newestFirst = ledger.RefundsMade.Values.Reverse()
            .Where(refund => refund.Created >= from && refund.Created <= to && (intent is null || refund.Charge.Intent.Id == intent) && (charge is null || refund.Charge.Id == charge));
        return StripeLists.Page(form, "/v1/refunds", newestFirst, refund => refund.Id, refund => refund.ToJson());
    }

    public JsonObject ReadCharge(StripeForm form, SimulatorRequest request, StripeCause cause) =>
        ledger.ChargesMade.TryGetValue(request.Id, out var charge) ? charge.ToJson() : throw StripeErrors.Missing("charge", request.Id);

    public StripeRefund Find(string id) =>
        ledger.RefundsMade.TryGetValue(id, out var refund) ? refund : throw StripeErrors.Missing("refund", id);

    private StripeCharge ChargeOf(StripeForm form)
    {
        if (form.Text("charge") is { } id)
        {
            if (!ledger.ChargesMade.TryGetValue(id, out var named)) throw StripeErrors.Missing("charge", id, "charge");
            return named.IsCaptured ? named : throw Uncaptured(named.Intent);
        }

        var intentId = form.RequiredText("payment_intent");
        if (!ledger.Intents.TryGetValue(intentId, out var intent)) throw StripeErrors.Missing("payment_intent", intentId, "payment_intent");
        return intent.LatestCharge is { IsCaptured: true } charge ? charge : throw Uncaptured(intent);
    }

    private static StripeException Uncaptured(StripeIntent intent) => StripeErrors.Refused(
        null, $"This PaymentIntent ({intent.Id}) does not have a successful charge to refund. If it is uncaptured, cancel it instead.");
}
