using Curaway.Payments.Stripe;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.ContractTests.Stripe;

/// <summary>What Find and VerifyCheckout make of Stripe's truth.</summary>
public sealed class StripeReadTests : ProviderTests
{
    private StripeHarness Stripe => (StripeHarness)World;

    [Theory]
    [InlineData("requires_capture", OperationOutcome.Succeeded)]
    [InlineData("succeeded", OperationOutcome.Succeeded)]
    [InlineData("processing", OperationOutcome.Pending)]
    [InlineData("canceled", OperationOutcome.Declined)]
    [InlineData("requires_payment_method", OperationOutcome.RequiresAction)]
    [InlineData("requires_confirmation", OperationOutcome.RequiresAction)]
    [InlineData("requires_action", OperationOutcome.RequiresAction)]
    [InlineData("status_of_next_year", OperationOutcome.Indeterminate)]
    public async Task An_authorization_is_found_by_its_status(string status, OperationOutcome outcome)
    {
        StubIntent(status);

        var result = await FindAsync(WithReference(RequestFor(OperationKind.Authorize)));

        Assert.Equal(outcome, result.Outcome);
        Assert.Equal(outcome == OperationOutcome.RequiresAction, result.NextAction is not null);
    }

    [Theory]
    [InlineData("requires_payment_method", true, OperationOutcome.Declined)]
    [InlineData("requires_payment_method", false, OperationOutcome.Indeterminate)]
    [InlineData("requires_confirmation", false, OperationOutcome.Indeterminate)]
    [InlineData("requires_action", false, OperationOutcome.RequiresAction)]
    public async Task A_saved_method_is_declined_only_when_stripe_says_why(string status, bool hasError, OperationOutcome outcome)
    {
        Stripe.StubIntent(StripeAnswers.Intent(status, lastError: hasError ? LastError : "null"));

        var result = await FindAsync(WithReference(RequestFor(OperationKind.Authorize, paymentMethod: "pm_1")));

        Assert.Equal(outcome, result.Outcome);
        Assert.Equal(hasError ? "insufficient_funds" : null, hasError ? result.Reason : null);
    }

    [Theory]
    [InlineData(OperationKind.Capture, "requires_capture", OperationOutcome.Indeterminate, ProviderFault.NotFound)]
    [InlineData(OperationKind.Capture, "canceled", OperationOutcome.Declined, ProviderFault.None)]
    [InlineData(OperationKind.Capture, "processing", OperationOutcome.Pending, ProviderFault.None)]
    [InlineData(OperationKind.Void, "requires_capture", OperationOutcome.Indeterminate, ProviderFault.NotFound)]
    [InlineData(OperationKind.Void, "succeeded", OperationOutcome.Declined, ProviderFault.None)]
    [InlineData(OperationKind.Refund, "succeeded", OperationOutcome.Indeterminate, ProviderFault.NotFound)]
    public async Task A_verb_that_has_not_happened_yet_is_not_proof(
        OperationKind kind, string status, OperationOutcome outcome, ProviderFault fault)
    {
        StubIntent(status);

        var result = await FindAsync(RequestFor(kind));

        Assert.Equal((outcome, fault), (result.Outcome, result.Fault));
        Assert.Equal(StripeAnswers.IntentId, result.Snapshot!.Reference);
    }

    [Fact]
    public async Task A_capture_of_another_amount_is_told_but_not_taken_for_ours()
    {
        Stripe.StubIntent(StripeAnswers.Intent(
            "succeeded", received: 90_000, latestCharge: StripeAnswers.Charge(captured: true, amountCaptured: 90_000)));
        Stripe.StubRefunds();

        var result = await FindAsync(RequestFor(OperationKind.Capture));

        Assert.Equal((OperationOutcome.Indeterminate, ProviderFault.Mismatch), (result.Outcome, result.Fault));
        Assert.Equal(90_000, result.Snapshot!.Payments[0].Captured.MinorUnits);
    }

    [Fact]
    public async Task A_lost_authorization_is_searched_from_before_its_first_send_and_over_pages()
    {
        var request = RequestFor(OperationKind.Authorize);
        var other = StripeAnswers.Intent("requires_capture", id: "pi_Other");
        Stripe.StubGet("/v1/payment_intents", 200, StripeAnswers.List("/v1/payment_intents", hasMore: true, other));
        Stripe.StubNextPage("pi_Other", StripeAnswers.Intent("requires_capture", StripeAnswers.Metadata(request)));
        Stripe.StubIntent(StripeAnswers.Intent("requires_capture", StripeAnswers.Metadata(request), latestCharge: StripeAnswers.Charge()));

        var result = await FindAsync(request);

        Assert.Equal(OperationOutcome.Succeeded, result.Outcome);
        // 2026-11-20T09:00:00Z less ten minutes.
        Assert.Equal("?created[gte]=1795164600&limit=100", Stripe.Queries[0]);
        Assert.Equal("?created[gte]=1795164600&limit=100&starting_after=pi_Other", Stripe.Queries[1]);
        Assert.Equal("?expand[0]=latest_charge", Stripe.Queries[2]);
    }

