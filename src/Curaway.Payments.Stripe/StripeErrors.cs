using System.Net.Sockets;
using static Curaway.Payments.Stripe.StripeMapping;

namespace Curaway.Payments.Stripe;

/// <summary>
/// What an answer without success means. Pure. Only a refusal that Stripe documents for the verb is Declined, only what
/// certainly did not go out is NotSent. Stripe's prose is not read: it may hold anything.
/// </summary>
internal static class StripeErrors
{
    /// <summary>What became of a verb.</summary>
    public static ProviderResult OfVerb(StripeAsk ask, StripeAnswer answer)
    {
        var result = answer switch
        {
            { Fault: ProviderFault.ConnectFailed } => ProviderResult.NotSent(answer.Fault),
            { Fault: not ProviderFault.None } => ProviderResult.Indeterminate(answer.Fault),
            _ when ErrorOf(answer) is { } error => OfError(ask, answer, error),
            { Status: 429 } => ProviderResult.NotSent(ProviderFault.Throttled),
            { Status: >= 500 or 424 } => ProviderResult.Indeterminate(ProviderFault.ServerError),
            _ => ProviderResult.Indeterminate(ProviderFault.Unreadable),
        };
        return result with
        {
            ProviderRequestId = answer.RequestId,
            RetryAfter = result.Fault == ProviderFault.Throttled ? answer.RetryAfter : null,
        };
    }

    /// <summary>What a failed read tells: nothing about the operation, at most that the object is not there.</summary>
    public static ProviderResult OfRead(StripeAnswer answer)
    {
        var error = ErrorOf(answer);
        if (answer.Fault != ProviderFault.None)
            return ProviderResult.Indeterminate(answer.Fault);
        if (IsThrottled(answer, error))
            return ProviderResult.Indeterminate(ProviderFault.Throttled) with { RetryAfter = answer.RetryAfter };
        if (IsServerError(answer, error))
            return ProviderResult.Indeterminate(ProviderFault.ServerError);
        if (error is null)
            return ProviderResult.Indeterminate(ProviderFault.Unreadable);
        if (IsBusy(answer, error))
            return ProviderResult.Indeterminate(ProviderFault.Busy, Code(error.Code ?? error.Type));
        var isMissing = answer.Status == 404 && error.Code == "resource_missing";
        return ProviderResult.Indeterminate(isMissing ? ProviderFault.NotFound : ProviderFault.Configuration, Code(error.Code ?? error.Type));
    }

    /// <summary>What a broken exchange is. Only a connection that never stood certainly carried nothing.</summary>
    public static ProviderFault FaultOf(Exception exception) => exception switch
    {
        OperationCanceledException or TimeoutException => ProviderFault.Timeout,
        HttpRequestException
        {
            HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError
            or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError
        } => ProviderFault.ConnectFailed,
        HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded or HttpRequestError.InvalidResponse } =>
            ProviderFault.Unreadable,
        HttpRequestException or IOException or SocketException => ProviderFault.Reset,
        _ => ProviderFault.Unreadable,
    };

    private static ProviderResult OfError(StripeAsk ask, StripeAnswer answer, StripeErrorBody error)
    {
        var code = Code(error.Code ?? error.Type);
        if (IsBusy(answer, error))
            return ProviderResult.Indeterminate(ProviderFault.Busy, code);
        if (IsThrottled(answer, error))
            return ProviderResult.NotSent(ProviderFault.Throttled);
        if (IsServerError(answer, error))
            return ProviderResult.Indeterminate(ProviderFault.ServerError, code);
        // Same key, other parameters: an earlier send of this operation stands there, and this answer is not about it.
        if (error.Type == "idempotency_error")
            return ProviderResult.Indeterminate(ProviderFault.Mismatch, code);
        if (error.Code is "payment_intent_unexpected_state" or "intent_invalid_state" or "charge_already_captured" or "charge_already_refunded")
            return ProviderResult.Indeterminate(ProviderFault.AlreadyDone, code, EmbeddedIntent(ask, error)?.Snapshot);
        if (answer.Status == 402 || error.Type == "card_error")
            return OfDecline(ask, error);
        if (IsRefusal(error.Code))
            return ProviderResult.Declined(code, EmbeddedIntent(ask, error)?.Snapshot);
        return answer.Status is 400 or 401 or 403 or 404
            ? ProviderResult.Declined(code, fault: ProviderFault.Configuration)
            : ProviderResult.Indeterminate(ProviderFault.Unreadable, code);
    }

    /// <summary>A decline, unless the intent inside says that money moved all the same.</summary>
    private static ProviderResult OfDecline(StripeAsk ask, StripeErrorBody error)
    {
        var embedded = EmbeddedIntent(ask, error);
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
    private static ProviderSnapshot? FailedAttempt(StripeAsk ask, StripeErrorBody error, string reason, ProviderSnapshot? known)
    {
        var charge = ask.Request.Charge;
        var reference = known?.Reference ?? (IsId(error.IntentId, "pi_") ? error.IntentId : null);
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
        return error.ChargeId is not { } id || !IsChargeId(id) ? snapshot : snapshot with
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
    private static StripeIntent? EmbeddedIntent(StripeAsk ask, StripeErrorBody error)
    {
        var intent = ReadIntent(error.Intent, ask.Account.Name);
        var isOurs = intent is not null
            && StripeOutcomes.OfIntent(ask, intent, (_, whole) => ProviderResult.Succeeded(whole.Snapshot)).Outcome == OperationOutcome.Succeeded;
        return isOurs ? intent : null;
    }

    /// <summary>The error; null for a body that is none. Every error of Stripe's has a type.</summary>
    private static StripeErrorBody? ErrorOf(StripeAnswer answer)
    {
        var error = answer.Json[StripeField.Error];
        return error.Text(StripeField.Type) is not { } type ? null : new StripeErrorBody(
            type,
            error.Text(StripeField.Code),
            error.Text(StripeField.DeclineCode),
            IdOf(error, StripeField.Charge),
            IdOf(error, StripeField.PaymentIntent),
            error[StripeField.PaymentIntent]);
    }

    /// <summary>Contention, not volume; it comes as 429 too, so it is asked first.</summary>
    private static bool IsBusy(StripeAnswer answer, StripeErrorBody error) =>
        error.Code is "lock_timeout" or "idempotency_key_in_use" || answer.Status == 409;

    private static bool IsThrottled(StripeAnswer answer, StripeErrorBody? error) =>
        error?.Code != "lock_timeout" && (answer.Status == 429 || error?.Code == "rate_limit");

    private static bool IsServerError(StripeAnswer answer, StripeErrorBody? error) =>
        answer.Status is >= 500 or 424 || error?.Type == "api_error";

    /// <summary>Codes by which Stripe says no to this verb for good: https://docs.stripe.com/error-codes</summary>
    private static bool IsRefusal(string? code) => code is "capture_charge_authorization_expired" or "charge_expired_for_capture"
        or "charge_disputed" or "refund_disputed_payment" or "charge_not_refundable" or "balance_insufficient"
        or "amount_too_small" or "amount_too_large";

    /// <summary>What we read of an error: machine words and ids, and the intent as it came.</summary>
    private sealed record StripeErrorBody(
        string Type, string? Code, string? DeclineCode, string? ChargeId, string? IntentId, StripeValue Intent);
}
