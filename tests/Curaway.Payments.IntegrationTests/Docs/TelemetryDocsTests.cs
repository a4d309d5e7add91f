using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.IntegrationTests.Docs;

/// <summary>The page of telemetry is what the meters have.</summary>
public sealed class TelemetryDocsTests
{
    [Fact]
    public void Every_instrument_stands_on_the_page_and_no_other()
    {
        var rows = new ConcurrentDictionary<string, bool>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == PaymentsDiagnostics.Name)
                rows[$"| `{instrument.Name}` | {instrument.GetType().Name.Split('`')[0]} | `{instrument.Unit}` | {instrument.Description} |"] = true;
        };
        listener.Start();
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = services.GetRequiredService<IMeterFactory>();
        _ = new PaymentsMetrics(meters);
        _ = new WebhookMetrics(meters);

        var page = Repository.Read("docs", "reference", "telemetry.md").Split('\n').Where(line => line.StartsWith("| `curaway.", StringComparison.Ordinal));
        Assert.Equal(rows.Keys.Order(StringComparer.Ordinal), page.Order(StringComparer.Ordinal));
    }
}
