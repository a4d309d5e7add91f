using System.Collections.Immutable;
using Xunit;

namespace Curaway.Payments.Tests;

/// <summary>The first rule that chooses wins, and every rule is in the trace.</summary>
public sealed class PaymentRouterTests
{
    private static readonly RoutingContext Anybody = new() { TenantId = OpaqueId.Parse("clinic") };

    [Fact]
    public void The_first_rule_that_chooses_wins_and_all_are_asked()
    {
        var decision = Decide(Rule("silent", null), Rule("first", "stripe"), Rule("late", "razorpay"))!;

        Assert.Equal(("stripe", "first"), (decision.Provider, decision.Rule));
        Assert.Equal(
            ImmutableArray.Create<(string, string?, string)>(("silent", null, "why silent"), ("first", "stripe", "why first"), ("late", "razorpay", "why late")),
            decision.Trace.Select(step => (step.Rule, step.Provider, step.Reason)));
    }

    [Fact]
    public void When_no_rule_chooses_there_is_no_decision()
    {
        Assert.Null(Decide(Rule("silent", null)));
        Assert.Null(Decide());
    }

    [Fact]
    public void A_setting_that_is_no_name_of_a_provider_is_not_written_into_the_trace()
    {
        var decision = Decide(Rule("forced", "Dr Finch Canary"), Rule("default", "stripe"))!;

        Assert.Equal(("invalid", "forced"), (decision.Provider, decision.Rule));
        Assert.Equal(["invalid", "stripe"], decision.Trace.Select(step => step.Provider));
    }

    [Fact]
    public void The_rules_see_the_context()
    {
        var rule = new StubRule("echo", context => new RuleAnswer(context.PreferredCurrency, "as asked"));

        Assert.Equal("INR", new PaymentRouter([rule]).Decide(Anybody with { PreferredCurrency = "INR" })!.Provider);
    }

    [Fact]
    public void An_answer_that_says_nothing_is_no_opinion()
    {
        var decision = Decide(new StubRule("mute", _ => default), Rule("default", "stripe"))!;

        Assert.Equal(("stripe", "default"), (decision.Provider, decision.Rule));
        Assert.Equal(new RoutingStep("mute", null, ""), decision.Trace[0]);
    }

    private static RoutingDecision? Decide(params IRoutingRule[] rules) => new PaymentRouter(rules).Decide(Anybody);

    private static StubRule Rule(string name, string? provider) => new(name, _ => new RuleAnswer(provider, "why " + name));

    private sealed class StubRule(string name, Func<RoutingContext, RuleAnswer> answer) : IRoutingRule
    {
        public string Name => name;

        public RuleAnswer Evaluate(RoutingContext context) => answer(context);
    }
}
