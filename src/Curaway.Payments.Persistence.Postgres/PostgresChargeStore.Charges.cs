using System.Collections.Immutable;

namespace Curaway.Payments.Postgres;

// How a charge is read and written: the one place for the API's commits and the webhooks'.
internal sealed partial class PostgresChargeStore
{
    private const string SelectCharge = "SELECT * FROM consultation_charges WHERE id = @id";

    private const string SelectLiveId =
        """
        SELECT id FROM consultation_charges
        WHERE tenant_id = @tenant_id AND consultation_id = @consultation_id
            AND charge_status NOT IN ('failed', 'voided', 'refunded')
        ORDER BY closing_at IS NOT NULL, created_at DESC, id DESC LIMIT 1
        """;

    private const string SelectLatestId =
        """
        SELECT id FROM consultation_charges
        WHERE tenant_id = @tenant_id AND consultation_id = @consultation_id
        ORDER BY created_at DESC, id DESC LIMIT 1
        """;

    /// <exception cref="PostgresRaceException">The selector names another charge than the one that was locked.</exception>
    private static async Task<ChargeState> ReadAsync(PostgresSession session, ChargeSelector selector, bool isLocked)
    {
        if (selector is ChargeSelector.ById byId)
            return await ReadAsync(session, byId.Id, isLocked).ConfigureAwait(false);

        var found = SelectId(session, selector);
        session.SelectNow();
        await session.FlushAsync().ConfigureAwait(false);
        if (found is not [var id])
            return new ChargeState(null, [], session.Now);

        if (isLocked)
            session.Select("SELECT id FROM consultation_charges WHERE id = @id FOR NO KEY UPDATE", row => row.Id("id"), ("id", id));
        var again = SelectId(session, selector);
        var state = await ReadAsync(session, id, isLocked: false).ConfigureAwait(false);
        // While we waited for the lock, its holder may have ended this charge, or begun its successor.
        return again is [var still] && still == id
            ? state
            : throw new PostgresRaceException("The consultation's charge changed while it was waited for.");
    }

    private static List<ChargeId> SelectId(PostgresSession session, ChargeSelector selector) => selector switch
    {
        ChargeSelector.LiveOf live => session.Select(
            SelectLiveId, row => new ChargeId(row.Id("id")), ("tenant_id", live.TenantId), ("consultation_id", live.ConsultationId)),
        ChargeSelector.LatestOf latest => session.Select(
            SelectLatestId, row => new ChargeId(row.Id("id")), ("tenant_id", latest.TenantId), ("consultation_id", latest.ConsultationId)),
        _ => throw new ArgumentOutOfRangeException(nameof(selector)),
    };

    // Each statement sees what was committed before it began: the facts are read after the lock, in the same round trip.
    private static async Task<ChargeState> ReadAsync(PostgresSession session, ChargeId id, bool isLocked)
    {
        var charges = isLocked
            ? session.Select(SelectCharge + " FOR NO KEY UPDATE", PostgresChargeRows.ReadCharge, ("id", id))
            : session.Select(SelectCharge, PostgresChargeRows.ReadCharge, ("id", id));
        var payments = session.Select(
            "SELECT * FROM charge_payments WHERE charge_id = @id ORDER BY reference COLLATE \"C\"", PostgresChargeRows.ReadPayment, ("id", id));
        var refunds = session.Select(
            "SELECT * FROM charge_refunds WHERE charge_id = @id ORDER BY reference COLLATE \"C\"", PostgresChargeRows.ReadRefund, ("id", id));
        var disputes = session.Select(
            "SELECT * FROM charge_disputes WHERE charge_id = @id ORDER BY reference COLLATE \"C\"", PostgresChargeRows.ReadDispute, ("id", id));
        var invoices = session.Select(
            "SELECT * FROM charge_invoices WHERE charge_id = @id ORDER BY reference COLLATE \"C\"", PostgresChargeRows.ReadInvoice, ("id", id));
        var operations = session.Select(
            "SELECT * FROM charge_operations WHERE charge_id = @id ORDER BY created_at, id", PostgresChargeRows.ReadOperation, ("id", id));
        session.SelectNow();
        await session.FlushAsync().ConfigureAwait(false);
        return charges is [var charge]
            ? new ChargeState(
                charge with { Payments = [.. payments], Refunds = [.. refunds], Disputes = [.. disputes], Invoices = [.. invoices] },
                [.. operations],
                session.Now)
            : new ChargeState(null, [], session.Now);
    }

