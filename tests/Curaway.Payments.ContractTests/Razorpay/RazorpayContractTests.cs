namespace Curaway.Payments.ContractTests.Razorpay;

/// <summary>The contract, and what is peculiar to Razorpay's four verbs.</summary>
public sealed class RazorpayContractTests : ProviderContractTests
{
    private static readonly DateTimeOffset PaidAt = DateTimeOffset.FromUnixTimeSeconds(RazorpayAnswers.CreatedAt);

    private RazorpayHarness Razorpay => (RazorpayHarness)World;

    private int PostCount => World.Sent.Count(sent => sent.Method == "POST");

    private static string Captured => RazorpayAnswers.Payment("captured", captured: true);

    private static string CapturePath => $"/v1/payments/{RazorpayAnswers.PaymentId}/capture";

    private static string PaymentPath => $"/v1/payments/{RazorpayAnswers.PaymentId}";

    private static string RefundPath => $"/v1/payments/{RazorpayAnswers.PaymentId}/refund";

    [Fact]
    public async Task Authorize_hands_out_what_checkout_needs_and_no_secret()
    {
        var request = RequestFor(OperationKind.Authorize, paymentMethod: "token_ignored");
        World.StubSuccess(request);

        var action = (await SendAsync(request)).NextAction!;

        Assert.Equal("razorpay", action.Provider);
        Assert.Equal("https://checkout.razorpay.com/v1/checkout.js", action.ScriptUrl.ToString());
        Assert.Equal(
            [("amount", "150000"), ("currency", "INR"), ("key_id", RazorpayHarness.KeyId), ("order_id", RazorpayAnswers.OrderId)],
            action.Parameters.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => (p.Key, p.Value)));
        Assert.Equal(World.Expected(request)!.ToString(), World.Sent.Single().ToString());
    }

    [Fact]
    public async Task Authorize_sent_again_adopts_the_oldest_order_of_its_receipt()
    {
        var request = Again(RequestFor(OperationKind.Authorize));
        var (notes, receipt) = (RazorpayAnswers.Notes(request), request.Operation!.Id.ToString());
        Razorpay.StubGet("/v1/orders", RazorpayAnswers.List(
            RazorpayAnswers.Order(notes, receipt, id: "order_Newer01", createdAt: RazorpayAnswers.CreatedAt + 9),
            RazorpayAnswers.Order(notes, receipt, id: "order_Older01", createdAt: RazorpayAnswers.CreatedAt + 1),
            RazorpayAnswers.Order(notes, receipt, amount: 100, id: "order_OtherAmount"),
            RazorpayAnswers.Order(notes, "another_receipt", id: "order_OtherReceipt"),
            RazorpayAnswers.Order("""{"charge_id":"01940000-0000-7000-8000-0000000000ff"}""", receipt, id: "order_OtherCharge")));

        var result = await SendAsync(request);

        Assert.Equal((OperationOutcome.RequiresAction, "order_Older01"), (result.Outcome, result.Snapshot!.Reference));
        Assert.Equal(0, PostCount);
    }

    [Fact]
    public async Task Authorize_sent_again_makes_an_order_when_none_is_listed()
    {
        var request = Again(RequestFor(OperationKind.Authorize));
        World.StubSuccess(request);
        Razorpay.StubGet("/v1/orders", RazorpayAnswers.List());

        var result = await SendAsync(request);

        Assert.Equal(OperationOutcome.RequiresAction, result.Outcome);
        Assert.Equal(1, PostCount);
    }

    [Theory]
    [InlineData(200, "{}")]
    [InlineData(500, "")]
    public async Task Authorize_sent_again_makes_nothing_when_the_list_cannot_be_read(int status, string body)
    {
        var request = Again(RequestFor(OperationKind.Authorize));
        Razorpay.StubGet("/v1/orders", body, status);

        var result = await SendAsync(request);

        Assert.Equal(OperationOutcome.Indeterminate, result.Outcome);
        Assert.Equal(0, PostCount);
    }

    [Fact]
    public async Task A_receipt_used_before_is_no_answer()
    {
        var request = RequestFor(OperationKind.Authorize);
        Razorpay.StubPost("/v1/orders", RazorpayAnswers.Error("Order receipt should be unique.", "input_validation_failed"), 400);

        var result = await SendAsync(request);

        Assert.Equal((OperationOutcome.Indeterminate, ProviderFault.AlreadyDone), (result.Outcome, result.Fault));
    }

    [Fact]
    public async Task An_order_below_the_minimum_is_our_mistake_and_prose_stays_out_of_the_reason()
    {
        var request = RequestFor(OperationKind.Authorize);
        var error = RazorpayAnswers.Error("The amount must be at least INR 1.00", "input_validation_failed", "amount");
        Razorpay.StubPost("/v1/orders", error, 400);

        var result = await SendAsync(request);

        Assert.Equal((OperationOutcome.Declined, ProviderFault.Configuration, "input_validation_failed"), (result.Outcome, result.Fault, result.Reason));
    }

    [Theory]
    [InlineData("This payment has already been captured", ProviderFault.AlreadyDone)]
    [InlineData("Payment is not in authorized state.", ProviderFault.AlreadyDone)]
    [InlineData("The id provided does not exist", ProviderFault.AlreadyDone)]
    [InlineData("A sentence nobody has seen", ProviderFault.AlreadyDone)]
    [InlineData("Request failed because another payment operation is in progress.", ProviderFault.Busy)]
    public async Task A_refused_capture_is_read_back_and_not_believed(string description, ProviderFault fault)
    {
        var request = RequestFor(OperationKind.Capture);
        Razorpay.StubPost(CapturePath, RazorpayAnswers.Error(description), 400);

        var result = await SendAsync(request);

        Assert.Equal((OperationOutcome.Indeterminate, fault), (result.Outcome, result.Fault));
        Assert.DoesNotContain(description, result.Reason!, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(404, """{"message":"no Route matched with those values"}""", ProviderFault.NotFound)]
    [InlineData(400, """{"message":"no error object"}""", ProviderFault.Unreadable)]
    [InlineData(302, "", ProviderFault.Unreadable)]
    [InlineData(400, """{"error":{"code":"GATEWAY_ERROR","description":"Payment failed"}}""", ProviderFault.ServerError)]
    public async Task An_answer_without_a_verdict_is_none(int status, string body, ProviderFault fault)
    {
        var request = RequestFor(OperationKind.Capture);
        Razorpay.StubPost(CapturePath, body, status, ("Location", "/v1/elsewhere"));

        var result = await SendAsync(request);

        Assert.Equal((OperationOutcome.Indeterminate, fault), (result.Outcome, result.Fault));
    }

    [Fact]
    public async Task A_wrong_secret_said_with_a_400_is_our_configuration()
    {
        var request = RequestFor(OperationKind.Capture);
        Razorpay.StubPost(CapturePath, RazorpayAnswers.Error("Authentication failed"), 400);

        var result = await SendAsync(request);

        Assert.Equal((OperationOutcome.Declined, ProviderFault.Configuration, "unauthorized"), (result.Outcome, result.Fault, result.Reason));
    }

    [Fact]
    public async Task Any_2xx_is_a_success()
    {
        var request = RequestFor(OperationKind.Capture);
        Razorpay.StubPost(CapturePath, Captured, 202);

        Assert.Equal(OperationOutcome.Succeeded, (await SendAsync(request)).Outcome);
    }

    [Fact]
    public async Task An_answer_without_end_is_not_read()
    {
        var request = RequestFor(OperationKind.Capture);
        Razorpay.StubPost(CapturePath, Captured + new string(' ', 2 * 1024 * 1024));

        Assert.Equal(ProviderFault.Unreadable, (await SendAsync(request)).Fault);
    }

    [Theory]
    [InlineData("authorized", ProviderFault.NotFound)]
    [InlineData("created", ProviderFault.AlreadyDone)]
    [InlineData("settled_to_the_moon", ProviderFault.Unreadable)]
    public async Task A_capture_that_answers_with_another_status_has_not_captured(string status, ProviderFault fault)
    {
        var request = RequestFor(OperationKind.Capture);
        Razorpay.StubPost(CapturePath, RazorpayAnswers.Payment(status));

        var result = await SendAsync(request);

        Assert.Equal((OperationOutcome.Indeterminate, fault), (result.Outcome, result.Fault));
    }

    [Theory]
    [InlineData("authorized", false, 1, OperationOutcome.Succeeded)]
    [InlineData("captured", true, 0, OperationOutcome.Succeeded)]
    [InlineData("refunded", true, 0, OperationOutcome.Succeeded)]
    [InlineData("refunded", false, 0, OperationOutcome.Declined)]
    [InlineData("unheard_of", false, 0, OperationOutcome.Indeterminate)]
    public async Task A_capture_sent_again_reads_first(string status, bool captured, int postCount, OperationOutcome outcome)
    {
        var request = Again(RequestFor(OperationKind.Capture));
        Razorpay.StubGet(PaymentPath, RazorpayAnswers.Payment(status, captured));
        Razorpay.StubPost(CapturePath, Captured);

        var result = await SendAsync(request);

        Assert.Equal((outcome, postCount), (result.Outcome, PostCount));
        Assert.Equal("GET", World.Sent[0].Method);
    }

    [Fact]
    public async Task A_void_says_when_the_hold_lapses()
    {
        var request = RequestFor(OperationKind.Void);
        World.StubSuccess(request);

        var result = await SendAsync(request);

        Assert.Equal(PaidAt.AddDays(3), Assert.Single(result.Snapshot!.Payments).ReleaseDueAt);
        Assert.All(World.Sent, sent => Assert.Equal("GET", sent.Method));
    }

    [Fact]
    public async Task A_void_of_an_order_nobody_paid_succeeds_with_nothing()
    {
        var request = RequestFor(OperationKind.Void);
        Razorpay.StubPayments();

        var result = await SendAsync(request with { Charge = request.Charge with { Payments = [] } });

        Assert.Equal(OperationOutcome.Succeeded, result.Outcome);
        Assert.Empty(result.Snapshot!.Payments);
        Assert.False(result.Snapshot.IsReferenceClosed);
    }

    [Fact]
    public async Task A_void_that_cannot_see_the_hold_it_knows_of_does_not_know()
    {
        Razorpay.StubPayments();

        var result = await SendAsync(RequestFor(OperationKind.Void));

        Assert.Equal((OperationOutcome.Indeterminate, ProviderFault.NotFound), (result.Outcome, result.Fault));
    }

    [Fact]
    public async Task A_void_of_captured_money_is_no_void()
    {
        var request = RequestFor(OperationKind.Void);
        Razorpay.StubPayments(Captured);
        Razorpay.StubRefunds();

        var result = await SendAsync(request);

        Assert.Equal((OperationOutcome.Indeterminate, ProviderFault.AlreadyDone), (result.Outcome, result.Fault));
        Assert.Equal(ChargeStatus.Captured, StatusAfter(request, result));
    }

    [Fact]
    public async Task A_void_of_money_that_went_back_by_itself_succeeds_with_the_facts()
    {
        var request = RequestFor(OperationKind.Void);
        Razorpay.StubPayments(RazorpayAnswers.Payment("refunded", captured: false, refunded: 150_000), RazorpayAnswers.Payment("failed", id: "pay_First01"));
        Razorpay.StubRefunds(RazorpayAnswers.Refund("[]"));

        var result = await SendAsync(request);

        Assert.Equal((OperationOutcome.Succeeded, ChargeStatus.Voided), (result.Outcome, StatusAfter(request, result)));
        Assert.Equal(0, ChargeLifecycle.Apply(request.Charge, result.Snapshot!, PaidAt).Charge.Refunded.MinorUnits);
    }

    [Fact]
    public async Task A_void_of_captured_money_that_was_all_refunded_succeeds()
    {
        var request = RequestFor(OperationKind.Void);
        Razorpay.StubPayments(RazorpayAnswers.Payment("refunded", captured: true, refunded: 150_000));
        Razorpay.StubRefunds(RazorpayAnswers.Refund("[]"));

        var result = await SendAsync(request);

        Assert.Equal((OperationOutcome.Succeeded, ChargeStatus.Refunded), (result.Outcome, StatusAfter(request, result)));
    }

    [Theory]
    [InlineData(500, "", ProviderFault.ServerError)]
    [InlineData(200, """{"items":[null]}""", ProviderFault.Unreadable)]
    [InlineData(200, """{"items":[{"id":"pay_1","order_id":"order_Contract01"}]}""", ProviderFault.Unreadable)]
    [InlineData(200, "{}", ProviderFault.Unreadable)]
    [InlineData(404, "{}", ProviderFault.NotFound)]
    public async Task A_void_that_cannot_read_does_not_know(int status, string body, ProviderFault fault)
    {
        Razorpay.StubGet($"/v1/orders/{RazorpayAnswers.OrderId}/payments", body, status);

        var result = await SendAsync(RequestFor(OperationKind.Void));

        Assert.Equal((OperationOutcome.Indeterminate, fault), (result.Outcome, result.Fault));
    }

    [Fact]
    public async Task A_void_that_reads_about_another_amount_or_order_does_not_know()
    {
        Razorpay.StubPayments(RazorpayAnswers.Payment("authorized", amount: 90_000));
        Assert.Equal(ProviderFault.Mismatch, (await SendAsync(RequestFor(OperationKind.Void))).Fault);

        Razorpay.StubPayments(RazorpayAnswers.Payment("authorized", orderId: "order_Another01"));
        Assert.Equal(ProviderFault.Mismatch, (await SendAsync(RequestFor(OperationKind.Void))).Fault);
    }

    [Theory]
    [InlineData("Your account does not have enough balance to carry out the refund operation.", "insufficient_balance")]
    [InlineData("The refund on this payment is blocked due to ongoing dispute investigation.", "dispute_blocked")]
    [InlineData("Partial refund is currently not supported for this payment method.", "partial_refund_not_supported")]
    [InlineData("Refund is not supported by the bank because the payment is more than 6 months old", "refund_not_supported_by_bank")]
    [InlineData("The refund amount provided is greater than amount captured.", "amount_exceeds_captured")]
    [InlineData("Refunds cannot be created on your account.", "refunds_disabled")]
    public async Task A_refund_is_declined_in_words_of_ours(string description, string reason)
    {
        Razorpay.StubPost(RefundPath, RazorpayAnswers.Error(description), 400);

        var result = await SendAsync(RequestFor(OperationKind.Refund));

        Assert.Equal((OperationOutcome.Declined, reason), (result.Outcome, result.Reason));
    }

    [Theory]
    [InlineData(400, "The payment has been fully refunded already.", ProviderFault.AlreadyDone)]
    [InlineData(400, "Duplicate receipt found for this refund request.", ProviderFault.AlreadyDone)]
    [InlineData(400, "The payment status should be captured for action to be taken.", ProviderFault.AlreadyDone)]
    [InlineData(400, "A sentence nobody has seen", ProviderFault.AlreadyDone)]
    [InlineData(400, "Request failed because another payment operation is in progress.", ProviderFault.Busy)]
    [InlineData(409, "Another request with the same idempotency key is still in progress.", ProviderFault.Busy)]
    [InlineData(409, "Different request with the same idempotency key has already been processed.", ProviderFault.Mismatch)]
    [InlineData(500, "Internal server error - Failed to fetch idempotency record", ProviderFault.ServerError)]
    public async Task A_refund_that_may_have_been_made_is_not_declined(int status, string description, ProviderFault fault)
    {
        Razorpay.StubPost(RefundPath, RazorpayAnswers.Error(description), status);

        var result = await SendAsync(RequestFor(OperationKind.Refund));

        Assert.Equal((OperationOutcome.Indeterminate, fault), (result.Outcome, result.Fault));
    }

    [Theory]
    [InlineData("pending", OperationOutcome.Pending)]
    [InlineData("processed", OperationOutcome.Succeeded)]
    [InlineData("failed", OperationOutcome.Declined)]
    [InlineData("unheard_of", OperationOutcome.Indeterminate)]
    public async Task A_refund_is_what_its_status_says(string status, OperationOutcome outcome)
    {
        var request = RequestFor(OperationKind.Refund);
        Razorpay.StubPost(RefundPath, RazorpayAnswers.Refund(RazorpayAnswers.Notes(request), status));

        Assert.Equal(outcome, (await SendAsync(request)).Outcome);
    }

    [Fact]
    public async Task A_refund_sent_again_is_the_same_bytes()
    {
        var request = RequestFor(OperationKind.Refund);
        World.StubSuccess(request);

        await SendAsync(request);
        await SendAsync(Again(request));

        Assert.Equal(2, Razorpay.PostedBodies.Count);
        Assert.Single(Razorpay.PostedBodies.Distinct());
    }

    [Fact]
    public async Task A_refund_names_the_payment_with_enough_left_and_again_the_one_it_named()
    {
        var request = RequestFor(OperationKind.Refund);
        var first = request.Charge.Payments[0] with { Reference = "pay_A" };
        var earlier = new ChargeRefund { Reference = "rfnd_A", State = RefundState.Succeeded, Amount = first.Amount, PaymentReference = "pay_A" };
        var charge = request.Charge with { Payments = [first, request.Charge.Payments[0]], Refunds = [earlier] };
        World.StubSuccess(request);

        Assert.Equal(OperationOutcome.Succeeded, (await SendAsync(request with { Charge = charge })).Outcome);

        var own = earlier with { Reference = RazorpayAnswers.RefundId, PaymentReference = RazorpayAnswers.PaymentId, OperationId = request.Operation!.Id };
        var echoed = charge with { Refunds = [earlier, own] };
        Assert.Equal(OperationOutcome.Succeeded, (await SendAsync(Again(request) with { Charge = echoed })).Outcome);
        Assert.All(World.Sent, sent => Assert.Equal(RefundPath, sent.Path));
    }

    protected override ProviderHarness CreateHarness() => new RazorpayHarness();

    private static ProviderRequest Again(ProviderRequest request) => request with { Operation = request.Operation! with { SendCount = 2 } };
}
