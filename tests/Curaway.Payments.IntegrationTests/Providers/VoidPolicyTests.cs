using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>The three ways to let a Razorpay payment go, where no void exists.</summary>
public sealed class VoidPolicyTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(RazorpayVoidPolicy.LetLapse, ReleaseKind.Lapses, 0, 0)]
    [InlineData(RazorpayVoidPolicy.CaptureThenRefund, ReleaseKind.Refunded, 1, 1)]
    [InlineData(RazorpayVoidPolicy.RefundAuthorized, ReleaseKind.Refunded, 0, 0)]
    public async Task A_void_says_which_happened_and_is_no_capture_and_no_refund(RazorpayVoidPolicy policy, ReleaseKind kind, int captures, int refunds)
    {
        await using var engine = await StartAsync(policy, allowsRefundOfAuthorized: true);
        var held = await engine.AuthorizedAsync(engine.Razorpay);
        var voided = await VoidAsync(engine, held);
        Assert.Equal((OperationOutcome.Succeeded, ChargeStatus.Voided), (voided.Outcome, voided.Charge!.Status));
        Assert.Equal((kind, 5, 7), (voided.Charge.Release!.Kind, voided.Charge.Release.WorkingDaysMin, voided.Charge.Release.WorkingDaysMax));
        Assert.Equal(kind == ReleaseKind.Lapses ? voided.Charge.ReleaseDueAt : voided.Charge.Refunds[0].CreatedAt, voided.Charge.Release.StartsAt);
        Assert.Equal((0, 0), (voided.Charge.Captured.MinorUnits, voided.Charge.Refunded.MinorUnits));
        var ledger = engine.Razorpay.LedgerOf(held.Id);
        Assert.Equal((captures, refunds), (ledger.Captures, ledger.Refunds));

        // Every webhook afterwards, newest first and twice, changes nothing.
        await engine.DeliverAsync(engine.Razorpay);
        await engine.SweepAsync();
        var after = await engine.ChargeAsync(held.Id);
        Assert.Equal((ChargeStatus.Voided, 0L, 0L, null), (after.Status, after.Captured.MinorUnits, after.Refunded.MinorUnits, after.CapturedAt));
        Assert.Equal((null, null), (after.RefundedAt, after.ClosingAt));
        Assert.DoesNotContain(await engine.AlertsAsync(held.Id), alert => alert.Severity == AlertSeverity.Critical);
        Assert.Equal(OperationOutcome.Succeeded, (await VoidAsync(engine, held)).Outcome);
        Assert.Equal(ledger, engine.Razorpay.LedgerOf(held.Id));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [Trait("Promise", "P02")]
    public async Task A_process_that_dies_anywhere_in_the_two_calls_is_finished_under_the_same_key(int callsDone)
    {
        await using var engine = await StartAsync(RazorpayVoidPolicy.CaptureThenRefund);
        var held = await engine.AuthorizedAsync(engine.Razorpay);
        if (callsDone < 2)
            engine.Razorpay.Strike(callsDone == 0 ? StruckCall.Capture : StruckCall.Refund, SimulatorFault.Reset.BeforeExecution());
        engine.CommitsLeft = 1;
        await Assert.ThrowsAsync<ProcessDiedException>(() => VoidAsync(engine, held));
        engine.CommitsLeft = null;
        engine.Heal();
        var ledger = engine.Razorpay.LedgerOf(held.Id);
        Assert.Equal((callsDone > 0 ? 1 : 0, callsDone > 1 ? 1 : 0), (ledger.Captures, ledger.Refunds));

        // What the provider tells meanwhile is neither a capture of ours nor money after a void.
        await engine.DeliverAsync(engine.Razorpay);
        var between = await engine.ChargeAsync(held.Id);
        Assert.Equal((callsDone > 1 ? ChargeStatus.Voided : ChargeStatus.Authorized, 0L, 0L), (between.Status, between.Captured.MinorUnits, between.Refunded.MinorUnits));
        Assert.Equal(ErrorCodes.StateConflict, (await engine.Charges.CaptureAsync(held.Id, "clinician-1", Ct)).Error?.Code);

        engine.Advance(TimeSpan.FromMinutes(2));
        await engine.SweepAsync();
        var (charge, operations) = (await engine.ChargeAsync(held.Id), (await engine.StateAsync(held.Id)).Operations);
        Assert.Equal((ChargeStatus.Voided, ReleaseKind.Refunded), (charge.Status, charge.Release!.Kind));
        var voidOperation = Assert.Single(operations, operation => operation.Kind == OperationKind.Void);
        Assert.Equal((OperationState.Closed, OperationOutcome.Succeeded), (voidOperation.State, voidOperation.Outcome));
        Assert.Equal(new LedgerFigures(0, 100_00, 100_00, 1, 1, 1), engine.Razorpay.LedgerOf(held.Id));
        var keys = engine.Razorpay.Calls.Where(call => call.Operation == "Refund").Select(call => call.IdempotencyKey).Distinct();
        Assert.Equal([$"{voidOperation.Id}-{charge.PrincipalPayment!.Reference}"], keys);
        Assert.DoesNotContain(await engine.AlertsAsync(held.Id), alert => alert.Category == "money_conflict");
    }

    [Fact]
    public async Task Without_a_balance_the_void_stays_open_tells_once_and_does_not_loop()
    {
        await using var engine = await StartAsync(RazorpayVoidPolicy.CaptureThenRefund);
        engine.RazorpaySettings.MerchantBalance = 0;
        var held = await engine.AuthorizedAsync(engine.Razorpay);
        var blocked = await VoidAsync(engine, held);
        Assert.Equal((OperationOutcome.NotSent, "insufficient_balance", ChargeStatus.Authorized), (blocked.Outcome, blocked.Error?.Reason, blocked.Charge!.Status));
        for (var minute = 0; minute < 50; minute += 10)
        {
            engine.Advance(TimeSpan.FromMinutes(10));
            await engine.DeliverAsync(engine.Razorpay);
            await engine.SweepAsync();
        }

        Assert.Single(engine.Razorpay.Calls, call => call.Operation == "Refund");
        Assert.Equal(ChargeStatus.Authorized, (await engine.ChargeAsync(held.Id)).Status);
        for (var day = 0; day < 4; day++)
        {
            engine.Advance(TimeSpan.FromDays(1));
            await engine.SweepAsync();
        }

        Assert.Single(await engine.AlertsAsync(held.Id), alert => alert is { Category: "settlement_failed", Severity: AlertSeverity.Critical });
        engine.RazorpaySettings.MerchantBalance = null;
        engine.Advance(TimeSpan.FromHours(1));
        await engine.SweepAsync();
        Assert.Equal(ChargeStatus.Voided, (await engine.ChargeAsync(held.Id)).Status);
        Assert.Equal(new LedgerFigures(0, 100_00, 100_00, 1, 1, 1), engine.Razorpay.LedgerOf(held.Id));
    }

    [Fact]
    public async Task A_refund_that_bounces_after_the_void_is_made_again()
    {
        await using var engine = await StartAsync(RazorpayVoidPolicy.CaptureThenRefund);
        var held = await engine.AuthorizedAsync(engine.Razorpay);
        await VoidAsync(engine, held);
        engine.Razorpay.Settle(held.Id, hasSucceeded: false);
        await engine.DeliverAsync(engine.Razorpay);
        Assert.Single(await engine.AlertsAsync(held.Id), alert => alert is { Category: "money_conflict", Severity: AlertSeverity.Critical });

        // The older events tell of more refunded than is known, so the provider is asked first.
        engine.Advance(TimeSpan.FromMinutes(1));
        await engine.SweepAsync();
        await engine.SweepAsync();
        var charge = await engine.ChargeAsync(held.Id);
        Assert.Equal((ChargeStatus.Voided, 2), (charge.Status, charge.Refunds.Length));
        Assert.Equal(new LedgerFigures(0, 100_00, 100_00, 1, 1, 1), engine.Razorpay.LedgerOf(held.Id));
    }

    [Fact]
    public async Task A_policy_that_changes_between_the_calls_does_not_keep_what_was_captured()
    {
        await using var engine = await StartAsync(RazorpayVoidPolicy.CaptureThenRefund);
        var held = await engine.AuthorizedAsync(engine.Razorpay);
        engine.Razorpay.Strike(StruckCall.Refund, SimulatorFault.Reset.BeforeExecution());
        Assert.Equal(OperationOutcome.Indeterminate, (await VoidAsync(engine, held)).Outcome);
        engine.ChangeVoidPolicy(RazorpayVoidPolicy.LetLapse);
        engine.Advance(TimeSpan.FromMinutes(2));
        await engine.SweepAsync();
        Assert.Equal(ChargeStatus.Voided, (await engine.ChargeAsync(held.Id)).Status);
        Assert.Equal(new LedgerFigures(0, 100_00, 100_00, 1, 1, 1), engine.Razorpay.LedgerOf(held.Id));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_refund_of_an_authorized_payment_never_names_an_amount_and_lapses_where_it_is_refused(bool isAllowed)
    {
        await using var engine = await StartAsync(RazorpayVoidPolicy.RefundAuthorized, isAllowed);
        var held = await engine.AuthorizedAsync(engine.Razorpay);
        var voided = await VoidAsync(engine, held);
        Assert.Equal((OperationOutcome.Succeeded, isAllowed ? ReleaseKind.Refunded : ReleaseKind.Lapses), (voided.Outcome, voided.Charge!.Release!.Kind));
        var call = Assert.Single(engine.Razorpay.Calls, call => call.Operation == "Refund");
        Assert.DoesNotContain("amount", call.Body, StringComparison.Ordinal);
        Assert.Equal(isAllowed ? 0 : 100_00, engine.Razorpay.LedgerOf(held.Id).Held);
    }

    [Theory]
    [InlineData(RazorpayVoidPolicy.LetLapse, true)]
    [InlineData(RazorpayVoidPolicy.CaptureThenRefund, true)]
    [InlineData(RazorpayVoidPolicy.RefundAuthorized, true)]
    [InlineData(RazorpayVoidPolicy.LetLapse, false)]
    [InlineData(RazorpayVoidPolicy.CaptureThenRefund, false)]
    [InlineData(RazorpayVoidPolicy.RefundAuthorized, false)]
    [Trait("Promise", "P03")]
    public async Task A_payment_that_lands_on_a_voided_order_is_released_and_told_also_when_no_webhook_comes(RazorpayVoidPolicy policy, bool isTold)
    {
        await using var engine = await StartAsync(policy, allowsRefundOfAuthorized: true);
        var waiting = await engine.Charges.AuthorizeAsync(engine.Checkout(engine.Razorpay), Ct);
        var id = waiting.Charge!.Id;
        Assert.Equal(ReleaseKind.NothingHeld, (await VoidAsync(engine, waiting.Charge)).Charge!.Release!.Kind);
        engine.Advance(TimeSpan.FromMinutes(20));
        await engine.SweepAsync();
        engine.Razorpay.Pay(waiting.NextAction!);
        if (isTold)
            await engine.DeliverAsync(engine.Razorpay);
        engine.Razorpay.Webhooks.TakePending();

        // The next look is due at twice the time that has passed since the void.
        engine.Advance(TimeSpan.FromMinutes(21));
        await engine.SweepAsync();
        engine.Advance(TimeSpan.FromMinutes(2));
        await engine.SweepAsync();
        engine.Razorpay.Webhooks.TakePending();
        var charge = await engine.ChargeAsync(id);
        Assert.Equal((ChargeStatus.Voided, "late_success", 0L), (charge.Status, charge.ClosingReason, charge.Captured.MinorUnits));
        Assert.Equal(policy == RazorpayVoidPolicy.LetLapse ? ReleaseKind.Lapses : ReleaseKind.Refunded, charge.Release!.Kind);
        Assert.Equal(policy == RazorpayVoidPolicy.LetLapse ? 100_00 : 0, engine.Razorpay.LedgerOf(id).Held);
        Assert.Single(await engine.AlertsAsync(id), alert => alert is { Category: "money_conflict", Severity: AlertSeverity.Critical });

        engine.Advance(TimeSpan.FromDays(4));
        await engine.SweepAsync();
        Assert.Equal((ChargeStatus.Voided, null), ((await engine.ChargeAsync(id)).Status, (await engine.ChargeAsync(id)).ReleaseDueAt));
        Assert.Equal(0, engine.Razorpay.LedgerOf(id).Held);
    }

    [Fact]
    public async Task A_voided_order_is_looked_at_ever_more_rarely_for_five_days_and_then_never_again()
    {
        await using var engine = await StartAsync(RazorpayVoidPolicy.LetLapse);
        var waiting = await engine.Charges.AuthorizeAsync(engine.Checkout(engine.Razorpay), Ct);
        await VoidAsync(engine, waiting.Charge!);
        var before = engine.Razorpay.Calls.Count;
        var looks = new List<int>();
        for (var quarter = 1; quarter <= 24 * 4 * 7; quarter++)
        {
            engine.Advance(TimeSpan.FromMinutes(15));
            await engine.SweepAsync();
            if (engine.Razorpay.Calls.Count > before)
                looks.Add(quarter);
            before = engine.Razorpay.Calls.Count;
        }

        // A look that comes a moment late doubles that moment too.
        Assert.Equal(1, looks[0]);
        Assert.InRange(looks.Count, 9, 10);
        Assert.InRange(looks[^1], 480, 481);
        Assert.All(looks.Skip(1).Zip(looks), pair => Assert.InRange(pair.First, pair.Second + 1, (2 * pair.Second) + 1));
        Assert.Null(ChargeSchedule.DueAt(await engine.ChargeAsync(waiting.Charge!.Id), (await engine.StateAsync(waiting.Charge.Id)).Operations));
    }

    private static Task<ChargeResult> VoidAsync(SimulatedEngine engine, Charge charge) =>
        engine.Charges.VoidAsync(charge.Id, "canceled_by_patient", "patient-1", Ct);

    private static Task<SimulatedEngine> StartAsync(RazorpayVoidPolicy policy, bool allowsRefundOfAuthorized = false) => SimulatedEngine.StartAsync(engine =>
    {
        engine.VoidPolicy = policy;
        engine.RazorpaySettings.AllowsRefundOfAuthorized = allowsRefundOfAuthorized;
    });
}
