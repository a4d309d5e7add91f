using System.Collections.Immutable;

namespace Curaway.Payments.Sqlite;

// How a charge is read and written: the one place for the API's commits and the webhooks'.
internal sealed partial class SqliteChargeStore
{
    private static async Task<ChargeState> ReadAsync(SqliteSession session, ChargeSelector selector)
    {
        var charges = selector switch
        {
            ChargeSelector.ById byId => await session.QueryAsync(
                "SELECT * FROM consultation_charges WHERE id = $id", SqliteChargeRows.ReadCharge, ("id", byId.Id)).ConfigureAwait(false),
            ChargeSelector.LiveOf live => await session.QueryAsync(
                """
                SELECT * FROM consultation_charges
                WHERE tenant_id = $tenant_id AND consultation_id = $consultation_id
                    AND charge_status NOT IN ('failed', 'voided', 'refunded')
                ORDER BY closing_at IS NOT NULL, created_at DESC, id DESC LIMIT 1
                """,
                SqliteChargeRows.ReadCharge,
                ("tenant_id", live.TenantId), ("consultation_id", live.ConsultationId)).ConfigureAwait(false),
            ChargeSelector.LatestOf latest => await session.QueryAsync(
                """
                SELECT * FROM consultation_charges
                WHERE tenant_id = $tenant_id AND consultation_id = $consultation_id
                ORDER BY created_at DESC, id DESC LIMIT 1
                """,
                SqliteChargeRows.ReadCharge,
                ("tenant_id", latest.TenantId), ("consultation_id", latest.ConsultationId)).ConfigureAwait(false),
            _ => throw new ArgumentOutOfRangeException(nameof(selector)),
        };
        return charges is [var charge]
            ? await WithFactsAsync(session, charge).ConfigureAwait(false)
            : new ChargeState(null, [], session.Now);
    }

    private static async Task<ChargeState> WithFactsAsync(SqliteSession session, Charge charge)
    {
        var payments = await session.QueryAsync(
            "SELECT * FROM charge_payments WHERE charge_id = $id ORDER BY reference",
            SqliteChargeRows.ReadPayment, ("id", charge.Id)).ConfigureAwait(false);
        var refunds = await session.QueryAsync(
            "SELECT * FROM charge_refunds WHERE charge_id = $id ORDER BY reference",
            SqliteChargeRows.ReadRefund, ("id", charge.Id)).ConfigureAwait(false);
        var disputes = await session.QueryAsync(
            "SELECT * FROM charge_disputes WHERE charge_id = $id ORDER BY reference",
            SqliteChargeRows.ReadDispute, ("id", charge.Id)).ConfigureAwait(false);
        var invoices = await session.QueryAsync(
            "SELECT * FROM charge_invoices WHERE charge_id = $id ORDER BY reference",
            SqliteChargeRows.ReadInvoice, ("id", charge.Id)).ConfigureAwait(false);
        var operations = await session.QueryAsync(
            "SELECT * FROM charge_operations WHERE charge_id = $id ORDER BY created_at, id",
            SqliteChargeRows.ReadOperation, ("id", charge.Id)).ConfigureAwait(false);
        return new ChargeState(
            charge with { Payments = [.. payments], Refunds = [.. refunds], Disputes = [.. disputes], Invoices = [.. invoices] },
            [.. operations],
            session.Now);
    }

    /// <summary>Writes a decision whole. The state as it stands after it.</summary>
    private static async Task<ChargeState> WriteAsync(SqliteSession session, ChargeState before, ChargeCommit commit)
    {
        var after = await WriteChargeAsync(session, before, commit).ConfigureAwait(false);
        foreach (var entry in commit.Audit)
            await InsertAuditAsync(session, entry).ConfigureAwait(false);
        foreach (var transition in commit.Transitions)
            await InsertTransitionAsync(session, transition).ConfigureAwait(false);
        foreach (var alert in commit.Alerts)
            await InsertAlertAsync(session, alert).ConfigureAwait(false);
        return after;
    }

    private static async Task<ChargeState> WriteChargeAsync(SqliteSession session, ChargeState before, ChargeCommit commit)
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
        var dueAt = ChargeSchedule.DueAt(written, operations);
        RequireOneRow(await SqliteChargeRows.WriteAsync(session, written, dueAt).ConfigureAwait(false), charge.Id);

        foreach (var payment in written.Payments.Except(previous?.Charge?.Payments ?? []))
            RequireOneRow(await SqliteChargeRows.WriteAsync(session, charge.Id, payment).ConfigureAwait(false), charge.Id);
        foreach (var refund in written.Refunds.Except(previous?.Charge?.Refunds ?? []))
            RequireOneRow(await SqliteChargeRows.WriteAsync(session, charge.Id, refund).ConfigureAwait(false), charge.Id);
        foreach (var dispute in written.Disputes.Except(previous?.Charge?.Disputes ?? []))
            RequireOneRow(await SqliteChargeRows.WriteAsync(session, charge.Id, dispute).ConfigureAwait(false), charge.Id);
        foreach (var invoice in written.Invoices.Except(previous?.Charge?.Invoices ?? []))
            RequireOneRow(await SqliteChargeRows.WriteAsync(session, charge.Id, invoice).ConfigureAwait(false), charge.Id);
        foreach (var operation in commit.Operations)
        {
            if (operation.ChargeId != charge.Id)
                throw new InvalidOperationException($"Operation {operation.Id} belongs to another charge than {charge.Id}.");
            RequireOneRow(await SqliteChargeRows.WriteAsync(session, operation).ConfigureAwait(false), charge.Id);
        }

        if (previous is null || previous.Charge?.Reference != written.Reference)
            await WakeParkedEventsAsync(session, written).ConfigureAwait(false);
        return new ChargeState(written, operations, before.Now);
    }

    private static ImmutableArray<ChargeOperation> Merge(ImmutableArray<ChargeOperation> before, ImmutableArray<ChargeOperation> changed) =>
        [.. before.Where(operation => changed.All(other => other.Id != operation.Id))
            .Concat(changed)
            .OrderBy(operation => operation.CreatedAt)
            .ThenBy(operation => operation.Id.ToString(), StringComparer.Ordinal)];

    // Checked after every write of money: a row that silently was not there is a bug that must not commit.
    private static void RequireOneRow(int count, ChargeId chargeId)
    {
        if (count != 1)
            throw new InvalidOperationException($"A write of charge {chargeId} touched {count} rows instead of one.");
    }

    private static Task<int> InsertAuditAsync(SqliteSession session, AuditEntry entry) => session.ExecuteAsync(
        """
        INSERT INTO audit_log (charge_id, actor_id, action, source, from_status, to_status, details, created_at)
        VALUES ($charge_id, $actor_id, $action, $source, $from_status, $to_status, $details, $now)
        """,
        ("charge_id", entry.ChargeId), ("actor_id", entry.Cause.ActorId), ("action", entry.Cause.Action), ("source", entry.Cause.Source),
        ("from_status", entry.From is { } from ? WireName.Of(from) : null), ("to_status", WireName.Of(entry.To)),
        ("details", PaymentsJson.Serialize(new AuditDetails(entry.Cause.Detail, entry.Note))), ("now", session.Now));

    private sealed record AuditDetails(string? Detail, string? Note);
}
