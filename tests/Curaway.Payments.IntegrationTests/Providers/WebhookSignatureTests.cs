using System.Text;
using Curaway.Payments.Simulators;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>What the simulators sign, at our readers: rotated secrets, old stamps, changed bytes, replayed bodies.</summary>
public sealed class WebhookSignatureTests(SimulatedEngine engine) : IClassFixture<SimulatedEngine>
{
    private const string Old = "secret_of_last_year";
    private const string New = "secret_of_this_year";
    private const int DeliveryCount = 1000;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Promise", "P17")]
    public void Of_1000_mixed_deliveries_none_is_refused_in_the_overlap_and_every_old_one_after_it()
    {
        var configuration = new ConfigurationManager();
        var services = new ServiceCollection();
        var builder = new PaymentsBuilder(services);
        builder.AddStripe(configuration).AddRazorpay(configuration);
        using var provider = services.BuildServiceProvider();
        var random = new Random(20261124);
        var secrets = Enumerable.Range(0, DeliveryCount).Select(_ => random.Next(2) == 0 ? Old : New).ToList();

        // The same host all along: nothing is restarted between the phases.
        Assert.Equal(secrets.Count(secret => secret == Old), AcceptedCount([Old]));
        Assert.Equal(DeliveryCount, AcceptedCount([Old, New]));
        Assert.Equal(secrets.Count(secret => secret == New), AcceptedCount([New]));
        Assert.Equal(0, AcceptedCount([]));

        int AcceptedCount(string[] configured)
        {
            configuration["STRIPE_WEBHOOK_SECRET"] = configuration["RAZORPAY_WEBHOOK_SECRET"] = string.Join(',', configured);
            ((IConfigurationRoot)configuration).Reload();
            return secrets.Select((secret, i) => Read(provider, i % 2 == 0 ? engine.Stripe : engine.Razorpay, WebhookStep.Deliver with { Secret = secret }))
                .Count(verdict => verdict != WebhookVerdict.Forged);
        }
    }

    [Fact]
    [Trait("Promise", "P17")]
    public void While_Stripe_signs_with_two_secrets_either_of_them_is_enough()
    {
        foreach (var configured in new[] { Old, New })
        {
            var services = new ServiceCollection();
            new PaymentsBuilder(services).AddStripe(options => options.WebhookSecrets = [configured]);
            using var provider = services.BuildServiceProvider();
            var twice = WebhookStep.Deliver with { Secret = New, ExtraSecrets = [Old], HasV0Noise = true };
            Assert.NotEqual(WebhookVerdict.Forged, Read(provider, engine.Stripe, twice));
            Assert.Equal(WebhookVerdict.Forged, Read(provider, engine.Stripe, twice with { Secret = "x", ExtraSecrets = ["y"] }));
        }
    }

    [Theory]
    [InlineData(-301, false)]
    [InlineData(-290, true)]
    [InlineData(290, true)]
    [InlineData(302, false)]
    [Trait("Promise", "P16")]
    public async Task A_stamp_outside_five_minutes_has_no_effect(int offsetSeconds, bool isTaken)
    {
        var (charge, webhook) = await UntoldAsync(engine.Stripe);
        var stamped = engine.Stripe.Webhooks.Sign(webhook.Body, WebhookStep.Deliver with { StampOffset = TimeSpan.FromSeconds(offsetSeconds) });
        Assert.Equal(isTaken ? WebhookFate.Applied : null, await engine.ReceiveAsync(engine.Stripe, stamped));
        Assert.Equal(isTaken ? ChargeStatus.Authorized : ChargeStatus.Pending, (await engine.ChargeAsync(charge.Id)).Status);
    }

    [Theory]
    [InlineData("stripe")]
    [InlineData("razorpay")]
    [Trait("Promise", "P16")]
    public async Task No_byte_of_a_signed_body_can_be_changed(string name)
    {
        var provider = engine.ProviderOf(name);
        var (charge, webhook) = await UntoldAsync(provider);
        for (var at = 0; at < webhook.Body.Length; at++)
        {
            var changed = webhook.Body.ToArray();
            changed[at] ^= 1;
            Assert.Null(engine.Read(provider, webhook with { Body = changed }));
        }

        Assert.Null(engine.Read(provider, webhook with { Headers = new Dictionary<string, string>() }));
        Assert.Equal(ChargeStatus.Pending, (await engine.ChargeAsync(charge.Id)).Status);
        Assert.Equal(WebhookFate.Applied, await engine.ReceiveAsync(provider, webhook));
    }

