using System.Buffers;
using System.Security.Cryptography;
using System.Text;

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
    private const int SignatureLength = 2 * HMACSHA256.HashSizeInBytes;

    public string Provider => RazorpayProvider.ProviderName;

    public bool IsEventIdSigned => false;

    public WebhookReading Read(WebhookRequest request)
    {
        if (client.OptionsOf(request.Account) is not { } options || !IsSigned(request, options.WebhookSecrets))
            return WebhookReading.Forged();
        return RazorpayMapping.ReadEvent(
            request.Body.Span, new RazorpayAccount(request.Account, options), EventIdOf(request.Header(EventIdHeader)));
    }

    public WebhookReading Reread(ReadOnlyMemory<byte> body, string account) =>
        RazorpayMapping.ReadEvent(body.Span, new RazorpayAccount(account, client.OptionsOf(account) ?? new RazorpayOptions()), eventId: null);

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
}
