namespace Curaway.Payments;

/// <summary>Where a charge stands. Computed from its facts by <see cref="ChargeLifecycle.StatusOf"/>, never assigned.</summary>
public enum ChargeStatus
{
    /// <summary>No money is held yet, or we do not know.</summary>
    Pending,

    /// <summary>Money is held for us and not yet taken.</summary>
    Authorized,

    /// <summary>The money is ours.</summary>
    Captured,

    /// <summary>Part of the captured money was sent back.</summary>
    PartiallyRefunded,

    /// <summary>All of the captured money was sent back.</summary>
    Refunded,

    /// <summary>Nothing is held, or a release is promised for <see cref="Charge.ReleaseDueAt"/>.</summary>
    Voided,

    /// <summary>The provider refused, or never heard of it. A retry is a new charge.</summary>
    Failed,
}

/// <summary>How far one payment got. The order is the rank: a fact never falls.</summary>
public enum PaymentState
{
    /// <summary>An attempt was started.</summary>
    Created,

    /// <summary>The attempt failed. Not final at Razorpay: a late authorization may follow for days.</summary>
    Failed,

    /// <summary>Money is held.</summary>
    Authorized,

    /// <summary>The hold ended without a capture: canceled, expired, or refunded before capture.</summary>
    Voided,

    /// <summary>Money was taken. It outranks a void: if a provider says so, it moved.</summary>
    Captured,
}

/// <summary>How far one refund got. The order is the rank: a bank can bounce a refund that had succeeded.</summary>
public enum RefundState
{
    /// <summary>Accepted by the provider.</summary>
    Pending,

    /// <summary>Done, as far as the provider knows.</summary>
    Succeeded,

    /// <summary>Failed or canceled: the money is ours again.</summary>
    Failed,
}
