using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Curaway.Payments.Simulators;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace Curaway.Payments.IntegrationTests.Simulators;

public sealed class SimulatorWebhooksTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Stripe_signs_stamp_and_body_and_names_the_key_of_the_request()
    {
        await using var stripe = await StripeSimulator.StartAsync(ct: Ct);
        using var wire = new StripeWire(stripe);
        await wire.Create("key-1", "&confirm=true&payment_method=pm_card_visa");
        Assert.Equal(
            ["payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated"], stripe.Webhooks.Pending.Select(e => e.Type));
        foreach (var signed in stripe.Webhooks.Pending)
        {
            var (stamp, macs) = Parse(signed.Headers["Stripe-Signature"]);
            Assert.Equal(Hmac(stripe.Options.WebhookSecret, $"{stamp}.{signed.BodyText}"), Assert.Single(macs));
            Assert.InRange(stamp, DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 10, DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 10);
            var envelope = JsonNode.Parse(signed.BodyText)!;
            Assert.Equal("2026-10-28.endive", envelope["api_version"]!.ToString());
            Assert.Equal("key-1", envelope["request"]!["idempotency_key"]!.ToString());
            Assert.Equal(signed.EventId, envelope["id"]!.ToString());
        }
    }

    [Fact]
    public async Task Razorpay_signs_the_body_and_sends_captured_with_order_paid()
    {
        await using var razorpay = await RazorpaySimulator.StartAsync(ct: Ct);
        using var wire = new RazorpayWire(razorpay);
        await wire.Captured();
        var events = razorpay.Webhooks.TakePending();
        Assert.Equal(["payment.authorized", "payment.captured", "order.paid"], events.Select(e => e.Type));
        foreach (var signed in events)
        {
            Assert.Equal(Hmac(razorpay.Options.WebhookSecret, signed.BodyText), signed.Headers["X-Razorpay-Signature"]);
            Assert.Equal(signed.EventId, signed.Headers["x-razorpay-event-id"]);
            Assert.Equal(signed.Type, JsonNode.Parse(signed.BodyText)!["event"]!.ToString());
        }

        Assert.Empty(razorpay.Webhooks.Pending);
        Assert.Equal("paid", JsonNode.Parse(events[2].BodyText)!["payload"]!["order"]!["entity"]!["status"]!.ToString());
    }

    [Fact]
    public async Task Jumping_ahead_does_not_age_the_signature_stamp()
    {
        await using var stripe = await StripeSimulator.StartAsync(ct: Ct);
        using var wire = new StripeWire(stripe);
        stripe.Clock.Advance(TimeSpan.FromDays(30));
        await wire.Create();
        var signed = Assert.Single(stripe.Webhooks.Pending);
        var (stamp, _) = Parse(signed.Headers["Stripe-Signature"]);
        Assert.True(JsonNode.Parse(signed.BodyText)!["created"]!.GetValue<long>() - stamp > 29 * 86_400);
    }

    [Fact]
    public async Task The_script_shapes_versions_stamps_and_signatures()
    {
        await using var stripe = await StripeSimulator.StartAsync(ct: Ct);
        using var wire = new StripeWire(stripe);
        stripe.Webhooks.Script = e => WebhookStep.Deliver with
        {
            ApiVersion = "2024-06-20",
            ExtraSecrets = ["whsec_old"],
            HasV0Noise = true,
            StampOffset = TimeSpan.FromSeconds(-301),
        };
        await wire.Create();
        stripe.Webhooks.Script = e => WebhookStep.Deliver with { HasNullApiVersion = true, Secret = "whsec_old" };
        await wire.Create();
        stripe.Webhooks.Script = e => WebhookStep.Drop;
        await wire.Create();

        var pending = stripe.Webhooks.Pending;
        Assert.Equal(2, pending.Count);
        var (stamp, macs) = Parse(pending[0].Headers["Stripe-Signature"]);
        Assert.Equal("2024-06-20", JsonNode.Parse(pending[0].BodyText)!["api_version"]!.ToString());
        Assert.Equal(
            [Hmac("whsec_old", $"{stamp}.{pending[0].BodyText}"), Hmac("whsec_simulator", $"{stamp}.{pending[0].BodyText}")], macs);
        Assert.Contains(",v0=", pending[0].Headers["Stripe-Signature"], StringComparison.Ordinal);
        Assert.InRange(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - stamp, 300, 320);
        var (secondStamp, secondMacs) = Parse(pending[1].Headers["Stripe-Signature"]);
        Assert.Null(JsonNode.Parse(pending[1].BodyText)!["api_version"]);
        Assert.Equal(Hmac("whsec_old", $"{secondStamp}.{pending[1].BodyText}"), Assert.Single(secondMacs));
        Assert.Equal(WebhookDeliveryState.Dropped, stripe.Webhooks.Deliveries[^1].State);
    }

    [Fact]
    public async Task Deliveries_are_retried_until_a_2xx_and_duplicates_keep_or_change_the_id()
    {
        await using var host = await Receiver.StartAsync(firstStatus: 500);
        await using var razorpay = await RazorpaySimulator.StartAsync(
            new RazorpaySimulatorOptions { WebhookTarget = host.Address, WebhookRetries = [TimeSpan.FromMilliseconds(20)] }, Ct);
        using var wire = new RazorpayWire(razorpay);
        razorpay.Webhooks.Script = e => WebhookStep.Duplicate with { HasNewEventIdPerCopy = true };
        await wire.Authorized();
        await razorpay.Webhooks.DrainAsync(ct: Ct);
        var deliveries = razorpay.Webhooks.Deliveries;
        Assert.Equal(2, deliveries.Count);
        Assert.All(deliveries, delivery => Assert.Equal(WebhookDeliveryState.Delivered, delivery.State));
        Assert.Equal(3, deliveries.Sum(delivery => delivery.Attempts));
        Assert.NotEqual(deliveries[0].EventId, deliveries[1].EventId);
        Assert.Single(host.Bodies.Distinct());
    }

    [Fact]
    public async Task An_event_can_be_held_behind_later_ones()
    {
        await using var host = await Receiver.StartAsync();
        await using var stripe = await StripeSimulator.StartAsync(new StripeSimulatorOptions { WebhookTarget = host.Address }, Ct);
        using var wire = new StripeWire(stripe);
        stripe.Webhooks.Script = e => WebhookStep.Deliver with { BehindEvents = e.Type == "payment_intent.created" ? 2 : 0 };
        await wire.Authorized();
        await stripe.Webhooks.DrainAsync(ct: Ct);
        Assert.Equal(
            ["charge.succeeded", "payment_intent.amount_capturable_updated", "payment_intent.created"],
            host.Bodies.Select(body => JsonNode.Parse(body)!["type"]!.ToString()));
    }

    [Fact]
    public async Task Razorpay_disables_the_endpoint_after_a_day_of_failures()
    {
        await using var host = await Receiver.StartAsync(alwaysStatus: 500);
        await using var razorpay = await RazorpaySimulator.StartAsync(
            new RazorpaySimulatorOptions { WebhookTarget = host.Address, WebhookRetries = [TimeSpan.FromMilliseconds(20)] }, Ct);
        using var wire = new RazorpayWire(razorpay);
        await wire.Authorized();
        while (razorpay.Webhooks.Deliveries[0].Attempts < 2) await Task.Delay(5, Ct);
        Assert.False(razorpay.Webhooks.IsDisabled);
        razorpay.Clock.Advance(TimeSpan.FromHours(24));
        while (!razorpay.Webhooks.IsDisabled) await Task.Delay(5, Ct);
        Assert.Equal(WebhookDeliveryState.GivenUp, razorpay.Webhooks.Deliveries[0].State);
    }

    [Fact]
    public async Task Pausing_keeps_events_and_resending_repeats_them()
    {
        await using var host = await Receiver.StartAsync();
        await using var stripe = await StripeSimulator.StartAsync(new StripeSimulatorOptions { WebhookTarget = host.Address }, Ct);
        using var wire = new StripeWire(stripe);
        stripe.Webhooks.Pause();
        await wire.Create();
        stripe.EmitEvent("charge.dispute.created", """{"id":"dp_1","object":"dispute"}""");
        await stripe.Webhooks.DrainAsync(ct: Ct);
        Assert.Equal(2, stripe.Webhooks.Pending.Count);
        Assert.Empty(host.Bodies);
        stripe.Webhooks.Resume();
        await stripe.Webhooks.DrainAsync(ct: Ct);
        stripe.Webhooks.Resend(stripe.Webhooks.Deliveries[0].EventId);
        await stripe.Webhooks.DrainAsync(ct: Ct);
        Assert.Equal(3, host.Bodies.Count);
        Assert.Equal(host.Bodies.First(), host.Bodies.Last());
    }

    [Fact]
    public async Task Any_bytes_can_be_signed_for_a_test_to_post()
    {
        await using var stripe = await StripeSimulator.StartAsync(ct: Ct);
        await using var razorpay = await RazorpaySimulator.StartAsync(ct: Ct);
        var body = Encoding.UTF8.GetBytes("[ null ]");
        var (stamp, macs) = Parse(stripe.Webhooks.Sign(body).Headers["Stripe-Signature"]);
        Assert.Equal(Hmac("whsec_simulator", $"{stamp}.[ null ]"), Assert.Single(macs));
        Assert.Equal(Hmac("simulator_webhook_secret", "[ null ]"), razorpay.Webhooks.Sign(body).Headers["X-Razorpay-Signature"]);
        Assert.DoesNotContain("X-Razorpay-Signature", razorpay.Webhooks.Sign(body, WebhookStep.Deliver with { IsUnsigned = true }).Headers.Keys);
        Assert.Empty(stripe.Webhooks.Pending);
    }

    [Fact]
    public async Task An_older_endpoint_reports_a_void_as_a_refund_that_the_ledger_does_not_count()
    {
        await using var stripe = await StripeSimulator.StartAsync(new StripeSimulatorOptions { SendsPreBasilEvents = true }, Ct);
        using var wire = new StripeWire(stripe);
        var id = await wire.Authorized();
        await wire.Post($"/v1/payment_intents/{id}/cancel");
        var last = stripe.Webhooks.Pending[^1];
        Assert.Equal("charge.refunded", last.Type);
        Assert.False(JsonNode.Parse(last.BodyText)!["data"]!["object"]!["captured"]!.GetValue<bool>());
        Assert.Equal(0, stripe.Ledger.RefundedAmount());
    }

    private static (long Stamp, IReadOnlyList<string> Macs) Parse(string header)
    {
        var parts = header.Split(',').Select(part => part.Split('=', 2)).ToList();
        return (long.Parse(parts.Single(part => part[0] == "t")[1], CultureInfo.InvariantCulture), [.. parts.Where(part => part[0] == "v1").Select(part => part[1])]);
    }

    // The documented recipe, written anew here: nothing of the simulator's own signing is used.
    private static string Hmac(string secret, string message)
    {
        using var hmac = new HMACSHA256(Encoding.UTF8.GetBytes(secret));
        return string.Concat(hmac.ComputeHash(Encoding.UTF8.GetBytes(message)).Select(b => b.ToString("x2", CultureInfo.InvariantCulture)));
    }

    private sealed class Receiver(WebApplication app) : IAsyncDisposable
    {
        public ConcurrentQueue<string> Bodies { get; } = new();
        public Uri Address => new(app.Urls.First() + "/hook");

        public static async Task<Receiver> StartAsync(int? firstStatus = null, int? alwaysStatus = null)
        {
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
            var app = builder.Build();
            var receiver = new Receiver(app);
            var seen = 0;
            app.Run(async context =>
            {
                using var reader = new StreamReader(context.Request.Body);
                var body = await reader.ReadToEndAsync(context.RequestAborted);
                context.Response.StatusCode = alwaysStatus ?? (Interlocked.Increment(ref seen) == 1 ? firstStatus ?? 200 : 200);
                if (context.Response.StatusCode == 200) receiver.Bodies.Enqueue(body);
            });
            await app.StartAsync(Ct);
            return receiver;
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }
}
