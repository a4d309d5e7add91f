namespace Curaway.Payments.IntegrationTests.Engine;

public sealed class AuthorizeTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_saved_method_is_authorized_and_booked_in_one_commit()
    {
        await using var engine = await EngineFixture.StartAsync();
        var booked = 0;
        var result = await engine.Charges.AuthorizeAsync(engine.Authorize(onBooked: (transaction, charge, _) =>
        {
            Assert.NotNull(transaction.Connection);
            Assert.Equal(ChargeStatus.Authorized, charge.Status);
            booked++;
            return Task.CompletedTask;
        }), Ct);

        Assert.Equal((OperationOutcome.Succeeded, 1, 1), (result.Outcome, booked, engine.Stripe.AuthorizationCount));
        var stored = (await engine.StateAsync(result.Charge!.Id)).Charge!;
        Assert.Equal(ChargeStatus.Authorized, stored.Status);
        Assert.NotNull(stored.BookedAt);
        Assert.Equal("default", stored.Routing.Rule);
        Assert.Equal(5, stored.Routing.Trace.Length);
    }

    [Fact]
    [Trait("Promise", "P09")]
    public async Task A_decline_runs_no_booking_and_a_retry_is_a_new_charge()
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Stripe.Next(Behavior.Decline);
        var declined = await engine.Charges.AuthorizeAsync(engine.Authorize(onBooked: (_, _, _) => throw new InvalidOperationException("never")), Ct);

        Assert.Equal((OperationOutcome.Declined, ErrorCodes.ChargeFailed, "card_declined"), (declined.Outcome, declined.Error?.Code, declined.Error?.Reason));
        Assert.Equal(ChargeStatus.Failed, declined.Charge!.Status);

        var retried = await engine.Charges.AuthorizeAsync(engine.Authorize(), Ct);
        Assert.Equal(OperationOutcome.Succeeded, retried.Outcome);
        Assert.NotEqual(declined.Charge.Id, retried.Charge!.Id);
        Assert.Equal(1, engine.Stripe.AuthorizationCount);
    }

    [Fact]
    [Trait("Promise", "P06")]
    public async Task After_a_timeout_a_retry_resumes_under_the_same_key_and_never_authorizes_twice()
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Stripe.Next(Behavior.ExecuteThenTimeout);
        var booked = 0;
        var command = engine.Authorize(onBooked: (_, _, _) => Task.FromResult(booked++));

        var unknown = await engine.Charges.AuthorizeAsync(command, Ct);
        Assert.Equal((OperationOutcome.Indeterminate, ErrorCodes.ProviderUnavailable, 0), (unknown.Outcome, unknown.Error?.Code, booked));
        Assert.Equal(ChargeStatus.Pending, unknown.Charge!.Status);

        var resumed = await engine.Charges.AuthorizeAsync(command, Ct);
        Assert.Equal((OperationOutcome.Succeeded, 1), (resumed.Outcome, booked));
        Assert.Equal(unknown.Charge.Id, resumed.Charge!.Id);
        Assert.Equal(1, engine.Stripe.AuthorizationCount);
        Assert.Single(engine.Stripe.Sends.Select(send => send.Key).Distinct());
    }

    [Theory]
    [InlineData(Behavior.NotSent)]
    [InlineData(Behavior.Throttled)]
    [InlineData(Behavior.Unauthorized)]
    [InlineData(Behavior.Decline)]
    [Trait("Promise", "P06")]
    public async Task An_unresolved_send_is_not_closed_by_what_a_later_send_says(Behavior later)
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Stripe.Next(Behavior.ExecuteThenTimeout, later);
        await engine.Charges.AuthorizeAsync(engine.Authorize(), Ct);
        var second = await engine.Charges.AuthorizeAsync(engine.Authorize(), Ct);

        Assert.Equal(OperationOutcome.Indeterminate, second.Outcome);
        Assert.Equal(ChargeStatus.Pending, second.Charge!.Status);
        Assert.Equal(OperationState.Open, Assert.Single((await engine.StateAsync(second.Charge.Id)).Operations).State);
    }

    [Fact]
    public async Task A_first_send_that_never_left_fails_the_charge()
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Stripe.Next(Behavior.NotSent);
        var result = await engine.Charges.AuthorizeAsync(engine.Authorize(), Ct);
        Assert.Equal((OperationOutcome.NotSent, ErrorCodes.ProviderUnavailable), (result.Outcome, result.Error?.Code));
        Assert.Equal(ChargeStatus.Failed, result.Charge!.Status);
    }

    [Fact]
    public async Task An_adapter_that_throws_leaves_the_outcome_unknown()
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Stripe.Next(Behavior.Throw);
        var result = await engine.Charges.AuthorizeAsync(engine.Authorize(), Ct);
        Assert.Equal((OperationOutcome.Indeterminate, ChargeStatus.Pending), (result.Outcome, result.Charge!.Status));
    }

    [Fact]
    public async Task A_webhook_that_told_before_us_lets_the_retry_book_without_another_call()
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Stripe.Next(Behavior.ExecuteThenTimeout);
        var unknown = await engine.Charges.AuthorizeAsync(engine.Authorize(), Ct);
        Assert.Equal(WebhookFate.Applied, await engine.TellAsync(engine.Stripe.SnapshotOf(unknown.Charge!)));

        var retried = await engine.Charges.AuthorizeAsync(engine.Authorize(), Ct);
        Assert.Equal(OperationOutcome.Succeeded, retried.Outcome);
        Assert.NotNull(retried.Charge!.BookedAt);
        Assert.Single(engine.Stripe.Sends);

        // The facts prove the authorization, so nothing is open any more that could keep the capture waiting.
        Assert.Equal(OperationState.Closed, Assert.Single((await engine.StateAsync(retried.Charge.Id)).Operations).State);
        Assert.Equal(OperationOutcome.Succeeded, (await engine.Charges.CaptureAsync(retried.Charge.Id, "clinician-1", Ct)).Outcome);
    }

    [Fact]
    public async Task A_webhook_that_told_while_we_still_waited_leaves_nothing_open_once_the_retry_has_booked()
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Stripe.BeforeAnswer = async () =>
        {
            var charge = (await engine.Store.FindAsync(new ChargeSelector.LatestOf(OpaqueId.Parse("clinic"), OpaqueId.Parse("c1")), Ct)).Charge!;
            await engine.TellAsync(engine.Stripe.SnapshotOf(charge));
        };
        engine.Stripe.Next(Behavior.ExecuteThenTimeout);
        var unknown = await engine.Charges.AuthorizeAsync(engine.Authorize(), Ct);
        Assert.Equal((OperationOutcome.Indeterminate, ChargeStatus.Authorized), (unknown.Outcome, unknown.Charge!.Status));
        Assert.Null(unknown.Charge.BookedAt);

        var retried = await engine.Charges.AuthorizeAsync(engine.Authorize(), Ct);
        Assert.NotNull(retried.Charge!.BookedAt);
        Assert.Equal(OperationState.Closed, Assert.Single((await engine.StateAsync(retried.Charge.Id)).Operations).State);
        Assert.Single(engine.Stripe.Sends);
    }

    [Fact]
    [Trait("Promise", "P14")]
    public async Task A_webhook_between_the_call_and_our_second_transaction_changes_nothing_in_the_end()
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Stripe.BeforeAnswer = async () =>
        {
            var charge = (await engine.Store.FindAsync(new ChargeSelector.LatestOf(OpaqueId.Parse("clinic"), OpaqueId.Parse("c1")), Ct)).Charge!;
            Assert.Equal(WebhookFate.Applied, await engine.TellAsync(engine.Stripe.SnapshotOf(charge), "evt_early"));
        };
        var result = await engine.Charges.AuthorizeAsync(engine.Authorize(), Ct);
        Assert.Equal((OperationOutcome.Succeeded, ChargeStatus.Authorized), (result.Outcome, result.Charge!.Status));
        Assert.NotNull(result.Charge.BookedAt);
        Assert.Single(result.Charge.Payments);
    }

    [Fact]
    [Trait("Promise", "P09")]
    public async Task What_OnBooked_throws_reaches_the_caller_and_the_money_goes_back()
    {
        await using var engine = await EngineFixture.StartAsync();
        var thrown = await Assert.ThrowsAsync<InvalidOperationException>(() => engine.Charges.AuthorizeAsync(
            engine.Authorize(onBooked: (_, _, _) => throw new InvalidOperationException("the slot is taken")), Ct));
        Assert.Equal("the slot is taken", thrown.Message);

        await engine.ReconcileAsync();
        var charge = (await engine.Store.FindAsync(new ChargeSelector.LatestOf(OpaqueId.Parse("clinic"), OpaqueId.Parse("c1")), Ct)).Charge!;
        Assert.Equal((ChargeStatus.Voided, "booking_failed", 1), (charge.Status, charge.ClosingReason, engine.Stripe.VoidCount));
        Assert.Null(charge.BookedAt);
    }

    [Fact]
    public async Task Two_at_once_make_one_charge_and_one_authorization()
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Stripe.BeforeAnswer = () => Task.Delay(150, Ct);
        var results = await engine.PumpUntilAsync(Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => engine.Charges.AuthorizeAsync(engine.Authorize(), Ct))));

        Assert.All(results, result => Assert.Equal(OperationOutcome.Succeeded, result.Outcome));
        Assert.Single(results.Select(result => result.Charge!.Id).Distinct());
        Assert.Equal((1, 1), (engine.Stripe.AuthorizationCount, engine.Stripe.Sends.Count));
    }

    [Fact]
    public async Task Another_request_while_one_is_open_is_refused()
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Stripe.Next(Behavior.ExecuteThenTimeout);
        await engine.Charges.AuthorizeAsync(engine.Authorize(), Ct);
        var other = await engine.Charges.AuthorizeAsync(engine.Authorize(amount: 99_00), Ct);
        Assert.Equal((OperationOutcome.Refused, ErrorCodes.StateConflict), (other.Outcome, other.Error?.Code));
    }

    [Fact]
    public async Task What_we_refuse_writes_nothing()
    {
        await using var engine = await EngineFixture.StartAsync();
        var windowed = await engine.Charges.AuthorizeAsync(engine.Authorize() with { CaptureBy = engine.Time.GetUtcNow() + TimeSpan.FromDays(5) }, Ct);
        var free = await engine.Charges.AuthorizeAsync(engine.Authorize(amount: 0), Ct);
        var foreign = await engine.Charges.AuthorizeAsync(engine.Authorize() with { Amount = new Money(5, Currency.Parse("KWD")) }, Ct);
        engine.Stripe.Configured = false;
        var unconfigured = await engine.Charges.AuthorizeAsync(engine.Authorize(), Ct);

        Assert.Equal(
            [ErrorCodes.AuthorizationWindow, ErrorCodes.AmountInvalid, ErrorCodes.CurrencyUnsupported, ErrorCodes.ProviderNotConfigured],
            new[] { windowed, free, foreign, unconfigured }.Select(result => result.Error?.Code));
        Assert.Null((await engine.Store.FindAsync(new ChargeSelector.LatestOf(OpaqueId.Parse("clinic"), OpaqueId.Parse("c1")), Ct)).Charge);
        Assert.Empty(engine.Stripe.Sends);
    }

    [Fact]
    public async Task A_caller_who_leaves_after_the_first_commit_does_not_stop_the_money_question()
    {
        await using var engine = await EngineFixture.StartAsync();
        using var caller = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        engine.Stripe.BeforeAnswer = caller.CancelAsync;
        var result = await engine.Charges.AuthorizeAsync(engine.Authorize(), caller.Token);
        Assert.Equal((OperationOutcome.Succeeded, ChargeStatus.Authorized), (result.Outcome, result.Charge!.Status));
    }
}
