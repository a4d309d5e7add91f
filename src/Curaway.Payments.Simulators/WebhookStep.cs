namespace Curaway.Payments.Simulators;

/// <summary>
/// How one event travels. Start from <see cref="Deliver"/> and change what you need with <c>with</c>;
/// a script returns one of these per event:
/// <c>simulator.Webhooks.Script = e => e.Type == "charge.refunded" ? WebhookStep.Duplicate : WebhookStep.Deliver</c>.
/// </summary>
public sealed record WebhookStep
{
    private WebhookStep()
    {
    }

    /// <summary>Delivered once, signed with the current secret, stamped now.</summary>
    public static WebhookStep Deliver { get; } = new();

    /// <summary>Never delivered; the event shows in the log as dropped.</summary>
    public static WebhookStep Drop { get; } = new() { Copies = 0 };

    /// <summary>Delivered twice under one event id.</summary>
    public static WebhookStep Duplicate { get; } = new() { Copies = 2 };

    /// <summary>How many times the same event is delivered; 0 drops it.</summary>
    public int Copies { get; init; } = 1;

    /// <summary>
    /// Every copy after the first gets an event id of its own. Razorpay's id is unsigned, so the body stays byte-identical;
    /// Stripe's is in the body.
    /// </summary>
    public bool HasNewEventIdPerCopy { get; init; }

    /// <summary>Wall-clock wait before the first attempt.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Held back until this many later events have been sent (reordering); <see cref="SimulatorWebhooks.DrainAsync"/> lets it go.</summary>
    public int BehindEvents { get; init; }

    /// <summary>Stripe: the <c>api_version</c> in the envelope; null keeps the simulator's.</summary>
    public string? ApiVersion { get; init; }

    /// <summary>Stripe: <c>api_version: null</c> in the envelope.</summary>
    public bool HasNullApiVersion { get; init; }

    /// <summary>Added to the delivery time in the signature: negative is an old stamp, positive a future one. Razorpay signs no time.</summary>
    public TimeSpan StampOffset { get; init; }

    /// <summary>Sign with this secret instead of the configured one; null keeps it.</summary>
    public string? Secret { get; init; }

    /// <summary>Stripe: further <c>v1</c> signatures made with these secrets, put before the genuine one (secret rotation).</summary>
    public IReadOnlyList<string> ExtraSecrets { get; init; } = [];

    /// <summary>Stripe: a <c>v0</c> signature beside the genuine one; to be ignored.</summary>
    public bool HasV0Noise { get; init; }

    /// <summary>These bytes instead of the event, genuinely signed: thin events, hostile or unreadable bodies. Null sends the event.</summary>
    public ReadOnlyMemory<byte>? Body { get; init; }

    /// <summary>Without a signature header, as Razorpay sends when no secret was set.</summary>
    public bool IsUnsigned { get; init; }
}
