using System.Globalization;
using System.Security.Cryptography;
using System.Text;

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

    public string Provider => StripeProvider.ProviderName;

    public WebhookReading Read(WebhookRequest request) =>
        IsSigned(request) ? StripeMapping.ReadEvent(request.Body, request.Account) : WebhookReading.Forged();

    public WebhookReading Reread(ReadOnlyMemory<byte> body, string account) => StripeMapping.ReadEvent(body, account);

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
        && Convert.FromHexString(text, signature, out _, out _) == System.Buffers.OperationStatus.Done;

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
}
