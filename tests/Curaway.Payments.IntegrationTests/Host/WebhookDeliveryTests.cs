using System.Net.Http.Headers;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>What the providers' webhooks do to consultations, over real sockets and signed as the providers sign.</summary>
public sealed class WebhookDeliveryTests(HostFixture host) : IClassFixture<HostFixture>
{
    [Theory]
    [InlineData("/api/v1/webhooks/stripe")]
    [InlineData("/api/v1/mso/webhooks/stripe")]
    [Trait("Promise", "P13")]
    public async Task The_same_webhook_twice_is_a_200_with_its_code_and_has_one_effect(string path)
    {
        var id = await host.Patient().BookAsync();
        var webhook = await SentAsync(host.Stripe.Webhooks, webhook => webhook.Type == "payment_intent.amount_capturable_updated" && Names(webhook, id));
        var before = await EffectsOfAsync(id);
        var first = await PostAsync(path, webhook);
        var again = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => PostAsync(path, webhook)));
        // The simulator has delivered its own copy already, so even the first of ours is one too many.
        Assert.All([first, .. again], answer => Assert.Equal(ErrorCodes.WebhookDuplicate, answer.Expect(200).Code));
        Assert.Equal(1, await host.CountAsync("SELECT count(*) FROM webhook_events WHERE provider_event_id = @id", webhook.EventId));
        Assert.Equal(before, await EffectsOfAsync(id));
    }

    [Fact]
    [Trait("Promise", "P13")]
    public async Task A_redelivered_event_of_the_other_provider_is_a_duplicate_too()
    {
        var id = await PaidInIndiaAsync();
        await host.DrainAsync();
        var before = await EffectsOfAsync(id);
        var order = Assert.Single(host.Razorpay.Ledger.Orders, order => order.Notes.Values.Contains(id)).Id;
        var payment = Assert.Single(host.Razorpay.Ledger.Payments, payment => payment.OrderId == order).Id;
        var told = host.Razorpay.Webhooks.Deliveries.First(delivery => delivery.ObjectId == payment);
        host.Razorpay.Webhooks.Resend(told.EventId);
        await host.DrainAsync();
        var copy = host.Razorpay.Webhooks.Deliveries.Last(delivery => delivery.EventId == told.EventId);
        Assert.NotSame(told, copy);
        Assert.Equal(200, copy.LastStatus);
        Assert.Contains(ErrorCodes.WebhookDuplicate, copy.LastBody, StringComparison.Ordinal);
        Assert.Equal(before, await EffectsOfAsync(id));
    }

    [Theory]
    [InlineData("stripe")]
    [InlineData("razorpay")]
    [Trait("Promise", "P16")]
    public async Task One_byte_changed_is_a_400_and_nothing_is_written(string provider)
    {
        var webhooks = provider == "stripe" ? host.Stripe.Webhooks : host.Razorpay.Webhooks;
        var body = """{"id":"evt_changed","type":"payment_intent.succeeded","event":"payment.captured"}"""u8.ToArray();
        var signed = webhooks.Sign(body);
        foreach (var at in new[] { 0, body.Length / 2, body.Length - 1 })
        {
            var changed = signed.Body.ToArray();
            changed[at] ^= 1;
            (await PostAsync("/api/v1/webhooks/" + provider, signed with { Body = changed })).Expect(400, ErrorCodes.WebhookInvalidSignature);
        }

        Assert.Equal(0, await host.CountAsync("SELECT count(*) FROM webhook_events WHERE provider_event_id = 'evt_changed'"));
        Assert.Equal(0, await host.CountAsync("SELECT count(*) FROM webhook_events WHERE provider_event_id = @id", signed.EventId));
    }

    [Fact]
    public async Task A_webhook_without_a_signature_or_too_large_is_refused()
    {
        var anonymous = host.Anonymous();
        (await anonymous.PostAsync("/api/v1/webhooks/stripe", [])).Expect(400, ErrorCodes.WebhookInvalidSignature);
        (await anonymous.PostAsync("/api/v1/webhooks/nobody", [])).Expect(404, ErrorCodes.NotFound);
        using var large = new ByteArrayContent(new byte[(256 * 1024) + 1]);
        (await anonymous.SendRawAsync(HttpMethod.Post, "/api/v1/webhooks/razorpay", large)).Expect(413, ErrorCodes.WebhookTooLarge);
    }

    [Fact]
    [Trait("Promise", "P14")]
    public async Task A_webhook_that_arrives_before_our_own_answer_lands_and_counts_once()
    {
        var patient = host.Patient();
        var id = await patient.RequestAsync();
        host.Stripe.Faults.Next(
            call => call.Method == "POST" && call.Body.Contains(id, StringComparison.Ordinal), SimulatorFault.Delay(TimeSpan.FromSeconds(1.5)));
        var scheduling = patient.ScheduleAsync(id, "test_ok");
        await HostFixture.EventuallyAsync("authorized", () => host.ChargeStatusOfAsync(id));
        Assert.False(scheduling.IsCompleted, "The webhook has to be here before the answer.");
        Assert.Equal(0, await host.SessionsOfAsync(id));
        var answer = (await scheduling).Expect(200);
        Assert.Equal("scheduled", answer["status"]);
        Assert.Equal(1, await host.SessionsOfAsync(id));
        var charge = await host.ChargeIdOfAsync(id);
        Assert.Equal(1, host.Stripe.Ledger.AuthorizationCount(charge));
        Assert.Equal(1, await host.CountAsync("SELECT count(*) FROM charge_transitions WHERE charge_id = @id AND to_status = 'authorized'", charge));
    }

    [Fact]
    public async Task A_webhook_alone_moves_a_waiting_consultation_to_scheduled()
    {
        var patient = host.Patient();
        var id = await patient.RequestAsync();
        var scheduled = (await patient.ScheduleAsync(id)).Expect(200);
        Assert.Equal("awaiting_payment", scheduled["status"]);
        var secret = (await patient.OpenCheckoutAsync(scheduled))["client_secret"]!.ToString();
        Assert.Equal("requires_capture", host.Stripe.PayAsPatient(secret).Status);
        await HostFixture.EventuallyAsync("scheduled", () => host.StatusOfAsync(id));
        Assert.Equal("authorized", (await patient.ReadAsync(id)).Json["charge"]!["status"]!.ToString());
    }

    [Fact]
    public async Task A_webhook_alone_moves_a_waiting_consultation_in_india_to_scheduled()
    {
        var id = await PaidInIndiaAsync();
        await HostFixture.EventuallyAsync("scheduled", () => host.StatusOfAsync(id));
    }

    [Fact]
    public async Task An_event_of_an_unknown_type_is_taken_and_ignored()
    {
        host.Stripe.EmitEvent("radar.early_fraud_warning.created", """{"id":"issfr_1","object":"radar.early_fraud_warning"}""");
        await host.DrainAsync();
        var delivery = host.Stripe.Webhooks.Deliveries.Last(delivery => delivery.Type == "radar.early_fraud_warning.created");
        Assert.Equal(200, delivery.LastStatus);
        Assert.Equal("ignored", await host.TextAsync("SELECT state FROM webhook_events WHERE provider_event_id = @id", delivery.EventId));
    }

    private static bool Names(SimulatorWebhook webhook, string consultationId) => webhook.BodyText.Contains(consultationId, StringComparison.Ordinal);

    /// <summary>The event as the provider would send it once more: found by what was delivered, signed anew.</summary>
    private async Task<SimulatorWebhook> SentAsync(SimulatorWebhooks webhooks, Func<SimulatorWebhook, bool> match)
    {
        await host.DrainAsync();
        webhooks.Pause();
        try
        {
            foreach (var delivery in webhooks.Deliveries)
                webhooks.Resend(delivery.EventId);
            return webhooks.Pending.First(match);
        }
        finally
        {
            webhooks.Resume();
            await host.DrainAsync();
        }
    }

    private Task<HostAnswer> PostAsync(string path, SimulatorWebhook webhook)
    {
        var content = new ByteArrayContent(webhook.Body.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return host.Anonymous().SendRawAsync(
            HttpMethod.Post, path, content, [.. webhook.Headers.Where(header => header.Key != "Content-Type").Select(header => (header.Key, header.Value))]);
    }

    private async Task<string> PaidInIndiaAsync()
    {
        var patient = host.Patient();
        var id = await patient.RequestInIndiaAsync();
        var order = (await patient.OpenCheckoutAsync((await patient.ScheduleAsync(id)).Expect(200)))["order_id"]!.ToString();
        Assert.Equal("authorized", host.Razorpay.PayAsPatient(order).Status);
        await HostFixture.EventuallyAsync("authorized", () => host.ChargeStatusOfAsync(id));
        return id;
    }

    /// <summary>Everything an effect would show in.</summary>
    private async Task<string> EffectsOfAsync(string id)
    {
        await host.DrainAsync();
        var charge = await host.ChargeIdOfAsync(id);
        var audits = await host.CountAsync("SELECT count(*) FROM audit_log WHERE charge_id = @id", charge);
        var transitions = await host.CountAsync("SELECT count(*) FROM charge_transitions WHERE charge_id = @id", charge);
        var version = await host.CountAsync("SELECT version FROM consultation_charges WHERE id = @id", charge);
        return $"{audits} {transitions} {version} {await host.ChargeStatusOfAsync(id)}";
    }
}
