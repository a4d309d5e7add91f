using System.Collections.Immutable;

namespace Curaway.Payments;

/// <summary>
/// What the provider says is true now. An API answer, a webhook and a reconciliation read all become one of these, and
/// <see cref="ChargeLifecycle.Apply"/> merges it: order and repetition do not matter.
/// </summary>
public sealed record ProviderSnapshot
{
    /// <summary>The provider's name.</summary>
    public required string Provider { get; init; }

    /// <summary>The account that spoke, by our name of it.</summary>
    public string ProviderAccount { get; init; } = "default";

    /// <summary>True for real money; null when the provider does not say.</summary>
    public bool? IsLiveMode { get; init; }

    /// <summary>Our charge, read back from metadata or notes.</summary>
    public ChargeId? ChargeId { get; init; }

    /// <summary>Our operation, read back from metadata or notes.</summary>
    public OperationId? OperationId { get; init; }

    /// <summary><c>pi_…</c> or <c>order_…</c>.</summary>
    public string? Reference { get; init; }

    /// <summary>True when the provider accepts no further payment on the reference.</summary>
    public bool IsReferenceClosed { get; init; }

    /// <summary>The amount of the intent or order, when it is told.</summary>
    public Money? Amount { get; init; }

    /// <summary>Payments it told of.</summary>
    public ImmutableArray<ChargePayment> Payments { get; init; } = [];

    /// <summary>Refunds it told of.</summary>
    public ImmutableArray<ChargeRefund> Refunds { get; init; } = [];

    /// <summary>Disputes it told of.</summary>
    public ImmutableArray<ChargeDispute> Disputes { get; init; } = [];

    /// <summary>Invoices it told of.</summary>
    public ImmutableArray<ChargeInvoice> Invoices { get; init; } = [];

    /// <summary>
    /// A cumulative amount refunded, when that is all it told. It never enters the totals: when it exceeds what we know,
    /// the provider is asked for the refunds themselves, outside any transaction.
    /// </summary>
    public Money? RefundedTotal { get; init; }

    /// <summary>True when the payload could not be read in full and the object has to be fetched.</summary>
    public bool IsIncomplete { get; init; }

    /// <summary>Set by the recorder when a void operation of ours was accepted.</summary>
    public bool IsVoidAccepted { get; init; }

    /// <summary>Set by the recorder when the authorization was refused, or certainly never sent.</summary>
    public bool IsAuthorizationFailed { get; init; }

    /// <summary>Why the last attempt failed, when it did.</summary>
    public PaymentError? Error { get; init; }
}
