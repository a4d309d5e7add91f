using System.Net;
using static Curaway.Payments.Razorpay.RazorpayMapping;

namespace Curaway.Payments.Razorpay;

/// <summary>Why a call has no usable answer.</summary>
/// <param name="Fault">What went wrong; <see cref="ProviderFault.None"/> for a readable refusal, which the verb judges.</param>
/// <param name="Status">The HTTP status; 0 when there was none.</param>
/// <param name="Error">The refusal.</param>
/// <param name="RetryAfter">How long we were asked to wait.</param>
internal sealed record RazorpayFailure(ProviderFault Fault, int Status = 0, WireError? Error = null, TimeSpan? RetryAfter = null);

/// <summary>
/// What a failure means. Pure. Razorpay has no machine code for "already done" and says HTTP 400 to nearly everything, so its
/// prose is believed only where its documents list it and the verb certainly had no effect; anything else on a write makes the
/// engine read back. No prose leaves: a reason is a word of ours or a machine word of Razorpay's.
/// </summary>
internal static class RazorpayErrors
{
    private const StringComparison Prose = StringComparison.OrdinalIgnoreCase;

    // Beginnings of sentences, from the capture and refund pages. The verb was refused, and for good.
    private static readonly (string Start, string Reason, ProviderFault Fault)[] CaptureRefusals =
    [
        ("Capture amount must be equal to the amount authorized", "amount_mismatch", ProviderFault.Configuration),
        ("Capture request currency must be same as payment currency", "currency_mismatch", ProviderFault.Configuration),
    ];

    private static readonly (string Start, string Reason, ProviderFault Fault)[] RefundRefusals =
    [
        ("Your account does not have enough balance", "insufficient_balance", ProviderFault.None),
        ("The refund on this payment is blocked due to ongoing dispute", "dispute_blocked", ProviderFault.None),
        ("Partial refund is currently not supported", "partial_refund_not_supported", ProviderFault.None),
        ("Refund is currently not supported", "refund_not_supported", ProviderFault.None),
        ("Refund is not supported by the bank", "refund_not_supported_by_bank", ProviderFault.None),
        ("The refund amount provided is greater than amount captured", "amount_exceeds_captured", ProviderFault.None),
        ("Refunds cannot be created on your account", "refunds_disabled", ProviderFault.Configuration),
        ("The idempotency key must", "idempotency_key_invalid", ProviderFault.Configuration),
    ];

    /// <summary>What an HTTP status without success is.</summary>
    public static RazorpayFailure Classify(HttpStatusCode status, WireError? error, TimeSpan? retryAfter)
    {
        var fault = (int)status switch
        {
            401 => ProviderFault.Configuration,
            429 => ProviderFault.Throttled,
            >= 500 => ProviderFault.ServerError,
            404 when error is null => ProviderFault.NotFound,
            < 400 => ProviderFault.Unreadable,
            _ when error is null => ProviderFault.Unreadable,
            403 => ProviderFault.Configuration,
            _ => FaultOf(error),
        };
        return new RazorpayFailure(fault, (int)status, error, retryAfter);
    }

    /// <summary>What a broken exchange is. Only a connection that never stood certainly carried nothing.</summary>
    public static ProviderFault FaultOf(HttpRequestError error) => error switch
    {
        HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError
            or HttpRequestError.ProxyTunnelError => ProviderFault.ConnectFailed,
        HttpRequestError.ConfigurationLimitExceeded or HttpRequestError.InvalidResponse => ProviderFault.Unreadable,
        _ => ProviderFault.Reset,
    };

    /// <summary>
    /// A failed read tells nothing about the operation. It is never NotSent or Declined: the engine takes what a read says for
    /// the provider's truth and would close an operation that may have been carried out.
    /// </summary>
    public static ProviderResult OfRead(RazorpayFailure failure) => failure.Fault == ProviderFault.None
        ? ProviderResult.Indeterminate(ProviderFault.NotFound, CodeOf(failure.Error))
        : ProviderResult.Indeterminate(failure.Fault) with { RetryAfter = failure.RetryAfter };

    /// <summary>A failed void. It only reads, so what was not sent had no effect.</summary>
    public static ProviderResult OfVoid(RazorpayFailure failure) =>
        failure.Fault is ProviderFault.ConnectFailed or ProviderFault.Throttled ? OfAnyVerb(failure)! : OfRead(failure);

