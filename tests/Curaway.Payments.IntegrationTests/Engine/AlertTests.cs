using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Curaway.Payments.IntegrationTests.Engine;

[Trait("Promise", "P24")]
public sealed class AlertTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Warnings_of_a_category_are_held_back_across_hosts_and_critical_ones_never()
    {
        await using var engine = await EngineFixture.StartAsync();
        var sink = new FlakySink();
        AlertDispatcher[] hosts = [Dispatcher(engine, sink), Dispatcher(engine, sink)];
        foreach (var (at, expected) in new[] { (0, 1), (1, 0), (299, 0), (300, 1), (601, 1) })
        {
            engine.Time.Advance(engine.StartedAt + TimeSpan.FromSeconds(at) - engine.Time.GetUtcNow());
            sink.Taken.Clear();
            for (var i = 0; i < 20; i++)
                await engine.Store.EnqueueAlertAsync(new PaymentAlert("stripe_outage", AlertSeverity.Warning, "timeout"), Ct);
            await engine.Store.EnqueueAlertAsync(new PaymentAlert("money_conflict", AlertSeverity.Critical, "other_amount"), Ct);
            foreach (var host in hosts)
                await host.SweepAsync(Ct);
            Assert.Equal(expected, sink.Taken.Count(alert => alert.Category == "stripe_outage"));
            Assert.Single(sink.Taken, alert => alert.Category == "money_conflict");
        }

        Assert.Contains(sink.Taken, alert => alert.Text == "timeout (and 19 more)");
    }

    [Fact]
    public async Task What_a_sink_did_not_take_comes_again_and_a_critical_one_survives_a_restart()
    {
        await using var engine = await EngineFixture.StartAsync();
        var sink = new FlakySink { FailureCount = 2 };
        var dispatcher = Dispatcher(engine, sink);
        await engine.Store.EnqueueAlertAsync(new PaymentAlert("stripe_outage", AlertSeverity.Warning, "timeout"), Ct);
        await engine.Store.EnqueueAlertAsync(new PaymentAlert("money_conflict", AlertSeverity.Critical, "other_amount"), Ct);
        await dispatcher.SweepAsync(Ct);
        Assert.Empty(sink.Taken);

        engine.Time.Advance(TimeSpan.FromMinutes(1));
        await dispatcher.SweepAsync(Ct);
        Assert.Equal(["stripe_outage", "money_conflict"], sink.Taken.Select(alert => alert.Category));

        await engine.Store.EnqueueAlertAsync(new PaymentAlert("money_conflict", AlertSeverity.Critical, "second_payment"), Ct);
        await Dispatcher(engine, sink).SweepAsync(Ct);
        Assert.Equal("second_payment", sink.Taken[^1].Text);
    }

    private static AlertDispatcher Dispatcher(EngineFixture engine, IAlertSink sink) => new(
        engine.Store, new PaymentAlerts(), [sink], Options.Create(new PaymentsOptions()), NullLogger<AlertDispatcher>.Instance);

    private sealed class FlakySink : IAlertSink
    {
        public List<PaymentAlert> Taken { get; } = [];

        public int FailureCount { get; set; }

        public Task SendAsync(PaymentAlert alert, CancellationToken ct)
        {
            if (FailureCount-- > 0)
                throw new HttpRequestException("refused");
            Taken.Add(alert);
            return Task.CompletedTask;
        }
    }
}
