using System.Text;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.ContractTests.Stripe;

/// <summary>What Stripe's events say, once their signature holds.</summary>
public sealed class StripeEventTests : IDisposable
{
    private const string ChargeId = "01940000-0000-7000-8000-0000000000cc";
    private const string OperationId = "01940000-0000-7000-8000-0000000000aa";

    private readonly ServiceProvider _services;

    public StripeEventTests()
    {
        var services = new ServiceCollection();
        new PaymentsBuilder(services).AddStripe(_ => { });
        _services = services.BuildServiceProvider();
    }

    public void Dispose() => _services.Dispose();

    [Theory]
    [InlineData("\"2026-10-28.endive\"", null)]
    [InlineData("\"2026-09-30.endive\"", null)]
    [InlineData("\"2025-03-31.basil\"", "api_version 2025-03-31.basil")]
    [InlineData("\"2024-06-20\"", "api_version 2024-06-20")]
    [InlineData("\"<script>\"", "api_version other")]
    [InlineData("null", null)]
    public void Another_api_version_is_a_warning_and_no_error(string version, string? warning)
    {
        var reading = Reread(StripeAnswers.Event("payment_intent.canceled", StripeAnswers.Intent("canceled"), version));

        Assert.Equal((WebhookVerdict.Accepted, warning), (reading.Verdict, reading.Warning));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("\u0000")]
    [InlineData("""{"id":"evt_1","object":"event","type":"payment_intent.succeeded"}""")]
    [InlineData("""{"id":"evt_1","object":"event","type":"payment_intent.succeeded","data":null}""")]
    [InlineData("""{"id":"evt_1","object":"event","type":"payment_intent.succeeded","data":{"object":{}}}""")]
    [InlineData("""{"id":"evt_1","object":"event","type":"payment_intent.succeeded","data":{"object":[]}}""")]
    [InlineData("""{"id":"evt_\u0000","object":"event","type":"payment_intent.succeeded","data":{"object":{}}}""")]
    [InlineData("""{"id":"evt_1","object":"event","type":"a b","data":{"object":{}}}""")]
    [InlineData("""{"id":"evt_1","object":"event","type":"refund.created","data":{"object":{"id":"re_1","object":"refund","amount":1.5,"currency":"usd","status":"pending"}}}""")]
    [InlineData("""{"id":"evt_1","object":"event","type":"refund.created","data":{"object":{"id":"re_1","object":"refund","amount":1e400,"currency":"usd","status":"pending"}}}""")]
    [InlineData("""{"id":"evt_1","object":"event","type":"refund.created","data":{"object":{"id":"\ud800","object":"refund"}}}""")]
    [Trait("Promise", "P18")]
    public void What_is_signed_but_unreadable_is_kept_for_a_human(string body) =>
        Assert.Equal(WebhookVerdict.Unreadable, Reread(body).Verdict);

    [Theory]
    [InlineData("payment_intent.succeeded", """{"id":"pi_1","object":"payment_intent","amount":"150000","currency":"usd","status":"succeeded"}""", "pi_1")]
    [InlineData("payment_intent.canceled", """{"id":"pi_1","object":"payment_intent"}""", "pi_1")]
    [InlineData("charge.refunded", """{"id":"ch_1","object":"charge","payment_intent":"pi_1","amount_refunded":1.5}""", "pi_1")]
    [InlineData("charge.expired", """{"id":"ch_1","object":"charge","payment_intent":{"id":"pi_1"}}""", "pi_1")]
    [InlineData("refund.failed", """{"id":"re_1","object":"refund","payment_intent":"pi_1","status":"unheard_of"}""", "pi_1")]
    [InlineData("payment_intent.succeeded", """{"id":"pi_../x","object":"payment_intent"}""", null)]
    [InlineData("refund.failed", """{"id":"re_1","object":"refund","payment_intent":7}""", null)]
    [InlineData("charge.dispute.created", """{"id":"dp_1","object":"dispute","payment_intent":"pi_1","amount":"x"}""", null)]
    [InlineData("invoice.paid", """{"id":"in_1","object":"invoice","payment_intent":"pi_1","total":"x"}""", null)]
    [Trait("Promise", "P18")]
    public void Of_what_cannot_be_read_safely_only_its_intent_is_believed_and_then_read(string type, string json, string? intent)
    {
        var reading = Reread(StripeAnswers.Event(type, json));

        Assert.Equal(intent is null ? WebhookVerdict.Unreadable : WebhookVerdict.Accepted, reading.Verdict);
        if (intent is not null)
        {
            Assert.Equal("unreadable, the provider is asked", reading.Warning);
            Assert.Equal(
                new ProviderSnapshot { Provider = "stripe", Reference = intent, IsIncomplete = true },
                reading.Snapshot! with { ProviderAccount = "default", IsLiveMode = null });
        }
    }