    /// <summary>
    /// A failed order. A refusal made none; and if it did, that order was never handed out and nobody can pay it. A receipt
    /// seen before means that an earlier send made one.
    /// </summary>
    public static ProviderResult OfAuthorize(RazorpayFailure failure)
    {
        if (OfAnyVerb(failure) is { } result)
            return result;
        return failure.Error?.Field == "receipt" || Says(failure, "receipt")
            ? ProviderResult.Indeterminate(ProviderFault.AlreadyDone)
            : ProviderResult.Declined(CodeOf(failure.Error), fault: ProviderFault.Configuration);
    }

    /// <summary>A failed capture: what is not clearly a wrong request may have captured.</summary>
    public static ProviderResult OfCapture(RazorpayFailure failure) =>
        OfAnyVerb(failure) ?? Refusal(failure, CaptureRefusals)
        ?? (failure.Error?.Field is "amount" or "currency"
            ? ProviderResult.Declined(CodeOf(failure.Error), fault: ProviderFault.Configuration)
            : ProviderResult.Indeterminate(ProviderFault.AlreadyDone));

    /// <summary>A failed refund. A 409 is about our idempotency key: still in progress, or used with another request.</summary>
    public static ProviderResult OfRefund(RazorpayFailure failure)
    {
        if (OfAnyVerb(failure) is { } result)
            return result;
        if (failure.Status == 409)
            return ProviderResult.Indeterminate(Says(failure, "Different request") ? ProviderFault.Mismatch : ProviderFault.Busy);
        return Refusal(failure, RefundRefusals) ?? ProviderResult.Indeterminate(ProviderFault.AlreadyDone);
    }

    /// <summary>
    /// True when an authorized payment certainly was not refunded and will not be: the sentence most pages document, or a refusal
    /// that is listed. It then goes back by itself.
    /// </summary>
    public static bool IsLeftToLapse(RazorpayFailure failure) => failure is { Fault: ProviderFault.None, Status: not 409 }
        && (Says(failure, "payment status should be captured") || Refusal(failure, RefundRefusals) is { Fault: ProviderFault.None });

    private static string CodeOf(WireError? error) => Code(error?.Reason, error?.Code);

    private static ProviderFault FaultOf(WireError error)
    {
        var description = error.Description ?? "";
        if (description.Contains("another payment operation is in progress", Prose))
            return ProviderFault.Busy;
        if (error.Code is "GATEWAY_ERROR" or "SERVER_ERROR" or "SERVICE_UNAVAILABLE")
            return ProviderFault.ServerError;
        // "Authentication failed due to incorrect otp" has a reason and is the patient's, not ours.
        var isOurKey = error.Reason is null
            && (description.StartsWith("The api key provided", Prose) || description.StartsWith("The api secret provided", Prose)
                || description.Equals("Authentication failed", Prose));
        return isOurKey || error.Reason == "extra_field_sent" ? ProviderFault.Configuration : ProviderFault.None;
    }

    private static ProviderResult? OfAnyVerb(RazorpayFailure failure) => failure switch
    {
        { Fault: ProviderFault.None } => null,
        { Fault: ProviderFault.Configuration, Error.Reason: "extra_field_sent" } =>
            ProviderResult.Declined("extra_field_sent", fault: ProviderFault.Configuration),
        { Fault: ProviderFault.Configuration } => ProviderResult.Declined("unauthorized", fault: ProviderFault.Configuration),
        { Fault: ProviderFault.ConnectFailed or ProviderFault.Throttled } => ProviderResult.NotSent(failure.Fault, failure.RetryAfter),
        _ => ProviderResult.Indeterminate(failure.Fault),
    };

    private static ProviderResult? Refusal(RazorpayFailure failure, (string Start, string Reason, ProviderFault Fault)[] refusals)
    {
        var description = failure.Error?.Description ?? "";
        var index = Array.FindIndex(refusals, refusal => description.StartsWith(refusal.Start, Prose));
        return index < 0 ? null : ProviderResult.Declined(refusals[index].Reason, fault: refusals[index].Fault);
    }

    private static bool Says(RazorpayFailure failure, string words) => (failure.Error?.Description ?? "").Contains(words, Prose);
}
