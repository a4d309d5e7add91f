using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Stripe;
using static Curaway.Payments.Stripe.StripeMapping;

namespace Curaway.Payments.Stripe;

/// <summary>
/// What an exception of Stripe.net means. Pure. Only a refusal that Stripe documents for the verb is Declined, only what
/// certainly did not go out is NotSent. No exception's message is kept: Stripe.net puts whole bodies into it.
/// </summary>
internal static class StripeErrors
{
    /// <summary>What became of a verb that threw.</summary>
    public static ProviderResult OfException(StripeAsk ask, Exception exception)
    {
        if (exception is not StripeException { StripeError: { } error } stripe)
            return OfTransport(exception);
        return OfError(ask, stripe, error) with
        {
            ProviderRequestId = RequestIdOf(stripe.StripeResponse),
            RetryAfter = IsThrottled(stripe, error) ? stripe.StripeResponse?.Headers?.RetryAfter?.Delta : null,
        };
    }

    /// <summary>What a read that threw tells: nothing about the operation, at most that the object is not there.</summary>
    public static ProviderResult OfReadException(Exception exception)
    {
        if (exception is not StripeException { StripeError: { } error } stripe)
        {
            var failure = OfTransport(exception);
            return ProviderResult.Indeterminate(failure.Fault) with { RetryAfter = failure.RetryAfter };
        }

        if (IsThrottled(stripe, error))
            return ProviderResult.Indeterminate(ProviderFault.Throttled) with { RetryAfter = stripe.StripeResponse?.Headers?.RetryAfter?.Delta };
        if (IsServerError(stripe, error))
            return ProviderResult.Indeterminate(ProviderFault.ServerError);
        var isMissing = stripe.HttpStatusCode == HttpStatusCode.NotFound && error.Code == "resource_missing";
        return ProviderResult.Indeterminate(isMissing ? ProviderFault.NotFound : ProviderFault.Configuration, Code(error.Code ?? error.Type));
    }

    /// <summary>Stripe's id of the request, for its support desk; null when there is none that is safe to store.</summary>
    public static string? RequestIdOf(StripeResponse? response) => IsId(response?.RequestId, "req_") ? response!.RequestId : null;

    private static ProviderResult OfError(StripeAsk ask, StripeException stripe, StripeError error)
    {
        var code = Code(error.Code ?? error.Type);
        var status = (int)stripe.HttpStatusCode;
        // Contention, not volume; it comes as 429 too, so it is asked first.
        if (error.Code is "lock_timeout" or "idempotency_key_in_use" || status == 409)
            return ProviderResult.Indeterminate(ProviderFault.Busy, code);
        if (IsThrottled(stripe, error))
            return ProviderResult.NotSent(ProviderFault.Throttled);
        if (IsServerError(stripe, error))
            return ProviderResult.Indeterminate(ProviderFault.ServerError, code);
        // Same key, other parameters: an earlier send of this operation stands there, and this answer is not about it.
        if (error.Type == "idempotency_error")
            return ProviderResult.Indeterminate(ProviderFault.Mismatch, code);
        if (error.Code is "payment_intent_unexpected_state" or "intent_invalid_state" or "charge_already_captured" or "charge_already_refunded")
            return ProviderResult.Indeterminate(ProviderFault.AlreadyDone, code, EmbeddedIntent(ask, stripe)?.Snapshot);
        if (status == 402 || error.Type == "card_error")
            return OfDecline(ask, stripe, error);
        if (IsRefusal(error.Code))
            return ProviderResult.Declined(code, EmbeddedIntent(ask, stripe)?.Snapshot);
        return status is 400 or 401 or 403 or 404
            ? ProviderResult.Declined(code, fault: ProviderFault.Configuration)
            : ProviderResult.Indeterminate(ProviderFault.Unreadable, code);
    }

    /// <summary>A decline, unless the intent inside says that money moved all the same.</summary>
    private static ProviderResult OfDecline(StripeAsk ask, StripeException stripe, StripeError error)
    {
        var embedded = EmbeddedIntent(ask, stripe);
        var isAuthorize = ask.Request.Operation?.Kind == OperationKind.Authorize;
        if (isAuthorize && embedded?.Status is "requires_capture" or "succeeded" or "processing")
            return ProviderResult.Indeterminate(ProviderFault.AlreadyDone, embedded.Status, embedded.Snapshot);

        var reason = Code(error.DeclineCode ?? error.Code ?? error.Type);
        var snapshot = embedded?.Snapshot;
        if (isAuthorize && snapshot is { Payments.IsEmpty: true } or null)
            snapshot = FailedAttempt(ask, error, reason, snapshot);
        return ProviderResult.Declined(reason, snapshot);
    }

