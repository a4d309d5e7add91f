namespace Curaway.Payments;

/// <summary>The engine's limits. Every one has a default that suits a clinic.</summary>
public sealed class PaymentsOptions
{
    /// <summary>How long a provider may take to answer one call. Default 10 s; 100 ms to 60 s.</summary>
    public TimeSpan ProviderDeadline { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long the host's <see cref="AuthorizeCharge.OnBooked"/> may take: its token is canceled then, and the money is
    /// released. Default 5 s; 100 ms to 60 s. Rows are locked meanwhile.
    /// </summary>
    public TimeSpan BookingDeadline { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long money may be held without a booked session row. Default 10 min; at least 1 s.</summary>
    public TimeSpan HoldTime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long the patient may take at checkout. Default 30 min; at least 1 s.</summary>
    public TimeSpan CheckoutTime { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>How often the background workers look on their own. Default 5 s, with jitter; at least 10 ms.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How many rows a worker takes at once. Default 32; 1 to 1000.</summary>
    public int ClaimCountMax { get; set; } = 32;

    /// <summary>How long a charge whose outcome is unknown is asked about before a human is alerted. Default 3 days.</summary>
    public TimeSpan ReviewAfter { get; set; } = TimeSpan.FromDays(3);

    /// <summary>How long a webhook waits for its charge before it is ignored. Default 24 h.</summary>
    public TimeSpan ParkedEventLifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How often a webhook is tried before it becomes a dead letter. Default 8; 1 to 100.</summary>
    public int EventAttemptCountMax { get; set; } = 8;

    /// <summary>How long the raw body of a webhook that could not be processed is kept: it may name a person. Default 30 days.</summary>
    public TimeSpan WebhookBodyLifetime { get; set; } = TimeSpan.FromDays(30);

    /// <summary>
    /// How long a done webhook is remembered, so that a late duplicate is known. Default 90 days; at least 30, because Stripe
    /// resends for up to 30 days and Razorpay replays for up to 15.
    /// </summary>
    public TimeSpan WebhookEventLifetime { get; set; } = TimeSpan.FromDays(90);

    /// <summary>
    /// Whether a booked charge is captured, although its session has not ended, when its hold is about to end by itself (see
    /// <see cref="ChargeSchedule.ExpiryWarningAt"/>). Default false: a human is alerted and decides.
    /// </summary>
    public bool CaptureExpiring { get; set; }

    /// <summary>
    /// How often one host of all compares both sides, see <see cref="TwoWayReconciliation"/>. Default 24 h; at least 1 min, or
    /// zero for never.
    /// </summary>
    public TimeSpan ReconciliationInterval { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How far back the comparison looks. Default 48 h, so that a missed run loses nothing; 1 h to 90 days.</summary>
    public TimeSpan ReconciliationWindow { get; set; } = TimeSpan.FromHours(48);

    /// <summary>
    /// How long after an authorization no webhook of its provider account may have come before one WARNING <c>webhook_silence</c>
    /// is raised, and how long until the next. Default 6 h: Razorpay disables an endpoint after 24 h of failures. At least 1 min.
    /// </summary>
    public TimeSpan WebhookSilence { get; set; } = TimeSpan.FromHours(6);

    /// <summary>Whether the store creates and upgrades its tables when the host starts. Default true.</summary>
    public bool AutoMigrate { get; set; } = true;
}
