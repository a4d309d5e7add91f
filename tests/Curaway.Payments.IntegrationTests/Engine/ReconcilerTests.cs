namespace Curaway.Payments.IntegrationTests.Engine;

public sealed class ReconcilerTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Money_held_without_a_session_goes_back_after_the_hold_time_and_not_before()
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Stripe.Next(Behavior.ExecuteThenTimeout);
        var unknown = await engine.Charges.AuthorizeAsync(engine.Authorize(), Ct);
        engine.Time.Advance(TimeSpan.FromMinutes(9));
        await engine.ReconcileAsync();
        Assert.Equal(ChargeStatus.Authorized, (await engine.StateAsync(unknown.Charge!.Id)).Charge!.Status);

        engine.Time.Advance(TimeSpan.FromMinutes(2));
        await engine.ReconcileAsync();
        var released = (await engine.StateAsync(unknown.Charge.Id)).Charge!;
        Assert.Equal((ChargeStatus.Voided, "hold_expired", 1, 1), (released.Status, released.ClosingReason, engine.Stripe.AuthorizationCount, engine.Stripe.VoidCount));

        var next = await engine.Charges.AuthorizeAsync(engine.Authorize(), Ct);
        Assert.Equal(OperationOutcome.Succeeded, next.Outcome);
        Assert.NotEqual(released.Id, next.Charge!.Id);
    }

    [Fact]
    public async Task Booked_money_is_left_alone()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.AuthorizedAsync();
        engine.Time.Advance(TimeSpan.FromDays(2));
        await engine.ReconcileAsync();
        Assert.Equal((ChargeStatus.Authorized, 0), ((await engine.StateAsync(charge.Id)).Charge!.Status, engine.Stripe.VoidCount));
    }

    [Fact]
    [Trait("Promise", "P10")]
    public async Task Of_a_late_release_and_a_retry_that_books_exactly_one_wins()
    {
        await using var engine = await EngineFixture.StartAsync();
        var (bookedCount, releasedCount) = (0, 0);
        for (var i = 0; i < 100; i++)
        {
            var rows = 0;
            var command = engine.Authorize($"c{i}", onBooked: (_, _, _) => Task.FromResult(rows++));
            engine.Stripe.Next(Behavior.ExecuteThenTimeout);
            var unknown = await engine.Charges.AuthorizeAsync(command, Ct);
            await engine.TellAsync(engine.Stripe.SnapshotOf(unknown.Charge!));
            engine.Time.Advance(TimeSpan.FromMinutes(11));
            await engine.ReconcileOperationsOfAsync(unknown.Charge!.Id);

            var retry = Task.Run(() => engine.Charges.AuthorizeAsync(command with { CaptureBy = engine.Time.GetUtcNow() }, Ct), Ct);
            await Task.WhenAll(retry, Task.Run(engine.ReconcileAsync, Ct));
            await engine.ReconcileAsync();
            var first = (await engine.StateAsync(unknown.Charge.Id)).Charge!;
            Assert.NotEqual(first.BookedAt is not null, first.ClosingAt is not null);
            Assert.Equal(first.BookedAt is not null ? ChargeStatus.Authorized : ChargeStatus.Voided, first.Status);
            bookedCount += first.BookedAt is not null ? 1 : 0;
            releasedCount += first.ClosingAt is not null ? 1 : 0;
            Assert.True(rows <= 1);
        }

        Assert.Equal(100, bookedCount + releasedCount);
    }

    [Fact]
    public async Task An_abandoned_checkout_is_voided_and_a_payment_that_lands_later_is_released()
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Stripe.Next(Behavior.RequireAction);
        var waiting = await engine.Charges.AuthorizeAsync(engine.Authorize(method: null), Ct);
        Assert.Equal((OperationOutcome.RequiresAction, ChargeStatus.Pending), (waiting.Outcome, waiting.Charge!.Status));
        Assert.NotNull(waiting.NextAction);
        Assert.NotNull(waiting.Charge.BookedAt);

        engine.Time.Advance(TimeSpan.FromMinutes(31));
        await engine.ReconcileAsync();
        var expired = (await engine.StateAsync(waiting.Charge.Id)).Charge!;
        Assert.Equal((ChargeStatus.Voided, "checkout_expired"), (expired.Status, expired.ClosingReason));

        engine.Stripe.Next(Behavior.RequireAction);
        var next = await engine.Charges.AuthorizeAsync(engine.Authorize(method: null), Ct);
        Assert.NotEqual(expired.Id, next.Charge!.Id);

        var late = engine.Stripe.PayAtCheckout(expired) with { Payments = [LatePayment(expired)] };
        Assert.Equal(WebhookFate.Applied, await engine.TellAsync(late));
        var stray = (await engine.StateAsync(expired.Id)).Charge!;
        Assert.Equal(ChargeStatus.Authorized, stray.Status);
        await engine.ReconcileAsync();
        Assert.Contains(await engine.AlertsAsync(), alert => alert is { Category: "money_conflict", Severity: AlertSeverity.Critical });
        Assert.True(engine.Stripe.VoidCount >= 1);
        Assert.Equal(ChargeStatus.Pending, (await engine.StateAsync(next.Charge.Id)).Charge!.Status);
    }

    [Fact]
    public async Task A_payment_in_the_last_second_of_checkout_is_kept()
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Stripe.Next(Behavior.RequireAction);
        var waiting = await engine.Charges.AuthorizeAsync(engine.Authorize(method: null), Ct);
        engine.Stripe.PayAtCheckout(waiting.Charge!);
        engine.Time.Advance(TimeSpan.FromMinutes(31));
        await engine.ReconcileAsync();
        Assert.Equal((ChargeStatus.Authorized, 0), ((await engine.StateAsync(waiting.Charge!.Id)).Charge!.Status, engine.Stripe.VoidCount));
    }

    [Fact]
    public async Task Checkout_that_was_paid_completes()
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Stripe.Next(Behavior.RequireAction);
        var waiting = await engine.Charges.AuthorizeAsync(engine.Authorize(method: null), Ct);
        engine.Stripe.PayAtCheckout(waiting.Charge!);
        var completed = await engine.Charges.CompleteCheckoutAsync(
            new CompleteCheckout(waiting.Charge!.Id, new CheckoutProof(new Dictionary<string, string>()), "patient-1"), Ct);
        Assert.Equal((OperationOutcome.Succeeded, ChargeStatus.Authorized), (completed.Outcome, completed.Charge!.Status));
    }

    [Fact]
    [Trait("Promise", "P08")]
    public async Task After_the_key_lifetime_nothing_is_replayed_and_a_human_decides()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.AuthorizedAsync();
        engine.Stripe.Next(Behavior.TimeoutWithoutExecuting);
        await engine.Charges.CaptureAsync(charge.Id, "clinician-1", Ct);
        var sends = engine.Stripe.Sends.Count;
        engine.Time.Advance(TimeSpan.FromHours(23.5));
        await engine.ReconcileAsync();
        Assert.Equal(sends, engine.Stripe.Sends.Count);

        engine.Time.Advance(TimeSpan.FromDays(3));
        await engine.ReconcileAsync();
        var operation = (await engine.StateAsync(charge.Id)).Operations.Single(o => o.Kind == OperationKind.Capture);
        Assert.Equal(OperationState.Review, operation.State);
        Assert.Single(await engine.AlertsAsync(), alert => alert is { Category: "operation_review", Severity: AlertSeverity.Critical });
        await engine.ReconcileAsync();
        Assert.Empty(await engine.Store.ClaimDueAsync(10, TimeSpan.FromSeconds(1), Ct));
    }

    [Fact]
    public async Task After_a_5xx_the_truth_is_read_instead_of_replayed()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.AuthorizedAsync();
        engine.Stripe.Next(Behavior.ExecuteThenServerError);
        await engine.Charges.CaptureAsync(charge.Id, "clinician-1", Ct);
        var sends = engine.Stripe.Sends.Count;
        engine.Time.Advance(TimeSpan.FromMinutes(1));
        await engine.ReconcileAsync();
        Assert.Equal((ChargeStatus.Captured, sends), ((await engine.StateAsync(charge.Id)).Charge!.Status, engine.Stripe.Sends.Count));
    }

    [Fact]
    public async Task A_refund_total_we_cannot_explain_makes_us_ask_for_the_refunds()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.CapturedAsync();
        engine.Stripe.Next(Behavior.ExecuteThenTimeout);
        await engine.Charges.RefundAsync(EngineFixture.Refund(charge.Id, "request-1", 30_00), Ct);
        var told = engine.Stripe.SnapshotOf(charge) with { Refunds = [], RefundedTotal = new Money(30_00, charge.Amount.Currency) };
        await engine.TellAsync(told);
        Assert.Equal(ChargeStatus.Captured, (await engine.StateAsync(charge.Id)).Charge!.Status);

        engine.Time.Advance(TimeSpan.FromMinutes(1));
        await engine.ReconcileAsync();
        await engine.ReconcileAsync();
        var refreshed = (await engine.StateAsync(charge.Id)).Charge!;
        Assert.Equal((ChargeStatus.PartiallyRefunded, 30_00L), (refreshed.Status, refreshed.Refunded.MinorUnits));
    }

    [Fact]
    [Trait("Promise", "P14")]
    public async Task A_webhook_about_a_charge_that_is_not_here_yet_waits_for_it()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.AuthorizedAsync();
        var stranger = new ProviderSnapshot { Provider = "stripe", Reference = "pi_of_somebody_else" };
        Assert.Equal(WebhookFate.Stored, await engine.TellAsync(stranger, "evt_stranger"));
        engine.Time.Advance(TimeSpan.FromHours(25));
        await engine.ProcessWebhooksAsync();
        await engine.ProcessWebhooksAsync();
        Assert.Equal(WebhookFate.Duplicate, await engine.TellAsync(stranger, "evt_stranger"));
        Assert.Equal(ChargeStatus.Authorized, (await engine.StateAsync(charge.Id)).Charge!.Status);
    }

    private static ChargePayment LatePayment(Charge charge) => new()
    {
        Reference = "ch_late",
        State = PaymentState.Authorized,
        Amount = charge.Amount,
        Captured = Money.Zero(charge.Amount.Currency),
    };
}
