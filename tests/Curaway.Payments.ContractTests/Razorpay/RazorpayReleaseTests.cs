namespace Curaway.Payments.ContractTests.Razorpay;

/// <summary>What is peculiar to giving money back: there is no void, and refunds have the only idempotency key.</summary>
public sealed class RazorpayReleaseTests : ProviderTests
{
    private static readonly DateTimeOffset PaidAt = DateTimeOffset.FromUnixTimeSeconds(RazorpayAnswers.CreatedAt);

    private RazorpayHarness Razorpay => (RazorpayHarness)World;

    private static string Captured => RazorpayAnswers.Payment("captured", captured: true);

    private static string RefundPath => $"/v1/payments/{RazorpayAnswers.PaymentId}/refund";

    [Fact]
    public async Task A_void_says_when_the_hold_lapses()
    {
        var request = RequestFor(OperationKind.Void);
        World.StubSuccess(request);

        var result = await VoidAsync(request);

        Assert.Equal(PaidAt.AddDays(3), Assert.Single(result.Snapshot!.Payments).ReleaseDueAt);
        Assert.All(World.Sent, sent => Assert.Equal("GET", sent.Method));
    }

    [Fact]
    public async Task A_void_of_an_order_nobody_paid_succeeds_with_nothing()
    {
        var request = RequestFor(OperationKind.Void);
        Razorpay.StubPayments();

        var result = await VoidAsync(request with { Charge = request.Charge with { Payments = [] } });

        Assert.Equal(OperationOutcome.Succeeded, result.Outcome);
        Assert.Empty(result.Snapshot!.Payments);
        Assert.False(result.Snapshot.IsReferenceClosed);
    }

    [Fact]
    public async Task A_void_that_cannot_see_the_hold_it_knows_of_does_not_know()
    {
        Razorpay.StubPayments();

        var result = await VoidAsync(RequestFor(OperationKind.Void));

        Assert.Equal((OperationOutcome.Indeterminate, ProviderFault.NotFound), (result.Outcome, result.Fault));
    }

    [Fact]
    public async Task A_void_of_captured_money_is_no_void()
    {
        var request = RequestFor(OperationKind.Void);
        Razorpay.StubPayments(Captured);
        Razorpay.StubRefunds();

        var result = await VoidAsync(request);

        Assert.Equal((OperationOutcome.Indeterminate, ProviderFault.AlreadyDone), (result.Outcome, result.Fault));
        Assert.Equal(ChargeStatus.Captured, StatusAfter(request, result));
    }

    [Fact]
    public async Task A_void_of_money_that_went_back_by_itself_succeeds_with_the_facts()
    {
        var request = RequestFor(OperationKind.Void);
        Razorpay.StubPayments(
            RazorpayAnswers.Payment("refunded", captured: false, refunded: 150_000), RazorpayAnswers.Payment("failed", id: "pay_First01"));
        Razorpay.StubRefunds(RazorpayAnswers.Refund("[]"));

        var result = await VoidAsync(request);

        Assert.Equal((OperationOutcome.Succeeded, ChargeStatus.Voided), (result.Outcome, StatusAfter(request, result)));
        Assert.Equal(0, ChargeLifecycle.Apply(request.Charge, result.Snapshot!, PaidAt).Charge.Refunded.MinorUnits);
    }

    [Fact]
    public async Task A_void_of_captured_money_that_was_all_refunded_succeeds()
    {
        var request = RequestFor(OperationKind.Void);
        Razorpay.StubPayments(RazorpayAnswers.Payment("refunded", captured: true, refunded: 150_000));
        Razorpay.StubRefunds(RazorpayAnswers.Refund("[]"));

        var result = await VoidAsync(request);

        Assert.Equal((OperationOutcome.Succeeded, ChargeStatus.Refunded), (result.Outcome, StatusAfter(request, result)));
    }

    [Fact]
    public async Task A_payment_the_engine_has_not_marked_is_not_captured()
    {
        Razorpay.VoidPolicy = RazorpayVoidPolicy.CaptureThenRefund;
        Razorpay.StubPayments(RazorpayAnswers.Payment("authorized"));

        var result = await VoidAsync(RequestFor(OperationKind.Void));

        Assert.Equal((OperationOutcome.Indeterminate, ProviderFault.NotFound, "payment_unmarked"), (result.Outcome, result.Fault, result.Reason));
        Assert.All(World.Sent, sent => Assert.Equal("GET", sent.Method));
    }

    [Fact]
    public async Task An_order_is_paid_once_so_beside_a_captured_payment_no_other_is_captured()
    {
        Razorpay.VoidPolicy = RazorpayVoidPolicy.CaptureThenRefund;
        var request = RequestFor(OperationKind.Void);
        var (first, second) = (request.Charge.Payments[0] with { ReleasesByCapture = true }, request.Charge.Payments[0] with { Reference = "pay_Second01", ReleasesByCapture = true });
        Razorpay.StubPayments(RazorpayAnswers.Payment("refunded", captured: true, refunded: 150_000), RazorpayAnswers.Payment("authorized", id: "pay_Second01"));
        Razorpay.StubRefunds(RazorpayAnswers.Refund("[]"));

        var result = await VoidAsync(request with { Charge = request.Charge with { Payments = [first, second] } });

        Assert.Equal(OperationOutcome.Succeeded, result.Outcome);
        Assert.Equal([null, PaidAt.AddDays(3)], result.Snapshot!.Payments.Select(payment => payment.ReleaseDueAt));
        Assert.All(World.Sent, sent => Assert.Equal("GET", sent.Method));
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

        var result = await VoidAsync(RequestFor(OperationKind.Void));

        Assert.Equal((OperationOutcome.Indeterminate, fault), (result.Outcome, result.Fault));
    }