    /// <summary>What is known of a failed attempt when the intent came without details: its id, and the charge's.</summary>
    private static ProviderSnapshot? FailedAttempt(StripeAsk ask, StripeError error, string reason, ProviderSnapshot? known)
    {
        var charge = ask.Request.Charge;
        var reference = known?.Reference ?? (IsId(error.PaymentIntent?.Id, "pi_") ? error.PaymentIntent!.Id : null);
        if (reference is null)
            return null;
        var snapshot = known ?? new ProviderSnapshot
        {
            Provider = StripeProvider.ProviderName,
            ProviderAccount = ask.Account.Name,
            ChargeId = charge.Id,
            OperationId = ask.Request.Operation?.Id,
            Reference = reference,
            Error = new PaymentError(ErrorCodes.ChargeFailed, reason),
        };
        return error.Charge is not { } id || !IsChargeId(id) ? snapshot : snapshot with
        {
            Payments =
            [
                new ChargePayment
                {
                    Reference = id,
                    State = PaymentState.Failed,
                    Amount = charge.Amount,
                    Captured = Money.Zero(charge.Amount.Currency),
                    ErrorCode = reason,
                },
            ],
        };
    }

    /// <summary>The intent inside an error, when it is whole and about our charge.</summary>
    private static StripeIntent? EmbeddedIntent(StripeAsk ask, StripeException stripe)
    {
        if (stripe.StripeResponse?.Content is not { } body)
            return null;
        using var json = JsonDocument.Parse(body);
        if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("error", out var error)
            || error.ValueKind != JsonValueKind.Object || !error.TryGetProperty("payment_intent", out var embedded))
            return null;
        var intent = ReadIntent(embedded, ask.Account.Name);
        var isOurs = intent is not null
            && StripeOutcomes.OfIntent(ask, intent, (_, whole) => ProviderResult.Succeeded(whole.Snapshot)).Outcome == OperationOutcome.Succeeded;
        return isOurs ? intent : null;
    }

    private static ProviderResult OfTransport(Exception exception) => exception switch
    {
        // No key: Stripe.net throws before it sends.
        StripeException { HttpStatusCode: 0, StripeResponse: null } => ProviderResult.NotSent(ProviderFault.Configuration),
        StripeException { HttpStatusCode: HttpStatusCode.TooManyRequests } stripe =>
            ProviderResult.NotSent(ProviderFault.Throttled, stripe.StripeResponse?.Headers?.RetryAfter?.Delta),
        StripeException stripe when (int)stripe.HttpStatusCode is >= 500 or 424 => ProviderResult.Indeterminate(ProviderFault.ServerError),
        OperationCanceledException or TimeoutException => ProviderResult.Indeterminate(ProviderFault.Timeout),
        // Both arise while connecting only, before a byte of the request is out.
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError } =>
            ProviderResult.NotSent(ProviderFault.ConnectFailed),
        HttpRequestException or IOException or SocketException => ProviderResult.Indeterminate(ProviderFault.Reset),
        _ => ProviderResult.Indeterminate(ProviderFault.Unreadable),
    };

    private static bool IsThrottled(StripeException stripe, StripeError error) =>
        error.Code != "lock_timeout" && (stripe.HttpStatusCode == HttpStatusCode.TooManyRequests || error.Code == "rate_limit");

    private static bool IsServerError(StripeException stripe, StripeError error) =>
        (int)stripe.HttpStatusCode is >= 500 or 424 || error.Type == "api_error";

    /// <summary>Codes by which Stripe says no to this verb for good: https://docs.stripe.com/error-codes</summary>
    private static bool IsRefusal(string? code) => code is "capture_charge_authorization_expired" or "charge_expired_for_capture"
        or "charge_disputed" or "refund_disputed_payment" or "charge_not_refundable" or "balance_insufficient"
        or "amount_too_small" or "amount_too_large";
}
