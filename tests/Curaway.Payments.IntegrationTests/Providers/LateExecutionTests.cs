using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>The provider carries a call out long after we gave up waiting, while we look and send again.</summary>
[Trait("Promise", "P07")]
public sealed class LateExecutionTests(SimulatedEngine engine) : IClassFixture<SimulatedEngine>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMilliseconds(150);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("stripe", StruckCall.Authorize)]
    [InlineData("stripe", StruckCall.Capture)]
    [InlineData("stripe", StruckCall.Void)]
    [InlineData("stripe", StruckCall.Refund)]
    [InlineData("razorpay", StruckCall.Authorize)]
    [InlineData("razorpay", StruckCall.Capture)]
    [InlineData("razorpay", StruckCall.Refund)]
    public async Task What_executes_after_our_looks_and_replays_is_done_once_and_found(string name, StruckCall call)
    {
        var provider = engine.ProviderOf(name);
        engine.Advance(TimeSpan.FromMinutes(3));
        var command = engine.Booking(provider);
        var charge = call switch
        {
            StruckCall.Authorize => null,
            StruckCall.Refund => await engine.CapturedAsync(provider),
            _ => await engine.AuthorizedAsync(provider),
        };
        provider.Strike(call, SimulatorFault.Delay(10 * Deadline).BeforeExecution());
        engine.Deadline = Deadline;
        var unknown = await SendAsync(call, charge, command);
        engine.Heal();
        Assert.Equal(OperationOutcome.Indeterminate, unknown.Outcome);
        charge = unknown.Charge!;

        // Three looks while the provider has the call and has not acted on it.
        for (var look = 0; look < 3; look++)
        {
            engine.Advance(TimeSpan.FromMinutes(1));
            await engine.SweepAsync();
            var early = await engine.ChargeAsync(charge.Id);
            Assert.NotEqual(ChargeStatus.Failed, early.Status);
        }

        var repeated = await SendAsync(call, charge, command);
        Assert.NotEqual(OperationOutcome.Declined, repeated.Outcome);
        Assert.Contains(provider.Calls, seen => seen.Outcome == "pending");
        await provider.QuiesceAsync(Ct);
        await SettleAsync(charge.Id);

        var state = await engine.StateAsync(charge.Id);
        var ledger = provider.LedgerOf(charge.Id);
        Assert.All(state.Operations, operation => Assert.Equal(OperationState.Closed, operation.State));
        Assert.Equal(ExpectedOf(name, call), (state.Charge!.Status, ledger));
    }

    [Fact]
    public async Task A_retry_after_the_hold_was_released_is_a_new_charge_and_only_its_money_is_held()
    {
        var provider = engine.Stripe;
        engine.Advance(TimeSpan.FromMinutes(3));
        var command = engine.Booking(provider);
        provider.Strike(StruckCall.Authorize, SimulatorFault.Delay(2 * Deadline).BeforeExecution());
        engine.Deadline = Deadline;
        var unknown = await engine.Charges.AuthorizeAsync(command, Ct);
        engine.Heal();
        await provider.QuiesceAsync(Ct);
        await SettleAsync(unknown.Charge!.Id);

        var released = await engine.ChargeAsync(unknown.Charge.Id);
        Assert.Equal((ChargeStatus.Voided, "hold_expired"), (released.Status, released.ClosingReason));
        var retried = await engine.Charges.AuthorizeAsync(command with { CaptureBy = engine.Time.GetUtcNow() }, Ct);
        Assert.Equal(OperationOutcome.Succeeded, retried.Outcome);
        Assert.Equal((0L, 100_00L), (provider.LedgerOf(released.Id).Held, provider.LedgerOf(retried.Charge!.Id).Held));
    }

    private async Task SettleAsync(ChargeId id)
    {
        for (var step = 0; step < 8; step++)
        {
            engine.Advance(TimeSpan.FromMinutes(6));
            await engine.SweepAsync();
        }

        Assert.NotEqual(ChargeStatus.Failed, (await engine.ChargeAsync(id)).Status);
    }

    private Task<ChargeResult> SendAsync(StruckCall call, Charge? charge, AuthorizeCharge command) => call switch
    {
        StruckCall.Authorize => engine.Charges.AuthorizeAsync(command, Ct),
        StruckCall.Capture => engine.Charges.CaptureAsync(charge!.Id, "clinician-1", Ct),
        StruckCall.Void => engine.Charges.VoidAsync(charge!.Id, "canceled_by_patient", "patient-1", Ct),
        _ => engine.Charges.RefundAsync(SimulatedEngine.Refund(charge!, "request-1", 40_00), Ct),
    };

    // A Razorpay order that was adopted by the repeat and never paid expires with its checkout.
    private static (ChargeStatus, LedgerFigures) ExpectedOf(string name, StruckCall call) => (name, call) switch
    {
        ("stripe", StruckCall.Authorize) => (ChargeStatus.Voided, new LedgerFigures(0, 0, 0, 1, 0, 0)),
        (_, StruckCall.Authorize) => (ChargeStatus.Voided, new LedgerFigures(0, 0, 0, 0, 0, 0)),
        (_, StruckCall.Capture) => (ChargeStatus.Captured, new LedgerFigures(0, 100_00, 0, 1, 1, 0)),
        (_, StruckCall.Void) => (ChargeStatus.Voided, new LedgerFigures(0, 0, 0, 1, 0, 0)),
        _ => (ChargeStatus.PartiallyRefunded, new LedgerFigures(0, 100_00, 40_00, 1, 1, 1)),
    };
}
