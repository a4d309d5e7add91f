using System.Net.Http.Headers;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>Every account with keys is compared, also one to which nothing was sent for days.</summary>
public sealed class ReconciliationAccountTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Money_at_an_account_without_recent_charges_of_ours_is_told()
    {
        await using var north = await StripeSimulator.StartAsync(
            new StripeSimulatorOptions { SecretKey = "sk_test_north", PublishableKey = "pk_test_north", WebhookSecret = "whsec_north" }, Ct);
        await using var engine = await SimulatedEngine.StartAsync(engine => engine.MoreServices = services => new PaymentsBuilder(services).AddStripe(
            options =>
            {
                options.SecretKey = north.Options.SecretKey;
                options.PublishableKey = north.Options.PublishableKey;
                options.WebhookSecrets = [north.Options.WebhookSecret];
                options.ApiBase = north.ApiBase;
            },
            "north"));
        var id = ChargeId.New(engine.Time);
        await PlantAsync(north, id);

        var report = await engine.Comparison.RunAsync(new ReconciliationRequest(TimeSpan.FromHours(48)), Ct);

        var finding = Assert.Single(report.Findings);
        Assert.Equal((ReconciliationKind.OrphanAtProvider, id, "stripe"), (finding.Kind, finding.ChargeId!.Value, finding.Provider));
        Assert.Equal(AlertSeverity.Critical, Assert.Single(await engine.AllAlertsAsync()).Severity);
    }

    /// <summary>A payment that somebody made past us, with the notes we would have given it.</summary>
    private static async Task PlantAsync(StripeSimulator stripe, ChargeId id)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(new Uri(stripe.ApiBase), "v1/payment_intents"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", stripe.Options.SecretKey);
        request.Content = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["amount"] = "10000",
            ["currency"] = "usd",
            ["capture_method"] = "manual",
            ["confirm"] = "true",
            ["off_session"] = "true",
            ["payment_method"] = "pm_card_visa",
            ["allowed_payment_method_types[0]"] = "card",
            ["metadata[charge_id]"] = id.ToString(),
        });
        using var answer = await http.SendAsync(request, Ct);
        answer.EnsureSuccessStatusCode();
    }
}
