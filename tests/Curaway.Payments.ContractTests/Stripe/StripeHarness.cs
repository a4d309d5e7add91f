using Microsoft.Extensions.DependencyInjection;
using WireMock.ResponseBuilders;

namespace Curaway.Payments.ContractTests.Stripe;

/// <summary>Stripe as stubs.</summary>
internal sealed class StripeHarness : WireMockHarness
{
    public const string SecretKey = "sk_test_contract";
    public const string PublishableKey = "pk_test_contract";

    private ServiceProvider? _services;

    public override Money Amount => new(150_000, Currency.Parse("USD"));

    public override string Reference => StripeAnswers.IntentId;

    public override string PaymentReference => StripeAnswers.ChargeId;

    public IPaymentMethodVault Vault => Provider is null ? throw new InvalidOperationException() : _services!.GetRequiredService<IPaymentMethodVault>();

    public Uri Address => new(Server.Urls[0]);

    /// <summary>The queries of everything that reached the world.</summary>
    public IReadOnlyList<string> Queries => [.. Server.LogEntries.Select(entry => Uri.UnescapeDataString(new Uri(entry.RequestMessage!.Url).Query))];

    protected override string IdempotencyHeader => "Idempotency-Key";

    public override WireRequest Expected(ProviderRequest request)
    {
        var operation = request.RequiredOperation;
        var amount = ("amount", $"{operation.Amount.MinorUnits}");
        (string, string)[] ours =
        [
            ("metadata[charge_id]", request.Charge.Id.ToString()),
            ("metadata[operation_id]", operation.Id.ToString()),
            ("metadata[consultation_id]", request.Charge.ConsultationId.Value),
            ("metadata[tenant_id]", request.Charge.TenantId.Value),
        ];
        var expand = ("expand[0]", "latest_charge");
        return operation.Kind switch
        {
            OperationKind.Authorize when operation.PaymentMethod is { } method => Post(
                "/v1/payment_intents",
                [amount, ("currency", "usd"), ("capture_method", "manual"), ("payment_method", method), ("customer", operation.Customer!),
                    ("confirm", "true"), ("off_session", "true"), ("allowed_payment_method_types[0]", "card"), expand, .. ours]),
            OperationKind.Authorize when operation.Customer is { } customer => Post(
                "/v1/payment_intents",
                [amount, ("currency", "usd"), ("capture_method", "manual"), ("customer", customer), ("setup_future_usage", "off_session"),
                    ("allowed_payment_method_types[0]", "card"), expand, .. ours]),
            OperationKind.Authorize => Post(
                "/v1/payment_intents",
                [amount, ("currency", "usd"), ("capture_method", "manual"), ("automatic_payment_methods[enabled]", "true"), expand, .. ours]),
            OperationKind.Capture when operation.Amount < Amount => Post(
                $"/v1/payment_intents/{Reference}/capture", [("amount_to_capture", $"{operation.Amount.MinorUnits}"), expand]),
            OperationKind.Capture => Post($"/v1/payment_intents/{Reference}/capture", [expand]),
            OperationKind.Void => Post(
                $"/v1/payment_intents/{Reference}/cancel", [("cancellation_reason", "requested_by_customer"), expand]),
            _ => Post("/v1/refunds", [amount, ("payment_intent", Reference), ("reason", "requested_by_customer"), .. ours]),
        };

        WireRequest Post(string path, (string, string)[] fields) =>
            new("POST", path, $"Bearer {SecretKey}", operation.IdempotencyKey, fields);
    }

    public override void StubSuccess(ProviderRequest request) => StubVerb(request, 200, AnswerTo(request, null), ("Request-Id", "req_Contract"));

    public override void StubFound(ProviderRequest request)
    {
        var metadata = StripeAnswers.Metadata(request);
        if (request.Charge.Reference is null)
            StubIntents(StripeAnswers.Intent("requires_capture", metadata));
        var taken = request.RequiredOperation.Kind == OperationKind.Capture ? request.RequiredOperation.Amount.MinorUnits : Amount.MinorUnits;
        var (status, charge, received) = request.RequiredOperation.Kind switch
        {
            OperationKind.Authorize => ("requires_capture", StripeAnswers.Charge(), 0L),
            OperationKind.Void => ("canceled", StripeAnswers.Charge(), 0L),
            _ => ("succeeded", StripeAnswers.Charge(captured: true, amountCaptured: taken), taken),
        };
        StubIntent(StripeAnswers.Intent(status, metadata, latestCharge: charge, received: received));
        if (received > 0)
            StubRefunds(request.RequiredOperation.Kind == OperationKind.Refund ? [StripeAnswers.Refund(metadata: metadata)] : []);
    }

