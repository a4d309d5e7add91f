using System.Collections.Immutable;

namespace Curaway.Payments;

/// <summary>
/// The only code that changes a charge. Pure: facts in, facts out. A charge is a merge of facts whose ranks only rise, so
/// every order of the same snapshots, with any repetition, ends in the same charge.
/// </summary>
public static partial class ChargeLifecycle
{
    /// <summary>Merges what a provider said into a charge.</summary>
    /// <param name="charge">The charge as it stands.</param>
    /// <param name="snapshot">What was said.</param>
    /// <param name="now">The database's time, UTC.</param>
    public static SnapshotApplication Apply(Charge charge, ProviderSnapshot snapshot, DateTimeOffset now)
    {
        if (RefusalOf(charge, snapshot) is { } refusal)
            return new SnapshotApplication(charge, SnapshotVerdict.Conflict, [refusal]);

        var merged = Stamp(Merge(charge, snapshot, now), now);
        var wasVoided = StatusOf(charge) == ChargeStatus.Voided;
        ImmutableArray<ChargeConflict> conflicts = [.. ConflictsOf(merged, wasVoided)];
        if (!conflicts.IsEmpty)
            conflicts = [.. conflicts.Except(ConflictsOf(charge, wasVoided: false))];
        if (conflicts.Any(conflict => conflict is ChargeConflict.MoneyAfterVoid or ChargeConflict.MoneyAfterFailure))
            merged = Close(merged, "late_success", now);
        // The provider is asked before anything of it is let go.
        if (conflicts.Contains(ChargeConflict.SecondPayment))
            merged = merged with { RefreshDueAt = merged.RefreshDueAt ?? now };
        if (conflicts.Length > 0)
            return new SnapshotApplication(merged, SnapshotVerdict.Conflict, conflicts);
        return SameFacts(charge, merged)
            ? new SnapshotApplication(charge, SnapshotVerdict.Unchanged, [])
            : new SnapshotApplication(merged, SnapshotVerdict.Applied, []);
    }

    /// <summary>Marks a charge as one that is to hold no money; keeps the first reason.</summary>
    public static Charge Close(Charge charge, string reason, DateTimeOffset now) =>
        charge.ClosingAt is null ? charge with { ClosingAt = now, ClosingReason = reason } : charge;

    /// <summary>
    /// Marks what is held as money that a void takes in order to send it back. Written before the provider is asked, so that a
    /// webhook about that capture is understood whenever it comes.
    /// </summary>
    public static Charge ReleaseByCapture(Charge charge) => charge with
    {
        Payments = [.. charge.Payments.Select(payment => payment.IsHeld ? payment with { ReleasesByCapture = true } : payment)],
    };

    /// <summary>Marks a charge as booked: the host's session row stands in the same commit.</summary>
    /// <exception cref="InvalidOperationException">The charge is closing.</exception>
    public static Charge Book(Charge charge, DateTimeOffset now) => charge.ClosingAt is null
        ? charge with { BookedAt = charge.BookedAt ?? now }
        : throw new InvalidOperationException("A closing charge cannot be booked.");

    /// <summary>
    /// Takes note that a status was set by hand. The facts decide the status all the same, but a charge that somebody declared
    /// ended never stands in the way of another one again.
    /// </summary>
    public static Charge Adopt(Charge charge, ChargeStatus recorded, DateTimeOffset now) => recorded switch
    {
        ChargeStatus.Voided => charge with { VoidedAt = charge.VoidedAt ?? now },
        ChargeStatus.Failed => charge with { FailedAt = charge.FailedAt ?? now },
        ChargeStatus.Refunded => charge with { RefundedAt = charge.RefundedAt ?? now },
        _ => charge,
    };

    /// <summary>Null when the charge may be sent this verb for this amount; else the refusal.</summary>
    /// <param name="charge">The charge as it stands.</param>
    /// <param name="operations">Every operation of it; open refunds count as made.</param>
    /// <param name="kind">The verb: capture, void or refund.</param>
    /// <param name="amount">The amount.</param>
    public static PaymentError? Allows(Charge charge, IReadOnlyCollection<ChargeOperation> operations, OperationKind kind, Money amount)
    {
        var allowed = kind switch
        {
            OperationKind.Authorize => charge.Status == ChargeStatus.Pending,
            OperationKind.Capture => charge.Status == ChargeStatus.Authorized && charge.ClosingAt is null
                && !charge.Payments.Any(payment => payment.ReleasesByCapture),
            OperationKind.Void => charge.Status is ChargeStatus.Pending or ChargeStatus.Authorized,
            _ => charge.Status is ChargeStatus.Captured or ChargeStatus.PartiallyRefunded,
        };
        if (!allowed)
            return new PaymentError(ErrorCodes.StateConflict, WireName.Of(charge.Status));
        if (kind is not OperationKind.Refund && operations.Any(operation => operation.IsOpen))
            return new PaymentError(ErrorCodes.StateConflict, "operation_open");
        if (kind is OperationKind.Refund && IsDisputed(charge))
            return new PaymentError(ErrorCodes.StateConflict, "disputed");
        if (kind is OperationKind.Refund && (!amount.IsPositive || amount > RefundableOf(charge, operations)))
            return new PaymentError(ErrorCodes.RefundExceedsCaptured);
        return null;
    }

    /// <summary>
    /// True while a bank may take the money, or has: who asks for it there is not sent it by us as well. It counts for the
    /// whole charge, also when less than all of it is disputed.
    /// </summary>
    internal static bool IsDisputed(Charge charge) =>
        charge.Disputes.Any(dispute => dispute.IsAgainstUs);

