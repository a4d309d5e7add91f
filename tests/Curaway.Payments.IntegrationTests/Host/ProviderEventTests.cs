using System.Net.Http.Headers;
using System.Text;
using Curaway.Payments.IntegrationTests.Providers;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>What happens at a provider without us, told through the host's own endpoint over real sockets.</summary>
public sealed class ProviderEventTests(HostFixture host) : IClassFixture<HostFixture>
{
    [Theory]
    [InlineData("stripe", "charge.dispute.closed", "won")]
    [InlineData("stripe", "charge.dispute.closed", "lost")]
    [InlineData("razorpay", "payment.dispute.won", "won")]
    [InlineData("razorpay", "payment.dispute.lost", "lost")]
    [InlineData("razorpay", "payment.dispute.closed", "closed")]
    public async Task A_dispute_is_kept_alerted_and_blocks_refunds_until_it_is_decided_for_us(string provider, string type, string end)
    {
        var charge = await CapturedAsync(provider);
        await DisputeAsync(provider, charge, provider == "stripe" ? "charge.dispute.created" : "payment.dispute.created", provider == "stripe" ? "needs_response" : "open");
        Assert.Equal("open", await host.TextAsync("SELECT state FROM charge_disputes WHERE charge_id = @id", charge.Id));
        Assert.Equal(1, await AlertsAsync(charge.Id, "dispute"));
        (await RefundAsync(charge.Id, "k1")).Expect(409, ErrorCodes.StateConflict);

        await DisputeAsync(provider, charge, type, end);
        Assert.Equal(end, await host.TextAsync("SELECT state FROM charge_disputes WHERE charge_id = @id", charge.Id));
        Assert.Equal(2, await AlertsAsync(charge.Id, "dispute"));
        (await RefundAsync(charge.Id, "k2")).Expect(end == "lost" ? 409 : 200);
    }

    [Theory]
    [InlineData("charge.expired")]
    [InlineData("payment_intent.canceled")]
    public async Task A_hold_that_runs_out_at_Stripe_is_voided_by_either_event_and_told(string type)
    {
        var patient = host.Patient();
        var consultation = await patient.BookAsync();
        var charge = await host.ChargeIdOfAsync(consultation);
        await host.DrainAsync();
        host.Stripe.Webhooks.Script = webhook => webhook.Type == type ? WebhookStep.Deliver : WebhookStep.Drop;
        host.Stripe.Clock.Advance(TimeSpan.FromDays(8));
        await host.DrainAsync();
        host.Stripe.Webhooks.Script = null;

        await HostFixture.EventuallyAsync("voided", () => host.ChargeStatusOfAsync(consultation));
        Assert.Equal(0, host.Stripe.Ledger.HeldAmount(charge));
        Assert.Equal(1, await AlertsAsync(charge, "authorization_expired"));
    }

    [Fact]
    public async Task A_refund_Razorpay_makes_by_itself_of_money_never_captured_is_a_release_and_told()
    {
        var (consultation, order) = await PaidInIndiaAsync();
        var charge = await host.ChargeIdOfAsync(consultation);
        var payment = host.Razorpay.Ledger.Payments.Single(payment => payment.OrderId == order).Id;
        host.Razorpay.AutoRefund(payment);
        await host.DrainAsync();

        Assert.Equal("voided", await host.ChargeStatusOfAsync(consultation));
        Assert.Equal(0, await host.CountAsync("SELECT captured_cents + refunded_cents FROM consultation_charges WHERE id = @id", charge));
        Assert.Equal("1 0", await host.TextAsync(
            "SELECT (SELECT count(*) FROM charge_refunds WHERE charge_id = @id) || ' ' || (SELECT captured_cents FROM charge_payments WHERE charge_id = @id)", charge));
        Assert.Equal(1, await AlertsAsync(charge, "authorization_expired"));
    }

