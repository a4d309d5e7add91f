namespace Curaway.Payments;

/// <summary>
/// One Razorpay account: credentials, webhook secrets and limits. Texts are trimmed as they are set. An account without
/// credentials is allowed: the app starts, and calls answer <see cref="ErrorCodes.ProviderNotConfigured"/>.
/// </summary>
public sealed class RazorpayOptions
{
    /// <summary>The shortest hold that may be asked for: Razorpay's least expiry, 12 minutes.</summary>
    public static readonly TimeSpan ManualExpiryMin = TimeSpan.FromMinutes(12);

    /// <summary>
    /// The longest hold that may be asked for: 4320 minutes, 3 days. One page of Razorpay says 7200, most say 3 days; what is
    /// promised to a patient has to hold under both.
    /// </summary>
    public static readonly TimeSpan ManualExpiryMax = TimeSpan.FromMinutes(4320);

    private string _keyId = "";
    private string _keySecret = "";
    private IReadOnlyList<string> _webhookSecrets = [];
    private Uri _apiBase = new("https://api.razorpay.com/v1/");

    /// <summary>The key id, <c>rzp_test_…</c> or <c>rzp_live_…</c>; the browser sees it. Empty: not configured.</summary>
    public string KeyId
    {
        get => _keyId;
        set => _keyId = (value ?? "").Trim();
    }

    /// <summary>The key secret. It also signs what Checkout brings back. Empty: not configured.</summary>
    public string KeySecret
    {
        get => _keySecret;
        set => _keySecret = (value ?? "").Trim();
    }

    /// <summary>
    /// The webhook secrets that count, several while one is rotated. Not the key secret. Empty: every webhook is refused.
    /// Empty texts are dropped: an empty secret would let anybody sign.
    /// </summary>
    public IReadOnlyList<string> WebhookSecrets
    {
        get => _webhookSecrets;
        set => _webhookSecrets = [.. (value ?? []).Select(secret => secret.Trim()).Where(secret => secret.Length > 0)];
    }

    /// <summary>
    /// The API's base with its version, <c>https://api.razorpay.com/v1/</c>. A missing last slash is added, and <c>v1/</c> to an
    /// address without a path.
    /// </summary>
    /// <exception cref="ArgumentException">Not an absolute http or https address, or one with a user name.</exception>
    public Uri ApiBase
    {
        get => _apiBase;
        set => _apiBase = value is { IsAbsoluteUri: true, Scheme: "https" or "http", UserInfo: "" }
            ? new Uri(value, value.AbsolutePath == "/" ? "/v1/" : value.AbsolutePath.TrimEnd('/') + "/")
            : throw new ArgumentException("The API base is an absolute http or https address without a user name.", nameof(value));
    }

    /// <summary>The script the checkout page loads.</summary>
    public Uri ScriptUrl { get; set; } = new("https://checkout.razorpay.com/v1/checkout.js");

    /// <summary>
    /// How long after its creation an uncaptured payment is refunded by itself, in whole minutes from
    /// <see cref="ManualExpiryMin"/> to <see cref="ManualExpiryMax"/>. It is the hold, and Razorpay's only void.
    /// </summary>
    public TimeSpan ManualExpiry { get; set; } = ManualExpiryMax;

    /// <summary>True when calls can be made.</summary>
    public bool IsConfigured => KeyId.Length > 0 && KeySecret.Length > 0;

    /// <summary>True for real money, false for test mode; null when the key id does not say.</summary>
    internal bool? IsLiveMode =>
        KeyId.StartsWith("rzp_live_", StringComparison.Ordinal) ? true
        : KeyId.StartsWith("rzp_test_", StringComparison.Ordinal) ? false
        : null;

    /// <summary>The address and whether there are credentials; never the credentials.</summary>
    public override string ToString() =>
        $"Razorpay at {ApiBase}, {(IsConfigured ? "configured" : "not configured")}, {WebhookSecrets.Count} webhook secrets";
}
