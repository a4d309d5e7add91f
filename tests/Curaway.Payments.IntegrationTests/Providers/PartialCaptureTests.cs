using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>Taking less than was authorized, through the real adapters, against what the provider's ledger says.</summary>
public sealed class PartialCaptureTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Less_than_was_authorized_is_taken_and_the_rest_let_go()
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var charge = await engine.AuthorizedAsync(engine.Stripe);
        var captured = await CaptureAsync(engine, charge, 60_00);
        Assert.Equal((OperationOutcome.Succeeded, ChargeStatus.Captured), (captured.Outcome, captured.Charge!.Status));
        Assert.Equal((100_00, 60_00), (captured.Charge.Authorized.MinorUnits, captured.Charge.Captured.MinorUnits));
        await AssertAgreesAsync(engine, charge, new LedgerFigures(0, 60_00, 0, 1, 1, 0), ChargeStatus.Captured);
    }

    [Fact]
    public async Task The_same_amount_again_is_the_same_capture_and_another_is_a_conflict()
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var charge = await engine.AuthorizedAsync(engine.Stripe);
        await CaptureAsync(engine, charge, 60_00);
        var again = await CaptureAsync(engine, charge, 60_00);
        var rest = await CaptureAsync(engine, charge, 40_00);
        var nothingHeld = await CaptureAsync(engine, charge, null);
        Assert.Equal((OperationOutcome.Succeeded, OperationOutcome.Succeeded), (again.Outcome, nothingHeld.Outcome));
        Assert.Equal((OperationOutcome.Refused, ErrorCodes.StateConflict), (rest.Outcome, rest.Error?.Code));
        Assert.Single(engine.Stripe.Calls, call => call.Path.EndsWith("/capture", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("stripe", 100_01, "exceeds_authorized")]
    [InlineData("stripe", 0, "range")]
    [InlineData("stripe", -1, "range")]
    [InlineData("razorpay", 100_01, "exceeds_authorized")]
    [InlineData("razorpay", 99_99, "partial_capture")]
    public async Task An_amount_that_cannot_be_taken_is_refused_and_nothing_is_sent(string name, long amount, string reason)
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var provider = engine.ProviderOf(name);
        var charge = await engine.AuthorizedAsync(provider);
        var calls = provider.Calls.Count;
        var refused = await CaptureAsync(engine, charge, amount);
        Assert.Equal((OperationOutcome.Refused, new PaymentError(ErrorCodes.AmountInvalid, reason)), (refused.Outcome, refused.Error));
        var other = await engine.Charges.CaptureAsync(
            new CaptureCharge { ChargeId = charge.Id, Amount = new Money(1_00, Currency.Parse("EUR")), ActorId = "clinician-1" }, Ct);
        Assert.Equal(ErrorCodes.CurrencyUnsupported, other.Error?.Code);
        Assert.Equal(calls, provider.Calls.Count);
        Assert.Equal(ChargeStatus.Authorized, (await engine.ChargeAsync(charge.Id)).Status);

        var whole = await CaptureAsync(engine, charge, 100_00);
        Assert.Equal((OperationOutcome.Succeeded, 100_00), (whole.Outcome, whole.Charge!.Captured.MinorUnits));
    }

    [Fact]
    public async Task Refunds_count_from_what_was_taken()
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var charge = (await CaptureAsync(engine, await engine.AuthorizedAsync(engine.Stripe), 60_00)).Charge!;
        var tooMuch = await engine.Charges.RefundAsync(SimulatedEngine.Refund(charge, "request-1", 60_01), Ct);
        Assert.Equal(ErrorCodes.RefundExceedsCaptured, tooMuch.Error?.Code);
        var part = await engine.Charges.RefundAsync(SimulatedEngine.Refund(charge, "request-2", 20_00), Ct);
        Assert.Equal(ChargeStatus.PartiallyRefunded, part.Charge!.Status);
        var rest = await engine.Charges.ReleaseAsync(new ReleaseCharge(charge.Id, "canceled", "patient-1"), Ct);
        Assert.Equal(ChargeStatus.Refunded, rest.Charge!.Status);
        await AssertAgreesAsync(engine, charge, new LedgerFigures(0, 60_00, 60_00, 1, 1, 2), ChargeStatus.Refunded);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Promise", "P06")]
    public async Task A_part_whose_answer_is_lost_is_taken_once_and_blocks_every_other_amount(bool hasExecuted)
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var charge = await engine.AuthorizedAsync(engine.Stripe);
        engine.Stripe.Strike(StruckCall.Capture, hasExecuted ? SimulatorFault.Reset.AfterExecution() : SimulatorFault.Reset.BeforeExecution());
        var unknown = await CaptureAsync(engine, charge, 60_00);
        Assert.Equal(OperationOutcome.Indeterminate, unknown.Outcome);
        foreach (var amount in new long?[] { 50_00, null })
            Assert.Equal(new PaymentError(ErrorCodes.StateConflict, "operation_open"), (await CaptureAsync(engine, charge, amount)).Error);

        var retried = await CaptureAsync(engine, charge, 60_00);
        Assert.Equal((OperationOutcome.Succeeded, 60_00), (retried.Outcome, retried.Charge!.Captured.MinorUnits));
        var keys = engine.Stripe.Calls.Where(call => call.Path.EndsWith("/capture", StringComparison.Ordinal)).Select(call => call.IdempotencyKey);
        Assert.Single(keys.Distinct());
        await AssertAgreesAsync(engine, charge, new LedgerFigures(0, 60_00, 0, 1, 1, 0), ChargeStatus.Captured);
    }

    private static Task<ChargeResult> CaptureAsync(SimulatedEngine engine, Charge charge, long? amount) => engine.Charges.CaptureAsync(
        new CaptureCharge
        {
            ChargeId = charge.Id,
            Amount = amount is { } minorUnits ? new Money(minorUnits, charge.Amount.Currency) : null,
            ActorId = "clinician-1",
        },
        Ct);

    private static async Task AssertAgreesAsync(SimulatedEngine engine, Charge charge, LedgerFigures ledger, ChargeStatus status)
    {
        await engine.DeliverAsync(engine.Stripe);
        engine.Advance(TimeSpan.FromMinutes(1));
        await engine.SweepAsync();
        var after = await engine.ChargeAsync(charge.Id);
        Assert.Equal(ledger, engine.Stripe.LedgerOf(charge.Id));
        Assert.Equal((status, ledger.Captured, ledger.Refunded), (after.Status, after.Captured.MinorUnits, after.Refunded.MinorUnits));
        Assert.DoesNotContain((await engine.StateAsync(charge.Id)).Operations, operation => operation.IsOpen);
    }
}
