using System.Text;
using static Curaway.Payments.ContractTests.Razorpay.RazorpayDeliveries;

namespace Curaway.Payments.ContractTests.Razorpay;

/// <summary>What Razorpay's events say of disputes and invoices.</summary>
public sealed class RazorpayDisputeTests
{
    private const string ShortUrl = "https://rzp.io/i/with space";

    private readonly IWebhookReader _reader = ReaderWith(Secret);

    [Theory]
    [InlineData("payment.dispute.created", "open", DisputeState.Open)]
    [InlineData("payment.dispute.under_review", "under_review", DisputeState.Open)]
    [InlineData("payment.dispute.action_required", "action_required", DisputeState.Open)]
    [InlineData("payment.dispute.action_required", "open", DisputeState.Open)]
    [InlineData("payment.dispute.won", "won", DisputeState.Won)]
    [InlineData("payment.dispute.lost", "lost", DisputeState.Lost)]
    [InlineData("payment.dispute.closed", "closed", DisputeState.Closed)]
    [InlineData("payment.dispute.created", "lost", DisputeState.Lost)]
    public void A_dispute_is_what_its_status_says(string type, string status, DisputeState state)
    {
        var snapshot = Accept(Event(type, Payment("captured", true, Notes), ("dispute", Dispute(status))));

        var expected = new ChargeDispute
        {
            Reference = "disp_1",
            State = state,
            Amount = new Money(150_000, Currency.Parse("INR")),
            PaymentReference = RazorpayAnswers.PaymentId,
            Reason = "goods_or_services_not_received",
        };
        Assert.Equal(expected, Assert.Single(snapshot.Disputes));
        Assert.Equal((RazorpayAnswers.OrderId, OurChargeId, false), (snapshot.Reference, snapshot.ChargeId?.ToString(), snapshot.IsIncomplete));
        Assert.Equal(PaymentState.Captured, Assert.Single(snapshot.Payments).State);
    }

    [Fact]
    public void A_dispute_without_its_payment_names_it()
    {
        var snapshot = Accept(Event("payment.dispute.lost", null, ("dispute", Dispute("lost"))));

        Assert.Equal((null, null), (snapshot.Reference, snapshot.ChargeId?.ToString()));
        Assert.Equal(RazorpayAnswers.PaymentId, Assert.Single(snapshot.Disputes).PaymentReference);
    }

    [Theory]
    [InlineData("\"status\":\"open\"", "\"status\":\"new_word\"")]
    [InlineData("\"status\":\"open\"", "\"status\":null")]
    [InlineData("\"amount\":150000", "\"amount\":\"150000\"")]
    [InlineData("\"amount\":150000", "\"amount\":-1")]
    [InlineData("\"currency\":\"INR\"", "\"currency\":\"rupees\"")]
    [InlineData("\"disp_1\"", "\"pay_1\"")]
    [InlineData("\"payment_id\":\"pay_Contract01\"", "\"payment_id\":\"pay_Other\"")]
    [InlineData("\"payment_id\":\"pay_Contract01\"", "\"payment_id\":null")]
    [Trait("Promise", "P18")]
    public void What_a_dispute_says_is_never_guessed(string text, string other)
    {
        var dispute = Dispute("open");

        Assert.Contains(text, dispute, StringComparison.Ordinal);
        var body = Event("payment.dispute.created", Payment("captured", true), ("dispute", dispute.Replace(text, other, StringComparison.Ordinal)));
        Assert.Equal((WebhookVerdict.Unreadable, "payment.dispute.created"), (Read(body).Verdict, Read(body).EventType));
    }

    [Fact]
    public void A_dispute_event_without_a_dispute_is_unreadable() =>
        Assert.Equal(WebhookVerdict.Unreadable, Read(Event("payment.dispute.created", Payment("captured", true))).Verdict);

    [Fact]
    public void A_reason_that_is_no_machine_word_does_not_come_out()
    {
        var shouted = Dispute("lost").Replace("goods_or_services_not_received", "RZP_12", StringComparison.Ordinal);
        var spoken = Dispute("lost").Replace("goods_or_services_not_received", "Jane Canary says no", StringComparison.Ordinal);
        var silent = Dispute("lost").Replace("\"goods_or_services_not_received\"", "null", StringComparison.Ordinal);

        Assert.Equal(["rzp_12", "other", null], new[] { shouted, spoken, silent }.Select(dispute =>
            Accept(Event("payment.dispute.lost", null, ("dispute", dispute))).Disputes[0].Reason));
    }

    [Theory]
    [InlineData("invoice.paid", "paid", InvoiceState.Paid)]
    [InlineData("invoice.partially_paid", "partially_paid", InvoiceState.Open)]
    [InlineData("invoice.partially_paid", "issued", InvoiceState.Open)]
    [InlineData("invoice.expired", "expired", InvoiceState.Expired)]
    [InlineData("invoice.expired", "cancelled", InvoiceState.Expired)]
    public void An_invoice_that_names_our_charge_is_kept_and_its_order_and_payment_are_not(string type, string status, InvoiceState state)
    {
        var payment = RazorpayAnswers.Payment("captured", captured: true, id: "pay_Other", orderId: "order_Other", notes: Notes);
        var order = RazorpayAnswers.Order(Notes, "15", id: "order_Other");

        var snapshot = Accept(Event(type, payment, ("order", order), ("invoice", Invoice(status, Notes, "order_Other"))));

        var expected = new ChargeInvoice
        {
            Reference = "inv_1",
            State = state,
            Amount = new Money(150_000, Currency.Parse("INR")),
            Number = "15",
            HostedUrl = ShortUrl,
        };
        Assert.Equal(expected, Assert.Single(snapshot.Invoices));
        Assert.Equal((OurChargeId, null), (snapshot.ChargeId?.ToString(), snapshot.Reference));
        Assert.Empty(snapshot.Payments);
        Assert.Null(snapshot.Amount);
    }

