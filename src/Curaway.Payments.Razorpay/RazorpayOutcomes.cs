using static Curaway.Payments.Razorpay.RazorpayMapping;

namespace Curaway.Payments.Razorpay;

/// <summary>What was asked, and through which account.</summary>
internal sealed record RazorpayAsk(ProviderRequest Request, RazorpayAccount Account);

/// <summary>
/// What a readable answer means for the verb that was sent. Pure. Explicit success or refusal counts; everything else is
/// Indeterminate.
/// </summary>
internal static class RazorpayOutcomes
{
    private static readonly ProviderResult Unreadable = ProviderResult.Indeterminate(ProviderFault.Unreadable);

    /// <summary>A made or adopted order: the patient pays it next.</summary>
    public static ProviderResult Authorized(RazorpayAsk ask, WireOrder order)
    {
        if (MismatchOf(ask.Request, order) is { } mismatch)
            return mismatch;
        return SnapshotOf(ask, new RazorpayFacts(order, [], [])) is { } snapshot ? ActionOf(ask, snapshot) : Unreadable;
    }

    /// <summary>The payment that was captured, or read back because it may have been.</summary>
    public static ProviderResult Captured(RazorpayAsk ask, string paymentId, WirePayment payment)
    {
        if (SnapshotOf(ask, new RazorpayFacts(null, [payment], [])) is not { } snapshot)
            return Unreadable;
        var read = snapshot.Payments[0];
        return read.Reference != paymentId || snapshot.Reference != ask.Request.Charge.Reference
            || read.Amount != ask.Request.RequiredOperation.Amount
            ? ProviderResult.Indeterminate(ProviderFault.Mismatch)
            : CaptureOf(snapshot);
    }

    /// <summary>True when a capture that was read back certainly has not happened yet.</summary>
    public static bool IsStillHeld(ProviderResult result) => result.Snapshot is { Payments: [{ State: PaymentState.Authorized }] };

    /// <summary>A charge nobody was ever handed an order for: there is nothing to let go.</summary>
    public static ProviderResult VoidedNothing(RazorpayAsk ask) => ProviderResult.Succeeded(new ProviderSnapshot
    {
        Provider = RazorpayProvider.ProviderName,
        ProviderAccount = ask.Account.Name,
        ChargeId = ask.Request.Charge.Id,
        OperationId = ask.Request.Operation?.Id,
    });

    /// <summary>A made or replayed refund.</summary>
    public static ProviderResult Refunded(RazorpayAsk ask, string paymentId, WireRefund wire)
    {
        var operation = ask.Request.RequiredOperation;
        if (SnapshotOf(ask, new RazorpayFacts(null, [], [wire])) is not { } snapshot)
            return Unreadable;
        var refund = snapshot.Refunds[0];
        if (refund.PaymentReference != paymentId || refund.Amount != operation.Amount
            || (refund.OperationId is { } echoed && echoed != operation.Id))
            return ProviderResult.Indeterminate(ProviderFault.Mismatch);
        var ours = refund with { OperationId = operation.Id };
        return RefundOf(ours, snapshot with { Reference = ask.Request.Charge.Reference, Refunds = [ours] });
    }

    /// <summary>What the order's payments, or the one that Checkout named, say about the patient's attempt.</summary>
    public static ProviderResult CheckedOut(RazorpayAsk ask, IReadOnlyList<WirePayment> payments) =>
        OfFacts(ask, new RazorpayFacts(null, payments, []), snapshot =>
        {
            if (snapshot.Payments.Any(payment => payment.State is PaymentState.Authorized or PaymentState.Captured))
                return ProviderResult.Succeeded(snapshot);
            var last = snapshot.Payments.MaxBy(payment => payment.CreatedAt);
            if (last?.State == PaymentState.Created)
                return ProviderResult.Pending(snapshot);
            var reason = last is { State: PaymentState.Voided } ? "authorization_released" : last?.ErrorCode ?? "payment_failed";
            return ProviderResult.Declined(reason, snapshot with { Error = new PaymentError(ErrorCodes.ChargeFailed, reason) });
        });

    /// <summary>How the operation came out, by what stands there now; without an operation, just what stands there.</summary>
    public static ProviderResult Found(RazorpayAsk ask, RazorpayFacts facts) =>
        OfList(ask, facts, snapshot => ask.Request.Operation?.Kind switch
        {
            // A released hold is an answer to "what is true?", but no end of an authorization: the order can be paid again.
            null when snapshot.Payments.Any(payment => payment.State >= PaymentState.Authorized) => ProviderResult.Succeeded(snapshot),
            null => ActionOf(ask, snapshot),
            OperationKind.Authorize => AuthorizationOf(ask, snapshot),
            OperationKind.Capture => CaptureOf(snapshot),
            OperationKind.Void => RazorpayRelease.Found(ask, snapshot),
            OperationKind.Refund => FoundRefundOf(ask, snapshot),
            _ => Unreadable,
        });

    /// <summary>The oldest order of the operation, so that every host adopts the same one; null when none is listed.</summary>
    public static WireOrder? OldestOf(ProviderRequest request, IEnumerable<WireOrder?> orders) => orders
        .OfType<WireOrder>()
        .Where(order => order.Receipt == request.RequiredOperation.IdempotencyKey && MismatchOf(request, order) is null)
        .OrderBy(order => order.CreatedAt ?? long.MaxValue)
        .ThenBy(order => order.Id, StringComparer.Ordinal)
        .FirstOrDefault();

