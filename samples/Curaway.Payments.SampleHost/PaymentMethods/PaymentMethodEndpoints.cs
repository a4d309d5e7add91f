using Curaway.Payments.SampleHost.Http;
using Curaway.Payments.SampleHost.Identity;

namespace Curaway.Payments.SampleHost.PaymentMethods;

/// <summary>The patient's saved methods.</summary>
internal sealed record PaymentMethodList(IEnumerable<PaymentMethodView> Items);

/// <summary><c>/api/v1/mso/payment-methods</c>: what the patient can be charged with at once.</summary>
internal static class PaymentMethodEndpoints
{
    public static void MapPaymentMethods(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v1/mso/payment-methods").RequireAuthorization(Policies.Booking).WithTags("Payment methods");
        group.MapGet("", ListAsync).WithSummary("The patient's saved payment methods").Produces<PaymentMethodList>();
        group.MapDelete("{id}", DeleteAsync).WithSummary("Forgets a saved payment method").Produces(StatusCodes.Status204NoContent);
    }

    private static async Task<IResult> ListAsync(Caller caller, SavedMethodStore store, TestPaymentMethods tests, CancellationToken ct) =>
        Results.Ok(new PaymentMethodList([.. await store.ListAsync(caller.TenantId, caller.Subject, ct), .. tests.All]));

    /// <summary>The test methods belong to everybody, so nobody can forget them. Another's id answers like an unknown one.</summary>
    private static async Task<IResult> DeleteAsync(string id, Caller caller, SavedMethods methods, TestPaymentMethods tests, CancellationToken ct)
    {
        if (tests.Find(id) is not null)
            return Problem.StateConflict;
        return await methods.DeleteAsync(caller.TenantId, caller.Subject, id, ct) ? Results.NoContent() : Problem.NotFound;
    }
}
