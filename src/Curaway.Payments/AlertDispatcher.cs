using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Curaway.Payments;

/// <summary>
/// The only caller of <see cref="IAlertSink"/>: writes raised alerts to the outbox and delivers the outbox. No payment
/// waits for it. Every alert also goes to the log.
/// </summary>
internal sealed partial class AlertDispatcher(
    IChargeStore store, PaymentAlerts raised, IEnumerable<IAlertSink> sinks, IOptions<PaymentsOptions> options,
    ILogger<AlertDispatcher> logger)
{
    private static readonly TimeSpan ClaimLease = TimeSpan.FromSeconds(30);

    /// <summary>The runbook's cooldown of a WARNING: one of a category at a time, across hosts.</summary>
    private static readonly TimeSpan WarningCooldown = TimeSpan.FromMinutes(5);

    private readonly IAlertSink[] _sinks = [.. sinks];

    /// <summary>What passed the cooldown and no sink has taken yet: trying again is not another alert.</summary>
    private readonly Dictionary<long, int> _passed = [];

    /// <summary>Delivers what is due. True when there may be more.</summary>
    public async Task<bool> SweepAsync(CancellationToken ct)
    {
        foreach (var alert in TakeRaised().Distinct())
            await store.EnqueueAlertAsync(alert, ct).ConfigureAwait(false);

        var queued = await store.ClaimAlertsAsync(options.Value.ClaimCountMax, ClaimLease, ct).ConfigureAwait(false);
        foreach (var alert in queued)
            await DeliverAsync(alert, ct).ConfigureAwait(false);
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

    /// <summary>How many of the category were held back before this one; null when this one is held back too.</summary>
    private async Task<int?> SuppressedBeforeAsync(QueuedAlert queued, CancellationToken ct)
    {
        if (queued.Alert.Severity == AlertSeverity.Critical)
            return 0;
        if (_passed.TryGetValue(queued.Id, out var before))
            return before;
        if (await store.TryPassCooldownAsync(queued.Alert.Category, WarningCooldown, ct).ConfigureAwait(false) is not { } passed)
            return null;
        _passed[queued.Id] = passed;
        return passed;
    }

    private async Task DeliverAsync(QueuedAlert queued, CancellationToken ct)
    {
        var alert = queued.Alert;
        try
        {
            // The log has every alert, first and whatever the sinks do; the sinks have one WARNING of a category at a time.
            var level = LevelOf(alert.Severity);
            Log.Alert(logger, level, alert.Category, alert.Text, alert.ChargeId);
            if (await SuppressedBeforeAsync(queued, ct).ConfigureAwait(false) is { } suppressed)
            {
                var told = suppressed == 0 ? alert : alert with { Text = $"{alert.Text} (and {suppressed} more)" };
                foreach (var sink in _sinks)
                    await sink.SendAsync(told, ct).ConfigureAwait(false);
            }

            await store.CompleteAlertAsync(queued.Id, ct).ConfigureAwait(false);
            _passed.Remove(queued.Id);
        }
#pragma warning disable CA1031 // A sink that throws gets the alert again when the lease ends; the others are not kept waiting.
        catch (Exception exception) when (!ct.IsCancellationRequested)
#pragma warning restore CA1031
        {
            Log.SinkThrew(logger, alert.Category, exception.GetType().Name);
        }
    }

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
