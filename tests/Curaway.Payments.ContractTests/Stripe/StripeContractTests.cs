namespace Curaway.Payments.ContractTests.Stripe;

/// <summary>The contract, and what is peculiar to Stripe's verbs.</summary>
public sealed class StripeContractTests : ProviderContractTests
{
    private StripeHarness Stripe => (StripeHarness)World;

    [Fact]
    public async Task Checkout_gets_the_client_secret_and_the_publishable_key()
    {
        var request = RequestFor(OperationKind.Authorize);
        Stripe.StubSuccess(request);

        var result = await SendAsync(request);

        Assert.Equal("stripe", result.NextAction!.Provider);
        Assert.Equal(new Uri("https://js.stripe.com/v3/"), result.NextAction.ScriptUrl);
        Assert.Equal(
            [("client_secret", StripeAnswers.ClientSecret), ("publishable_key", StripeHarness.PublishableKey)],
            result.NextAction.Parameters.Select(p => (p.Key, p.Value)).Order());
        Assert.DoesNotContain("canary", result.NextAction.ToString(), StringComparison.Ordinal);
        Assert.Equal("req_Contract", result.ProviderRequestId);
    }

    [Fact]
    public async Task A_saved_method_is_charged_at_once_and_says_until_when_the_hold_lasts()
    {
        var request = SavedMethod();
        Stripe.StubSuccess(request);

        var result = await SendAsync(request);

        Assert.Equal(OperationOutcome.Succeeded, result.Outcome);
        Assert.Equal(Stripe.Expected(request).ToString(), Assert.Single(Stripe.Sent).ToString());
        Assert.Equal(ChargeStatus.Authorized, StatusAfter(request, result));
        var payment = Assert.Single(result.Snapshot!.Payments);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(StripeAnswers.CaptureBefore), payment.CaptureBefore);
        Assert.Equal(request.Charge.Id, result.Snapshot.ChargeId);
        Assert.Equal(request.RequiredOperation.Id, result.Snapshot.OperationId);
        Assert.False(result.Snapshot.IsLiveMode);
    }

    [Theory]
    [InlineData("insufficient_funds")]
    [InlineData("authentication_required")]
    public async Task A_declined_saved_method_names_the_failed_payment_and_no_prose(string declineCode)
    {
        var request = SavedMethod();
        Stripe.StubVerb(request, 402, StripeAnswers.Declined(declineCode));

        var result = await SendAsync(request);

        Assert.Equal((OperationOutcome.Declined, declineCode), (result.Outcome, result.Reason));
        Assert.Equal(StripeAnswers.IntentId, result.Snapshot!.Reference);
        var payment = Assert.Single(result.Snapshot.Payments);
        Assert.Equal((StripeAnswers.ChargeId, PaymentState.Failed, declineCode), (payment.Reference, payment.State, payment.ErrorCode));
        Assert.DoesNotContain("Canary", result.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_decline_whose_intent_has_no_details_still_names_intent_and_charge()
    {
        var request = SavedMethod();
        const string Embedded = ""","charge":"ch_9","payment_intent":{"id":"pi_9","object":"payment_intent","status":"requires_payment_method"}""";
        Stripe.StubVerb(request, 402, StripeAnswers.Error("card_error", "card_declined", Embedded));

        var result = await SendAsync(request);

        Assert.Equal(OperationOutcome.Declined, result.Outcome);
        Assert.Equal("pi_9", result.Snapshot!.Reference);
        Assert.Equal(("ch_9", PaymentState.Failed), (result.Snapshot.Payments[0].Reference, result.Snapshot.Payments[0].State));
    }

    [Fact]
    public async Task A_decline_around_an_intent_that_holds_money_is_no_decline()
    {
        var request = SavedMethod();
        Stripe.StubVerb(request, 402, StripeAnswers.Declined("insufficient_funds", status: "requires_capture"));

        var result = await SendAsync(request);

        Assert.Equal((OperationOutcome.Indeterminate, ProviderFault.AlreadyDone), (result.Outcome, result.Fault));
    }

    [Fact]
    public async Task A_capture_of_another_amount_is_a_mismatch()
    {
        var request = RequestFor(OperationKind.Capture);
        Stripe.StubVerb(request, 200, StripeAnswers.Intent("succeeded", received: 149_999));

        var result = await SendAsync(request);

        Assert.Equal((OperationOutcome.Indeterminate, ProviderFault.Mismatch), (result.Outcome, result.Fault));
    }

    [Fact]
    public async Task An_expired_checkout_is_canceled_as_abandoned()
    {
        var request = RequestFor(OperationKind.Void);
        request = request with { Operation = request.Operation! with { Reason = "checkout_expired" } };
        Stripe.StubSuccess(request);

        var result = await SendAsync(request);

        Assert.Equal("abandoned", Stripe.Sent[0].Fields["cancellation_reason"]);
        Assert.True(result.Snapshot!.IsReferenceClosed);
        Assert.Equal(PaymentState.Voided, result.Snapshot.Payments[0].State);
    }

    [Theory]
    [InlineData("succeeded", OperationOutcome.Succeeded, RefundState.Succeeded)]
    [InlineData("pending", OperationOutcome.Pending, RefundState.Pending)]
    [InlineData("requires_action", OperationOutcome.Pending, RefundState.Pending)]
    [InlineData("failed", OperationOutcome.Declined, RefundState.Failed)]
    [InlineData("canceled", OperationOutcome.Declined, RefundState.Failed)]
    public async Task A_refund_is_as_far_as_its_status_says(string status, OperationOutcome outcome, RefundState state)
    {
        var request = RequestFor(OperationKind.Refund);
        Stripe.StubVerb(request, 200, StripeAnswers.Refund(status, StripeAnswers.Metadata(request)));

        var result = await SendAsync(request);

        Assert.Equal((outcome, state), (result.Outcome, result.Snapshot!.Refunds[0].State));
    }

    [Theory]
    [InlineData(OperationKind.Authorize, 400, "idempotency_error", null, OperationOutcome.Indeterminate, ProviderFault.Mismatch)]
    [InlineData(OperationKind.Authorize, 409, "idempotency_error", "idempotency_key_in_use", OperationOutcome.Indeterminate, ProviderFault.Busy)]
    [InlineData(OperationKind.Capture, 429, "invalid_request_error", "lock_timeout", OperationOutcome.Indeterminate, ProviderFault.Busy)]
    [InlineData(OperationKind.Capture, 400, "invalid_request_error", "payment_intent_unexpected_state", OperationOutcome.Indeterminate, ProviderFault.AlreadyDone)]
    [InlineData(OperationKind.Capture, 400, "invalid_request_error", "charge_already_captured", OperationOutcome.Indeterminate, ProviderFault.AlreadyDone)]
    [InlineData(OperationKind.Void, 400, "invalid_request_error", "intent_invalid_state", OperationOutcome.Indeterminate, ProviderFault.AlreadyDone)]
    [InlineData(OperationKind.Refund, 400, "invalid_request_error", "charge_already_refunded", OperationOutcome.Indeterminate, ProviderFault.AlreadyDone)]
    [InlineData(OperationKind.Refund, 400, "invalid_request_error", "balance_insufficient", OperationOutcome.Declined, ProviderFault.None)]
    [InlineData(OperationKind.Capture, 400, "invalid_request_error", "charge_expired_for_capture", OperationOutcome.Declined, ProviderFault.None)]
    [InlineData(OperationKind.Capture, 400, "invalid_request_error", "capture_charge_authorization_expired", OperationOutcome.Declined, ProviderFault.None)]
    [InlineData(OperationKind.Refund, 400, "invalid_request_error", "refund_disputed_payment", OperationOutcome.Declined, ProviderFault.None)]
    [InlineData(OperationKind.Refund, 400, "invalid_request_error", "charge_disputed", OperationOutcome.Declined, ProviderFault.None)]
    [InlineData(OperationKind.Refund, 400, "invalid_request_error", "charge_not_refundable", OperationOutcome.Declined, ProviderFault.None)]
    [InlineData(OperationKind.Authorize, 400, "invalid_request_error", "amount_too_small", OperationOutcome.Declined, ProviderFault.None)]
    [InlineData(OperationKind.Authorize, 400, "invalid_request_error", "amount_too_large", OperationOutcome.Declined, ProviderFault.None)]
    [InlineData(OperationKind.Authorize, 400, "invalid_request_error", "payment_method_types_no_longer_supported", OperationOutcome.Declined, ProviderFault.Configuration)]
    [InlineData(OperationKind.Capture, 400, "invalid_request_error", "rate_limit", OperationOutcome.NotSent, ProviderFault.Throttled)]
    [InlineData(OperationKind.Authorize, 401, "invalid_request_error", "secret_key_required", OperationOutcome.Declined, ProviderFault.Configuration)]
    [InlineData(OperationKind.Capture, 404, "invalid_request_error", "resource_missing", OperationOutcome.Declined, ProviderFault.Configuration)]
    [InlineData(OperationKind.Authorize, 403, "invalid_request_error", "livemode_mismatch", OperationOutcome.Declined, ProviderFault.Configuration)]
    [InlineData(OperationKind.Authorize, 400, "api_error", null, OperationOutcome.Indeterminate, ProviderFault.ServerError)]
    [InlineData(OperationKind.Authorize, 424, "invalid_request_error", null, OperationOutcome.Indeterminate, ProviderFault.ServerError)]
    [InlineData(OperationKind.Authorize, 418, "invalid_request_error", null, OperationOutcome.Indeterminate, ProviderFault.Unreadable)]
    public async Task An_error_means(OperationKind kind, int status, string type, string? code, OperationOutcome outcome, ProviderFault fault)
    {
        var request = RequestFor(kind);
        Stripe.StubVerb(request, status, StripeAnswers.Error(type, code));

        var result = await SendAsync(request);

        Assert.Equal((outcome, fault, code ?? type), (result.Outcome, result.Fault, fault is ProviderFault.ServerError or ProviderFault.Throttled ? code ?? type : result.Reason));
        Assert.DoesNotContain("Canary", result.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(409)]
    [InlineData(429)]
    [InlineData(500)]
    public async Task Stripes_advice_to_try_again_is_the_engines_to_follow_and_nothing_is_sent_twice(int status)
    {
        var request = RequestFor(OperationKind.Capture);
        Stripe.StubVerb(request, status, StripeAnswers.Error("api_error", "lock_timeout"), ("Stripe-Should-Retry", "true"));

        await SendAsync(request);

        Assert.Single(Stripe.Sent);
    }

    [Theory]
    [InlineData(201, """{"id":"pi_1Contract","object":"payment_intent"}""", ProviderFault.Unreadable)]
    [InlineData(302, "", ProviderFault.Unreadable)]
    [InlineData(400, "[]", ProviderFault.Unreadable)]
    [InlineData(400, """{"error":null}""", ProviderFault.Unreadable)]
    [InlineData(403, "<html>blocked by a proxy</html>", ProviderFault.Unreadable)]
    [InlineData(503, "<html>maintenance</html>", ProviderFault.ServerError)]
    [InlineData(200, """{"id":"pi_1Contract","object":"payment_intent","amount":"150000","currency":"usd","status":"requires_payment_method"}""", ProviderFault.Unreadable)]
    [InlineData(200, """{"id":"pi_../x","object":"payment_intent","amount":150000,"currency":"usd","status":"requires_payment_method"}""", ProviderFault.Unreadable)]
    public async Task What_is_not_an_answer_proves_nothing(int status, string body, ProviderFault fault)
    {
        var request = RequestFor(OperationKind.Authorize);
        Stripe.StubVerb(request, status, body);

        var result = await SendAsync(request);

        Assert.Equal((OperationOutcome.Indeterminate, fault), (result.Outcome, result.Fault));
    }

    [Fact]
    public async Task An_unexpected_state_carries_the_intent_it_came_with()
    {
        var request = RequestFor(OperationKind.Capture);
        var embedded = ",\"payment_intent\":" + StripeAnswers.Intent("succeeded", received: 150_000, latestCharge: $"\"{StripeAnswers.ChargeId}\"");
        Stripe.StubVerb(request, 400, StripeAnswers.Error("invalid_request_error", "payment_intent_unexpected_state", embedded));

        var result = await SendAsync(request);

        Assert.Equal(ProviderFault.AlreadyDone, result.Fault);
        Assert.Equal(ChargeStatus.Captured, StatusAfter(request, result));
    }

    [Fact]
    public async Task An_answer_of_the_other_mode_is_a_mismatch()
    {
        var request = RequestFor(OperationKind.Authorize);
        Stripe.StubVerb(request, 200, StripeAnswers.Intent("requires_payment_method", livemode: "true"));

        var result = await SendAsync(request);

        Assert.Equal((OperationOutcome.Indeterminate, ProviderFault.Mismatch), (result.Outcome, result.Fault));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("pi_1/../../v1/refunds")]
    [InlineData("order_1")]
    public async Task A_reference_that_is_no_intent_is_never_put_into_a_url(string? reference)
    {
        var request = RequestFor(OperationKind.Capture);
        request = request with { Charge = request.Charge with { Reference = reference } };

        var result = await SendAsync(request);

        Assert.Equal((OperationOutcome.NotSent, ProviderFault.Configuration), (result.Outcome, result.Fault));
        Assert.Empty(Stripe.Sent);
    }

    protected override ProviderHarness CreateHarness() => new StripeHarness();

    private ProviderRequest SavedMethod()
    {
        var request = RequestFor(OperationKind.Authorize, paymentMethod: "pm_1Contract");
        return request with { Operation = request.Operation! with { Customer = "cus_1Contract" } };
    }
}
