using System.Collections.Immutable;

namespace Curaway.Payments;

/// <summary>What the routing rules may look at. Pure data: the same context always gives the same decision.</summary>
public sealed record RoutingContext
{
    /// <summary>The tenant.</summary>
    public required OpaqueId TenantId { get; init; }

    /// <summary>A provider's name forced by an administrator, or null.</summary>
    public string? ExplicitOverride { get; init; }

    /// <summary>The tenant's <c>payments_provider</c> setting; null means by geography.</summary>
    public string? TenantProvider { get; init; }

    /// <summary>The tenant's <c>data_residency_region</c>, such as <c>ap-south-1</c>, or null.</summary>
    public string? DataResidencyRegion { get; init; }

    /// <summary>The patient's preferred currency, an ISO 4217 code in any case, or null.</summary>
    public string? PreferredCurrency { get; init; }

    /// <summary>The patient's country of residence, ISO 3166 alpha-2 or alpha-3 in any case, or null.</summary>
    public string? CountryOfResidence { get; init; }
}

/// <summary>What one rule says.</summary>
/// <param name="Provider">The provider it chooses; null when it has no opinion.</param>
/// <param name="Reason">Why, in a few words that name no person.</param>
public readonly record struct RuleAnswer(string? Provider, string Reason);

/// <summary>One rule of the routing, asked in order; the first that chooses wins. Pure and thread-safe.</summary>
public interface IRoutingRule
{
    /// <summary>The rule's name, such as <c>tenant_setting</c>; stored with every charge.</summary>
    string Name { get; }

    /// <summary>Chooses a provider, or has no opinion.</summary>
    RuleAnswer Evaluate(RoutingContext context);
}

/// <summary>One line of a routing trace.</summary>
/// <param name="Rule">The rule's name.</param>
/// <param name="Provider">What it chose; null when it had no opinion.</param>
/// <param name="Reason">Why.</param>
public sealed record RoutingStep(string Rule, string? Provider, string Reason);

/// <summary>The provider of a charge, the rule that chose it, and what every rule said.</summary>
/// <param name="Provider">The provider's name.</param>
/// <param name="Rule">The name of the first rule that chose.</param>
/// <param name="Trace">Every rule asked, in order, including those after the winner.</param>
public sealed record RoutingDecision(string Provider, string Rule, ImmutableArray<RoutingStep> Trace);

/// <summary>
/// Chooses through which account of a provider a tenant's money goes. Asked once for each charge; the answer is stored with it,
/// so a later change of mind moves no charge. Pure, quick and thread-safe.
/// </summary>
/// <param name="tenantId">The tenant.</param>
/// <param name="provider">The provider that routing chose.</param>
/// <returns>Our name of the account. One that is not configured refuses the booking; none stands in for it.</returns>
public delegate string ProviderAccountResolver(OpaqueId tenantId, string provider);
