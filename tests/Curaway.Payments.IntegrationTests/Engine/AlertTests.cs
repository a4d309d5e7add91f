namespace Curaway.Payments.IntegrationTests.Engine;

[Trait("Promise", "P24")]
public sealed class AlertTests
{
    private static readonly PaymentAlert Outage = new("daily_co_outage", AlertSeverity.Warning, "timeout");
    private static readonly PaymentAlert Conflict = new("money_conflict", AlertSeverity.Critical, "other_amount");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_sink_did_not_take_comes_again_and_is_not_held_back_as_another_one()
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Sink.FailureCount = 2;
        await engine.Alerts.RaiseAsync(Outage, Ct);
        await engine.Alerts.RaiseAsync(Conflict, Ct);
        await engine.DeliverAlertsAsync();
        Assert.Empty(engine.Sink.Take());

        engine.Time.Advance(TimeSpan.FromMinutes(1));
        await engine.DeliverAlertsAsync();
        Assert.Equal([Outage, Conflict], engine.Sink.Take());
        engine.Time.Advance(TimeSpan.FromMinutes(1));
        await engine.DeliverAlertsAsync();
        Assert.Empty(engine.Sink.Take());
    }

    [Fact]
    public async Task A_sink_that_hangs_holds_no_payment_and_costs_one_deadline_for_all_alerts()
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Sink.Hangs = true;
        for (var i = 0; i < 5; i++)
            await engine.Alerts.RaiseAsync(Conflict with { Text = $"conflict {i}" }, Ct);
        var sweep = engine.DeliverAlertsAsync();
        await engine.Sink.Entered.Task.WaitAsync(Ct);

        Assert.Equal(ChargeStatus.Captured, (await engine.CapturedAsync()).Status);
        Assert.False(sweep.IsCompleted);
        engine.Time.Advance(TimeSpan.FromSeconds(10));
        await sweep.WaitAsync(Ct);

        engine.Sink.Hangs = false;
        engine.Time.Advance(TimeSpan.FromSeconds(31));
        await engine.DeliverAlertsAsync();
        Assert.Equal(5, engine.Sink.Take().Count(alert => alert.Category == "money_conflict"));
    }

    [Fact]
    public async Task The_end_of_an_outage_is_told_once_and_only_when_the_outage_was()
    {
        await using var engine = await EngineFixture.StartAsync();
        await engine.AuthorizedAsync("c1");
        await engine.DeliverAlertsAsync();
        await engine.DeliverAlertsAsync();
        Assert.Empty(engine.Sink.Take());

        engine.Stripe.Next(Behavior.TimeoutWithoutExecuting);
        await engine.Charges.AuthorizeAsync(engine.Authorize("c2"), Ct);
        await engine.DeliverAlertsAsync();
        Assert.Equal([("stripe_outage", AlertSeverity.Warning)], engine.Sink.Take().Select(alert => (alert.Category, alert.Severity)));

        for (var i = 0; i < 3; i++)
        {
            await engine.AuthorizedAsync($"c{3 + i}");
            await engine.DeliverAlertsAsync();
        }

        Assert.Equal([("stripe_outage", AlertSeverity.Info)], engine.Sink.Take().Select(alert => (alert.Category, alert.Severity)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_host_raises_outages_of_its_own_and_ends_them(bool isInMemory)
    {
        await using var engine = await EngineFixture.StartAsync();
        var end = Outage with { Severity = AlertSeverity.Info, Text = "rooms can be opened again" };
        foreach (var alert in new[] { end, Outage, end, end })
        {
            if (isInMemory)
                engine.Alerts.Raise(alert);
            else
                await engine.Alerts.RaiseAsync(alert, Ct);
            await engine.DeliverAlertsAsync();
        }

        Assert.Equal([Outage, end], engine.Sink.Take());
    }
}
