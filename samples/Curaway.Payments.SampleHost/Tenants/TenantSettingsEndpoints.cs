using Curaway.Payments.SampleHost.Http;
using Curaway.Payments.SampleHost.Identity;

namespace Curaway.Payments.SampleHost.Tenants;

/// <summary>New settings. All four fields stand for the whole: one left out goes back to its default.</summary>
internal sealed record TenantSettingsRequest(
    string? PaymentsProvider, string? DataResidencyRegion, int? MsoMinBillableMinutes, bool? MsoVideoEnabled);

/// <summary><c>GET</c> and <c>PUT /api/v1/admin/tenant/settings</c>: an admin's own clinic.</summary>
internal static class TenantSettingsEndpoints
{
    private const int BillableMinutesMax = 480;

    public static void MapTenantSettings(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v1/admin/tenant/settings").RequireAuthorization(Policies.Admin).WithTags("Admin");
        group.MapGet("", ReadAsync).WithSummary("The clinic's settings").Produces<TenantSettings>();
        group.MapPut("", WriteAsync).WithSummary("Replaces the clinic's settings").Produces<TenantSettings>();
    }

    private static async Task<IResult> ReadAsync(Caller caller, TenantSettingsStore store, CancellationToken ct) =>
        Results.Ok(await store.ReadAsync(caller.TenantId, ct));

    private static async Task<IResult> WriteAsync(
        TenantSettingsRequest request, Caller caller, TenantSettingsStore store, IEnumerable<IPaymentProvider> providers, CancellationToken ct)
    {
        var errors = new FieldErrors();
        errors.Require(request.PaymentsProvider is null || providers.Any(p => p.Name == request.PaymentsProvider), "payments_provider");
        errors.Require(request.DataResidencyRegion is null || OpaqueId.TryParse(request.DataResidencyRegion, out _), "data_residency_region");
        errors.Require(request.MsoMinBillableMinutes is null or (>= 0 and <= BillableMinutesMax), "mso_min_billable_minutes");
        if (errors.Any)
            return Problem.Validation(errors);

        var settings = new TenantSettings
        {
            PaymentsProvider = request.PaymentsProvider,
            DataResidencyRegion = request.DataResidencyRegion,
            MsoMinBillableMinutes = request.MsoMinBillableMinutes ?? 0,
            MsoVideoEnabled = request.MsoVideoEnabled ?? true,
        };
        await store.WriteAsync(caller.TenantId, settings, ct);
        return Results.Ok(settings);
    }
}