    [Fact]
    [Trait("Promise", "P16")]
    public async Task A_Razorpay_body_under_a_new_event_id_is_the_same_event()
    {
        var (charge, webhook) = await UntoldAsync(engine.Razorpay);
        Assert.Equal(WebhookFate.Applied, await engine.ReceiveAsync(engine.Razorpay, webhook));
        var version = (await engine.ChargeAsync(charge.Id)).Version;
        foreach (var id in new[] { "another_event_id", "yet_another_one" })
        {
            var headers = new Dictionary<string, string>(webhook.Headers) { ["x-razorpay-event-id"] = id };
            Assert.Equal(WebhookFate.Duplicate, await engine.ReceiveAsync(engine.Razorpay, webhook with { Headers = headers }));
        }

        var stripped = webhook.Headers.Where(header => header.Key != "x-razorpay-event-id").ToDictionary();
        Assert.Equal(WebhookFate.Duplicate, await engine.ReceiveAsync(engine.Razorpay, webhook with { Headers = stripped }));
        Assert.Equal(version, (await engine.ChargeAsync(charge.Id)).Version);
    }

    [Fact]
    [Trait("Promise", "P17")]
    public async Task A_Razorpay_replay_of_days_ago_with_the_old_secret_counts_while_that_is_configured()
    {
        var (charge, webhook) = await UntoldAsync(engine.Razorpay);
        var replay = engine.Razorpay.Webhooks.Sign(webhook.Body, WebhookStep.Deliver with { Secret = Old });
        var headers = new Dictionary<string, string>(replay.Headers, StringComparer.OrdinalIgnoreCase);
        foreach (var (configured, verdict) in new[] { (New, WebhookVerdict.Forged), ($"{New},{Old}", WebhookVerdict.Accepted) })
        {
            var services = new ServiceCollection();
            new PaymentsBuilder(services).AddRazorpay(options => options.WebhookSecrets = configured.Split(','));
            using var provider = services.BuildServiceProvider();
            var reading = provider.GetRequiredService<IWebhookReader>().Read(
                new WebhookRequest(replay.Body, headers.GetValueOrDefault, "default", engine.Time.GetUtcNow() + TimeSpan.FromDays(6)));
            Assert.Equal((verdict, verdict == WebhookVerdict.Accepted ? charge.Id : null), (reading.Verdict, reading.Snapshot?.ChargeId));
        }
    }

    /// <summary>A checkout that was paid, which nobody told us yet, and the event that would.</summary>
    private async Task<(Charge Charge, SimulatorWebhook Webhook)> UntoldAsync(SimulatedProvider provider)
    {
        var waiting = await engine.Charges.AuthorizeAsync(engine.Checkout(provider), Ct);
        provider.Webhooks.TakePending();
        provider.Pay(waiting.NextAction!);
        var webhook = provider.Webhooks.TakePending()
            .Single(event_ => event_.Type is "payment_intent.amount_capturable_updated" or "payment.authorized");
        return (waiting.Charge!, webhook);
    }

    private WebhookVerdict Read(ServiceProvider services, SimulatedProvider provider, WebhookStep step)
    {
        var body = Encoding.UTF8.GetBytes("""{"id":"evt_1","type":"customer.created","event":"settlement.processed"}""");
        var webhook = provider.Webhooks.Sign(body, step);
        var headers = new Dictionary<string, string>(webhook.Headers, StringComparer.OrdinalIgnoreCase);
        return services.GetServices<IWebhookReader>().Single(reader => reader.Provider == provider.Name)
            .Read(new WebhookRequest(webhook.Body, headers.GetValueOrDefault, "default", engine.Time.GetUtcNow())).Verdict;
    }
}
