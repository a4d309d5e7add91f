namespace Curaway.Payments.ContractTests.Razorpay;

/// <summary>The contract, and what is peculiar to Razorpay's orders and captures.</summary>
public sealed class RazorpayContractTests : ProviderContractTests
{
    public static new TheoryData<OperationKind, WireFault> Faults => FaultsThat(RazorpayHarness.CanHappen);

    private RazorpayHarness Razorpay => (RazorpayHarness)World;

    private int PostCount => World.Sent.Count(sent => sent.Method == "POST");

    private static string Captured => RazorpayAnswers.Payment("captured", captured: true);

    private static string CapturePath => $"/v1/payments/{RazorpayAnswers.PaymentId}/capture";

    private static string PaymentPath => $"/v1/payments/{RazorpayAnswers.PaymentId}";

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

        Assert.Equal((OperationOutcome.Declined, ProviderFault.Configuration), (result.Outcome, result.Fault));
        Assert.Equal("input_validation_failed", result.Reason);
    }

    [Theory]
    [InlineData("This payment has already been captured", ProviderFault.AlreadyDone)]
    [InlineData("Payment is not in authorized state.", ProviderFault.AlreadyDone)]
    [InlineData("The id provided does not exist", ProviderFault.AlreadyDone)]
    [InlineData("_29QQ is not a valid id", ProviderFault.AlreadyDone)]
    [InlineData("Payment amount is greater than the amount due for order.", ProviderFault.AlreadyDone)]
    [InlineData("The payment has already been either captured or voided.", ProviderFault.AlreadyDone)]
    [InlineData("Only payments which have been authorized and not yet captured can be captured.", ProviderFault.AlreadyDone)]
    [InlineData("The payment has already been processed.", ProviderFault.AlreadyDone)]
    [InlineData("Your payment has been declined as the order is already paid by the customer", ProviderFault.AlreadyDone)]
    [InlineData("Payment already done for this order.", ProviderFault.AlreadyDone)]
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
    [InlineData(400, """{"error":{"code":"SERVICE_UNAVAILABLE","description":"Down"}}""", ProviderFault.ServerError)]
    [InlineData(400, """{"error":{"code":"SERVER_ERROR","description":null,"field":null,"metadata":"NA"}}""", ProviderFault.ServerError)]
    [InlineData(504, "<html>gateway</html>", ProviderFault.ServerError)]
    [InlineData(409, """{"error":"text"}""", ProviderFault.Unreadable)]
    public async Task An_answer_without_a_verdict_is_none(int status, string body, ProviderFault fault)
    {
        var request = RequestFor(OperationKind.Capture);
        Razorpay.StubPost(CapturePath, body, status, ("Location", "/v1/elsewhere"));

        var result = await SendAsync(request);

        Assert.Equal((OperationOutcome.Indeterminate, fault), (result.Outcome, result.Fault));
    }

    [Fact]
    public async Task A_429_that_does_not_say_how_long_is_throttled_all_the_same()
    {
        var request = RequestFor(OperationKind.Capture);
        Razorpay.StubPost(CapturePath, "", 429);

        var result = await SendAsync(request);

        Assert.Equal((OperationOutcome.NotSent, ProviderFault.Throttled, null), (result.Outcome, result.Fault, result.RetryAfter));
    }

    [Theory]
    [InlineData("Capture amount must be equal to the amount authorized.", "amount_mismatch")]
    [InlineData("Capture request currency must be same as payment currency.", "currency_mismatch")]
    public async Task A_capture_that_razorpay_calls_a_wrong_request_is_our_mistake(string description, string reason)
    {
        var request = RequestFor(OperationKind.Capture);
        Razorpay.StubPost(CapturePath, RazorpayAnswers.Error(description), 400);

        var result = await SendAsync(request);

        Assert.Equal((OperationOutcome.Declined, ProviderFault.Configuration, reason), (result.Outcome, result.Fault, result.Reason));
    }

    [Theory]
    [InlineData("Authentication failed")]
    [InlineData("The api key provided is invalid")]
    [InlineData("The api secret provided is invalid")]
    public async Task A_wrong_key_said_with_a_400_is_our_configuration(string description)
    {
        var request = RequestFor(OperationKind.Capture);
        Razorpay.StubPost(CapturePath, RazorpayAnswers.Error(description), 400);

        var result = await SendAsync(request);

        Assert.Equal((OperationOutcome.Declined, ProviderFault.Configuration), (result.Outcome, result.Fault));
        Assert.Equal("unauthorized", result.Reason);
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

    protected override ProviderHarness CreateHarness() => new RazorpayHarness();

    private static ProviderRequest Again(ProviderRequest request) => request with { Operation = request.Operation! with { SendCount = 2 } };
}
