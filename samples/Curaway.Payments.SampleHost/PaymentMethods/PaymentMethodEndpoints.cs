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
        group.MapGet("", (TestPaymentMethods methods) => Results.Ok(new PaymentMethodList(methods.All)))
            .WithSummary("The patient's saved payment methods").Produces<PaymentMethodList>();
        group.MapDelete("{id}", Delete).WithSummary("Forgets a saved payment method").Produces(StatusCodes.Status204NoContent);
    }

    /// <summary>The test methods belong to everybody, so nobody can forget them; any other id is unknown.</summary>
    private static Problem Delete(string id, TestPaymentMethods methods) => methods.Find(id) is null ? Problem.NotFound : Problem.StateConflict;
}
