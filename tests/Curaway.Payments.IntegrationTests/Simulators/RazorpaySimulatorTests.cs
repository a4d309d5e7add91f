using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Simulators;

public sealed class RazorpaySimulatorTests : IAsyncLifetime
{
    private RazorpaySimulator _razorpay = null!;
    private RazorpayWire _wire = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _razorpay = await RazorpaySimulator.StartAsync(ct: Ct);
        _wire = new RazorpayWire(_razorpay);
    }

    public async ValueTask DisposeAsync()
    {
        _wire.Dispose();
        await _razorpay.DisposeAsync();
    }

    [Fact]
    public async Task The_scheme_must_be_spelled_Basic()
    {
        Assert.Equal(HttpStatusCode.Unauthorized, (await _wire.Post("orders", "{}", scheme: "basic")).Status);
        Assert.Equal(HttpStatusCode.OK, (await _wire.Create()).Status);
    }

    [Fact]
    public async Task Orders_do_not_echo_capture_settings_and_refuse_unknown_fields_and_fractions()
    {
        var order = await _wire.Create();
        Assert.Equal("created", order["status"]);
        Assert.False(order.Json.ContainsKey("payment"));
        var extra = await _wire.Create(more: ",\"colour\":\"red\"");
        Assert.Equal("extra_field_sent", extra.Error["reason"]!.ToString());
        var fraction = await _wire.Post("orders", """{"amount":500.5,"currency":"INR"}""");
        Assert.Equal("The amount must be an integer.", fraction.Error["description"]!.ToString());
        var small = await _wire.Post("orders", """{"amount":99,"currency":"INR"}""");
        Assert.Equal("amount_less_than_minimum_amount", small.Error["reason"]!.ToString());
        var bare = await _wire.Post("orders", """{"amount":500,"currency":"INR"}""");
        Assert.IsType<JsonArray>(bare.Json["notes"]);
    }

    [Fact]
    public async Task Paying_returns_the_signature_of_order_and_payment()
    {
        var order = (await _wire.Create())["id"]!;
        var paid = _razorpay.PayAsPatient(order, "4100 2800 0000 1007");
        var expected = HMACSHA256.HashData(Encoding.UTF8.GetBytes(_razorpay.Options.KeySecret), Encoding.UTF8.GetBytes($"{order}|{paid.PaymentId}"));
        Assert.Equal(Convert.ToHexStringLower(expected), paid.Signature);
        Assert.Equal("authorized", (await _wire.Get($"payments/{paid.PaymentId}"))["status"]);
        Assert.Equal("attempted", (await _wire.Get($"orders/{order}"))["status"]);
        Assert.Equal(50_000, _razorpay.Ledger.HeldAmount("c1"));
    }

    [Fact]
    public async Task A_decline_can_be_tried_again_and_a_second_payment_beside_an_authorized_one_is_refused()
    {
        var order = (await _wire.Create())["id"]!;
        Assert.Null(_razorpay.PayAsPatient(order, "failure@razorpay").Signature);
        Assert.NotNull(_razorpay.PayAsPatient(order).Signature);
        Assert.Throws<ArgumentException>(() => _razorpay.PayAsPatient(order));
        var payments = await _wire.Get($"orders/{order}/payments");
        Assert.Equal(["authorized", "failed"], payments.Json["items"]!.AsArray().Select(item => item!["status"]!.ToString()));
    }

    [Fact]
    public async Task Capture_needs_the_exact_amount_and_answers_a_repeat_with_400()
    {
        var payment = await _wire.Authorized();
        Assert.Equal(HttpStatusCode.BadRequest, (await _wire.Capture(payment, 40_000)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await _wire.Capture(payment, 50_000, "USD")).Status);
        Assert.Equal("captured", (await _wire.Capture(payment))["status"]);
        var repeat = await _wire.Capture(payment);
        Assert.Equal("This payment has already been captured", repeat.Error["description"]!.ToString());
        Assert.Equal("NA", repeat.Error["reason"]!.ToString());
        Assert.Equal(payment["pay_".Length..], repeat.Error["metadata"]!["payment_id"]!.ToString());
        Assert.Equal(1, _razorpay.Ledger.CaptureCount("c1"));
    }

    [Fact]
    public async Task Unknown_ids_are_400_and_an_unrouted_capture_404_without_error()
    {
        var unknown = await _wire.Get("payments/pay_00000000000000");
        Assert.Equal("The id provided does not exist", unknown.Error["description"]!.ToString());
        _razorpay.Options.AnswersUnknownCaptureWith404 = true;
        var capture = await _wire.Capture("pay_00000000000000");
        Assert.Equal(HttpStatusCode.NotFound, capture.Status);
        Assert.False(capture.Json.ContainsKey("error"));
    }

    [Fact]
    public async Task An_uncaptured_payment_is_refunded_when_its_window_has_passed()
    {
        var payment = await _wire.Authorized();
        _razorpay.Clock.Advance(TimeSpan.FromMinutes(4320));
        var read = await _wire.Get($"payments/{payment}");
        Assert.Equal("refunded", read["status"]);
        Assert.False(read.Json["captured"]!.GetValue<bool>());
        Assert.True(Assert.Single(_razorpay.Ledger.Refunds).IsRelease);
        Assert.Equal(0, _razorpay.Ledger.RefundedAmount("c1"));
        Assert.Equal(HttpStatusCode.BadRequest, (await _wire.Capture(payment)).Status);
    }

    [Fact]
    public async Task A_failed_payment_can_be_authorized_late_and_goes_back_when_the_order_is_paid()
    {
        var order = (await _wire.Create())["id"]!;
        var failed = _razorpay.PayAsPatient(order, "failure@razorpay").PaymentId;
        await _wire.Capture(_razorpay.PayAsPatient(order).PaymentId);
        _razorpay.LateAuthorize(failed);
        Assert.Equal("refunded", (await _wire.Get($"payments/{failed}"))["status"]);

        var other = _razorpay.PayAsPatient((await _wire.Create("r2"))["id"]!, "failure@razorpay").PaymentId;
        _razorpay.LateAuthorize(other);
        Assert.Equal("authorized", (await _wire.Get($"payments/{other}"))["status"]);
    }

    [Fact]
    public async Task The_refund_key_replays_and_guards()
    {
        var payment = await _wire.Captured();
        const string Half = """{"amount":25000}""";
        var first = await _wire.Post($"payments/{payment}/refund", Half, "refund-key-1");
        var second = await _wire.Post($"payments/{payment}/refund", Half, "refund-key-1");
        var other = await _wire.Post($"payments/{payment}/refund", """{"amount":20000}""", "refund-key-1");
        var shortKey = await _wire.Post($"payments/{payment}/refund", Half, "short");
        var badKey = await _wire.Post($"payments/{payment}/refund", Half, "refund:key:1");
        Assert.Equal(first.Body, second.Body);
        Assert.Equal(HttpStatusCode.Conflict, other.Status);
        Assert.Equal(HttpStatusCode.BadRequest, shortKey.Status);
        Assert.Equal(HttpStatusCode.BadRequest, badKey.Status);
        Assert.Equal(25_000, _razorpay.Ledger.RefundedAmount("c1"));
        Assert.Equal(1, _razorpay.Ledger.RefundCount("c1"));
    }

    [Fact]
    public async Task A_refund_key_in_flight_is_409()
    {
        var payment = await _wire.Captured();
        _razorpay.Faults.Next(RazorpayCall.Refund, SimulatorFault.Delay(TimeSpan.FromSeconds(2)).BeforeExecution());
        var slow = _wire.Post($"payments/{payment}/refund", "{}", "refund-key-1");
        while (_razorpay.Ledger.Calls[^1].Operation != nameof(RazorpayCall.Refund)) await Task.Delay(5, Ct);
        await Task.Delay(50, Ct);
        Assert.Equal(HttpStatusCode.Conflict, (await _wire.Post($"payments/{payment}/refund", "{}", "refund-key-1")).Status);
        Assert.Equal(HttpStatusCode.OK, (await slow).Status);
        Assert.Equal(1, _razorpay.Ledger.RefundCount("c1"));
    }

    [Fact]
    public async Task Refund_refusals_follow_the_table()
    {
        var authorized = await _wire.Authorized();
        var captured = await _wire.Captured("r2");
        async Task<string> Refused(string payment, string body) =>
            (await _wire.Post($"payments/{payment}/refund", body)).Error["description"]!.ToString();

        Assert.Equal("The payment status should be captured for action to be taken.", await Refused(authorized, "{}"));
        Assert.Equal("Amount cannot be blank.", await Refused(captured, """{"amount":0}"""));
        Assert.Equal("The refund amount provided is greater than amount captured.", await Refused(captured, """{"amount":50001}"""));
        var partial = await _wire.Post($"payments/{captured}/refund", """{"amount":10000,"receipt":"op1"}""");
        Assert.Equal("processed", partial["status"]);
        Assert.Equal("partial", (await _wire.Get($"payments/{captured}"))["refund_status"]);
        Assert.Equal("Duplicate receipt found for this refund request.", await Refused(captured, """{"amount":10000,"receipt":"op1"}"""));
        Assert.Equal("40000", (await _wire.Post($"payments/{captured}/refund", "{}"))["amount"]);
        Assert.Equal("The payment has been fully refunded already.", await Refused(captured, "{}"));
        Assert.Equal("refunded", (await _wire.Get($"payments/{captured}"))["status"]);

        _razorpay.Options.AllowsRefundOfAuthorized = true;
        Assert.Equal("Void is not supported for partial refunds.", await Refused(authorized, """{"amount":10000}"""));
        Assert.Equal("processed", (await _wire.Post($"payments/{authorized}/refund", "{}"))["status"]);
        Assert.Equal(0, _razorpay.Ledger.HeldAmount("c1"));
    }

    [Fact]
    public async Task The_receipt_mode_decides_what_a_second_order_does()
    {
        var first = await _wire.Create();
        Assert.NotEqual(first["id"], (await _wire.Create())["id"]);
        _razorpay.Options.ReceiptMode = RazorpayReceiptMode.Unique400;
        Assert.Equal("Order receipt should be unique.", (await _wire.Create()).Error["description"]!.ToString());
        _razorpay.Options.ReceiptMode = RazorpayReceiptMode.SameOrder;
        Assert.Equal(first["id"], (await _wire.Create(more: ",\"unique_receipt\":true"))["id"]);
        Assert.Equal(2, _razorpay.Ledger.Orders.Count);
    }

    [Fact]
    public async Task A_new_order_shows_under_its_receipt_after_the_lag()
    {
        _razorpay.Options.ReceiptListingLag = TimeSpan.FromSeconds(5);
        var order = await _wire.Create("lagging");
        Assert.Equal("0", (await _wire.Get("orders?receipt=lagging"))["count"]);
        _razorpay.Clock.Advance(TimeSpan.FromSeconds(6));
        var found = await _wire.Get("orders?receipt=lagging&count=100");
        Assert.Equal(order["id"], Assert.Single(found.Json["items"]!.AsArray())!["id"]!.ToString());
    }

    [Fact]
    public async Task An_order_that_asks_for_nothing_is_captured_at_once()
    {
        var order = await _wire.Post("orders", """{"amount":50000,"currency":"INR","receipt":"auto","notes":{"charge_id":"c9"}}""");
        Assert.Equal("captured", _razorpay.PayAsPatient(order["id"]!).Status);
        Assert.Equal(["payment.authorized", "payment.captured", "order.paid"], _razorpay.Webhooks.Pending.Select(e => e.Type));
    }
}