    [Fact]
    public async Task A_search_that_was_cut_off_is_no_proof_that_nothing_is_there()
    {
        Stripe.StubGet("/v1/payment_intents", 200, StripeAnswers.List("/v1/payment_intents", hasMore: true, StripeAnswers.Intent("requires_capture", id: "pi_Other")));

        var result = await FindAsync(RequestFor(OperationKind.Authorize));

        Assert.Equal((OperationOutcome.Indeterminate, ProviderFault.Unreadable, "too_many_pages"), (result.Outcome, result.Fault, result.Reason));
        Assert.Equal(100, Stripe.Queries.Count);
    }

    [Fact]
    public async Task A_plain_read_tells_everything()
    {
        Stripe.StubIntent(StripeAnswers.Intent(
            "succeeded", received: 150_000, latestCharge: StripeAnswers.Charge(captured: true, amountCaptured: 150_000)));
        Stripe.StubRefunds(
            StripeAnswers.Refund(amount: 10_000, id: "re_1"), StripeAnswers.Refund("failed", amount: 20_000, id: "re_2", failureReason: "\"declined\""));
        var request = RequestFor(OperationKind.Capture) with { Operation = null };

        var result = await FindAsync(request);

        Assert.Equal(OperationOutcome.Succeeded, result.Outcome);
        Assert.Equal(ChargeStatus.PartiallyRefunded, StatusAfter(request, result));
        Assert.Equal([("re_1", null), ("re_2", "declined")], result.Snapshot!.Refunds.Select(refund => (refund.Reference, refund.ErrorCode)));
    }

    [Fact]
    public async Task A_plain_read_of_a_waiting_intent_hands_out_the_action_again()
    {
        StubIntent("requires_payment_method");

        var result = await FindAsync(WithReference(RequestFor(OperationKind.Authorize)) with { Operation = null });

        Assert.Equal(OperationOutcome.RequiresAction, result.Outcome);
        Assert.Equal(StripeAnswers.ClientSecret, result.NextAction!.Parameters["client_secret"]);
    }

    [Fact]
    public async Task An_unreadable_refund_spoils_the_whole_reading()
    {
        Stripe.StubIntent(StripeAnswers.Intent("succeeded", received: 150_000, latestCharge: StripeAnswers.Charge(captured: true, amountCaptured: 150_000)));
        Stripe.StubRefunds(StripeAnswers.Refund("status_of_next_year"));

        var result = await FindAsync(RequestFor(OperationKind.Refund));

        Assert.Equal((OperationOutcome.Indeterminate, ProviderFault.Unreadable), (result.Outcome, result.Fault));
    }

    [Theory]
    [InlineData(401, "api_key_expired", ProviderFault.Configuration)]
    [InlineData(429, "rate_limit", ProviderFault.Throttled)]
    [InlineData(500, null, ProviderFault.ServerError)]
    public async Task A_read_that_failed_says_nothing_about_the_operation(int status, string? code, ProviderFault fault)
    {
        Stripe.StubGet($"/v1/payment_intents/{StripeAnswers.IntentId}", status, StripeAnswers.Error("invalid_request_error", code));

        var result = await FindAsync(RequestFor(OperationKind.Void));

        Assert.Equal((OperationOutcome.Indeterminate, fault), (result.Outcome, result.Fault));
    }

    [Theory]
    [InlineData(typeof(InvalidOperationException), ProviderFault.Unreadable)]
    [InlineData(typeof(ObjectDisposedException), ProviderFault.Unreadable)]
    [InlineData(typeof(TimeoutException), ProviderFault.Timeout)]
    [InlineData(typeof(IOException), ProviderFault.Reset)]
    public async Task Whatever_a_handler_throws_is_no_exception_of_ours_and_proves_nothing(Type exception, ProviderFault fault)
    {
        var services = new ServiceCollection();
        new PaymentsBuilder(services).AddStripe(options => (options.SecretKey, options.PublishableKey) = (StripeHarness.SecretKey, StripeHarness.PublishableKey));
        services.AddHttpClient(StripeClientFactory.HttpClientName).AddHttpMessageHandler(() => new Thrower(exception));
        await using var built = services.BuildServiceProvider();
        var provider = built.GetRequiredService<IPaymentProvider>();
        var request = RequestFor(OperationKind.Capture);

        foreach (var result in new[] { await provider.CaptureAsync(request, Ct), await provider.FindAsync(request, Ct) })
            Assert.Equal((OperationOutcome.Indeterminate, fault), (result.Outcome, result.Fault));
    }

