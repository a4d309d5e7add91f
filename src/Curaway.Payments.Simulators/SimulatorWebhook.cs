using System.Text;
using System.Text.Json.Nodes;

namespace Curaway.Payments.Simulators;

/// <summary>An event signed and ready to send: put <see cref="Body"/> and <see cref="Headers"/> on a POST exactly as they are.</summary>
/// <param name="EventId">Stripe: <c>evt_…</c> in the body; Razorpay: the unsigned <c>x-razorpay-event-id</c> header.</param>
/// <param name="Type">Such as <c>charge.refunded</c> or <c>payment.captured</c>.</param>
/// <param name="ObjectId">Id of the object the event is about.</param>
/// <param name="CreatedAt">UTC, by the simulator's clock.</param>
/// <param name="Body">The raw signed bytes, UTF-8 JSON.</param>
/// <param name="Headers">Signature and id headers; Content-Type is <c>application/json</c>.</param>
public sealed record SimulatorWebhook(
    string EventId, string Type, string ObjectId, DateTimeOffset CreatedAt, ReadOnlyMemory<byte> Body, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>The body as text.</summary>
    public string BodyText => Encoding.UTF8.GetString(Body.Span);
}

/// <summary>What became of a delivery.</summary>
public enum WebhookDeliveryState
{
    /// <summary>Not sent yet, or to be tried again.</summary>
    Pending,

    /// <summary>Answered with a 2xx.</summary>
    Delivered,

    /// <summary>Tried for the provider's whole retry time without a 2xx.</summary>
    GivenUp,

    /// <summary>Dropped by the script.</summary>
    Dropped,

    /// <summary>Taken out by a test, which sends it itself.</summary>
    Taken,
}

/// <summary>The log line of one delivery; a duplicate has its own.</summary>
public sealed class SimulatorDelivery
{
    internal SimulatorDelivery(string eventId, string type, string objectId)
    {
        EventId = eventId;
        Type = type;
        ObjectId = objectId;
    }

    /// <summary>Id of the event.</summary>
    public string EventId { get; }

    /// <summary>Type of the event.</summary>
    public string Type { get; }

    /// <summary>Id of the object the event is about.</summary>
    public string ObjectId { get; }

    /// <summary>How many times it was sent.</summary>
    public int Attempts { get; internal set; }

    /// <summary>HTTP status of the last answer; null before the first answer and after a transport failure.</summary>
    public int? LastStatus { get; internal set; }

    /// <summary>Body of the last answer, at most 4,096 characters; null like <see cref="LastStatus"/>.</summary>
    public string? LastBody { get; internal set; }

    /// <summary>What became of it.</summary>
    public WebhookDeliveryState State { get; internal set; }
}

/// <summary>An event as it happened, unsigned: delivery renders and signs it anew for every attempt.</summary>
internal sealed record SimulatorEvent(string Id, string Type, string ObjectId, DateTimeOffset CreatedAt, JsonObject Body);

/// <summary>How a provider delivers: the recipe of its signature and how long it keeps trying.</summary>
internal sealed record WebhookRules
{
    public required Func<SimulatorEvent, WebhookStep, string, DateTimeOffset, SimulatorWebhook> Sign { get; init; }
    public required string EventIdPrefix { get; init; }

    /// <summary>After this long, by the simulator's clock and from the event's creation, an event is given up.</summary>
    public required TimeSpan GiveUpAfter { get; init; }

    /// <summary>Giving up one event switches the endpoint off until it is enabled by hand.</summary>
    public required bool DisablesOnGiveUp { get; init; }

    public required TimeSpan AnswerTimeout { get; init; }
    public required IReadOnlyList<TimeSpan> Retries { get; init; }
}
