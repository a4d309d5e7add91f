using System.Collections.Immutable;
using static Curaway.Payments.Postgres.PostgresColumn;

namespace Curaway.Payments.Postgres;

/// <summary>
/// What a unit of work writes of charges: collected, then queued as one statement for each table, whether it is one charge of
/// the API's or all of a batch of webhooks. Not thread-safe.
/// </summary>
internal sealed class PostgresWrites
{
    private readonly List<(Charge Charge, DateTimeOffset? DueAt)> _inserted = [];
    private readonly List<(Charge Charge, DateTimeOffset? DueAt)> _updated = [];
    private readonly List<(ChargeId, ChargePayment)> _payments = [];
    private readonly List<(ChargeId, ChargeRefund)> _refunds = [];
    private readonly List<(ChargeId, ChargeDispute)> _disputes = [];
    private readonly List<(ChargeId, ChargeInvoice)> _invoices = [];
    private readonly List<ChargeOperation> _operations = [];
    private readonly List<Charge> _named = [];
    private readonly List<AuditEntry> _audit = [];
    private readonly List<ChargeTransition> _transitions = [];
    private readonly List<PaymentAlert> _alerts = [];

    /// <summary>
    /// The state after a decision: not written yet, so another decision may follow and both are one write. The same state when
    /// the decision changes neither charge nor operations.
    /// </summary>
    public static ChargeState Advance(ChargeState before, ChargeCommit commit)
    {
        var charge = commit.Charge ?? (commit.Operations.IsEmpty ? null : before.Charge);
        if (charge is null)
            return commit.Operations.IsEmpty ? before : throw new InvalidOperationException("Operations belong to a charge.");

        var previous = PreviousOf(before, charge);
        var versionRead = previous?.Charge?.Version ?? 0;
        if (charge.Version != versionRead)
            throw new InvalidOperationException($"Charge {charge.Id} was decided from version {charge.Version}, not from version {versionRead} under the lock.");
        if (commit.Operations.FirstOrDefault(operation => operation.ChargeId != charge.Id) is { } stranger)
            throw new InvalidOperationException($"Operation {stranger.Id} belongs to another charge than {charge.Id}.");
        return new ChargeState(charge with { RecordedStatus = charge.Status }, Merge(previous?.Operations ?? [], commit.Operations), before.Now);
    }

    /// <summary>Adds what a decision tells others: audit rows, transitions, alerts.</summary>
    public void Tell(ChargeCommit commit)
    {
        _audit.AddRange(commit.Audit);
        _transitions.AddRange(commit.Transitions);
        _alerts.AddRange(commit.Alerts);
    }

    public void Alert(PaymentAlert alert) => _alerts.Add(alert);

    /// <summary>Adds what differs between the state that was read and the one to stand. The latter, with its next version.</summary>
    public ChargeState Add(ChargeState read, ChargeState after)
    {
        var charge = after.Charge!;
        var previous = PreviousOf(read, charge);
        var written = charge with { Version = charge.Version + 1 };
        (written.Version == 1 ? _inserted : _updated).Add((written, ChargeSchedule.DueAt(written, after.Operations)));
        AddNew(_payments, charge.Id, charge.Payments, previous?.Charge?.Payments ?? []);
        AddNew(_refunds, charge.Id, charge.Refunds, previous?.Charge?.Refunds ?? []);
        AddNew(_disputes, charge.Id, charge.Disputes, previous?.Charge?.Disputes ?? []);
        AddNew(_invoices, charge.Id, charge.Invoices, previous?.Charge?.Invoices ?? []);
        foreach (var operation in after.Operations)
        {
            if (previous is null || !previous.Operations.Contains(operation))
                _operations.Add(operation);
        }

        if (previous is null || previous.Charge?.Reference != written.Reference)
            _named.Add(written);
        return after with { Charge = written };
    }

