namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>Refunds in parts, pending ones, and ones the bank sends back.</summary>
[Trait("Promise", "P11")]
public sealed class RefundTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("stripe")]
    [InlineData("razorpay")]
    public async Task Parts_add_up_to_the_capture_and_never_beyond(string name)
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var provider = engine.ProviderOf(name);
        var charge = await engine.CapturedAsync(provider);
        var first = await engine.Charges.RefundAsync(SimulatedEngine.Refund(charge, "request-1", 30_00), Ct);
        Assert.Equal((OperationOutcome.Succeeded, ChargeStatus.PartiallyRefunded), (first.Outcome, first.Charge!.Status));
        var tooMuch = await engine.Charges.RefundAsync(SimulatedEngine.Refund(charge, "request-2", 70_01), Ct);
        Assert.Equal(ErrorCodes.RefundExceedsCaptured, tooMuch.Error?.Code);
        var again = await engine.Charges.RefundAsync(SimulatedEngine.Refund(charge, "request-1", 30_00), Ct);
        Assert.Equal((OperationOutcome.Succeeded, 1), (again.Outcome, provider.LedgerOf(charge.Id).Refunds));
        var rest = await engine.Charges.RefundAsync(SimulatedEngine.Refund(charge, "request-3"), Ct);
        Assert.Equal((OperationOutcome.Succeeded, ChargeStatus.Refunded), (rest.Outcome, rest.Charge!.Status));
        await AssertAgreesAsync(engine, provider, charge.Id, new LedgerFigures(0, 100_00, 100_00, 1, 1, 2), ChargeStatus.Refunded);
    }

    [Theory]
    [InlineData("stripe", true)]
    [InlineData("stripe", false)]
    [InlineData("razorpay", true)]
    [InlineData("razorpay", false)]
    public async Task A_refund_that_starts_pending_ends_as_the_bank_says(string name, bool hasSucceeded)
    {
        await using var engine = await SimulatedEngine.StartAsync(
            engine => engine.StripeSettings.RefundsStartPending = engine.RazorpaySettings.RefundsStartPending = true);
        var provider = engine.ProviderOf(name);
        var charge = await engine.CapturedAsync(provider);
        var pending = await engine.Charges.RefundAsync(SimulatedEngine.Refund(charge, "request-1", 40_00), Ct);
        Assert.Equal((OperationOutcome.Pending, ChargeStatus.PartiallyRefunded), (pending.Outcome, pending.Charge!.Status));
        provider.Settle(charge.Id, hasSucceeded);
        await AssertAgreesAsync(
            engine, provider, charge.Id,
            hasSucceeded ? new LedgerFigures(0, 100_00, 40_00, 1, 1, 1) : new LedgerFigures(0, 100_00, 0, 1, 1, 0),
            hasSucceeded ? ChargeStatus.PartiallyRefunded : ChargeStatus.Captured);
    }

    [Theory]
    [InlineData("stripe")]
    [InlineData("razorpay")]
    public async Task A_refund_that_bounces_is_ours_again_and_can_be_made_anew(string name)
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var provider = engine.ProviderOf(name);
        var charge = await engine.CapturedAsync(provider);
        await engine.Charges.RefundAsync(SimulatedEngine.Refund(charge, "request-1"), Ct);
        provider.Settle(charge.Id, hasSucceeded: false);
        await AssertAgreesAsync(engine, provider, charge.Id, new LedgerFigures(0, 100_00, 0, 1, 1, 0), ChargeStatus.Captured);

        var anew = await engine.Charges.RefundAsync(SimulatedEngine.Refund(charge, "request-2"), Ct);
        Assert.Equal((OperationOutcome.Succeeded, ChargeStatus.Refunded), (anew.Outcome, anew.Charge!.Status));
        await AssertAgreesAsync(engine, provider, charge.Id, new LedgerFigures(0, 100_00, 100_00, 1, 1, 1), ChargeStatus.Refunded);
    }

    private static async Task AssertAgreesAsync(
        SimulatedEngine engine, SimulatedProvider provider, ChargeId id, LedgerFigures ledger, ChargeStatus status)
    {
        await engine.DeliverAsync(provider);
        engine.Advance(TimeSpan.FromMinutes(1));
        await engine.SweepAsync();
        var charge = await engine.ChargeAsync(id);
        Assert.Equal(ledger, provider.LedgerOf(id));
        Assert.Equal((status, ledger.Captured, ledger.Refunded), (charge.Status, charge.Captured.MinorUnits, charge.Refunded.MinorUnits));
        Assert.Equal(provider.ObjectsOf(id).Order(), SimulatedEngine.ObjectsOf(charge).Order());
    }
}
