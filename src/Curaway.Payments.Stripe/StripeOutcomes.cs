using System.Collections.Immutable;
using static Curaway.Payments.Stripe.StripeMapping;

namespace Curaway.Payments.Stripe;

/// <summary>What was asked, and through which account.</summary>
internal sealed record StripeAsk(ProviderRequest Request, StripeAccount Account);

/// <summary>
/// What a readable answer means for the verb that was sent. Pure. Explicit success or refusal counts; everything else is
/// Indeterminate.
/// </summary>
internal static class StripeOutcomes
{
    private static readonly ProviderResult Unreadable = ProviderResult.Indeterminate(ProviderFault.Unreadable);

    public static ProviderResult Authorized(StripeAsk ask, StripeValue json) =>
        OfIntent(ask, ReadIntent(json, ask.Account.Name), AuthorizationOf);

    public static ProviderResult Captured(StripeAsk ask, StripeValue json) =>
        OfIntent(ask, ReadIntent(json, ask.Account.Name), (_, intent) => intent.Status switch
        {
            "succeeded" when intent.Received == ask.Request.RequiredOperation.Amount => ProviderResult.Succeeded(intent.Snapshot),
            "processing" => ProviderResult.Pending(intent.Snapshot),
            _ => ProviderResult.Indeterminate(ProviderFault.Mismatch, "status"),
        });

    public static ProviderResult Voided(StripeAsk ask, StripeValue json) =>
        OfIntent(ask, ReadIntent(json, ask.Account.Name), (_, intent) => intent.Status == "canceled"
            ? ProviderResult.Succeeded(intent.Snapshot)
            : ProviderResult.Indeterminate(ProviderFault.Mismatch, "status"));

    public static ProviderResult Refunded(StripeAsk ask, StripeValue json)
    {
        var operation = ask.Request.RequiredOperation;
        if (ReadRefund(json, ask.Account.Name) is not { } snapshot)
            return Unreadable;
        var refund = snapshot.Refunds[0];
        if (snapshot.Reference != ask.Request.Charge.Reference || refund.Amount != operation.Amount
            || (refund.OperationId is { } echoed && echoed != operation.Id))
            return ProviderResult.Indeterminate(ProviderFault.Mismatch, "refund");
        return RefundOf(refund, snapshot with { OperationId = operation.Id, Refunds = [refund with { OperationId = operation.Id }] });
    }

    /// <summary>What an intent means after the patient came back from checkout.</summary>
    public static ProviderResult CheckedOut(StripeAsk ask, StripeIntent? read) => OfIntent(ask, read, (_, intent) => intent.Status switch
    {
        "requires_capture" or "succeeded" => ProviderResult.Succeeded(intent.Snapshot),
        "processing" => ProviderResult.Pending(intent.Snapshot),
        "canceled" => ProviderResult.Declined("canceled", intent.Snapshot),
        "requires_payment_method" when intent.FailureCode is { } code => ProviderResult.Declined(code, intent.Snapshot),
        "requires_payment_method" or "requires_confirmation" or "requires_action" => ActionOf(ask, intent),
        _ => Unreadable,
    });

    /// <summary>How the operation came out, by what stands there now; without an operation, just what stands there.</summary>
    public static ProviderResult Found(StripeAsk ask, StripeIntent? read, IReadOnlyList<ChargeRefund> refunds)
    {
        var whole = read is null ? null : read with { Snapshot = read.Snapshot with { Refunds = [.. refunds] } };
        return OfIntent(ask, whole, (_, intent) => ask.Request.Operation?.Kind switch
        {
            null when IsWaiting(intent) => ActionOf(ask, intent),
            null => ProviderResult.Succeeded(intent.Snapshot),
            OperationKind.Authorize => AuthorizationOf(ask, intent),
            OperationKind.Capture => CaptureOf(ask, intent),
            OperationKind.Void => VoidOf(intent),
            OperationKind.Refund => FoundRefundOf(ask, intent),
            _ => Unreadable,
        });
    }

