namespace Curaway.Payments.Simulators;

/// <summary>What a <see cref="StripeSimulator"/> is started with. The defaults suit a test; the keys are invented.</summary>
public sealed class StripeSimulatorOptions
{
    /// <summary>The API key that is accepted; any other is answered with 401.</summary>
    public string SecretKey { get; set; } = "sk_test_simulator";

    /// <summary>The key a page gives to the browser script.</summary>
    public string PublishableKey { get; set; } = "pk_test_simulator";

    /// <summary>Signs the webhooks; the whole string is the key.</summary>
    public string WebhookSecret { get; set; } = "whsec_simulator";

    /// <summary>Where webhooks are posted; null keeps them waiting. Can be set later on <see cref="SimulatorWebhooks.Target"/>.</summary>
    public Uri? WebhookTarget { get; set; }

    /// <summary>Time under the simulator's clock.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Value of <c>livemode</c> in every object.</summary>
    public bool LiveMode { get; set; }

    /// <summary>Loopback port; 0 takes a free one.</summary>
    public int Port { get; set; }

    /// <summary>How long the first answer to <c>pm_sim_timeout</c> is held, wall-clock.</summary>
    public TimeSpan SlowAnswer { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary><c>api_version</c> of events; an endpoint's version is fixed at its creation, not by the client's.</summary>
    public string ApiVersion { get; set; } = "2026-10-28.endive";

    /// <summary>How long money is held when the customer is present.</summary>
    public TimeSpan AuthorizationWindow { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long money is held for <c>off_session</c> payments (Visa: 4 d 18 h).</summary>
    public TimeSpan OffSessionAuthorizationWindow { get; set; } = new(4, 18, 0, 0);

    /// <summary>How long a key replays its answer; afterwards the same key is a new request.</summary>
    public TimeSpan KeyLifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>True: refunds answer <c>pending</c> until <see cref="StripeSimulator.SettleRefund"/>.</summary>
    public bool RefundsStartPending { get; set; }

    /// <summary>
    /// True: as on an endpoint older than the basil release, a void and a partial capture also send <c>charge.refunded</c>
    /// (with <c>captured: false</c> after a void). The ledger counts no refund.
    /// </summary>
    public bool SendsPreBasilEvents { get; set; }

    /// <summary>Wall-clock waits between webhook attempts; the last one repeats for three days of the simulator's clock.</summary>
    public IReadOnlyList<TimeSpan> WebhookRetries { get; set; } =
        [TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30)];

    /// <summary>How long a host may take to answer a webhook, wall-clock. Stripe documents no figure.</summary>
    public TimeSpan WebhookAnswerTimeout { get; set; } = TimeSpan.FromSeconds(10);
}
