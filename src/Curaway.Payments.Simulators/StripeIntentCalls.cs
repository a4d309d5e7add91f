using System.Text.Json.Nodes;

namespace Curaway.Payments.Simulators;

/// <summary>Payment intents: create, read, list, confirm, capture, cancel.</summary>
internal sealed class StripeIntentCalls(
    StripeSimulatorOptions options, SimulatorClock clock, StripeLedger ledger, StripeAccount account, StripeEvents events,
    StripeVaultCalls vault)
{
    // Eight digits, the API reference's limit for an amount.
    private const long AmountMax = 99_999_999;

    public JsonObject Create(StripeForm form, SimulatorRequest request, StripeCause cause)
    {
        form.Allow(
            "amount", "currency", "capture_method", "automatic_payment_methods", "allowed_payment_method_types", "excluded_payment_method_types",
            "payment_method_configuration", "payment_method", "payment_method_options", "payment_method_data", "confirm", "off_session", "customer",
            "metadata", "description", "return_url", "setup_future_usage", "receipt_email", "statement_descriptor", "statement_descriptor_suffix",
            "error_on_requires_action", "confirmation_method", "use_stripe_sdk", "shipping", "transfer_group", "on_behalf_of");
        var amount = form.Required("amount");
        var currency = form.RequiredText("currency").ToLowerInvariant();
        if (amount < 1) throw StripeErrors.Invalid("parameter_invalid_integer", "This value must be greater than or equal to 1.", "amount");
        if (amount > AmountMax) throw StripeErrors.Invalid("amount_too_large", "Amount must be no more than 999,999.99.", "amount");
        if (currency.Length != 3 || !currency.All(char.IsAsciiLetterLower))
            throw StripeErrors.Invalid("parameter_invalid", $"Invalid currency: {currency}.", "currency");
        if (amount < MinimumOf(currency))
            throw StripeErrors.Invalid("amount_too_small", "The amount must be greater than or equal to the minimum charge amount.", "amount");
        var captureMethod = form.Text("capture_method") ?? "automatic_async";
        if (captureMethod is not ("manual" or "automatic" or "automatic_async"))
            throw StripeErrors.Invalid("parameter_invalid", "Invalid capture_method.", "capture_method");
        var isConfirmed = form.Flag("confirm");
        if (form.Flag("off_session") && !isConfirmed)
            throw StripeErrors.Invalid("parameter_invalid", "off_session can only be set when confirm is true.", "off_session");
        var customer = form.Text("customer");
        vault.DemandCustomer(customer);
        var card = form.Text("payment_method") is { } method ? vault.DemandMethod(method, customer) : null;
        if (isConfirmed && card is null)
            throw StripeErrors.Invalid("parameter_missing", "You must provide a payment method to confirm this PaymentIntent.", "payment_method");

        var id = SimulatorSecrets.NewId("pi_", 24);
        var intent = new StripeIntent
        {
            Id = id,
            ClientSecret = SimulatorSecrets.NewId(id + "_secret_", 25),
            Amount = amount,
            Currency = currency,
            CaptureMethod = captureMethod,
            Created = clock.UnixSeconds,
            Metadata = form.Metadata(),
            LiveMode = options.LiveMode,
            Status = card is null ? "requires_payment_method" : "requires_confirmation",
            Customer = customer,
            Description = form.Text("description"),
            ReturnUrl = form.Text("return_url"),
            SetupFutureUsage = form.Text("setup_future_usage"),
            IsOffSession = form.Flag("off_session"),
            PaymentMethod = form.Text("payment_method"),
        };
        ledger.Intents.Add(id, intent);
        events.Publish(cause, "payment_intent.created", intent.ToJson());
        if (isConfirmed) ConfirmWith(intent, card!, cause);
        return intent.ToJson(form.Expands("latest_charge"));
    }

    public JsonObject Read(StripeForm form, SimulatorRequest request, StripeCause cause) =>
        Find(request.Id).ToJson(form.Expands("latest_charge"));

    public JsonObject List(StripeForm form, SimulatorRequest request, StripeCause cause)
    {
        form.Allow("created", "limit", "customer", "starting_after", "ending_before");
        var from = form.Number("created[gte]") ?? long.MinValue;
        var to = form.Number("created[lte]") ?? long.MaxValue;
        var customer = form.Text("customer");
        var newestFirst = ledger.Intents.Values.Reverse()
            .Where(intent => intent.Created >= from && intent.Created <= to && (customer is null || intent.Customer == customer));
        var expands = form.Expands("data.latest_charge");
        return StripeLists.Page(form, "/v1/payment_intents", newestFirst, intent => intent.Id, intent => intent.ToJson(expands));
    }

    public JsonObject Confirm(StripeForm form, SimulatorRequest request, StripeCause cause)
    {
        form.Allow(
            "payment_method", "payment_method_options", "payment_method_data", "return_url", "off_session", "use_stripe_sdk", "setup_future_usage", "error_on_requires_action");
        var intent = Find(request.Id);
        if (intent.Status is not ("requires_payment_method" or "requires_confirmation" or "requires_action"))
            throw StripeErrors.UnexpectedState(intent, "confirmed");
        var method = form.Text("payment_method") ?? intent.PaymentMethod
            ?? throw StripeErrors.Invalid("parameter_missing", "You must provide a payment method to confirm this PaymentIntent.", "payment_method");
        var card = vault.DemandMethod(method, intent.Customer);
        intent.PaymentMethod = method;
        intent.ReturnUrl = form.Text("return_url") ?? intent.ReturnUrl;
        intent.IsOffSession = form.Flag("off_session");
        ConfirmWith(intent, card, cause);
        return intent.ToJson(form.Expands("latest_charge"));
    }

    public JsonObject Capture(StripeForm form, SimulatorRequest request, StripeCause cause)
    {
        form.Allow("amount_to_capture", "final_capture", "metadata", "statement_descriptor", "statement_descriptor_suffix");
        var intent = Find(request.Id);
        if (intent.Status != "requires_capture") throw StripeErrors.UnexpectedState(intent, "captured");
        var amount = form.Number("amount_to_capture") ?? intent.AmountCapturable;
        if (amount < 1)
            throw StripeErrors.Invalid("parameter_invalid_integer", "This value must be greater than or equal to 1.", "amount_to_capture");
        if (amount > intent.AmountCapturable)
            throw StripeErrors.Refused("amount_too_large", "The amount to capture is greater than the amount you can capture.", "amount_to_capture");
        account.Capture(intent, amount, cause);
        return intent.ToJson(form.Expands("latest_charge"));
    }

    public JsonObject Cancel(StripeForm form, SimulatorRequest request, StripeCause cause)
    {
        form.Allow("cancellation_reason");
        var intent = Find(request.Id);
        var reason = form.Text("cancellation_reason");
        if (reason is not (null or "duplicate" or "fraudulent" or "requested_by_customer" or "abandoned"))
            throw StripeErrors.Invalid("parameter_invalid", "Invalid cancellation_reason.", "cancellation_reason");
        if (intent.Status is "succeeded" or "canceled") throw StripeErrors.UnexpectedState(intent, "canceled");
        account.Cancel(intent, reason, cause);
        return intent.ToJson(form.Expands("latest_charge"));
    }

    /// <exception cref="StripeException">402 when the card is declined, or needs a customer who is not there.</exception>
    public void ConfirmWith(StripeIntent intent, StripeTestCard card, StripeCause cause)
    {
        switch (card.Behaviour)
        {
            case StripeCardBehaviour.NeedsAuthentication or StripeCardBehaviour.NeedsAuthenticationOnce when !intent.IsOffSession:
                account.RequireAction(intent, card, cause);
                break;
            case StripeCardBehaviour.NeedsAuthentication or StripeCardBehaviour.NeedsAuthenticationOnce or StripeCardBehaviour.Declines:
                throw StripeErrors.Card(intent, account.Decline(intent, card, cause));
            default:
                cause.AnswersSlowly = card.Behaviour == StripeCardBehaviour.PaysSlowly;
                account.Authorize(intent, card, cause);
                break;
        }
    }

    public StripeIntent Find(string id) =>
        ledger.Intents.TryGetValue(id, out var intent) ? intent : throw StripeErrors.Missing("payment_intent", id, "intent");

    // Minor units. Minimums follow the settlement currency; these are the published ones where they are 50 minor units.
    private static long MinimumOf(string currency) =>
        currency is "usd" or "eur" or "aud" or "cad" or "chf" or "nzd" or "sgd" or "brl" or "inr" or "jpy" ? 50 : 1;
}

/// <summary>Cursor pages, newest first.</summary>
internal static class StripeLists
{
    public static JsonObject Page<T>(
        StripeForm form, string url, IEnumerable<T> newestFirst, Func<T, string> idOf, Func<T, JsonObject> render)
    {
        var limit = form.Number("limit") ?? 10;
        if (limit is < 1 or > 100)
            throw StripeErrors.Invalid("parameter_invalid_integer", "This value must be between 1 and 100.", "limit");
        if (form.Text("starting_after") is { } after) newestFirst = newestFirst.SkipWhile(item => idOf(item) != after).Skip(1);
        var page = newestFirst.Take((int)limit + 1).ToList();
        return new JsonObject
        {
            ["object"] = "list",
            ["url"] = url,
            ["has_more"] = page.Count > limit,
            ["data"] = SimulatorJson.Array(page.Take((int)limit).Select(render)),
        };
    }
}
