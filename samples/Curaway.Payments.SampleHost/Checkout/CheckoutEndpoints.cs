using Curaway.Payments.SampleHost.Consultations;

namespace Curaway.Payments.SampleHost.Checkout;

/// <summary>The two checkout documents. Whoever holds the link may pay; it shows an amount and nothing about a person.</summary>
internal static class CheckoutEndpoints
{
    public static void MapCheckout(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/checkout").AllowAnonymous().WithTags("Checkout").ExcludeFromDescription();
        group.MapGet("return", CheckoutPage.Return);
        group.MapGet("{token}", PayAsync);
    }

    private static async Task<IResult> PayAsync(string token, HttpContext context, CheckoutTokens tokens, ChargeService charges, CancellationToken ct)
    {
        if (await tokens.FindAsync(token, ct) is not { } grant)
            return CheckoutPage.Message(StatusCodes.Status404NotFound, "This link has ended", "The payment link is unknown or has expired. Nothing was charged by opening it.");
        if (grant.Status != ConsultationStatus.AwaitingPayment || await charges.FindAsync(grant.ChargeId, ct) is not { } charge)
            return CheckoutPage.Message(StatusCodes.Status410Gone, "Nothing left to pay", "This link has done its work: there is nothing left to pay here.");
        if (await charges.GetNextActionAsync(grant.ChargeId, ct) is not { } action)
        {
            return CheckoutPage.Message(
                StatusCodes.Status503ServiceUnavailable, "One moment, please", "The payment cannot be shown right now. Please open this page again in a minute.");
        }

        return CheckoutPage.Pay(context, token, grant, charge.Amount, action);
    }
}
