namespace Curaway.Payments.ContractTests.Razorpay;

/// <summary>What Find makes of Razorpay's truth.</summary>
public sealed class RazorpayReadTests : ProviderTests
{
    private new RazorpayHarness World => (RazorpayHarness)base.World;

    private Charge Charge => ChargeBefore(OperationKind.Void) with { Payments = [] };

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
        Assert.Equal((Charge.Reference, Charge.Amount), (result.Snapshot!.Reference, result.Snapshot.Amount));
        Assert.False(result.Snapshot.IsLiveMode);
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

    [Theory]
    [InlineData("authorized", false, true)]
    [InlineData("authorized", false, false)]
    [InlineData("captured", true, true)]
    public async Task A_void_by_capture_that_is_not_finished_is_not_found_done(string status, bool captured, bool isMarked)
    {
        World.VoidPolicy = RazorpayVoidPolicy.CaptureThenRefund;
        var request = base.RequestFor(OperationKind.Void);
        if (isMarked)
            request = request with { Charge = ChargeLifecycle.ReleaseByCapture(request.Charge) };
        World.StubOrder(request);
        World.StubPayments(RazorpayAnswers.Payment(status, captured));
        World.StubRefunds();

        var result = await World.Provider.FindAsync(request, Ct);

        Assert.Equal((OperationOutcome.Indeterminate, ProviderFault.NotFound), (result.Outcome, result.Fault));
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

    protected override ProviderHarness CreateHarness() => new RazorpayHarness();

    private ProviderRequest RequestFor(OperationKind kind) => base.RequestFor(kind) with { Charge = Charge };
}
