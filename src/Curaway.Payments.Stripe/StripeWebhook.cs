using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Stripe;
using static Curaway.Payments.Stripe.StripeMapping;

namespace Curaway.Payments.Stripe;

/// <summary>
/// Stripe's webhooks: <c>Stripe-Signature: t=…,v1=…</c> is HMAC-SHA256 over <c>t.body</c>
/// (https://docs.stripe.com/webhooks). Nothing of the body is read before the signature holds. Not Stripe.net's
/// EventUtility: it throws at valid events of another API version and at <c>api_version: null</c>.
/// </summary>
internal sealed class StripeWebhook(StripeClientFactory clients) : IWebhookReader
{
    private const string HeaderName = "Stripe-Signature";
    private const int HeaderLengthMax = 4096;
    private const int SignatureCountMax = 16;
    private const int TimestampLengthMax = 12;
    private const int EventTypeLengthMax = 100;

    private static readonly SearchValues<char> EventTypeCharacters = SearchValues.Create(".0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz");

    public string Provider => StripeProvider.ProviderName;

    public bool IsEventIdSigned => true;

    public WebhookReading Read(WebhookRequest request) =>
        IsSigned(request) ? ReadEvent(request.Body, request.Account) : WebhookReading.Forged();

    public WebhookReading Reread(ReadOnlyMemory<byte> body, string account) => ReadEvent(body, account);

    private bool IsSigned(WebhookRequest request)
    {
        if (clients.OptionsOf(request.Account) is not { WebhookSecrets.Count: > 0 } options
            || request.Header(HeaderName) is not { Length: > 0 and <= HeaderLengthMax } header)
            return false;

        Span<byte> signatures = stackalloc byte[SignatureCountMax * SHA256.HashSizeInBytes];
        if (!TryParse(header, out var timestamp, signatures, out var count)
            || !IsInTime(header.AsSpan()[timestamp], request.ReceivedAt, options.SignatureTolerance))
            return false;

        // Every secret and every signature is compared, so the time taken tells nothing.
        var isSigned = false;
        Span<byte> expected = stackalloc byte[SHA256.HashSizeInBytes];
        foreach (var secret in options.WebhookSecrets)
        {
            Sign(secret, header.AsSpan()[timestamp], request.Body.Span, expected);
            for (var i = 0; i < count; i++)
                isSigned |= CryptographicOperations.FixedTimeEquals(expected, signatures.Slice(i * SHA256.HashSizeInBytes, SHA256.HashSizeInBytes));
        }

        return isSigned;
    }

    /// <summary>
    /// One <c>t</c> of digits and at least one <c>v1</c> of 64 lower-case hex digits; other schemes and malformed
    /// signatures are skipped, a second <c>t</c> is refused.
    /// </summary>
    private static bool TryParse(string header, out Range timestamp, Span<byte> signatures, out int count)
    {
        timestamp = default;
        count = 0;
        var hasTimestamp = false;
        var text = header.AsSpan();
        foreach (var range in text.Split(','))
        {
            var (start, length) = Trim(text, range);
            var part = text.Slice(start, length);
            if (part.StartsWith("t=", StringComparison.Ordinal))
            {
                if (hasTimestamp)
                    return false;
                hasTimestamp = true;
                timestamp = (start + 2)..(start + length);
            }
            else if (part.StartsWith("v1=", StringComparison.Ordinal) && count < SignatureCountMax
                && TryReadHex(part[3..], signatures.Slice(count * SHA256.HashSizeInBytes, SHA256.HashSizeInBytes)))
            {
                count++;
            }
        }

        return hasTimestamp && count > 0;
    }

    private static (int Start, int Length) Trim(ReadOnlySpan<char> text, Range range)
    {
        var (start, length) = range.GetOffsetAndLength(text.Length);
        var part = text.Slice(start, length);
        return (start + length - part.TrimStart(' ').Length, part.Trim(' ').Length);
    }

    private static bool TryReadHex(ReadOnlySpan<char> text, Span<byte> signature) =>
        text.Length == signature.Length * 2 && !text.ContainsAnyInRange('A', 'F')
        && Convert.FromHexString(text, signature, out _, out _) == OperationStatus.Done;

