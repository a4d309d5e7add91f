using System.Globalization;
using Curaway.Payments.Razorpay;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Curaway.Payments;

/// <summary>Adds Razorpay. May be called several times; the last value set wins.</summary>
public static class RazorpayBuilderExtensions
{
    private const string SectionName = "Curaway:Payments:Razorpay";

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PooledConnectionLifetime = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Adds Razorpay from configuration: <c>RAZORPAY_KEY_ID</c>, <c>RAZORPAY_KEY_SECRET</c>, <c>RAZORPAY_WEBHOOK_SECRET</c>
    /// (comma-separated while one is rotated) and <c>RAZORPAY_API_BASE</c> win over <c>KeyId</c>, <c>KeySecret</c>,
    /// <c>WebhookSecret</c> and <c>ApiBase</c> of the section <c>Curaway:Payments:Razorpay</c>, which also takes
    /// <c>ScriptUrl</c> and <c>ManualExpiryMinutes</c>. Further accounts stand in its <c>Accounts:{name}</c>: they have keys and
    /// secrets of their own and share the rest. A change is taken up without a restart.
    /// </summary>
    public static PaymentsBuilder AddRazorpay(this PaymentsBuilder builder, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configuration);
        var section = configuration.GetSection(SectionName);
        Configure(builder, configuration, Options.DefaultName, options =>
        {
            ReadKeys(options, section);
            ReadShared(options, configuration, section);
            options.KeyId = TextOf(configuration, "RAZORPAY_KEY_ID") ?? options.KeyId;
            options.KeySecret = TextOf(configuration, "RAZORPAY_KEY_SECRET") ?? options.KeySecret;
            options.WebhookSecrets = TextOf(configuration, "RAZORPAY_WEBHOOK_SECRET")?.Split(',') ?? options.WebhookSecrets;
        });
        foreach (var account in section.GetSection("Accounts").GetChildren())
        {
            Configure(builder, configuration, account.Key, options =>
            {
                ReadKeys(options, account);
                ReadShared(options, configuration, section);
            });
        }

        return AddServices(builder);
    }

    /// <summary>Adds Razorpay with the default account set in code.</summary>
    public static PaymentsBuilder AddRazorpay(this PaymentsBuilder builder, Action<RazorpayOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        builder.Services.Configure(configure);
        return AddServices(builder);
    }

    private static PaymentsBuilder AddServices(PaymentsBuilder builder)
    {
        var services = builder.Services;
        if (services.Any(service => service.ServiceType == typeof(RazorpayClient)))
            return builder;
        services.AddOptions<RazorpayOptions>().Validate(
            options => options.ManualExpiry >= RazorpayOptions.ManualExpiryMin && options.ManualExpiry <= RazorpayOptions.ManualExpiryMax,
            "Razorpay's manual expiry is 12 to 4320 minutes.").ValidateOnStart();
        services.AddHttpClient(RazorpayClient.HttpClientName, RazorpayClient.Limit)
            .UseSocketsHttpHandler((handler, _) =>
            {
                handler.ConnectTimeout = ConnectTimeout;
                handler.PooledConnectionLifetime = PooledConnectionLifetime;
                handler.AllowAutoRedirect = false;
            })
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .RemoveAllLoggers();
        services.AddSingleton<RazorpayClient>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPaymentProvider, RazorpayProvider>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IWebhookReader, RazorpayWebhook>());
        return builder;
    }

    private static void Configure(PaymentsBuilder builder, IConfiguration configuration, string account, Action<RazorpayOptions> read)
    {
        builder.Services.Configure(account, read);
        builder.Services.AddSingleton<IOptionsChangeTokenSource<RazorpayOptions>>(
            new ConfigurationChangeTokenSource<RazorpayOptions>(account, configuration));
    }

    private static void ReadKeys(RazorpayOptions options, IConfigurationSection section)
    {
        options.KeyId = TextOf(section, "KeyId") ?? options.KeyId;
        options.KeySecret = TextOf(section, "KeySecret") ?? options.KeySecret;
        options.WebhookSecrets = TextOf(section, "WebhookSecret")?.Split(',') ?? options.WebhookSecrets;
    }

    private static void ReadShared(RazorpayOptions options, IConfiguration flat, IConfigurationSection section)
    {
        if ((TextOf(flat, "RAZORPAY_API_BASE") ?? TextOf(section, "ApiBase")) is { } apiBase)
            options.ApiBase = new Uri(apiBase);
        if (TextOf(section, "ScriptUrl") is { } scriptUrl)
            options.ScriptUrl = new Uri(scriptUrl);
        if (TextOf(section, "ManualExpiryMinutes") is { } minutes)
            options.ManualExpiry = TimeSpan.FromMinutes(int.Parse(minutes, CultureInfo.InvariantCulture));
    }

    private static string? TextOf(IConfiguration configuration, string key) =>
        configuration[key]?.Trim() is { Length: > 0 } text ? text : null;
}