    [Fact]
    public async Task A_void_that_reads_about_another_amount_or_order_does_not_know()
    {
        Razorpay.StubPayments(RazorpayAnswers.Payment("authorized", amount: 90_000));
        Assert.Equal(ProviderFault.Mismatch, (await VoidAsync(RequestFor(OperationKind.Void))).Fault);

        Razorpay.StubPayments(RazorpayAnswers.Payment("authorized", orderId: "order_Another01"));
        Assert.Equal(ProviderFault.Mismatch, (await VoidAsync(RequestFor(OperationKind.Void))).Fault);
    }

    [Theory]
    [InlineData("Your account does not have enough balance to carry out the refund operation.", "insufficient_balance")]
    [InlineData("The refund on this payment is blocked due to ongoing dispute investigation.", "dispute_blocked")]
    [InlineData("Partial refund is currently not supported for this payment method.", "partial_refund_not_supported")]
    [InlineData("Refund is currently not supported for this payment method.", "refund_not_supported")]
    [InlineData("Refund is not supported by the bank because the payment is more than 6 months old", "refund_not_supported_by_bank")]
    [InlineData("The refund amount provided is greater than amount captured.", "amount_exceeds_captured")]
    [InlineData("Refunds cannot be created on your account.", "refunds_disabled")]
    [InlineData("The idempotency key must be at least 10 characters long.", "idempotency_key_invalid")]
    public async Task A_refund_is_declined_in_words_of_ours(string description, string reason)
    {
        Razorpay.StubPost(RefundPath, RazorpayAnswers.Error(description), 400);

        var result = await RefundAsync(RequestFor(OperationKind.Refund));

        Assert.Equal((OperationOutcome.Declined, reason), (result.Outcome, result.Reason));
    }

    [Theory]
    [InlineData(400, "The payment has been fully refunded already.", ProviderFault.AlreadyDone)]
    [InlineData(400, "Duplicate receipt found for this refund request.", ProviderFault.AlreadyDone)]
    [InlineData(400, "The payment status should be captured for action to be taken.", ProviderFault.AlreadyDone)]
    [InlineData(400, "Refund has already been processed.", ProviderFault.AlreadyDone)]
    [InlineData(400, "Void is not supported for partial refunds.", ProviderFault.AlreadyDone)]
    [InlineData(400, "Amount cannot be blank.", ProviderFault.AlreadyDone)]
    [InlineData(400, "Instant refund not supported for the payment.", ProviderFault.AlreadyDone)]
    [InlineData(400, "A sentence nobody has seen", ProviderFault.AlreadyDone)]
    [InlineData(400, "Request failed because another payment operation is in progress.", ProviderFault.Busy)]
    [InlineData(409, "Another request with the same idempotency key is still in progress.", ProviderFault.Busy)]
    [InlineData(409, "Different request with the same idempotency key has already been processed.", ProviderFault.Mismatch)]
    [InlineData(500, "Internal server error - Failed to fetch idempotency record", ProviderFault.ServerError)]
    public async Task A_refund_that_may_have_been_made_is_not_declined(int status, string description, ProviderFault fault)
    {
        Razorpay.StubPost(RefundPath, RazorpayAnswers.Error(description), status);

        var result = await RefundAsync(RequestFor(OperationKind.Refund));

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

        Assert.Equal(outcome, (await RefundAsync(request)).Outcome);
    }

    [Fact]
    public async Task A_refund_sent_again_is_the_same_bytes()
    {
        var request = RequestFor(OperationKind.Refund);
        World.StubSuccess(request);

        await RefundAsync(request);
        await RefundAsync(Again(request));

        Assert.Equal(2, Razorpay.PostedBodies.Count);
        Assert.Single(Razorpay.PostedBodies.Distinct());
    }

    [Fact]
    public async Task A_refund_names_the_payment_with_enough_left_and_again_the_one_it_named()
    {
        var request = RequestFor(OperationKind.Refund);
        var first = request.Charge.Payments[0] with { Reference = "pay_A" };
        var earlier = new ChargeRefund
        {
            Reference = "rfnd_A",
            State = RefundState.Succeeded,
            Amount = first.Amount,
            PaymentReference = "pay_A",
        };
        var charge = request.Charge with { Payments = [first, request.Charge.Payments[0]], Refunds = [earlier] };
        World.StubSuccess(request);

        Assert.Equal(OperationOutcome.Succeeded, (await RefundAsync(request with { Charge = charge })).Outcome);

        var own = earlier with
        {
            Reference = RazorpayAnswers.RefundId,
            PaymentReference = RazorpayAnswers.PaymentId,
            OperationId = request.Operation!.Id,
        };
        var echoed = charge with { Refunds = [earlier, own] };
        Assert.Equal(OperationOutcome.Succeeded, (await RefundAsync(Again(request) with { Charge = echoed })).Outcome);
        Assert.All(World.Sent, sent => Assert.Equal(RefundPath, sent.Path));
    }

    protected override ProviderHarness CreateHarness() => new RazorpayHarness();

    private Task<ProviderResult> VoidAsync(ProviderRequest request) => World.Provider.VoidAsync(request, Ct);

    private Task<ProviderResult> RefundAsync(ProviderRequest request) => World.Provider.RefundAsync(request, Ct);

    private static ProviderRequest Again(ProviderRequest request) => request with { Operation = request.Operation! with { SendCount = 2 } };
}
