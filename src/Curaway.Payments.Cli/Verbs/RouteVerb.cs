using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.Cli.Verbs;

/// <summary><c>route</c>: where a booking would go, and what every rule says to it. Reads no database.</summary>
internal static class RouteVerb
{
    private static readonly Option<OpaqueId> Tenant = Arguments.Opaque("--tenant-id", "The tenant; only rules of your own look at it.");
    private static readonly Option<string> Override = Fact("--explicit-override", "A provider's name, forced by an administrator.");
    private static readonly Option<string> Setting = Fact("--payments-provider", "The tenant's payments_provider setting.");
    private static readonly Option<string> PreferredCurrency = Fact("--preferred-currency", "The patient's currency, such as INR.");
    private static readonly Option<string> Country = Fact("--country-of-residence", "The patient's country, such as IND.");
    private static readonly Option<string> Region = Fact("--data-residency-region", "The tenant's region, such as ap-south-1.");

    public static Verb Describe() => new(
        new Command("route", "Explains which provider would take a booking, rule by rule. What is left out is not known.")
        {
            Tenant, Override, Setting, PreferredCurrency, Country, Region,
        },
        (parsed, services, _) => Task.FromResult(Run(parsed, services)))
    {
        NeedsNoDatabase = true,
    };

    private static Answer Run(ParseResult parsed, IServiceProvider services)
    {
        var context = new RoutingContext
        {
            TenantId = parsed.GetValue(Tenant),
            ExplicitOverride = parsed.GetValue(Override),
            TenantProvider = parsed.GetValue(Setting),
            PreferredCurrency = parsed.GetValue(PreferredCurrency),
            CountryOfResidence = parsed.GetValue(Country),
            DataResidencyRegion = parsed.GetValue(Region),
        };
        if (services.GetRequiredService<PaymentRouter>().Decide(context) is not { } decision)
            return Answer.Error(ErrorCodes.ProviderNotConfigured, "No rule chooses a provider.");
        var isThere = services.GetServices<IPaymentProvider>().Any(provider => provider.Name == decision.Provider && provider.IsConfigured("default"));
        var note = isThere ? [] : new[] { $"{decision.Provider} has no credentials here: the booking would answer {ErrorCodes.ProviderNotConfigured}." };
        return Answer.Of(new Route(decision.Provider, decision.Rule, isThere, [.. decision.Trace]), [.. RoutingExplain.Lines(context, decision), .. note]);
    }

    private static Option<string> Fact(string name, string description) => new(name) { Description = description };

    private sealed record Route(string Provider, string Rule, bool IsConfigured, IReadOnlyList<RoutingStep> Trace);
}