    private static ProviderResult AuthorizationOf(StripeAsk ask, StripeIntent intent)
    {
        var isSaved = ask.Request.RequiredOperation.PaymentMethod is not null;
        return intent.Status switch
        {
            "requires_capture" or "succeeded" => ProviderResult.Succeeded(intent.Snapshot),
            "processing" => ProviderResult.Pending(intent.Snapshot),
            "canceled" => ProviderResult.Declined("canceled", intent.Snapshot),
            _ when !IsWaiting(intent) => Unreadable,
            _ when isSaved && intent.FailureCode is { } code => ProviderResult.Declined(code, intent.Snapshot),
            // Created, but nobody tells yet what became of the confirmation.
            _ when isSaved && intent.Status != "requires_action" => ProviderResult.Indeterminate(ProviderFault.Busy, intent.Status, intent.Snapshot),
            _ => ActionOf(ask, intent),
        };
    }

    private static ProviderResult CaptureOf(StripeAsk ask, StripeIntent intent) => intent.Status switch
    {
        "succeeded" when intent.Received == ask.Request.RequiredOperation.Amount => ProviderResult.Succeeded(intent.Snapshot),
        "succeeded" => ProviderResult.Indeterminate(ProviderFault.Mismatch, "captured_other_amount", intent.Snapshot),
        "processing" => ProviderResult.Pending(intent.Snapshot),
        "canceled" => ProviderResult.Declined("canceled", intent.Snapshot),
        _ => ProviderResult.Indeterminate(ProviderFault.NotFound, null, intent.Snapshot),
    };

    private static ProviderResult VoidOf(StripeIntent intent) => intent.Status switch
    {
        "canceled" => ProviderResult.Succeeded(intent.Snapshot),
        "succeeded" => ProviderResult.Declined("captured", intent.Snapshot),
        _ => ProviderResult.Indeterminate(ProviderFault.NotFound, null, intent.Snapshot),
    };

    private static ProviderResult FoundRefundOf(StripeAsk ask, StripeIntent intent)
    {
        var operation = ask.Request.RequiredOperation;
        var refund = intent.Snapshot.Refunds.FirstOrDefault(refund => refund.OperationId == operation.Id);
        if (refund is null)
            return ProviderResult.Indeterminate(ProviderFault.NotFound, null, intent.Snapshot);
        return refund.Amount == operation.Amount
            ? RefundOf(refund, intent.Snapshot)
            : ProviderResult.Indeterminate(ProviderFault.Mismatch, "refund", intent.Snapshot);
    }

    private static ProviderResult RefundOf(ChargeRefund refund, ProviderSnapshot snapshot) => refund.State switch
    {
        RefundState.Succeeded => ProviderResult.Succeeded(snapshot),
        RefundState.Pending => ProviderResult.Pending(snapshot),
        RefundState.Failed => ProviderResult.Declined(refund.ErrorCode ?? "refund_failed", snapshot),
        _ => Unreadable,
    };

    /// <summary>The answer must be about the charge we asked about, in its amount, currency and mode.</summary>
    public static ProviderResult OfIntent(StripeAsk ask, StripeIntent? intent, Func<StripeAsk, StripeIntent, ProviderResult> then)
    {
        if (intent is null)
            return Unreadable;
        var charge = ask.Request.Charge;
        var snapshot = intent.Snapshot;
        var mode = charge.IsLiveMode ?? ask.Account.Options.IsLiveMode;
        if (charge.Reference is not null && intent.Id != charge.Reference)
            return ProviderResult.Indeterminate(ProviderFault.Mismatch, "id");
        if (snapshot.ChargeId is { } named && named != charge.Id)
            return ProviderResult.Indeterminate(ProviderFault.Mismatch, "charge_id");
        if (intent.Amount != charge.Amount)
            return ProviderResult.Indeterminate(ProviderFault.Mismatch, "amount");
        if (snapshot.IsLiveMode is { } live && mode is { } expected && live != expected)
            return ProviderResult.Indeterminate(ProviderFault.Mismatch, "livemode");
        return then(ask, intent);
    }

    private static bool IsWaiting(StripeIntent intent) =>
        intent.Status is "requires_payment_method" or "requires_confirmation" or "requires_action";

    private static ProviderResult ActionOf(StripeAsk ask, StripeIntent intent)
    {
        if (string.IsNullOrEmpty(intent.ClientSecret))
            return Unreadable;
        var action = new ClientAction
        {
            Provider = StripeProvider.ProviderName,
            ScriptUrl = ask.Account.Options.ScriptUrl,
            Parameters = ImmutableDictionary.CreateRange(
            [
                KeyValuePair.Create("client_secret", intent.ClientSecret),
                KeyValuePair.Create("publishable_key", ask.Account.Options.PublishableKey ?? ""),
            ]),
        };
        return ProviderResult.RequiresAction(intent.Snapshot, action);
    }
}
