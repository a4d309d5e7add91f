namespace Curaway.Payments.ContractTests.Razorpay;

/// <summary>Razorpay's answers as JSON, shaped like its published examples: odd notes, <c>"NA"</c> and empty texts included.</summary>
internal static class RazorpayAnswers
{
    public const string OrderId = "order_Contract01";
    public const string PaymentId = "pay_Contract01";
    public const string RefundId = "rfnd_Contract01";

    /// <summary>When everything was made: 2026-11-20 09:00 UTC.</summary>
    public const long CreatedAt = 1795165200;

    public static string Order(
        string notes, string receipt, long amount = 150_000, string currency = "INR", string id = OrderId, long createdAt = CreatedAt) =>
        $$"""
        {"id":"{{id}}","entity":"order","amount":{{amount}},"amount_paid":0,"amount_due":{{amount}},"currency":"{{currency}}",
         "receipt":"{{receipt}}","offer_id":null,"status":"created","attempts":0,"notes":{{notes}},"created_at":{{createdAt}}}
        """;

    public static string Payment(
        string status,
        bool captured = false,
        long amount = 150_000,
        string currency = "INR",
        string id = PaymentId,
        string? orderId = OrderId,
        long refunded = 0,
        string errorCode = "",
        string errorReason = "NA",
        long createdAt = CreatedAt,
        string notes = "[]") =>
        $$"""
        {"id":"{{id}}","entity":"payment","amount":{{amount}},"currency":"{{currency}}","base_amount":{{amount}},"status":"{{status}}",
         "order_id":{{(orderId is null ? "null" : $"\"{orderId}\"")}},"invoice_id":null,"international":false,"method":"upi",
         "amount_refunded":{{refunded}},"refund_status":null,"captured":{{(captured ? "true" : "false")}},"description":null,"card_id":null,
         "vpa":"success@razorpay","email":"void@razorpay.com","contact":"+919999999999","notes":{{notes}},"fee":null,"tax":null,
         "error_code":"{{errorCode}}","error_description":"Something a bank wrote","error_source":"NA","error_step":null,
         "error_reason":"{{errorReason}}","acquirer_data":{"rrn":"267567962619"},"created_at":{{createdAt}},"upi":{"vpa":"success@razorpay"} }
        """;

    public static string Refund(
        string notes,
        string status = "processed",
        long amount = 150_000,
        string currency = "INR",
        string id = RefundId,
        string paymentId = PaymentId,
        string receipt = "") =>
        $$"""
        {"id":"{{id}}","entity":"refund","amount":{{amount}},"currency":"{{currency}}","payment_id":"{{paymentId}}","notes":{{notes}},
         "receipt":"{{receipt}}","acquirer_data":{"arn":null},"created_at":{{CreatedAt + 60}},"batch_id":null,"status":"{{status}}",
         "speed_processed":"optimum","speed_requested":"normal"}
        """;

    public static string List(params string[] items) =>
        $$"""{"entity":"collection","count":{{items.Length}},"items":[{{string.Join(',', items)}}]}""";

    public static string Error(string description, string? reason = null, string? field = null, string code = "BAD_REQUEST_ERROR") =>
        $$"""
        {"error":{"code":"{{code}}","description":"{{description}}","field":{{(field is null ? "null" : $"\"{field}\"")}},"source":"NA","step":"NA",
         "reason":"{{reason ?? "NA"}}","metadata":{"payment_id":"Contract01"} } }
        """;

    public static string Notes(ProviderRequest request) =>
        $$"""
        {"charge_id":"{{request.Charge.Id}}","operation_id":"{{request.Operation?.Id}}","consultation_id":"{{request.Charge.ConsultationId}}",
         "tenant_id":"{{request.Charge.TenantId}}","attempt":1}
        """;
}
