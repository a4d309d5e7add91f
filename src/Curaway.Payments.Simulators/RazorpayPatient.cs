using System.Text;
using System.Text.Json.Nodes;

namespace Curaway.Payments.Simulators;

/// <summary>What Checkout hands to the page after the patient's step.</summary>
/// <param name="PaymentId"><c>pay_…</c>.</param>
/// <param name="OrderId"><c>order_…</c>.</param>
/// <param name="Status"><c>authorized</c>, <c>captured</c> or <c>failed</c>.</param>
/// <param name="Signature">Hex HMAC-SHA256 of <c>order|payment</c> under the key secret; null after a decline.</param>
/// <param name="Message">Text for the patient; null on success.</param>
public sealed record RazorpayPatientResult(string PaymentId, string OrderId, string Status, string? Signature, string? Message);

/// <summary>The browser's side: pays orders that the API made.</summary>
internal sealed class RazorpayPatient(RazorpaySimulatorOptions options, RazorpayLedger ledger, RazorpayAccount account)
{
    public RazorpayPatientResult Pay(string orderId, RazorpayTestPayment? method)
    {
        if (method is null) throw new ControlException("unknown test payment");
        lock (ledger.Gate)
        {
            ledger.Settle();
            if (!ledger.OrdersMade.TryGetValue(orderId, out var order)) throw new ControlException("unknown order");
            if (order.IsPaid) throw new ControlException("Your payment has been declined as the order is already paid.");
            if (order.Payments.Exists(made => made.IsHeld)) throw new ControlException("Another payment on this order is authorized.");
            var payment = account.Pay(order, method);
            return payment.Status == "failed"
                ? new(payment.Id, orderId, payment.Status, null, "The payment was declined. Try again or use another method.")
                : new(payment.Id, orderId, payment.Status, Sign(orderId, payment.Id), null);
        }
    }

    /// <summary>What time or the bank does to a payment, without the patient.</summary>
    public JsonObject Change(string paymentId, string needed, Action<RazorpayPayment> change)
    {
        lock (ledger.Gate)
        {
            ledger.Settle();
            if (!ledger.PaymentsMade.TryGetValue(paymentId, out var payment)) throw new ControlException("unknown payment");
            if (payment.Status != needed) throw new ControlException($"the payment has status {payment.Status}, not {needed}");
            change(payment);
            return payment.ToJson();
        }
    }

    public string Sign(string orderId, string paymentId) =>
        SimulatorSecrets.Mac(options.KeySecret, Encoding.UTF8.GetBytes($"{orderId}|{paymentId}"));
}
