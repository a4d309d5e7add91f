using System.Text.Json;

namespace Curaway.Payments.Cli.Verbs;

/// <summary>A charge's story as JSON: the members of the admin's endpoint, as far as the store knows them, and the audit log.</summary>
internal sealed record ExplainBody
{
    public required ChargeId Id { get; init; }

    public required OpaqueId TenantId { get; init; }

    public required OpaqueId ConsultationId { get; init; }

    public required string Provider { get; init; }

    public required string ProviderAccount { get; init; }

    public required bool? Livemode { get; init; }

    public required ChargeStatus Status { get; init; }

    public required long AmountCents { get; init; }

    public required string Currency { get; init; }

    public required long AuthorizedCents { get; init; }

    public required long CapturedCents { get; init; }

    public required long RefundedCents { get; init; }

    public required string? ProviderReference { get; init; }

    public required string RoutingRule { get; init; }

    public required string? RefundReason { get; init; }

    public required string? ClosingReason { get; init; }

    public required DateTimeOffset? BookedAt { get; init; }

    public required DateTimeOffset? CheckoutExpiresAt { get; init; }

    public required DateTimeOffset? CaptureBefore { get; init; }

    public required DateTimeOffset? ReleaseDueAt { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required TimelineBody Timeline { get; init; }

    public static ExplainBody Of(ChargeHistory history)
    {
        var charge = history.State.Charge!;
        return new ExplainBody
        {
            Id = charge.Id,
            TenantId = charge.TenantId,
            ConsultationId = charge.ConsultationId,
            Provider = charge.Provider,
            ProviderAccount = charge.ProviderAccount,
            Livemode = charge.IsLiveMode,
            Status = charge.Status,
            AmountCents = charge.Amount.MinorUnits,
            Currency = charge.Amount.Currency.Code,
            AuthorizedCents = charge.Authorized.MinorUnits,
            CapturedCents = charge.Captured.MinorUnits,
            RefundedCents = charge.Refunded.MinorUnits,
            ProviderReference = charge.Reference,
            RoutingRule = charge.Routing.Rule,
            RefundReason = charge.RefundReason,
            ClosingReason = charge.ClosingReason,
            BookedAt = charge.BookedAt,
            CheckoutExpiresAt = charge.CheckoutExpiresAt,
            CaptureBefore = charge.CaptureBefore,
            ReleaseDueAt = charge.ReleaseDueAt,
            CreatedAt = charge.CreatedAt,
            Timeline = TimelineBody.Of(history),
        };
    }
}

/// <summary>Everything that happened, each list oldest first.</summary>
internal sealed record TimelineBody(
    IEnumerable<RoutingStep> RoutingTrace, IEnumerable<OperationBody> Operations, IEnumerable<WebhookRecord> Webhooks,
    IEnumerable<TransitionBody> Transitions, IEnumerable<AuditBody> Audit, IEnumerable<AlertBody> Alerts)
{
    public static TimelineBody Of(ChargeHistory history) => new(
        history.State.Charge!.Routing.Trace,
        history.State.Operations.Select(operation => new OperationBody(
            operation.IdempotencyKey, operation.Kind, operation.State, operation.Outcome, operation.Amount.MinorUnits, operation.ActorId,
            operation.RequestId, operation.Reason, operation.SendCount, operation.IsUnresolved, operation.ProviderRequestId, operation.CreatedAt,
            operation.FirstSentAt, operation.ClosedAt)),
        history.Webhooks,
        history.Transitions.Select(change => new TransitionBody(change.From, change.To, change.Source, change.At)),
        history.Audit.Select(row => new AuditBody(row.Id, row.ActorId, row.Action, row.Source, row.From, row.To, DetailsOf(row), row.At)),
        history.Alerts.Select(record => new AlertBody(
            record.Id, record.Alert.Category, record.Alert.Severity, record.Alert.Text, record.RaisedAt, record.DeliveredAt)));

    /// <summary>SQLite takes any text, and the runbook writes audit rows by hand.</summary>
    private static JsonElement DetailsOf(AuditRecord row)
    {
        try
        {
            return JsonElement.Parse(row.Details);
        }
        catch (JsonException)
        {
            return JsonSerializer.SerializeToElement(row.Details);
        }
    }
}

/// <summary>One thing asked of the provider.</summary>
internal sealed record OperationBody(
    string IdempotencyKey, OperationKind Kind, OperationState State, OperationOutcome? Outcome, long AmountCents, string ActorId, OpaqueId? RequestId,
    string? Reason, int SendCount, bool IsUnresolved, string? ProviderRequestId, DateTimeOffset CreatedAt, DateTimeOffset? FirstSentAt,
    DateTimeOffset? ClosedAt);

/// <summary>One change of status.</summary>
internal sealed record TransitionBody(ChargeStatus? From, ChargeStatus To, string Source, DateTimeOffset At);

/// <summary>One row of the audit log.</summary>
internal sealed record AuditBody(
    long Id, string ActorId, string Action, string Source, string? From, string? To, JsonElement Details, DateTimeOffset At);

/// <summary>Something an operator was told.</summary>
internal sealed record AlertBody(
    long Id, string Category, AlertSeverity Severity, string Text, DateTimeOffset RaisedAt, DateTimeOffset? DeliveredAt);
