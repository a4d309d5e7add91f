using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Curaway.Payments.Razorpay;

// Events into snapshots. A payload is a picture that may be older or newer than its event's name: what it says counts.
internal static partial class RazorpayMapping
{
    private const int EventTypeLengthMax = 64;

    /// <summary>Reads an event whose signature was checked.</summary>
    public static WebhookReading ReadEvent(ReadOnlySpan<byte> body, RazorpayAccount account, string? eventId)
    {
        var whole = TryRead(body, RazorpayJson.Default.WireEvent);
        // An event we do not act on may have any shape; its name decides.
        var type = whole is null ? TryRead(body, RazorpayJson.Default.WireEventName)?.Event : whole.Event;
        if (!IsEventType(type))
            return WebhookReading.Unreadable(eventId, null);
        if (!IsActedOn(type!))
            return WebhookReading.Ignored(eventId, type);
        if (whole?.Payload is not { } payload || OfPayload(type!, payload, account) is not { } snapshot)
            return WebhookReading.Unreadable(eventId, type);

        // A payment made without an order (a payment link, another shop on the account) cannot be one of our charges.
        return snapshot.Reference is null && snapshot.ChargeId is null && snapshot.Refunds.IsEmpty
            ? WebhookReading.Ignored(eventId, type)
            : WebhookReading.Accepted(eventId, type!, snapshot);
    }

    // An expired or partly paid invoice moves no money of a charge, and refund.speed_changed tells nothing we keep.
    private static bool IsActedOn(string type) =>
        type is "payment.authorized" or "payment.captured" or "payment.failed" or "order.paid" or "invoice.paid"
            or "refund.created" or "refund.processed" or "refund.failed" || IsDispute(type);

    private static bool IsDispute(string type) => type.StartsWith("payment.dispute.", StringComparison.Ordinal);

    private static ProviderSnapshot? OfPayload(string type, WirePayload payload, RazorpayAccount account)
    {
        var isRefund = type.StartsWith("refund.", StringComparison.Ordinal);
        var (payment, refund) = (payload.Payment?.Entity, isRefund ? payload.Refund?.Entity : null);
        if (isRefund ? refund is null : payment is null)
            return null;
        var facts = new RazorpayFacts(payload.Order?.Entity, payment is null ? [] : [payment], refund is null ? [] : [refund]);
        if (ReadFacts(account, facts) is not { } snapshot)
            return null;

        // The mode stays open: no key was involved, and a payload does not say.
        var failed = snapshot.Payments.FirstOrDefault(read => read.State == PaymentState.Failed);
        return snapshot with
        {
            RefundedTotal = payment?.AmountRefunded is > 0 ? Amount(payment.AmountRefunded, payment.Currency) : null,
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
        type is { Length: > 0 and <= EventTypeLengthMax }
        && type.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '_' or '.');
}