    private static bool IsInTime(ReadOnlySpan<char> timestamp, DateTimeOffset receivedAt, TimeSpan tolerance) =>
        timestamp.Length <= TimestampLengthMax
        && long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var signedAt)
        && Math.Abs(receivedAt.ToUnixTimeSeconds() - signedAt) <= (long)tolerance.TotalSeconds;

    private static void Sign(string secret, ReadOnlySpan<char> timestamp, ReadOnlySpan<byte> body, Span<byte> signature)
    {
        Span<byte> prefix = stackalloc byte[TimestampLengthMax + 1];
        var length = Encoding.ASCII.GetBytes(timestamp, prefix);
        prefix[length++] = (byte)'.';
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hmac.AppendData(prefix[..length]);
        hmac.AppendData(body);
        hmac.GetHashAndReset(signature);
    }

    /// <summary>Reads an event whose signature was checked.</summary>
    private static WebhookReading ReadEvent(ReadOnlyMemory<byte> body, string account)
    {
        string? id = null, type = null;
        try
        {
            using var document = StripeDocument.Parse(body);
            var json = document.Root;
            id = json.Text(StripeField.Id) is { } text && IsId(text, "evt_") ? text : null;
            type = json.Text(StripeField.Type) is { } name && IsEventType(name) ? name : null;
            if (id is null || type is null)
                return WebhookReading.Unreadable(id, type);
            var reading = ReadKnown(json, id, type, account);
            return reading.Warning is null && WarningOf(json) is { } warning ? reading with { Warning = warning } : reading;
        }
        // A string that is not UTF-8 throws only when it is asked for.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return WebhookReading.Unreadable(id, type);
        }
    }

    private static WebhookReading ReadKnown(StripeValue json, string id, string type, string account)
    {
        Func<StripeValue, string, ProviderSnapshot?>? read = type switch
        {
            "payment_intent.succeeded" => (json, account) => OfIntentEvent(json, account, "succeeded"),
            "payment_intent.canceled" => (json, account) => OfIntentEvent(json, account, "canceled"),
            "payment_intent.amount_capturable_updated" => (json, account) => OfIntentEvent(json, account, "requires_capture"),
            "payment_intent.payment_failed" => (json, account) => OfIntentEvent(json, account, "requires_payment_method"),
            "charge.refunded" => OfRefundedCharge,
            "charge.expired" => OfExpiredCharge,
            "refund.created" or "refund.updated" or "refund.failed" => ReadRefund,
            "charge.dispute.created" or "charge.dispute.updated" or "charge.dispute.closed"
                or "charge.dispute.funds_withdrawn" or "charge.dispute.funds_reinstated" => ReadDispute,
            // Not invoice.marked_uncollectible: such an invoice can still be paid.
            "invoice.finalized" or "invoice.paid" or "invoice.payment_succeeded" or "invoice.voided" => ReadInvoice,
            "invoice_payment.paid" => ReadInvoicePayment,
            _ => null,
        };
        if (read is null)
            return WebhookReading.Ignored(id, type);
        if (json[StripeField.Data][StripeField.Object] is not { IsObject: true } subject)
            return WebhookReading.Unreadable(id, type);
        if (read(subject, account) is not { } snapshot)
            return OfIntentNamed(type, subject, account) is { } named
                ? WebhookReading.Asked(id, type, named)
                : WebhookReading.Unreadable(id, type);

        // Nothing of it can be one of our charges: a payment made outside payment intents, an invoice that names no charge.
        if (snapshot.Reference is null && snapshot.ChargeId is null || IsNoNews(snapshot))
            return WebhookReading.Ignored(id, type);
        // Refunds and disputes carry no mode; the event does.
        return WebhookReading.Accepted(id, type, snapshot.IsLiveMode is null ? snapshot with { IsLiveMode = json.Flag(StripeField.Livemode) } : snapshot);
    }

    private static ProviderSnapshot? OfIntentEvent(StripeValue json, string account, string status)
    {
        if (ReadIntent(json, account) is not { } intent)
            return null;
        // Type and status contradict: believe neither, ask.
        return intent.Status == status ? intent.Snapshot : Link(json, account) with { Reference = intent.Id, IsIncomplete = true };
    }

    /// <summary>
    /// What cannot be read safely, but says which intent it is about: nothing of it is believed, the intent is read. Null for
    /// disputes and invoices, which a read of the intent does not tell of.
    /// </summary>
    private static ProviderSnapshot? OfIntentNamed(string type, StripeValue json, string account)
    {
        var intent = type.Split('.') switch
        {
            ["payment_intent", _] => json.Text(StripeField.Id),
            ["refund", _] or ["charge", "refunded" or "expired"] => IdOf(json, StripeField.PaymentIntent),
            _ => null,
        };
        return IsId(intent, "pi_") ? Link(json, account) with { Reference = intent } : null;
    }

    /// <summary>
    /// A cumulative amount, never a refund by itself. Endpoints older than 2025-03-31.basil send it also for a void
    /// (<c>captured</c> is false), which is no refund.
    /// </summary>
    private static ProviderSnapshot? OfRefundedCharge(StripeValue json, string account)
    {
        if (json.Flag(StripeField.Captured) is not { } captured || Amount(json, StripeField.AmountRefunded) is not { } total
            || ReadCharge(json, isReleased: false, received: null) is not { } payment)
            return null;
        var snapshot = LinkToIntent(json, account);
        return captured ? snapshot with { Payments = [payment], RefundedTotal = total } : snapshot;
    }

    private static ProviderSnapshot? OfExpiredCharge(StripeValue json, string account) =>
        ReadCharge(json, isReleased: true, received: null) is { } payment
            ? LinkToIntent(json, account) with { Payments = [payment] }
            : null;

    private static bool IsNoNews(ProviderSnapshot snapshot) =>
        snapshot is
        {
            Amount: null, Payments.IsEmpty: true, Refunds.IsEmpty: true, Disputes.IsEmpty: true, Invoices.IsEmpty: true,
            RefundedTotal: null, IsIncomplete: false,
        };

    private static bool IsEventType(string type) =>
        type is { Length: > 0 and <= EventTypeLengthMax } && !type.AsSpan().ContainsAnyExcept(EventTypeCharacters);

    /// <summary>
    /// An endpoint keeps the API version it was made with. Within a release train (the word after the dot) nothing breaks;
    /// another one may mean a field we no longer know.
    /// </summary>
    private static string? WarningOf(StripeValue json)
    {
        var version = json.Text(StripeField.ApiVersion);
        if (version is null || TrainOf(version).SequenceEqual(TrainOf(StripeConfiguration.ApiVersion)))
            return null;
        return version.Length <= EventTypeLengthMax && version.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.')
            ? $"api_version {version}"
            : "api_version other";

        static ReadOnlySpan<char> TrainOf(string version) => version.AsSpan(version.IndexOf('.', StringComparison.Ordinal) + 1);
    }
}
