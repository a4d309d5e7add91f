namespace Curaway.Payments;

/// <summary>
/// One Razorpay account. Read again whenever the configuration changes, so secrets rotate without a restart. Not
/// thread-safe while it is being set; read-only afterwards.
/// </summary>
public sealed class RazorpayOptions
{
    /// <summary>Razorpay's least expiry: https://razorpay.com/docs/payments/payments/capture-settings/api</summary>
    private static readonly TimeSpan ManualExpiryMin = TimeSpan.FromMinutes(12);

    /// <summary>One page of Razorpay says 7200 minutes, most say 3 days; what we tell a patient has to hold under both.</summary>
    private static readonly TimeSpan ManualExpiryMax = TimeSpan.FromMinutes(4320);

    /// <summary>
    /// The <c>rzp_test_…</c> or <c>rzp_live_…</c> key id; the browser sees it. Null or empty: not configured. Surrounding white
    /// space is cut off.
    /// </summary>
    public string? KeyId
    {
        get;
        set => field = value?.Trim();
    }

    /// <summary>
    /// The key secret; it also signs what Checkout brings back. Null or empty: not configured. Surrounding white space is cut
    /// off.
    /// </summary>
    public string? KeySecret
    {
        get;
        set => field = value?.Trim();
    }

    /// <summary>
    /// The endpoint's secrets, which are not the key secret; several while one is being rotated. Empty: every webhook is
    /// refused. White space around them is cut off and blank entries are dropped: an empty secret would let anybody sign.
    /// </summary>
    public IReadOnlyList<string> WebhookSecrets
    {
        get;
        set => field = [.. value.Select(secret => secret.Trim()).Where(secret => secret.Length > 0)];
    } = [];

    /// <summary>
    /// Where the API is, with its version. A simulator's address without a path, such as <c>http://127.0.0.1:8421</c>, gets
    /// <c>/v1/</c>. What is no http or https address counts as not configured.
    /// </summary>
    public string ApiBase { get; set; } = "https://api.razorpay.com/v1/";

    /// <summary>Razorpay's browser script.</summary>
    public Uri ScriptUrl { get; set; } = new("https://checkout.razorpay.com/v1/checkout.js");

    /// <summary>
    /// How long after its creation an uncaptured payment is refunded by itself: the hold, and Razorpay's only void. From 12
    /// minutes to 3 days (the default), in whole minutes.
    /// </summary>
    public TimeSpan ManualExpiry { get; set; } = ManualExpiryMax;

    /// <summary>True for a live key, false for one of test mode, null when the key id does not tell.</summary>
    public bool? IsLiveMode =>
        KeyId is null ? null
        : KeyId.StartsWith("rzp_live_", StringComparison.Ordinal) ? true
        : KeyId.StartsWith("rzp_test_", StringComparison.Ordinal) ? false
        : null;

    /// <summary>True when calls can be made.</summary>
    public bool IsConfigured => !string.IsNullOrEmpty(KeyId) && !string.IsNullOrEmpty(KeySecret) && BaseAddress is not null;

    internal bool IsManualExpiryInRange => ManualExpiry >= ManualExpiryMin && ManualExpiry <= ManualExpiryMax;

    /// <summary>The base that paths are appended to; null when <see cref="ApiBase"/> is none.</summary>
    internal Uri? BaseAddress =>
        Uri.TryCreate(ApiBase.Trim(), UriKind.Absolute, out var uri) && uri is { Scheme: "http" or "https", UserInfo: "" }
            ? new Uri(uri, uri.AbsolutePath == "/" ? "/v1/" : uri.AbsolutePath.TrimEnd('/') + "/")
            : null;

    /// <summary>Whether it is configured; never a secret.</summary>
    public override string ToString() => IsConfigured ? "Razorpay: configured" : "Razorpay: not configured";
}
