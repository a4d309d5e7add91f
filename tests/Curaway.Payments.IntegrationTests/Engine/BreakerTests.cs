namespace Curaway.Payments.IntegrationTests.Engine;

[Trait("Promise", "P23")]
public sealed class BreakerTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Five_timeouts_from_quiet_open_it_for_authorizations_only_and_for_one_provider()
    {
        await using var engine = await EngineFixture.StartAsync();
        var held = await engine.AuthorizedAsync("held");
        engine.Time.Advance(TimeSpan.FromMinutes(2));
        engine.Stripe.Next([.. Enumerable.Repeat(Behavior.ExecuteThenTimeout, 5)]);
        for (var i = 0; i < 5; i++)
            Assert.Equal(OperationOutcome.Indeterminate, (await engine.Charges.AuthorizeAsync(engine.Authorize($"t{i}"), Ct)).Outcome);

        var stopped = await engine.Charges.AuthorizeAsync(engine.Authorize("stopped"), Ct);
        Assert.Equal((OperationOutcome.NotSent, "circuit_open"), (stopped.Outcome, stopped.Error?.Reason));
        Assert.NotNull(stopped.Error!.RetryAfter);
        Assert.Equal(OperationOutcome.Succeeded, (await engine.Charges.CaptureAsync(held.Id, "clinician-1", Ct)).Outcome);

        var india = engine.Authorize("india") with { Routing = new RoutingContext { TenantId = OpaqueId.Parse("clinic"), CountryOfResidence = "IND" } };
        Assert.Equal(OperationOutcome.Succeeded, (await engine.Charges.AuthorizeAsync(india, Ct)).Outcome);
        Assert.Equal(1, engine.Razorpay.AuthorizationCount);
    }

    [Fact]
    public async Task Declines_never_open_it()
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Stripe.Next([.. Enumerable.Repeat(Behavior.Decline, 50)]);
        for (var i = 0; i < 50; i++)
            await engine.Charges.AuthorizeAsync(engine.Authorize($"d{i}"), Ct);
        Assert.Equal(OperationOutcome.Succeeded, (await engine.Charges.AuthorizeAsync(engine.Authorize("after"), Ct)).Outcome);
    }

    [Fact]
    public async Task Half_open_lets_one_probe_through()
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Stripe.Next([.. Enumerable.Repeat(Behavior.ExecuteThenTimeout, 5)]);
        for (var i = 0; i < 5; i++)
            await engine.Charges.AuthorizeAsync(engine.Authorize($"t{i}"), Ct);
        engine.Time.Advance(TimeSpan.FromSeconds(31));
        var sends = engine.Stripe.Sends.Count;
        var release = new TaskCompletionSource();
        engine.Stripe.BeforeAnswer = () => release.Task;

        var callers = Enumerable.Range(0, 20).Select(i => Task.Run(() => engine.Charges.AuthorizeAsync(engine.Authorize($"h{i}"), Ct), Ct)).ToList();
        while (callers.Count(caller => caller.IsCompleted) < 19)
            await Task.Delay(10, Ct);
        Assert.Equal(sends + 1, engine.Stripe.Sends.Count);
        release.SetResult();
        var results = await Task.WhenAll(callers);
        Assert.Equal((1, 19), (results.Count(r => r.Outcome == OperationOutcome.Succeeded), results.Count(r => r.Outcome == OperationOutcome.NotSent)));
    }

    [Fact]
    public async Task A_429_holds_authorizations_back_for_as_long_as_it_says()
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Stripe.Next(Behavior.Throttled);
        await engine.Charges.AuthorizeAsync(engine.Authorize("a"), Ct);
        var held = await engine.Charges.AuthorizeAsync(engine.Authorize("b"), Ct);
        Assert.Equal((OperationOutcome.NotSent, "throttled", 1), (held.Outcome, held.Error?.Reason, engine.Stripe.Sends.Count));
        engine.Time.Advance(TimeSpan.FromSeconds(8));
        Assert.Equal(OperationOutcome.Succeeded, (await engine.Charges.AuthorizeAsync(engine.Authorize("c"), Ct)).Outcome);
    }
}
