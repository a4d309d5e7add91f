using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>The provider is away for longer than it keeps our key. A replay after that would be a new request.</summary>
[Trait("Promise", "P08")]
public sealed class KeyLifetimeTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("stripe", StruckCall.Authorize)]
    [InlineData("stripe", StruckCall.Capture)]
    [InlineData("stripe", StruckCall.Void)]
    [InlineData("stripe", StruckCall.Refund)]
    [InlineData("razorpay", StruckCall.Refund)]
    public async Task After_23_hours_nothing_is_replayed_and_after_three_days_a_human_decides(string name, StruckCall call)
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var provider = engine.ProviderOf(name);
        var charge = call == StruckCall.Authorize ? null
            : call == StruckCall.Refund ? await engine.CapturedAsync(provider)
            : await engine.AuthorizedAsync(provider);
        provider.Strike(call, SimulatorFault.Reset, isOutage: true);
        var first = await SendAsync(engine, call, charge, engine.Booking(provider));
        Assert.Equal(OperationOutcome.Indeterminate, first.Outcome);
        var operation = (await engine.StateAsync(first.Charge!.Id)).Operations[^1];
        var sentAt = operation.FirstSentAt!.Value;

        await AdvanceToAsync(engine, sentAt + TimeSpan.FromHours(22.5));
        Assert.True(SendsOf(provider, operation).Count > 2, "It has to be sent again while the key lives.");
        await AdvanceToAsync(engine, sentAt + TimeSpan.FromHours(23));
        engine.Heal();
        await AdvanceToAsync(engine, sentAt + TimeSpan.FromHours(25));
        await AdvanceToAsync(engine, sentAt + TimeSpan.FromDays(3) + TimeSpan.FromHours(1));

        Assert.DoesNotContain(SendsOf(provider, operation), sent => sent.ReceivedAt >= sentAt + TimeSpan.FromHours(23));
        var state = await engine.StateAsync(first.Charge.Id);
        Assert.Equal(OperationState.Review, state.Operations.Single(o => o.Id == operation.Id).State);
        var review = Assert.Single(await engine.AlertsAsync(first.Charge.Id), alert => alert.Category == "operation_review");
        Assert.Equal(AlertSeverity.Critical, review.Severity);
        Assert.Equal(before(call), provider.LedgerOf(first.Charge.Id));

        // Nobody asks any more, and the alert does not come again.
        await AdvanceToAsync(engine, sentAt + TimeSpan.FromDays(4));
        Assert.Single(await engine.AlertsAsync(first.Charge.Id), alert => alert.Category == "operation_review");

        static LedgerFigures before(StruckCall call) => call switch
        {
            StruckCall.Authorize => new LedgerFigures(0, 0, 0, 0, 0, 0),
            StruckCall.Refund => new LedgerFigures(0, 100_00, 0, 1, 1, 0),
            _ => new LedgerFigures(100_00, 0, 0, 1, 0, 0),
        };
    }

    [Theory]
    [InlineData(StruckCall.Authorize)]
    [InlineData(StruckCall.Capture)]
    [InlineData(StruckCall.Refund)]
    public async Task A_caller_who_repeats_a_day_later_replays_nothing_either(StruckCall call)
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var charge = call == StruckCall.Authorize ? null
            : call == StruckCall.Refund ? await engine.CapturedAsync(engine.Stripe)
            : await engine.AuthorizedAsync(engine.Stripe);
        var booking = engine.Booking(engine.Stripe);
        engine.Stripe.Strike(call, SimulatorFault.Reset.AfterExecution(), isOutage: true);
        await SendAsync(engine, call, charge, booking);

        // This host slept, so nobody has looked meanwhile.
        engine.Advance(TimeSpan.FromHours(25));
        engine.Heal();
        var repeated = await SendAsync(engine, call, charge, booking with { CaptureBy = engine.Time.GetUtcNow() });
        Assert.Equal(OperationOutcome.Succeeded, repeated.Outcome);
        var ledger = engine.Stripe.LedgerOf(repeated.Charge!.Id);
        Assert.Equal((1, call == StruckCall.Refund ? 1 : 0), (ledger.Authorizations, ledger.Refunds));
        Assert.Single(SendsOf(engine.Stripe, (await engine.StateAsync(repeated.Charge.Id)).Operations[^1]));
    }

    [Fact]
    public async Task A_webhook_resolves_what_was_given_to_a_human()
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var charge = await engine.AuthorizedAsync(engine.Stripe);
        engine.Stripe.Webhooks.TakePending();
        engine.Stripe.Strike(StruckCall.Capture, SimulatorFault.Reset.AfterExecution());
        engine.Stripe.Strike(StruckCall.Find, SimulatorFault.BadGatewayEmpty);
        engine.Stripe.Strike(StruckCall.Capture, SimulatorFault.BadGatewayEmpty, isOutage: true);
        await engine.Charges.CaptureAsync(charge.Id, "clinician-1", Ct);
        await AdvanceToAsync(engine, engine.Time.GetUtcNow() + TimeSpan.FromDays(3) + TimeSpan.FromHours(1));
        Assert.Equal(OperationState.Review, (await engine.StateAsync(charge.Id)).Operations[^1].State);
        Assert.Equal(ChargeStatus.Authorized, (await engine.ChargeAsync(charge.Id)).Status);

        engine.Heal();
        await engine.DeliverAsync(engine.Stripe);
        Assert.Equal((ChargeStatus.Captured, 100_00L), ((await engine.ChargeAsync(charge.Id)).Status, engine.Stripe.LedgerOf(charge.Id).Captured));
        var sendCount = engine.Stripe.Calls.Count;
        var again = await engine.Charges.CaptureAsync(charge.Id, "clinician-1", Ct);
        Assert.Equal((OperationOutcome.Succeeded, sendCount), (again.Outcome, engine.Stripe.Calls.Count));
    }

    private static Task<ChargeResult> SendAsync(SimulatedEngine engine, StruckCall call, Charge? charge, AuthorizeCharge booking) => call switch
    {
        StruckCall.Authorize => engine.Charges.AuthorizeAsync(booking, Ct),
        StruckCall.Capture => engine.Charges.CaptureAsync(charge!.Id, "clinician-1", Ct),
        StruckCall.Void => engine.Charges.VoidAsync(charge!.Id, "canceled_by_patient", "patient-1", Ct),
        _ => engine.Charges.RefundAsync(SimulatedEngine.Refund(charge!, "request-1", 40_00), Ct),
    };

    private static List<SimulatorCall> SendsOf(SimulatedProvider provider, ChargeOperation operation) =>
        [.. provider.Calls.Where(call => call.IdempotencyKey == operation.IdempotencyKey)];

    /// <summary>Looks every hour, and at the end.</summary>
    private static async Task AdvanceToAsync(SimulatedEngine engine, DateTimeOffset until)
    {
        while (engine.Time.GetUtcNow() < until)
        {
            var left = until - engine.Time.GetUtcNow();
            engine.Advance(left < TimeSpan.FromHours(1) ? left : TimeSpan.FromHours(1));
            await engine.SweepAsync();
        }
    }
}