    /// <summary>True when the facts alone say that the operation did what was asked, whoever reported them.</summary>
    public static bool Proves(Charge charge, ChargeOperation operation) => operation.Kind switch
    {
        OperationKind.Authorize => AuthorizedOf(charge).IsPositive,
        // Of the amount asked: what somebody else captured of it is not what this operation did.
        OperationKind.Capture => charge.Payments.Any(payment => payment.State == PaymentState.Captured && payment.Captured == operation.Amount),
        OperationKind.Void => charge.Status == ChargeStatus.Voided,
        _ => charge.Refunds.Any(refund => refund.OperationId == operation.Id && refund.State != RefundState.Failed),
    };

    private static ChargeConflict? RefusalOf(Charge charge, ProviderSnapshot snapshot)
    {
        if (snapshot.Provider != charge.Provider || snapshot.ProviderAccount != charge.ProviderAccount)
            return ChargeConflict.OtherAccount;
        if (snapshot.IsLiveMode is { } live && charge.IsLiveMode is { } was && live != was)
            return ChargeConflict.OtherMode;
        if (!IsAllIn(charge.Amount.Currency, snapshot))
            return ChargeConflict.OtherCurrency;
        return snapshot.Reference is not null && charge.Reference is not null && snapshot.Reference != charge.Reference
            ? ChargeConflict.OtherReference
            : null;
    }

    private static bool IsAllIn(Currency currency, ProviderSnapshot snapshot) =>
        (snapshot.Amount is null || snapshot.Amount.Value.Currency == currency)
        && snapshot.Payments.All(payment => payment.Amount.Currency == currency && payment.Captured.Currency == currency)
        && snapshot.Refunds.All(refund => refund.Amount.Currency == currency)
        && snapshot.Disputes.All(dispute => dispute.Amount.Currency == currency)
        && snapshot.Invoices.All(invoice => invoice.Amount.Currency == currency);

    private static Charge Merge(Charge charge, ProviderSnapshot snapshot, DateTimeOffset now)
    {
        var merged = charge with
        {
            IsLiveMode = charge.IsLiveMode ?? snapshot.IsLiveMode,
            Reference = charge.Reference ?? snapshot.Reference,
            IsReferenceClosed = charge.IsReferenceClosed || snapshot.IsReferenceClosed,
            IsVoidAccepted = charge.IsVoidAccepted || snapshot.IsVoidAccepted,
            IsAuthorizationFailed = charge.IsAuthorizationFailed || snapshot.IsAuthorizationFailed,
            Payments = MergeBy(charge.Payments, snapshot.Payments, payment => payment.Reference, (left, right) => left.Merge(right)),
            Refunds = MergeBy(charge.Refunds, snapshot.Refunds, refund => refund.Reference, (left, right) => left.Merge(right)),
            Disputes = MergeBy(charge.Disputes, snapshot.Disputes, dispute => dispute.Reference, (left, right) => left.Merge(right)),
            Invoices = MergeBy(charge.Invoices, snapshot.Invoices, invoice => invoice.Reference, (left, right) => left.Merge(right)),
            LastError = snapshot.Error ?? charge.LastError,
        };
        var unlisted = snapshot.RefundedTotal is { } total && total.MinorUnits > merged.Refunds.Where(refund => refund.State != RefundState.Failed).Sum(refund => refund.Amount.MinorUnits);
        return unlisted || snapshot.IsIncomplete ? merged with { RefreshDueAt = charge.RefreshDueAt ?? now } : merged;
    }

    private static ImmutableArray<T> MergeBy<T>(
        ImmutableArray<T> left, ImmutableArray<T> right, Func<T, string> keyOf, Func<T, T, T> merge) =>
        right.IsEmpty ? left : [.. left.Concat(right).GroupBy(keyOf, (_, same) => same.Aggregate(merge)).OrderBy(keyOf, StringComparer.Ordinal)];

    private static Charge Stamp(Charge charge, DateTimeOffset now)
    {
        var status = StatusOf(charge);
        return charge with
        {
            AuthorizedAt = charge.AuthorizedAt ?? (AuthorizedOf(charge).IsPositive ? now : null),
            CapturedAt = charge.CapturedAt ?? (CapturedOf(charge).IsPositive ? now : null),
            RefundedAt = charge.RefundedAt ?? (RefundedOf(charge).IsPositive ? now : null),
            VoidedAt = charge.VoidedAt ?? (status == ChargeStatus.Voided ? now : null),
            FailedAt = charge.FailedAt ?? (status == ChargeStatus.Failed ? now : null),
        };
    }

    private static IEnumerable<ChargeConflict> ConflictsOf(Charge charge, bool wasVoided)
    {
        var hasMoney = IsHolding(charge) || CapturedOf(charge) > RefundedOf(charge);
        if (hasMoney && (charge.IsVoidAccepted || wasVoided))
            yield return ChargeConflict.MoneyAfterVoid;
        if (hasMoney && charge.IsAuthorizationFailed)
            yield return ChargeConflict.MoneyAfterFailure;
        if (charge.Payments.Count(payment => IsTaken(payment) || IsHeld(charge, payment)) > 1)
            yield return ChargeConflict.SecondPayment;
        if (charge.Payments.Any(payment => payment.State >= PaymentState.Authorized && payment.Amount != charge.Amount))
            yield return ChargeConflict.OtherAmount;
        if (RefundedOf(charge) > CapturedOf(charge))
            yield return ChargeConflict.RefundedMoreThanCaptured;
    }

    private static bool SameFacts(Charge left, Charge right) =>
        left.Payments.SequenceEqual(right.Payments) && left.Refunds.SequenceEqual(right.Refunds)
        && left.Disputes.SequenceEqual(right.Disputes) && left.Invoices.SequenceEqual(right.Invoices)
        && left with { Payments = right.Payments, Refunds = right.Refunds, Disputes = right.Disputes, Invoices = right.Invoices } == right;
}
