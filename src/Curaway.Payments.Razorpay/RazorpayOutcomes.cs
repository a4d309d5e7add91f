namespace Curaway.Payments.Razorpay;

/// <summary>What a readable answer means for the operation that was sent. Pure. Success has to match what was asked.</summary>
internal static class RazorpayOutcomes
{
    /// <summary>A made or adopted order: the patient pays it next.</summary>
    public static ProviderResult OfOrder(RazorpayAccount account, ProviderRequest request, WireOrder order)
    {
        if (MismatchOf(request, order) is { } mismatch)
            return mismatch;
        return SnapshotOf(account, request, new RazorpayFacts(order, [], [])) is { } snapshot
            ? ProviderResult.RequiresAction(snapshot, RazorpayMapping.ActionOf(request.Charge, order.Id!, account.Options))
            : Unreadable();
    }

    /// <summary>The payment that was captured, or read back because it may have been.</summary>
    public static ProviderResult OfPayment(RazorpayAccount account, ProviderRequest request, string paymentId, WirePayment payment)
    {
        if (SnapshotOf(account, request, new RazorpayFacts(null, [payment], [])) is not { } snapshot)
            return Unreadable();
        var read = snapshot.Payments[0];
        return read.Reference != paymentId || snapshot.Reference != request.Charge.Reference
            || read.Amount != request.RequiredOperation.Amount
            ? ProviderResult.Indeterminate(ProviderFault.Mismatch)
            : OfCapture(snapshot);
    }

    /// <summary>True when a capture that was read back certainly has not happened yet.</summary>
    public static bool IsStillHeld(ProviderResult result) =>
        result.Snapshot is { Payments: [{ State: PaymentState.Authorized }] };

    /// <summary>A made or replayed refund.</summary>
    public static ProviderResult OfRefund(RazorpayAccount account, ProviderRequest request, string paymentId, WireRefund refund)
    {
        var operation = request.RequiredOperation;
        if (SnapshotOf(account, request, new RazorpayFacts(null, [], [refund])) is not { } snapshot)
            return Unreadable();
        var made = snapshot.Refunds[0] with { OperationId = snapshot.Refunds[0].OperationId ?? operation.Id };
        if (made.PaymentReference != paymentId || made.Amount != operation.Amount || made.OperationId != operation.Id)
            return ProviderResult.Indeterminate(ProviderFault.Mismatch);
        return OfRefund(snapshot with { Reference = request.Charge.Reference, Refunds = [made] }, made);
    }

    /// <summary>What the order's payments, or the one that Checkout named, say about the patient's attempt.</summary>
    public static ProviderResult OfCheckout(RazorpayAccount account, ProviderRequest request, IReadOnlyList<WirePayment> payments)
    {
        if (payments.Any(payment => payment.OrderId != request.Charge.Reference))
            return ProviderResult.Indeterminate(ProviderFault.Mismatch);
        if (SnapshotOf(account, request, new RazorpayFacts(null, payments, [])) is not { } snapshot)
            return Unreadable();
        if (snapshot.Payments.Any(payment => payment.Amount != request.Charge.Amount))
            return ProviderResult.Indeterminate(ProviderFault.Mismatch);
        if (snapshot.Payments.Any(payment => payment.State is PaymentState.Authorized or PaymentState.Captured))
            return ProviderResult.Succeeded(snapshot);
        var last = snapshot.Payments.MaxBy(payment => payment.CreatedAt);
        if (last?.State == PaymentState.Created)
            return ProviderResult.Pending(snapshot);
        var reason = last is { State: PaymentState.Voided } ? "authorization_released" : last?.ErrorCode ?? "payment_failed";
        var error = new PaymentError(ErrorCodes.ChargeFailed, reason);
        return ProviderResult.Declined(reason, snapshot with { Reference = request.Charge.Reference, Error = error });
    }

    /// <summary>What everything known about the order says about the operation; without one, about the charge.</summary>
    public static ProviderResult OfFacts(RazorpayAccount account, ProviderRequest request, RazorpayFacts facts)
    {
        if (facts.Payments.Any(payment => payment.OrderId != (facts.Order?.Id ?? request.Charge.Reference)))
            return ProviderResult.Indeterminate(ProviderFault.Mismatch);
        if (SnapshotOf(account, request, facts) is not { } read)
            return Unreadable();
        var snapshot = read with { Reference = read.Reference ?? request.Charge.Reference };
        if (snapshot.Payments.Any(payment => payment.Amount != request.Charge.Amount))
            return ProviderResult.Indeterminate(ProviderFault.Mismatch, snapshot: snapshot);
        return request.Operation switch
        {
            null or { Kind: OperationKind.Authorize } => OfAuthorize(account, request, snapshot),
            { Kind: OperationKind.Capture } => OfCapture(snapshot),
            { Kind: OperationKind.Void } => OfVoid(snapshot),
            var refund => OfFoundRefund(snapshot, refund),
        };
    }

    /// <summary>A charge nobody was ever handed an order for.</summary>
    public static ProviderSnapshot Nothing(RazorpayAccount account, Charge charge) => new()
    {
        Provider = RazorpayMapping.Provider,
        ProviderAccount = account.Name,
        ChargeId = charge.Id,
    };

