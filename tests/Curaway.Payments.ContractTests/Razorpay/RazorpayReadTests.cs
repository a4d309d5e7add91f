using System.Security.Cryptography;
using System.Text;

namespace Curaway.Payments.ContractTests.Razorpay;

/// <summary>What Checkout brought back, and what Find makes of what it reads.</summary>
public sealed class RazorpayReadTests : IAsyncLifetime
{
    // Made outside .NET: HMAC-SHA256("key_secret_for_tests", "order_Contract01|pay_Contract01").
    private const string Signature = "d1bd6995ffe18af229447cb0bad00dda3796da3c7b39f138a06fc38bed5b0ac4";

    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(RazorpayAnswers.CreatedAt);

    private static readonly Charge Charge = new()
    {
        Id = new ChargeId(Guid.Parse("01940000-0000-7000-8000-0000000000cc")),
        TenantId = OpaqueId.Parse("clinic-india"),
        ConsultationId = OpaqueId.Parse("consultation_42"),
        Amount = new Money(150_000, Currency.Parse("INR")),
        Routing = new RoutingDecision("razorpay", "default", []),
        Reference = RazorpayAnswers.OrderId,
        CreatedAt = Now,
        BookBy = Now.AddMinutes(10),
    };

    private RazorpayHarness World { get; } = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("authorized", false, OperationOutcome.Succeeded)]
    [InlineData("captured", true, OperationOutcome.Succeeded)]
    [InlineData("created", false, OperationOutcome.Pending)]
    [InlineData("failed", false, OperationOutcome.Declined)]
    [InlineData("refunded", false, OperationOutcome.Declined)]
    [InlineData("unheard_of", false, OperationOutcome.Indeterminate)]
    public async Task A_genuine_proof_is_worth_what_the_payment_says(string status, bool captured, OperationOutcome outcome)
    {
        World.StubGet($"/v1/payments/{RazorpayAnswers.PaymentId}", RazorpayAnswers.Payment(status, captured));

        var result = await VerifyAsync(Proof());

        Assert.Equal(outcome, result.Outcome);
    }

    [Fact]
    public async Task A_failed_attempt_is_declined_with_its_reason_and_the_charge_stays_open()
    {
        var failed = RazorpayAnswers.Payment("failed", captured: true, errorCode: "BAD_REQUEST_ERROR", errorReason: "payment_cancelled");
        World.StubGet($"/v1/payments/{RazorpayAnswers.PaymentId}", failed);

        var result = await VerifyAsync(Proof());

        Assert.Equal((OperationOutcome.Declined, "payment_cancelled"), (result.Outcome, result.Reason));
        Assert.Equal(PaymentState.Failed, Assert.Single(result.Snapshot!.Payments).State);
        Assert.Equal(ChargeStatus.Pending, ChargeLifecycle.Apply(Charge, result.Snapshot, Charge.CreatedAt).Charge.Status);
    }

    public static TheoryData<string, string, string?> ForgedProofs => new()
    {
        { RazorpayAnswers.PaymentId, new string('0', 64), null },
        { RazorpayAnswers.PaymentId, "", null },
        { RazorpayAnswers.PaymentId, Signature[..63], null },
        { RazorpayAnswers.PaymentId, Signature[..63] + "g", null },
        { "pay_Another01", Signature, null },
        { "../orders/x", Sign("order_Contract01|../orders/x"), null },
        { RazorpayAnswers.PaymentId, Signature, "order_Another01" },
        { RazorpayAnswers.PaymentId, Sign("order_Another01|pay_Contract01"), "order_Another01" },
        { RazorpayAnswers.PaymentId, Sign("pay_Contract01|order_Contract01"), null },
    };

    [Theory, MemberData(nameof(ForgedProofs))]
    public async Task A_forged_proof_is_declined_without_a_call(string paymentId, string signature, string? orderId)
    {
        var result = await VerifyAsync(Proof(paymentId, signature, orderId));

        Assert.Equal((OperationOutcome.Declined, "invalid_proof"), (result.Outcome, result.Reason));
        Assert.Empty(World.Sent);
    }

    [Fact]
    public async Task A_proof_of_another_order_or_amount_is_a_mismatch()
    {
        var path = $"/v1/payments/{RazorpayAnswers.PaymentId}";
        World.StubGet(path, RazorpayAnswers.Payment("authorized", orderId: "order_Another01"));
        Assert.Equal(ProviderFault.Mismatch, (await VerifyAsync(Proof())).Fault);
        World.StubGet(path, RazorpayAnswers.Payment("authorized", orderId: null));
        Assert.Equal(ProviderFault.Mismatch, (await VerifyAsync(Proof())).Fault);
        World.StubGet(path, RazorpayAnswers.Payment("authorized", amount: 100));
        Assert.Equal(ProviderFault.Mismatch, (await VerifyAsync(Proof())).Fault);
        World.StubGet(path, RazorpayAnswers.Payment("authorized", currency: "USD"));
        Assert.Equal(ProviderFault.Mismatch, (await VerifyAsync(Proof())).Fault);
        World.StubGet(path, RazorpayAnswers.Payment("authorized", id: "pay_Another01"));
        Assert.Equal(ProviderFault.Mismatch, (await VerifyAsync(Proof())).Fault);
    }

    [Fact]
    public async Task A_proof_of_an_unknown_payment_proves_nothing()
    {
        var error = RazorpayAnswers.Error("The id provided does not exist", "input_validation_failed");
        World.StubGet($"/v1/payments/{RazorpayAnswers.PaymentId}", error, 400);

        var result = await VerifyAsync(Proof());

        Assert.Equal((OperationOutcome.Indeterminate, ProviderFault.NotFound), (result.Outcome, result.Fault));
    }

    [Fact]
    public async Task An_attempt_that_failed_in_the_dialog_is_declined_with_the_last_attempts_reason()
    {
        World.StubPayments(
            RazorpayAnswers.Payment("failed", id: "pay_2", errorReason: "incorrect_otp", createdAt: RazorpayAnswers.CreatedAt + 5),
            RazorpayAnswers.Payment("failed", id: "pay_1", errorReason: "payment_timed_out"));

        var result = await VerifyAsync(new CheckoutProof(new Dictionary<string, string> { ["error"] = "BAD_REQUEST_ERROR" }));

        Assert.Equal((OperationOutcome.Declined, "incorrect_otp"), (result.Outcome, result.Reason));
        Assert.Equal(2, result.Snapshot!.Payments.Length);
    }

    [Fact]
    public async Task A_payment_that_stands_wins_over_the_dialogs_error()
    {
        World.StubPayments(
            RazorpayAnswers.Payment("failed", id: "pay_2", createdAt: RazorpayAnswers.CreatedAt + 5),
            RazorpayAnswers.Payment("authorized"));

        var result = await VerifyAsync(new CheckoutProof(new Dictionary<string, string>()));

        Assert.Equal(OperationOutcome.Succeeded, result.Outcome);
    }

    [Fact]
    public async Task An_error_before_any_attempt_is_declined()
    {
        World.StubPayments();

        var result = await VerifyAsync(new CheckoutProof(new Dictionary<string, string> { ["error"] = "" }));

        Assert.Equal((OperationOutcome.Declined, "payment_failed"), (result.Outcome, result.Reason));
    }

    [Theory]
    [InlineData("created", false, OperationOutcome.RequiresAction)]
    [InlineData("failed", false, OperationOutcome.RequiresAction)]
    [InlineData("authorized", false, OperationOutcome.Succeeded)]
    [InlineData("captured", true, OperationOutcome.Succeeded)]
    [InlineData("refunded", false, OperationOutcome.Succeeded)]
    public async Task A_plain_read_tells_everything_and_what_the_patient_may_do(string status, bool captured, OperationOutcome outcome)
    {
        var request = new ProviderRequest(Charge, null);
        World.StubOrder(request);
        World.StubPayments(RazorpayAnswers.Payment(status, captured));
        World.StubRefunds();

        var result = await World.Provider.FindAsync(request, Ct);

        Assert.Equal(outcome, result.Outcome);
        Assert.Equal(outcome == OperationOutcome.RequiresAction, result.NextAction is not null);
        Assert.Equal((Charge.Reference, Charge.Amount, false), (result.Snapshot!.Reference, result.Snapshot.Amount, result.Snapshot.IsLiveMode));
    }

    [Theory]
    [InlineData(401, ProviderFault.Configuration)]
    [InlineData(429, ProviderFault.Throttled)]
    [InlineData(400, ProviderFault.NotFound)]
    [InlineData(503, ProviderFault.ServerError)]
    [Trait("Promise", "P06")]
    public async Task A_read_that_fails_closes_no_operation(int status, ProviderFault fault)
    {
        World.StubGet($"/v1/orders/{RazorpayAnswers.OrderId}", RazorpayAnswers.Error("Something"), status);

        foreach (var kind in Enum.GetValues<OperationKind>())
        {
            var result = await World.Provider.FindAsync(RequestFor(kind), Ct);
            Assert.Equal((OperationOutcome.Indeterminate, fault), (result.Outcome, result.Fault));
        }
    }

    [Fact]
    [Trait("Promise", "P06")]
    public async Task A_read_that_reaches_nobody_closes_no_operation()
    {
        World.StubFault(RequestFor(OperationKind.Authorize), WireFault.ConnectionRefused);
        var unreached = await World.Provider.FindAsync(RequestFor(OperationKind.Authorize), Ct);
        var unconfigured = await World.Unconfigured.FindAsync(RequestFor(OperationKind.Authorize), Ct);

        Assert.Equal((OperationOutcome.Indeterminate, ProviderFault.ConnectFailed), (unreached.Outcome, unreached.Fault));
        Assert.Equal((OperationOutcome.Indeterminate, ProviderFault.Configuration), (unconfigured.Outcome, unconfigured.Fault));
    }

    [Fact]
    public async Task A_void_found_too_late_is_declined()
    {
        var request = RequestFor(OperationKind.Void);
        World.StubOrder(request);
        World.StubPayments(RazorpayAnswers.Payment("captured", captured: true));
        World.StubRefunds();

        var result = await World.Provider.FindAsync(request, Ct);

        Assert.Equal((OperationOutcome.Declined, "captured"), (result.Outcome, result.Reason));
        Assert.Single(result.Snapshot!.Payments);
    }

    [Fact]
    public async Task A_plain_read_without_an_order_finds_nothing()
    {
        var result = await World.Provider.FindAsync(new ProviderRequest(Charge with { Reference = null }, null), Ct);

        Assert.Equal((OperationOutcome.Indeterminate, ProviderFault.NotFound), (result.Outcome, result.Fault));
        Assert.Empty(World.Sent);
    }

    [Theory]
    [InlineData("pending", 150_000, OperationOutcome.Pending, ProviderFault.None)]
    [InlineData("failed", 150_000, OperationOutcome.Declined, ProviderFault.None)]
    [InlineData("processed", 100, OperationOutcome.Indeterminate, ProviderFault.Mismatch)]
    public async Task A_refund_is_found_by_its_receipt_too(string status, long amount, OperationOutcome outcome, ProviderFault fault)
    {
        var request = RequestFor(OperationKind.Refund);
        World.StubOrder(request);
        World.StubPayments(RazorpayAnswers.Payment("captured", captured: true));
        World.StubRefunds(
            RazorpayAnswers.Refund("[]", id: "rfnd_Other01", amount: 10),
            RazorpayAnswers.Refund("[]", status, amount, receipt: request.Operation!.Id.ToString()));

        var result = await World.Provider.FindAsync(request, Ct);

        Assert.Equal((outcome, fault), (result.Outcome, result.Fault));
        Assert.Equal(2, result.Snapshot!.Refunds.Length);
    }

    [Fact]
    public async Task A_refund_in_another_currency_makes_the_reading_unreadable()
    {
        var request = RequestFor(OperationKind.Refund);
        World.StubOrder(request);
        World.StubPayments(RazorpayAnswers.Payment("captured", captured: true));
        World.StubRefunds(RazorpayAnswers.Refund("[]", currency: "USD"));

        Assert.Equal(ProviderFault.Unreadable, (await World.Provider.FindAsync(request, Ct)).Fault);
    }

    [Fact]
    public async Task A_capture_of_money_that_lapsed_is_declined()
    {
        var request = RequestFor(OperationKind.Capture);
        World.StubOrder(request);
        World.StubPayments(RazorpayAnswers.Payment("refunded", captured: false));
        World.StubRefunds();

        var result = await World.Provider.FindAsync(request, Ct);

        Assert.Equal((OperationOutcome.Declined, "authorization_released"), (result.Outcome, result.Reason));
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => World.DisposeAsync();

    private static ProviderRequest RequestFor(OperationKind kind) => new(Charge, new ChargeOperation
    {
        Id = new OperationId(Guid.Parse("01940000-0000-7000-8000-0000000000aa")),
        ChargeId = Charge.Id,
        Kind = kind,
        Amount = Charge.Amount,
        Fingerprint = "f",
        ActorId = "reconciler",
        CreatedAt = Now,
        NextAttemptAt = Now,
        SendCount = 1,
    });

    private Task<ProviderResult> VerifyAsync(CheckoutProof proof) =>
        World.Provider.VerifyCheckoutAsync(new ProviderRequest(Charge, null), proof, Ct);

    private static string Sign(string text) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(RazorpayHarness.KeySecret), Encoding.UTF8.GetBytes(text)));

    private static CheckoutProof Proof(string paymentId = RazorpayAnswers.PaymentId, string signature = Signature, string? orderId = RazorpayAnswers.OrderId)
    {
        var fields = new Dictionary<string, string> { ["razorpay_payment_id"] = paymentId, ["razorpay_signature"] = signature };
        if (orderId is not null)
            fields["razorpay_order_id"] = orderId;
        return new CheckoutProof(fields);
    }
}
