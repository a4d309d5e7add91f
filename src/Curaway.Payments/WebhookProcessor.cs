using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Curaway.Payments;

/// <summary>
/// Works off what the webhook intake could not apply at once: events about charges not here yet, replays, and events whose
/// effect failed. One poisonous event never keeps the others waiting.
/// </summary>
internal sealed partial class WebhookProcessor(
    IChargeStore store, IEnumerable<IWebhookReader> readers, PaymentsSignal signal, PaymentsMetrics metrics,
    IOptions<PaymentsOptions> options, TimeProvider time, ILogger<WebhookProcessor> logger)
{
    private static readonly TimeSpan ClaimLease = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ParkedRetryMin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ParkedRetryMax = TimeSpan.FromMinutes(10);

    private readonly Dictionary<string, IWebhookReader> _readers = readers.ToDictionary(reader => reader.Provider);

    /// <summary>Works off what is due. True when there may be more.</summary>
    public async Task<bool> SweepAsync(CancellationToken ct)
    {
        var events = await store.ClaimEventsAsync(options.Value.ClaimCountMax, ClaimLease, ct).ConfigureAwait(false);
        foreach (var claimed in events)
            await ProcessAsync(claimed, ct).ConfigureAwait(false);
        if (events.Count > 0)
            signal.Set();
        return events.Count == options.Value.ClaimCountMax;
    }

    private async Task ProcessAsync(WebhookEvent claimed, CancellationToken ct)
    {
        try
        {
            var state = await ApplyAsync(claimed, ct).ConfigureAwait(false);
            metrics.Processed(claimed.Provider, state);
            Log.Processed(logger, claimed.Provider, claimed.EventId, claimed.EventType, state);
        }
#pragma warning disable CA1031 // Whatever one event does, the others are processed; its lease brings it back until it is a dead letter.
        catch (Exception exception) when (!ct.IsCancellationRequested)
#pragma warning restore CA1031
        {
            Log.Threw(logger, claimed.Provider, claimed.EventId, exception.GetType().Name, claimed.AttemptCount);
            if (claimed.AttemptCount >= options.Value.EventAttemptCountMax)
                await GiveUpAsync(claimed, exception.GetType().Name, ct).ConfigureAwait(false);
        }
    }

    private async Task<WebhookState> ApplyAsync(WebhookEvent claimed, CancellationToken ct)
    {
        var reading = claimed.Snapshot is null && claimed.Body is { } body ? _readers[claimed.Provider].Reread(body, claimed.ProviderAccount) : null;
        if (reading?.Verdict == WebhookVerdict.Ignored)
            return await SettleAsync(claimed, WebhookState.Ignored, "nothing_we_act_on", null, ct).ConfigureAwait(false);
        if ((claimed.Snapshot ?? reading?.Snapshot) is not { } snapshot)
            return await GiveUpAsync(claimed, "unreadable", ct).ConfigureAwait(false);

        var age = time.GetUtcNow() - claimed.ReceivedAt;
        var wait = TimeSpan.FromTicks(Math.Clamp((age / 2).Ticks, ParkedRetryMin.Ticks, ParkedRetryMax.Ticks));
        var state = await store.ApplyEventAsync(claimed.Id, snapshot, wait, ct).ConfigureAwait(false);
        if (state != WebhookState.Parked || age < options.Value.ParkedEventLifetime)
            return state;

        // Nobody's: another system uses the same account. One that carries our charge id is different.
        return snapshot.ChargeId is null
            ? await SettleAsync(claimed, WebhookState.Ignored, "not_ours", null, ct).ConfigureAwait(false)
            : await GiveUpAsync(claimed, "charge_missing", ct).ConfigureAwait(false);
    }

    private Task<WebhookState> GiveUpAsync(WebhookEvent claimed, string reason, CancellationToken ct) => SettleAsync(
        claimed, WebhookState.Failed, reason, new PaymentAlert("webhook_dead_letter", AlertSeverity.Critical, $"{claimed.Provider} {claimed.EventId} {reason}"), ct);

    private async Task<WebhookState> SettleAsync(WebhookEvent claimed, WebhookState state, string reason, PaymentAlert? alert, CancellationToken ct)
    {
        await store.SettleEventAsync(claimed.Id, state, reason, alert, ct).ConfigureAwait(false);
        return state;
    }

    private static partial class Log
    {
        [LoggerMessage(1201, LogLevel.Information, "Webhook {Provider} {EventId} ({EventType}) is {State}")]
        public static partial void Processed(ILogger logger, string provider, string eventId, string eventType, WebhookState state);

        [LoggerMessage(1202, LogLevel.Error, "Webhook {Provider} {EventId} threw {ExceptionType} at attempt {AttemptCount}")]
        public static partial void Threw(ILogger logger, string provider, string eventId, string exceptionType, int attemptCount);
    }
}
