namespace Curaway.Payments.IntegrationTests.Engine;

public sealed class SettlementTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Capturing_again_answers_the_same_and_sends_nothing()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.CapturedAsync();
        var again = await engine.Charges.CaptureAsync(charge.Id, "clinician-1", Ct);
        Assert.Equal((OperationOutcome.Succeeded, ChargeStatus.Captured, 1), (again.Outcome, again.Charge!.Status, engine.Stripe.CaptureCount));
        Assert.Equal(2, engine.Stripe.Sends.Count);
    }

    [Fact]
    public async Task Voiding_again_answers_the_same()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.AuthorizedAsync();
        var first = await engine.Charges.VoidAsync(charge.Id, "canceled", "patient-1", Ct);
        var again = await engine.Charges.VoidAsync(charge.Id, "canceled", "patient-1", Ct);
        Assert.Equal((OperationOutcome.Succeeded, OperationOutcome.Succeeded), (first.Outcome, again.Outcome));
        Assert.Equal((ChargeStatus.Voided, 1), (again.Charge!.Status, engine.Stripe.VoidCount));
    }

    [Fact]
    public async Task A_captured_charge_is_not_voided_and_a_voided_one_not_captured()
    {
        await using var engine = await EngineFixture.StartAsync();
        var captured = await engine.CapturedAsync("c1");
        var voided = await engine.AuthorizedAsync("c2");
        await engine.Charges.VoidAsync(voided.Id, "canceled", "patient-1", Ct);

        var tooLate = await engine.Charges.VoidAsync(captured.Id, "canceled", "patient-1", Ct);
        var gone = await engine.Charges.CaptureAsync(voided.Id, "clinician-1", Ct);
        Assert.Equal((ErrorCodes.StateConflict, ErrorCodes.StateConflict), (tooLate.Error?.Code, gone.Error?.Code));
        Assert.Equal((1, 1), (engine.Stripe.CaptureCount, engine.Stripe.VoidCount));
    }

    [Fact]
    [Trait("Promise", "P10")]
    public async Task Of_capture_and_void_at_once_one_wins_and_the_other_is_told_so()
    {
        await using var engine = await EngineFixture.StartAsync();
        for (var i = 0; i < 100; i++)
        {
            var charge = await engine.AuthorizedAsync($"c{i}");
            var results = await Task.WhenAll(
                Task.Run(() => engine.Charges.CaptureAsync(charge.Id, "clinician-1", Ct), Ct),
                Task.Run(() => engine.Charges.VoidAsync(charge.Id, "canceled", "patient-1", Ct), Ct));
            Assert.Single(results, result => result.Outcome == OperationOutcome.Succeeded);
            Assert.Single(results, result => result.Error?.Code == ErrorCodes.StateConflict);
        }

        Assert.Equal(100, engine.Stripe.CaptureCount + engine.Stripe.VoidCount);
    }

    [Fact]
    public async Task Release_voids_what_is_authorized_and_refunds_what_is_captured()
    {
        await using var engine = await EngineFixture.StartAsync();
        var held = await engine.AuthorizedAsync("c1");
        var taken = await engine.CapturedAsync("c2");
        var voided = await engine.Charges.ReleaseAsync(new ReleaseCharge(held.Id, "canceled", "patient-1"), Ct);
        var refunded = await engine.Charges.ReleaseAsync(new ReleaseCharge(taken.Id, "canceled", "patient-1"), Ct);
        var again = await engine.Charges.ReleaseAsync(new ReleaseCharge(taken.Id, "canceled", "patient-1"), Ct);

        Assert.Equal((ChargeStatus.Voided, ChargeStatus.Refunded, ChargeStatus.Refunded), (voided.Charge!.Status, refunded.Charge!.Status, again.Charge!.Status));
        Assert.Equal((1, 1), (engine.Stripe.VoidCount, engine.Stripe.RefundCount));
        Assert.Equal("canceled", refunded.Charge.RefundReason);
    }

    [Fact]
    [Trait("Promise", "P11")]
    public async Task One_refund_request_is_one_refund_however_often_it_is_sent()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.CapturedAsync();
        var results = await engine.PumpUntilAsync(Task.WhenAll(Enumerable.Range(0, 20).Select(_ =>
            Task.Run(() => engine.Charges.RefundAsync(EngineFixture.Refund(charge.Id, "request-1", 40_00), Ct), Ct))));
        Assert.All(results, result => Assert.Equal(OperationOutcome.Succeeded, result.Outcome));
        Assert.Equal((1, 40_00), (engine.Stripe.RefundCount, engine.Stripe.RefundedMinorUnits));

        var other = await engine.Charges.RefundAsync(EngineFixture.Refund(charge.Id, "request-1", 50_00), Ct);
        Assert.Equal(ErrorCodes.IdempotencyMismatch, other.Error?.Code);
    }

    [Fact]
    [Trait("Promise", "P11")]
    public async Task Refunds_at_once_never_exceed_what_was_captured()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.CapturedAsync();
        var results = await Task.WhenAll(Enumerable.Range(0, 30).Select(i =>
            Task.Run(() => engine.Charges.RefundAsync(EngineFixture.Refund(charge.Id, $"request-{i}", 40_00), Ct), Ct)));
        Assert.Equal(3, results.Count(result => result.Outcome == OperationOutcome.Succeeded));
        Assert.Equal(27, results.Count(result => result.Error?.Code == ErrorCodes.RefundExceedsCaptured));
        Assert.Equal(120_00, engine.Stripe.RefundedMinorUnits);
        Assert.Equal(ChargeStatus.PartiallyRefunded, (await engine.StateAsync(charge.Id)).Charge!.Status);
    }

    [Fact]
    public async Task The_webhooks_echo_of_a_refund_replaces_it_instead_of_adding_to_it()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.CapturedAsync();
        engine.Stripe.Next(Behavior.ExecuteThenTimeout);
        var unknown = await engine.Charges.RefundAsync(EngineFixture.Refund(charge.Id, "request-1", 100_00), Ct);
        Assert.Equal(OperationOutcome.Indeterminate, unknown.Outcome);
        await engine.TellAsync(engine.Stripe.SnapshotOf(charge));

        var second = await engine.Charges.RefundAsync(EngineFixture.Refund(charge.Id, "request-2", 50_00), Ct);
        var third = await engine.Charges.RefundAsync(EngineFixture.Refund(charge.Id, "request-3", 1), Ct);
        Assert.Equal((OperationOutcome.Succeeded, ErrorCodes.StateConflict), (second.Outcome, third.Error?.Code));
        Assert.Equal(ChargeStatus.Refunded, second.Charge!.Status);
    }

    [Fact]
    [Trait("Promise", "P06")]
    public async Task A_capture_nobody_answered_is_finished_by_the_reconciler_under_the_same_key()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.AuthorizedAsync();
        engine.Stripe.Next(Behavior.ExecuteThenTimeout, Behavior.NotSent);
        var unknown = await engine.Charges.CaptureAsync(charge.Id, "clinician-1", Ct);
        Assert.Equal((OperationOutcome.Indeterminate, ChargeStatus.Authorized), (unknown.Outcome, unknown.Charge!.Status));
        var meanwhile = await engine.Charges.VoidAsync(charge.Id, "canceled", "patient-1", Ct);
        Assert.Equal(ErrorCodes.StateConflict, meanwhile.Error?.Code);

        for (var i = 0; i < 3; i++)
        {
            engine.Time.Advance(TimeSpan.FromMinutes(6));
            await engine.ReconcileAsync();
        }

        Assert.Equal((ChargeStatus.Captured, 1), ((await engine.StateAsync(charge.Id)).Charge!.Status, engine.Stripe.CaptureCount));
        Assert.Single(engine.Stripe.Sends.Where(send => send.Kind == OperationKind.Capture).Select(send => send.Key).Distinct());
    }

    [Fact]
    public async Task A_capture_that_never_left_is_sent_again()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.AuthorizedAsync();
        engine.Stripe.Next(Behavior.NotSent);
        var notSent = await engine.Charges.CaptureAsync(charge.Id, "clinician-1", Ct);
        Assert.Equal((OperationOutcome.NotSent, ErrorCodes.ProviderUnavailable), (notSent.Outcome, notSent.Error?.Code));
        engine.Time.Advance(TimeSpan.FromMinutes(1));
        await engine.ReconcileAsync();
        Assert.Equal(ChargeStatus.Captured, (await engine.StateAsync(charge.Id)).Charge!.Status);
    }

    [Fact]
    public async Task Already_done_is_read_back_and_not_believed()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.AuthorizedAsync();
        engine.Stripe.Next(Behavior.AlreadyDone);
        var result = await engine.Charges.CaptureAsync(charge.Id, "clinician-1", Ct);
        Assert.Equal((OperationOutcome.Succeeded, ChargeStatus.Captured), (result.Outcome, result.Charge!.Status));
    }

    [Fact]
    public async Task A_refund_that_bounces_is_told_and_recorded_also_beside_a_newer_charge_of_the_consultation()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.CapturedAsync();
        await engine.Charges.RefundAsync(EngineFixture.Refund(charge.Id, "request-1"), Ct);
        var successor = await engine.AuthorizedAsync();
        Assert.NotEqual(charge.Id, successor.Id);

        var told = engine.Stripe.SnapshotOf(charge);
        await engine.TellAsync(told with { Refunds = [told.Refunds[0] with { State = RefundState.Failed, ErrorCode = "expired_or_canceled_card" }] });
        Assert.Equal(ChargeStatus.Captured, (await engine.StateAsync(charge.Id)).Charge!.Status);
        Assert.Single(await engine.AlertsAsync(), alert => alert is { Category: "refund_failed", Severity: AlertSeverity.Critical });
        Assert.Equal(ChargeStatus.Authorized, (await engine.StateAsync(successor.Id)).Charge!.Status);
    }

    [Fact]
    public async Task Every_change_has_one_audit_row_and_observers_see_every_status_in_order()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.CapturedAsync();
        await engine.Charges.RefundAsync(EngineFixture.Refund(charge.Id, "request-1"), Ct);
        engine.Observer.ThrowCount = 1;
        await engine.DispatchAsync();
        engine.Time.Advance(TimeSpan.FromMinutes(1));
        await engine.DispatchAsync();
        Assert.Equal(
            [ChargeStatus.Pending, ChargeStatus.Authorized, ChargeStatus.Captured, ChargeStatus.Refunded],
            engine.Observer.Seen.Select(transition => transition.To));
    }
}
