using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Curaway.Payments.Tests;

public sealed class RoutingRulesTests
{
    private static readonly string?[] Providers = [null, "stripe", "razorpay"];
    private static readonly string?[] Currencies = [null, "INR", "inr", "USD"];
    private static readonly string?[] Countries = [null, "IND", "IN", "ind", "USA"];
    private static readonly string?[] Regions = [null, "ap-south-1", "ap-south-2", "AP-SOUTH-1", "eu-west-1"];

    private static readonly string[] RunbookOrder =
        ["explicit_override", "tenant_setting", "patient_geography", "tenant_region", "default"];

    [Fact]
    public void Every_combination_is_decided_as_the_runbook_says()
    {
        var rules = RulesOf(payments => payments.AddGeographicRouting());
        var cases = (
            from forced in Providers
            from setting in Providers
            from currency in Currencies
            from country in Countries
            from region in Regions
            select ContextOf(forced, setting, currency, country, region)).ToList();

        Assert.Equal(3 * 3 * 4 * 5 * 5, cases.Count);
        foreach (var context in cases)
        {
            var decision = Decide(rules, context);
            Assert.True((decision.Provider, decision.Rule) == Oracle(context), $"{context} went to {decision.Provider} by {decision.Rule}");
            Assert.Equal(RunbookOrder, decision.Trace.Select(step => step.Rule));
            Assert.All(decision.Trace, step => Assert.NotEqual("", step.Reason));
        }
    }

    [Fact]
    public void The_oracle_of_the_table_is_not_constant()
    {
        var answers = Providers.SelectMany(_ => Regions, (setting, region) => Oracle(ContextOf(null, setting, null, null, region))).Distinct();

        Assert.Equal(4, answers.Count());
    }

    [Theory]
    [InlineData("IN")]
    [InlineData("IND")]
    [InlineData("in")]
    [InlineData(" ind ")]
    public void India_is_known_by_both_of_its_codes_in_any_case(string country) =>
        Assert.Equal("razorpay", Choose(ContextOf(null, null, null, country, null)).Provider);

    [Theory]
    [InlineData("INR")]
    [InlineData("inr")]
    [InlineData(" Inr\t")]
    public void The_rupee_is_known_in_any_case(string currency) =>
        Assert.Equal("razorpay", Choose(ContextOf(null, null, currency, null, null)).Provider);

    [Theory]
    [InlineData("ap-south-1", "razorpay")]
    [InlineData("ap-south-2", "razorpay")]
    [InlineData(" AP-SOUTH-1 ", "razorpay")]
    [InlineData("ap-southeast-1", "razorpay")] // the runbook's prefix, to the letter
    [InlineData("ap-northeast-1", "stripe")]
    [InlineData("eu-ap-south-1", "stripe")]
    [InlineData("", "stripe")]
    public void The_region_counts_by_its_prefix(string region, string provider) =>
        Assert.Equal(provider, Choose(ContextOf(null, null, null, null, region)).Provider);

    [Fact]
    public void The_tenants_setting_beats_geography()
    {
        var decision = Choose(ContextOf(null, "stripe", "INR", "IND", "ap-south-1"));

        Assert.Equal(("stripe", "tenant_setting"), (decision.Provider, decision.Rule));
    }

    [Fact]
    public void The_override_beats_all()
    {
        var decision = Choose(ContextOf("stripe", "razorpay", "INR", "IND", "ap-south-1"));

        Assert.Equal(("stripe", "explicit_override"), (decision.Provider, decision.Rule));
    }

    [Fact]
    public void Rules_after_the_winner_are_in_the_trace_with_what_they_would_have_chosen()
    {
        var decision = Choose(ContextOf("stripe", null, "INR", null, "eu-west-1"));

        Assert.Equal(["stripe", null, "razorpay", null, "stripe"], decision.Trace.Select(step => step.Provider));
    }

    [Fact]
    public void Nothing_known_goes_to_stripe()
    {
        var decision = Choose(ContextOf(null, null, null, null, null));

        Assert.Equal(("stripe", "default"), (decision.Provider, decision.Rule));
    }

    [Theory]
    [InlineData(" RazorPay ", "razorpay")]
    [InlineData("STRIPE", "stripe")]
    [InlineData("Adyen", "adyen")] // the engine refuses a provider that is not registered; a rule does not guess
    public void Names_of_providers_are_answered_trimmed_and_in_lower_case(string text, string provider)
    {
        Assert.Equal((provider, "explicit_override"), ProviderAndRule(ContextOf(text, null, null, null, null)));
        Assert.Equal((provider, "tenant_setting"), ProviderAndRule(ContextOf(null, text, null, null, null)));
    }

    [Fact]
    public void Blank_settings_are_no_settings() =>
        Assert.Equal(("razorpay", "patient_geography"), ProviderAndRule(ContextOf(" ", "", "INR", "\t", " ")));

    [Fact]
    public void Adding_the_rules_twice_adds_them_once()
    {
        var rules = RulesOf(payments => payments.AddGeographicRouting().AddGeographicRouting());

        Assert.Equal(RunbookOrder, rules.Select(rule => rule.Name));
    }

