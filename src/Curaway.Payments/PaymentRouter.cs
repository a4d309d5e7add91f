using System.Collections.Immutable;

namespace Curaway.Payments;

/// <summary>Asks every routing rule in order; the first that chooses wins. Knows no provider.</summary>
internal sealed class PaymentRouter(IEnumerable<IRoutingRule> rules)
{
    private readonly ImmutableArray<IRoutingRule> _rules = [.. rules];

    /// <summary>The decision with its full trace; null when no rule chooses.</summary>
    public RoutingDecision? Decide(RoutingContext context)
    {
        var trace = _rules.Select(rule => StepOf(rule, context)).ToImmutableArray();
        return trace.FirstOrDefault(step => step.Provider is not null) is { Provider: { } provider } winner
            ? new RoutingDecision(provider, winner.Rule, trace)
            : null;
    }

    private static RoutingStep StepOf(IRoutingRule rule, RoutingContext context)
    {
        var answer = rule.Evaluate(context);
        return new RoutingStep(rule.Name, NameOf(answer.Provider), answer.Reason ?? "");
    }

    // The trace is kept for ever. A setting with spaces in it is no provider's name, and may be anything.
    private static string? NameOf(string? provider) => provider is null || OpaqueId.TryParse(provider, out _) ? provider : "invalid";
}
