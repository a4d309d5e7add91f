using System.Net;
using System.Net.Http.Headers;
using Curaway.Payments.Simulators;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>The whole way: a host with its workers, the real endpoint, and simulators that post to it while it pays.</summary>
public sealed class LiveDeliveryTests : IAsyncDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"curaway-live-{Guid.CreateVersion7():N}.db");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("stripe", "USD")]
    [InlineData("razorpay", "INR")]
    [Trait("Promise", "P14")]
    public async Task Every_delivery_is_taken_twice_and_counted_once(string name, string currency)
    {
        await using var stripe = await StripeSimulator.StartAsync(ct: Ct);
        await using var razorpay = await RazorpaySimulator.StartAsync(ct: Ct);
        SimulatedProvider provider = name == "stripe" ? new SimulatedStripe(stripe) : new SimulatedRazorpay(razorpay);
        await using var host = await StartAsync(stripe, razorpay);
        var target = new Uri(host.Urls.Single() + "/api/v1/webhooks/" + name);
        provider.Webhooks.Script = _ => WebhookStep.Duplicate;
        provider.Webhooks.Target = target;
        var charges = host.Services.GetRequiredService<ChargeService>();

        var waiting = await charges.AuthorizeAsync(
            new AuthorizeCharge
            {
                TenantId = OpaqueId.Parse("clinic"),
                ConsultationId = OpaqueId.Parse("c1"),
                Amount = new Money(100_00, Currency.Parse(currency)),
                Routing = new RoutingContext { TenantId = OpaqueId.Parse("clinic"), PreferredCurrency = currency },
                CaptureBy = DateTimeOffset.UtcNow + TimeSpan.FromHours(2),
                ActorId = "patient-1",
            },
            Ct);
        var id = waiting.Charge!.Id;

        // The patient closes the page: only the webhook tells.
        provider.Pay(waiting.NextAction!);
        await provider.Webhooks.DrainAsync(ct: Ct);
        Assert.Equal(ChargeStatus.Authorized, (await charges.FindAsync(id, Ct))!.Status);
        Assert.Equal(OperationOutcome.Succeeded, (await charges.CaptureAsync(id, "clinician-1", Ct)).Outcome);
        await charges.RefundAsync(SimulatedEngine.Refund(waiting.Charge, "request-1", 40_00), Ct);
        await provider.Webhooks.DrainAsync(ct: Ct);

        var charge = (await charges.FindAsync(id, Ct))!;
        Assert.Equal((ChargeStatus.PartiallyRefunded, new LedgerFigures(0, 100_00, 40_00, 1, 1, 1)), (charge.Status, provider.LedgerOf(id)));
        Assert.Equal(provider.ObjectsOf(id).Order(), SimulatedEngine.ObjectsOf(charge).Order());
        var deliveries = provider.Webhooks.Deliveries;
        Assert.All(deliveries, delivery => Assert.Equal((200, 1), (delivery.LastStatus, delivery.Attempts)));
        Assert.Equal(deliveries.Count / 2, deliveries.Count(delivery => delivery.LastBody!.Contains(ErrorCodes.WebhookDuplicate, StringComparison.Ordinal)));
        await AssertForgeryIsRefusedAsync(provider, target);
    }

    public ValueTask DisposeAsync()
    {
        foreach (var file in Directory.EnumerateFiles(Path.GetTempPath(), Path.GetFileName(_path) + "*"))
            File.Delete(file);
        return ValueTask.CompletedTask;
    }

    private static async Task AssertForgeryIsRefusedAsync(SimulatedProvider provider, Uri target)
    {
        var signed = provider.Webhooks.Sign("""{"id":"evt_1","type":"x","event":"x"}"""u8.ToArray());
        using var client = new HttpClient();
        var body = signed.Body.ToArray();
        body[^2] ^= 1;
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        foreach (var (header, value) in signed.Headers)
            content.Headers.TryAddWithoutValidation(header, value);
        using var answer = await client.PostAsync(target, content, Ct);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(ErrorCodes.WebhookInvalidSignature, await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    private async Task<WebApplication> StartAsync(StripeSimulator stripe, RazorpaySimulator razorpay)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore().AddLogging().AddMetrics();
        builder.Services.AddCurawayPayments(payments => payments
            .AddStripe(options =>
            {
                options.SecretKey = stripe.Options.SecretKey;
                options.PublishableKey = stripe.Options.PublishableKey;
                options.ApiBase = stripe.ApiBase;
                options.WebhookSecrets = [stripe.Options.WebhookSecret];
            })
            .AddRazorpay(options =>
            {
                options.KeyId = razorpay.Options.KeyId;
                options.KeySecret = razorpay.Options.KeySecret;
                options.ApiBase = razorpay.BaseAddress.ToString();
                options.WebhookSecrets = [razorpay.Options.WebhookSecret];
            })
            .AddGeographicRouting()
            .UseSqlite(_path)
            .Configure(options => options.SweepInterval = TimeSpan.FromMilliseconds(100)));
        var app = builder.Build();
        app.UseRouting();
        app.MapPaymentWebhooks();
        await app.StartAsync(Ct);
        return app;
    }
}