    /// <summary>Null when the order is the one that was asked for.</summary>
    public static ProviderResult? MismatchOf(ProviderRequest request, WireOrder order)
    {
        if (!IsId(order.Id, "order_") || Amount(order.Amount, order.Currency) is not { } amount)
            return Unreadable;
        var charge = request.Charge;
        if (order.Id != (charge.Reference ?? order.Id))
            return ProviderResult.Indeterminate(ProviderFault.Mismatch, "id");
        if (ChargeIdOf(order.Notes) is { } named && named != charge.Id)
            return ProviderResult.Indeterminate(ProviderFault.Mismatch, "charge_id");
        if (amount != charge.Amount)
            return ProviderResult.Indeterminate(ProviderFault.Mismatch, "amount");
        var isOtherReceipt = charge.Reference is null && request.Operation is { } operation
            && (order.Receipt ?? operation.IdempotencyKey) != operation.IdempotencyKey;
        return isOtherReceipt
            ? ProviderResult.Indeterminate(ProviderFault.Mismatch, "receipt")
            : null;
    }

    private static ProviderResult AuthorizationOf(RazorpayAsk ask, ProviderSnapshot snapshot) =>
        snapshot.Payments.Any(payment => payment.State is PaymentState.Authorized or PaymentState.Captured)
            ? ProviderResult.Succeeded(snapshot)
            : ActionOf(ask, snapshot);

    private static ProviderResult CaptureOf(ProviderSnapshot snapshot)
    {
        if (snapshot.Payments.Any(payment => payment.State == PaymentState.Captured))
            return ProviderResult.Succeeded(snapshot);
        if (snapshot.Payments.Any(payment => payment.State == PaymentState.Authorized))
            return ProviderResult.Indeterminate(ProviderFault.NotFound, snapshot: snapshot);
        return snapshot.Payments.Any(payment => payment.State == PaymentState.Voided)
            ? ProviderResult.Declined("authorization_released", snapshot)
            : ProviderResult.Indeterminate(ProviderFault.AlreadyDone, snapshot: snapshot);
    }

    private static ProviderResult FoundRefundOf(RazorpayAsk ask, ProviderSnapshot snapshot)
    {
        var operation = ask.Request.RequiredOperation;
        var refund = snapshot.Refunds.FirstOrDefault(refund => refund.OperationId == operation.Id);
        if (refund is null)
            return ProviderResult.Indeterminate(ProviderFault.NotFound, snapshot: snapshot);
        return refund.Amount == operation.Amount
            ? RefundOf(refund, snapshot)
            : ProviderResult.Indeterminate(ProviderFault.Mismatch, "refund", snapshot);
    }

    private static ProviderResult RefundOf(ChargeRefund refund, ProviderSnapshot snapshot) => refund.State switch
    {
        RefundState.Succeeded => ProviderResult.Succeeded(snapshot),
        RefundState.Pending => ProviderResult.Pending(snapshot),
        RefundState.Failed => ProviderResult.Declined(refund.ErrorCode ?? "refund_failed", snapshot),
        _ => Unreadable,
    };

    /// <summary>What was read must be about the charge's order, in its amount and currency.</summary>
    private static ProviderResult OfFacts(RazorpayAsk ask, RazorpayFacts facts, Func<ProviderSnapshot, ProviderResult> then)
    {
        var orderId = facts.Order?.Id ?? ask.Request.Charge.Reference;
        if (facts.Payments.Any(payment => payment.OrderId != orderId))
            return ProviderResult.Indeterminate(ProviderFault.Mismatch, "order_id");
        if (SnapshotOf(ask, facts) is not { } read)
            return Unreadable;
        var snapshot = read with { Reference = orderId };
        return snapshot.Payments.Any(payment => payment.Amount != ask.Request.Charge.Amount)
            ? ProviderResult.Indeterminate(ProviderFault.Mismatch, "amount")
            : then(snapshot);
    }

    /// <summary>
    /// The same of a whole list. It lags, has pages, or is about something else when money we know of is missing from it; then
    /// nothing of it is believed, for a fact once written stays.
    /// </summary>
    public static ProviderResult OfList(RazorpayAsk ask, RazorpayFacts facts, Func<ProviderSnapshot, ProviderResult> then) =>
        OfFacts(ask, facts, snapshot =>
        {
            var known = ask.Request.Charge.Payments.Where(payment => payment.State >= PaymentState.Authorized);
            var isWhole = !known.ExceptBy(snapshot.Payments.Select(payment => payment.Reference), payment => payment.Reference).Any();
            return isWhole ? then(snapshot) : ProviderResult.Indeterminate(ProviderFault.NotFound, "payment_missing");
        });

    private static ProviderResult ActionOf(RazorpayAsk ask, ProviderSnapshot snapshot)
    {
        var amount = ask.Request.Charge.Amount;
        var action = new ClientAction
        {
            Provider = RazorpayProvider.ProviderName,
            ScriptUrl = ask.Account.Options.ScriptUrl,
            Parameters = new Dictionary<string, string>
            {
                ["order_id"] = snapshot.Reference!,
                ["key_id"] = ask.Account.Options.KeyId!,
                ["amount"] = FormattableString.Invariant($"{Currencies.ToProvider(amount)}"),
                ["currency"] = amount.Currency.Code,
            },
        };
        return ProviderResult.RequiresAction(snapshot, action);
    }

    /// <summary>Facts of a call of ours: the charge is known, whatever the notes say.</summary>
    private static ProviderSnapshot? SnapshotOf(RazorpayAsk ask, RazorpayFacts facts) =>
        ReadFacts(ask.Account, facts) is { } snapshot
            ? snapshot with
            {
                IsLiveMode = ask.Account.Options.IsLiveMode,
                ChargeId = ask.Request.Charge.Id,
                OperationId = ask.Request.Operation?.Id,
            }
            : null;
}
