using Curaway.Payments.Razorpay;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Curaway.Payments;

/// <summary>Adds Razorpay.</summary>
public static class RazorpayBuilderExtensions
{
    private const string DefaultAccount = "default";
    private const string Section = "Curaway:Payments:Razorpay";

    /// <summary>
    /// Adds Razorpay from configuration. Account <c>default</c> is read from <c>RAZORPAY_KEY_ID</c>,
    /// <c>RAZORPAY_KEY_SECRET</c>, <c>RAZORPAY_WEBHOOK_SECRET</c> (comma-separated while rotating) and
    /// <c>RAZORPAY_API_BASE</c>, else from <c>KeyId</c>, <c>KeySecret</c>, <c>WebhookSecrets</c> and <c>ApiBase</c> of
    /// <c>Curaway:Payments:Razorpay</c>; further accounts have keys and secrets of their own in
    /// <c>Curaway:Payments:Razorpay:Accounts:{name}</c> and share what they do not set of the rest. Missing credentials are
    /// no error: the account is then not configured. May be called several times; the last value wins.
    /// </summary>
    public static PaymentsBuilder AddRazorpay(this PaymentsBuilder builder, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configuration);

        builder.Services.AddSingleton<IConfigureOptions<RazorpayOptions>>(new FromConfiguration(configuration));
        var accounts = configuration.GetSection(Section + ":Accounts").GetChildren().Select(account => account.Key);
        foreach (var account in accounts.Prepend(DefaultAccount))
        {
            builder.Services.AddSingleton<IOptionsChangeTokenSource<RazorpayOptions>>(
                new ConfigurationChangeTokenSource<RazorpayOptions>(account, configuration));
            AddAccount(builder, account);
        }

        return AddParts(builder);
    }

    /// <summary>Adds a Razorpay account from code. May be called several times.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Sets the account's options.</param>
    /// <param name="account">Our name of the account.</param>
    public static PaymentsBuilder AddRazorpay(
        this PaymentsBuilder builder, Action<RazorpayOptions> configure, string account = DefaultAccount)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        ArgumentException.ThrowIfNullOrEmpty(account);

        builder.Services.Configure(account, configure);
        AddAccount(builder, account);
        return AddParts(builder);
    }

    private static void AddAccount(PaymentsBuilder builder, string account)
    {
        builder.Services.AddSingleton(new RazorpayAccountName(account));
        builder.Services.AddOptions<RazorpayOptions>(account)
            .Validate(options => options.IsManualExpiryInRange, "Razorpay's manual expiry is from 12 minutes to 3 days.")
            .ValidateOnStart();
    }

    private static PaymentsBuilder AddParts(PaymentsBuilder builder)
    {
        var services = builder.Services;
        if (services.Any(service => service.ServiceType == typeof(RazorpayClient)))
            return builder;

        // One handler is kept for ever, so DNS changes are followed by the age of its connections.
        services.AddHttpClient(RazorpayClient.HttpClientName, RazorpayClient.Limit)
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                ConnectTimeout = TimeSpan.FromSeconds(5),
                PooledConnectionLifetime = TimeSpan.FromMinutes(2),
                AllowAutoRedirect = false,
                // A caller's baggage may name a patient, and would travel along.
                ActivityHeadersPropagator = null,
            })
            .RemoveAllLoggers();
        services.TryAddSingleton<RazorpayClient>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPaymentProvider, RazorpayProvider>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IProviderListing, RazorpayListing>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IWebhookReader, RazorpayWebhook>());
        return builder;
    }

    private sealed class FromConfiguration(IConfiguration configuration) : IConfigureNamedOptions<RazorpayOptions>
    {
        public void Configure(RazorpayOptions options) => Configure(DefaultAccount, options);

        public void Configure(string? name, RazorpayOptions options)
        {
            var isDefault = name == DefaultAccount;
            var shared = configuration.GetSection(Section);
            var section = isDefault ? shared : shared.GetSection($"Accounts:{name}");
            options.KeyId = Read("RAZORPAY_KEY_ID", "KeyId") ?? options.KeyId;
            options.KeySecret = Read("RAZORPAY_KEY_SECRET", "KeySecret") ?? options.KeySecret;
            if (ReadSecrets() is { Length: > 0 } secrets)
                options.WebhookSecrets = secrets;
            var apiBase = TextOf(configuration, "RAZORPAY_API_BASE") ?? TextOf(shared, "ApiBase");
            options.ApiBase = (isDefault ? null : TextOf(section, "ApiBase")) ?? apiBase ?? options.ApiBase;
            if (Uri.TryCreate(TextOf(section, "ScriptUrl") ?? shared["ScriptUrl"], UriKind.Absolute, out var script))
                options.ScriptUrl = script;
            options.VoidPolicy = section.GetValue("VoidPolicy", shared.GetValue("VoidPolicy", options.VoidPolicy));
            options.ManualExpiry = section.GetValue("ManualExpiry", shared.GetValue("ManualExpiry", options.ManualExpiry));

            string? Read(string flat, string key) => (isDefault ? TextOf(configuration, flat) : null) ?? TextOf(section, key);

            string[] ReadSecrets() =>
                Read("RAZORPAY_WEBHOOK_SECRET", "WebhookSecrets") is { } list
                    ? list.Split(',')
                    : [.. section.GetSection("WebhookSecrets").GetChildren().Select(secret => secret.Value ?? "")];
        }

        private static string? TextOf(IConfiguration from, string key) => string.IsNullOrWhiteSpace(from[key]) ? null : from[key];
    }
}
