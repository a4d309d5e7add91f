using System.Text;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.ContractTests.Stripe;

/// <summary>What Stripe's events say of disputes and invoices.</summary>
public sealed class StripeDisputeTests : IDisposable
{
    private const string ChargeId = "01940000-0000-7000-8000-0000000000cc";
    private const string InvoiceUrl = "https://invoice.stripe.com/i/acct_1/test_1?s=ap";

    private readonly ServiceProvider _services;

    public StripeDisputeTests()
    {
        var services = new ServiceCollection();
        new PaymentsBuilder(services).AddStripe(_ => { });
        _services = services.BuildServiceProvider();
    }

    public void Dispose() => _services.Dispose();

    [Theory]
    [InlineData("charge.dispute.created", "warning_needs_response", DisputeState.Open)]
    [InlineData("charge.dispute.created", "needs_response", DisputeState.Open)]
    [InlineData("charge.dispute.updated", "warning_under_review", DisputeState.Open)]
    [InlineData("charge.dispute.updated", "under_review", DisputeState.Open)]
    [InlineData("charge.dispute.updated", "appeal_needs_response", DisputeState.Open)]
    [InlineData("charge.dispute.updated", "appeal_under_review", DisputeState.Open)]
    [InlineData("charge.dispute.funds_withdrawn", "needs_response", DisputeState.Open)]
    [InlineData("charge.dispute.funds_reinstated", "won", DisputeState.Won)]
    [InlineData("charge.dispute.closed", "warning_closed", DisputeState.Closed)]
    [InlineData("charge.dispute.closed", "prevented", DisputeState.Closed)]
    [InlineData("charge.dispute.closed", "won", DisputeState.Won)]
    [InlineData("charge.dispute.closed", "lost", DisputeState.Lost)]
    [InlineData("charge.dispute.created", "lost", DisputeState.Lost)]
    public void A_dispute_is_what_its_status_says(string type, string status, DisputeState state)
    {
        var reading = Reread(type, Dispute(status));

        Assert.Equal(WebhookVerdict.Accepted, reading.Verdict);
        var snapshot = reading.Snapshot!;
        var expected = new ChargeDispute
        {
            Reference = "dp_1",
            State = state,
            Amount = new Money(150_000, Currency.Parse("USD")),
            PaymentReference = StripeAnswers.ChargeId,
            Reason = "fraudulent",
        };
        Assert.Equal(expected, Assert.Single(snapshot.Disputes));
        Assert.Equal((StripeAnswers.IntentId, false, false), (snapshot.Reference, snapshot.IsLiveMode, snapshot.IsIncomplete));
        Assert.Empty(snapshot.Payments);
    }

    [Theory]
    [InlineData("won", """{"card":{"reason_for_filing":"delivered","supporting_files":[]} }""", DisputeState.WonOnAppeal)]
    [InlineData("won", """{"card":{"reason_for_filing":null,"supporting_files":["file_1"]} }""", DisputeState.WonOnAppeal)]
    [InlineData("won", """{"card":{"reason_for_filing":null,"supporting_files":[]} }""", DisputeState.Won)]
    [InlineData("won", """{"card":{"supporting_files":"file_1"} }""", DisputeState.Won)]
    [InlineData("won", """{"card":null}""", DisputeState.Won)]
    [InlineData("won", "{}", DisputeState.Won)]
    [InlineData("won", "null", DisputeState.Won)]
    [InlineData("won", "[]", DisputeState.Won)]
    [InlineData("lost", """{"card":{"reason_for_filing":"delivered"} }""", DisputeState.Lost)]
    [InlineData("appeal_under_review", """{"card":{"reason_for_filing":"delivered"} }""", DisputeState.Open)]
    public void A_verdict_is_one_on_appeal_when_it_carries_the_appeals_evidence(string status, string appeal, DisputeState state)
    {
        var dispute = Dispute(status).Replace("\"evidence\":{", $"\"evidence\":{{\"appeal\":{appeal},", StringComparison.Ordinal);

        Assert.Equal(state, Assert.Single(Reread("charge.dispute.closed", dispute).Snapshot!.Disputes).State);
    }

    [Theory]
    [InlineData("\"evidence\":{\"customer_name\":\"Jane Canary\"}", "\"evidence\":null")]
    [InlineData("\"evidence\":{\"customer_name\":\"Jane Canary\"}", "\"evidence\":\"\"")]
    public void A_dispute_without_evidence_is_read_all_the_same(string text, string other) =>
        Assert.Equal(DisputeState.Won, Assert.Single(Reread("charge.dispute.closed", Dispute("won").Replace(text, other, StringComparison.Ordinal)).Snapshot!.Disputes).State);

