using System.Text.Json.Nodes;

namespace Curaway.Payments.Simulators;

/// <summary>An order as the account holds it. Changed only under the ledger's gate.</summary>
internal sealed class RazorpayOrder
{
    public required string Id { get; init; }
    public required long Amount { get; init; }
    public required string Currency { get; init; }
    public required string? Receipt { get; init; }
    public required JsonObject Notes { get; init; }
    public required long CreatedAt { get; init; }
    public required bool IsCapturedManually { get; init; }

    /// <summary>From the creation of a payment to its automatic refund.</summary>
    public required long ExpiryMinutes { get; init; }
    public List<RazorpayPayment> Payments { get; } = [];
    public bool IsPaid { get; set; }

    public string Status => IsPaid ? "paid" : Payments.Count > 0 ? "attempted" : "created";

    /// <summary>Capture settings are not echoed.</summary>
    public JsonObject ToJson() => new()
    {
        ["id"] = Id,
        ["entity"] = "order",
        ["amount"] = Amount,
        ["amount_paid"] = IsPaid ? Amount : 0,
        ["amount_due"] = IsPaid ? 0 : Amount,
        ["currency"] = Currency,
        ["receipt"] = Receipt,
        ["offer_id"] = null,
        ["status"] = Status,
        ["attempts"] = Payments.Count,
        ["notes"] = RazorpayNotes.Render(Notes),
        ["created_at"] = CreatedAt,
    };
}

/// <summary>One attempt to pay an order.</summary>
internal sealed class RazorpayPayment
{
    public required string Id { get; init; }
    public required RazorpayOrder Order { get; init; }
    public required RazorpayTestPayment Method { get; init; }
    public required JsonObject Notes { get; init; }
    public required long CreatedAt { get; init; }
    public required string Status { get; set; }
    public bool IsCaptured { get; set; }
    public bool IsLateAuthorized { get; set; }
    public bool IsReleased { get; set; }
    public long AmountRefunded { get; set; }

    public bool IsHeld => Status == "authorized";
    public long ExpiresAt => CreatedAt + (Order.ExpiryMinutes * 60);

    private long? Fee => IsCaptured ? (Order.Amount * 2 / 100) + Tax : null;
    private long Tax => Order.Amount * 2 / 100 * 18 / 100;

    public JsonObject ToJson()
    {
        var hasFailed = Status == "failed";
        var json = new JsonObject
        {
            ["id"] = Id,
            ["entity"] = "payment",
            ["amount"] = Order.Amount,
            ["currency"] = Order.Currency,
            ["base_amount"] = Order.Amount,
            ["status"] = Status,
            ["order_id"] = Order.Id,
            ["invoice_id"] = null,
            ["international"] = false,
            ["method"] = Method.Method,
            ["amount_refunded"] = AmountRefunded,
            ["amount_transferred"] = 0,
            ["refund_status"] = AmountRefunded == 0 ? null : AmountRefunded == Order.Amount ? "full" : "partial",
            ["captured"] = IsCaptured,
            ["description"] = null,
            ["card_id"] = Method.Method == "card" ? Id.Replace("pay_", "card_", StringComparison.Ordinal) : null,
            ["bank"] = null,
            ["wallet"] = null,
            ["vpa"] = Method.Method == "upi" ? Method.Value : null,
            ["email"] = "void@razorpay.com",
            ["contact"] = "+919999999999",
            ["notes"] = RazorpayNotes.Render(Notes),
            ["fee"] = Fee,
            ["tax"] = IsCaptured ? Tax : null,
            ["error_code"] = hasFailed ? "BAD_REQUEST_ERROR" : null,
            ["error_description"] = hasFailed ? RazorpayTestPayments.FailureText : null,
            ["error_source"] = hasFailed ? "bank" : null,
            ["error_step"] = hasFailed ? "payment_authorization" : null,
            ["error_reason"] = hasFailed ? "payment_failed" : null,
            ["acquirer_data"] = Method.Method == "upi" ? new JsonObject { ["rrn"] = "267567962619" } : new JsonObject { ["auth_code"] = null },
            ["created_at"] = CreatedAt,
        };
        if (Method.Method == "upi") json["upi"] = new JsonObject { ["vpa"] = Method.Value };
        if (IsLateAuthorized) json["late_authorized"] = true;
        return json;
    }
}

/// <summary>Money on its way back to the customer, asked for or automatic.</summary>
internal sealed class RazorpayRefund
{
    public required string Id { get; init; }
    public required RazorpayPayment Payment { get; init; }
    public required long Amount { get; init; }
    public required string? Receipt { get; init; }
    public required JsonObject Notes { get; init; }
    public required long CreatedAt { get; init; }
    public required string SpeedRequested { get; init; }
    public required string Status { get; set; }

    public JsonObject ToJson() => new()
    {
        ["id"] = Id,
        ["entity"] = "refund",
        ["amount"] = Amount,
        ["currency"] = Payment.Order.Currency,
        ["payment_id"] = Payment.Id,
        ["notes"] = RazorpayNotes.Render(Notes),
        ["receipt"] = Receipt,
        ["acquirer_data"] = new JsonObject { ["arn"] = null },
        ["created_at"] = CreatedAt,
        ["batch_id"] = null,
        ["status"] = Status,
        ["speed_processed"] = "normal",
        ["speed_requested"] = SpeedRequested,
    };
}

internal static class RazorpayNotes
{
    /// <summary>An empty array when there are none, an object otherwise: the provider's own habit.</summary>
    public static JsonNode Render(JsonObject notes) => notes.Count == 0 ? new JsonArray() : notes.DeepClone();

    public static IReadOnlyDictionary<string, string> Read(JsonObject notes) =>
        notes.ToDictionary(pair => pair.Key, pair => pair.Value?.ToString() ?? "", StringComparer.Ordinal);
}
