using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>Accounts that behave differently from the documentation's first page.</summary>
public sealed class ProviderQuirkTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_old_Stripe_endpoint_tells_a_void_as_a_refund_and_none_is_counted()
    {
        await using var engine = await SimulatedEngine.StartAsync(engine => engine.StripeSettings.SendsPreBasilEvents = true);
        var charge = await engine.AuthorizedAsync(engine.Stripe);
        await engine.Charges.VoidAsync(charge.Id, "canceled_by_patient", "patient-1", Ct);
        Assert.Contains(engine.Stripe.Webhooks.Pending, webhook => webhook.Type == "charge.refunded");
        await engine.DeliverAsync(engine.Stripe);
        charge = await engine.ChargeAsync(charge.Id);
        Assert.Equal((ChargeStatus.Voided, 0L, null), (charge.Status, charge.Refunded.MinorUnits, charge.RefreshDueAt));
        Assert.Equal(new LedgerFigures(0, 0, 0, 1, 0, 0), engine.Stripe.LedgerOf(charge.Id));
    }

    [Fact]
    [Trait("Promise", "P06")]
    public async Task Money_that_a_429_took_after_all_goes_back_and_leaves_the_second_booking_alone()
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var command = engine.Booking(engine.Stripe);
        engine.Stripe.Strike(StruckCall.Authorize, SimulatorFault.RateLimited(TimeSpan.FromSeconds(7)).AfterExecution());
        var refused = await engine.Charges.AuthorizeAsync(command, Ct);
        Assert.Equal((OperationOutcome.NotSent, ChargeStatus.Failed), (refused.Outcome, refused.Charge!.Status));
        engine.Advance(TimeSpan.FromSeconds(8));
        var booked = await engine.Charges.AuthorizeAsync(command, Ct);
        Assert.Equal(OperationOutcome.Succeeded, booked.Outcome);

        await engine.DeliverAsync(engine.Stripe);
        engine.Advance(TimeSpan.FromMinutes(1));
        await engine.SweepAsync();
        var (first, second) = (await engine.ChargeAsync(refused.Charge.Id), await engine.ChargeAsync(booked.Charge!.Id));
        Assert.Equal((ChargeStatus.Voided, ChargeStatus.Authorized), (first.Status, second.Status));
        Assert.Equal((0L, 100_00L), (engine.Stripe.LedgerOf(first.Id).Held, engine.Stripe.LedgerOf(second.Id).Held));
        Assert.Contains(await engine.AlertsAsync(first.Id), alert => alert is { Category: "money_conflict", Severity: AlertSeverity.Critical });
    }

    [Fact]
    public async Task A_hold_that_runs_out_at_Stripe_is_voided_by_its_webhook()
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var charge = await engine.AuthorizedAsync(engine.Stripe);
        engine.Advance(TimeSpan.FromDays(5));
        await engine.DeliverAsync(engine.Stripe);
        Assert.Equal((ChargeStatus.Voided, 0L), ((await engine.ChargeAsync(charge.Id)).Status, engine.Stripe.LedgerOf(charge.Id).Held));
    }

    [Fact]
    public async Task A_capture_of_a_hold_that_ran_out_unheard_is_refused_and_the_row_is_put_right()
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var charge = await engine.AuthorizedAsync(engine.Stripe);
        engine.Advance(TimeSpan.FromDays(5));
        engine.Stripe.Webhooks.TakePending();
        var tooLate = await engine.Charges.CaptureAsync(charge.Id, "clinician-1", Ct);
        Assert.Equal((OperationOutcome.Declined, ChargeStatus.Voided), (tooLate.Outcome, tooLate.Charge!.Status));
        Assert.Equal(new LedgerFigures(0, 0, 0, 1, 0, 0), engine.Stripe.LedgerOf(charge.Id));
    }

    [Fact]
    public async Task A_Razorpay_account_that_captures_by_itself_agrees_with_us_and_a_late_payment_is_refunded()
    {
        await using var engine = await SimulatedEngine.StartAsync(engine => engine.RazorpaySettings.CapturesAutomatically = true);
        var provider = engine.Razorpay;
        var waiting = await engine.Charges.AuthorizeAsync(engine.Checkout(provider), Ct);
        var paid = await engine.CompleteAsync(waiting.Charge!, provider.Pay(waiting.NextAction!));
        Assert.Equal((OperationOutcome.Succeeded, ChargeStatus.Captured), (paid.Outcome, paid.Charge!.Status));
        var captured = await engine.Charges.CaptureAsync(paid.Charge.Id, "clinician-1", Ct);
        Assert.Equal((OperationOutcome.Succeeded, 1), (captured.Outcome, provider.LedgerOf(paid.Charge.Id).Captures));

        var abandoned = await engine.Charges.AuthorizeAsync(engine.Checkout(provider), Ct);
        engine.Advance(TimeSpan.FromMinutes(31));
        await engine.SweepAsync();
        provider.Webhooks.TakePending();
        provider.Pay(abandoned.NextAction!);
        await engine.DeliverAsync(provider);
        for (var step = 0; step < 3; step++)
        {
            engine.Advance(TimeSpan.FromMinutes(2));
            await engine.SweepAsync();
        }

        var late = await engine.ChargeAsync(abandoned.Charge!.Id);
        Assert.Equal(new LedgerFigures(0, 100_00, 100_00, 1, 1, 1), provider.LedgerOf(late.Id));
        Assert.Equal((ChargeStatus.Refunded, 100_00L), (late.Status, late.Refunded.MinorUnits));
        Assert.Contains(await engine.AlertsAsync(late.Id), alert => alert is { Category: "money_conflict", Severity: AlertSeverity.Critical });
    }

    [Fact]
    public async Task A_Razorpay_payment_without_its_orders_notes_finds_its_charge_by_the_order()
    {
        await using var engine = await SimulatedEngine.StartAsync(engine => engine.RazorpaySettings.CopiesOrderNotes = false);
        var provider = engine.Razorpay;
        var waiting = await engine.Charges.AuthorizeAsync(engine.Checkout(provider), Ct);
        provider.Pay(waiting.NextAction!);
        await engine.DeliverAsync(provider);
        Assert.Equal(ChargeStatus.Authorized, (await engine.ChargeAsync(waiting.Charge!.Id)).Status);
        await engine.Charges.CaptureAsync(waiting.Charge.Id, "clinician-1", Ct);
        await engine.Charges.RefundAsync(SimulatedEngine.Refund(waiting.Charge, "request-1", 40_00), Ct);
        await engine.DeliverAsync(provider);
        var charge = await engine.ChargeAsync(waiting.Charge.Id);
        Assert.Equal((ChargeStatus.PartiallyRefunded, provider.LedgerOf(charge.Id).Refunded), (charge.Status, charge.Refunded.MinorUnits));
        Assert.Single(charge.Refunds);
    }

    [Fact]
    public async Task A_read_that_meets_another_request_in_progress_is_no_fault_of_the_configuration()
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var held = await engine.AuthorizedAsync(engine.Stripe);
        engine.Stripe.Strike(StruckCall.Capture, SimulatorFault.ServerErrorHtml);
        Assert.Equal(OperationOutcome.Indeterminate, (await engine.Charges.CaptureAsync(held.Id, "clinician-1", Ct)).Outcome);
        engine.Stripe.Strike(StruckCall.Find, SimulatorFault.InUse, isOutage: true);
        engine.Advance(TimeSpan.FromMinutes(1));
        await engine.SweepAsync();
        Assert.Equal("busy", (await engine.StateAsync(held.Id)).Operations[^1].Error?.Reason);

        engine.Heal();
        engine.Advance(TimeSpan.FromMinutes(5));
        await engine.SweepAsync();
        Assert.Equal(ChargeStatus.Captured, (await engine.ChargeAsync(held.Id)).Status);
        Assert.DoesNotContain(await engine.AlertsAsync(held.Id), alert => alert.Severity == AlertSeverity.Critical);
    }
}
