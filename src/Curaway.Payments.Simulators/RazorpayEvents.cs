using System.Text.Json.Nodes;

namespace Curaway.Payments.Simulators;

/// <summary>Builds and signs events. The body carries no event id; only an unsigned header does.</summary>
internal sealed class RazorpayEvents(RazorpaySimulatorOptions options, SimulatorClock clock, SimulatorWebhooks webhooks)
{
    public void Payment(string type, RazorpayPayment payment) => Publish(type, payment.Id, ("payment", payment.ToJson()));

    public void OrderPaid(RazorpayPayment payment) =>
        Publish("order.paid", payment.Order.Id, ("payment", payment.ToJson()), ("order", payment.Order.ToJson()));

    public void Refund(string type, RazorpayRefund refund) =>
        Publish(type, refund.Id, ("refund", refund.ToJson()), ("payment", refund.Payment.ToJson()));

    public void Publish(string type, string objectId, params ReadOnlySpan<(string Name, JsonObject Entity)> entities)
    {
        var contains = new JsonArray();
        var payload = new JsonObject();
        foreach (var (name, entity) in entities)
        {
            contains.Add(name);
            payload[name] = new JsonObject { ["entity"] = entity };
        }

        webhooks.Publish(type, objectId, new JsonObject
        {
            ["entity"] = "event",
            ["account_id"] = options.AccountId,
            ["event"] = type,
            ["contains"] = contains,
            ["payload"] = payload,
            ["created_at"] = clock.UnixSeconds,
        });
    }

    /// <summary><c>X-Razorpay-Signature</c>: lower-case hex HMAC over the raw body; no time is signed.</summary>
    public static SimulatorWebhook Sign(SimulatorEvent happened, WebhookStep step, string secret, DateTimeOffset stampedAt)
    {
        var body = step.Body?.ToArray() ?? SimulatorJson.ToBytes(happened.Body);
        var headers = new Dictionary<string, string> { ["x-razorpay-event-id"] = happened.Id };
        if (!step.IsUnsigned) headers["X-Razorpay-Signature"] = SimulatorSecrets.Mac(secret, body);
        return new SimulatorWebhook(happened.Id, happened.Type, happened.ObjectId, happened.CreatedAt, body, headers);
    }
}
