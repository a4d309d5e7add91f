using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Curaway.Payments;

/// <summary>Wires a payments system into a host.</summary>
public static class PaymentsServiceCollectionExtensions
{
    /// <summary>
    /// Adds the engine, and what <paramref name="configure"/> adds to it: providers, routing, one store. May be called
    /// several times. Logging and metrics are the host's. Missing provider credentials do not keep it from starting.
    /// </summary>
    public static IServiceCollection AddCurawayPayments(this IServiceCollection services, Action<PaymentsBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);

        services.AddOptions<PaymentsOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PaymentsOptions>, PaymentsOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<PaymentsSignal>();
        services.TryAddSingleton<PaymentsHeartbeat>();
        services.TryAddSingleton<OutageWatch>();
        services.TryAddSingleton(provider => new PaymentAlerts(provider.GetRequiredService<IChargeStore>()));
        services.TryAddSingleton<PaymentsMetrics>();
        services.TryAddSingleton<PaymentRouter>();
        services.TryAddSingleton<ProviderAccountResolver>((_, _) => "default");
        services.TryAddSingleton<ProviderAccounts>();
        services.TryAddSingleton<ProviderCaller>();
        services.TryAddSingleton(provider => new OperationStart(
            OptionsOf(provider), provider.GetRequiredService<ProviderCaller>().CapabilitiesOf, provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(provider => new ChargeRecorder(
            provider.GetRequiredService<IChargeStore>(), provider.GetRequiredService<PaymentsSignal>(), OptionsOf(provider),
            provider.GetRequiredService<ProviderCaller>().CapabilitiesOf, provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<ReadRefresh>();
        services.TryAddSingleton(provider => new ChargeService(
            provider.GetRequiredService<IChargeStore>(),
            provider.GetRequiredService<ProviderCaller>(),
            provider.GetRequiredService<PaymentRouter>(),
            provider.GetRequiredService<ProviderAccounts>(),
            provider.GetRequiredService<ChargeRecorder>(),
            provider.GetRequiredService<OperationStart>(),
            provider.GetRequiredService<ReadRefresh>(),
            provider.GetRequiredService<IOptions<PaymentsOptions>>(),
            provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(provider => new WebhookReplay(
            provider.GetRequiredService<IChargeStore>(), provider.GetRequiredService<PaymentsSignal>()));
        services.TryAddSingleton(provider => new PaymentMethodService(
            provider.GetServices<IPaymentMethodVault>(),
            provider.GetRequiredService<ProviderCaller>(),
            provider.GetRequiredService<IOptions<PaymentsOptions>>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<PaymentMethodService>>()));
        services.TryAddSingleton<Reconciler>();
        services.TryAddSingleton(provider => new TwoWayReconciliation(
            provider.GetRequiredService<IChargeStore>(),
            provider.GetRequiredService<ProviderCaller>(),
            provider.GetRequiredService<ChargeRecorder>(),
            provider.GetRequiredService<PaymentsMetrics>(),
            provider.GetServices<IProviderListing>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<TwoWayReconciliation>>()));
        services.TryAddSingleton<WebhookProcessor>();
        services.TryAddSingleton<TransitionDispatcher>();
        services.TryAddSingleton<AlertDispatcher>();
        services.TryAddSingleton<StoreWatch>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, PaymentsWorker>());

        configure(new PaymentsBuilder(services));
        return services;
    }

    /// <summary>Sets the engine's limits.</summary>
    public static PaymentsBuilder Configure(this PaymentsBuilder builder, Action<PaymentsOptions> configure)
    {
        builder.Services.Configure(configure);
        return builder;
    }

    /// <summary>
    /// Chooses the account of a provider for each tenant; without it every charge goes through <c>default</c>. The last one given
    /// wins. A charge keeps the account it was begun with.
    /// </summary>
    public static PaymentsBuilder ResolveAccounts(this PaymentsBuilder builder, ProviderAccountResolver resolver)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(resolver);

        builder.Services.AddSingleton(resolver);
        return builder;
    }

    /// <summary>Adds an observer of status changes; several may be added, one of each type.</summary>
    public static PaymentsBuilder AddObserver<TObserver>(this PaymentsBuilder builder)
        where TObserver : class, IChargeObserver
    {
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IChargeObserver, TObserver>());
        return builder;
    }

    private static PaymentsOptions OptionsOf(IServiceProvider provider) => provider.GetRequiredService<IOptions<PaymentsOptions>>().Value;
}

/// <summary>Refuses limits outside the ranges their documentation states, when the host starts.</summary>
internal sealed class PaymentsOptionsValidator : IValidateOptions<PaymentsOptions>
{
    public ValidateOptionsResult Validate(string? name, PaymentsOptions options)
    {
        (bool IsValid, string Message)[] checks =
        [
            (options.ProviderDeadline >= TimeSpan.FromMilliseconds(100) && options.ProviderDeadline <= TimeSpan.FromSeconds(60),
                "ProviderDeadline is 100 ms to 60 s."),
            (options.BookingDeadline >= TimeSpan.FromMilliseconds(100) && options.BookingDeadline <= TimeSpan.FromSeconds(60),
                "BookingDeadline is 100 ms to 60 s."),
            (options.HoldTime >= TimeSpan.FromSeconds(1), "HoldTime is at least 1 s."),
            (options.CheckoutTime >= TimeSpan.FromSeconds(1), "CheckoutTime is at least 1 s."),
            (options.SweepInterval >= TimeSpan.FromMilliseconds(10), "SweepInterval is at least 10 ms."),
            (options.ClaimCountMax is >= 1 and <= 1000, "ClaimCountMax is 1 to 1000."),
            (options.WebhookBodyLifetime >= TimeSpan.FromDays(1), "WebhookBodyLifetime is at least 1 day."),
            (options.WebhookEventLifetime >= TimeSpan.FromDays(30), "WebhookEventLifetime is at least 30 days."),
            (options.ReconciliationInterval == TimeSpan.Zero || options.ReconciliationInterval >= TimeSpan.FromMinutes(1),
                "ReconciliationInterval is at least 1 min, or zero."),
            (options.ReconciliationWindow >= TimeSpan.FromHours(1) && options.ReconciliationWindow <= TimeSpan.FromDays(90),
                "ReconciliationWindow is 1 h to 90 days."),
            (options.WebhookSilence >= TimeSpan.FromMinutes(1), "WebhookSilence is at least 1 min."),
            (options.EventAttemptCountMax is >= 1 and <= 100, "EventAttemptCountMax is 1 to 100."),
        ];
        var failures = checks.Where(check => !check.IsValid).Select(check => check.Message).ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
