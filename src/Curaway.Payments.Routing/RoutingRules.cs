namespace Curaway.Payments;

/// <summary>The names of the runbook's five rules, in the order in which they are asked.</summary>
public static class RoutingRules
{
    /// <summary>An administrator forced a provider.</summary>
    public const string ExplicitOverride = "explicit_override";

    /// <summary>The tenant's <c>payments_provider</c> setting.</summary>
    public const string TenantSetting = "tenant_setting";

    /// <summary>The patient prefers INR or lives in India.</summary>
    public const string PatientGeography = "patient_geography";

    /// <summary>The tenant's data lives in a region whose name starts with <c>ap-south</c>.</summary>
    public const string TenantRegion = "tenant_region";

    /// <summary>Stripe, when no other rule chose.</summary>
    public const string Default = "default";

    internal const string Stripe = "stripe";
    internal const string Razorpay = "razorpay";

    internal static Type TypeOf(string ruleName) => ruleName switch
    {
        ExplicitOverride => typeof(ExplicitOverrideRule),
        TenantSetting => typeof(TenantSettingRule),
        PatientGeography => typeof(PatientGeographyRule),
        TenantRegion => typeof(TenantRegionRule),
        Default => typeof(DefaultRule),
        _ => throw new ArgumentException("Not one of the names in RoutingRules.", nameof(ruleName)),
    };

    /// <summary>The name as providers carry it; null when it is empty. An unknown provider is the engine's to refuse.</summary>
    internal static string? ProviderOf(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim().ToLowerInvariant();

    internal static bool Is(string? text, string expected) =>
        text is not null && text.AsSpan().Trim().Equals(expected, StringComparison.OrdinalIgnoreCase);
}

internal sealed class ExplicitOverrideRule : IRoutingRule
{
    public string Name => RoutingRules.ExplicitOverride;

    public RuleAnswer Evaluate(RoutingContext context) => RoutingRules.ProviderOf(context.ExplicitOverride) is { } provider
        ? new RuleAnswer(provider, "forced by an administrator")
        : new RuleAnswer(null, "nothing was forced");
}

internal sealed class TenantSettingRule : IRoutingRule
{
    public string Name => RoutingRules.TenantSetting;

    public RuleAnswer Evaluate(RoutingContext context) => RoutingRules.ProviderOf(context.TenantProvider) is { } provider
        ? new RuleAnswer(provider, "payments_provider is set")
        : new RuleAnswer(null, "payments_provider is not set");
}

internal sealed class PatientGeographyRule : IRoutingRule
{
    public string Name => RoutingRules.PatientGeography;

    public RuleAnswer Evaluate(RoutingContext context)
    {
        if (RoutingRules.Is(context.PreferredCurrency, "INR"))
            return new RuleAnswer(RoutingRules.Razorpay, "preferred_currency is INR");
        return RoutingRules.Is(context.CountryOfResidence, "IND") || RoutingRules.Is(context.CountryOfResidence, "IN")
            ? new RuleAnswer(RoutingRules.Razorpay, "country_of_residence is IND")
            : new RuleAnswer(null, "neither preferred_currency INR nor country_of_residence IND");
    }
}

internal sealed class TenantRegionRule : IRoutingRule
{
    private const string Prefix = "ap-south";

    public string Name => RoutingRules.TenantRegion;

    // The runbook's rule is the bare prefix, so it also takes in ap-southeast-*; a tenant there sets payments_provider.
    public RuleAnswer Evaluate(RoutingContext context) =>
        context.DataResidencyRegion.AsSpan().Trim().StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
            ? new RuleAnswer(RoutingRules.Razorpay, "data_residency_region starts with ap-south")
            : new RuleAnswer(null, "data_residency_region does not start with ap-south");
}

internal sealed class DefaultRule : IRoutingRule
{
    public string Name => RoutingRules.Default;

    public RuleAnswer Evaluate(RoutingContext context) => new(RoutingRules.Stripe, "the cross-border default");
}
