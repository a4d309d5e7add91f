using System.Text.Json.Nodes;

namespace Curaway.Payments.Simulators;

/// <summary>Customers, saved payment methods and setup intents: enough to save a card and to keep two customers' cards apart.</summary>
internal sealed class StripeVaultCalls(StripeSimulatorOptions options, SimulatorClock clock)
{
    private readonly Dictionary<string, JsonObject> _customers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SavedMethod> _methods = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonObject> _setups = new(StringComparer.Ordinal);

    public JsonObject CreateCustomer(StripeForm form, SimulatorRequest request, StripeCause cause)
    {
        form.Allow("metadata", "description", "email", "name", "phone", "payment_method", "invoice_settings", "preferred_locales");
        var customer = new JsonObject
        {
            ["id"] = SimulatorSecrets.NewId("cus_", 14),
            ["object"] = "customer",
            ["created"] = clock.UnixSeconds,
            ["description"] = form.Text("description"),
            ["livemode"] = options.LiveMode,
            ["metadata"] = SimulatorJson.Map(form.Metadata()),
        };
        _customers.Add(customer.Text("id")!, customer);
        return customer.DeepClone().AsObject();
    }

    public JsonObject ReadCustomer(StripeForm form, SimulatorRequest request, StripeCause cause) =>
        _customers.TryGetValue(request.Id, out var customer)
            ? customer.DeepClone().AsObject()
            : throw StripeErrors.Missing("customer", request.Id);

    public JsonObject ListOfCustomer(StripeForm form, SimulatorRequest request, StripeCause cause) =>
        ListFor(form, request.Id, $"/v1/customers/{request.Id}/payment_methods");

    public JsonObject List(StripeForm form, SimulatorRequest request, StripeCause cause) =>
        ListFor(form, form.RequiredText("customer"), "/v1/payment_methods");

    public JsonObject Read(StripeForm form, SimulatorRequest request, StripeCause cause) =>
        _methods.TryGetValue(request.Id, out var saved) ? Render(saved) : throw StripeErrors.Missing("PaymentMethod", request.Id);

    public JsonObject Attach(StripeForm form, SimulatorRequest request, StripeCause cause)
    {
        form.Allow("customer");
        var customer = form.RequiredText("customer");
        DemandCustomer(customer);
        if (_methods.TryGetValue(request.Id, out var known))
        {
            if (known.Customer != customer) throw NotYours(request.Id);
            return Render(known);
        }

        var card = StripeTestCards.Find(request.Id) ?? throw StripeErrors.Missing("PaymentMethod", request.Id);
        return Render(Save(card, customer));
    }

    public JsonObject Detach(StripeForm form, SimulatorRequest request, StripeCause cause)
    {
        if (!_methods.TryGetValue(request.Id, out var saved)) throw StripeErrors.Missing("PaymentMethod", request.Id);
        if (saved.Customer is null)
            throw StripeErrors.Refused(null, "The payment method you provided is not attached to a customer so detachment is impossible.");
        saved.Customer = null;
        return Render(saved);
    }

    public JsonObject CreateSetup(StripeForm form, SimulatorRequest request, StripeCause cause)
    {
        form.Allow(
            "customer", "usage", "automatic_payment_methods", "allowed_payment_method_types", "confirm", "payment_method", "metadata",
            "description", "return_url", "payment_method_options");
        var customer = form.Text("customer");
        DemandCustomer(customer);
        var id = SimulatorSecrets.NewId("seti_", 24);
        var card = form.Text("payment_method") is { } method ? DemandMethod(method, customer) : null;
        var isDone = form.Flag("confirm") && card is { Behaviour: not StripeCardBehaviour.Declines };
        var setup = new JsonObject
        {
            ["id"] = id,
            ["object"] = "setup_intent",
            ["client_secret"] = SimulatorSecrets.NewId(id + "_secret_", 25),
            ["created"] = clock.UnixSeconds,
            ["customer"] = customer,
            ["livemode"] = options.LiveMode,
            ["metadata"] = SimulatorJson.Map(form.Metadata()),
            ["payment_method"] = isDone ? Save(card!, customer).Id : null,
            ["payment_method_types"] = new JsonArray("card"),
            ["status"] = isDone ? "succeeded" : "requires_payment_method",
            ["usage"] = form.Text("usage") ?? "off_session",
        };
        _setups.Add(id, setup);
        return setup.DeepClone().AsObject();
    }

    public JsonObject ReadSetup(StripeForm form, SimulatorRequest request, StripeCause cause) =>
        _setups.TryGetValue(request.Id, out var setup) ? setup.DeepClone().AsObject() : throw StripeErrors.Missing("setupintent", request.Id);

    public void DemandCustomer(string? id)
    {
        if (id is not null && !_customers.ContainsKey(id)) throw StripeErrors.Missing("customer", id, "customer");
    }

    /// <summary>The card behind a method id. A saved method pays only for the customer it is attached to.</summary>
    public StripeTestCard DemandMethod(string id, string? customer)
    {
        if (_methods.TryGetValue(id, out var saved))
            return saved.Customer == customer && customer is not null ? saved.Card : throw NotYours(id);
        return StripeTestCards.Find(id) ?? throw StripeErrors.Missing("PaymentMethod", id, "payment_method");
    }

    /// <summary>
    /// Keeps what the customer just paid with, where the intent says so; null when it is kept already. Having authenticated while
    /// saving is enough for a bank that asks once.
    /// </summary>
    public JsonObject? Keep(StripeTestCard card, string customer, string? method)
    {
        if (method is not null && _methods.ContainsKey(method)) return null;
        var isDone = card.Behaviour == StripeCardBehaviour.NeedsAuthenticationOnce;
        return Render(Save(isDone ? card with { Behaviour = StripeCardBehaviour.Pays } : card, customer));
    }

    private static StripeException NotYours(string id) => StripeErrors.Invalid(
        "payment_method_customer_mismatch", $"The payment method {id} does not belong to the customer you supplied.", "payment_method");

    private SavedMethod Save(StripeTestCard card, string? customer)
    {
        var saved = new SavedMethod(SimulatorSecrets.NewId("pm_", 24), card, clock.UnixSeconds) { Customer = customer };
        _methods.Add(saved.Id, saved);
        return saved;
    }

    private JsonObject ListFor(StripeForm form, string customer, string url)
    {
        form.Allow("customer", "type", "limit", "starting_after", "ending_before", "allow_redisplay");
        DemandCustomer(customer);
        return StripeLists.Page(
            form, url, _methods.Values.Where(saved => saved.Customer == customer).OrderByDescending(saved => saved.Created),
            saved => saved.Id, Render);
    }

    private JsonObject Render(SavedMethod saved) => new()
    {
        ["id"] = saved.Id,
        ["object"] = "payment_method",
        ["card"] = new JsonObject { ["brand"] = "visa", ["exp_month"] = 12, ["exp_year"] = 2034, ["last4"] = saved.Card.LastFour },
        ["created"] = saved.Created,
        ["customer"] = saved.Customer,
        ["livemode"] = options.LiveMode,
        ["metadata"] = new JsonObject(),
        ["type"] = "card",
    };

    private sealed class SavedMethod(string id, StripeTestCard card, long created)
    {
        public string Id { get; } = id;
        public StripeTestCard Card { get; } = card;
        public long Created { get; } = created;
        public string? Customer { get; set; }
    }
}