    public void Queue(PostgresSession session)
    {
        foreach (var (charge, dueAt) in _inserted)
            PostgresChargeRows.Insert(session, charge, dueAt);
        PostgresChargeRows.Update(session, _updated);
        PostgresChargeRows.Write(session, _payments);
        PostgresChargeRows.Write(session, _refunds);
        PostgresChargeRows.Write(session, _disputes);
        PostgresChargeRows.Write(session, _invoices);
        PostgresChargeRows.Write(session, _operations);
        foreach (var charge in _named)
            PostgresChargeStore.WakeParkedEvents(session, charge);
        if (_audit.Count > 0)
            QueueAudit(session);
        if (_transitions.Count > 0)
            QueueTransitions(session);
        foreach (var alert in _alerts)
            PostgresChargeStore.InsertAlert(session, alert);
    }

    private static ChargeState? PreviousOf(ChargeState read, Charge charge) => read.Charge?.Id == charge.Id ? read : null;

    private static void AddNew<T>(List<(ChargeId, T)> rows, ChargeId id, ImmutableArray<T> facts, ImmutableArray<T> known)
    {
        foreach (var fact in facts)
        {
            if (!known.Contains(fact))
                rows.Add((id, fact));
        }
    }

    private static ImmutableArray<ChargeOperation> Merge(ImmutableArray<ChargeOperation> before, ImmutableArray<ChargeOperation> changed) =>
        changed.IsEmpty
            ? before
            : [.. before.Where(operation => changed.All(other => other.Id != operation.Id))
                .Concat(changed)
                .OrderBy(operation => operation.CreatedAt)
                .ThenBy(operation => operation.Id.ToString(), StringComparer.Ordinal)];

    // In the order of the decisions, so the ids of one charge's rows rise with its changes.
    private void QueueAudit(PostgresSession session) => session.WriteRows(
        """
        WITH written AS (
            INSERT INTO audit_log (charge_id, actor_id, action, source, from_status, to_status, details, created_at)
            SELECT charge_id, actor_id, action, source, from_status, to_status, details::json, $8
            FROM unnest($1, $2, $3, $4, $5, $6, $7) WITH ORDINALITY AS told (
                charge_id, actor_id, action, source, from_status, to_status, details, place)
            ORDER BY place
            RETURNING 1)
        SELECT payments_expect('audit_log', count(*), cardinality($1)) FROM written
        """,
        Of(_audit, entry => entry.ChargeId.Value), OfText(_audit, entry => entry.Cause.ActorId), OfText(_audit, entry => entry.Cause.Action),
        OfText(_audit, entry => entry.Cause.Source), Of(_audit, entry => entry.From is { } from ? WireName.Of(from) : null),
        Of(_audit, entry => WireName.Of(entry.To)),
        OfText(_audit, entry => PaymentsJson.Serialize(new AuditDetails(entry.Cause.Detail, entry.Note, session.CommitId))), Value(session.Now));

    private void QueueTransitions(PostgresSession session) => session.WriteRows(
        """
        WITH written AS (
            INSERT INTO charge_transitions (charge_id, tenant_id, consultation_id, from_status, to_status, source, at, next_attempt_at)
            SELECT charge_id, tenant_id, consultation_id, from_status, to_status, source, at, payments_now()
            FROM unnest($1, $2, $3, $4, $5, $6, $7) WITH ORDINALITY AS told (
                charge_id, tenant_id, consultation_id, from_status, to_status, source, at, place)
            ORDER BY place
            RETURNING 1)
        SELECT payments_expect('charge_transitions', count(*), cardinality($1)) FROM written
        """,
        Of(_transitions, transition => transition.ChargeId.Value), Of(_transitions, transition => transition.TenantId.Value),
        Of(_transitions, transition => transition.ConsultationId.Value),
        Of(_transitions, transition => transition.From is { } from ? WireName.Of(from) : null),
        Of(_transitions, transition => WireName.Of(transition.To)), OfText(_transitions, transition => transition.Source),
        OfTime(_transitions, transition => transition.At));

    private sealed record AuditDetails(string? Detail, string? Note, Guid? CommitId);
}
