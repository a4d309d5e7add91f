using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Curaway.Payments.ContractTests.Razorpay;

/// <summary>How Razorpay is configured, and which amounts it takes.</summary>
public sealed class RazorpayOptionsTests
{
    [Fact]
    public void Flat_variables_win_over_the_section_and_are_trimmed()
    {
        var options = OptionsOf("default", new()
        {
            ["RAZORPAY_KEY_ID"] = " rzp_live_1 ",
            ["RAZORPAY_KEY_SECRET"] = "s3cret\n",
            ["RAZORPAY_WEBHOOK_SECRET"] = "new, old ,",
            ["RAZORPAY_API_BASE"] = "http://127.0.0.1:5081",
            ["Curaway:Payments:Razorpay:KeyId"] = "rzp_test_2",
            ["Curaway:Payments:Razorpay:KeySecret"] = "other",
            ["Curaway:Payments:Razorpay:WebhookSecrets"] = "other",
            ["Curaway:Payments:Razorpay:ApiBase"] = "http://127.0.0.1:5082/v1",
            ["Curaway:Payments:Razorpay:ManualExpiry"] = "1.00:00:00",
        });

        Assert.Equal(("rzp_live_1", "s3cret", true), (options.KeyId, options.KeySecret, options.IsConfigured));
        Assert.Equal(["new", "old"], options.WebhookSecrets);
        Assert.Equal("http://127.0.0.1:5081/v1/", options.BaseAddress!.ToString());
        Assert.Equal(TimeSpan.FromDays(1), options.ManualExpiry);
        Assert.DoesNotContain("s3cret", options.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("rzp_live_1", options.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("old", options.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_section_works_alone_and_an_empty_variable_is_unset()
    {
        var options = OptionsOf("default", new()
        {
            ["RAZORPAY_KEY_ID"] = "",
            ["Curaway:Payments:Razorpay:KeyId"] = "rzp_test_2",
            ["Curaway:Payments:Razorpay:KeySecret"] = "other",
            ["Curaway:Payments:Razorpay:ApiBase"] = "http://127.0.0.1:5082/v1",
        });

        Assert.Equal(("rzp_test_2", "http://127.0.0.1:5082/v1/"), (options.KeyId, options.BaseAddress!.ToString()));
        Assert.Empty(options.WebhookSecrets);
    }

    [Fact]
    public void A_named_account_has_keys_of_its_own_and_shares_the_rest()
    {
        var values = new Dictionary<string, string?>
        {
            ["RAZORPAY_KEY_ID"] = "rzp_test_1",
            ["RAZORPAY_KEY_SECRET"] = "one",
            ["RAZORPAY_WEBHOOK_SECRET"] = "hook_one",
            ["RAZORPAY_API_BASE"] = "http://127.0.0.1:5081",
            ["Curaway:Payments:Razorpay:Accounts:clinic:KeyId"] = "rzp_test_2",
            ["Curaway:Payments:Razorpay:Accounts:clinic:KeySecret"] = "two",
        };

        var options = OptionsOf("clinic", values);

        Assert.Equal(("rzp_test_2", "two"), (options.KeyId, options.KeySecret));
        Assert.Equal("http://127.0.0.1:5081/v1/", options.BaseAddress!.ToString());
        Assert.Empty(options.WebhookSecrets);
        using var services = ServicesOf(new ConfigurationBuilder().AddInMemoryCollection(values).Build());
        var provider = services.GetRequiredService<IPaymentProvider>();
        Assert.Equal([true, true, false], new[] { "default", "clinic", "unknown" }.Select(provider.IsConfigured));
    }

    [Fact]
    public void A_changed_secret_is_taken_up_without_a_restart()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["RAZORPAY_WEBHOOK_SECRET"] = "old",
            ["Curaway:Payments:Razorpay:Accounts:clinic:WebhookSecrets:0"] = "old",
        }).Build();
        using var services = ServicesOf(configuration);
        var options = services.GetRequiredService<IOptionsMonitor<RazorpayOptions>>();
        Assert.Equal(["old"], options.Get("default").WebhookSecrets);
        Assert.Equal(["old"], options.Get("clinic").WebhookSecrets);

        configuration["RAZORPAY_WEBHOOK_SECRET"] = "new,old";
        configuration["Curaway:Payments:Razorpay:Accounts:clinic:WebhookSecrets:0"] = "new";
        configuration.Reload();

        Assert.Equal(["new", "old"], options.Get("default").WebhookSecrets);
        Assert.Equal(["new"], options.Get("clinic").WebhookSecrets);
    }

    [Fact]
    public void Added_twice_it_is_there_once()
    {
        var services = new ServiceCollection();
        var configuration = new ConfigurationBuilder().Build();
        new PaymentsBuilder(services)
            .AddRazorpay(configuration)
            .AddRazorpay(configuration)
            .AddRazorpay(options => options.KeyId = "rzp_test_3");
        using var built = services.BuildServiceProvider(validateScopes: true);

        Assert.Single(built.GetServices<IPaymentProvider>());
        Assert.Single(built.GetServices<IWebhookReader>());
        Assert.Equal("rzp_test_3", built.GetRequiredService<IOptionsMonitor<RazorpayOptions>>().Get("default").KeyId);
    }

    [Theory]
    [InlineData("ftp://127.0.0.1/", false)]
    [InlineData("http://user:pass@127.0.0.1/v1/", false)]
    [InlineData("127.0.0.1:80", false)]
    [InlineData("", false)]
    [InlineData(" http://127.0.0.1/v1 ", true)]
    public void An_address_that_is_none_counts_as_not_configured(string address, bool isConfigured) =>
        Assert.Equal(isConfigured, new RazorpayOptions { KeyId = "k", KeySecret = "s", ApiBase = address }.IsConfigured);

    [Theory]
    [InlineData("00:11:00")]
    [InlineData("3.00:01:00")]
    public void A_hold_beyond_the_documents_is_refused(string expiry) => Assert.Throws<OptionsValidationException>(() =>
        OptionsOf("default", new() { ["Curaway:Payments:Razorpay:ManualExpiry"] = expiry }));

    [Theory]
    [InlineData(99, "INR", "minimum")]
    [InlineData(100, "INR", null)]
    [InlineData(1, "USD", null)]
    [InlineData(1500, "JPY", null)]
    [InlineData(1500, "ISK", null)]
    [InlineData(1500, "UGX", null)]
    [InlineData(1230, "KWD", null)]
    [InlineData(1234, "KWD", "multiple")]
    [InlineData(1230, "LYD", "LYD")]
    public void Amounts_follow_razorpays_table(long amount, string currency, string? reason)
    {
        using var services = ServicesOf(new ConfigurationBuilder().Build());
        var provider = services.GetRequiredService<IPaymentProvider>();
        var money = new Money(amount, Currency.Parse(currency));

        var rules = provider.CapabilitiesOf("default").Currencies;
        Assert.Equal(reason, rules.Check(money)?.Reason);
        if (reason is null)
            Assert.Equal(amount, rules.ToProvider(money));
    }

    [Fact]
    public void What_it_can_do_is_what_razorpay_documents()
    {
        using var services = ServicesOf(new ConfigurationBuilder().Build());
        var provider = services.GetRequiredService<IPaymentProvider>();

        var capabilities = provider.CapabilitiesOf("default");
        Assert.Equal((TimeSpan.FromDays(3), null), (capabilities.AuthorizationWindow, capabilities.SavedMethodAuthorizationWindow));
        Assert.False(capabilities.VoidsAtOnce || capabilities.CanCapturePartially);
        Assert.Equal([null, null, null, TimeSpan.FromHours(24)], Enum.GetValues<OperationKind>().Select(capabilities.ReplayLifetime));
    }

    private static RazorpayOptions OptionsOf(string account, Dictionary<string, string?> values)
    {
        using var services = ServicesOf(new ConfigurationBuilder().AddInMemoryCollection(values).Build());
        return services.GetRequiredService<IOptionsMonitor<RazorpayOptions>>().Get(account);
    }

    private static ServiceProvider ServicesOf(IConfiguration configuration)
    {
        var services = new ServiceCollection();
        new PaymentsBuilder(services).AddRazorpay(configuration);
        return services.BuildServiceProvider();
    }
}
