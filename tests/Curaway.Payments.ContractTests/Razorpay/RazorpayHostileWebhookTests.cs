using System.Text;
using static Curaway.Payments.ContractTests.Razorpay.RazorpayDeliveries;

namespace Curaway.Payments.ContractTests.Razorpay;

/// <summary>Signed bodies that no reader may stumble over.</summary>
public sealed class RazorpayHostileWebhookTests
{
    private readonly IWebhookReader _reader = ReaderWith(Secret);

    public static TheoryData<string> HostileBodies =>
    [
        "", "null", "[]", "{}", "7", "{", "\uFEFF{\"event\":\"payment.captured\"}",
        """{"event":"payment.captured"}""",
        """{"event":"payment.captured","payload":{}}""",
        """{"event":"payment.captured","payload":[]}""",
        """{"event":"payment.captured","payload":{"payment":{"entity":{}}}}""",
        """{"event":"refund.processed","payload":{"refund":{"entity":{}}}}""",
        """{"event":"\u0000","payload":{}}""",
        """{"event":"\ud800","payload":{}}""",
        """{"event":7}""",
        """{"event":"PAYMENT CAPTURED"}""",
        Event("payment.captured", Payment("unheard_of")),
        Event("payment.captured", Payment("captured", true).Replace("150000", "1e400", StringComparison.Ordinal)),
        Event("payment.captured", Payment("captured", true).Replace("150000", "\"150000\"", StringComparison.Ordinal)),
        Event("payment.captured", Payment("captured", true).Replace("150000", "-1", StringComparison.Ordinal)),
        Event("payment.captured", Payment("captured", true).Replace("INR", "XYZ", StringComparison.Ordinal)),
        Event("payment.captured", Payment("captured", true).Replace("1795165200", "9999999999999", StringComparison.Ordinal)),
        Event("payment.captured", Payment("captured", true).Replace("pay_Contract01", "pay_\\u0000", StringComparison.Ordinal)),
        Event("payment.captured", Payment("captured", true).Replace("pay_Contract01", "pay_\\ud800", StringComparison.Ordinal)),
        Event("payment.captured", Payment("captured", true).Replace("order_Contract01", "nonsense", StringComparison.Ordinal)),
        Event("payment.captured", Payment("captured", true, notes: """{"charge_id":"\ud800"}""")),
        Event("payment.captured", Payment("captured", true, notes: """{"\ud800":"x"}""")),
        Event("payment.captured", Payment("captured", true, notes: Depth(65))),
        Event("order.paid", Payment("captured", true), ("order", RazorpayAnswers.Order("[]", "r", id: "order_Another01"))),
        Event("refund.processed", Payment("captured", true), ("refund", RazorpayAnswers.Refund("[]", currency: "USD"))),
    ];

    [Theory, MemberData(nameof(HostileBodies))]
    [Trait("Promise", "P18")]
    public void Of_a_signed_body_that_cannot_be_read_safely_nothing_is_believed(string body)
    {
        var reading = _reader.Read(RequestOf(Encoding.UTF8.GetBytes(body), Sign(body, Secret), "evt_1"));

        if (reading.Verdict == WebhookVerdict.Unreadable)
            return;
        Assert.Equal((WebhookVerdict.Accepted, "unreadable, the provider is asked"), (reading.Verdict, reading.Warning));
        Assert.Equal(
            new ProviderSnapshot { Provider = "razorpay", Reference = "order_Contract01", IsIncomplete = true },
            reading.Snapshot! with { ProviderAccount = "default" });
    }

    [Fact]
    [Trait("Promise", "P18")]
    public void An_unreadable_payment_of_a_named_order_makes_us_ask_for_the_order_and_no_other_event_does()
    {
        WebhookReading Read(string body) => _reader.Read(RequestOf(Encoding.UTF8.GetBytes(body), Sign(body, Secret), "evt_1"));
        var unreadable = Payment("captured", true).Replace("150000", "\"150000\"", StringComparison.Ordinal);

        Assert.All(
            new[] { "payment.captured", "payment.failed", "order.paid", "refund.failed" },
            type => Assert.Equal(WebhookVerdict.Accepted, Read(Event(type, unreadable)).Verdict));
        // A read of the order tells nothing of these, so a human has to.
        Assert.All(
            new[] { "payment.dispute.created", "invoice.paid" },
            type => Assert.Equal(WebhookVerdict.Unreadable, Read(Event(type, unreadable)).Verdict));
        Assert.Equal(
            WebhookVerdict.Unreadable,
            Read(Event("order.paid", unreadable, ("order", RazorpayAnswers.Order("[]", "r", id: "order_Another01")))).Verdict);
    }

    [Fact]
    [Trait("Promise", "P18")]
    public void Ten_thousand_damaged_bodies_are_read_without_an_exception()
    {
        var random = new Random(20261120);
        var refunded = Event("refund.processed", Payment("captured", true, Notes), ("refund", RazorpayAnswers.Refund(Notes)));
        var whole = Encoding.UTF8.GetBytes(refunded);
        var verdicts = new HashSet<WebhookVerdict>();
        for (var round = 0; round < 10_000; round++)
        {
            var body = whole[..(round % 4 == 0 ? random.Next(whole.Length) : whole.Length)];
            for (var change = random.Next(1, 4); change > 0 && body.Length > 0; change--)
                body[random.Next(body.Length)] = (byte)random.Next(256);
            verdicts.Add(_reader.Read(RequestOf(body, Sign(body, Secret), "evt_1")).Verdict);
        }

        Assert.Equal([WebhookVerdict.Accepted, WebhookVerdict.Ignored, WebhookVerdict.Unreadable], verdicts.Order());
    }
}
