using System.Collections.Immutable;

namespace Curaway.Payments;

/// <summary>Everything the database has about one charge, for operators. Every list is oldest first.</summary>
public sealed record ChargeHistory
{
    /// <summary>The charge, with its facts and its operations.</summary>
    public required ChargeState State { get; init; }

    /// <summary>The provider's events about it, also those that wait or were given up; without their bodies.</summary>
    public ImmutableArray<WebhookRecord> Webhooks { get; init; } = [];

    /// <summary>Every change of its status.</summary>
    public ImmutableArray<ChargeTransition> Transitions { get; init; } = [];

    /// <summary>Its rows of the audit log.</summary>
    public ImmutableArray<AuditRecord> Audit { get; init; } = [];

    /// <summary>What operators were told about it.</summary>
    public ImmutableArray<AlertRecord> Alerts { get; init; } = [];
}

/// <summary>One event of a provider as it stands in the inbox.</summary>
/// <param name="Id">Our id of the row.</param>
/// <param name="Provider">The provider's name.</param>
/// <param name="EventId">The provider's event id.</param>
/// <param name="EventType">The event type; empty when unreadable.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Reason">Why it was ignored or given up; null otherwise.</param>
/// <param name="DuplicateCount">How often it came again.</param>
/// <param name="ReceivedAt">When it came first, UTC.</param>
public sealed record WebhookRecord(
    Guid Id, string Provider, string EventId, string EventType, WebhookState State, string? Reason, int DuplicateCount, DateTimeOffset ReceivedAt);

/// <summary>One row of the audit log. Rows written by hand may lack anything but the actor and the action.</summary>
/// <param name="Id">Our number of it.</param>
/// <param name="ActorId">Who.</param>
/// <param name="Action">What.</param>
/// <param name="Source">Through what: <c>api</c>, <c>webhook</c>, <c>reconciler</c>, <c>manual</c>.</param>
/// <param name="From">The status before, as written; null where there was none.</param>
/// <param name="To">The status after, as written.</param>
/// <param name="Details">More, as JSON text.</param>
/// <param name="At">When it was committed, UTC, database clock.</param>
public sealed record AuditRecord(
    long Id, string ActorId, string Action, string Source, string? From, string? To, string Details, DateTimeOffset At);

/// <summary>One alert as it stands in the outbox.</summary>
/// <param name="Id">Our number of it.</param>
/// <param name="Alert">The alert.</param>
/// <param name="RaisedAt">When it was committed, UTC.</param>
/// <param name="DeliveredAt">When every sink had it, or the cooldown held it back, UTC; null while it waits.</param>
public sealed record AlertRecord(long Id, PaymentAlert Alert, DateTimeOffset RaisedAt, DateTimeOffset? DeliveredAt);
