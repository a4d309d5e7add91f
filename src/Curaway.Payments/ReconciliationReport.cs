using System.Collections.Immutable;

namespace Curaway.Payments;

/// <summary>How our rows and the provider's objects can differ.</summary>
public enum ReconciliationKind
{
    /// <summary>The provider is ahead of us: a webhook was missed. Healed from the provider's truth.</summary>
    MissedWebhook,

    /// <summary>The provider has an object that carries a charge id of ours which is in no row. A human looks.</summary>
    OrphanAtProvider,

    /// <summary>Another amount, currency, reference, mode or account than ours. A human looks.</summary>
    AmountDrift,

    /// <summary>A refund the bank has not confirmed for longer than <see cref="ChargeSchedule.PendingRefundAge"/>. A human asks the provider.</summary>
    RefundStuck,

    /// <summary>A hold ran out at the provider before it was captured: the clinic is not paid. Healed, and a human looks.</summary>
    ExpiredAuthorization,

    /// <summary>The status was edited by hand and the facts say otherwise. Healed from the facts, with an audit row.</summary>
    ManualEdit,

    /// <summary>We have a reference that the provider does not know. A human looks.</summary>
    MissingAtProvider,
}

/// <summary>One difference between our row and the provider's object.</summary>
/// <param name="Kind">What kind.</param>
/// <param name="Provider">The provider's name.</param>
/// <param name="Reference">The provider's reference, when there is one.</param>
/// <param name="ChargeId">Our charge; of an orphan, the id the object carries.</param>
/// <param name="Detail">What differs, in codes and amounts.</param>
/// <param name="IsHealed">True when the provider's truth was committed, or would be without <c>dry run</c>.</param>
public sealed record ReconciliationFinding(
    ReconciliationKind Kind, string Provider, string? Reference, ChargeId? ChargeId, string Detail, bool IsHealed)
{
    /// <summary>True when a human has to look at it, healed or not.</summary>
    public bool NeedsHuman => !IsHealed || Kind == ReconciliationKind.ExpiredAuthorization;
}

/// <summary>What a comparison of both sides found.</summary>
public sealed record ReconciliationReport
{
    /// <summary>Every difference, in no order.</summary>
    public required ImmutableArray<ReconciliationFinding> Findings { get; init; }

    /// <summary>How many of our charges were compared.</summary>
    public required int ComparedCount { get; init; }

    /// <summary>How many objects of the provider were none of ours.</summary>
    public required int ForeignCount { get; init; }

    /// <summary>False when a provider did not answer, an object could not be read, or there was more than one run looks at.</summary>
    public required bool IsComplete { get; init; }
}

/// <summary>What to compare.</summary>
/// <param name="Window">How far back: objects and charges made since then, and every charge that is not at rest.</param>
/// <param name="IsDryRun">True to change nothing and tell nobody.</param>
/// <param name="ActorId">Who asks; stands in the audit log.</param>
public sealed record ReconciliationRequest(TimeSpan Window, bool IsDryRun = false, string ActorId = "reconciler");