    /// <summary>The oldest order of the operation, so that every host adopts the same one.</summary>
    public static WireOrder? OldestOf(ProviderRequest request, IEnumerable<WireOrder?> orders) => orders
        .OfType<WireOrder>()
        .Where(order => order.Receipt == request.RequiredOperation.IdempotencyKey && MismatchOf(request, order) is null)
        .OrderBy(order => order.CreatedAt ?? long.MaxValue)
        .ThenBy(order => order.Id, StringComparer.Ordinal)
        .FirstOrDefault();

    /// <summary>Null when the order is the one that was asked for.</summary>
    public static ProviderResult? MismatchOf(ProviderRequest request, WireOrder order)
    {
        if (!RazorpayMapping.IsId(order.Id, "order_") || RazorpayMapping.MoneyOf(order.Amount, order.Currency) is not { } amount)
            return Unreadable();
        var isOther = amount != request.Charge.Amount
            || order.Id != (request.Charge.Reference ?? order.Id)
            || (RazorpayMapping.ChargeIdOf(order.Notes) ?? request.Charge.Id) != request.Charge.Id
            || (request.Operation is { Kind: OperationKind.Authorize } operation
                && ((order.Receipt ?? operation.IdempotencyKey) != operation.IdempotencyKey
                    || (RazorpayMapping.OperationIdOf(order.Notes) ?? operation.Id) != operation.Id));
        return isOther ? ProviderResult.Indeterminate(ProviderFault.Mismatch) : null;
    }

    private static ProviderResult OfAuthorize(RazorpayAccount account, ProviderRequest request, ProviderSnapshot snapshot)
    {
        // A released hold is an answer to "what is true?", and for an authorization no end: the order can be paid again.
        var isPaid = snapshot.Payments.Any(payment =>
            payment.State is PaymentState.Authorized or PaymentState.Captured
            || (request.Operation is null && payment.State == PaymentState.Voided));
        return isPaid
            ? ProviderResult.Succeeded(snapshot)
            : ProviderResult.RequiresAction(snapshot, RazorpayMapping.ActionOf(request.Charge, snapshot.Reference!, account.Options));
    }

    private static ProviderResult OfCapture(ProviderSnapshot snapshot)
    {
        if (snapshot.Payments.Any(payment => payment.State == PaymentState.Captured))
            return ProviderResult.Succeeded(snapshot);
        if (snapshot.Payments.Any(payment => payment.State == PaymentState.Authorized))
            return ProviderResult.Indeterminate(ProviderFault.NotFound, snapshot: snapshot);
        return snapshot.Payments.Any(payment => payment.State == PaymentState.Voided)
            ? ProviderResult.Declined("authorization_released", snapshot)
            : ProviderResult.Indeterminate(ProviderFault.AlreadyDone, snapshot: snapshot);
    }

    // A hold lapses when the capture window closes. Then Razorpay refunds it at normal speed: five to seven working days.
    private static ProviderResult OfVoid(ProviderSnapshot snapshot)
    {
        if (snapshot.Payments.Any(payment => RazorpayMapping.RemainingOf(payment, snapshot.Refunds).IsPositive))
            return ProviderResult.Indeterminate(ProviderFault.AlreadyDone, snapshot: snapshot);
        var lapsing = snapshot.Payments.Select(payment =>
            payment.State == PaymentState.Authorized ? payment with { ReleaseDueAt = payment.CaptureBefore } : payment);
        return ProviderResult.Succeeded(snapshot with { Payments = [.. lapsing] });
    }

    private static ProviderResult OfFoundRefund(ProviderSnapshot snapshot, ChargeOperation operation)
    {
        var refund = snapshot.Refunds.FirstOrDefault(made => made.OperationId == operation.Id);
        return refund is not null && refund.Amount != operation.Amount
            ? ProviderResult.Indeterminate(ProviderFault.Mismatch, snapshot: snapshot)
            : OfRefund(snapshot, refund);
    }

    private static ProviderResult OfRefund(ProviderSnapshot snapshot, ChargeRefund? refund) => refund?.State switch
    {
        null => ProviderResult.Indeterminate(ProviderFault.NotFound, snapshot: snapshot),
        RefundState.Pending => ProviderResult.Pending(snapshot),
        RefundState.Succeeded => ProviderResult.Succeeded(snapshot),
        _ => ProviderResult.Declined("refund_failed", snapshot),
    };

    /// <summary>Facts of a call of ours: the charge is known, whatever the notes say.</summary>
    private static ProviderSnapshot? SnapshotOf(RazorpayAccount account, ProviderRequest request, RazorpayFacts facts) =>
        RazorpayMapping.SnapshotOf(account, facts, account.Options.IsLiveMode) is { } snapshot
            ? snapshot with { ChargeId = request.Charge.Id, OperationId = request.Operation?.Id }
            : null;

    private static ProviderResult Unreadable() => ProviderResult.Indeterminate(ProviderFault.Unreadable);
}
