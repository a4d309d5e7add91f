using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Curaway.Payments;

/// <summary>
/// The only caller of <see cref="IAlertSink"/>: writes raised alerts to the outbox and delivers the outbox. No payment
/// waits for it. Every alert also goes to the log.
/// </summary>
internal sealed partial class AlertDispatcher(
    IChargeStore store, PaymentAlerts raised, IEnumerable<IAlertSink> sinks, IOptions<PaymentsOptions> options, TimeProvider time,
    ILogger<AlertDispatcher> logger)
{
    private static readonly TimeSpan ClaimLease = TimeSpan.FromSeconds(30);

    /// <summary>The runbook's cooldown of a WARNING, counted in this process.</summary>
    private static readonly TimeSpan WarningCooldown = TimeSpan.FromMinutes(5);

    private readonly IAlertSink[] _sinks = [.. sinks];
    private readonly Dictionary<string, long> _lastSent = [];

    /// <summary>Delivers what is due. True when there may be more.</summary>
    public async Task<bool> SweepAsync(CancellationToken ct)
    {
        while (raised.TryTake(out var alert))
            await store.EnqueueAlertAsync(alert, ct).ConfigureAwait(false);

        var queued = await store.ClaimAlertsAsync(options.Value.ClaimCountMax, ClaimLease, ct).ConfigureAwait(false);
        foreach (var alert in queued)
            await DeliverAsync(alert, ct).ConfigureAwait(false);
        return queued.Count == options.Value.ClaimCountMax;
    }

    private bool IsCoolingDown(PaymentAlert alert)
    {
        if (alert.Severity == AlertSeverity.Critical)
            return false;
        if (_lastSent.TryGetValue(alert.Category, out var last) && time.GetElapsedTime(last) < WarningCooldown)
            return true;
        _lastSent[alert.Category] = time.GetTimestamp();
        return false;
    }

    private async Task DeliverAsync(QueuedAlert queued, CancellationToken ct)
    {
        var alert = queued.Alert;
        try
        {
            // The log has every alert, first and whatever the sinks do; the sinks have one WARNING of a category at a time.
            var level = LevelOf(alert.Severity);
            Log.Alert(logger, level, alert.Category, alert.Text, alert.ChargeId);
            if (!IsCoolingDown(alert))
            {
                foreach (var sink in _sinks)
                    await sink.SendAsync(alert, ct).ConfigureAwait(false);
            }

            await store.CompleteAlertAsync(queued.Id, ct).ConfigureAwait(false);
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
