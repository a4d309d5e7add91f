using System.Security.Cryptography;
using System.Text;
using static Curaway.Payments.ContractTests.Razorpay.RazorpayDeliveries;

namespace Curaway.Payments.ContractTests.Razorpay;

/// <summary>What a delivery is, and what it says.</summary>
public sealed class RazorpayWebhookTests
{
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
        var elsewhere = RequestOf(body, Sign(body, Secret), "evt_1") with { Account = "unknown" };
        Assert.Equal(WebhookVerdict.Forged, _reader.Read(elsewhere).Verdict);
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
        Assert.Equal((RazorpayAnswers.OrderId, OurChargeId), (snapshot.Reference, snapshot.ChargeId?.ToString()));
        Assert.False(snapshot.IsIncomplete);
        Assert.Null(snapshot.IsLiveMode);
    }

    [Fact]
    public void A_failed_attempt_carries_a_machine_word_and_no_prose()
    {
        var failed = Payment("failed", errorCode: "BAD_REQUEST_ERROR", errorReason: "Payment failed, call +91 99999");
        var snapshot = Accept(Event("payment.failed", failed));

        Assert.Equal("bad_request_error", snapshot.Payments[0].ErrorCode);
        Assert.Equal(new PaymentError(ErrorCodes.ChargeFailed, "bad_request_error"), snapshot.Error);
    }

    [Theory]
    [InlineData("refund.created", "processed", RefundState.Succeeded)]
    [InlineData("refund.created", "pending", RefundState.Pending)]
    [InlineData("refund.created", "created", RefundState.Pending)]
    [InlineData("refund.processed", "processed", RefundState.Succeeded)]
    [InlineData("refund.failed", "failed", RefundState.Failed)]
    public void A_refund_event_tells_the_refund_and_its_payment(string type, string status, RefundState state)
    {
        var payment = Payment("captured", true, refunded: 50_000);
        var snapshot = Accept(Event(type, payment, ("refund", RazorpayAnswers.Refund(Notes, status, 50_000))));

        var refund = Assert.Single(snapshot.Refunds);
        Assert.Equal((state, 50_000, OurOperationId), (refund.State, refund.Amount.MinorUnits, refund.OperationId?.ToString()));
        Assert.Equal((RazorpayAnswers.PaymentId, RazorpayAnswers.OrderId), (refund.PaymentReference, snapshot.Reference));
        Assert.Equal(state == RefundState.Failed ? "refund_failed" : null, refund.ErrorCode);
        Assert.Equal((OurChargeId, 50_000L), (snapshot.ChargeId?.ToString(), snapshot.RefundedTotal?.MinorUnits));
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
        Assert.Equal(OurChargeId, snapshot.ChargeId?.ToString());
    }

    [Fact]
    public void A_paid_order_tells_its_payment()
    {
        var snapshot = Accept(Event("order.paid", Payment("captured", true), ("order", RazorpayAnswers.Order(Notes, "15"))));

        Assert.Equal(PaymentState.Captured, snapshot.Payments[0].State);
        Assert.Equal((OurChargeId, 150_000L), (snapshot.ChargeId?.ToString(), snapshot.Amount?.MinorUnits));
    }

    [Fact]
    public void An_order_and_a_payment_of_another_are_not_read_as_one() => Assert.Equal(
        WebhookVerdict.Unreadable, VerdictOf(Event("order.paid", Payment("captured", true), ("order", RazorpayAnswers.Order(Notes, "15", id: "order_Another01")))));

    [Theory]
    [InlineData(0)]
    [InlineData(32_503_680_000)]
    public void A_payment_without_a_time_to_count_from_is_not_believed(long createdAt)
    {
        var body = Event("payment.authorized", RazorpayAnswers.Payment("authorized", createdAt: createdAt, notes: Notes));

        Assert.True(Read(body, Sign(body, Secret)).Snapshot is { IsIncomplete: true, Payments.IsEmpty: true });
    }

    [Theory]
    [InlineData("invoice.issued")]
    [InlineData("refund.speed_changed")]
    [InlineData("settlement.processed")]
    [InlineData("payment.downtime.started")]
    [InlineData("payment.pending")]
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
        Id = new ChargeId(Guid.Parse(OurChargeId)),
        TenantId = OpaqueId.Parse("clinic-india"),
        ConsultationId = OpaqueId.Parse("consultation_42"),
        Amount = new Money(150_000, Currency.Parse("INR")),
        Routing = new RoutingDecision("razorpay", "default", []),
        Reference = RazorpayAnswers.OrderId,
        CreatedAt = DateTimeOffset.FromUnixTimeSeconds(RazorpayAnswers.CreatedAt),
        BookBy = DateTimeOffset.FromUnixTimeSeconds(RazorpayAnswers.CreatedAt + 600),
    };

    private WebhookVerdict VerdictOf(string body) => Read(body, Sign(body, Secret)).Verdict;

    private WebhookReading Read(string body, string? signature, string? eventId = "evt_1") =>
        Read(Encoding.UTF8.GetBytes(body), signature, eventId);

    private WebhookReading Read(byte[] body, string? signature, string? eventId) => _reader.Read(RequestOf(body, signature, eventId));

    private ProviderSnapshot Accept(string body)
    {
        var reading = Read(body, Sign(body, Secret));
        Assert.Equal(WebhookVerdict.Accepted, reading.Verdict);
        return reading.Snapshot!;
    }
}
