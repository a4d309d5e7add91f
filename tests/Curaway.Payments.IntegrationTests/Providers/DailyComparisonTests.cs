using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>The two-way reconciliation that nobody has to ask for.</summary>
public sealed class DailyComparisonTests(SimulatedEngine engine) : IClassFixture<SimulatedEngine>
{
    [Fact]
    public async Task Of_all_hosts_of_a_database_one_compares_once_a_day()
    {
        await engine.CapturedAsync(engine.Stripe);
        await using var first = OtherHost();
        await using var second = OtherHost();
        Assert.Equal((true, false, false), (await ComparesAsync(first), await ComparesAsync(second), await ComparesAsync(first)));
        engine.Advance(TimeSpan.FromHours(23));
        Assert.Equal((false, false), (await ComparesAsync(first), await ComparesAsync(second)));
        engine.Advance(TimeSpan.FromHours(1) + TimeSpan.FromMinutes(1));
        Assert.Equal((true, false), (await ComparesAsync(second), await ComparesAsync(first)));
    }

    /// <summary>Whether this turn of the host's worker asked the provider for what it has.</summary>
    private async Task<bool> ComparesAsync(ServiceProvider host)
    {
        var before = engine.Stripe.Calls.Count;
        await host.GetServices<IHostedService>().OfType<PaymentsWorker>().Single().CompareOnceAsync(SimulatedEngine.Ct);
        return engine.Stripe.Calls.Count > before;
    }

    private ServiceProvider OtherHost()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddMetrics();
        services.AddSingleton<TimeProvider>(engine.Time);
        services.AddCurawayPayments(payments => engine.AddParts(payments));
        return services.BuildServiceProvider();
    }
}
