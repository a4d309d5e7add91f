namespace Curaway.Payments;

/// <summary>How far one dispute got. The order is the rank.</summary>
public enum DisputeState
{
    /// <summary>The patient's bank asks the money back; refunds are blocked.</summary>
    Open,

    /// <summary>Ended without a verdict, such as an inquiry that was withdrawn.</summary>
    Closed,

    /// <summary>Decided for us.</summary>
    Won,

    /// <summary>
    /// Decided against us: the bank took the money. Refunds stay blocked, or the patient would get it twice. It outranks
    /// <see cref="Won"/>: banks change their minds both ways, and a delivery does not tell which verdict was the last.
    /// </summary>
    Lost,

    /// <summary>Lost, appealed by us, and decided for us: the one verdict that says of itself that it came after the loss.</summary>
    WonOnAppeal,
}

/// <summary>One dispute of a payment at the provider: a fact that only grows.</summary>
public sealed record ChargeDispute
{
    /// <summary>The provider's id: <c>dp_…</c>, <c>du_…</c> or <c>disp_…</c>.</summary>
    public required string Reference { get; init; }

    /// <summary>How far it got.</summary>
    public required DisputeState State { get; init; }

    /// <summary>The amount in dispute.</summary>
    public required Money Amount { get; init; }

    /// <summary>The payment it is about, when the provider said which.</summary>
    public string? PaymentReference { get; init; }

    /// <summary>The provider's machine word for the reason, such as <c>fraudulent</c>.</summary>
    public string? Reason { get; init; }

    /// <summary>True while a bank may take the money, or has.</summary>
    internal bool IsAgainstUs => State is DisputeState.Open or DisputeState.Lost;

    /// <summary>What both facts together say. Commutative, associative and idempotent.</summary>
    internal ChargeDispute Merge(ChargeDispute other) => this with
    {
        State = (DisputeState)Math.Max((int)State, (int)other.State),
        Amount = Money.Max(Amount, other.Amount),
        PaymentReference = string.CompareOrdinal(PaymentReference, other.PaymentReference) >= 0 ? PaymentReference : other.PaymentReference,
        Reason = string.CompareOrdinal(Reason, other.Reason) >= 0 ? Reason : other.Reason,
    };
}

/// <summary>How far one invoice got. The order is the rank.</summary>
public enum InvoiceState
{
    /// <summary>Issued, and not paid.</summary>
    Open,

    /// <summary>Can no longer be paid.</summary>
    Expired,

    /// <summary>Paid.</summary>
    Paid,
}

/// <summary>
/// One invoice at the provider that names our charge: a fact that only grows. We read invoices and never create them; one at
/// Razorpay would be a second payable order and would need a name and an e-mail address.
/// </summary>
public sealed record ChargeInvoice
{
    /// <summary>The provider's id: <c>in_…</c> or <c>inv_…</c>.</summary>
    public required string Reference { get; init; }

    /// <summary>How far it got.</summary>
    public required InvoiceState State { get; init; }

    /// <summary>The amount.</summary>
    public required Money Amount { get; init; }

    /// <summary>Its number, as printed.</summary>
    public string? Number { get; init; }

    /// <summary>Where the provider shows it; not parsed, a published sample holds a space.</summary>
    public string? HostedUrl { get; init; }

    /// <summary>What both facts together say. Commutative, associative and idempotent.</summary>
    internal ChargeInvoice Merge(ChargeInvoice other) => this with
    {
        State = (InvoiceState)Math.Max((int)State, (int)other.State),
        Amount = Money.Max(Amount, other.Amount),
        Number = string.CompareOrdinal(Number, other.Number) >= 0 ? Number : other.Number,
        HostedUrl = string.CompareOrdinal(HostedUrl, other.HostedUrl) >= 0 ? HostedUrl : other.HostedUrl,
    };
}
