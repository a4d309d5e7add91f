namespace Curaway.Payments.ContractTests.Stripe;

/// <summary>What Stripe answers, as short as it can be said. Shapes: https://docs.stripe.com/api, version 2026-10-28.endive.</summary>
internal static class StripeAnswers
{
    public const string IntentId = "pi_1Contract";
    public const string ChargeId = "ch_1Contract";
    public const string RefundId = "re_1Contract";
    public const string ClientSecret = "pi_1Contract_secret_canary";

    /// <summary>2026-11-27T09:00:00Z, a week after every test.</summary>
    public const long CaptureBefore = 1_795_770_000;

    public static string Metadata(ProviderRequest request) => Metadata(request.Charge.Id.ToString(), request.Operation?.Id.ToString() ?? "");

    public static string Metadata(string chargeId, string operationId) =>
        $$"""{"charge_id":"{{chargeId}}","operation_id":"{{operationId}}","consultation_id":"consultation_42","tenant_id":"clinic-global"}""";

    public static string Intent(
        string status, string metadata = "{}", long amount = 150_000, string currency = "usd", long received = 0, string latestCharge = "null",
        string lastError = "null", string id = IntentId, string livemode = "false") =>
        $$"""
        {"id":"{{id}}","object":"payment_intent","amount":{{amount}},"amount_capturable":{{(status == "requires_capture" ? amount : 0)}},
         "amount_received":{{received}},"capture_method":"manual","client_secret":"{{ClientSecret}}","created":1795165200,
         "currency":"{{currency}}","last_payment_error":{{lastError}},"latest_charge":{{latestCharge}},"livemode":{{livemode}},
         "metadata":{{metadata}},"status":"{{status}}"}
        """;

    public static string Charge(
        bool captured = false, long amount = 150_000, string currency = "usd", long amountCaptured = 0, long amountRefunded = 0,
        string status = "succeeded", string failureCode = "null", string intent = $"\"{IntentId}\"", string captureBefore = "1795770000") =>
        $$"""
        {"id":"{{ChargeId}}","object":"charge","amount":{{amount}},"amount_captured":{{amountCaptured}},"amount_refunded":{{amountRefunded}},
         "captured":{{(captured ? "true" : "false")}},"created":1795165201,"currency":"{{currency}}","failure_code":{{failureCode}},
         "livemode":false,"metadata":{},"payment_intent":{{intent}},"refunded":false,"status":"{{status}}",
         "payment_method_details":{"type":"card","card":{"brand":"visa","last4":"4242","capture_before":{{captureBefore}} } }
         }
        """;

    public static string Refund(
        string status = "succeeded", string metadata = "{}", long amount = 150_000, string currency = "usd", string intent = IntentId,
        string failureReason = "null", string id = RefundId) =>
        $$"""
        {"id":"{{id}}","object":"refund","amount":{{amount}},"charge":"{{ChargeId}}","created":1795165300,"currency":"{{currency}}",
         "failure_reason":{{failureReason}},"metadata":{{metadata}},"payment_intent":"{{intent}}","reason":"requested_by_customer",
         "status":"{{status}}"}
        """;

    public static string List(string url, bool hasMore, params string[] items) =>
        $$"""{"object":"list","url":"{{url}}","has_more":{{(hasMore ? "true" : "false")}},"data":[{{string.Join(',', items)}}]}""";

    /// <summary>An error. The message stands for prose with a patient's data in it: it must never come out.</summary>
    public static string Error(string type, string? code, string more = "") =>
        $$"""{"error":{"type":"{{type}}",{{(code is null ? "" : $"\"code\":\"{code}\",")}}"message":"Jane Canary, card 4242"{{more}} } }""";

    public static string Declined(string declineCode, string status = "requires_payment_method") => Error(
        "card_error", declineCode == "authentication_required" ? declineCode : "card_declined",
        $$"""
        ,"decline_code":"{{declineCode}}","charge":"{{ChargeId}}","payment_intent":{{Intent(
            status, latestCharge: $"\"{ChargeId}\"",
            lastError: $$"""{"type":"card_error","code":"card_declined","decline_code":"{{declineCode}}","charge":"{{ChargeId}}"}""")}}
        """);

    public static string Event(string type, string subject, string apiVersion = "\"2026-10-28.endive\"", string id = "evt_1Contract") =>
        $$"""
        {"id":"{{id}}","object":"event","api_version":{{apiVersion}},"created":1795165200,"livemode":false,
         "type":"{{type}}","data":{"object":{{subject}} } }
        """;
}
