using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.ContractTests.Razorpay;

/// <summary>Razorpay as stubs.</summary>
internal sealed class RazorpayHarness : WireMockHarness
{
    public const string KeyId = "rzp_test_contract";
    public const string KeySecret = "key_secret_for_tests";

    // Base64 of "rzp_test_contract:key_secret_for_tests".
    private const string Authorization = "Basic cnpwX3Rlc3RfY29udHJhY3Q6a2V5X3NlY3JldF9mb3JfdGVzdHM=";

    public override Money Amount => new(150_000, Currency.Parse("INR"));

    public override string Reference => RazorpayAnswers.OrderId;

    public override string PaymentReference => RazorpayAnswers.PaymentId;

    /// <summary>How the account lets go of what is held. Set before the provider is asked for.</summary>
    public RazorpayVoidPolicy VoidPolicy { get; set; }

    public Uri Address => new(Server.Urls[0]);

    /// <summary>The bodies of what was posted, byte for byte.</summary>
    public IReadOnlyList<string?> PostedBodies =>
        [.. Server.LogEntries.Where(entry => entry.RequestMessage!.Method == "POST").Select(entry => entry.RequestMessage!.Body)];

    protected override string IdempotencyHeader => "X-Refund-Idempotency";

    public override WireRequest? Expected(ProviderRequest request)
    {
        var operation = request.RequiredOperation;
        (string, string)[] money = [("amount", $"{operation.Amount.MinorUnits}"), ("currency", operation.Amount.Currency.Code)];
        (string, string)[] ours =
        [
            ("receipt", operation.Id.ToString()),
            ("notes[charge_id]", request.Charge.Id.ToString()),
            ("notes[operation_id]", operation.Id.ToString()),
            ("notes[consultation_id]", request.Charge.ConsultationId.Value),
            ("notes[tenant_id]", request.Charge.TenantId.Value),
        ];
        (string, string)[] manual =
        [
            ("payment[capture]", "manual"),
            ("payment[capture_options][manual_expiry_period]", "4320"),
            ("payment[capture_options][refund_speed]", "normal"),
        ];
        return operation.Kind switch
        {
            OperationKind.Authorize => new WireRequest("POST", "/v1/orders", Authorization, null, [.. money, .. ours, .. manual]),
            OperationKind.Capture => new WireRequest("POST", $"/v1/payments/{PaymentReference}/capture", Authorization, null, money),
            OperationKind.Void => null,
            _ => new WireRequest(
                "POST",
                $"/v1/payments/{PaymentReference}/refund",
                Authorization,
                operation.IdempotencyKey,
                [money[0], ("speed", "normal"), .. ours]),
        };
    }

    public override void StubSuccess(ProviderRequest request)
    {
        if (Expected(request) is { } call)
            Stub(call.Method, call.Path, 200, AnswerTo(request, null));
        else
            StubPayments(RazorpayAnswers.Payment("authorized"));
    }

    public override void StubReplay(ProviderRequest request)
    {
        StubSuccess(request);
        if (request.RequiredOperation.Kind == OperationKind.Authorize)
            StubGet("/v1/orders", RazorpayAnswers.List(AnswerTo(request, null)));
        if (request.RequiredOperation.Kind == OperationKind.Capture)
            StubGet($"/v1/payments/{PaymentReference}", AnswerTo(request, null));
    }

    public override void StubFound(ProviderRequest request)
    {
        StubOrder(request);
        switch (request.RequiredOperation.Kind)
        {
            case OperationKind.Capture:
                StubPayments(RazorpayAnswers.Payment("captured", captured: true));
                StubRefunds();
                break;
            case OperationKind.Refund:
                StubPayments(RazorpayAnswers.Payment("refunded", captured: true, refunded: Amount.MinorUnits));
                StubRefunds(AnswerTo(request, null));
                break;
            default:
                StubPayments(RazorpayAnswers.Payment("authorized"));
                break;
        }
    }

