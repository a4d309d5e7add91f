namespace Curaway.Payments;

/// <summary>What a void does at Razorpay, which has none: an authorized payment has left the patient's account already.</summary>
public enum RazorpayVoidPolicy
{
    /// <summary>
    /// Nothing is sent: Razorpay refunds the payment by itself when <see cref="RazorpayOptions.ManualExpiry"/> has passed. Costs
    /// nothing; the patient waits longest.
    /// </summary>
    LetLapse,

    /// <summary>
    /// The payment is captured and refunded in full at once: Razorpay's documented way to return money early. Costs the payment's
    /// fee, and needs a merchant balance.
    /// </summary>
    CaptureThenRefund,

    /// <summary>
    /// The authorized payment is refunded in full without a capture. Razorpay's pages contradict each other on whether that is
    /// possible: only for accounts that Razorpay has confirmed. Where it refuses, the payment lapses.
    /// </summary>
    RefundAuthorized,
}

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

    /// <summary>What a void does. A void that has captured is finished by its refund, whatever this says by then.</summary>
    public RazorpayVoidPolicy VoidPolicy { get; set; } = RazorpayVoidPolicy.LetLapse;

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
