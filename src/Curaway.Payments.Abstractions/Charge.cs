using System.Collections.Immutable;

namespace Curaway.Payments;

/// <summary>
/// Our record of collecting one amount for one consultation: what we asked, and the facts providers told us. Status and
/// totals are computed from the facts. Immutable; only <see cref="ChargeLifecycle"/> makes the next one.
/// </summary>
public sealed record Charge
{
    /// <summary>Our id.</summary>
    public required ChargeId Id { get; init; }

    /// <summary>The tenant.</summary>
    public required OpaqueId TenantId { get; init; }

    /// <summary>The consultation; at most one live charge each.</summary>
    public required OpaqueId ConsultationId { get; init; }

    /// <summary>The amount to authorize.</summary>
    public required Money Amount { get; init; }

    /// <summary>Which provider, and why.</summary>
    public required RoutingDecision Routing { get; init; }

    /// <summary>The account at the provider, by our name of it.</summary>
    public string ProviderAccount { get; init; } = "default";

    /// <summary>True for real money, false for the provider's test mode, null until it told us.</summary>
    public bool? IsLiveMode { get; init; }

    /// <summary><c>pi_…</c> or <c>order_…</c>; the first one committed stays.</summary>
    public string? Reference { get; init; }

    /// <summary>True when the provider accepts no further payment on the reference (a canceled intent).</summary>
    public bool IsReferenceClosed { get; init; }

    /// <summary>True when a void of ours was accepted.</summary>
    public bool IsVoidAccepted { get; init; }

    /// <summary>True when the authorization was refused, or certainly never sent.</summary>
    public bool IsAuthorizationFailed { get; init; }

    /// <summary>Every payment attempt we heard of, by reference.</summary>
    public ImmutableArray<ChargePayment> Payments { get; init; } = [];

    /// <summary>Every refund we heard of, by reference.</summary>
    public ImmutableArray<ChargeRefund> Refunds { get; init; } = [];

    /// <summary>Every dispute we heard of, by reference.</summary>
    public ImmutableArray<ChargeDispute> Disputes { get; init; } = [];

    /// <summary>Every invoice we heard of, by reference.</summary>
    public ImmutableArray<ChargeInvoice> Invoices { get; init; } = [];

    /// <summary>When the host's session row was committed with it, UTC; set by nothing else.</summary>
    public DateTimeOffset? BookedAt { get; init; }

    /// <summary>Until when it must be booked, or its money is released, UTC.</summary>
    public required DateTimeOffset BookBy { get; init; }

    /// <summary>Until when the patient may finish checkout, UTC; null when there is no checkout.</summary>
    public DateTimeOffset? CheckoutExpiresAt { get; init; }

    /// <summary>Since when it is to hold no money, UTC: nothing may be booked or captured on it any more.</summary>
    public DateTimeOffset? ClosingAt { get; init; }

    /// <summary>Why it is to hold no money, such as <c>hold_expired</c>.</summary>
    public string? ClosingReason { get; init; }

    /// <summary>When the provider has to be asked again, UTC; null when the facts are complete.</summary>
    public DateTimeOffset? RefreshDueAt { get; init; }

    /// <summary>When the provider last told the whole truth in answer to a refresh, UTC; null before that.</summary>
    public DateTimeOffset? RefreshedAt { get; init; }

    /// <summary>Why it was refunded, such as <c>manual_dispute</c>.</summary>
    public string? RefundReason { get; init; }

    /// <summary>The last error, also of an attempt the patient may repeat.</summary>
    public PaymentError? LastError { get; init; }

    /// <summary>When it was written, UTC, database clock. The times below are when we learned, not when it happened there.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it first was authorized, UTC.</summary>
    public DateTimeOffset? AuthorizedAt { get; init; }

    /// <summary>When it first was captured, UTC.</summary>
    public DateTimeOffset? CapturedAt { get; init; }

    /// <summary>When it first was voided, UTC.</summary>
    public DateTimeOffset? VoidedAt { get; init; }

    /// <summary>When money first was sent back, UTC.</summary>
    public DateTimeOffset? RefundedAt { get; init; }

    /// <summary>When it failed, UTC.</summary>
    public DateTimeOffset? FailedAt { get; init; }

    /// <summary>Counts the writes.</summary>
    public long Version { get; init; }

    /// <summary>What the status column said when it was read; a manual edit makes it differ from <see cref="Status"/>.</summary>
    public ChargeStatus? RecordedStatus { get; init; }

    /// <summary>The provider's name.</summary>
    public string Provider => Routing.Provider;

    /// <summary>Where it stands, from the facts.</summary>
    public ChargeStatus Status => ChargeLifecycle.StatusOf(this);

    /// <summary>What is or was held and not let go.</summary>
    public Money Authorized => ChargeLifecycle.AuthorizedOf(this);

    /// <summary>What was taken.</summary>
    public Money Captured => ChargeLifecycle.CapturedOf(this);

    /// <summary>What was sent back of it, including refunds the bank has not confirmed; a bounced refund does not count.</summary>
    public Money Refunded => ChargeLifecycle.RefundedOf(this);

    /// <summary>When the first hold ends by itself, UTC; null when nothing is held or the provider did not say.</summary>
    public DateTimeOffset? CaptureBefore => Payments.Where(payment => payment.IsHeld).Min(payment => payment.CaptureBefore);

    /// <summary>When the last promised release happens by itself, UTC; null when none is awaited.</summary>
    public DateTimeOffset? ReleaseDueAt =>
        Payments.Where(payment => payment.State == PaymentState.Authorized).Max(payment => payment.ReleaseDueAt);

    /// <summary>What became of the money of a voided charge; null for any other.</summary>
    public ChargeRelease? Release => ChargeRelease.Of(this);

    /// <summary>The payment that captures and refunds name: the one that got furthest.</summary>
    public ChargePayment? PrincipalPayment => Payments.IsEmpty ? null : Payments.Aggregate(Further);

    /// <summary>True while it may hold money, or come to.</summary>
    public bool IsLive => Status is not (ChargeStatus.Failed or ChargeStatus.Voided or ChargeStatus.Refunded);

    private static ChargePayment Further(ChargePayment left, ChargePayment right) => (Rank(left) - Rank(right)) switch
    {
        0 => string.CompareOrdinal(left.Reference, right.Reference) <= 0 ? left : right,
        > 0 => left,
        _ => right,
    };

    private static int Rank(ChargePayment payment) => payment.State switch
    {
        PaymentState.Captured => payment.ReleasesByCapture ? 3 : 5,
        PaymentState.Authorized => payment.IsHeld ? 4 : 3,
        PaymentState.Voided => 2,
        PaymentState.Failed => 1,
        _ => 0,
    };
}