    public override void StubNotFound(ProviderRequest request)
    {
        if (request.Charge.Reference is null)
            StubIntents(StripeAnswers.Intent("requires_capture", StripeAnswers.Metadata("another", "another")));
        else
            Stub("GET", $"/v1/payment_intents/{Reference}", 404, StripeAnswers.Error("invalid_request_error", "resource_missing"));
    }

    public void StubVerb(ProviderRequest request, int status, string body, params (string Name, string Value)[] headers)
    {
        var call = Expected(request);
        Stub(call.Method, call.Path, status, body, headers);
    }

    public void Answer(string method, string path, int status, string body) => Stub(method, path, status, body);

    public void StubGet(string path, int status, string body) => Stub("GET", path, status, body);

    public void StubIntent(string intent) => Stub("GET", $"/v1/payment_intents/{Reference}", 200, intent);

    public void StubIntents(params string[] intents) =>
        Stub("GET", "/v1/payment_intents", 200, StripeAnswers.List("/v1/payment_intents", hasMore: false, intents));

    /// <summary>The last page of a search for intents, after the one that ended with that id.</summary>
    public void StubNextPage(string after, params string[] intents) => Server
        .Given(Matching("GET", "/v1/payment_intents").WithParam("starting_after", after))
        .AtPriority(-1)
        .RespondWith(Response.Create().WithBody(StripeAnswers.List("/v1/payment_intents", hasMore: false, intents)));

    public void StubRefunds(params string[] refunds) =>
        Stub("GET", "/v1/refunds", 200, StripeAnswers.List("/v1/refunds", hasMore: false, refunds));

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_services is not null)
            await _services.DisposeAsync();
    }

    protected override IPaymentProvider Create(Uri? apiBase)
    {
        var services = new ServiceCollection();
        new PaymentsBuilder(services).AddStripe(options =>
        {
            if (apiBase is null)
                return;
            options.SecretKey = SecretKey;
            options.PublishableKey = PublishableKey;
            options.ApiBase = apiBase.ToString();
        });
        _services = services.BuildServiceProvider();
        return _services.GetRequiredService<IPaymentProvider>();
    }

    protected override string AnswerTo(ProviderRequest request, WireFault? fault)
    {
        var operation = request.RequiredOperation;
        var isOther = fault == WireFault.OtherId;
        var amount = Amount.MinorUnits + (fault == WireFault.OtherAmount ? 100 : 0);
        var currency = fault == WireFault.OtherCurrency ? "eur" : "usd";
        var metadata = isOther ? StripeAnswers.Metadata("01940000-0000-7000-8000-0000000000ff", "another") : StripeAnswers.Metadata(request);
        var id = isOther && operation.Kind != OperationKind.Authorize ? "pi_Another" : Reference;
        var captured = operation.Amount.MinorUnits;
        return operation.Kind switch
        {
            OperationKind.Authorize when operation.PaymentMethod is null =>
                StripeAnswers.Intent("requires_payment_method", metadata, amount, currency, id: id),
            OperationKind.Authorize =>
                StripeAnswers.Intent("requires_capture", metadata, amount, currency, latestCharge: StripeAnswers.Charge(), id: id),
            OperationKind.Capture => StripeAnswers.Intent(
                "succeeded", metadata, amount, currency, captured, StripeAnswers.Charge(captured: true, amountCaptured: captured), id: id),
            OperationKind.Void => StripeAnswers.Intent(
                "canceled", metadata, amount, currency, latestCharge: StripeAnswers.Charge(amount: amount, currency: currency), id: id),
            _ => StripeAnswers.Refund(
                metadata: StripeAnswers.Metadata(request), amount: captured + amount - Amount.MinorUnits, currency: currency, intent: id),
        };
    }

    protected override (int Status, string Body) ErrorOf(ProviderRequest request, WireFault fault) => fault switch
    {
        WireFault.Refused => request.RequiredOperation.Kind switch
        {
            OperationKind.Authorize => (402, StripeAnswers.Declined("insufficient_funds")),
            OperationKind.Capture => (400, StripeAnswers.Error("invalid_request_error", "capture_charge_authorization_expired")),
            _ => (400, StripeAnswers.Error("invalid_request_error", "charge_disputed")),
        },
        WireFault.BadRequest => (400, StripeAnswers.Error("invalid_request_error", "parameter_unknown")),
        WireFault.Unauthorized => (401, StripeAnswers.Error("invalid_request_error", "api_key_expired")),
        WireFault.Throttled => (429, StripeAnswers.Error("invalid_request_error", "rate_limit")),
        _ => (500, StripeAnswers.Error("api_error", null)),
    };
}