    /// <summary>Locks charges in the order of their ids, and reads them, in one round trip.</summary>
    private static async Task<Dictionary<ChargeId, ChargeState>> LockAsync(PostgresSession session, IReadOnlyCollection<ChargeId> ids)
    {
        if (ids.Count == 0)
            return [];
        var key = ("ids", (object?)ids.Select(id => id.Value).ToArray());
        var charges = session.Select(
            "SELECT * FROM consultation_charges WHERE id = ANY(@ids) ORDER BY id FOR NO KEY UPDATE", PostgresChargeRows.ReadCharge, key);
        var payments = session.Select(
            "SELECT * FROM charge_payments WHERE charge_id = ANY(@ids) ORDER BY reference COLLATE \"C\"",
            row => (ChargeId: row.Id("charge_id"), Payment: PostgresChargeRows.ReadPayment(row)), key);
        var refunds = session.Select(
            "SELECT * FROM charge_refunds WHERE charge_id = ANY(@ids) ORDER BY reference COLLATE \"C\"",
            row => (ChargeId: row.Id("charge_id"), Refund: PostgresChargeRows.ReadRefund(row)), key);
        var disputes = session.Select(
            "SELECT * FROM charge_disputes WHERE charge_id = ANY(@ids) ORDER BY reference COLLATE \"C\"",
            row => (ChargeId: row.Id("charge_id"), Dispute: PostgresChargeRows.ReadDispute(row)), key);
        var invoices = session.Select(
            "SELECT * FROM charge_invoices WHERE charge_id = ANY(@ids) ORDER BY reference COLLATE \"C\"",
            row => (ChargeId: row.Id("charge_id"), Invoice: PostgresChargeRows.ReadInvoice(row)), key);
        var operations = session.Select(
            "SELECT * FROM charge_operations WHERE charge_id = ANY(@ids) ORDER BY created_at, id", PostgresChargeRows.ReadOperation, key);
        session.SelectNow();
        await session.FlushAsync().ConfigureAwait(false);

        var paymentsOf = payments.ToLookup(row => row.ChargeId, row => row.Payment);
        var refundsOf = refunds.ToLookup(row => row.ChargeId, row => row.Refund);
        var disputesOf = disputes.ToLookup(row => row.ChargeId, row => row.Dispute);
        var invoicesOf = invoices.ToLookup(row => row.ChargeId, row => row.Invoice);
        var operationsOf = operations.ToLookup(operation => operation.ChargeId);
        return charges.ToDictionary(charge => charge.Id, charge => new ChargeState(
            charge with
            {
                Payments = [.. paymentsOf[charge.Id.Value]],
                Refunds = [.. refundsOf[charge.Id.Value]],
                Disputes = [.. disputesOf[charge.Id.Value]],
                Invoices = [.. invoicesOf[charge.Id.Value]],
            },
            [.. operationsOf[charge.Id]],
            session.Now));
    }

    /// <summary>Queues a decision whole. The state as it stands after it.</summary>
    private static ChargeState Write(PostgresSession session, ChargeState before, ChargeCommit commit)
    {
        var after = WriteCharge(session, before, commit);
        foreach (var entry in commit.Audit)
            InsertAudit(session, entry);
        foreach (var transition in commit.Transitions)
            InsertTransition(session, transition);
        foreach (var alert in commit.Alerts)
            InsertAlert(session, alert);
        return after;
    }

