using System.Text.Json.Nodes;

namespace Curaway.Payments.Simulators;

/// <summary>A refusal on its way out of a handler; <see cref="IsStored"/> tells whether it is kept under the idempotency key.</summary>
internal sealed class StripeException(int status, JsonObject error, bool isStored) : Exception(error.Text("message"))
{
    public SimulatorAnswer Answer { get; } = new(status, SimulatorJson.ToText(new JsonObject { ["error"] = error.DeepClone() }))
    {
        IsStored = isStored,
        Outcome = isStored ? "executed" : "refused",
    };

    public bool IsStored { get; } = isStored;
}

/// <summary>Stripe's error bodies. Validation failures are not stored under the key; refusals of an executed call are.</summary>
internal static class StripeErrors
{
    public static StripeException Invalid(string code, string message, string? param = null) =>
        new(400, Body("invalid_request_error", code, message, param), isStored: false);

    public static StripeException Missing(string what, string id, string param = "id") =>
        new(404, Body("invalid_request_error", "resource_missing", $"No such {what}: '{id}'", param), isStored: false);

    /// <summary>The intent is in another state than the call needs; it is embedded, so the caller can compare it with its goal.</summary>
    public static StripeException UnexpectedState(StripeIntent intent, string verb)
    {
        var error = Body(
            "invalid_request_error", "payment_intent_unexpected_state",
            $"This PaymentIntent could not be {verb} because it has a status of {intent.Status}.", null);
        error["payment_intent"] = intent.ToJson();
        return new StripeException(400, error, isStored: true);
    }

    public static StripeException Refused(string? code, string message, string? param = null) =>
        new(400, Body("invalid_request_error", code, message, param), isStored: true);

    public static StripeException Card(StripeIntent intent, JsonObject cardError)
    {
        var error = cardError.DeepClone().AsObject();
        error["payment_intent"] = intent.ToJson();
        return new StripeException(402, error, isStored: true);
    }

    public static SimulatorAnswer Plain(int status, string type, string? code, string message) =>
        new(status, SimulatorJson.ToText(new JsonObject { ["error"] = Body(type, code, message, null) })) { Outcome = "refused" };

    private static JsonObject Body(string type, string? code, string message, string? param)
    {
        var error = new JsonObject { ["type"] = type };
        if (code is not null)
        {
            error["code"] = code;
            error["doc_url"] = "https://docs.stripe.com/error-codes/" + code.Replace('_', '-');
        }

        error["message"] = message;
        if (param is not null) error["param"] = param;
        return error;
    }
}