    [Fact]
    public void That_the_provider_is_asked_says_more_than_another_api_version()
    {
        var body = StripeAnswers.Event("payment_intent.canceled", """{"id":"pi_1","object":"payment_intent"}""", apiVersion: "\"2024-06-20\"");

        Assert.Equal("unreadable, the provider is asked", Reread(body).Warning);
    }

    [Fact]
    [Trait("Promise", "P18")]
    public void Bytes_that_are_no_utf8_and_depth_without_end_are_unreadable()
    {
        byte[] invalid = [.. "{\"id\":\"evt_"u8, 0xFF, .. "\",\"type\":\"refund.created\"}"u8];
        var deep = string.Concat(Enumerable.Repeat("[", 65)) + string.Concat(Enumerable.Repeat("]", 65));

        Assert.Equal(WebhookVerdict.Unreadable, Reader.Reread(invalid, "default").Verdict);
        Assert.Equal(WebhookVerdict.Unreadable, Reread(deep).Verdict);
    }

    [Theory]
    [InlineData("payment_intent.succeeded", "succeeded", PaymentState.Captured)]
    [InlineData("payment_intent.canceled", "canceled", PaymentState.Voided)]
    [InlineData("payment_intent.amount_capturable_updated", "requires_capture", PaymentState.Authorized)]
    public void An_intent_tells_its_payment_by_its_own_status(string type, string status, PaymentState state)
    {
        var intent = StripeAnswers.Intent(
            status, StripeAnswers.Metadata(ChargeId, OperationId), received: status == "succeeded" ? 150_000 : 0, latestCharge: "\"ch_9\"");

        var reading = Reread(StripeAnswers.Event(type, intent));

        Assert.Equal((WebhookVerdict.Accepted, "evt_1Contract", type), (reading.Verdict, reading.EventId, reading.EventType));
        var snapshot = reading.Snapshot!;
        Assert.Equal((ChargeId, OperationId), (snapshot.ChargeId.ToString(), snapshot.OperationId.ToString()));
        Assert.Equal(("stripe", "default", false), (snapshot.Provider, snapshot.ProviderAccount, snapshot.IsLiveMode));
        Assert.Equal((StripeAnswers.IntentId, status == "canceled", false), (snapshot.Reference, snapshot.IsReferenceClosed, snapshot.IsIncomplete));
        Assert.Equal(("ch_9", state), (snapshot.Payments[0].Reference, snapshot.Payments[0].State));
        Assert.Equal(status == "succeeded" ? 150_000 : 0, snapshot.Payments[0].Captured.MinorUnits);
    }

    [Fact]
    public void A_failed_attempt_marks_the_payment_and_not_the_charge()
    {
        const string Error = """{"type":"card_error","code":"card_declined","decline_code":"do_not_honor","charge":"ch_9"}""";
        var intent = StripeAnswers.Intent("requires_payment_method", latestCharge: "\"ch_9\"", lastError: Error);

        var snapshot = Reread(StripeAnswers.Event("payment_intent.payment_failed", intent)).Snapshot!;

        Assert.Equal((PaymentState.Failed, "do_not_honor"), (snapshot.Payments[0].State, snapshot.Payments[0].ErrorCode));
        Assert.Equal((ErrorCodes.ChargeFailed, "do_not_honor"), (snapshot.Error!.Code, snapshot.Error.Reason));
        Assert.False(snapshot.IsAuthorizationFailed);
    }

    [Fact]
    public void A_type_that_contradicts_its_object_only_makes_us_ask()
    {
        var snapshot = Reread(StripeAnswers.Event("payment_intent.succeeded", StripeAnswers.Intent("requires_capture", latestCharge: "\"ch_9\""))).Snapshot!;

        Assert.True(snapshot.IsIncomplete);
        Assert.Empty(snapshot.Payments);
        Assert.Equal(StripeAnswers.IntentId, snapshot.Reference);
    }

    [Fact]
    public void A_captured_intent_without_its_charge_makes_us_ask() =>
        Assert.True(Reread(StripeAnswers.Event("payment_intent.succeeded", StripeAnswers.Intent("succeeded", received: 150_000))).Snapshot!.IsIncomplete);

