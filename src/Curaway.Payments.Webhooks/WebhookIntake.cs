using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Curaway.Payments;

/// <summary>One delivery from the wire into the store: size, raw bytes, signature, commit, answer. In that order.</summary>
internal sealed partial class WebhookIntake(
    IEnumerable<IWebhookReader> readers,
    WebhookInbox inbox,
    WebhookMetrics metrics,
    PaymentAlerts alerts,
    IOptionsMonitor<WebhookOptions> options,
    TimeProvider time,
    ILogger<WebhookIntake> logger)
{
    private const int EventTextLengthMax = 255;

    private readonly FrozenDictionary<string, IWebhookReader> _readers =
        readers.ToFrozenDictionary(reader => reader.Provider, StringComparer.OrdinalIgnoreCase);

    public async Task<IResult> ReceiveAsync(HttpContext http, string provider, string? account)
    {
        account ??= "default";
        if (!_readers.TryGetValue(provider, out var reader) || !OpaqueId.TryParse(account, out _))
            return new WebhookProblem(ErrorCodes.NotFound);
        if (inbox.IsFull)
            return RefuseForNow(reader.Provider);

        using var body = await WebhookBody.ReadAsync(http, options.CurrentValue, time).ConfigureAwait(false);
        if (body.Refusal is { } refusal)
            return refusal;

        var reading = body.Bytes.IsEmpty
            ? WebhookReading.Forged()
            : reader.Read(new WebhookRequest(body.Bytes, http.HeaderOf, account, time.GetUtcNow()));
        if (reading.Verdict == WebhookVerdict.Forged)
            return Refuse(reader);
        if (reading.Warning is { } warning)
            Log.ReadWithWarning(logger, reader.Provider, PlainOrNull(reading.EventId), warning);

        return await StoreAsync(DeliveryOf(reader, reading, account, body.Bytes)).ConfigureAwait(false);
    }

    private WebhookProblem Refuse(IWebhookReader reader)
    {
        metrics.Answered(reader.Provider, "forged");
        // The account is the stranger's own text, so it stays out: a flood is one alert and one line in the log.
        if (alerts.Raise(new PaymentAlert("webhook_signature", AlertSeverity.Warning, $"{reader.Provider}: {ErrorCodes.WebhookInvalidSignature}")))
            Log.Forged(logger, reader.Provider);
        return new WebhookProblem(ErrorCodes.WebhookInvalidSignature);
    }

    private WebhookProblem RefuseForNow(string provider)
    {
        metrics.Answered(provider, "refused");
        return new WebhookProblem(ErrorCodes.StoreUnavailable, retryAfter: options.CurrentValue.RetryAfter);
    }

    private async Task<IResult> StoreAsync(WebhookDelivery delivery)
    {
        if (inbox.TryReceive(delivery) is not { } receiving)
            return RefuseForNow(delivery.Provider);
        WebhookFate fate;
        try
        {
            fate = await receiving.ConfigureAwait(false);
        }
        catch (Exception error)
        {
            metrics.Answered(delivery.Provider, "not_stored");
            Log.NotStored(logger, error, delivery.Provider, delivery.EventId);
            return new WebhookProblem(ErrorCodes.StoreUnavailable, retryAfter: options.CurrentValue.RetryAfter);
        }

        metrics.Answered(delivery.Provider, WireName.Of(fate));
        Log.Stored(logger, delivery.Provider, delivery.EventId, delivery.EventType, fate);
        return fate == WebhookFate.Duplicate ? WebhookReceipt.Duplicate : WebhookReceipt.Received;
    }

    private static WebhookDelivery DeliveryOf(IWebhookReader reader, WebhookReading reading, string account, ReadOnlyMemory<byte> body)
    {
        var hash = WebhookDelivery.Hash(body.Span);
        var eventId = PlainOrNull(reading.EventId);
        return new WebhookDelivery
        {
            Provider = reader.Provider,
            ProviderAccount = account,
            EventId = WebhookDelivery.KeyOf(account, eventId ?? "sha256:" + hash),
            EventType = PlainOrNull(reading.EventType) ?? "",
            Body = body,
            BodyHash = hash,
            Verdict = reading.Verdict,
            Snapshot = reading.Snapshot,
            IsDedupedByBody = eventId is null || !reader.IsEventIdSigned,
        };
    }

    /// <summary>Event ids and types are short ASCII; anything else (an unsigned header may hold anything) counts as absent.</summary>
    private static string? PlainOrNull(string? text) =>
        text is { Length: > 0 and <= EventTextLengthMax } && !text.AsSpan().ContainsAnyExceptInRange('!', '~') ? text : null;

    private static partial class Log
    {
        [LoggerMessage(3001, LogLevel.Debug, "Webhook {EventId} ({EventType}) of {Provider}: {Fate}")]
        public static partial void Stored(ILogger logger, string provider, string eventId, string eventType, WebhookFate fate);

        [LoggerMessage(3002, LogLevel.Warning, "Webhook {EventId} of {Provider} was read with a warning: {Warning}")]
        public static partial void ReadWithWarning(ILogger logger, string provider, string? eventId, string warning);

        [LoggerMessage(3003, LogLevel.Warning, "A webhook for {Provider} has no valid signature")]
        public static partial void Forged(ILogger logger, string provider);

        [LoggerMessage(3004, LogLevel.Error, "Webhook {EventId} of {Provider} could not be stored; the provider delivers it again")]
        public static partial void NotStored(ILogger logger, Exception error, string provider, string eventId);
    }
}

/// <summary>Reads headers. An extension, so that a delegate of it binds the request without a closure.</summary>
internal static class WebhookHeaders
{
    public static string? HeaderOf(this HttpContext http, string name) =>
        http.Request.Headers.TryGetValue(name, out var values) && values.Count > 0 ? values.ToString() : null;
}