    [Theory]
    [InlineData("\"needs_response\"", "\"new_word\"")]
    [InlineData("\"needs_response\"", "null")]
    [InlineData("150000", "1.5")]
    [InlineData("150000", "-1")]
    [InlineData("\"usd\"", "\"dollars\"")]
    [InlineData("\"dp_1\"", "\"dp_'1\"")]
    [InlineData("\"dp_1\"", "\"re_1\"")]
    [InlineData("\"object\":\"dispute\"", "\"object\":\"charge\"")]
    public void What_a_dispute_says_is_never_guessed(string text, string other)
    {
        var dispute = Dispute("needs_response");

        Assert.Contains(text, dispute, StringComparison.Ordinal);
        var reading = Reread("charge.dispute.created", dispute.Replace(text, other, StringComparison.Ordinal));
        Assert.Equal((WebhookVerdict.Unreadable, "charge.dispute.created"), (reading.Verdict, reading.EventType));
    }

    [Fact]
    public void A_reason_that_is_no_machine_word_does_not_come_out()
    {
        var spoken = Dispute("lost").Replace("\"fraudulent\"", "\"Jane Canary says no\"", StringComparison.Ordinal);
        var silent = Dispute("lost").Replace("\"fraudulent\"", "null", StringComparison.Ordinal).Replace("dp_1", "du_1", StringComparison.Ordinal);

        Assert.Equal("other", Reread("charge.dispute.closed", spoken).Snapshot!.Disputes[0].Reason);
        Assert.Equal(("du_1", null), (Reread("charge.dispute.closed", silent).Snapshot!.Disputes[0].Reference, Reread("charge.dispute.closed", silent).Snapshot!.Disputes[0].Reason));
    }

    [Theory]
    [InlineData("invoice.finalized", "open", InvoiceState.Open)]
    [InlineData("invoice.finalized", "uncollectible", InvoiceState.Open)]
    [InlineData("invoice.paid", "paid", InvoiceState.Paid)]
    [InlineData("invoice.payment_succeeded", "paid", InvoiceState.Paid)]
    [InlineData("invoice.voided", "void", InvoiceState.Expired)]
    public void An_invoice_that_names_our_charge_is_kept_and_its_own_intent_is_not(string type, string status, InvoiceState state)
    {
        var reading = Reread(type, Invoice(status, StripeAnswers.Metadata(ChargeId, ""), "\"pi_other\""));

        Assert.Equal(WebhookVerdict.Accepted, reading.Verdict);
        var snapshot = reading.Snapshot!;
        var expected = new ChargeInvoice
        {
            Reference = "in_1",
            State = state,
            Amount = new Money(150_000, Currency.Parse("USD")),
            Number = "A-0001",
            HostedUrl = InvoiceUrl,
        };
        Assert.Equal(expected, Assert.Single(snapshot.Invoices));
        Assert.Equal((ChargeId, null, false), (snapshot.ChargeId.ToString(), snapshot.Reference, snapshot.IsLiveMode));
        Assert.Empty(snapshot.Payments);
    }

    [Fact]
    public void An_old_endpoints_invoice_is_linked_by_its_intent()
    {
        var snapshot = Reread("invoice.paid", Invoice("paid", "{}", $"\"{StripeAnswers.IntentId}\"")).Snapshot!;

        Assert.Equal((StripeAnswers.IntentId, null), (snapshot.Reference, snapshot.ChargeId?.ToString()));
        Assert.Single(snapshot.Invoices);
    }

    [Fact]
    public void A_payment_of_an_invoice_links_it_to_the_intent_and_proves_no_more()
    {
        var snapshot = Reread("invoice_payment.paid", InvoicePayment($"\"{StripeAnswers.IntentId}\"")).Snapshot!;

        Assert.Equal(StripeAnswers.IntentId, snapshot.Reference);
        var expected = new ChargeInvoice { Reference = "in_1", State = InvoiceState.Open, Amount = new Money(50_000, Currency.Parse("USD")) };
        Assert.Equal(expected, Assert.Single(snapshot.Invoices));
        Assert.Empty(snapshot.Payments);
    }