    [Fact]
    public void A_refunded_charge_is_a_running_total_and_no_refund()
    {
        var charge = StripeAnswers.Charge(captured: true, amountCaptured: 150_000, amountRefunded: 50_000);

        var snapshot = Reread(StripeAnswers.Event("charge.refunded", charge)).Snapshot!;

        Assert.Empty(snapshot.Refunds);
        Assert.Equal(50_000, snapshot.RefundedTotal!.Value.MinorUnits);
        Assert.Equal(StripeAnswers.IntentId, snapshot.Reference);
    }

    [Fact]
    public void A_refunded_charge_that_was_never_captured_is_an_old_endpoints_void() =>
        Assert.Equal(WebhookVerdict.Ignored, Reread(StripeAnswers.Event("charge.refunded", StripeAnswers.Charge(amountRefunded: 150_000))).Verdict);

    [Fact]
    public void An_expired_charge_holds_nothing_any_more()
    {
        var payment = Assert.Single(Reread(StripeAnswers.Event("charge.expired", StripeAnswers.Charge())).Snapshot!.Payments);

        Assert.Equal((StripeAnswers.ChargeId, PaymentState.Voided), (payment.Reference, payment.State));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("\"soon\"")]
    [InlineData("253402300800")]
    public void An_end_of_the_hold_that_was_not_told_is_unknown_and_not_1970(string captureBefore) =>
        Assert.Null(Reread(StripeAnswers.Event("charge.expired", StripeAnswers.Charge(captureBefore: captureBefore))).Snapshot!.Payments[0].CaptureBefore);

    [Theory]
    [InlineData("refund.created", "pending", RefundState.Pending, null)]
    [InlineData("refund.updated", "succeeded", RefundState.Succeeded, null)]
    [InlineData("refund.failed", "failed", RefundState.Failed, "expired_or_canceled_card")]
    public void A_refund_carries_our_operation_and_the_events_mode(string type, string status, RefundState state, string? errorCode)
    {
        var refund = StripeAnswers.Refund(status, StripeAnswers.Metadata(ChargeId, OperationId), failureReason: "\"expired_or_canceled_card\"");

        var snapshot = Reread(StripeAnswers.Event(type, refund)).Snapshot!;

        var read = Assert.Single(snapshot.Refunds);
        Assert.Equal((StripeAnswers.RefundId, state, errorCode), (read.Reference, read.State, read.ErrorCode));
        Assert.Equal((OperationId, StripeAnswers.ChargeId), (read.OperationId.ToString(), read.PaymentReference));
        Assert.Equal((StripeAnswers.IntentId, false), (snapshot.Reference, snapshot.IsLiveMode));
    }

    [Theory]
    [InlineData("invoice.paid", """{"id":"in_1","object":"invoice"}""")]
    [InlineData("payment_intent.created", "{}")]
    [InlineData("v2.core.account.updated", "null")]
    [InlineData("payment_intent.requires_action", "{}")]
    [InlineData("charge.succeeded", "{}")]
    [InlineData("charge.captured", "{}")]
    [InlineData("charge.updated", "{}")]
    [InlineData("charge.failed", "{}")]
    [InlineData("charge.refund.updated", "{}")]
    [InlineData("invoice.marked_uncollectible", "{}")]
    [InlineData("charge.dispute.created", """{"id":"dp_1","object":"dispute","payment_intent":null}""")]
    public void What_we_do_not_act_on_is_ignored(string type, string subject) =>
        Assert.Equal(WebhookVerdict.Ignored, Reread(StripeAnswers.Event(type, subject)).Verdict);

    [Fact]
    public void A_thin_event_of_another_destination_is_ignored()
    {
        const string Thin =
            """
            {"id":"evt_1","object":"v2.core.event","type":"v1.payment_intent.succeeded","livemode":false,"created":"2026-11-20T09:00:00Z",
             "related_object":{"id":"pi_1","type":"payment_intent","url":"/v1/payment_intents/pi_1"}}
            """;

        Assert.Equal(WebhookVerdict.Ignored, Reread(Thin).Verdict);
    }

    [Fact]
    public void The_reading_keeps_no_text_of_the_payload()
    {
        var intent = StripeAnswers.Intent("succeeded", received: 150_000, latestCharge: "\"ch_9\"")
            .Replace("\"status\"", "\"receipt_email\":\"jane@canary.example\",\"description\":\"Jane Canary\",\"status\"", StringComparison.Ordinal);

        var reading = Reread(StripeAnswers.Event("payment_intent.succeeded", intent));

        var stored = PaymentsJson.Serialize(reading.Snapshot);
        Assert.DoesNotContain("canary", stored, StringComparison.OrdinalIgnoreCase);
    }

    private IWebhookReader Reader => _services.GetRequiredService<IWebhookReader>();

    private WebhookReading Reread(string body) => Reader.Reread(Encoding.UTF8.GetBytes(body), "default");
}
