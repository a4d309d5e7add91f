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

    /// <summary>
    /// Queues the locks of the charges that the statement before it named, in the order of their ids, and their facts. One that
    /// somebody holds is left out. Each statement sees what was committed before it began, so the facts are read after the lock.
    /// </summary>
    private static LockedCharges SelectLocked(PostgresSession session)
    {
        var locked = new LockedCharges(
            session.SelectRows(
                "SELECT * FROM consultation_charges WHERE id = ANY (current_setting('curaway.named')::uuid[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED",
                PostgresChargeRows.ReadCharge),
            session.SelectRows(
                "SELECT * FROM charge_payments WHERE charge_id = ANY (current_setting('curaway.named')::uuid[]) ORDER BY reference COLLATE \"C\"",
                row => (row.Id("charge_id"), PostgresChargeRows.ReadPayment(row))),
            session.SelectRows(
                "SELECT * FROM charge_refunds WHERE charge_id = ANY (current_setting('curaway.named')::uuid[]) ORDER BY reference COLLATE \"C\"",
                row => (row.Id("charge_id"), PostgresChargeRows.ReadRefund(row))),
            session.SelectRows(
                "SELECT * FROM charge_disputes WHERE charge_id = ANY (current_setting('curaway.named')::uuid[]) ORDER BY reference COLLATE \"C\"",
                row => (row.Id("charge_id"), PostgresChargeRows.ReadDispute(row))),
            session.SelectRows(
                "SELECT * FROM charge_invoices WHERE charge_id = ANY (current_setting('curaway.named')::uuid[]) ORDER BY reference COLLATE \"C\"",
                row => (row.Id("charge_id"), PostgresChargeRows.ReadInvoice(row))),
            session.SelectRows(
                "SELECT * FROM charge_operations WHERE charge_id = ANY (current_setting('curaway.named')::uuid[]) ORDER BY created_at, id",
                row => (row.Id("charge_id"), PostgresChargeRows.ReadOperation(row))));
        session.SelectNow();
        return locked;
    }

    /// <summary>Queues a decision whole. The state as it stands after it.</summary>
    private static ChargeState Write(PostgresSession session, ChargeState before, ChargeCommit commit)
    {
        var writes = new PostgresWrites();
        var after = PostgresWrites.Advance(before, commit);
        if (!ReferenceEquals(after, before))
            after = writes.Add(before, after);
        writes.Tell(commit);
        writes.Queue(session);
        return after;
    }

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

    /// <summary>Rows of charges, filled when the session was flushed.</summary>
    private sealed record LockedCharges(
        List<Charge> Charges, List<(Guid ChargeId, ChargePayment Fact)> Payments, List<(Guid ChargeId, ChargeRefund Fact)> Refunds,
        List<(Guid ChargeId, ChargeDispute Fact)> Disputes, List<(Guid ChargeId, ChargeInvoice Fact)> Invoices,
        List<(Guid ChargeId, ChargeOperation Fact)> Operations)
    {
        public Dictionary<ChargeId, ChargeState> ToStates(DateTimeOffset now)
        {
            var states = new Dictionary<ChargeId, ChargeState>(Charges.Count);
            foreach (var charge in Charges)
            {
                var whole = charge with
                {
                    Payments = Of(Payments, charge.Id),
                    Refunds = Of(Refunds, charge.Id),
                    Disputes = Of(Disputes, charge.Id),
                    Invoices = Of(Invoices, charge.Id),
                };
                states.Add(charge.Id, new ChargeState(whole, Of(Operations, charge.Id), now));
            }

            return states;
        }

        private static ImmutableArray<T> Of<T>(List<(Guid ChargeId, T Fact)> rows, ChargeId id) =>
            rows.Count == 0 ? [] : [.. rows.Where(row => row.ChargeId == id.Value).Select(row => row.Fact)];
    }
}
