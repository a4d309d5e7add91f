namespace Curaway.Payments.IntegrationTests.Engine;

public sealed class StoreWatchTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Money_that_moves_while_no_webhook_comes_warns_once_until_webhooks_come_again()
    {
        await using var engine = await EngineFixture.StartAsync(options => options.WebhookSilence = TimeSpan.FromHours(6));
        var held = await engine.AuthorizedAsync();
        engine.Time.Advance(TimeSpan.FromHours(5));
        await engine.WatchAsync();
        Assert.Empty(await engine.AlertsAsync());

        engine.Time.Advance(TimeSpan.FromHours(2));
        await engine.WatchAsync();
        await engine.WatchAsync();
        var alert = Assert.Single(await engine.AlertsAsync());
        Assert.Equal(
            new PaymentAlert("webhook_silence", AlertSeverity.Warning, "stripe (default): authorized at 2026-11-24T09:00Z, no webhook since"), alert);

        await engine.TellAsync(engine.Stripe.SnapshotOf(held));
        engine.Time.Advance(TimeSpan.FromHours(7));
        await engine.WatchAsync();
        Assert.Single(await engine.AlertsAsync(), told => told.Category == "webhook_silence");
    }

    [Fact]
    public async Task The_gauges_say_how_many_charges_are_due_and_how_long_the_oldest_has_been()
    {
        await using var engine = await EngineFixture.StartAsync();
        await engine.WatchAsync();
        engine.Stripe.Next(Behavior.TimeoutWithoutExecuting);
        var unknown = (await engine.Charges.AuthorizeAsync(engine.Authorize(), Ct)).Charge!;
        var dueAt = (await engine.StateAsync(unknown.Id)).Operations.Single().NextAttemptAt;
        engine.Time.SetUtcNow(dueAt + TimeSpan.FromMinutes(3));

        var told = await engine.WatchAsync();
        Assert.Equal((1, 180), (told["curaway.payments.reconciler.due"], told["curaway.payments.reconciler.oldest_due_age"]));
        await engine.ReconcileAsync();
        told = await engine.WatchAsync();
        Assert.Equal((0, 0), (told["curaway.payments.reconciler.due"], told["curaway.payments.reconciler.oldest_due_age"]));
    }
}
