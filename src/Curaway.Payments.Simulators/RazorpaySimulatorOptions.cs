namespace Curaway.Payments.Simulators;

/// <summary>What a second <c>POST /v1/orders</c> with a known receipt does; the provider's own texts disagree.</summary>
public enum RazorpayReceiptMode
{
    /// <summary>A second order is made (measured in test mode by a third party). The default.</summary>
    DuplicateAccepted,

    /// <summary>400 "Order receipt should be unique.".</summary>
    Unique400,

    /// <summary>The first order is answered again, for requests that send <c>unique_receipt: true</c>; others make a second order.</summary>
    SameOrder,
}

/// <summary>What a <see cref="RazorpaySimulator"/> is started with. The defaults suit a test; the keys are invented.</summary>
public sealed class RazorpaySimulatorOptions
{
    /// <summary>User name of Basic authentication, and what the browser script is given.</summary>
    public string KeyId { get; set; } = "rzp_test_simulator";

    /// <summary>Password of Basic authentication; also signs what Checkout returns.</summary>
    public string KeySecret { get; set; } = "simulator_key_secret";

    /// <summary>Signs the webhooks; not the API secret.</summary>
    public string WebhookSecret { get; set; } = "simulator_webhook_secret";

    /// <summary>Where webhooks are posted; null keeps them waiting. Can be set later on <see cref="SimulatorWebhooks.Target"/>.</summary>
    public Uri? WebhookTarget { get; set; }

    /// <summary>Time under the simulator's clock.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Loopback port; 0 takes a free one.</summary>
    public int Port { get; set; }

    /// <summary><c>account_id</c> of every event.</summary>
    public string AccountId { get; set; } = "acc_Simulator00001";

    /// <summary>Minutes from a payment's creation to its automatic refund, for orders that do not say; three days.</summary>
    public int ManualExpiryMinutes { get; set; } = 4320;

    /// <summary>What a repeated receipt does.</summary>
    public RazorpayReceiptMode ReceiptMode { get; set; }

    /// <summary>How long a new order stays out of <c>GET /v1/orders?receipt=</c>, by the simulator's clock.</summary>
    public TimeSpan ReceiptListingLag { get; set; }

    /// <summary>True: a payment shows its order's notes. False: <c>[]</c>, as when Checkout was given none; no source says which.</summary>
    public bool CopiesOrderNotes { get; set; } = true;

    /// <summary>True: every authorized payment is captured at once, as for direct-settlement merchants, whatever the order says.</summary>
    public bool CapturesAutomatically { get; set; }

    /// <summary>True: a full refund of an authorized payment releases it. False, the default: refused, as the documentation says.</summary>
    public bool AllowsRefundOfAuthorized { get; set; }

    /// <summary>True: capture of an unknown payment is the observed 404 without an <c>error</c> object. False: the documented 400.</summary>
    public bool AnswersUnknownCaptureWith404 { get; set; }

    /// <summary>True: refunds answer <c>pending</c> until <see cref="RazorpaySimulator.SettleRefund"/>.</summary>
    public bool RefundsStartPending { get; set; }

    /// <summary>Minor units that refunds may draw on; null is no limit.</summary>
    public long? MerchantBalance { get; set; }

    /// <summary>Wall-clock waits between webhook attempts; the last one repeats until 24 h of the simulator's clock have passed.</summary>
    public IReadOnlyList<TimeSpan> WebhookRetries { get; set; } =
        [TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30)];

    /// <summary>How long a host may take to answer a webhook, wall-clock; Razorpay documents five seconds.</summary>
    public TimeSpan WebhookAnswerTimeout { get; set; } = TimeSpan.FromSeconds(5);
}
