using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.ContractTests.Razorpay;

/// <summary>What a delivery is, and what it says.</summary>
public sealed class RazorpayWebhookTests
{
    private const string Secret = "whsec_größe";
    private const string OldSecret = "whsec_old";
    private const string ChargeId = "01940000-0000-7000-8000-0000000000cc";
    private const string OperationId = "01940000-0000-7000-8000-0000000000aa";
    private const string Notes = $$"""{"charge_id":"{{ChargeId}}","operation_id":"{{OperationId}}","n":7,"o":{"x":[1]} }""";

    private readonly IWebhookReader _reader = ReaderWith(Secret, OldSecret);

    [Fact]
    public void A_signature_made_elsewhere_over_a_body_beyond_ascii_counts()
    {
        var body = """{"entity":"event","event":"payment.downtime.started","note":"नमस्ते ₹","payload":{},"created_at":1795165200}""";

        var reading = Read(body, "f09669fa6ac2b462f1d99e5d5d886ea1d7de6109f6d4ca3b167bcd96bce77f44");

        Assert.Equal((WebhookVerdict.Ignored, "payment.downtime.started"), (reading.Verdict, reading.EventType));
    }

    [Theory]
    [InlineData(Secret)]
    [InlineData(OldSecret)]
    [Trait("Promise", "P17")]
    public void Every_configured_secret_counts(string secret)
    {
        var body = Event("payment.authorized", Payment("authorized"));

        Assert.Equal(WebhookVerdict.Accepted, Read(body, Sign(body, secret)).Verdict);
        Assert.Equal(WebhookVerdict.Accepted, Read(body, Sign(body, secret).ToUpperInvariant()).Verdict);
    }