    [Fact]
    public async Task A_read_nobody_answered_says_nothing_about_the_operation()
    {
        var request = RequestFor(OperationKind.Refund);
        Stripe.StubFault(request, WireFault.ConnectionRefused);

        var result = await FindAsync(request);

        Assert.Equal((OperationOutcome.Indeterminate, ProviderFault.ConnectFailed), (result.Outcome, result.Fault));
        Assert.Equal(OperationOutcome.Indeterminate, (await World.Unconfigured.FindAsync(request, Ct)).Outcome);
    }

    [Theory]
    [InlineData("requires_capture", OperationOutcome.Succeeded, null)]
    [InlineData("processing", OperationOutcome.Pending, null)]
    [InlineData("requires_action", OperationOutcome.RequiresAction, null)]
    [InlineData("canceled", OperationOutcome.Declined, "canceled")]
    public async Task Checkout_is_believed_only_as_far_as_the_intent_goes(string status, OperationOutcome outcome, string? reason)
    {
        StubIntent(status);

        var result = await VerifyAsync(("payment_intent", StripeAnswers.IntentId), ("redirect_status", "succeeded"));

        Assert.Equal((outcome, reason), (result.Outcome, result.Reason));
    }

    [Fact]
    public async Task A_declined_attempt_at_checkout_may_be_repeated()
    {
        Stripe.StubIntent(StripeAnswers.Intent("requires_payment_method", latestCharge: $"\"{StripeAnswers.ChargeId}\"", lastError: LastError));
        var request = WithReference(RequestFor(OperationKind.Authorize));

        var result = await VerifyAsync();

        Assert.Equal((OperationOutcome.Declined, "insufficient_funds"), (result.Outcome, result.Reason));
        Assert.Equal(PaymentState.Failed, result.Snapshot!.Payments[0].State);
        Assert.Equal(ChargeStatus.Pending, StatusAfter(request, result));
    }

    [Fact]
    public async Task A_failed_charge_that_came_whole_tells_its_own_code()
    {
        Stripe.StubIntent(StripeAnswers.Intent(
            "requires_payment_method", latestCharge: StripeAnswers.Charge(status: "failed", failureCode: "\"card_declined\""), lastError: LastError));

        var payment = Assert.Single((await VerifyAsync()).Snapshot!.Payments);

        Assert.Equal((PaymentState.Failed, "card_declined", 0L), (payment.State, payment.ErrorCode, payment.Captured.MinorUnits));
    }

    [Fact]
    public async Task An_attempts_error_without_a_decline_code_is_known_by_its_code()
    {
        Stripe.StubIntent(StripeAnswers.Intent("requires_payment_method", lastError: """{"type":"card_error","code":"expired_card"}"""));

        Assert.Equal("expired_card", (await VerifyAsync()).Reason);
    }

    [Fact]
    public async Task What_the_intent_received_counts_before_its_charge_tells_it()
    {
        Stripe.StubIntent(StripeAnswers.Intent("succeeded", received: 150_000, latestCharge: StripeAnswers.Charge(captured: true)));

        Assert.Equal(150_000, Assert.Single((await VerifyAsync()).Snapshot!.Payments).Captured.MinorUnits);
    }

    [Fact]
    public async Task The_proof_of_another_intent_is_not_even_looked_up()
    {
        var result = await VerifyAsync(("payment_intent", "pi_Another"));

        Assert.Equal((OperationOutcome.Declined, "invalid_proof"), (result.Outcome, result.Reason));
        Assert.Empty(Stripe.Sent);
    }

    private static string LastError =>
        $$"""{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds","charge":"{{StripeAnswers.ChargeId}}"}""";

    protected override ProviderHarness CreateHarness() => new StripeHarness();

    private void StubIntent(string status)
    {
        var isCaptured = status == "succeeded";
        var charge = status is "requires_capture" or "succeeded" or "canceled"
            ? StripeAnswers.Charge(isCaptured, amountCaptured: isCaptured ? 150_000 : 0)
            : "null";
        Stripe.StubIntent(StripeAnswers.Intent(status, received: isCaptured ? 150_000 : 0, latestCharge: charge));
        if (isCaptured)
            Stripe.StubRefunds();
    }

    private static ProviderRequest WithReference(ProviderRequest request) =>
        request with { Charge = request.Charge with { Reference = StripeAnswers.IntentId } };

    private Task<ProviderResult> FindAsync(ProviderRequest request) => World.Provider.FindAsync(request, Ct);

    private Task<ProviderResult> VerifyAsync(params (string Name, string Value)[] fields) => World.Provider.VerifyCheckoutAsync(
        WithReference(RequestFor(OperationKind.Authorize)), new CheckoutProof(fields.ToDictionary(f => f.Name, f => f.Value)), Ct);

    private sealed class Thrower(Type exception) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw (Exception)Activator.CreateInstance(exception, "A handler has a bug.")!;
    }
}
