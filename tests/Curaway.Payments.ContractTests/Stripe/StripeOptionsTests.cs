using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Curaway.Payments.ContractTests.Stripe;

/// <summary>Configuration and amounts.</summary>
public sealed class StripeOptionsTests
{
    [Fact]
    public void Flat_names_win_over_the_section_and_texts_are_trimmed()
    {
        using var services = With(new()
        {
            ["STRIPE_SECRET_KEY"] = " sk_test_flat\n",
            ["STRIPE_WEBHOOK_SECRET"] = "whsec_1, whsec_2,,\n",
            ["STRIPE_API_BASE"] = "http://127.0.0.1:8420/",
            ["Curaway:Payments:Stripe:SecretKey"] = "sk_test_section",
            ["Curaway:Payments:Stripe:PublishableKey"] = "pk_test_section",
            ["Curaway:Payments:Stripe:SignatureTolerance"] = "00:01:00",
        });

        var options = OptionsOf(services, "default");

        Assert.Equal(("sk_test_flat", "pk_test_section"), (options.SecretKey, options.PublishableKey));
        Assert.Equal(["whsec_1", "whsec_2"], options.WebhookSecrets);
        Assert.Equal("http://127.0.0.1:8420", options.ApiBase);
        Assert.Equal(TimeSpan.FromMinutes(1), options.SignatureTolerance);
        Assert.Equal(new Uri("https://js.stripe.com/v3/"), options.ScriptUrl);
    }

    [Fact]
    public void Further_accounts_have_their_own_section_and_never_the_flat_names()
    {
        using var services = With(new()
        {
            ["STRIPE_SECRET_KEY"] = "sk_test_flat",
            ["Curaway:Payments:Stripe:Accounts:clinic_eu:SecretKey"] = "sk_test_eu",
            ["Curaway:Payments:Stripe:Accounts:clinic_eu:WebhookSecrets:0"] = "whsec_eu",
            ["Curaway:Payments:Stripe:Accounts:clinic_us:PublishableKey"] = "pk_test_us",
        });
        var provider = services.GetRequiredService<IPaymentProvider>();

        Assert.Equal("sk_test_eu", OptionsOf(services, "clinic_eu").SecretKey);
        Assert.Equal(["whsec_eu"], OptionsOf(services, "clinic_eu").WebhookSecrets);
        Assert.True(provider.IsConfigured("default"));
        Assert.True(provider.IsConfigured("clinic_eu"));
        Assert.False(provider.IsConfigured("clinic_us"));
        Assert.False(provider.IsConfigured("clinic_xx"));
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("", null)]
    [InlineData("   ", null)]
    [InlineData("sk_test_with space", null)]
    [InlineData("sk_test_ümlaut", null)]
    [InlineData("sk_test_1", "not an address")]
    [InlineData("sk_test_1", "ftp://127.0.0.1")]
    public void Without_usable_credentials_it_starts_and_is_not_configured(string? key, string? apiBase)
    {
        using var services = With(new() { ["STRIPE_SECRET_KEY"] = key, ["STRIPE_API_BASE"] = apiBase });

        Assert.False(services.GetRequiredService<IPaymentProvider>().IsConfigured("default"));
    }

    [Fact]
    public void A_changed_configuration_takes_effect_at_once()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection().Build();
        using var services = Build(configuration);
        var provider = services.GetRequiredService<IPaymentProvider>();
        Assert.False(provider.IsConfigured("default"));

        configuration["STRIPE_SECRET_KEY"] = "sk_test_new";
        configuration.Reload();

        Assert.True(provider.IsConfigured("default"));
    }

    [Fact]
    public void Adding_twice_registers_once()
    {
        var services = new ServiceCollection();
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("STRIPE_WEBHOOK_SECRET", "whsec_1")]).Build();
        new PaymentsBuilder(services).AddStripe(configuration).AddStripe(configuration).AddStripe(options => options.SecretKey = "sk_test_code");
        using var built = services.BuildServiceProvider();

        Assert.Single(built.GetServices<IPaymentProvider>());
        Assert.Single(built.GetServices<IWebhookReader>());
        Assert.Equal(("sk_test_code", 1), (OptionsOf(built, "default").SecretKey, OptionsOf(built, "default").WebhookSecrets.Count));
    }

    [Fact]
    public void Nothing_secret_is_printed()
    {
        var options = new StripeOptions { SecretKey = "sk_test_canary", PublishableKey = "pk_test_canary", WebhookSecrets = ["whsec_canary"] };

        Assert.DoesNotContain("canary", options.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("USD", 1050, 1050)]
    [InlineData("JPY", 500, 500)]
    [InlineData("ISK", 5, 500)]
    [InlineData("UGX", 5, 500)]
    [InlineData("KWD", 1230, 1230)]
    [InlineData("HUF", 1050, 1050)]
    [InlineData("MGA", 1500, 15)]
    public void Amounts_are_written_as_stripe_counts_them(string currency, long minorUnits, long sent)
    {
        using var services = With([]);
        var rules = services.GetRequiredService<IPaymentProvider>().CapabilitiesOf("default").Currencies;
        var amount = new Money(minorUnits, Currency.Parse(currency));

        Assert.Null(rules.Check(amount));
        Assert.Equal(sent, rules.ToProvider(amount));
        Assert.Equal(amount, rules.FromProvider(sent, currency.ToLowerInvariant()));
    }

    [Theory]
    [InlineData("KWD", 1234, ErrorCodes.AmountInvalid)]
    [InlineData("MGA", 1550, ErrorCodes.AmountInvalid)]
    [InlineData("IQD", 1000, ErrorCodes.CurrencyUnsupported)]
    [InlineData("USD", 0, ErrorCodes.AmountInvalid)]
    [InlineData("USD", 1_000_000_000_000, ErrorCodes.AmountInvalid)]
    public void An_amount_stripe_would_refuse_is_refused_before_it_is_sent(string currency, long minorUnits, string code)
    {
        using var services = With([]);

        var error = services.GetRequiredService<IPaymentProvider>().CapabilitiesOf("default").Currencies.Check(new Money(minorUnits, Currency.Parse(currency)));

        Assert.Equal(code, error?.Code);
    }

    [Fact]
    public void Fractions_of_a_krona_are_no_amount_of_ours()
    {
        using var services = With([]);

        Assert.Null(services.GetRequiredService<IPaymentProvider>().CapabilitiesOf("default").Currencies.FromProvider(550, "isk"));
    }

    private static ServiceProvider With(Dictionary<string, string?> values) =>
        Build(new ConfigurationBuilder().AddInMemoryCollection(values).Build());

    private static ServiceProvider Build(IConfiguration configuration)
    {
        var services = new ServiceCollection();
        new PaymentsBuilder(services).AddStripe(configuration);
        return services.BuildServiceProvider();
    }

    private static StripeOptions OptionsOf(ServiceProvider services, string account) =>
        services.GetRequiredService<IOptionsMonitor<StripeOptions>>().Get(account);
}
