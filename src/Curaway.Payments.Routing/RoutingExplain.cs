using System.Collections.Immutable;

namespace Curaway.Payments;

/// <summary>A routing decision in words, for operators: why a charge went where it went, or where one would go. Pure.</summary>
public static class RoutingExplain
{
    /// <summary>One line per rule asked, in order, then the decision.</summary>
    public static ImmutableArray<string> Lines(RoutingDecision decision)
    {
        var width = decision.Trace.Select(step => step.Rule.Length).DefaultIfEmpty().Max();
        return
        [
            .. decision.Trace.Select(step => $"{Mark(step, decision)} {step.Rule.PadRight(width)}  {step.Provider ?? "no opinion"}: {step.Reason}"),
            $"Decision: {decision.Provider}, by {decision.Rule}.",
        ];
    }

    /// <summary>What the rules were told, one line each, then the lines of the decision.</summary>
    public static ImmutableArray<string> Lines(RoutingContext context, RoutingDecision decision) =>
    [
        Input("tenant_id", context.TenantId.Value),
        Input("explicit_override", context.ExplicitOverride),
        Input("payments_provider", context.TenantProvider),
        Input("preferred_currency", context.PreferredCurrency),
        Input("country_of_residence", context.CountryOfResidence),
        Input("data_residency_region", context.DataResidencyRegion),
        .. Lines(decision),
    ];

    private static string Mark(RoutingStep step, RoutingDecision decision) => step.Rule == decision.Rule ? ">" : " ";

    private static string Input(string name, string? value) => $"{name} = {(string.IsNullOrWhiteSpace(value) ? "(none)" : value.Trim())}";
}
