using System.Text;
using Curaway.Payments.Stripe;

namespace Curaway.Payments.ContractTests.Stripe;

/// <summary>One field at a time: what is missing, of another type or out of bounds is null and never a guess.</summary>
public sealed class StripeMappingTests
{
    [Theory]
    [InlineData("pi_1", true)]
    [InlineData("pi_A_z9", true)]
    [InlineData("pi_", false)]
    [InlineData("Pi_1", false)]
    [InlineData("pm_1", false)]
    [InlineData("pi_1/../x", false)]
    [InlineData("pi_1é", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void An_id_is_its_prefix_and_what_is_safe_in_a_url(string? id, bool isOne) => Assert.Equal(isOne, StripeMapping.IsId(id, "pi_"));

    [Fact]
    public void An_id_has_at_most_255_characters()
    {
        Assert.True(StripeMapping.IsId("pi_" + new string('a', 252), "pi_"));
        Assert.False(StripeMapping.IsId("pi_" + new string('a', 253), "pi_"));
    }

    [Theory]
    [InlineData("ch_1", true)]
    [InlineData("py_1", true)]
    [InlineData("pi_1", false)]
    public void A_payment_is_a_charge_or_a_py(string id, bool isOne) => Assert.Equal(isOne, StripeMapping.IsChargeId(id));

    [Theory]
    [InlineData("card_declined", "card_declined")]
    [InlineData("3ds_2", "3ds_2")]
    [InlineData("x", "x")]
    [InlineData("Card_declined", "other")]
    [InlineData("Your card was declined.", "other")]
    [InlineData("", "other")]
    [InlineData(null, "other")]
    public void A_code_is_a_machine_word(string? code, string expected) => Assert.Equal(expected, StripeMapping.Code(code));

    [Fact]
    public void A_code_has_at_most_64_characters()
    {
        Assert.Equal(new string('a', 64), StripeMapping.Code(new string('a', 64)));
        Assert.Equal("other", StripeMapping.Code(new string('a', 65)));
    }

    [Theory]
    [InlineData("""{"charge":"ch_1"}""", "ch_1")]
    [InlineData("""{"charge":{"id":"ch_1"} }""", "ch_1")]
    [InlineData("""{"charge":{"id":1} }""", null)]
    [InlineData("""{"charge":null}""", null)]
    [InlineData("""{"charge":["ch_1"]}""", null)]
    [InlineData("{}", null)]
    public void An_id_stands_alone_or_inside_its_object(string json, string? id) => Assert.Equal(id, StripeMapping.IdOf(Read(json), StripeField.Charge));

    [Theory]
    [InlineData("""{"object":"refund"}""", true)]
    [InlineData("""{"object":"charge"}""", false)]
    [InlineData("""{"object":1}""", false)]
    [InlineData("{}", false)]
    [InlineData("""["refund"]""", false)]
    [InlineData("null", false)]
    public void An_object_says_what_it_is(string json, bool isRefund) => Assert.Equal(isRefund, StripeMapping.IsObject(Read(json), "refund"));

    [Theory]
    [InlineData("""{"object":"list","data":[{"id":"re_1"},{"id":"re_2"}],"has_more":true}""", 2, "re_2")]
    [InlineData("""{"object":"list","data":[{"id":"re_1"}],"has_more":false}""", 1, null)]
    [InlineData("""{"object":"list","data":[],"has_more":true}""", 0, null)]
    [InlineData("""{"object":"list","data":["re_1"],"has_more":false}""", 1, null)]
    public void A_page_says_where_the_next_one_starts(string json, int count, string? next)
    {
        var page = StripeMapping.ReadPage(Read(json))!;

        Assert.Equal((count, next), (page.Items.Count, page.Next));
    }

    [Theory]
    [InlineData("""{"object":"list","data":[{"id":"re_1"}]}""")]
    [InlineData("""{"object":"list","data":{},"has_more":false}""")]
    [InlineData("""{"object":"list","has_more":false}""")]
    [InlineData("""{"object":"lists","data":[],"has_more":false}""")]
    [InlineData("""{"object":"list","data":["re_1"],"has_more":true}""")]
    [InlineData("""{"object":"list","data":[{"id":1}],"has_more":true}""")]
    public void What_is_no_page_is_none(string json) => Assert.Null(StripeMapping.ReadPage(Read(json)));

    [Theory]
    [InlineData("""{"metadata":{"operation_id":"OPERATION"} }""", true)]
    [InlineData("""{"metadata":{"charge_id":"CHARGE"} }""", true)]
    [InlineData("""{"metadata":{"operation_id":"CHARGE","charge_id":"OPERATION"} }""", false)]
    [InlineData("""{"metadata":{"operation_id":1} }""", false)]
    [InlineData("""{"metadata":{} }""", false)]
    [InlineData("""{"metadata":null}""", false)]
    [InlineData("""{"metadata":"OPERATION"}""", false)]
    [InlineData("{}", false)]
    [InlineData("null", false)]
    public void An_object_is_ours_by_our_operation_or_our_charge(string json, bool isOurs)
    {
        var charge = new Charge
        {
            Id = ChargeId.New(TimeProvider.System),
            TenantId = OpaqueId.Parse("clinic"),
            ConsultationId = OpaqueId.Parse("c1"),
            Amount = new Money(100, Currency.Parse("USD")),
            Routing = new RoutingDecision("stripe", "default", []),
            BookBy = DateTimeOffset.UnixEpoch,
            CreatedAt = DateTimeOffset.UnixEpoch,
        };
        var operation = new ChargeOperation
        {
            Id = OperationId.New(TimeProvider.System),
            ChargeId = charge.Id,
            Kind = OperationKind.Authorize,
            Amount = charge.Amount,
            Fingerprint = "f",
            ActorId = "patient-1",
            CreatedAt = DateTimeOffset.UnixEpoch,
            NextAttemptAt = DateTimeOffset.UnixEpoch,
        };
        var named = json.Replace("OPERATION", operation.Id.ToString(), StringComparison.Ordinal).Replace("CHARGE", charge.Id.ToString(), StringComparison.Ordinal);

        Assert.Equal(isOurs, StripeMapping.IsOurs(Read(named), new ProviderRequest(charge, operation)));
    }

    [Theory]
    [InlineData("null", null)]
    [InlineData("[]", null)]
    [InlineData("""{"card":null}""", null)]
    [InlineData("""{"card":{"capture_before":0} }""", null)]
    [InlineData("""{"card":{"capture_before":1} }""", 1L)]
    [InlineData("""{"card":{"capture_before":253402300799} }""", 253402300799L)]
    [InlineData("""{"card":{"capture_before":253402300800} }""", null)]
    public void The_end_of_a_hold_is_known_or_not_and_the_charge_is_read_all_the_same(string details, long? end)
    {
        var charge = Read($$"""
            {"id":"ch_1","object":"charge","amount":100,"currency":"usd","captured":false,"status":"succeeded","payment_method_details":{{details}} }
            """);

        Assert.Equal(end, StripeMapping.ReadCharge(charge, isReleased: false, received: null)!.CaptureBefore?.ToUnixTimeSeconds());
    }

    [Fact]
    public void A_refund_says_when_it_was_made()
    {
        var refund = Read("""{"id":"re_1","object":"refund","amount":100,"currency":"usd","status":"succeeded","created":1795165260}""");

        Assert.Equal(1795165260, Assert.Single(StripeMapping.ReadRefund(refund, "default")!.Refunds).CreatedAt?.ToUnixTimeSeconds());
    }

    [Theory]
    [InlineData("processing", PaymentState.Created)]
    [InlineData("requires_capture", PaymentState.Authorized)]
    [InlineData("succeeded", PaymentState.Captured)]
    [InlineData("canceled", PaymentState.Voided)]
    [InlineData("requires_action", null)]
    [InlineData("requires_payment_method", null)]
    [InlineData("of_next_year", null)]
    public void An_intents_charge_is_as_far_as_the_intent(string status, PaymentState? state)
    {
        var intent = Read($$"""
            {"id":"pi_1","object":"payment_intent","amount":100,"amount_received":100,"currency":"usd","status":"{{status}}","latest_charge":"ch_1"}
            """);

        var payment = StripeMapping.ReadIntent(intent, "default")!.Snapshot.Payments.SingleOrDefault();

        Assert.Equal((state, state == PaymentState.Captured ? 100L : 0L), (payment?.State, payment?.Captured.MinorUnits ?? 0));
    }

    [Theory]
    [InlineData("canceled", "ch_1", PaymentState.Failed)]
    [InlineData("requires_payment_method", "ch_1", PaymentState.Failed)]
    [InlineData("canceled", "ch_0", PaymentState.Voided)]
    [InlineData("requires_payment_method", "ch_0", null)]
    [InlineData("succeeded", "ch_1", PaymentState.Captured)]
    public void A_charge_has_failed_when_the_last_error_is_its_own(string status, string failed, PaymentState? state)
    {
        var intent = Read($$"""
            {"id":"pi_1","object":"payment_intent","amount":100,"currency":"usd","status":"{{status}}","latest_charge":"ch_1",
             "last_payment_error":{"code":"card_declined","charge":"{{failed}}"} }
            """);

        Assert.Equal(state, StripeMapping.ReadIntent(intent, "default")!.Snapshot.Payments.SingleOrDefault()?.State);
    }

    [Theory]
    [InlineData("pending", false, PaymentState.Created)]
    [InlineData("pending", true, PaymentState.Captured)]
    [InlineData("succeeded", false, PaymentState.Authorized)]
    [InlineData("succeeded", true, PaymentState.Captured)]
    [InlineData("failed", false, PaymentState.Failed)]
    [InlineData("failed", true, PaymentState.Failed)]
    public void A_charge_is_what_its_status_and_its_capture_say(string status, bool captured, PaymentState state)
    {
        var charge = Read($$"""
            {"id":"ch_1","object":"charge","amount":100,"currency":"usd","captured":{{(captured ? "true" : "false")}},"status":"{{status}}"}
            """);

        Assert.Equal(state, StripeMapping.ReadCharge(charge, isReleased: false, received: null)!.State);
    }

    [Theory]
    [InlineData("failed", "\"declined\"", "declined")]
    [InlineData("failed", "null", "failed")]
    [InlineData("canceled", "null", "canceled")]
    [InlineData("succeeded", "\"declined\"", null)]
    public void A_refund_that_failed_says_why_and_whose_account_it_is(string status, string reason, string? code)
    {
        var read = StripeMapping.ReadRefund(
            Read($$"""{"id":"re_1","object":"refund","amount":100,"currency":"usd","status":"{{status}}","failure_reason":{{reason}} }"""), "north")!;

        Assert.Equal((code, "stripe", "north"), (Assert.Single(read.Refunds).ErrorCode, read.Provider, read.ProviderAccount));
    }

    [Theory]
    [InlineData("requires_capture", "null", true)]
    [InlineData("succeeded", "null", true)]
    [InlineData("requires_capture", "\"ch_1\"", false)]
    [InlineData("succeeded", "\"ch_1\"", false)]
    [InlineData("requires_payment_method", "null", false)]
    [InlineData("processing", "null", false)]
    [InlineData("canceled", "null", false)]
    public void An_intent_that_has_money_and_does_not_say_where_has_to_be_asked_about(string status, string charge, bool isIncomplete)
    {
        var intent = Read($$"""
            {"id":"pi_1","object":"payment_intent","amount":100,"currency":"usd","status":"{{status}}","latest_charge":{{charge}} }
            """);

        var snapshot = StripeMapping.ReadIntent(intent, "default")!.Snapshot;

        Assert.Equal((isIncomplete, status == "canceled"), (snapshot.IsIncomplete, snapshot.IsReferenceClosed));
    }

    private static StripeValue Read(string json) => StripeDocument.Parse(Encoding.UTF8.GetBytes(json)).Root;
}
