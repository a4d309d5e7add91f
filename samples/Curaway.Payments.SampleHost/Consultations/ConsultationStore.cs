using System.Data.Common;
using Curaway.Payments.SampleHost.Data;

namespace Curaway.Payments.SampleHost.Consultations;

/// <summary>
/// Reads and writes consultations. Every change of status is one conditional update: it says from where, and of two at
/// once only one finds its row. Thread-safe.
/// </summary>
internal sealed class ConsultationStore(HostDatabase database, RequestLease lease)
{
    /// <summary>The database's time: hosts agree on it.</summary>
    public Task<DateTimeOffset> NowAsync(CancellationToken ct) => database.NowAsync(ct);

    public async Task InsertAsync(Consultation consultation, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        await connection.ExecuteAsync(
            """
            INSERT INTO consultations (id, tenant_id, patient_id, status, amount_cents, currency, country_of_residence,
                preferred_currency, starts_at, duration_minutes, created_at)
            VALUES (@id, @tenant, @patient, @status, @amount, @currency, @country, @preferred, @starts, @minutes, @now)
            """,
            ct, ("@id", consultation.Id.Value), ("@tenant", consultation.TenantId.Value), ("@patient", consultation.PatientId),
            ("@status", WireName.Of(consultation.Status)), ("@amount", consultation.Amount.MinorUnits),
            ("@currency", consultation.Amount.Currency.Code), ("@country", consultation.CountryOfResidence),
            ("@preferred", consultation.PreferredCurrency), ("@starts", consultation.StartsAt),
            ("@minutes", consultation.DurationMinutes), ("@now", consultation.CreatedAt));
    }

    /// <summary>Null for an unknown id, another tenant's, and, with a patient given, another patient's.</summary>
    public async Task<Consultation?> FindAsync(OpaqueId tenantId, string? onlyPatientId, string id, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        var rows = await connection.QueryAsync(
            """
            SELECT c.*, s.charge_id, s.charge_status, s.settlement_intent, s.settlement, s.settlement_actor, s.settlement_reason
            FROM consultations c LEFT JOIN consultation_sessions s ON s.consultation_id = c.id
            WHERE c.id = @id AND c.tenant_id = @tenant AND (CAST(@patient AS TEXT) IS NULL OR c.patient_id = @patient)
            """,
            Read, ct, ("@id", id), ("@tenant", tenantId.Value), ("@patient", onlyPatientId));
        return rows.SingleOrDefault();
    }

    /// <summary>Newest first, older than the cursor.</summary>
    public async Task<List<Consultation>> ListAsync(
        OpaqueId tenantId, string? onlyPatientId, ConsultationStatus? status, string? beforeId, int countMax, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        return await connection.QueryAsync(
            """
            SELECT c.*, s.charge_id, s.charge_status, s.settlement_intent, s.settlement, s.settlement_actor, s.settlement_reason
            FROM consultations c LEFT JOIN consultation_sessions s ON s.consultation_id = c.id
            WHERE c.tenant_id = @tenant
              AND (CAST(@patient AS TEXT) IS NULL OR c.patient_id = @patient)
              AND (CAST(@status AS TEXT) IS NULL OR c.status = @status)
              AND (CAST(@before AS TEXT) IS NULL OR c.id < @before)
            ORDER BY c.id DESC LIMIT @limit
            """,
            Read, ct, ("@tenant", tenantId.Value), ("@patient", onlyPatientId), ("@status", status is { } s ? WireName.Of(s) : null),
            ("@before", beforeId), ("@limit", countMax));
    }

    /// <summary>The session row and the new status, in the transaction that books the charge. False when it was called off meanwhile.</summary>
    public static async Task<bool> BookAsync(DbTransaction transaction, Consultation consultation, Charge charge, CancellationToken ct)
    {
        var status = charge.Status == ChargeStatus.Pending ? ConsultationStatus.AwaitingPayment : ConsultationStatus.Scheduled;
        var isBooked = await transaction.ExecuteAsync(
            "UPDATE consultations SET status = @status WHERE id = @id AND status = 'requested'",
            ct, ("@id", consultation.Id.Value), ("@status", WireName.Of(status)));
        if (isBooked == 0)
            return false;
        await transaction.ExecuteAsync(
            """
            INSERT INTO consultation_sessions (consultation_id, tenant_id, charge_id, charge_status, created_at)
            VALUES (@id, @tenant, @charge, @chargeStatus, payments_now())
            """,
            ct, ("@id", consultation.Id.Value), ("@tenant", consultation.TenantId.Value), ("@charge", charge.Id.ToString()),
            ("@chargeStatus", WireName.Of(charge.Status)));
        return true;
    }

