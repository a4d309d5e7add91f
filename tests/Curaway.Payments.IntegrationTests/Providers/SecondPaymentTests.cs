using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>An order of Razorpay on which an attempt that had failed is authorized late, beside the payment that went through.</summary>
public sealed class SecondPaymentTests(SimulatedEngine engine) : IClassFixture<SimulatedEngine>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private RazorpaySimulator Razorpay => engine.Razorpay.Simulator;

    [Theory]
    [Trait("Promise", "P14")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_two_holds_one_is_kept_and_captured_and_the_other_lapses(bool isCapturedFirst)
    {
        var (id, first, second) = await PaidTwiceAsync();
        Razorpay.LateAuthorize(first);
        if (isCapturedFirst)
            Assert.Equal(OperationOutcome.Succeeded, (await engine.Charges.CaptureAsync(id, "clinician-1", Ct)).Outcome);
        await LookAsync();

        var charge = await engine.ChargeAsync(id);
        var kept = charge.PrincipalPayment!.Reference;
        var extra = Assert.Single(charge.Payments, payment => payment.Reference != kept);
        Assert.Equal((isCapturedFirst ? ChargeStatus.Captured : ChargeStatus.Authorized, extra.CaptureBefore), (charge.Status, extra.ReleaseDueAt));
        Assert.NotNull(extra.ReleaseDueAt);
        Assert.True(!isCapturedFirst || kept == second);
        await AssertOneAlertAsync(id);

        var captured = await engine.Charges.CaptureAsync(id, "clinician-1", Ct);
        Assert.Equal((OperationOutcome.Succeeded, 100_00L, kept), (captured.Outcome, captured.Charge!.Captured.MinorUnits, captured.Charge.PrincipalPayment!.Reference));
        Assert.Equal(100_00L, engine.Razorpay.LedgerOf(id).Held);

        engine.Advance(extra.ReleaseDueAt.Value - engine.Time.GetUtcNow() + TimeSpan.FromMinutes(5));
        await engine.SweepAsync();
        charge = await engine.ChargeAsync(id);
        Assert.Equal(PaymentState.Voided, charge.Payments.Single(payment => payment.Reference == extra.Reference).State);
        Assert.Equal((ChargeStatus.Captured, 100_00L, 0L, null), (charge.Status, charge.Captured.MinorUnits, charge.Refunded.MinorUnits, charge.ReleaseDueAt));
        Assert.Equal((0L, 100_00L), (engine.Razorpay.LedgerOf(id).Held, engine.Razorpay.LedgerOf(id).Captured));
        await AssertOneAlertAsync(id);
    }

    [Fact]
    [Trait("Promise", "P14")]
    public async Task A_second_payment_that_was_taken_is_refunded_once_and_the_kept_one_can_still_be()
    {
        var (id, first, second) = await PaidTwiceAsync();
        Razorpay.LateAuthorize(first);
        Razorpay.AutoCapture(second);
        Razorpay.AutoCapture(first);
        await LookAsync();
        await LookAsync();

        var state = await engine.StateAsync(id);
        var charge = state.Charge!;
        var extra = charge.PrincipalPayment!.Reference == first ? second : first;
        Assert.Equal((ChargeStatus.Captured, 100_00L, 0L), (charge.Status, charge.Captured.MinorUnits, charge.Refunded.MinorUnits));
        var release = Assert.Single(state.Operations, operation => operation.Kind == OperationKind.Refund);
        Assert.Equal(("release-" + extra, OperationState.Closed, 100_00L), (release.RequestId?.Value, release.State, release.Amount.MinorUnits));
        Assert.Equal((extra, release.Id), (charge.Refunds[0].PaymentReference, charge.Refunds[0].OperationId));
        await AssertOneAlertAsync(id);

        var part = await engine.Charges.RefundAsync(SimulatedEngine.Refund(charge, "part", 10_00), Ct);
        Assert.Equal((ChargeStatus.PartiallyRefunded, 10_00L), (part.Charge!.Status, part.Charge.Refunded.MinorUnits));
        var rest = await engine.Charges.RefundAsync(SimulatedEngine.Refund(charge, "rest"), Ct);
        Assert.Equal((ChargeStatus.Refunded, 100_00L), (rest.Charge!.Status, rest.Charge.Refunded.MinorUnits));
        engine.Advance(TimeSpan.FromDays(1));
        await LookAsync();
        Assert.Equal(new LedgerFigures(0, 200_00, 200_00, 2, 2, 3), engine.Razorpay.LedgerOf(id));
        Assert.Equal(ChargeStatus.Refunded, (await engine.ChargeAsync(id)).Status);
    }

    [Fact]
    public async Task While_the_provider_cannot_be_asked_nothing_is_let_go()
    {
        var (id, first, _) = await PaidTwiceAsync();
        Razorpay.LateAuthorize(first);
        engine.Razorpay.Strike(StruckCall.Find, SimulatorFault.Reset, isOutage: true);
        await LookAsync();
        Assert.All((await engine.ChargeAsync(id)).Payments, payment => Assert.True(payment.IsHeld));

        engine.Heal();
        engine.Advance(TimeSpan.FromHours(1));
        await engine.SweepAsync();
        Assert.Single((await engine.ChargeAsync(id)).Payments, payment => payment.IsHeld);
    }

    private async Task<(ChargeId Id, string First, string Second)> PaidTwiceAsync()
    {
        var waiting = await engine.Charges.AuthorizeAsync(engine.Checkout(engine.Razorpay), Ct);
        var order = waiting.NextAction!.Parameters["order_id"];
        var failed = Razorpay.PayAsPatient(order, "failure@razorpay");
        await engine.CompleteAsync(waiting.Charge!, SimulatedRazorpay.ProofOf(failed));
        var paid = Razorpay.PayAsPatient(order);
        Assert.Equal(ChargeStatus.Authorized, (await engine.CompleteAsync(waiting.Charge!, SimulatedRazorpay.ProofOf(paid))).Charge!.Status);
        return (waiting.Charge!.Id, failed.PaymentId, paid.PaymentId);
    }

    /// <summary>The webhook tells of the second payment; the reconciler asks and acts.</summary>
    private async Task LookAsync()
    {
        await engine.DeliverAsync(engine.Razorpay);
        await engine.SweepAsync();
        engine.Advance(TimeSpan.FromMinutes(1));
        await engine.SweepAsync();
    }

    private async Task AssertOneAlertAsync(ChargeId id) => Assert.Single(
        await engine.AlertsAsync(id), alert => alert is { Category: "money_conflict", Severity: AlertSeverity.Critical, Text: "second_payment" });
}
