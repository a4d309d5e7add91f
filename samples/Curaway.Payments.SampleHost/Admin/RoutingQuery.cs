using Microsoft.AspNetCore.Mvc;

namespace Curaway.Payments.SampleHost.Admin;

/// <summary>A hypothetical booking; what is left out is not known, or comes from the clinic's settings.</summary>
internal sealed record RoutingQuery(
    [FromQuery(Name = "country_of_residence")] string? CountryOfResidence,
    [FromQuery(Name = "preferred_currency")] string? PreferredCurrency,
    [FromQuery(Name = "explicit_override")] string? ExplicitOverride,
    [FromQuery(Name = "payments_provider")] string? PaymentsProvider,
    [FromQuery(Name = "data_residency_region")] string? DataResidencyRegion)
{
    public IEnumerable<(string Name, string? Value)> Fields() =>
    [
        ("country_of_residence", CountryOfResidence),
        ("preferred_currency", PreferredCurrency),
        ("explicit_override", ExplicitOverride),
        ("payments_provider", PaymentsProvider),
        ("data_residency_region", DataResidencyRegion),
    ];
}
