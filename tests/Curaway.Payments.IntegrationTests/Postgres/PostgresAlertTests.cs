using Curaway.Payments.IntegrationTests.Engine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Curaway.Payments.IntegrationTests.Postgres;

/// <summary>Two hosts that share nothing but a PostgreSQL database, whose clock is moved.</summary>
[Trait("Promise", "P24")]
public sealed class PostgresAlertTests : IAsyncLifetime
{
    private static readonly PaymentAlert Outage = new("stripe_outage", AlertSeverity.Warning, "timeout");
    private static readonly PaymentAlert Conflict = new("money_conflict", AlertSeverity.Critical, "other_amount");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 9, 0, 0, TimeSpan.Zero));
    private readonly List<Host> _hosts = [];
    private readonly DatabaseClock _clock;

    public PostgresAlertTests(PostgresServer server) =>
        _clock = new DatabaseClock(new Lazy<Task<PostgresTestDatabase>>(() => server.CreateDatabaseAsync(isEmpty: true)), _time);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await Start().Store.MigrateAsync(Ct);

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
            await host.DisposeAsync();
        if (_clock.HasDatabase)
            await (await _clock.Database).DisposeAsync();
        _clock.Dispose();
    }

    [Fact]
    public async Task Of_a_hundred_warnings_over_two_hosts_one_is_sent_in_five_minutes_and_every_critical_one()
    {
        Start();
        var startedAt = _time.GetUtcNow();
        var texts = new List<string>();
        foreach (var (at, expected) in new[] { (0, 1), (1, 0), (299, 0), (300, 1), (601, 1) })
        {
            _time.SetUtcNow(startedAt + TimeSpan.FromSeconds(at));
            await Task.WhenAll(_hosts.Select(RaiseFiftyAsync));
            await SweepAsync();
            var taken = _hosts.SelectMany(host => host.Sink.Take()).ToList();
            Assert.Equal((at, expected), (at, taken.Count(alert => alert.Category == Outage.Category)));
            Assert.Equal(2, taken.Count(alert => alert == Conflict));
            texts.AddRange(taken.Where(alert => alert.Category == Outage.Category).Select(alert => alert.Text));
        }

        // Held back: the 99 beside the one that was sent, and the hundreds of +1 s and +299 s.
        Assert.Equal(["timeout", "timeout (and 299 more)", "timeout (and 99 more)"], texts);
    }

    [Fact]
    public async Task A_critical_alert_survives_a_restart_and_is_delivered_by_whoever_comes_next()
    {
        _hosts[0].Sink.FailureCount = 1;
        await _hosts[0].Raised.RaiseAsync(Conflict, Ct);
        await SweepAsync();
        Assert.Empty(_hosts[0].Sink.Take());
        await _hosts[0].DisposeAsync();
        _hosts.Clear();

        _time.Advance(TimeSpan.FromSeconds(31));
        var next = Start();
        await SweepAsync();
        Assert.Equal([Conflict], next.Sink.Take());
    }

    [Fact]
    public async Task The_end_of_an_outage_is_told_by_one_host_only()
    {
        Start();
        await _hosts[0].Raised.RaiseAsync(Outage, Ct);
        await SweepAsync();
        await Task.WhenAll(_hosts.Select(host => host.Raised.RaiseAsync(Outage with { Severity = AlertSeverity.Info, Text = "up" }, Ct)));
        await SweepAsync();

        Assert.Equal(["timeout", "up"], _hosts.SelectMany(host => host.Sink.Take()).Select(alert => alert.Text).Order());
    }

    private static async Task RaiseFiftyAsync(Host host)
    {
        for (var i = 0; i < 50; i++)
            await host.Raised.RaiseAsync(Outage, Ct);
        await host.Raised.RaiseAsync(Conflict, Ct);
    }

    /// <summary>Both hosts at once, until nothing is due.</summary>
    private Task SweepAsync() => Task.WhenAll(_hosts.Select(async host =>
    {
        while (await host.Dispatcher.SweepAsync(Ct))
        {
        }
    }));

    private Host Start()
    {
        var host = new Host(new ClockedStore(_clock), _time);
        _hosts.Add(host);
        return host;
    }

    private sealed class Host : IAsyncDisposable
    {
        private readonly ServiceProvider _services;

        public Host(IChargeStore store, TimeProvider time)
        {
            var services = new ServiceCollection();
            services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.None));
            services.AddMetrics();
            services.AddSingleton(time);
            services.AddSingleton<IAlertSink>(Sink);
            services.AddCurawayPayments(payments => payments.Services.Replace(ServiceDescriptor.Singleton(store)));
            _services = services.BuildServiceProvider();
        }

        public RecordingSink Sink { get; } = new();

        public IChargeStore Store => _services.GetRequiredService<IChargeStore>();

        public PaymentAlerts Raised => _services.GetRequiredService<PaymentAlerts>();

        public AlertDispatcher Dispatcher => _services.GetRequiredService<AlertDispatcher>();

        public ValueTask DisposeAsync() => _services.DisposeAsync();
    }
}
