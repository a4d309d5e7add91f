using System.Net;
using Curaway.Payments.Simulators;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Curaway.Payments.IntegrationTests.Docs;

/// <summary>The tests a team would write, as docs/how-to/simulators.md shows them: they run, and stand there word for word.</summary>
public sealed class SimulatorHowToTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("curaway-how-to-");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void Every_line_of_the_how_to_is_code_below()
    {
        var snippets = Repository.Read("docs", "how-to", "simulators.md").Split("```csharp\n").Skip(1).Select(part => part.Split("```")[0]).ToList();
        var source = Repository.Read("tests", "Curaway.Payments.IntegrationTests", "Docs", "SimulatorHowToTests.cs").Split('\n').Select(line => line.Trim()).ToHashSet();

        Assert.Equal(5, snippets.Count);
        Assert.All(snippets.SelectMany(snippet => snippet.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)),
            line => Assert.Contains(line, source));
    }

    [Fact]
    public async Task An_answer_that_is_lost_holds_the_money_once()
    {
        await using var stripe = await StripeSimulator.StartAsync(ct: Ct);
        await using var host = await StartHostAsync(stripe);
        var charges = host.Services.GetRequiredService<ChargeService>();

        stripe.Faults.Next(StripeCall.Create, SimulatorFault.Reset.AfterExecution());   // held, and the answer is lost
        var lost = await charges.AuthorizeAsync(Booking(), Ct);
        var again = await charges.AuthorizeAsync(Booking(), Ct);                        // the same consultation again

        Assert.Equal(OperationOutcome.Indeterminate, lost.Outcome);
        Assert.Equal(OperationOutcome.Succeeded, again.Outcome);
        Assert.Single(stripe.Ledger.PaymentIntents);
        Assert.Equal(150_00, stripe.Ledger.HeldAmount(again.Charge!.Id.ToString()));
    }

    [Fact]
    public async Task Webhooks_that_come_twice_and_late_count_once()
    {
        await using var stripe = await StripeSimulator.StartAsync(ct: Ct);
        await using var host = await StartHostAsync(stripe);
        var charges = host.Services.GetRequiredService<ChargeService>();

        stripe.Webhooks.Script = webhook => webhook.Type == "payment_intent.amount_capturable_updated"
            ? WebhookStep.Duplicate with { BehindEvents = 2 }                           // twice, after the capture's
            : WebhookStep.Deliver;
        var booked = await charges.AuthorizeAsync(Booking(), Ct);
        await charges.CaptureAsync(booked.Charge!.Id, "clinician-7", Ct);
        await stripe.Webhooks.DrainAsync(ct: Ct);

        var charge = await charges.FindAsync(booked.Charge.Id, Ct);
        Assert.Equal(ChargeStatus.Captured, charge!.Status);
        Assert.All(stripe.Webhooks.Deliveries, delivery => Assert.Equal(WebhookDeliveryState.Delivered, delivery.State));
    }

    [Fact]
    public async Task A_hold_that_runs_out_is_seen()
    {
        await using var stripe = await StripeSimulator.StartAsync(ct: Ct);
        await using var host = await StartHostAsync(stripe);
        var charges = host.Services.GetRequiredService<ChargeService>();
        var booked = await charges.AuthorizeAsync(Booking(), Ct);

        stripe.Clock.Advance(TimeSpan.FromDays(7));                                     // charge.expired, payment_intent.canceled
        await stripe.Webhooks.DrainAsync(ct: Ct);

        var charge = await charges.FindAsync(booked.Charge!.Id, Ct);
        Assert.Equal(ChargeStatus.Voided, charge!.Status);
        Assert.Equal(0, stripe.Ledger.HeldAmount());
    }

    [Fact]
    public async Task A_webhook_endpoint_that_fails_for_a_day_is_switched_off_by_Razorpay()
    {
        await using var razorpay = await RazorpaySimulator.StartAsync(new RazorpaySimulatorOptions { WebhookRetries = [TimeSpan.FromMilliseconds(20)] }, Ct);
        razorpay.Webhooks.Target = new Uri("http://127.0.0.1:9/");                      // nobody listens there

        razorpay.EmitEvent("payment.downtime.started", "{}");
        razorpay.Clock.Advance(TimeSpan.FromHours(24));
        while (!razorpay.Webhooks.IsDisabled)
            await Task.Delay(TimeSpan.FromMilliseconds(10), Ct);

        Assert.Equal(WebhookDeliveryState.GivenUp, Assert.Single(razorpay.Webhooks.Deliveries).State);
    }

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        _folder.Delete(recursive: true);
    }

    private async Task<WebApplication> StartHostAsync(StripeSimulator stripe)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddCurawayPayments(payments => payments
            .AddStripe(options =>
            {
                options.ApiBase = stripe.ApiBase;
                options.SecretKey = stripe.Options.SecretKey;
                options.PublishableKey = stripe.Options.PublishableKey;
                options.WebhookSecrets = [stripe.Options.WebhookSecret];
            })
            .AddGeographicRouting()
            .UseSqlite(Path.Combine(_folder.FullName, $"{Guid.CreateVersion7():N}.db")));
        var host = builder.Build();
        host.MapPaymentWebhooks("/api/v1/webhooks");
        await host.StartAsync(Ct);
        stripe.Webhooks.Target = new Uri(host.Urls.Single() + "/api/v1/webhooks/stripe");
        return host;
    }

    private static AuthorizeCharge Booking() => new()
    {
        TenantId = OpaqueId.Parse("clinic-1"),
        ConsultationId = OpaqueId.Parse("consultation-1"),
        Amount = new Money(150_00, Currency.Parse("USD")),
        Routing = new RoutingContext { TenantId = OpaqueId.Parse("clinic-1"), PreferredCurrency = "USD" },
        PaymentMethods = [new SavedPaymentMethod("stripe", "pm_card_visa")],
        CaptureBy = DateTimeOffset.UtcNow.AddHours(1),
        ActorId = "patient-1",
    };
}
