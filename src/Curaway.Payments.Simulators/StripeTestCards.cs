using System.Text.Json.Nodes;

namespace Curaway.Payments.Simulators;

internal enum StripeCardBehaviour { Pays, Declines, NeedsAuthentication, NeedsAuthenticationOnce, PaysSlowly }

internal sealed record StripeTestCard(
    string PaymentMethod, string Number, string Label, StripeCardBehaviour Behaviour,
    string? Code = null, string? DeclineCode = null, string? Message = null)
{
    public string LastFour => Number[^4..];
}

/// <summary>
/// The methods a test may pay with. Names and numbers are Stripe's published test values, except <c>pm_sim_…</c>,
/// which exist only here.
/// </summary>
internal static class StripeTestCards
{
    private const string Declined = "Your card was declined.";
    private const string Unauthenticated = "Your card was declined. This transaction requires authentication.";

    private static readonly StripeTestCard[] All =
    [
        new("pm_card_visa", "4242424242424242", "Card that pays", StripeCardBehaviour.Pays),
        new("pm_card_visa_chargeDeclined", "4000000000000002", "Card that is declined", StripeCardBehaviour.Declines,
            "card_declined", "generic_decline", Declined),
        new("pm_card_chargeDeclined", "4000000000000002", "Card that is declined", StripeCardBehaviour.Declines,
            "card_declined", "generic_decline", Declined),
        new("pm_card_chargeDeclinedInsufficientFunds", "4000000000009995", "Card without funds", StripeCardBehaviour.Declines,
            "card_declined", "insufficient_funds", "Your card has insufficient funds."),
        new("pm_card_authenticationRequiredOnSetup", "4000002500003155", "Card that asks the bank", StripeCardBehaviour.NeedsAuthenticationOnce,
            "authentication_required", "authentication_required", Unauthenticated),
        new("pm_card_authenticationRequired", "4000002760003184", "Card that always asks the bank", StripeCardBehaviour.NeedsAuthentication,
            "authentication_required", "authentication_required", Unauthenticated),
        new("pm_sim_timeout", "4242424242424242", "Card that answers late", StripeCardBehaviour.PaysSlowly),
    ];

    /// <summary>By payment method id or card number (spaces allowed); null when unknown.</summary>
    public static StripeTestCard? Find(string methodOrNumber)
    {
        var wanted = methodOrNumber.Replace(" ", "", StringComparison.Ordinal);
        return Array.Find(All, card => card.PaymentMethod == wanted || card.Number == wanted);
    }

    /// <summary>One entry per number, for the select of the browser script.</summary>
    public static JsonArray ForBrowser() => SimulatorJson.Array(All.DistinctBy(card => card.Number)
        .Select(card => new JsonObject { ["number"] = card.Number, ["label"] = card.Label }));

    /// <summary>The object inside <c>last_payment_error</c> and <c>error</c>.</summary>
    public static JsonObject Error(StripeTestCard card, string? chargeId)
    {
        var error = new JsonObject { ["type"] = "card_error", ["code"] = card.Code };
        if (card.DeclineCode is { } decline) error["decline_code"] = decline;
        error["advice_code"] = card.DeclineCode == "insufficient_funds" ? "try_again_later" : "confirm_card_data";
        error["message"] = card.Message;
        if (chargeId is not null) error["charge"] = chargeId;
        error["doc_url"] = "https://docs.stripe.com/error-codes/card-declined";
        return error;
    }
}
