using System.Text.Json.Nodes;

namespace Curaway.Payments.Simulators;

/// <summary>A refusal on its way out of a handler.</summary>
internal sealed class RazorpayException(SimulatorAnswer answer, string description) : Exception(description)
{
    public SimulatorAnswer Answer { get; } = answer;
}

/// <summary>Razorpay's error bodies: nothing is 404 but what the gateway in front of the API does not route.</summary>
internal static class RazorpayErrors
{
    private const string NotAvailable = "NA";

    /// <summary>400 with the fields of a rejected input.</summary>
    public static RazorpayException Invalid(
        string description, string? field = null, string reason = "input_validation_failed", string step = "payment_initiation") =>
        new(Body(400, description, "business", step, reason, new JsonObject(), field), description);

    /// <summary>400 whose source, step and reason all say "NA".</summary>
    public static RazorpayException Refused(string description, JsonObject? metadata = null) =>
        new(Body(400, description, NotAvailable, NotAvailable, NotAvailable, metadata ?? new JsonObject()), description);

    public static RazorpayException UnknownId() => new(
        Body(400, "The id provided does not exist", "internal", "payment_initiation", "input_validation_failed", new JsonObject()),
        "unknown id");

    public static RazorpayException MalformedId(string id) => Invalid($"{id} is not a valid id");

    /// <summary>What the gateway answers for a path it does not know; it has no <c>error</c> object.</summary>
    public static SimulatorAnswer NoRoute() =>
        new(404, """{"message":"no Route matched with those values"}""") { Outcome = "refused" };

    public static SimulatorAnswer Conflict(string description) =>
        Body(409, description, NotAvailable, NotAvailable, NotAvailable, new JsonObject());

    public static SimulatorAnswer Unauthorized(string description) =>
        Body(401, description, NotAvailable, NotAvailable, NotAvailable, new JsonObject());

    public static SimulatorAnswer Busy() => Body(
        400, "Request failed because another payment operation is in progress.",
        NotAvailable, NotAvailable, NotAvailable, new JsonObject());

    public static SimulatorAnswer RateLimited() => Body(
        429, "Too many requests. Please try again later.", NotAvailable, NotAvailable, NotAvailable, new JsonObject());

    private static SimulatorAnswer Body(
        int status, string description, string source, string step, string reason, JsonObject metadata, string? field = null)
    {
        var error = new JsonObject
        {
            ["code"] = "BAD_REQUEST_ERROR",
            ["description"] = description,
            ["source"] = source,
            ["step"] = step,
            ["reason"] = reason,
            ["metadata"] = metadata,
        };
        if (field is not null) error["field"] = field;
        return new SimulatorAnswer(status, SimulatorJson.ToText(new JsonObject { ["error"] = error })) { Outcome = "refused" };
    }
}
