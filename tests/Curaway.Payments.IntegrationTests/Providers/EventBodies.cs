namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>What simulators do not do by themselves: disputes and invoices about a payment, as the providers tell of them.</summary>
internal static class EventBodies
{
    public static string StripeDispute(string intent, string payment, long amount, string status, string appeal = "null") =>
        $$"""
        {"id":"dp_{{intent}}","object":"dispute","amount":{{amount}},"charge":"{{payment}}","currency":"usd","livemode":false,
         "payment_intent":"{{intent}}","reason":"fraudulent","status":"{{status}}","evidence":{"appeal":{{appeal}} } }
        """;

    public static string RazorpayDispute(string charge, string order, string payment, long amount, string status) =>
        $$"""
        {"payment":{"entity":{{Payment(charge, order, payment, amount)}} },
         "dispute":{"entity":{"id":"disp_{{order[6..]}}","entity":"dispute","payment_id":"{{payment}}","amount":{{amount}},
         "currency":"INR","amount_deducted":0,"reason_code":"fraudulent","status":"{{status}}","phase":"chargeback"} } }
        """;

    public static string StripeInvoice(string charge, long amount, string status) =>
        $$"""
        {"id":"in_1","object":"invoice","total":{{amount}},"amount_due":{{amount}},"currency":"usd","livemode":false,
         "metadata":{"charge_id":"{{charge}}"},"number":"A-1","hosted_invoice_url":"https://example.test/i/1",
         "payment_intent":"pi_other","status":"{{status}}"}
        """;

    /// <summary>Every invoice has an order of its own; one that is paid has a payment too.</summary>
    public static string RazorpayInvoice(string charge, long amount, string status) =>
        $$"""
        { {{(status == "paid" ? $"\"payment\":{{\"entity\":{Payment(charge, "order_other", "pay_other", amount)}}}," : "")}}
         "order":{"entity":{"id":"order_other","entity":"order","amount":{{amount}},"currency":"INR","notes":[]} },
         "invoice":{"entity":{"id":"inv_1","entity":"invoice","invoice_number":"A-1","order_id":"order_other",
         "status":"{{status}}","amount":{{amount}},"currency":"INR","short_url":"https://example.test/i/1","notes":{"charge_id":"{{charge}}"} } } }
        """;

    private static string Payment(string charge, string order, string payment, long amount) =>
        $$"""
        {"id":"{{payment}}","entity":"payment","amount":{{amount}},"currency":"INR","status":"captured","order_id":"{{order}}",
         "captured":true,"amount_refunded":0,"notes":{"charge_id":"{{charge}}"},"created_at":1795165200}
        """;
}
