using System.Text.Json;

namespace Curaway.Payments.SampleHost.Admin;

/// <summary>A charge as an admin sees it: with its provider, and the ids to look up there.</summary>
internal sealed record AdminChargeView
{
    public required string Id { get; init; }

    public required string ConsultationId { get; init; }

    public required string Provider { get; init; }

    public required string ProviderAccount { get; init; }

    public required bool? Livemode { get; init; }

    public required string Status { get; init; }

    public required long AmountCents { get; init; }

    public required string Currency { get; init; }

    public required long AuthorizedCents { get; init; }

    public required long CapturedCents { get; init; }

    public required long RefundedCents { get; init; }

    public required string? ProviderReference { get; init; }

    public required string? ProviderPaymentReference { get; init; }

    public required string RoutingRule { get; init; }

    public required string? RefundReason { get; init; }

    public required string? ClosingReason { get; init; }

    public required DateTimeOffset? BookedAt { get; init; }

    public required DateTimeOffset? CheckoutExpiresAt { get; init; }

    public required DateTimeOffset? CaptureBefore { get; init; }

    public required DateTimeOffset? ReleaseDueAt { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset? AuthorizedAt { get; init; }

    public required DateTimeOffset? CapturedAt { get; init; }

    public required DateTimeOffset? VoidedAt { get; init; }

    public required DateTimeOffset? RefundedAt { get; init; }

    public required DateTimeOffset? FailedAt { get; init; }

    /// <summary>What happened to it; only where one charge is asked for.</summary>
    public ChargeTimeline? Timeline { get; init; }
}

/// <summary>Everything that happened to a charge, each list oldest first.</summary>
internal sealed record ChargeTimeline(
    JsonElement RoutingTrace, IReadOnlyList<OperationView> Operations, IReadOnlyList<WebhookView> Webhooks,
    IReadOnlyList<TransitionView> Transitions, IReadOnlyList<AlertView> Alerts);

/// <summary>One thing asked of the provider. The idempotency key of every send of it is our id of it.</summary>
internal sealed record OperationView(
    string IdempotencyKey, string Kind, string State, string? Outcome, long AmountCents, string Currency, string ActorId, string? RequestId,
    string? Reason, long SendCount, bool IsUnresolved, JsonElement? Error, string? ProviderRequestId, DateTimeOffset CreatedAt,
    DateTimeOffset? FirstSentAt, DateTimeOffset? ClosedAt);

/// <summary>One event of a provider, without its body, and how often it came again.</summary>
internal sealed record WebhookView(
    string Id, string Provider, string EventId, string Type, string State, string? Reason, string? ChargeId, long AttemptCount, long DuplicateCount,
    DateTimeOffset ReceivedAt, DateTimeOffset LastSeenAt, DateTimeOffset? NextAttemptAt, DateTimeOffset? ProcessedAt);

/// <summary>One change of a charge's status.</summary>
internal sealed record TransitionView(string? From, string To, string Source, DateTimeOffset At);

/// <summary>Something an operator was told.</summary>
internal sealed record AlertView(
    string Id, string Category, string Severity, string Text, string? ChargeId, DateTimeOffset RaisedAt, DateTimeOffset? DeliveredAt);

/// <summary>One row of the audit log.</summary>
internal sealed record AuditView(
    string Id, string? ChargeId, string ActorId, string Action, string Source, string? From, string? To, JsonElement? Details, DateTimeOffset CreatedAt);

/// <summary>A page, newest first.</summary>
/// <param name="Items">At most <c>limit</c> of them.</param>
/// <param name="NextCursor">What to ask for next; null at the end.</param>
internal sealed record AdminPage<T>(IReadOnlyList<T> Items, string? NextCursor);

/// <summary>A refund that was asked for.</summary>
/// <param name="Charge">The charge as it stands now.</param>
/// <param name="Refund">What was asked of the provider, and what it said.</param>
internal sealed record RefundAnswer(AdminChargeView Charge, OperationView Refund);

/// <summary>Where a booking goes or would go, and what every rule said.</summary>
/// <param name="Provider">The provider; null when no rule chooses.</param>
/// <param name="Rule">The rule that chose it.</param>
/// <param name="Trace">Every rule, in order.</param>
/// <param name="Lines">The same in words.</param>
internal sealed record RoutingAnswer(string? Provider, string? Rule, IReadOnlyList<RoutingStep> Trace, IReadOnlyList<string> Lines);