    [Fact]
    public async Task A_payment_that_failed_and_is_authorized_late_books_the_consultation()
    {
        var patient = host.Patient();
        var id = await patient.RequestInIndiaAsync();
        var order = (await patient.OpenCheckoutAsync((await patient.ScheduleAsync(id)).Expect(200)))["order_id"]!.ToString();
        var failed = host.Razorpay.PayAsPatient(order, "failure@razorpay");
        await host.DrainAsync();
        Assert.Equal(("pending", "failed"), (
            await host.ChargeStatusOfAsync(id), await host.TextAsync("SELECT state FROM charge_payments WHERE reference = @id", failed.PaymentId)));

        host.Razorpay.LateAuthorize(failed.PaymentId);
        await HostFixture.EventuallyAsync("scheduled", () => host.StatusOfAsync(id));
        Assert.Equal("authorized", await host.ChargeStatusOfAsync(id));
        Assert.Equal(1, await host.SessionsOfAsync(id));
    }

    [Theory]
    [InlineData("stripe")]
    [InlineData("razorpay")]
    public async Task A_refund_that_was_under_way_and_fails_is_taken_back_and_told(string provider)
    {
        var charge = await CapturedAsync(provider);
        host.Stripe.Options.RefundsStartPending = host.Razorpay.Options.RefundsStartPending = true;
        try
        {
            (await RefundAsync(charge.Id, "k1")).Expect(202);
        }
        finally
        {
            host.Stripe.Options.RefundsStartPending = host.Razorpay.Options.RefundsStartPending = false;
        }

        await host.DrainAsync();
        var refund = (await host.TextAsync("SELECT reference FROM charge_refunds WHERE charge_id = @id AND state = 'pending'", charge.Id))!;
        Assert.Equal("refunded", await host.ChargeStatusOfAsync(charge.Consultation));
        if (provider == "stripe")
            host.Stripe.SettleRefund(refund, hasSucceeded: false);
        else
            host.Razorpay.SettleRefund(refund, hasSucceeded: false);
        await host.DrainAsync();

        Assert.Equal("failed", await host.TextAsync("SELECT state FROM charge_refunds WHERE reference = @id", refund));
        Assert.Equal("captured", await host.ChargeStatusOfAsync(charge.Consultation));
        Assert.Equal(0, await host.CountAsync("SELECT refunded_cents FROM consultation_charges WHERE id = @id", charge.Id));
        Assert.Equal(1, await AlertsAsync(charge.Id, "refund_failed"));
    }

    [Theory]
    [InlineData("stripe", "invoice.finalized", "open", "open")]
    [InlineData("stripe", "invoice.paid", "paid", "paid")]
    [InlineData("stripe", "invoice.payment_succeeded", "paid", "paid")]
    [InlineData("razorpay", "invoice.paid", "paid", "paid")]
    [InlineData("razorpay", "invoice.expired", "expired", "expired")]
    public async Task An_invoice_that_names_the_charge_is_kept_beside_it(string provider, string type, string status, string kept)
    {
        var charge = await CapturedAsync(provider);
        if (provider == "stripe")
            host.Stripe.EmitEvent(type, EventBodies.StripeInvoice(charge.Id, charge.Amount, status));
        else
            host.Razorpay.EmitEvent(type, EventBodies.RazorpayInvoice(charge.Id, charge.Amount, status));
        await host.DrainAsync();

        Assert.Equal(
            $"{kept} A-1 https://example.test/i/1",
            await host.TextAsync("SELECT state || ' ' || number || ' ' || hosted_url FROM charge_invoices WHERE charge_id = @id", charge.Id));
        Assert.Equal("captured", await host.ChargeStatusOfAsync(charge.Consultation));
        Assert.Equal(0, await AlertsAsync(charge.Id, "money_conflict"));
    }