    /// <summary>
    /// What we learned of the charge, maybe late. Money held schedules a consultation whose patient was at checkout; the
    /// session row takes over where the charge stands now, not what was told: read under the row's lock, so that of two who
    /// were told at once the second sees no less than the first. The consultation before its session, as everywhere here:
    /// two hosts that take both cannot wait for each other.
    /// </summary>
    public Task ObserveAsync(ChargeId chargeId, ChargeStatus told, CancellationToken ct) => database.InTransactionAsync(
        async transaction =>
        {
            if (told is ChargeStatus.Authorized or ChargeStatus.Captured)
            {
                await transaction.ExecuteAsync(
                    """
                    UPDATE consultations SET status = 'scheduled' WHERE status = 'awaiting_payment'
                      AND id = (SELECT consultation_id FROM consultation_sessions WHERE charge_id = @charge)
                    """,
                    ct, ("@charge", chargeId.ToString()));
            }

            // Two statements: PostgreSQL reads for each what was committed when it began, and the first one waits for the lock.
            await transaction.ExecuteAsync(
                "UPDATE consultation_sessions SET charge_status = charge_status WHERE charge_id = @charge", ct, ("@charge", chargeId.ToString()));
            await transaction.ExecuteAsync(
                """
                UPDATE consultation_sessions SET charge_status = (SELECT charge_status FROM consultation_charges WHERE id = @id)
                WHERE charge_id = @charge
                """,
                ct, ("@charge", chargeId.ToString()), ("@id", chargeId.Value));
            return 0;
        },
        ct);

    /// <summary>The charge holds nothing any more: a consultation that has not begun goes back to requested, and its slot is free.</summary>
    public Task FreeAsync(ChargeId chargeId, CancellationToken ct) => database.InTransactionAsync(
        async transaction =>
        {
            var freed = await transaction.ExecuteAsync(
                """
                UPDATE consultations SET status = 'requested' WHERE status IN ('awaiting_payment', 'scheduled')
                  AND id = (SELECT consultation_id FROM consultation_sessions WHERE charge_id = @charge)
                """,
                ct, ("@charge", chargeId.ToString()));
            if (freed > 0)
                await transaction.ExecuteAsync("DELETE FROM consultation_sessions WHERE charge_id = @charge", ct, ("@charge", chargeId.ToString()));
            return 0;
        },
        ct);

    /// <summary>True for the caller who started it.</summary>
    public async Task<bool> StartAsync(OpaqueId id, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        return await connection.ExecuteAsync(
            "UPDATE consultations SET status = 'in_session', started_at = @now WHERE id = @id AND status = 'scheduled'",
            ct, ("@id", id.Value), ("@now", await connection.NowAsync(ct))) > 0;
    }

    /// <summary>
    /// Ends or cancels: the clinical state, and with it what is to become of the money. True for the caller who did it;
    /// false when the consultation was no longer in the status it was read in.
    /// </summary>
    public Task<bool> CloseAsync(Consultation before, Consultation after, SettlementOrder order, CancellationToken ct) => database.InTransactionAsync(
        async transaction =>
        {
            var isClosed = await transaction.ExecuteAsync(
                """
                UPDATE consultations
                SET status = @to, ended_at = @ended, cancelled_at = @cancelled, cancel_reason = @note, billable_minutes = @minutes
                WHERE id = @id AND status = @from
                """,
                ct, ("@id", before.Id.Value), ("@from", WireName.Of(before.Status)), ("@to", WireName.Of(after.Status)),
                ("@ended", after.EndedAt), ("@cancelled", after.CancelledAt), ("@note", order.Note), ("@minutes", after.BillableMinutes));
            if (isClosed == 0)
                return false;
            await transaction.ExecuteAsync(
                """
                UPDATE consultation_sessions
                SET settlement = 'processing', settlement_intent = @intent, settlement_actor = @actor, settlement_reason = @reason,
                    settlement_due_at = @due
                WHERE consultation_id = @id
                """,
                ct, ("@id", before.Id.Value), ("@intent", WireName.Of(order.Intent)), ("@actor", order.Actor), ("@reason", order.Reason),
                ("@due", await transaction.NowAsync(ct) + lease.Duration));
            return true;
        },
        ct);

    private static Consultation Read(DbDataReader row) => new()
    {
        Id = OpaqueId.Parse(row.Text("id")),
        TenantId = OpaqueId.Parse(row.Text("tenant_id")),
        PatientId = row.Text("patient_id"),
        Status = WireName.Parse<ConsultationStatus>(row.Text("status")),
        Amount = new Money(row.Number("amount_cents"), Currency.Parse(row.Text("currency"))),
        CountryOfResidence = row.Text("country_of_residence"),
        PreferredCurrency = row.TextOrNull("preferred_currency"),
        StartsAt = row.Time("starts_at"),
        DurationMinutes = checked((int)row.Number("duration_minutes")),
        CreatedAt = row.Time("created_at"),
        StartedAt = row.TimeOrNull("started_at"),
        EndedAt = row.TimeOrNull("ended_at"),
        CancelledAt = row.TimeOrNull("cancelled_at"),
        BillableMinutes = checked((int?)row.NumberOrNull("billable_minutes")),
        Session = row.TextOrNull("charge_id") is { } chargeId && ChargeId.TryParse(chargeId, out var charge) ? ReadSession(row, charge) : null,
    };

    private static ConsultationSession ReadSession(DbDataReader row, ChargeId charge) => new(
        charge,
        WireName.Parse<ChargeStatus>(row.Text("charge_status")),
        row.TextOrNull("settlement_intent") is { } intent ? WireName.Parse<SettlementIntent>(intent) : null,
        row.TextOrNull("settlement") is { } settlement ? WireName.Parse<Settlement>(settlement) : null,
        row.TextOrNull("settlement_actor"),
        row.TextOrNull("settlement_reason"));
}
