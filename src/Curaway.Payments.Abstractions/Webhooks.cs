using System.Security.Cryptography;

namespace Curaway.Payments;

/// <summary>Reads one provider's webhooks. Pure: bytes, headers and a clock in, a reading out. Thread-safe.</summary>
public interface IWebhookReader
{
    /// <summary>The provider's name.</summary>
    string Provider { get; }

    /// <summary>
    /// True when the signature covers the event id (Stripe: it stands in the body). False when the id stands in a header
    /// beside it (Razorpay), so that a replayed body can carry a new one and the body's hash has to be new too.
    /// </summary>
    bool IsEventIdSigned { get; }

    /// <summary>Checks the signature against every configured secret of the account, in constant time, then reads the body.</summary>
    WebhookReading Read(WebhookRequest request);

    /// <summary>Reads a stored body again whose signature was checked when it arrived.</summary>
    WebhookReading Reread(ReadOnlyMemory<byte> body, string account);
}

/// <summary>One delivery as it came.</summary>
/// <param name="Body">The raw bytes.</param>
/// <param name="Header">Gives a header by its name in any case; null when absent.</param>
/// <param name="Account">The account the URL names, or <c>default</c>.</param>
/// <param name="ReceivedAt">When it came, UTC.</param>
public sealed record WebhookRequest(ReadOnlyMemory<byte> Body, Func<string, string?> Header, string Account, DateTimeOffset ReceivedAt);

/// <summary>What a delivery is.</summary>
public enum WebhookVerdict
{
    /// <summary>Signed, and about something we act on.</summary>
    Accepted,

    /// <summary>Signed, and about something we do not act on.</summary>
    Ignored,

    /// <summary>Signed, but not readable. It is kept for a human: a 4xx could make the provider disable the endpoint.</summary>
    Unreadable,

    /// <summary>No configured secret made this signature, or its time is outside the tolerance.</summary>
    Forged,
}

/// <summary>A delivery, read.</summary>
public sealed record WebhookReading
{
    private WebhookReading(WebhookVerdict verdict) => Verdict = verdict;

    /// <summary>What it is.</summary>
    public WebhookVerdict Verdict { get; }

    /// <summary>The provider's event id; null when it gave none.</summary>
    public string? EventId { get; private init; }

    /// <summary>The provider's event type, such as <c>payment_intent.succeeded</c>.</summary>
    public string? EventType { get; private init; }

    /// <summary>What the provider says is true; only when accepted.</summary>
    public ProviderSnapshot? Snapshot { get; private init; }

    /// <summary>Something an operator should know, such as another API version.</summary>
    public string? Warning { get; init; }

    /// <summary>Signed, and about something we act on.</summary>
    public static WebhookReading Accepted(string? eventId, string eventType, ProviderSnapshot snapshot) =>
        new(WebhookVerdict.Accepted) { EventId = eventId, EventType = eventType, Snapshot = snapshot };

    /// <summary>
    /// Signed, and about something we act on, but not readable: of its facts nothing is believed, and the provider is asked about
    /// the object that it names.
    /// </summary>
    /// <param name="eventId">The provider's event id; null when it gave none.</param>
    /// <param name="eventType">The provider's event type.</param>
    /// <param name="named">Which object, and no facts.</param>
    public static WebhookReading Asked(string? eventId, string eventType, ProviderSnapshot named) =>
        Accepted(eventId, eventType, named with { IsIncomplete = true }) with { Warning = "unreadable, the provider is asked" };

    /// <summary>Signed, and about something we do not act on.</summary>
    public static WebhookReading Ignored(string? eventId, string? eventType) =>
        new(WebhookVerdict.Ignored) { EventId = eventId, EventType = eventType };

    /// <summary>Signed, but not readable.</summary>
    public static WebhookReading Unreadable(string? eventId, string? eventType) =>
        new(WebhookVerdict.Unreadable) { EventId = eventId, EventType = eventType };

    /// <summary>Not signed by any configured secret, or not in time.</summary>
    public static WebhookReading Forged() => new(WebhookVerdict.Forged);
}

/// <summary>Where a stored event stands.</summary>
public enum WebhookState
{
    /// <summary>Stored; its effect is still to come.</summary>
    Received,

    /// <summary>Its effect is committed, or it had none to make.</summary>
    Processed,

    /// <summary>About a charge we do not have yet.</summary>
    Parked,

    /// <summary>A dead letter: a human was alerted; it can be replayed.</summary>
    Failed,

    /// <summary>Nothing we act on.</summary>
    Ignored,
}

/// <summary>A signed delivery on its way into the store.</summary>
public sealed record WebhookDelivery
{
    /// <summary>The provider's name.</summary>
    public required string Provider { get; init; }

    /// <summary>The account the URL named.</summary>
    public required string ProviderAccount { get; init; }

    /// <summary>What the event is known by: <see cref="KeyOf"/> of the provider's event id, or of the body's hash when it gave none.</summary>
    public required string EventId { get; init; }

    /// <summary>The event type; empty when unreadable.</summary>
    public required string EventType { get; init; }

    /// <summary>The raw bytes. Valid until the store's method has returned.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>SHA-256 of the body.</summary>
    public required string BodyHash { get; init; }

    /// <summary>Accepted, ignored or unreadable.</summary>
    public required WebhookVerdict Verdict { get; init; }

    /// <summary>What the provider says is true; only when accepted.</summary>
    public ProviderSnapshot? Snapshot { get; init; }

    /// <summary>True when the event id is not covered by the signature, so the body's hash must be new too (Razorpay).</summary>
    public bool IsDedupedByBody { get; init; }

    /// <summary>
    /// The event's key among all events of the provider: the id itself for account <c>default</c>, else <c>{id}@{account}</c>. Ids
    /// are a provider's to choose, and one account's must never pass for the duplicate of another's.
    /// </summary>
    public static string KeyOf(string account, string eventId) => account == "default" ? eventId : $"{eventId}@{account}";

    /// <summary>The hash of a body, as lower-case hex.</summary>
    public static string Hash(ReadOnlySpan<byte> body) => Convert.ToHexStringLower(SHA256.HashData(body));
}

/// <summary>What became of one delivery.</summary>
public enum WebhookFate
{
    /// <summary>Stored, and its effect is in the same commit.</summary>
    Applied,

    /// <summary>Stored; the processor takes it from here.</summary>
    Stored,

    /// <summary>Stored as nothing we act on.</summary>
    Ignored,

    /// <summary>Stored as a dead letter.</summary>
    Failed,

    /// <summary>Seen before. A dead letter that comes again is queued again.</summary>
    Duplicate,
}

/// <summary>A stored event whose effect is still to come.</summary>
public sealed record WebhookEvent
{
    /// <summary>Our id of the row.</summary>
    public required Guid Id { get; init; }

    /// <summary>The provider's name.</summary>
    public required string Provider { get; init; }

    /// <summary>The account it came from.</summary>
    public required string ProviderAccount { get; init; }

    /// <summary>The provider's event id.</summary>
    public required string EventId { get; init; }

    /// <summary>The event type.</summary>
    public required string EventType { get; init; }

    /// <summary>When it came, UTC.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>How often it was tried, counting this time.</summary>
    public required int AttemptCount { get; init; }

    /// <summary>What the provider said; null when it could not be read.</summary>
    public ProviderSnapshot? Snapshot { get; init; }

    /// <summary>The raw bytes, kept until it is processed.</summary>
    public ReadOnlyMemory<byte>? Body { get; init; }
}