    private static ChargeState WriteCharge(PostgresSession session, ChargeState before, ChargeCommit commit)
    {
        var charge = commit.Charge ?? (commit.Operations.IsEmpty ? null : before.Charge);
        if (charge is null)
            return commit.Operations.IsEmpty ? before : throw new InvalidOperationException("Operations belong to a charge.");

        var previous = before.Charge is { } read && read.Id == charge.Id ? before : null;
        var versionRead = previous?.Charge?.Version ?? 0;
        if (charge.Version != versionRead)
            throw new InvalidOperationException($"Charge {charge.Id} was decided from version {charge.Version}, not from version {versionRead} under the lock.");

        var operations = Merge(previous?.Operations ?? [], commit.Operations);
        var written = charge with { Version = versionRead + 1, RecordedStatus = charge.Status };
        PostgresChargeRows.Write(session, written, ChargeSchedule.DueAt(written, operations));
        foreach (var payment in written.Payments.Except(previous?.Charge?.Payments ?? []))
            PostgresChargeRows.Write(session, charge.Id, payment);
        foreach (var refund in written.Refunds.Except(previous?.Charge?.Refunds ?? []))
            PostgresChargeRows.Write(session, charge.Id, refund);
        foreach (var dispute in written.Disputes.Except(previous?.Charge?.Disputes ?? []))
            PostgresChargeRows.Write(session, charge.Id, dispute);
        foreach (var invoice in written.Invoices.Except(previous?.Charge?.Invoices ?? []))
            PostgresChargeRows.Write(session, charge.Id, invoice);
        foreach (var operation in commit.Operations)
        {
            if (operation.ChargeId != charge.Id)
                throw new InvalidOperationException($"Operation {operation.Id} belongs to another charge than {charge.Id}.");
            PostgresChargeRows.Write(session, operation);
        }

        if (previous is null || previous.Charge?.Reference != written.Reference)
            WakeParkedEvents(session, written);
        return new ChargeState(written, operations, before.Now);
    }

    private static ImmutableArray<ChargeOperation> Merge(ImmutableArray<ChargeOperation> before, ImmutableArray<ChargeOperation> changed) =>
        [.. before.Where(operation => changed.All(other => other.Id != operation.Id))
            .Concat(changed)
            .OrderBy(operation => operation.CreatedAt)
            .ThenBy(operation => operation.Id.ToString(), StringComparer.Ordinal)];

    private static void InsertAudit(PostgresSession session, AuditEntry entry) => session.Execute(
        """
        INSERT INTO audit_log (charge_id, actor_id, action, source, from_status, to_status, details, created_at)
        VALUES (@charge_id, @actor_id, @action, @source, @from_status, @to_status, @details::json, @now)
        """,
        ("charge_id", entry.ChargeId), ("actor_id", entry.Cause.ActorId), ("action", entry.Cause.Action), ("source", entry.Cause.Source),
        ("from_status", entry.From is { } from ? WireName.Of(from) : null), ("to_status", WireName.Of(entry.To)),
        ("details", PaymentsJson.Serialize(new AuditDetails(entry.Cause.Detail, entry.Note, session.CommitId))), ("now", session.Now));

    /// <summary>
    /// True when the commit of that id is on disk. Asked under the charge's lock, which a commit that is still under way holds,
    /// so a no is final. A commit without an audit row cannot be told, and is decided again from what it wrote.
    /// </summary>
    private static async Task<bool> WasCommittedAsync(PostgresSession session, ChargeCommitted committed, Guid commitId)
    {
        if (committed.State.Charge is not { } charge)
            return false;
        var found = await session.QueryAsync(
            "SELECT 1 AS found FROM audit_log WHERE charge_id = @charge_id AND strpos(details::text, @commit_id) > 0 LIMIT 1",
            row => row.Count("found"),
            ("charge_id", charge.Id), ("commit_id", commitId.ToString("D"))).ConfigureAwait(false);
        return found.Count > 0;
    }

    private sealed record AuditDetails(string? Detail, string? Note, Guid? CommitId);
}