    [Fact]
    public async Task An_event_of_live_mode_moves_no_charge_of_test_mode_and_is_told()
    {
        var consultation = await host.Patient().BookAsync();
        var charge = await host.ChargeIdOfAsync(consultation);
        var reference = (await host.TextAsync("SELECT provider_reference FROM consultation_charges WHERE id = @id", charge))!;
        await host.DrainAsync();
        var body = $$"""
            {"id":"evt_{{charge.Replace("-", "", StringComparison.Ordinal)}}","object":"event","api_version":"2026-10-28.endive","livemode":true,
             "type":"payment_intent.canceled","created":1795165200,"data":{"object":{"id":"{{reference}}","object":"payment_intent","amount":5000,
             "amount_capturable":0,"amount_received":0,"capture_method":"manual","currency":"usd","livemode":true,"status":"canceled",
             "metadata":{"charge_id":"{{charge}}"},"latest_charge":null} } }
            """;
        var signed = host.Stripe.Webhooks.Sign(Encoding.UTF8.GetBytes(body));
        using var content = new ByteArrayContent(signed.Body.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var headers = signed.Headers.Where(header => header.Key != "Content-Type").Select(header => (header.Key, header.Value));
        (await host.Anonymous().SendRawAsync(HttpMethod.Post, "/api/v1/webhooks/stripe", content, [.. headers])).Expect(200);

        Assert.Equal("authorized", await host.ChargeStatusOfAsync(consultation));
        Assert.Equal(1, await host.CountAsync("SELECT count(*) FROM audit_log WHERE charge_id = @id AND details LIKE '%other_mode%'", charge));
        Assert.Equal(1, await AlertsAsync(charge, "money_conflict"));
    }

    /// <summary>A charge that was captured, in its provider's words.</summary>
    private sealed record Captured(string Consultation, string Id, string Reference, string Payment, long Amount);

    private Task<long> AlertsAsync(string charge, string category) => host.CountAsync(
        $"SELECT count(*) FROM alert_outbox WHERE charge_id = @id AND category = '{category}' AND severity = 'critical'", charge);

    private Task<HostAnswer> RefundAsync(string charge, string key) =>
        host.Admin().PostAsync($"/api/v1/admin/charges/{charge}/refund", AdminCalls.Refund(null), key);

    private async Task DisputeAsync(string provider, Captured charge, string type, string status)
    {
        if (provider == "stripe")
            host.Stripe.EmitEvent(type, EventBodies.StripeDispute(charge.Reference, charge.Payment, charge.Amount, status));
        else
            host.Razorpay.EmitEvent(type, EventBodies.RazorpayDispute(charge.Id, charge.Reference, charge.Payment, charge.Amount, status));
        await host.DrainAsync();
    }

    private async Task<Captured> CapturedAsync(string provider)
    {
        var consultation = provider == "stripe" ? await host.Patient().BookAsync() : (await PaidInIndiaAsync()).Consultation;
        await HostFixture.EventuallyAsync("scheduled", () => host.StatusOfAsync(consultation));
        var clinician = host.Clinician();
        (await clinician.StartAsync(consultation)).Expect(200);
        Assert.Equal("done", (await clinician.EndAsync(consultation)).Expect(200)["settlement"]);
        await host.DrainAsync();
        var id = await host.ChargeIdOfAsync(consultation);
        return new Captured(
            consultation,
            id,
            (await host.TextAsync("SELECT provider_reference FROM consultation_charges WHERE id = @id", id))!,
            (await host.TextAsync("SELECT reference FROM charge_payments WHERE charge_id = @id", id))!,
            await host.CountAsync("SELECT captured_cents FROM consultation_charges WHERE id = @id", id));
    }

    private async Task<(string Consultation, string Order)> PaidInIndiaAsync()
    {
        var patient = host.Patient();
        var id = await patient.RequestInIndiaAsync();
        var order = (await patient.OpenCheckoutAsync((await patient.ScheduleAsync(id)).Expect(200)))["order_id"]!.ToString();
        Assert.Equal("authorized", host.Razorpay.PayAsPatient(order).Status);
        await HostFixture.EventuallyAsync("authorized", () => host.ChargeStatusOfAsync(id));
        return (id, order);
    }
}
