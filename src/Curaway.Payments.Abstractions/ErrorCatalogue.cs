using System.Collections.Frozen;

namespace Curaway.Payments;

/// <summary>What every error code means, in one table; the docs and the tests are checked against it.</summary>
public static class ErrorCatalogue
{
    private static readonly FrozenDictionary<string, ErrorDefinition> ByCode = new ErrorDefinition[]
    {
        new(ErrorCodes.ChargeFailed, 402, false, "The payment was declined. Please try another payment method.",
            "Card declined, or our configuration at the provider is wrong (then a critical alert stands beside it). No session row exists."),
        new(ErrorCodes.ProviderUnavailable, 503, true, "Payments are briefly unavailable. Please try again; you will not be charged twice.",
            "The provider was not reached, or did not say what happened; the reconciler resolves the latter.", "{provider}_outage"),
        new(ErrorCodes.ProviderNotConfigured, 503, false, "Payments are not available at the moment.",
            "Credentials are missing: set the provider's keys and redeploy.", "configuration"),
        new(ErrorCodes.WebhookInvalidSignature, 400, false, "The signature is not valid.",
            "Wrong signing secret, clock skew, or a stranger: compare the secret with the provider's dashboard.", "webhook_signature"),
        new(ErrorCodes.WebhookDuplicate, 200, false, "Already received.", "Expected: the provider delivered again."),
        new(ErrorCodes.WebhookTooLarge, 413, false, "The body is too large.", "Larger than any provider event: not one of theirs."),
        new(ErrorCodes.StateConflict, 409, false, "This is no longer possible.", "The state does not allow it; the timeline says who was first."),
        new(ErrorCodes.PaymentRequired, 409, false, "The payment is not complete yet.", "Money is not authorized: the patient has to finish checkout."),
        new(ErrorCodes.AuthorizationWindow, 422, true, "This appointment is too far ahead to be paid now. Please pay nearer the time.",
            "The session ends after the provider would drop the hold."),
        new(ErrorCodes.RefundExceedsCaptured, 422, false, "The refund is larger than what was paid.",
            "More than the captured amount less the refunds made and under way."),
        new(ErrorCodes.CurrencyUnsupported, 422, false, "This currency is not supported.", "Not a currency the chosen provider takes from us."),
        new(ErrorCodes.AmountInvalid, 422, false, "This amount is not valid.", "Out of range, below the provider's minimum, or not a multiple it takes."),
        new(ErrorCodes.ValidationFailed, 422, false, "Some of the details are not valid.", "The errors member names the fields."),
        new(ErrorCodes.CardNumberRejected, 422, false, "Please do not send card numbers here.", "Card-number-like input was refused and not stored."),
        new(ErrorCodes.MalformedRequest, 400, false, "The request could not be read.", "Not JSON, an unknown field, a duplicate key, or a number written as text."),
        new(ErrorCodes.Unauthenticated, 401, false, "Please sign in.", "No token, or one that is expired or not ours."),
        new(ErrorCodes.Forbidden, 403, false, "You are not allowed to do this.", "The role may not do this."),
        new(ErrorCodes.Disabled, 403, false, "Online consultations are not available here.", "mso_video_enabled is false for the tenant."),
        new(ErrorCodes.NotFound, 404, false, "Not found.", "Unknown id, or another tenant's."),
        new(ErrorCodes.IdempotencyInProgress, 409, true, "The same request is still running.", "Its lease ends after 30 seconds at the latest."),
        new(ErrorCodes.IdempotencyMismatch, 422, false, "This request was sent before with other details.", "One key, two bodies: a bug in the client."),
        new(ErrorCodes.IdempotencyRequired, 400, false, "An Idempotency-Key header is required.", "Refunds are refused without one."),
        new(ErrorCodes.RateLimited, 429, true, "Too many requests. Please wait a moment.", "The caller is above its limit."),
        new(ErrorCodes.StoreUnavailable, 503, true, "The service is briefly unavailable. Please try again.",
            "The database did not answer; nothing was sent to a provider without being written first.", "store_outage"),
        new(ErrorCodes.Internal, 500, false, "Something went wrong on our side.", "A bug: search the logs for the trace id."),
    }.ToFrozenDictionary(definition => definition.Code);

    /// <summary>Every definition, in no order.</summary>
    public static IReadOnlyCollection<ErrorDefinition> All => ByCode.Values;

    /// <summary>The definition of a code.</summary>
    /// <exception cref="KeyNotFoundException">The code is not in the catalogue.</exception>
    public static ErrorDefinition Get(string code) => ByCode[code];
}
