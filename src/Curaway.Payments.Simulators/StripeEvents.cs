using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Curaway.Payments.Simulators;

/// <summary>What an event says about the call that caused it; both null when time or the patient did.</summary>
internal sealed record StripeCause(string? RequestId, string? IdempotencyKey)
{
    public static StripeCause Nobody => new(null, null);

    /// <summary>Set by a method that executes at once and answers late.</summary>
    public bool AnswersSlowly { get; set; }
}

/// <summary>Builds and signs events as an endpoint on this API version receives them.</summary>
internal sealed class StripeEvents(StripeSimulatorOptions options, SimulatorClock clock, SimulatorWebhooks webhooks)
{
    public void Publish(StripeCause cause, string type, JsonObject subject, JsonObject? previous = null)
    {
        var id = SimulatorSecrets.NewId("evt_", 24);
        var data = new JsonObject { ["object"] = subject };
        if (previous is not null) data["previous_attributes"] = previous;
        webhooks.Publish(type, subject.Text("id") ?? "", new JsonObject
        {
            ["id"] = id,
            ["object"] = "event",
            ["api_version"] = options.ApiVersion,
            ["created"] = clock.UnixSeconds,
            ["data"] = data,
            ["livemode"] = options.LiveMode,
            ["pending_webhooks"] = 1,
            ["request"] = new JsonObject { ["id"] = cause.RequestId, ["idempotency_key"] = cause.IdempotencyKey },
            ["type"] = type,
        }, id);
    }

    /// <summary><c>Stripe-Signature: t=…,v1=…</c> over <c>t.body</c>; the whole secret string is the key.</summary>
    public static SimulatorWebhook Sign(SimulatorEvent happened, WebhookStep step, string secret, DateTimeOffset stampedAt)
    {
        var envelope = happened.Body.DeepClone().AsObject();
        envelope["id"] = happened.Id;
        if (step.ApiVersion is { } version) envelope["api_version"] = version;
        if (step.HasNullApiVersion) envelope["api_version"] = null;
        var body = step.Body?.ToArray() ?? SimulatorJson.ToBytes(envelope);
        var stamp = stampedAt.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        byte[] message = [.. Encoding.UTF8.GetBytes(stamp + "."), .. body];
        var header = new StringBuilder("t=" + stamp);
        foreach (var extra in step.ExtraSecrets) header.Append(",v1=").Append(SimulatorSecrets.Mac(extra, message));
        header.Append(",v1=").Append(SimulatorSecrets.Mac(secret, message));
        if (step.HasV0Noise) header.Append(",v0=").Append(SimulatorSecrets.Mac("v0", message));
        var headers = new Dictionary<string, string>();
        if (!step.IsUnsigned) headers["Stripe-Signature"] = header.ToString();
        return new SimulatorWebhook(happened.Id, happened.Type, happened.ObjectId, happened.CreatedAt, body, headers);
    }
}