    [Theory]
    [InlineData("\"https://invoice.stripe.com/i/acct_1/test_1?s=ap\"", "\"javascript:alert(1)\"", "A-0001", null)]
    [InlineData("\"https://invoice.stripe.com/i/acct_1/test_1?s=ap\"", "null", "A-0001", null)]
    [InlineData("\"https://invoice.stripe.com/i/acct_1/test_1?s=ap\"", "\"https://a\\u0000\"", "A-0001", null)]
    [InlineData("\"A-0001\"", "null", null, InvoiceUrl)]
    [InlineData("\"A-0001\"", "\"A\\n1\"", null, InvoiceUrl)]
    [InlineData("\"A-0001\"", "\"A\\u0000\"", null, InvoiceUrl)]
    [InlineData("\"A-0001\"", "\"रसीद 1\"", "रसीद 1", InvoiceUrl)]
    public void A_number_or_address_that_cannot_be_kept_is_left_out(string text, string other, string? number, string? url)
    {
        var invoice = Invoice("open", StripeAnswers.Metadata(ChargeId, ""));

        Assert.Contains(text, invoice, StringComparison.Ordinal);
        var read = Reread("invoice.finalized", invoice.Replace(text, other, StringComparison.Ordinal)).Snapshot!.Invoices[0];
        Assert.Equal((number, url), (read.Number, read.HostedUrl));
    }

    [Theory]
    [InlineData("\"status\":\"open\"", "\"status\":\"draft\"")]
    [InlineData("\"status\":\"open\"", "\"status\":\"new_word\"")]
    [InlineData("\"total\":150000", "\"total\":-5")]
    [InlineData("\"total\":150000", "\"total\":null")]
    [InlineData("\"in_1\"", "\"ii_1\"")]
    [InlineData("\"object\":\"invoice\"", "\"object\":\"charge\"")]
    public void What_our_invoice_says_is_never_guessed(string text, string other)
    {
        var invoice = Invoice("open", StripeAnswers.Metadata(ChargeId, ""));

        Assert.Contains(text, invoice, StringComparison.Ordinal);
        Assert.Equal(WebhookVerdict.Unreadable, Reread("invoice.finalized", invoice.Replace(text, other, StringComparison.Ordinal)).Verdict);
    }

    [Fact]
    public void What_names_no_charge_is_ignored_whatever_it_says()
    {
        Assert.Equal(WebhookVerdict.Ignored, Reread("invoice.paid", Invoice("paid", "{}")).Verdict);
        Assert.Equal(WebhookVerdict.Ignored, Reread("invoice.paid", """{"id":"in_1","object":"invoice","status":"new_word"}""").Verdict);
        Assert.Equal(WebhookVerdict.Ignored, Reread("invoice_payment.paid", InvoicePayment("null")).Verdict);
        Assert.Equal(WebhookVerdict.Ignored, Reread("invoice.marked_uncollectible", Invoice("uncollectible", StripeAnswers.Metadata(ChargeId, ""))).Verdict);
        Assert.Equal(
            WebhookVerdict.Ignored,
            Reread("charge.dispute.created", """{"id":"dp_1","object":"dispute","payment_intent":null,"status":"new_word"}""").Verdict);
    }

    [Fact]
    public void A_payment_of_an_invoice_that_cannot_be_read_is_kept_for_a_human()
    {
        var payment = InvoicePayment($"\"{StripeAnswers.IntentId}\"");

        Assert.Equal(WebhookVerdict.Unreadable, Reread("invoice_payment.paid", payment.Replace("\"in_1\"", "null", StringComparison.Ordinal)).Verdict);
        Assert.Equal(WebhookVerdict.Unreadable, Reread("invoice_payment.paid", payment.Replace("50000", "\"a\"", StringComparison.Ordinal)).Verdict);
    }

    private static string Dispute(string status) =>
        $$"""
        {"id":"dp_1","object":"dispute","amount":150000,"charge":"{{StripeAnswers.ChargeId}}","created":1795165200,"currency":"usd",
         "evidence":{"customer_name":"Jane Canary"},"livemode":false,"metadata":{},"payment_intent":"{{StripeAnswers.IntentId}}",
         "reason":"fraudulent","status":"{{status}}"}
        """;

    private static string Invoice(string status, string metadata, string intent = "null") =>
        $$"""
        {"id":"in_1","object":"invoice","amount_due":120000,"currency":"usd","customer_email":"jane@canary.example","livemode":false,
         "hosted_invoice_url":"{{InvoiceUrl}}","metadata":{{metadata}},"number":"A-0001","payment_intent":{{intent}},"status":"{{status}}","total":150000}
        """;

    private static string InvoicePayment(string intent) =>
        $$"""
        {"id":"inpay_1","object":"invoice_payment","amount_paid":50000,"amount_requested":150000,"created":1795165200,"currency":"usd",
         "invoice":"in_1","is_default":false,"livemode":false,"status":"paid","payment":{"type":"payment_intent","payment_intent":{{intent}}} }
        """;

    private WebhookReading Reread(string type, string subject) => _services.GetRequiredService<IWebhookReader>()
        .Reread(Encoding.UTF8.GetBytes(StripeAnswers.Event(type, subject)), "default");
}
