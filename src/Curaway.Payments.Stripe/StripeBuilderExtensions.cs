using Curaway.Payments.Stripe;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Curaway.Payments;

/// <summary>Adds Stripe.</summary>
public static class StripeBuilderExtensions
{
    private const string DefaultAccount = "default";
    private const string Section = "Curaway:Payments:Stripe";

    /// <summary>
    /// Adds Stripe from configuration. Account <c>default</c> is read from <c>STRIPE_SECRET_KEY</c>,
    /// <c>STRIPE_PUBLISHABLE_KEY</c>, <c>STRIPE_WEBHOOK_SECRET</c> (comma-separated while rotating) and
    /// <c>STRIPE_API_BASE</c>, else from <c>SecretKey</c>, <c>PublishableKey</c>, <c>WebhookSecrets</c> and <c>ApiBase</c> of
    /// <c>Curaway:Payments:Stripe</c>; further accounts have keys and secrets of their own in
    /// <c>Curaway:Payments:Stripe:Accounts:{name}</c> and share what they do not set of the rest. Missing credentials are no
    /// error: the account is then not configured. May be called several times; the last value wins.
    /// </summary>
    public static PaymentsBuilder AddStripe(this PaymentsBuilder builder, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configuration);

        builder.Services.AddSingleton<IConfigureOptions<StripeOptions>>(new FromConfiguration(configuration));
        var accounts = configuration.GetSection(Section + ":Accounts").GetChildren().Select(account => account.Key);
        foreach (var account in accounts.Prepend(DefaultAccount))
        {
            builder.Services.AddSingleton<IOptionsChangeTokenSource<StripeOptions>>(
                new ConfigurationChangeTokenSource<StripeOptions>(account, configuration));
            builder.Services.AddSingleton(new StripeAccountName(account));
        }

        return AddParts(builder);
    }

    /// <summary>Adds a Stripe account from code. May be called several times.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Sets the account's options.</param>
    /// <param name="account">Our name of the account.</param>
    public static PaymentsBuilder AddStripe(this PaymentsBuilder builder, Action<StripeOptions> configure, string account = DefaultAccount)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        ArgumentException.ThrowIfNullOrEmpty(account);

        builder.Services.Configure(account, configure);
        builder.Services.AddSingleton(new StripeAccountName(account));
        return AddParts(builder);
    }

    private static PaymentsBuilder AddParts(PaymentsBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions();
        if (services.Any(service => service.ServiceType == typeof(StripeClientFactory)))
            return builder;

        // The client keeps one handler for ever, so DNS changes are followed by the age of its connections.
        services.AddHttpClient(StripeClientFactory.HttpClientName)
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
        services.TryAddSingleton<StripeClientFactory>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPaymentProvider, StripeProvider>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPaymentMethodVault, StripeVault>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IProviderListing, StripeListing>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IWebhookReader, StripeWebhook>());
        return builder;
    }

    private sealed class FromConfiguration(IConfiguration configuration) : IConfigureNamedOptions<StripeOptions>
    {
        public void Configure(StripeOptions options) => Configure(DefaultAccount, options);

        public void Configure(string? name, StripeOptions options)
        {
            var isDefault = name == DefaultAccount;
            var shared = configuration.GetSection(Section);
            var section = isDefault ? shared : shared.GetSection($"Accounts:{name}");
            options.SecretKey = Read("STRIPE_SECRET_KEY", "SecretKey") ?? options.SecretKey;
            options.PublishableKey = Read("STRIPE_PUBLISHABLE_KEY", "PublishableKey") ?? options.PublishableKey;
            if (ReadSecrets() is { Length: > 0 } secrets)
                options.WebhookSecrets = secrets;
            var apiBase = TextOf(configuration, "STRIPE_API_BASE") ?? TextOf(shared, "ApiBase");
            options.ApiBase = (isDefault ? null : TextOf(section, "ApiBase")) ?? apiBase ?? options.ApiBase;
            if (Uri.TryCreate(TextOf(section, "ScriptUrl") ?? shared["ScriptUrl"], UriKind.Absolute, out var script))
                options.ScriptUrl = script;
            options.SignatureTolerance = section.GetValue("SignatureTolerance", shared.GetValue("SignatureTolerance", options.SignatureTolerance));
            options.CallTimeout = section.GetValue("CallTimeout", shared.GetValue("CallTimeout", options.CallTimeout));

            string? Read(string flat, string key) => (isDefault ? TextOf(configuration, flat) : null) ?? TextOf(section, key);

            string[] ReadSecrets() =>
                Read("STRIPE_WEBHOOK_SECRET", "WebhookSecrets") is { } list
                    ? list.Split(',')
                    : [.. section.GetSection("WebhookSecrets").GetChildren().Select(secret => secret.Value ?? "")];
        }

        private static string? TextOf(IConfiguration from, string key) => string.IsNullOrWhiteSpace(from[key]) ? null : from[key];
    }
}
