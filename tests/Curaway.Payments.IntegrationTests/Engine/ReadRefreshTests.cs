namespace Curaway.Payments.IntegrationTests.Engine;

public sealed class ReadRefreshTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whoever_looks_at_a_capture_nobody_knows_of_is_told_the_truth_and_nothing_is_sent()
    {
        await using var engine = await EngineFixture.StartAsync();
        var held = await engine.AuthorizedAsync();
        engine.Stripe.Next(Behavior.ExecuteThenTimeout);
        Assert.Equal(OperationOutcome.Indeterminate, (await engine.Charges.CaptureAsync(held.Id, "clinician-1", Ct)).Outcome);
        Assert.Equal(ChargeStatus.Authorized, (await engine.Charges.FindAsync(held.Id, Ct))!.Status);
        var sendCount = engine.Stripe.Sends.Count;

        Assert.Equal(ChargeStatus.Captured, (await engine.Charges.ReadAsync(held.Id, Ct))!.Status);
        var state = await engine.StateAsync(held.Id);
        Assert.Equal((ChargeStatus.Captured, sendCount), (state.Charge!.Status, engine.Stripe.Sends.Count));
        Assert.DoesNotContain(state.Operations, operation => operation.IsOpen);
    }

    [Fact]
    public async Task A_payment_that_nobody_told_of_is_seen_by_a_look_after_the_checkout_and_none_before_asks()
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Stripe.Next(Behavior.RequireAction);
        var waiting = (await engine.Charges.AuthorizeAsync(engine.Authorize(method: null), Ct)).Charge!;
        engine.Stripe.PayAtCheckout(waiting);
        await engine.Charges.ReadAsync(waiting.Id, Ct);
        Assert.Equal(ChargeStatus.Pending, (await engine.Charges.FindAsync(waiting.Id, Ct))!.Status);
        engine.Time.Advance(TimeSpan.FromMinutes(31));
        Assert.Equal(ChargeStatus.Authorized, (await engine.Charges.ReadAsync(waiting.Id, Ct))!.Status);
    }

    [Fact]
    public async Task However_often_somebody_looks_the_provider_is_asked_once_in_five_seconds_for_a_charge()
    {
        await using var engine = await EngineFixture.StartAsync();
        var findCount = 0;
        engine.Stripe.BeforeFind = _ => Task.FromResult(Interlocked.Increment(ref findCount));
        var (first, second) = (await UnknownAsync(engine, "c1"), await UnknownAsync(engine, "c2"));
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => engine.Charges.ReadAsync(first, Ct), Ct)));
        Assert.Equal(1, findCount);

        await engine.Charges.ReadAsync(second, Ct);
        Assert.Equal(2, findCount);
        engine.Time.Advance(TimeSpan.FromSeconds(4.9));
        await engine.Charges.ReadAsync(first, Ct);
        Assert.Equal(2, findCount);
        engine.Time.Advance(TimeSpan.FromSeconds(0.1));
        await engine.Charges.ReadAsync(first, Ct);
        Assert.Equal(3, findCount);
    }

    [Fact]
    public async Task A_charge_at_rest_is_read_without_the_provider()
    {
        await using var engine = await EngineFixture.StartAsync();
        var captured = await engine.CapturedAsync();
        var findCount = 0;
        engine.Stripe.BeforeFind = _ => Task.FromResult(findCount++);
        Assert.Equal(ChargeStatus.Captured, (await engine.Charges.ReadAsync(captured.Id, Ct))!.Status);
        Assert.Null(await engine.Charges.ReadAsync(ChargeId.New(engine.Time), Ct));
        Assert.Equal(0, findCount);
    }

    [Fact]
    public async Task A_provider_that_hangs_costs_two_seconds_and_one_that_fails_costs_nothing_and_neither_fails_the_look()
    {
        await using var engine = await EngineFixture.StartAsync();
        var unknown = await UnknownAsync(engine, "c1");
        engine.Stripe.BeforeFind = ct => Task.Delay(Timeout.InfiniteTimeSpan, ct);
        var look = engine.Charges.ReadAsync(unknown, Ct);
        Assert.False(look.IsCompleted);
        engine.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(ChargeStatus.Authorized, (await look.WaitAsync(TimeSpan.FromSeconds(30), Ct))!.Status);

        engine.Time.Advance(TimeSpan.FromSeconds(5));
        engine.Stripe.BeforeFind = _ => throw new HttpRequestException("refused");
        Assert.Equal(ChargeStatus.Authorized, (await engine.Charges.ReadAsync(unknown, Ct))!.Status);
        Assert.Contains((await engine.StateAsync(unknown)).Operations, operation => operation.IsOpen);
    }

    /// <summary>A capture that was not done and of which nobody knows it.</summary>
    private static async Task<ChargeId> UnknownAsync(EngineFixture engine, string consultation)
    {
        var held = await engine.AuthorizedAsync(consultation);
        engine.Stripe.Next(Behavior.TimeoutWithoutExecuting);
        await engine.Charges.CaptureAsync(held.Id, "clinician-1", Ct);
        return held.Id;
    }
}