    [Fact]
    public void A_rule_added_first_is_asked_first()
    {
        var rules = RulesOf(payments => payments.AddRoutingRule<NightRule>().AddGeographicRouting());

        Assert.Equal(["night", .. RunbookOrder], rules.Select(rule => rule.Name));
    }

    [Fact]
    public void A_rule_is_added_before_another_once()
    {
        var rules = RulesOf(payments => payments
            .AddGeographicRouting()
            .AddRoutingRuleBefore<NightRule>(RoutingRules.TenantRegion)
            .AddRoutingRuleBefore<NightRule>(RoutingRules.Default));

        Assert.Equal(
            ["explicit_override", "tenant_setting", "patient_geography", "night", "tenant_region", "default"], rules.Select(rule => rule.Name));
    }

    [Fact]
    public void A_rule_takes_the_place_of_another()
    {
        var rules = RulesOf(payments => payments.AddGeographicRouting().ReplaceRoutingRule<NightRule>(RoutingRules.Default));

        Assert.Equal("night", rules[^1].Name);
        Assert.Equal(5, rules.Count);
    }

    [Fact]
    public void A_place_that_does_not_exist_is_refused()
    {
        Assert.Throws<InvalidOperationException>(() => RulesOf(payments => payments.AddRoutingRuleBefore<NightRule>(RoutingRules.Default)));
        Assert.Throws<ArgumentException>(() => RulesOf(payments => payments.AddGeographicRouting().ReplaceRoutingRule<NightRule>("nonsense")));
    }

    [Fact]
    public void The_explanation_names_every_input_every_rule_and_the_decision()
    {
        var context = ContextOf(null, null, "INR", null, "eu-west-1");

        var lines = RoutingExplain.Lines(context, Choose(context));

        Assert.Equal(
            [
                "tenant_id = clinic-global",
                "explicit_override = (none)",
                "payments_provider = (none)",
                "preferred_currency = INR",
                "country_of_residence = (none)",
                "data_residency_region = eu-west-1",
                "  explicit_override  no opinion: nothing was forced",
                "  tenant_setting     no opinion: payments_provider is not set",
                "> patient_geography  razorpay: preferred_currency is INR",
                "  tenant_region      no opinion: data_residency_region does not start with ap-south",
                "  default            stripe: the cross-border default",
                "Decision: razorpay, by patient_geography.",
            ],
            lines);
    }

    /// <summary>The runbook's text, written down again without looking at the rules.</summary>
    private static (string Provider, string Rule) Oracle(RoutingContext context)
    {
        string?[] india = ["IND", "IN", "ind"];
        string?[] rupee = ["INR", "inr"];
        string?[] south = ["ap-south-1", "ap-south-2", "AP-SOUTH-1"];
        return context switch
        {
            { ExplicitOverride: not null } => (context.ExplicitOverride, "explicit_override"),
            { TenantProvider: not null } => (context.TenantProvider, "tenant_setting"),
            _ when rupee.Contains(context.PreferredCurrency) => ("razorpay", "patient_geography"),
            _ when india.Contains(context.CountryOfResidence) => ("razorpay", "patient_geography"),
            _ when south.Contains(context.DataResidencyRegion) => ("razorpay", "tenant_region"),
            _ => ("stripe", "default"),
        };
    }

    private static (string Provider, string Rule) ProviderAndRule(RoutingContext context) =>
        Choose(context) is var decision ? (decision.Provider, decision.Rule) : default;

    private static RoutingDecision Choose(RoutingContext context) => Decide(RulesOf(payments => payments.AddGeographicRouting()), context);

    private static RoutingDecision Decide(IReadOnlyList<IRoutingRule> rules, RoutingContext context)
    {
        var trace = rules.Select(rule => (rule.Name, Answer: rule.Evaluate(context)))
            .Select(asked => new RoutingStep(asked.Name, asked.Answer.Provider, asked.Answer.Reason)).ToArray();
        var winner = trace.First(step => step.Provider is not null);
        return new RoutingDecision(winner.Provider!, winner.Rule, [.. trace]);
    }

    private static List<IRoutingRule> RulesOf(Action<PaymentsBuilder> add)
    {
        var services = new ServiceCollection();
        add(new PaymentsBuilder(services));
        using var provider = services.BuildServiceProvider();
        return [.. provider.GetServices<IRoutingRule>()];
    }

    private static RoutingContext ContextOf(string? forced, string? setting, string? currency, string? country, string? region) => new()
    {
        TenantId = OpaqueId.Parse("clinic-global"),
        ExplicitOverride = forced,
        TenantProvider = setting,
        PreferredCurrency = currency,
        CountryOfResidence = country,
        DataResidencyRegion = region,
    };

    private sealed class NightRule : IRoutingRule
    {
        public string Name => "night";

        public RuleAnswer Evaluate(RoutingContext context) => new("stripe", "it is always night here");
    }
}
