using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Options;

namespace Curaway.Payments.Razorpay;

/// <summary>
/// Razorpay's webhooks: lower-case hex HMAC-SHA256 of the raw body. Neither the event id nor the time of delivery is signed,
/// so the body's hash counts for deduplication too, and there is no freshness window (genuine replays are days old).
/// </summary>
internal sealed class RazorpayWebhook(IOptionsMonitor<RazorpayOptions> options) : IWebhookReader
{
    private const int EventIdLengthMax = 128;
    private const int SignatureLength = 2 * HMACSHA256.HashSizeInBytes;

    public string Provider => RazorpayMapping.Provider;

    public bool IsEventIdSigned => false;

    public WebhookReading Read(WebhookRequest request)
    {
        var account = new RazorpayAccount(request.Account, RazorpayProvider.OptionsOf(options, request.Account));
        return IsSigned(request.Body.Span, request.Header("X-Razorpay-Signature"), account.Options.WebhookSecrets)
            ? ReadBody(request.Body.Span, account, EventIdOf(request.Header("x-razorpay-event-id")))
            : WebhookReading.Forged();
    }

    public WebhookReading Reread(ReadOnlyMemory<byte> body, string account) =>
        ReadBody(body.Span, new RazorpayAccount(account, RazorpayProvider.OptionsOf(options, account)), eventId: null);

    /// <summary>True when the key made this signature of the data, in constant time.</summary>
    public static bool IsSignedBy(string key, ReadOnlySpan<byte> data, string? signature)
    {
        Span<byte> got = stackalloc byte[HMACSHA256.HashSizeInBytes], want = stackalloc byte[HMACSHA256.HashSizeInBytes];
        if (key.Length == 0 || signature is not { Length: SignatureLength }
            || Convert.FromHexString(signature, got, out _, out var written) != OperationStatus.Done || written != got.Length)
            return false;
        HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), data, want);
        return CryptographicOperations.FixedTimeEquals(want, got);
    }

    private static bool IsSigned(ReadOnlySpan<byte> body, string? signature, IReadOnlyList<string> secrets)
    {
        var isSigned = false;
        foreach (var secret in secrets)
            isSigned |= IsSignedBy(secret, body, signature);
        return isSigned;
    }

    private static WebhookReading ReadBody(ReadOnlySpan<byte> body, RazorpayAccount account, string? eventId)
    {
        var whole = TryRead(body, RazorpayJson.Default.WireEvent);
        var type = whole is null ? TryRead(body, RazorpayJson.Default.WireEventName)?.Event : whole.Event;
        if (!IsEventType(type))
            return WebhookReading.Unreadable(eventId, null);
        if (!IsActedOn(type!))
            return WebhookReading.Ignored(eventId, type);
        if (whole?.Payload is not { } payload || SnapshotOf(type!, payload, account) is not { } snapshot)
            return WebhookReading.Unreadable(eventId, type);

        // A payment made without an order of ours (a payment link, another shop on the account) can never be matched.
        var isOurs = snapshot.Reference is not null || snapshot.ChargeId is not null || !snapshot.Refunds.IsEmpty;
        return isOurs ? WebhookReading.Accepted(eventId, type!, snapshot) : WebhookReading.Ignored(eventId, type);
    }

    // invoice.expired and partial payments of invoices move no money of a charge.
    private static bool IsActedOn(string type) =>
        type is "payment.authorized" or "payment.captured" or "payment.failed" or "order.paid" or "invoice.paid"
            or "refund.created" or "refund.processed" or "refund.failed" || IsDispute(type);

    private static bool IsDispute(string type) => type.StartsWith("payment.dispute.", StringComparison.Ordinal);

    /// <summary>
    /// The payload as it stands, whatever the event is called: a payload is a snapshot that may be older or newer than its
    /// event's name. A dispute only says that the payment has to be read.
    /// </summary>
    private static ProviderSnapshot? SnapshotOf(string type, WirePayload payload, RazorpayAccount account)
    {
        var isRefund = type.StartsWith("refund.", StringComparison.Ordinal);
        if (isRefund ? payload.Refund?.Entity is null : payload.Payment?.Entity is null)
            return null;
        var payment = payload.Payment?.Entity;
        var facts = new RazorpayFacts(
            payload.Order?.Entity,
            payment is null ? [] : [payment],
            isRefund ? [payload.Refund!.Entity!] : []);
        if (RazorpayMapping.SnapshotOf(account, facts, isLiveMode: null) is not { } snapshot)
            return null;

        var failed = snapshot.Payments.FirstOrDefault(read => read.State == PaymentState.Failed);
        return snapshot with
        {
            RefundedTotal = payment?.AmountRefunded is > 0 ? RazorpayMapping.MoneyOf(payment.AmountRefunded, payment.Currency) : null,
            IsIncomplete = IsDispute(type) || payment is null,
            Error = failed is null ? null : new PaymentError(ErrorCodes.ChargeFailed, failed.ErrorCode),
        };
    }

    private static T? TryRead<T>(ReadOnlySpan<byte> body, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(body, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool IsEventType(string? type) =>
        type is { Length: > 0 and <= 64 } && type.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '_' or '.');

    private static string? EventIdOf(string? header) =>
        header?.Trim() is { Length: > 0 and <= EventIdLengthMax } id && id.All(c => c is > ' ' and <= '~') ? id : null;
}
