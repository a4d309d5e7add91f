namespace Curaway.Payments.IntegrationTests.Engine;

/// <summary>Cases an audit of the money path found.</summary>
public sealed class HardCasesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Promise", "P08")]
    public async Task A_callers_retry_after_the_key_lifetime_reads_instead_of_sending()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.CapturedAsync();
        engine.Stripe.Next(Behavior.ExecuteThenTimeout);
        await engine.Charges.RefundAsync(EngineFixture.Refund(charge.Id, "request-1", 40_00), Ct);
        var sends = engine.Stripe.Sends.Count;
        engine.Time.Advance(TimeSpan.FromHours(25));

        var retried = await engine.Charges.RefundAsync(EngineFixture.Refund(charge.Id, "request-1", 40_00), Ct);
        Assert.Equal((OperationOutcome.Succeeded, sends, 1), (retried.Outcome, engine.Stripe.Sends.Count, engine.Stripe.RefundCount));
    }

    [Fact]
    public async Task What_is_in_review_is_still_asked_about_and_closes_when_the_truth_appears()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.AuthorizedAsync();
        engine.Stripe.FindsNothing = true;
        engine.Stripe.Next(Behavior.ExecuteThenServerError);
        await engine.Charges.CaptureAsync(charge.Id, "clinician-1", Ct);
        engine.Time.Advance(TimeSpan.FromDays(4));
        await engine.ReconcileAsync();
        Assert.Equal(OperationState.Review, (await engine.StateAsync(charge.Id)).Operations.Single(o => o.Kind == OperationKind.Capture).State);

        engine.Stripe.FindsNothing = false;
        engine.Time.Advance(TimeSpan.FromHours(2));
        await engine.ReconcileAsync();
        Assert.Equal(ChargeStatus.Captured, (await engine.StateAsync(charge.Id)).Charge!.Status);
        Assert.Single(await engine.AlertsAsync(), alert => alert.Category == "operation_review");
    }

    [Fact]
    public async Task A_5xx_stored_under_the_key_without_executing_is_settled_under_a_new_key_and_once()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.AuthorizedAsync();
        engine.Stripe.Next(Behavior.ServerErrorWithoutExecuting);
        await engine.Charges.CaptureAsync(charge.Id, "clinician-1", Ct);
        for (var i = 0; i < 6; i++)
        {
            engine.Time.Advance(TimeSpan.FromMinutes(6));
            await engine.ReconcileAsync();
        }

        Assert.Equal((ChargeStatus.Captured, 1), ((await engine.StateAsync(charge.Id)).Charge!.Status, engine.Stripe.CaptureCount));
        Assert.Equal(2, engine.Stripe.Sends.Where(send => send.Kind == OperationKind.Capture).Select(send => send.Key).Distinct().Count());
    }

    [Fact]
    public async Task A_refresh_does_not_wait_for_an_operation_that_is_with_a_human()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.CapturedAsync();
        engine.Stripe.Next(Behavior.TimeoutWithoutExecuting);
        await engine.Charges.RefundAsync(EngineFixture.Refund(charge.Id, "request-1", 10_00), Ct);
        engine.Time.Advance(TimeSpan.FromDays(2));
        await engine.ReconcileAsync();
        Assert.Equal(OperationState.Review, (await engine.StateAsync(charge.Id)).Operations.Single(o => o.Kind == OperationKind.Refund).State);

        await engine.TellAsync(engine.Stripe.SnapshotOf(charge) with { RefundedTotal = new Money(30_00, charge.Amount.Currency) });
        Assert.NotNull((await engine.StateAsync(charge.Id)).Charge!.RefreshDueAt);
        await engine.ReconcileAsync();
        Assert.Null((await engine.StateAsync(charge.Id)).Charge!.RefreshDueAt);
    }

    [Fact]
    public async Task A_refunds_spent_key_is_never_replaced_and_goes_to_a_human()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.CapturedAsync();
        engine.Stripe.Next(Behavior.ServerErrorWithoutExecuting);
        await engine.Charges.RefundAsync(EngineFixture.Refund(charge.Id, "request-1", 40_00), Ct);
        for (var i = 0; i < 25; i++)
        {
            engine.Time.Advance(TimeSpan.FromHours(1));
            await engine.ReconcileAsync();
        }

        Assert.Equal(OperationState.Review, (await engine.StateAsync(charge.Id)).Operations.Single(o => o.Kind == OperationKind.Refund).State);
        Assert.Single(engine.Stripe.Sends.Where(send => send.Kind == OperationKind.Refund).Select(send => send.Key).Distinct());
        Assert.Single(await engine.AlertsAsync(), alert => alert is { Category: "operation_review", Severity: AlertSeverity.Critical });
    }

    [Fact]
    public async Task An_expired_checkout_nobody_can_read_does_not_stay_due()
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Stripe.Next(Behavior.RequireAction);
        var waiting = await engine.Charges.AuthorizeAsync(engine.Authorize(method: null), Ct);
        engine.Stripe.FindsNothing = true;
        engine.Time.Advance(TimeSpan.FromMinutes(31));
        await engine.ReconcileAsync();
        Assert.Empty(await engine.Store.ClaimDueAsync(10, TimeSpan.FromSeconds(1), Ct));

        engine.Stripe.FindsNothing = false;
        engine.Time.Advance(TimeSpan.FromMinutes(15));
        await engine.ReconcileAsync();
        await engine.ReconcileAsync();
        Assert.Equal(ChargeStatus.Voided, (await engine.StateAsync(waiting.Charge!.Id)).Charge!.Status);
    }

    [Fact]
    public async Task A_release_after_a_bounced_refund_sends_the_rest_back()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.CapturedAsync();
        await engine.Charges.RefundAsync(EngineFixture.Refund(charge.Id, "request-1", 50_00), Ct);
        await engine.Charges.ReleaseAsync(new ReleaseCharge(charge.Id, "canceled", "patient-1"), Ct);
        var told = engine.Stripe.SnapshotOf(charge);
        await engine.TellAsync(told with { Refunds = [told.Refunds[0] with { State = RefundState.Failed }] });
        Assert.Equal(ChargeStatus.PartiallyRefunded, (await engine.StateAsync(charge.Id)).Charge!.Status);

        var again = await engine.Charges.ReleaseAsync(new ReleaseCharge(charge.Id, "canceled", "patient-1"), Ct);
        Assert.Equal(OperationOutcome.Succeeded, again.Outcome);
        Assert.Equal(3, engine.Stripe.RefundCount);
        Assert.Equal(ErrorCodes.ValidationFailed, (await engine.Charges.RefundAsync(EngineFixture.Refund(charge.Id, "release-9", 1), Ct)).Error?.Code);
    }

    [Fact]
    public async Task Checkout_of_a_charge_that_is_being_released_is_not_paid()
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Stripe.Next(Behavior.RequireAction);
        var waiting = await engine.Charges.AuthorizeAsync(engine.Authorize(method: null), Ct);
        engine.Time.Advance(TimeSpan.FromMinutes(31));
        await engine.ReconcileAsync();
        engine.Stripe.PayAtCheckout(waiting.Charge!);
        var completed = await engine.Charges.CompleteCheckoutAsync(
            new CompleteCheckout(waiting.Charge!.Id, new CheckoutProof(new Dictionary<string, string>()), "patient-1"), Ct);
        Assert.Equal(ErrorCodes.StateConflict, completed.Error?.Code);
    }

    [Fact]
    public async Task A_status_edited_by_hand_is_seen_told_and_healed_from_the_providers_truth()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.CapturedAsync();
        Assert.Equal(1, await engine.ByHandAsync(
            $"UPDATE consultation_charges SET charge_status='refunded', refunded_at=datetime('now'), refund_reason='manual_dispute' WHERE id='{charge.Id}'"));
        Assert.Equal(ChargeStatus.Refunded, (await engine.StateAsync(charge.Id)).Charge!.RecordedStatus);

        engine.AdvancePastTheRealClock();
        await engine.ReconcileAsync();
        var healed = (await engine.StateAsync(charge.Id)).Charge!;
        Assert.Equal((ChargeStatus.Captured, ChargeStatus.Captured), (healed.Status, healed.RecordedStatus));
        Assert.Single(await engine.AlertsAsync(), alert => alert.Category == "status_drift");
    }

    [Fact]
    public async Task A_charge_ended_by_hand_never_bricks_beside_its_successor()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.AuthorizedAsync();
        await engine.ByHandAsync($"UPDATE consultation_charges SET charge_status='voided' WHERE id='{charge.Id}'");
        var successor = await engine.AuthorizedAsync();
        Assert.NotEqual(charge.Id, successor.Id);
        engine.AdvancePastTheRealClock();
        await engine.ReconcileAsync();
        Assert.Equal(ChargeStatus.Authorized, (await engine.StateAsync(charge.Id)).Charge!.RecordedStatus);
        Assert.Equal(OperationOutcome.Succeeded, (await engine.Charges.VoidAsync(charge.Id, "duplicate", "admin-1", Ct)).Outcome);
    }

    [Fact]
    public async Task Calling_the_engine_from_the_booking_is_refused_and_the_money_goes_back()
    {
        await using var engine = await EngineFixture.StartAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => engine.Charges.AuthorizeAsync(
            engine.Authorize(onBooked: async (_, charge, ct) => await engine.Charges.CaptureAsync(charge.Id, "patient-1", ct)), Ct));
        await engine.ReconcileAsync();
        Assert.Equal((0, 1), (engine.Stripe.CaptureCount, engine.Stripe.VoidCount));
    }

    [Fact]
    public async Task An_operation_that_is_tried_for_hours_alerts_when_something_changes()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.AuthorizedAsync();
        engine.Stripe.Next([.. Enumerable.Repeat(Behavior.NotSent, 12)]);
        await engine.Charges.CaptureAsync(charge.Id, "clinician-1", Ct);
        for (var i = 0; i < 12; i++)
        {
            engine.Time.Advance(TimeSpan.FromMinutes(6));
            await engine.ReconcileAsync();
        }

        Assert.Equal(ChargeStatus.Captured, (await engine.StateAsync(charge.Id)).Charge!.Status);
        Assert.Single(await engine.AlertsAsync(), alert => alert.Category == "stripe_outage");
    }

    [Fact]
    public async Task A_release_that_is_a_day_late_is_told_once()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.AuthorizedAsync();
        var dueAt = engine.Time.GetUtcNow() + TimeSpan.FromDays(3);
        engine.Stripe.LapsesAt = dueAt;
        await engine.Charges.VoidAsync(charge.Id, "canceled", "patient-1", Ct);
        Assert.Equal((ChargeStatus.Voided, dueAt), ((await engine.StateAsync(charge.Id)).Charge!.Status, (await engine.StateAsync(charge.Id)).Charge!.ReleaseDueAt));

        engine.Time.Advance(TimeSpan.FromDays(3));
        for (var i = 0; i < 30; i++)
        {
            engine.Time.Advance(TimeSpan.FromMinutes(61));
            await engine.ReconcileAsync();
        }

        Assert.Single(await engine.AlertsAsync(), alert => alert is { Category: "release_late", Severity: AlertSeverity.Critical });
    }
}
