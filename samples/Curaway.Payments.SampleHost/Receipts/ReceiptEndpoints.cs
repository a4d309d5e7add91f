using Curaway.Payments.SampleHost.Consultations;
using Curaway.Payments.SampleHost.Http;
using Curaway.Payments.SampleHost.Identity;
using Curaway.Payments.SampleHost.Tenants;

namespace Curaway.Payments.SampleHost.Receipts;

/// <summary><c>/api/v1/mso/consultations/{id}/receipt</c>: for the patient of it and the clinic's admins.</summary>
internal static class ReceiptEndpoints
{
    private const string Html = "text/html";
    private const string Text = "text/plain";

    public static void MapReceipts(this IEndpointRouteBuilder app) => app.MapGet("/api/v1/mso/consultations/{id}/receipt", ReadAsync)
        .RequireAuthorization(Policies.Booking).WithTags("Consultations")
        .WithSummary("The receipt of what was taken, as HTML or, for Accept: text/plain, as text")
        .Produces(StatusCodes.Status200OK, contentType: Html, additionalContentTypes: Text)
        .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);

    private static async Task<IResult> ReadAsync(
        string id, Caller caller, HttpContext context, ConsultationStore store, ChargeService charges, TenantSettingsStore tenants, CancellationToken ct)
    {
        if (await store.FindAsync(caller.TenantId, caller.OnlyPatientId, id, ct) is not { } consultation)
            return Problem.NotFound;
        var charge = consultation.Session is { } session ? await charges.FindAsync(session.ChargeId, ct) : null;
        var receipt = charge is null ? null : Receipt.Of(consultation, charge, await tenants.NameOfAsync(consultation.TenantId, ct));
        // Over, and nothing can be taken any more: there will never be one.
        if (receipt is null)
            return consultation.IsOver && charge is not { IsLive: true } ? Problem.NotFound : new Problem(ErrorCodes.PaymentRequired);

        context.Response.Headers.Vary = "Accept";
        context.Response.Headers.ContentSecurityPolicy = ReceiptPage.Policy;
        return PrefersText(context.Request)
            ? Results.Text(ReceiptPage.Text(receipt), Text + "; charset=utf-8")
            : Results.Text(ReceiptPage.Html(receipt), Html + "; charset=utf-8");
    }

    /// <summary>Of the two, the one with the higher quality, else the one named first; HTML for whoever names neither.</summary>
    private static bool PrefersText(HttpRequest request) => request.GetTypedHeaders().Accept
        .OrderByDescending(accepted => accepted.Quality ?? 1)
        .Select(accepted => accepted.MediaType.Value)
        .FirstOrDefault(type => type is Html or Text) == Text;
}
