using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Curaway.Payments;

/// <summary>The engine's instruments. Tags hold provider, verb and outcome only.</summary>
internal sealed class PaymentsMetrics
{
    private readonly Histogram<double> _callDurationSeconds;
    private readonly Counter<long> _webhookEvents;
    private readonly Counter<long> _findings;
    private ReconcilerBacklog? _backlog;

    public PaymentsMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(PaymentsDiagnostics.Name);
        _callDurationSeconds = meter.CreateHistogram<double>("curaway.payments.provider.call.duration", "s", "Calls to providers");
        _webhookEvents = meter.CreateCounter<long>("curaway.payments.webhook.events", "{event}", "Stored webhook events worked off by the processor");
        _findings = meter.CreateCounter<long>("curaway.payments.reconciliation.findings", "{finding}", "Differences between our rows and the providers' objects");
        meter.CreateObservableGauge("curaway.payments.reconciler.due", () => LastLook<long>(backlog => backlog.DueCount), "{charge}", "Charges that are due, at the last look");
        meter.CreateObservableGauge("curaway.payments.reconciler.oldest_due_age", () => LastLook(backlog => backlog.OldestDueAge.TotalSeconds), "s", "How long the oldest of them has been due");
    }

    /// <summary>What the last look at the store saw; the gauges tell it until the next.</summary>
    public void Measured(ReconcilerBacklog backlog) => Volatile.Write(ref _backlog, backlog);

    private IEnumerable<Measurement<T>> LastLook<T>(Func<ReconcilerBacklog, T> value)
        where T : struct => Volatile.Read(ref _backlog) is { } backlog ? [new Measurement<T>(value(backlog))] : [];

    public void Called(string provider, string verb, ProviderResult result, TimeSpan duration)
    {
        var tags = new TagList
        {
            { "payments.provider", provider },
            { "payments.verb", verb },
            { "payments.outcome", WireName.Of(result.Outcome) },
            { "payments.fault", WireName.Of(result.Fault) },
        };
        _callDurationSeconds.Record(duration.TotalSeconds, tags);
    }

    public void Found(ReconciliationFinding finding) => _findings.Add(
        1, new("payments.provider", finding.Provider), new("payments.kind", WireName.Of(finding.Kind)));

    public void Processed(string provider, WebhookState state) => _webhookEvents.Add(
        1, new("payments.provider", provider), new("payments.state", WireName.Of(state)));
}
