using System.Diagnostics.Metrics;

namespace Curaway.Payments;

/// <summary>The instruments of the HTTP edge, on the meter of the whole product. Tags hold provider and fate only.</summary>
internal sealed class WebhookMetrics
{
    private readonly Counter<long> _deliveries;
    private readonly UpDownCounter<int> _waiting;
    private readonly Histogram<int> _batchSize;
    private readonly Histogram<double> _commitDurationSeconds;

    public WebhookMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Curaway.Payments");
        _deliveries = meter.CreateCounter<long>("curaway.payments.webhook.deliveries", "{delivery}", "Webhook deliveries answered, by what became of each");
        _waiting = meter.CreateUpDownCounter<int>("curaway.payments.webhook.waiting", "{delivery}", "Signed deliveries that wait for a commit");
        _batchSize = meter.CreateHistogram<int>("curaway.payments.webhook.batch.size", "{delivery}", "Deliveries that shared one commit");
        _commitDurationSeconds = meter.CreateHistogram<double>("curaway.payments.webhook.commit.duration", "s", "Commits of webhook batches");
    }

    public void Answered(string provider, string fate) => _deliveries.Add(1, new("payments.provider", provider), new("payments.fate", fate));

    public void Waits(int change) => _waiting.Add(change);

    public void Committed(int count, TimeSpan duration)
    {
        _batchSize.Record(count);
        _commitDurationSeconds.Record(duration.TotalSeconds);
    }
}
