using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using static Curaway.Payments.Razorpay.RazorpayMapping;

namespace Curaway.Payments.Razorpay;

/// <summary>
/// Razorpay's webhooks: <c>X-Razorpay-Signature</c> is the hex HMAC-SHA256 of the raw body
/// (https://razorpay.com/docs/webhooks/validate-test). Nothing of the body is read before the signature holds. Neither the
/// event id nor the time of delivery is signed, and genuine replays are days old: no tolerance can help.
/// </summary>
internal sealed class RazorpayWebhook(RazorpayClient client) : IWebhookReader
{
    private const string SignatureHeader = "X-Razorpay-Signature";
    private const string EventIdHeader = "x-razorpay-event-id";
    private const int EventIdLengthMax = 128;
    private const int EventTypeLengthMax = 64;
    private const int SignatureLength = 2 * HMACSHA256.HashSizeInBytes;

    public string Provider => RazorpayProvider.ProviderName;

    public bool IsEventIdSigned => false;

    public WebhookReading Read(WebhookRequest request)
    {
        if (client.OptionsOf(request.Account) is not { } options || !IsSigned(request, options.WebhookSecrets))
            return WebhookReading.Forged();
        return ReadEvent(request.Body.Span, new RazorpayAccount(request.Account, options), EventIdOf(request.Header(EventIdHeader)));
    }

    public WebhookReading Reread(ReadOnlyMemory<byte> body, string account) =>
        ReadEvent(body.Span, new RazorpayAccount(account, client.OptionsOf(account) ?? new RazorpayOptions()), eventId: null);