    [Fact]
    public void Without_such_notes_its_order_decides()
    {
        var order = RazorpayAnswers.Order(Notes, "15");

        var snapshot = Accept(Event("invoice.paid", Payment("captured", true), ("order", order), ("invoice", Invoice("paid", "\"text\""))));

        Assert.Equal((RazorpayAnswers.OrderId, OurChargeId), (snapshot.Reference, snapshot.ChargeId?.ToString()));
        Assert.Equal((PaymentState.Captured, 150_000L), (snapshot.Payments[0].State, snapshot.Amount?.MinorUnits));
        Assert.Single(snapshot.Invoices);
    }

    [Fact]
    public void The_notes_of_its_payment_link_nothing()
    {
        var payment = RazorpayAnswers.Payment("captured", captured: true, orderId: "order_Other", notes: Notes);
        var order = RazorpayAnswers.Order("[]", "15", id: "order_Other");

        var snapshot = Accept(Event("invoice.paid", payment, ("order", order), ("invoice", Invoice("paid", "[]", "order_Other"))));

        Assert.Equal(("order_Other", null), (snapshot.Reference, snapshot.ChargeId?.ToString()));
    }

    [Fact]
    public void An_invoice_without_order_and_notes_is_ignored()
    {
        var invoice = Invoice("expired", "[]").Replace($"\"{RazorpayAnswers.OrderId}\"", "null", StringComparison.Ordinal);

        Assert.Equal(WebhookVerdict.Ignored, Read(Event("invoice.expired", null, ("invoice", invoice))).Verdict);
    }

    [Fact]
    public void An_expired_invoice_comes_alone_and_is_linked_by_its_order() =>
        Assert.Equal(RazorpayAnswers.OrderId, Accept(Event("invoice.expired", null, ("invoice", Invoice("expired", "[]")))).Reference);

    [Theory]
    [InlineData("\"status\":\"paid\"", "\"status\":\"draft\"")]
    [InlineData("\"status\":\"paid\"", "\"status\":\"new_word\"")]
    [InlineData("\"amount\":150000", "\"amount\":null")]
    [InlineData("\"inv_1\"", "\"order_1\"")]
    [InlineData("\"order_Contract01\"", "\"order_Other\"")]
    [InlineData("\"order_Contract01\"", "\"a b\"")]
    [Trait("Promise", "P18")]
    public void What_an_invoice_says_is_never_guessed(string text, string other)
    {
        var invoice = Invoice("paid", "[]");

        Assert.Contains(text, invoice, StringComparison.Ordinal);
        var body = Event("invoice.paid", Payment("captured", true), ("invoice", invoice.Replace(text, other, StringComparison.Ordinal)));
        Assert.Equal(WebhookVerdict.Unreadable, Read(body).Verdict);
    }

    [Theory]
    [InlineData("\"short_url\":\"https://rzp.io/i/with space\"", "\"short_url\":\"javascript:alert(1)\"", "15", null)]
    [InlineData("\"short_url\":\"https://rzp.io/i/with space\"", "\"short_url\":null", "15", null)]
    [InlineData("\"invoice_number\":\"15\"", "\"invoice_number\":null", null, ShortUrl)]
    [InlineData("\"invoice_number\":\"15\"", "\"invoice_number\":15", null, ShortUrl)]
    [InlineData("\"invoice_number\":\"15\"", "\"invoice_number\":\"1\\u0000\"", null, ShortUrl)]
    public void A_number_or_address_that_cannot_be_kept_is_left_out(string text, string other, string? number, string? url)
    {
        var invoice = Invoice("paid", Notes);

        Assert.Contains(text, invoice, StringComparison.Ordinal);
        var read = Accept(Event("invoice.paid", null, ("invoice", invoice.Replace(text, other, StringComparison.Ordinal)))).Invoices[0];
        Assert.Equal((number, url), (read.Number, read.HostedUrl));
    }

    private static string Dispute(string status) =>
        $$"""
        {"id":"disp_1","entity":"dispute","payment_id":"{{RazorpayAnswers.PaymentId}}","amount":150000,"currency":"INR","amount_deducted":0,
         "reason_code":"goods_or_services_not_received","respond_by":1795765200,"status":"{{status}}","phase":"chargeback",
         "created_at":{{RazorpayAnswers.CreatedAt}},"evidence":{"summary":"Jane Canary"} }
        """;

    private static string Invoice(string status, string notes, string orderId = RazorpayAnswers.OrderId) =>
        $$"""
        {"id":"inv_1","entity":"invoice","receipt":"15","invoice_number":"15","customer_details":{"name":"Jane Canary"},"order_id":"{{orderId}}",
         "status":"{{status}}","amount":150000,"amount_paid":0,"currency":"INR","notes":{{notes}},"short_url":"{{ShortUrl}}","idempotency_key":null}
        """;

    private WebhookReading Read(string body) => _reader.Read(RequestOf(Encoding.UTF8.GetBytes(body), Sign(body, Secret), "evt_1"));

    private ProviderSnapshot Accept(string body)
    {
        var reading = Read(body);
        Assert.Equal(WebhookVerdict.Accepted, reading.Verdict);
        return reading.Snapshot!;
    }
}