    public override void StubNotFound(ProviderRequest request)
    {
        switch (request.RequiredOperation.Kind)
        {
            case OperationKind.Authorize:
                StubGet("/v1/orders", RazorpayAnswers.List());
                break;
            case OperationKind.Void:
                StubGet(
                    $"/v1/orders/{Reference}", RazorpayAnswers.Error("The id provided does not exist", "input_validation_failed"), 400);
                break;
            case OperationKind.Capture:
                StubOrder(request);
                StubPayments(RazorpayAnswers.Payment("authorized"));
                break;
            default:
                StubOrder(request);
                StubPayments(RazorpayAnswers.Payment("captured", captured: true));
                StubRefunds();
                break;
        }
    }

    /// <summary>A void sends nothing, an order cannot be declined, and a capture is refused for no reason of the patient's.</summary>
    public static bool CanHappen(OperationKind kind, WireFault fault) => kind switch
    {
        OperationKind.Void => fault is WireFault.ConnectionRefused or WireFault.ConnectionReset,
        OperationKind.Refund => true,
        _ => fault != WireFault.Refused,
    };

    public void StubGet(string path, string body, int status = 200) => Stub("GET", path, status, body);

    public void StubPost(string path, string body, int status = 200, params (string Name, string Value)[] headers) =>
        Stub("POST", path, status, body, headers);

    public void StubOrder(ProviderRequest request)
    {
        var order = RazorpayAnswers.Order(RazorpayAnswers.Notes(request), request.Operation?.Id.ToString() ?? "");
        if (request.Charge.Reference is null)
            StubGet("/v1/orders", RazorpayAnswers.List(order));
        else
            StubGet($"/v1/orders/{Reference}", order);
    }

    public void StubPayments(params string[] payments) =>
        StubGet($"/v1/orders/{Reference}/payments", RazorpayAnswers.List(payments));

    public void StubRefunds(params string[] refunds) =>
        StubGet($"/v1/payments/{PaymentReference}/refunds", RazorpayAnswers.List(refunds));

    protected override IPaymentProvider Create(Uri? apiBase)
    {
        var services = new ServiceCollection();
        new PaymentsBuilder(services).AddRazorpay(options =>
        {
            if (apiBase is null)
                return;
            options.KeyId = KeyId;
            options.KeySecret = KeySecret;
            options.VoidPolicy = VoidPolicy;
            options.ApiBase = apiBase.ToString();
        });
        return services.BuildServiceProvider().GetRequiredService<IPaymentProvider>();
    }

    protected override string AnswerTo(ProviderRequest request, WireFault? fault)
    {
        var operation = request.RequiredOperation;
        var amount = operation.Amount.MinorUnits + (fault == WireFault.OtherAmount ? 100 : 0);
        var currency = fault == WireFault.OtherCurrency ? "USD" : operation.Amount.Currency.Code;
        var isOther = fault == WireFault.OtherId;
        var notes = RazorpayAnswers.Notes(request);
        return operation.Kind switch
        {
            OperationKind.Authorize => RazorpayAnswers.Order(notes, isOther ? "another" : operation.Id.ToString(), amount, currency),
            OperationKind.Capture => RazorpayAnswers.Payment(
                "captured", captured: true, amount, currency, isOther ? "pay_Another01" : PaymentReference),
            _ => RazorpayAnswers.Refund(
                notes,
                amount: amount,
                currency: currency,
                paymentId: isOther ? "pay_Another01" : PaymentReference,
                receipt: operation.Id.ToString()),
        };
    }

    protected override (int Status, string Body) ErrorOf(ProviderRequest request, WireFault fault) => fault switch
    {
        WireFault.Refused =>
            (400, RazorpayAnswers.Error("Your account does not have enough balance to carry out the refund operation.")),
        WireFault.BadRequest when request.RequiredOperation.Kind == OperationKind.Capture =>
            (400, RazorpayAnswers.Error("Capture amount must be equal to the amount authorized.")),
        WireFault.BadRequest => (400, RazorpayAnswers.Error("speed is/are not required and should not be sent", "extra_field_sent")),
        WireFault.Unauthorized => (401, RazorpayAnswers.Error("The api key provided is invalid")),
        WireFault.Throttled => (429, RazorpayAnswers.Error("Too many requests")),
        _ => (500, RazorpayAnswers.Error("We are facing some trouble", code: "SERVER_ERROR")),
    };
}
