using Curaway.Payments.Simulators;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.ContractTests;

/// <summary>Two accounts of each provider side by side, each a simulator with keys of its own.</summary>
public sealed class AccountContractTests : IAsyncLifetime
{
    private readonly StripeSimulatorOptions _northStripe = new() { SecretKey = "sk_test_north", PublishableKey = "pk_test_north", WebhookSecret = "whsec_north" };

    private readonly RazorpaySimulatorOptions _northRazorpay = new() { KeyId = "rzp_test_north", KeySecret = "north_secret", WebhookSecret = "north_hook" };

    private StripeSimulator[] _stripe = [];
    private RazorpaySimulator[] _razorpay = [];
    private ServiceProvider _services = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _stripe = [await StripeSimulator.StartAsync(ct: Ct), await StripeSimulator.StartAsync(_northStripe, Ct)];
        _razorpay = [await RazorpaySimulator.StartAsync(ct: Ct), await RazorpaySimulator.StartAsync(_northRazorpay, Ct)];
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["STRIPE_SECRET_KEY"] = _stripe[0].Options.SecretKey,
            ["STRIPE_PUBLISHABLE_KEY"] = _stripe[0].Options.PublishableKey,
            ["STRIPE_WEBHOOK_SECRET"] = _stripe[0].Options.WebhookSecret,
            ["STRIPE_API_BASE"] = _stripe[0].ApiBase,
            ["Curaway:Payments:Stripe:Accounts:north:SecretKey"] = _northStripe.SecretKey,
            ["Curaway:Payments:Stripe:Accounts:north:PublishableKey"] = _northStripe.PublishableKey,
            ["Curaway:Payments:Stripe:Accounts:north:WebhookSecrets"] = _northStripe.WebhookSecret,
            ["Curaway:Payments:Stripe:Accounts:north:ApiBase"] = _stripe[1].ApiBase,
            ["RAZORPAY_KEY_ID"] = _razorpay[0].Options.KeyId,
            ["RAZORPAY_KEY_SECRET"] = _razorpay[0].Options.KeySecret,
            ["RAZORPAY_WEBHOOK_SECRET"] = _razorpay[0].Options.WebhookSecret,
            ["RAZORPAY_API_BASE"] = _razorpay[0].BaseAddress.ToString(),
            ["Curaway:Payments:Razorpay:Accounts:north:KeyId"] = _northRazorpay.KeyId,
            ["Curaway:Payments:Razorpay:Accounts:north:KeySecret"] = _northRazorpay.KeySecret,
            ["Curaway:Payments:Razorpay:Accounts:north:WebhookSecrets"] = _northRazorpay.WebhookSecret,
            ["Curaway:Payments:Razorpay:Accounts:north:ApiBase"] = _razorpay[1].BaseAddress.ToString(),
            ["Curaway:Payments:Razorpay:Accounts:north:ManualExpiry"] = "1.00:00:00",
        }).Build();
        var services = new ServiceCollection();
        new PaymentsBuilder(services).AddStripe(configuration).AddRazorpay(configuration);
        _services = services.BuildServiceProvider();
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        foreach (var simulator in _stripe.Cast<IAsyncDisposable>().Concat(_razorpay))
            await simulator.DisposeAsync();
    }

    [Theory]
    [InlineData("stripe", "default")]
    [InlineData("stripe", "north")]
    [InlineData("razorpay", "default")]
    [InlineData("razorpay", "north")]
    public async Task A_charge_goes_to_its_own_account_under_that_accounts_keys(string name, string account)
    {
        var provider = _services.GetServices<IPaymentProvider>().Single(provider => provider.Name == name);
        Assert.Equal(["default", "north"], provider.Accounts.Order(StringComparer.Ordinal));
        Assert.All(provider.Accounts, each => Assert.True(provider.IsConfigured(each)));

        var charge = Charge(name, account);
        var result = await provider.AuthorizeAsync(new ProviderRequest(charge, Authorize(charge)), Ct);

        Assert.Equal((OperationOutcome.RequiresAction, account), (result.Outcome, result.Snapshot!.ProviderAccount));
        var index = account == "default" ? 0 : 1;
        var calls = name == "stripe" ? _stripe.Select(each => each.Ledger.Calls.Count) : _razorpay.Select(each => each.Ledger.Calls.Count);
        Assert.Equal([index == 0 ? 1 : 0, index], calls);
        var shown = result.NextAction!.Parameters.Values;
        Assert.Contains(name == "stripe" ? _stripe[index].Options.PublishableKey : _razorpay[index].Options.KeyId, shown);
    }

    [Theory]
    [InlineData("stripe")]
    [InlineData("razorpay")]
    public void A_delivery_signed_for_one_account_is_forged_at_the_other(string name)
    {
        var reader = _services.GetServices<IWebhookReader>().Single(reader => reader.Provider == name);
        var body = """{"id":"evt_1","object":"event","type":"any.thing","event":"any.thing","data":{"object":{} } }"""u8.ToArray();
        SimulatorWebhook[] signed = name == "stripe"
            ? [.. _stripe.Select(each => each.Webhooks.Sign(body))]
            : [.. _razorpay.Select(each => each.Webhooks.Sign(body))];
        foreach (var (account, own, other) in new[] { ("default", signed[0], signed[1]), ("north", signed[1], signed[0]) })
        {
            Assert.Equal(WebhookVerdict.Ignored, Read(own).Verdict);
            Assert.Equal(WebhookVerdict.Forged, Read(other).Verdict);
            WebhookReading Read(SimulatorWebhook webhook) => reader.Read(new WebhookRequest(
                webhook.Body,
                new Dictionary<string, string>(webhook.Headers, StringComparer.OrdinalIgnoreCase).GetValueOrDefault,
                account,
                DateTimeOffset.UtcNow));
        }

        Assert.Equal(WebhookVerdict.Forged, reader.Read(new WebhookRequest(
            body, new Dictionary<string, string>(signed[0].Headers).GetValueOrDefault, "nobody", DateTimeOffset.UtcNow)).Verdict);
    }

    [Fact]
    public void The_window_of_an_account_is_its_own()
    {
        var razorpay = _services.GetServices<IPaymentProvider>().Single(provider => provider.Name == "razorpay");
        Assert.Equal(
            [TimeSpan.FromDays(3), TimeSpan.FromDays(1)],
            new[] { "default", "north" }.Select(account => razorpay.CapabilitiesOf(account).AuthorizationWindow));
    }

    [Fact]
    public async Task A_publishable_key_of_the_other_mode_is_none()
    {
        var services = new ServiceCollection();
        new PaymentsBuilder(services).AddStripe(options =>
            (options.SecretKey, options.PublishableKey, options.ApiBase) = ("sk_test_simulator", "pk_live_simulator", _stripe[0].ApiBase));
        await using var built = services.BuildServiceProvider();
        var charge = Charge("stripe", "default");

        var result = await built.GetRequiredService<IPaymentProvider>().AuthorizeAsync(new ProviderRequest(charge, Authorize(charge)), Ct);

        Assert.Equal((OperationOutcome.NotSent, ProviderFault.Configuration), (result.Outcome, result.Fault));
        Assert.Empty(_stripe[0].Ledger.Calls);
    }

    private static Charge Charge(string provider, string account) => new()
    {
        Id = ChargeId.New(TimeProvider.System),
        TenantId = OpaqueId.Parse("clinic"),
        ConsultationId = OpaqueId.Parse("c1"),
        Amount = new Money(500_00, Currency.Parse(provider == "stripe" ? "USD" : "INR")),
        Routing = new RoutingDecision(provider, "default", []),
        ProviderAccount = account,
        BookBy = DateTimeOffset.UnixEpoch,
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    private static ChargeOperation Authorize(Charge charge) => new()
    {
        Id = OperationId.New(TimeProvider.System),
        ChargeId = charge.Id,
        Kind = OperationKind.Authorize,
        Amount = charge.Amount,
        Fingerprint = "any",
        ActorId = "patient-1",
        CreatedAt = DateTimeOffset.UtcNow,
        NextAttemptAt = DateTimeOffset.UtcNow,
        SendCount = 1,
        FirstSentAt = DateTimeOffset.UtcNow,
    };
}