    [Fact]
    [Trait("Promise", "P16")]
    public void Every_changed_byte_makes_it_forged()
    {
        var body = Encoding.UTF8.GetBytes(Event("payment.authorized", Payment("authorized")));
        var signature = Sign(Encoding.UTF8.GetString(body), Secret);
        for (var index = 0; index < body.Length; index++)
        {
            var changed = (byte[])body.Clone();
            changed[index] ^= 1;
            Assert.Equal(WebhookVerdict.Forged, Read(changed, signature, "evt_1").Verdict);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("abc")]
    [InlineData("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    public void A_missing_or_senseless_signature_is_forged(string? signature) =>
        Assert.Equal(WebhookVerdict.Forged, Read(Event("payment.authorized", Payment("authorized")), signature).Verdict);

    [Fact]
    public void Without_a_secret_everything_is_forged()
    {
        var body = Encoding.UTF8.GetBytes(Event("payment.authorized", Payment("authorized")));
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(Array.Empty<byte>(), body));
        foreach (var reader in new[] { ReaderWith(), ReaderWith("", " ") })
            Assert.Equal(WebhookVerdict.Forged, reader.Read(RequestOf(body, signature, "evt_1")).Verdict);
        Assert.Equal(WebhookVerdict.Forged, _reader.Read(RequestOf(body, Sign(body, Secret), "evt_1") with { Account = "unknown" }).Verdict);
    }

    [Fact]
    public void The_event_id_comes_from_the_header_and_is_not_signed()
    {
        var body = Event("payment.authorized", Payment("authorized"));

        Assert.Equal("evt_1", Read(body, Sign(body, Secret), "evt_1").EventId);
        Assert.Null(Read(body, Sign(body, Secret), null).EventId);
        Assert.Null(Read(body, Sign(body, Secret), "two words").EventId);
        Assert.Null(Read(body, Sign(body, Secret), new string('x', 129)).EventId);
        Assert.False(_reader.IsEventIdSigned);
    }

    [Theory]
    [InlineData("payment.authorized", "authorized", false, PaymentState.Authorized)]
    [InlineData("payment.authorized", "authorized", true, PaymentState.Authorized)]
    [InlineData("payment.captured", "captured", true, PaymentState.Captured)]
    [InlineData("payment.failed", "failed", true, PaymentState.Failed)]
    [InlineData("payment.authorized", "refunded", false, PaymentState.Voided)]
    [InlineData("payment.captured", "refunded", true, PaymentState.Captured)]
    public void A_payment_event_is_what_its_payment_says(string type, string status, bool captured, PaymentState state)
    {
        var snapshot = Accept(Event(type, Payment(status, captured, notes: Notes)));

        var payment = Assert.Single(snapshot.Payments);
        Assert.Equal((RazorpayAnswers.PaymentId, state), (payment.Reference, payment.State));
        Assert.Equal(state == PaymentState.Captured ? 150_000 : 0, payment.Captured.MinorUnits);
        Assert.Equal(payment.CreatedAt!.Value.AddMinutes(4320), payment.CaptureBefore);
        Assert.Null(payment.ReleaseDueAt);
        Assert.Equal((RazorpayAnswers.OrderId, ChargeId), (snapshot.Reference, snapshot.ChargeId?.ToString()));
        Assert.False(snapshot.IsIncomplete);
        Assert.Null(snapshot.IsLiveMode);
    }

    [Fact]
    public void A_failed_attempt_carries_a_machine_word_and_no_prose()
    {
        var snapshot = Accept(Event("payment.failed", Payment("failed", errorCode: "BAD_REQUEST_ERROR", errorReason: "Payment failed, call +91 99999")));

        Assert.Equal("bad_request_error", snapshot.Payments[0].ErrorCode);
        Assert.Equal(new PaymentError(ErrorCodes.ChargeFailed, "bad_request_error"), snapshot.Error);
    }

    [Theory]
    [InlineData("refund.created", "processed", RefundState.Succeeded)]
    [InlineData("refund.created", "pending", RefundState.Pending)]
    [InlineData("refund.processed", "processed", RefundState.Succeeded)]
    [InlineData("refund.failed", "failed", RefundState.Failed)]
    public void A_refund_event_tells_the_refund_and_its_payment(string type, string status, RefundState state)
    {
        var payment = Payment("captured", true, refunded: 50_000);
        var snapshot = Accept(Event(type, payment, ("refund", RazorpayAnswers.Refund(Notes, status, 50_000))));

        var refund = Assert.Single(snapshot.Refunds);
        Assert.Equal((state, 50_000, OperationId), (refund.State, refund.Amount.MinorUnits, refund.OperationId?.ToString()));
        Assert.Equal((RazorpayAnswers.PaymentId, RazorpayAnswers.OrderId), (refund.PaymentReference, snapshot.Reference));
        Assert.Equal((ChargeId, 50_000L), (snapshot.ChargeId?.ToString(), snapshot.RefundedTotal?.MinorUnits));
        Assert.Equal(PaymentState.Captured, snapshot.Payments[0].State);
    }

    [Fact]
    public void A_hold_that_lapsed_is_a_release_and_no_refund()
    {
        var payment = Payment("refunded", false, refunded: 150_000);
        var snapshot = Accept(Event("refund.processed", payment, ("refund", RazorpayAnswers.Refund("[]"))));

        Assert.Equal(PaymentState.Voided, snapshot.Payments[0].State);
        Assert.Single(snapshot.Refunds);
        var charge = ChargeLifecycle.Apply(Charge, snapshot, Charge.CreatedAt).Charge;
        Assert.Equal((ChargeStatus.Voided, 0), (charge.Status, charge.Refunded.MinorUnits));
    }

    [Fact]
    public void A_refund_event_without_its_payment_has_to_be_fetched()
    {
        var snapshot = Accept(Event("refund.processed", null, ("refund", RazorpayAnswers.Refund(Notes))));

        Assert.True(snapshot.IsIncomplete);
        Assert.Equal(ChargeId, snapshot.ChargeId?.ToString());
    }

    [Theory]
    [InlineData("order.paid")]
    [InlineData("invoice.paid")]
    public void A_paid_order_or_invoice_tells_its_payment(string type)
    {
        var order = RazorpayAnswers.Order(Notes, "15");
        var invoice = """{"id":"inv_1","short_url":"https://rzp.io/i/with space","customer_details":{"name":"Somebody"},"notes":"text"}""";
        var snapshot = Accept(Event(type, Payment("captured", true), ("order", order), ("invoice", invoice)));

        Assert.Equal(PaymentState.Captured, snapshot.Payments[0].State);
        Assert.Equal((ChargeId, 150_000L), (snapshot.ChargeId?.ToString(), snapshot.Amount?.MinorUnits));
    }

    [Theory]
    [InlineData("payment.dispute.created")]
    [InlineData("payment.dispute.won")]
    [InlineData("payment.dispute.lost")]
    [InlineData("payment.dispute.closed")]
    public void A_dispute_has_the_payment_read(string type)
    {
        var snapshot = Accept(Event(type, Payment("captured", true), ("dispute", """{"id":"disp_1","amount":150000}""")));

        Assert.True(snapshot.IsIncomplete);
        Assert.Equal(RazorpayAnswers.OrderId, snapshot.Reference);
    }

    [Theory]
    [InlineData("invoice.expired")]
    [InlineData("invoice.partially_paid")]
    [InlineData("refund.speed_changed")]
    [InlineData("settlement.processed")]
    public void Other_events_are_ignored_whatever_they_hold(string type)
    {
        var body = $$"""{"event":"{{type}}","payload":{"created_at":5,"payment":"a text","refund":[1]} }""";

        var reading = Read(body, Sign(body, Secret));

        Assert.Equal((WebhookVerdict.Ignored, type), (reading.Verdict, reading.EventType));
    }

    [Fact]
    public void A_payment_without_an_order_of_ours_is_ignored()
    {
        var body = Event("payment.captured", RazorpayAnswers.Payment("captured", captured: true, orderId: null));

        Assert.Equal(WebhookVerdict.Ignored, Read(body, Sign(body, Secret)).Verdict);
    }

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
    public void A_signed_body_that_cannot_be_read_safely_is_unreadable(string body) =>
        Assert.Equal(WebhookVerdict.Unreadable, Read(body, Sign(body, Secret)).Verdict);

    [Fact]
    [Trait("Promise", "P18")]
    public void Ten_thousand_damaged_bodies_are_read_without_an_exception()
    {
        var random = new Random(20261120);
        var whole = Encoding.UTF8.GetBytes(Event("refund.processed", Payment("captured", true, Notes), ("refund", RazorpayAnswers.Refund(Notes))));
        var verdicts = new HashSet<WebhookVerdict>();
        for (var round = 0; round < 10_000; round++)
        {
            var body = whole[..(round % 4 == 0 ? random.Next(whole.Length) : whole.Length)];
            for (var change = random.Next(1, 4); change > 0 && body.Length > 0; change--)
                body[random.Next(body.Length)] = (byte)random.Next(256);
            verdicts.Add(Read(body, Sign(body, Secret), "evt_1").Verdict);
        }

        Assert.Superset(new HashSet<WebhookVerdict> { WebhookVerdict.Accepted, WebhookVerdict.Ignored, WebhookVerdict.Unreadable }, verdicts);
        Assert.DoesNotContain(WebhookVerdict.Forged, verdicts);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"text\"")]
    [InlineData("7")]
    [InlineData("{\"charge_id\":7,\"a\":null}")]
    public void Notes_of_any_shape_are_read(string notes) =>
        Assert.Null(Accept(Event("payment.captured", Payment("captured", true, notes: notes))).ChargeId);

    [Theory]
    [InlineData("\"notes\":[],")]
    [InlineData("\"error_code\":\"\",")]
    [InlineData("\"amount_refunded\":0,")]
    public void A_field_that_is_missing_may_be(string field)
    {
        var body = Event("payment.authorized", Payment("authorized"));

        Assert.Contains(field, body, StringComparison.Ordinal);
        Assert.Single(Accept(body.Replace(field, "", StringComparison.Ordinal)).Payments);
    }

    [Fact]
    public void A_stored_body_is_read_again_without_a_signature()
    {
        var body = Encoding.UTF8.GetBytes(Event("payment.captured", Payment("captured", true)));

        var reading = _reader.Reread(body, "default");

        Assert.Equal((WebhookVerdict.Accepted, "payment.captured"), (reading.Verdict, reading.EventType));
    }

    private static Charge Charge => new()
    {
        Id = new ChargeId(Guid.Parse(ChargeId)),
        TenantId = OpaqueId.Parse("clinic-india"),
        ConsultationId = OpaqueId.Parse("consultation_42"),
        Amount = new Money(150_000, Currency.Parse("INR")),
        Routing = new RoutingDecision("razorpay", "default", []),
        Reference = RazorpayAnswers.OrderId,
        CreatedAt = DateTimeOffset.FromUnixTimeSeconds(RazorpayAnswers.CreatedAt),
        BookBy = DateTimeOffset.FromUnixTimeSeconds(RazorpayAnswers.CreatedAt + 600),
    };

    private static IWebhookReader ReaderWith(params string[] secrets)
    {
        var services = new ServiceCollection();
        new PaymentsBuilder(services).AddRazorpay(options => options.WebhookSecrets = secrets);
        return services.BuildServiceProvider().GetRequiredService<IWebhookReader>();
    }

    private static string Event(string type, string? payment, params (string Name, string Entity)[] others)
    {
        var entities = payment is null ? others : [("payment", payment), .. others];
        var payload = string.Join(',', entities.Select(each => $$"""
            "{{each.Name}}":{"entity":{{each.Entity}}}
            """));
        return $$"""
            {"entity":"event","account_id":"acc_1","event":"{{type}}","contains":[],"payload":{{{payload}}},"created_at":{{RazorpayAnswers.CreatedAt}}}
            """;
    }

    private static string Payment(
        string status, bool captured = false, string notes = "[]", long refunded = 0, string errorCode = "", string errorReason = "NA") =>
        RazorpayAnswers.Payment(status, captured, refunded: refunded, notes: notes, errorCode: errorCode, errorReason: errorReason);

    private static string Depth(int depth) => string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth);

    private static string Sign(string body, string secret) => Sign(Encoding.UTF8.GetBytes(body), secret);

    private static string Sign(byte[] body, string secret)
    {
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        mac.AppendData(body);
        return Convert.ToHexStringLower(mac.GetHashAndReset());
    }

    private static WebhookRequest RequestOf(byte[] body, string? signature, string? eventId) => new(
        body,
        name => name.ToLowerInvariant() switch { "x-razorpay-signature" => signature, "x-razorpay-event-id" => eventId, _ => null },
        "default",
        DateTimeOffset.FromUnixTimeSeconds(RazorpayAnswers.CreatedAt));

    private WebhookReading Read(string body, string? signature, string? eventId = "evt_1") => Read(Encoding.UTF8.GetBytes(body), signature, eventId);

    private WebhookReading Read(byte[] body, string? signature, string? eventId) => _reader.Read(RequestOf(body, signature, eventId));

    private ProviderSnapshot Accept(string body)
    {
        var reading = Read(body, Sign(body, Secret));
        Assert.Equal(WebhookVerdict.Accepted, reading.Verdict);
        return reading.Snapshot!;
    }
}
