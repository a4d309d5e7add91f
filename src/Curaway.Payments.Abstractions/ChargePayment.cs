using System.Collections.Immutable;

namespace Curaway.Payments;

/// <summary>One payment attempt at the provider: a fact that only grows. An order or intent may see several.</summary>
public sealed record ChargePayment
{
    /// <summary>The provider's id of the payment: <c>ch_…</c> or <c>pay_…</c>.</summary>
    public required string Reference { get; init; }

    /// <summary>How far it got.</summary>
    public required PaymentState State { get; init; }

    /// <summary>The amount of the attempt.</summary>
    public required Money Amount { get; init; }

    /// <summary>What was captured of it; nothing before a capture.</summary>
    public required Money Captured { get; init; }

    /// <summary>When the provider made it, UTC.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>When the hold ends by itself, UTC; null when the provider did not say.</summary>
    public DateTimeOffset? CaptureBefore { get; init; }

    /// <summary>When a promised release happens by itself, UTC (Razorpay has no void: the hold lapses). Null: none promised.</summary>
    public DateTimeOffset? ReleaseDueAt { get; init; }

    /// <summary>
    /// True once a void has begun that takes the money in order to send it back, where there is no other way to return it at once.
    /// Its capture is no capture, and its refund no refund. So is a captured payment beside the one its charge keeps (see
    /// <see cref="ExtraPayments"/>).
    /// </summary>
    public bool ReleasesByCapture { get; init; }

    /// <summary>The provider's machine code of a failure, for operators.</summary>
    public string? ErrorCode { get; init; }

    /// <summary>True while it holds the patient's money without a promise to give it back.</summary>
    public bool IsHeld => State == PaymentState.Authorized && ReleaseDueAt is null;

    /// <summary>What was captured of it and not sent back: refunds that name it and have not failed are taken off.</summary>
    /// <param name="refunds">Every refund of the charge.</param>
    public Money RemainingOf(ImmutableArray<ChargeRefund> refunds) => Captured - Money.Sum(
        refunds.Where(refund => refund.PaymentReference == Reference && refund.State != RefundState.Failed).Select(refund => refund.Amount),
        Captured.Currency);

    /// <summary>
    /// What both facts together say. Commutative, associative and idempotent, so duplicates and disorder are harmless.
    /// </summary>
    internal ChargePayment Merge(ChargePayment other) => this with
    {
        State = (PaymentState)Math.Max((int)State, (int)other.State),
        Amount = Money.Max(Amount, other.Amount),
        Captured = Money.Max(Captured, other.Captured),
        CreatedAt = Earliest(CreatedAt, other.CreatedAt),
        CaptureBefore = Earliest(CaptureBefore, other.CaptureBefore),
        ReleaseDueAt = Earliest(ReleaseDueAt, other.ReleaseDueAt),
        ReleasesByCapture = ReleasesByCapture || other.ReleasesByCapture,
        ErrorCode = string.CompareOrdinal(ErrorCode, other.ErrorCode) >= 0 ? ErrorCode : other.ErrorCode,
    };

    private static DateTimeOffset? Earliest(DateTimeOffset? left, DateTimeOffset? right) =>
        left is null || right < left ? right : left;
}

/// <summary>One refund at the provider: a fact that only grows.</summary>
public sealed record ChargeRefund
{
    /// <summary>The provider's id of the refund: <c>re_…</c> or <c>rfnd_…</c>.</summary>
    public required string Reference { get; init; }

    /// <summary>How far it got.</summary>
    public required RefundState State { get; init; }

    /// <summary>The amount sent back.</summary>
    public required Money Amount { get; init; }

    /// <summary>The payment it was taken from, when the provider said which.</summary>
    public string? PaymentReference { get; init; }

    /// <summary>Our operation, read back from the provider's metadata or notes; null for a refund made elsewhere.</summary>
    public OperationId? OperationId { get; init; }

    /// <summary>When the provider made it, UTC.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>The provider's machine code of a failure, for operators.</summary>
    public string? ErrorCode { get; init; }

    /// <summary>What both facts together say. Commutative, associative and idempotent.</summary>
    internal ChargeRefund Merge(ChargeRefund other) => this with
    {
        State = (RefundState)Math.Max((int)State, (int)other.State),
        Amount = Money.Max(Amount, other.Amount),
        PaymentReference = new[] { PaymentReference, other.PaymentReference }.Min(StringComparer.Ordinal),
        OperationId = new[] { OperationId, other.OperationId }.MinBy(id => id?.Value),
        CreatedAt = CreatedAt is null || other.CreatedAt < CreatedAt ? other.CreatedAt : CreatedAt,
        ErrorCode = string.CompareOrdinal(ErrorCode, other.ErrorCode) >= 0 ? ErrorCode : other.ErrorCode,
    };
}
