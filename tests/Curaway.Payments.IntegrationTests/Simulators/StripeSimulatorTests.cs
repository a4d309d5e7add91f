using System.Net;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Simulators;

public sealed class StripeSimulatorTests : IAsyncLifetime
{
    private StripeSimulator _stripe = null!;
    private StripeWire _wire = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _stripe = await StripeSimulator.StartAsync(new StripeSimulatorOptions { SlowAnswer = TimeSpan.FromSeconds(20) }, Ct);
        _wire = new StripeWire(_stripe);
    }

    public async ValueTask DisposeAsync()
    {
        _wire.Dispose();
        await _stripe.DisposeAsync();
    }

    [Fact]
    public async Task A_wrong_key_is_401_and_a_missing_object_404()
    {
        var unauthorized = await _wire.Post("/v1/payment_intents", "amount=100&currency=inr", secret: "sk_test_other");
        var missing = await _wire.Get("/v1/payment_intents/pi_unknown");
        Assert.Equal(HttpStatusCode.Unauthorized, unauthorized.Status);
        Assert.Equal(HttpStatusCode.NotFound, missing.Status);
        Assert.Equal("resource_missing", missing.Error["code"]!.ToString());
        Assert.StartsWith("req_", missing.Header("Request-Id"), StringComparison.Ordinal);
        Assert.Empty(_stripe.Ledger.PaymentIntents);
    }

    [Fact]
    public async Task Creating_holds_nothing_and_confirming_holds_the_amount_for_seven_days()
    {
        var created = await _wire.Create();
        Assert.Equal("requires_payment_method", created["status"]);
        Assert.Equal(0, _stripe.Ledger.HeldAmount("c1"));

        var confirmed = await _wire.Post($"/v1/payment_intents/{created["id"]}/confirm", "payment_method=pm_card_visa&expand[0]=latest_charge");
        Assert.Equal("requires_capture", confirmed["status"]);
        Assert.Equal("150000", confirmed["amount_capturable"]);
        Assert.Equal(150_000, _stripe.Ledger.HeldAmount("c1"));
        var charge = confirmed.Json["latest_charge"]!;
        var captureBefore = charge["payment_method_details"]!["card"]!["capture_before"]!.GetValue<long>();
        Assert.Equal(7 * 86_400, captureBefore - charge["created"]!.GetValue<long>());
    }

    [Fact]
    public async Task An_off_session_hold_is_shorter()
    {
        var answer = await _wire.Create(more: "&confirm=true&off_session=true&payment_method=pm_card_visa&expand[]=latest_charge");
        var charge = answer.Json["latest_charge"]!;
        var captureBefore = charge["payment_method_details"]!["card"]!["capture_before"]!.GetValue<long>();
        Assert.Equal((4 * 86_400) + (18 * 3_600), captureBefore - charge["created"]!.GetValue<long>());
    }

    [Fact]
    public async Task Payment_method_types_and_unknown_parameters_are_refused()
    {
        var types = await _wire.Create(more: "&payment_method_types[0]=card");
        var unknown = await _wire.Create(more: "&colour=red");
        Assert.Equal("payment_method_types_no_longer_supported", types.Error["code"]!.ToString());
        Assert.Equal("parameter_unknown", unknown.Error["code"]!.ToString());
        Assert.Equal(HttpStatusCode.BadRequest, unknown.Status);
    }

    [Theory]
    [InlineData("pm_card_chargeDeclined", "card_declined", "generic_decline")]
    [InlineData("pm_card_visa_chargeDeclined", "card_declined", "generic_decline")]
    [InlineData("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds")]
    public async Task A_declined_card_is_402_with_the_intent_embedded_and_a_failed_charge(string method, string code, string declineCode)
    {
        var answer = await _wire.Create(key: "k-decline", more: $"&confirm=true&payment_method={method}");
        Assert.Equal(HttpStatusCode.PaymentRequired, answer.Status);
        Assert.Equal(code, answer.Error["code"]!.ToString());
        Assert.Equal(declineCode, answer.Error["decline_code"]!.ToString());
        Assert.Equal("requires_payment_method", answer.Error["payment_intent"]!["status"]!.ToString());
        Assert.Equal("failed", Assert.Single(_stripe.Ledger.Charges).Status);
        Assert.Equal(0, _stripe.Ledger.AuthorizationCount("c1"));
    }

    [Fact]
    public async Task Authentication_is_an_action_on_session_and_a_decline_off_session()
    {
        var onSession = await _wire.Create(more: "&confirm=true&payment_method=pm_card_authenticationRequired");
        var offSession = await _wire.Create(more: "&confirm=true&off_session=true&payment_method=pm_card_authenticationRequired");
        Assert.Equal("requires_action", onSession["status"]);
        Assert.Equal(HttpStatusCode.PaymentRequired, offSession.Status);
        Assert.Equal("authentication_required", offSession.Error["code"]!.ToString());

        var failed = _stripe.AuthenticateAsPatient(onSession["client_secret"]!, succeeds: false);
        Assert.Equal("requires_payment_method", failed.Status);
        Assert.Equal("requires_capture", _stripe.PayAsPatient(onSession["client_secret"]!).Status);
        Assert.Equal(150_000, _stripe.Ledger.HeldAmount());
    }

    [Fact]
    public async Task A_partial_capture_makes_no_refund_and_lets_go_of_the_rest()
    {
        var id = await _wire.Authorized();
        var captured = await _wire.Post($"/v1/payment_intents/{id}/capture", "amount_to_capture=100000");
        Assert.Equal("succeeded", captured["status"]);
        Assert.Equal("100000", captured["amount_received"]);
        Assert.Empty(_stripe.Ledger.Refunds);
        Assert.Equal(0, _stripe.Ledger.HeldAmount("c1"));
        Assert.Equal(100_000, _stripe.Ledger.CapturedAmount("c1"));
    }

    [Fact]
    public async Task Wrong_states_answer_unexpected_state_with_the_intent_embedded()
    {
        var captured = await _wire.Authorized();
        await _wire.Post($"/v1/payment_intents/{captured}/capture");
        var canceled = await _wire.Authorized();
        await _wire.Post($"/v1/payment_intents/{canceled}/cancel", "cancellation_reason=requested_by_customer");

        foreach (var (path, status) in new[]
        {
            ($"/v1/payment_intents/{captured}/capture", "succeeded"), ($"/v1/payment_intents/{captured}/cancel", "succeeded"),
            ($"/v1/payment_intents/{canceled}/capture", "canceled"), ($"/v1/payment_intents/{canceled}/cancel", "canceled"),
        })
        {
            var answer = await _wire.Post(path);
            Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
            Assert.Equal("payment_intent_unexpected_state", answer.Error["code"]!.ToString());
            Assert.Equal(status, answer.Error["payment_intent"]!["status"]!.ToString());
        }
    }

    [Fact]
    public async Task Refunds_are_cumulative_and_never_exceed_the_capture()
    {
        var id = await _wire.Authorized();
        var uncaptured = await _wire.Post("/v1/refunds", $"payment_intent={id}");
        Assert.Equal(HttpStatusCode.BadRequest, uncaptured.Status);
        await _wire.Post($"/v1/payment_intents/{id}/capture");

        Assert.Equal("succeeded", (await _wire.Post("/v1/refunds", $"payment_intent={id}&amount=50000"))["status"]);
        var tooMuch = await _wire.Post("/v1/refunds", $"payment_intent={id}&amount=100001");
        Assert.Equal(HttpStatusCode.BadRequest, tooMuch.Status);
        Assert.Equal("100000", (await _wire.Post("/v1/refunds", $"payment_intent={id}"))["amount"]);
        var again = await _wire.Post("/v1/refunds", $"payment_intent={id}");
        Assert.Equal("charge_already_refunded", again.Error["code"]!.ToString());

        var charge = (await _wire.Get($"/v1/payment_intents/{id}?expand[0]=latest_charge")).Json["latest_charge"]!;
        Assert.Equal(150_000, charge["amount_refunded"]!.GetValue<long>());
        Assert.True(charge["refunded"]!.GetValue<bool>());
        var list = await _wire.Get($"/v1/refunds?payment_intent={id}&limit=100");
        Assert.Equal(2, list.Json["data"]!.AsArray().Count);
        Assert.Equal(2, _stripe.Ledger.RefundCount("c1"));
    }

    [Fact]
    public async Task A_refund_that_bounces_gives_its_amount_back()
    {
        var id = await _wire.Authorized();
        await _wire.Post($"/v1/payment_intents/{id}/capture");
        var refund = (await _wire.Post("/v1/refunds", $"payment_intent={id}"))["id"]!;
        _stripe.SettleRefund(refund, hasSucceeded: false);
        Assert.Equal("failed", (await _wire.Get($"/v1/refunds/{refund}"))["status"]);
        Assert.Equal(0, _stripe.Ledger.RefundedAmount("c1"));
        Assert.Equal(["refund.failed", "refund.updated"], _stripe.Webhooks.Pending.TakeLast(2).Select(e => e.Type));
    }

    [Fact]
    public async Task An_authorization_expires_when_the_clock_passes_its_window()
    {
        var id = await _wire.Authorized();
        _stripe.Clock.Advance(TimeSpan.FromDays(7) - TimeSpan.FromSeconds(5));
        Assert.Equal(150_000, _stripe.Ledger.HeldAmount("c1"));
        _stripe.Clock.Advance(TimeSpan.FromSeconds(6));
        var read = await _wire.Get($"/v1/payment_intents/{id}");
        Assert.Equal("canceled", read["status"]);
        Assert.Equal("expired", read["cancellation_reason"]);
        Assert.Equal(["charge.expired", "payment_intent.canceled"], _stripe.Webhooks.Pending.TakeLast(2).Select(e => e.Type));
    }

    [Fact]
    public async Task Lists_are_newest_first_and_filtered_by_creation_time()
    {
        var first = await _wire.Create();
        _stripe.Clock.Advance(TimeSpan.FromHours(1));
        var second = await _wire.Create();
        var since = second.Json["created"]!.GetValue<long>();
        var all = await _wire.Get("/v1/payment_intents?limit=100");
        var recent = await _wire.Get($"/v1/payment_intents?created[gte]={since}&limit=100");
        Assert.Equal([second["id"]!, first["id"]!], all.Json["data"]!.AsArray().Select(item => item!["id"]!.ToString()));
        Assert.Equal(second["id"], Assert.Single(recent.Json["data"]!.AsArray())!["id"]!.ToString());
    }

    [Fact]
    public async Task Saved_methods_pay_only_for_their_customer()
    {
        var mine = (await _wire.Post("/v1/customers"))["id"]!;
        var theirs = (await _wire.Post("/v1/customers"))["id"]!;
        var method = (await _wire.Post("/v1/payment_methods/pm_card_visa/attach", $"customer={mine}"))["id"]!;
        var swapped = await _wire.Create(more: $"&confirm=true&off_session=true&customer={theirs}&payment_method={method}");
        var own = await _wire.Create(more: $"&confirm=true&off_session=true&customer={mine}&payment_method={method}");
        Assert.Equal(HttpStatusCode.BadRequest, swapped.Status);
        Assert.Equal("requires_capture", own["status"]);
        await _wire.Post($"/v1/payment_methods/{method}/detach");
        Assert.Empty((await _wire.Get($"/v1/customers/{mine}/payment_methods")).Json["data"]!.AsArray());
    }

    [Fact]
    public async Task Several_simulators_in_one_process_share_nothing()
    {
        await using var other = await StripeSimulator.StartAsync(new StripeSimulatorOptions { SecretKey = "sk_test_second" }, Ct);
        using var otherWire = new StripeWire(other);
        await _wire.Authorized();
        Assert.NotEqual(_stripe.BaseAddress, other.BaseAddress);
        Assert.Equal(0, other.Ledger.HeldAmount());
        Assert.Equal("requires_capture", (await otherWire.Get($"/v1/payment_intents/{await otherWire.Authorized()}"))["status"]);
        Assert.Single(_stripe.Ledger.PaymentIntents);
    }
}