    /// <summary>True when the key made this signature of the data. Takes the same time for every signature of the right form.</summary>
    public static bool IsSignedBy(string key, ReadOnlySpan<byte> data, string? signature)
    {
        Span<byte> given = stackalloc byte[HMACSHA256.HashSizeInBytes], expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        if (key.Length == 0 || signature is not { Length: SignatureLength }
            || Convert.FromHexString(signature, given, out _, out _) != OperationStatus.Done)
            return false;
        HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), data, expected);
        return CryptographicOperations.FixedTimeEquals(expected, given);
    }

    // Every secret is compared, so the time taken tells nothing.
    private static bool IsSigned(WebhookRequest request, IReadOnlyList<string> secrets)
    {
        var signature = request.Header(SignatureHeader);
        var isSigned = false;
        foreach (var secret in secrets)
            isSigned |= IsSignedBy(secret, request.Body.Span, signature);
        return isSigned;
    }

    private static string? EventIdOf(string? header) =>
        header?.Trim() is { Length: > 0 and <= EventIdLengthMax } id && id.All(c => c is > ' ' and <= '~') ? id : null;

    /// <summary>Reads an event whose signature was checked.</summary>
    private static WebhookReading ReadEvent(ReadOnlySpan<byte> body, RazorpayAccount account, string? eventId)
    {
        var whole = TryRead(body, RazorpayJson.Default.WireEvent);
        // An event we do not act on may have any shape; its name decides.
        var type = whole is null ? TryRead(body, RazorpayJson.Default.WireEventName)?.Event : whole.Event;
        if (!IsEventType(type))
            return WebhookReading.Unreadable(eventId, null);
        if (!IsActedOn(type!))
            return WebhookReading.Ignored(eventId, type);
        if (whole?.Payload is not { } payload || OfPayload(type!, payload, account) is not { } snapshot)
            return OfOrderNamed(type!, body, account) is { } named
                ? WebhookReading.Asked(eventId, type!, named)
                : WebhookReading.Unreadable(eventId, type);

        // A payment made without an order (a payment link, another shop on the account) cannot be one of our charges. A refund
        // or dispute that came without its payment is found by the payment it names.
        return snapshot.Reference is null && snapshot.ChargeId is null && snapshot.Refunds.IsEmpty && snapshot.Disputes.IsEmpty
            ? WebhookReading.Ignored(eventId, type)
            : WebhookReading.Accepted(eventId, type!, snapshot);
    }

    // refund.speed_changed tells nothing we keep.
    private static bool IsActedOn(string type) =>
        type is "payment.authorized" or "payment.captured" or "payment.failed" or "order.paid"
            or "refund.created" or "refund.processed" or "refund.failed" || IsInvoice(type) || IsDispute(type);

    private static bool IsInvoice(string type) => type is "invoice.paid" or "invoice.partially_paid" or "invoice.expired";

    private static bool IsDispute(string type) => type.StartsWith("payment.dispute.", StringComparison.Ordinal);

    // A payload is a picture that may be older or newer than its event's name: what it says counts.
    private static ProviderSnapshot? OfPayload(string type, WirePayload payload, RazorpayAccount account)
    {
        if (IsInvoice(type))
            return OfInvoice(payload, account);
        if (IsDispute(type))
            return OfDispute(payload, account);

        var isRefund = type.StartsWith("refund.", StringComparison.Ordinal);
        var (payment, refund) = (payload.Payment?.Entity, isRefund ? payload.Refund?.Entity : null);
        if (isRefund ? refund is null : payment is null)
            return null;
        return OfFacts(payload, refund, account) is { } snapshot ? snapshot with { IsIncomplete = payment is null } : null;
    }

    private static ProviderSnapshot? OfFacts(WirePayload payload, WireRefund? refund, RazorpayAccount account)
    {
        var payment = payload.Payment?.Entity;
        var facts = new RazorpayFacts(payload.Order?.Entity, payment is null ? [] : [payment], refund is null ? [] : [refund]);
        if (ReadFacts(account, facts) is not { } snapshot)
            return null;

        // The mode stays open: no key was involved, and a payload does not say.
        var failed = snapshot.Payments.FirstOrDefault(read => read.State == PaymentState.Failed);
        return snapshot with
        {
            RefundedTotal = payment?.AmountRefunded is > 0 ? Amount(payment.AmountRefunded, payment.Currency) : null,
            Error = failed is null ? null : new PaymentError(ErrorCodes.ChargeFailed, failed.ErrorCode),
        };
    }

    /// <summary>A dispute tells of itself and of its payment; which charge it is about, the payment's order says.</summary>
    private static ProviderSnapshot? OfDispute(WirePayload payload, RazorpayAccount account)
    {
        if (payload.Dispute?.Entity is not { } wire || ReadDispute(wire) is not { } dispute
            || (payload.Payment?.Entity is { } payment && payment.Id != wire.PaymentId))
            return null;
        return OfFacts(payload, refund: null, account) is { } snapshot ? snapshot with { Disputes = [dispute] } : null;
    }

    /// <summary>
    /// Every invoice has an order of its own, payable beside ours. One whose notes name our charge is a paper about it and no
    /// more: neither its order nor its payment becomes the charge's. Without such notes its order decides: if that is a
    /// charge's order, the payment is that charge's too. The payment's notes do not count, they can come from a browser.
    /// </summary>
    private static ProviderSnapshot? OfInvoice(WirePayload payload, RazorpayAccount account)
    {
        if (payload.Invoice?.Entity is not { } wire || ReadInvoice(wire) is not { } invoice)
            return null;
        if (ChargeIdOf(wire.Notes) is { } chargeId)
            return OfNothing(account) with { ChargeId = chargeId, Invoices = [invoice] };
        if (OfFacts(payload, refund: null, account) is not { } facts || (wire.OrderId is not null && !IsId(wire.OrderId, "order_"))
            || (facts.Reference is not null && wire.OrderId is not null && facts.Reference != wire.OrderId))
            return null;
        return facts with
        {
            ChargeId = ChargeIdOf(payload.Order?.Entity?.Notes),
            Reference = facts.Reference ?? wire.OrderId,
            Invoices = [invoice],
        };
    }

    /// <summary>
    /// What cannot be read safely, but says which order it is about: nothing of it is believed, the order is read. Null for
    /// disputes and invoices, which a read of the order does not tell of, and where two orders are named.
    /// </summary>
    private static ProviderSnapshot? OfOrderNamed(string type, ReadOnlySpan<byte> body, RazorpayAccount account)
    {
        if (IsInvoice(type) || IsDispute(type) || TryRead(body, RazorpayJson.Default.WireEventOrder)?.Payload is not { } payload)
            return null;
        var (order, paid) = (payload.Order?.Entity?.Id, payload.Payment?.Entity?.OrderId);
        return IsId(order ?? paid, "order_") && (order ?? paid) == (paid ?? order)
            ? OfNothing(account) with { Reference = order ?? paid }
            : null;
    }

    private static ProviderSnapshot OfNothing(RazorpayAccount account) =>
        new() { Provider = RazorpayProvider.ProviderName, ProviderAccount = account.Name };

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
