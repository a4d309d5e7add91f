using System.Text.Json.Nodes;

namespace Curaway.Payments.Simulators;

/// <summary>What the browser is told after the patient's step.</summary>
/// <param name="PaymentIntentId"><c>pi_…</c>.</param>
/// <param name="Status">Status of the intent: <c>requires_capture</c>, <c>succeeded</c>, <c>requires_action</c> or <c>requires_payment_method</c>.</param>
/// <param name="ErrorCode">Such as <c>card_declined</c>; null on success.</param>
/// <param name="DeclineCode">Such as <c>insufficient_funds</c>; null when the bank gave none.</param>
/// <param name="Message">Text for the patient; null on success.</param>
public sealed record StripePatientResult(string PaymentIntentId, string Status, string? ErrorCode, string? DeclineCode, string? Message);

/// <summary>The browser's side: everything here is authorized by the client secret, never by the API key.</summary>
internal sealed class StripePatient(StripeLedger ledger, StripeAccount account, StripeIntentCalls intents)
{
    /// <returns>The intent and, after a decline, the card error.</returns>
    public (StripeIntent Intent, JsonObject? Error) Confirm(string clientSecret, string methodOrNumber, string? returnUrl)
    {
        lock (ledger.Gate)
        {
            ledger.Settle();
            var intent = Find(clientSecret);
            if (intent.Status is not ("requires_payment_method" or "requires_confirmation" or "requires_action"))
                throw new ControlException($"the payment has status {intent.Status}");
            var card = StripeTestCards.Find(methodOrNumber) ?? throw new ControlException("unknown test card");
            intent.PaymentMethod = card.PaymentMethod;
            intent.ReturnUrl = returnUrl ?? intent.ReturnUrl;
            intent.IsOffSession = false;
            try
            {
                intents.ConfirmWith(intent, card, StripeCause.Nobody);
                return (intent, null);
            }
            catch (StripeException)
            {
                return (intent, intent.LastPaymentError);
            }
        }
    }

    public (StripeIntent Intent, JsonObject? Error) Authenticate(string clientSecret, bool succeeds)
    {
        lock (ledger.Gate)
        {
            ledger.Settle();
            var intent = Find(clientSecret);
            if (intent.AwaitingAuthentication is not { } card) throw new ControlException($"the payment has status {intent.Status}");
            if (!succeeds) return (intent, account.FailAuthentication(intent, StripeCause.Nobody));
            account.Authorize(intent, card, StripeCause.Nobody);
            return (intent, null);
        }
    }

    /// <summary>What a publishable key may see of an intent.</summary>
    public JsonObject Render(StripeIntent intent, JsonObject? error)
    {
        lock (ledger.Gate)
        {
            var visible = intent.ToJson();
            visible.Remove("metadata");
            visible.Remove("customer");
            if (error is null) return new JsonObject { ["paymentIntent"] = visible };
            var shown = error.DeepClone().AsObject();
            shown["payment_intent"] = visible;
            return new JsonObject { ["error"] = shown };
        }
    }

    public static StripePatientResult ResultOf((StripeIntent Intent, JsonObject? Error) step) => new(
        step.Intent.Id, step.Intent.Status, step.Error?.Text("code"), step.Error?.Text("decline_code"), step.Error?.Text("message"));

    public StripeIntent Find(string clientSecret)
    {
        var at = clientSecret.IndexOf("_secret_", StringComparison.Ordinal);
        lock (ledger.Gate)
        {
            return at > 0 && ledger.Intents.TryGetValue(clientSecret[..at], out var intent) && SimulatorSecrets.Same(clientSecret, intent.ClientSecret)
                ? intent
                : throw new ControlException("unknown client secret");
        }
    }
}
