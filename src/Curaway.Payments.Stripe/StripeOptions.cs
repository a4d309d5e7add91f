namespace Curaway.Payments;

/// <summary>
/// One Stripe account. Read again whenever the configuration changes, so secrets rotate without a restart. Not
/// thread-safe while it is being set; read-only afterwards.
/// </summary>
public sealed class StripeOptions
{
    /// <summary>The <c>sk_…</c> or <c>rk_…</c> key. Null or empty: not configured. Surrounding white space is cut off.</summary>
    public string? SecretKey
    {
        get;
        set => field = value?.Trim();
    }

    /// <summary>The <c>pk_…</c> key that the checkout page hands to Stripe's script, of the secret key's mode. Needed for every charge without a saved method.</summary>
    public string? PublishableKey
    {
        get;
        set => field = value?.Trim();
    }

    /// <summary>
    /// The <c>whsec_…</c> secrets of the endpoint; several while one is being rotated. Empty: every webhook is refused.
    /// Surrounding white space and blank entries are dropped.
    /// </summary>
    public IReadOnlyList<string> WebhookSecrets
    {
        get;
        set => field = [.. value.Select(secret => secret.Trim()).Where(secret => secret.Length > 0)];
    } = [];

    /// <summary>Where the API is, such as <c>http://127.0.0.1:8420</c> for a simulator; null for Stripe itself. A trailing slash is cut off.</summary>
    public string? ApiBase
    {
        get;
        set => field = value?.Trim().TrimEnd('/');
    }

    /// <summary>Stripe's browser script.</summary>
    public Uri ScriptUrl { get; set; } = new("https://js.stripe.com/v3/");

    /// <summary>How far a webhook's signed time may be from ours, before and after. Stripe's own default is 5 minutes.</summary>
    public TimeSpan SignatureTolerance { get; set; } = TimeSpan.FromSeconds(300);

    /// <summary>
    /// The most one HTTP call may take. A last resort above the engine's own deadline; Stripe.net's default is 80 s.
    /// Read once, when the HTTP client is made.
    /// </summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>True for a key of live mode, false for one of test mode, null when the key does not tell.</summary>
    public bool? IsLiveMode => ModeOf(SecretKey);

    /// <summary>True when the browser can pay: there is a publishable key, and not one of the other mode.</summary>
    internal bool HasCheckoutKey => !string.IsNullOrEmpty(PublishableKey) && (IsLiveMode is null || ModeOf(PublishableKey) is not { } mode || mode == IsLiveMode);

    /// <summary>True when calls can be made: a key of printable ASCII (it becomes a header) and a base that is an address.</summary>
    public bool IsConfigured =>
        !string.IsNullOrEmpty(SecretKey) && SecretKey.All(c => c is > ' ' and <= '~')
        && (string.IsNullOrEmpty(ApiBase) || (Uri.TryCreate(ApiBase, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"));

    /// <summary>Whether it is configured; never a secret.</summary>
    public override string ToString() => IsConfigured ? "Stripe: configured" : "Stripe: not configured";

    private static bool? ModeOf(string? key) =>
        key is null ? null
        : key.Contains("_live_", StringComparison.Ordinal) ? true
        : key.Contains("_test_", StringComparison.Ordinal) ? false
        : null;
}
