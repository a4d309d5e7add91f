using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Curaway.Payments;

/// <summary>
/// Adds routing rules. They are asked in the order of their registration and the first that chooses wins, so a rule of
/// your own goes before all others when it is added before <see cref="AddGeographicRouting"/>.
/// </summary>
public static class RoutingBuilderExtensions
{
    /// <summary>
    /// Adds the runbook's five rules in order: an override, the tenant's setting, the patient's currency or country, the
    /// tenant's region, and Stripe for the rest. The last one always chooses: a rule added after it is never decisive.
    /// </summary>
    public static PaymentsBuilder AddGeographicRouting(this PaymentsBuilder builder) => builder
        .AddRoutingRule<ExplicitOverrideRule>()
        .AddRoutingRule<TenantSettingRule>()
        .AddRoutingRule<PatientGeographyRule>()
        .AddRoutingRule<TenantRegionRule>()
        .AddRoutingRule<DefaultRule>();

    /// <summary>Adds a rule after those added so far; a second time changes nothing.</summary>
    public static PaymentsBuilder AddRoutingRule<TRule>(this PaymentsBuilder builder)
        where TRule : class, IRoutingRule
    {
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IRoutingRule, TRule>());
        return builder;
    }

    /// <summary>Adds a rule directly before one of the five; a second time changes nothing.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="ruleName">A name of <see cref="RoutingRules"/>.</param>
    /// <exception cref="ArgumentException">The name is not one of the five.</exception>
    /// <exception cref="InvalidOperationException">That rule is not there: call <see cref="AddGeographicRouting"/> first.</exception>
    public static PaymentsBuilder AddRoutingRuleBefore<TRule>(this PaymentsBuilder builder, string ruleName)
        where TRule : class, IRoutingRule
    {
        var index = IndexOf(builder.Services, ruleName);
        if (!builder.Services.Any(service => IsRule(service, typeof(TRule))))
            builder.Services.Insert(index, ServiceDescriptor.Singleton<IRoutingRule, TRule>());
        return builder;
    }

    /// <summary>Puts a rule in the place of one of the five.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="ruleName">A name of <see cref="RoutingRules"/>.</param>
    /// <exception cref="ArgumentException">The name is not one of the five.</exception>
    /// <exception cref="InvalidOperationException">That rule is not there: call <see cref="AddGeographicRouting"/> first.</exception>
    public static PaymentsBuilder ReplaceRoutingRule<TRule>(this PaymentsBuilder builder, string ruleName)
        where TRule : class, IRoutingRule
    {
        builder.Services[IndexOf(builder.Services, ruleName)] = ServiceDescriptor.Singleton<IRoutingRule, TRule>();
        return builder;
    }

    private static int IndexOf(IServiceCollection services, string ruleName)
    {
        var type = RoutingRules.TypeOf(ruleName);
        for (var index = 0; index < services.Count; index++)
        {
            if (IsRule(services[index], type))
                return index;
        }

        throw new InvalidOperationException($"The rule {ruleName} is not there; call {nameof(AddGeographicRouting)} first.");
    }

    private static bool IsRule(ServiceDescriptor service, Type type) =>
        service is { IsKeyedService: false } && service.ServiceType == typeof(IRoutingRule) && service.ImplementationType == type;
}
