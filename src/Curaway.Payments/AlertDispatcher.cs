using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Curaway.Payments;

/// <summary>
/// The only caller of <see cref="IAlertSink"/>: writes raised alerts to the outbox and delivers the outbox. No payment
/// waits for it. Every alert also goes to the log.
/// </summary>
internal sealed partial class AlertDispatcher(
    IChargeStore store, PaymentAlerts raised, OutageWatch outages, IEnumerable<IAlertSink> sinks, IOptions<PaymentsOptions> options, TimeProvider time,
    ILogger<AlertDispatcher> logger)
{
    private static readonly TimeSpan ClaimLease = TimeSpan.FromSeconds(30);

    /// <summary>How long a sink may take for one alert; one that takes longer rests until the next look.</summary>
    private static readonly TimeSpan SinkDeadline = TimeSpan.FromSeconds(10);

    /// <summary>The runbook's cooldown of a WARNING: one of a category at a time, across hosts.</summary>
    private static readonly TimeSpan WarningCooldown = TimeSpan.FromMinutes(5);

    private readonly IAlertSink[] _sinks = [.. sinks];

    /// <summary>What passed the cooldown and some sink has not taken yet: trying again is not another alert.</summary>
    private readonly Dictionary<long, Passed> _passed = [];

    /// <summary>Delivers what is due. True when there may be more.</summary>
    public async Task<bool> SweepAsync(CancellationToken ct)
    {
        foreach (var alert in TakeRaised().Distinct())
            await raised.RaiseAsync(alert, ct).ConfigureAwait(false);

        var queued = await store.ClaimAlertsAsync(options.Value.ClaimCountMax, ClaimLease, ct).ConfigureAwait(false);
        var resting = new HashSet<IAlertSink>();
        foreach (var alert in queued)
            await DeliverAsync(alert, resting, ct).ConfigureAwait(false);

        // After what was told: the end of an outage that nobody was told of is no news.
        foreach (var provider in outages.TakeRecovered())
            await store.EndOutageAsync(new PaymentAlert($"{provider}_outage", AlertSeverity.Info, $"{provider} answers again"), ct).ConfigureAwait(false);
        return queued.Count == options.Value.ClaimCountMax;
    }

    /// <summary>What waits, whole. What is raised while it is written waits for the next look: a flood of forged webhooks never stops raising.</summary>
    private List<PaymentAlert> TakeRaised()
    {
        var taken = new List<PaymentAlert>();
        while (taken.Count < PaymentAlerts.WaitingCountMax && raised.TryTake(out var alert))
            taken.Add(alert);
        return taken;
    }

    /// <summary>Null when the cooldown of its category holds it back. Only WARNINGs have one.</summary>
    private async Task<Passed?> PassAsync(QueuedAlert queued, CancellationToken ct)
    {
        if (_passed.TryGetValue(queued.Id, out var before))
            return before;
        int? suppressed = queued.Alert.Severity == AlertSeverity.Warning
            ? await store.TryPassCooldownAsync(queued.Alert.Category, WarningCooldown, ct).ConfigureAwait(false)
            : 0;
        return suppressed is { } count ? _passed[queued.Id] = new Passed(count, []) : null;
    }

    private async Task DeliverAsync(QueuedAlert queued, HashSet<IAlertSink> resting, CancellationToken ct)
    {
        // The log has every alert, first and whatever the sinks do; the sinks have one WARNING of a category at a time.
        var alert = queued.Alert;
        var level = LevelOf(alert.Severity);
        Log.Alert(logger, level, alert.Category, alert.Text, alert.ChargeId);
        if (await PassAsync(queued, ct).ConfigureAwait(false) is { } passed)
        {
            var told = passed.SuppressedCount == 0 ? alert : alert with { Text = $"{alert.Text} (and {passed.SuppressedCount} more)" };
            var waiting = _sinks.Where(sink => !passed.TakenBy.Contains(sink)).ToList();
            var taken = await Task.WhenAll(waiting.Select(sink => TrySendAsync(sink, told, resting, ct))).ConfigureAwait(false);
            passed.TakenBy.UnionWith(waiting.Where((_, index) => taken[index]));
            if (taken.Contains(false))
                return;
        }

        await store.CompleteAlertAsync(queued.Id, ct).ConfigureAwait(false);
        _passed.Remove(queued.Id);
    }

    /// <summary>A sink that throws, or hangs, gets the alert again when the lease ends; the others are not kept waiting.</summary>
    private async Task<bool> TrySendAsync(IAlertSink sink, PaymentAlert alert, HashSet<IAlertSink> resting, CancellationToken ct)
    {
        if (resting.Contains(sink))
            return false;
        using var deadline = new CancellationTokenSource(SinkDeadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        try
        {
            await sink.SendAsync(alert, either.Token).WaitAsync(either.Token).ConfigureAwait(false);
            return true;
        }
#pragma warning disable CA1031 // Whatever a sink does, the alert stays in the outbox.
        catch (Exception exception) when (!ct.IsCancellationRequested)
#pragma warning restore CA1031
        {
            if (deadline.IsCancellationRequested)
                resting.Add(sink);
            Log.SinkThrew(logger, alert.Category, exception.GetType().Name);
            return false;
        }
    }

    private sealed record Passed(int SuppressedCount, HashSet<IAlertSink> TakenBy);

    private static LogLevel LevelOf(AlertSeverity severity) => severity switch
    {
        AlertSeverity.Critical => LogLevel.Critical,
        AlertSeverity.Warning => LogLevel.Warning,
        _ => LogLevel.Information,
    };

    private static partial class Log
    {
        [LoggerMessage(EventId = 1401, Message = "ALERT {Category}: {Text} (charge {ChargeId})")]
        public static partial void Alert(ILogger logger, LogLevel level, string category, string text, ChargeId? chargeId);

        [LoggerMessage(EventId = 1402, Level = LogLevel.Error, Message = "A sink threw {ExceptionType} for an alert of {Category}; it gets it again")]
        public static partial void SinkThrew(ILogger logger, string category, string exceptionType);
    }
}
