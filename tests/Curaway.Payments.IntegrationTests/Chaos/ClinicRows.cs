using Npgsql;

namespace Curaway.Payments.IntegrationTests.Chaos;

/// <summary>A charge as it is on disk, with its session row.</summary>
internal sealed record ChargeRow
{
    public required string Id { get; init; }

    public required string ConsultationId { get; init; }

    public required string Status { get; init; }

    public required string? Reference { get; init; }

    public required long Captured { get; init; }

    public required long Refunded { get; init; }

    public required bool IsBooked { get; init; }

    public required bool HasSession { get; init; }

    public required bool IsClosing { get; init; }

    /// <summary>A release is promised for a stated time.</summary>
    public required bool IsReleasePromised { get; init; }

    /// <summary>Somebody is to look at it again soon, at a time that is still to come.</summary>
    public required bool IsWaiting { get; init; }

    /// <summary>Somebody is to look at it soon, or should have.</summary>
    public required bool IsDue { get; init; }

    public required bool HasOpenOperation { get; init; }

    public bool IsLive => Status is not ("failed" or "voided" or "refunded");
}

/// <summary>One send to a provider, over all its tries.</summary>
internal sealed record OperationRow(string Id, string ChargeId, string Kind, string State, string? Outcome, string? RequestId, long Amount);

/// <summary>A consultation, and what is to become of its money.</summary>
internal sealed record ConsultationRow(string Id, string Status, string? ChargeId, string? Settlement);

/// <summary>Everything of ours that the money invariants speak of, in one consistent picture.</summary>
internal sealed record ClinicRows(
    IReadOnlyList<ChargeRow> Charges, IReadOnlyList<OperationRow> Operations, IReadOnlyList<ConsultationRow> Consultations,
    IReadOnlySet<string> PaymentReferences, IReadOnlySet<string> RefundReferences, IReadOnlyList<string> AuditGaps,
    IReadOnlyList<string> Untold)
{
    // Soon is within 45 minutes: an operation to try again, a checkout to end. Days later holds end and promised releases are due.
    private const string SelectCharges =
        """
        SELECT charge.id::text, charge.consultation_id, charge.charge_status, provider_reference, captured_cents, refunded_cents,
            booked_at IS NOT NULL, session.charge_id IS NOT NULL, closing_at IS NOT NULL, release_due_at IS NOT NULL,
            coalesce(due_at > payments_now() AND due_at <= payments_now() + interval '45 minutes', false),
            coalesce(due_at <= payments_now() + interval '45 minutes', false),
            EXISTS (SELECT FROM charge_operations WHERE charge_id = charge.id AND state = 'open')
        FROM consultation_charges AS charge LEFT JOIN consultation_sessions AS session ON session.charge_id = charge.id::text
        """;

    // What the outbox says that changed, and what the audit log says, in their order: one row for each, or it is a gap. A
    // replay of the audit log has to arrive at where the charge stands.
    private const string SelectAuditGaps =
        """
        WITH changed AS (
            SELECT charge_id, array_agg(coalesce(from_status, '') || '>' || to_status ORDER BY id) AS steps FROM charge_transitions GROUP BY charge_id),
        audited AS (
            SELECT charge_id, array_agg(coalesce(from_status, '') || '>' || to_status ORDER BY id)
                    FILTER (WHERE from_status IS DISTINCT FROM to_status) AS steps,
                (array_agg(to_status ORDER BY id DESC))[1] AS last_status
            FROM audit_log WHERE charge_id IS NOT NULL GROUP BY charge_id)
        SELECT charge.id::text || ': ' || coalesce(changed.steps::text, 'no transition') || ' against ' || coalesce(audited.steps::text, 'no audit')
            || ', audit ends ' || coalesce(audited.last_status, 'nowhere') || ', row is ' || charge.charge_status
        FROM consultation_charges AS charge
        LEFT JOIN changed ON changed.charge_id = charge.id LEFT JOIN audited ON audited.charge_id = charge.id
        WHERE changed.steps IS DISTINCT FROM audited.steps OR audited.last_status IS DISTINCT FROM charge.charge_status
        """;

    public static async Task<ClinicRows> ReadAsync(NpgsqlDataSource source, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, ct);
        return new ClinicRows(
            await QueryAsync(connection, SelectCharges, row => new ChargeRow
            {
                Id = row.GetString(0),
                ConsultationId = row.GetString(1),
                Status = row.GetString(2),
                Reference = TextOrNull(row, 3),
                Captured = row.GetInt64(4),
                Refunded = row.GetInt64(5),
                IsBooked = row.GetBoolean(6),
                HasSession = row.GetBoolean(7),
                IsClosing = row.GetBoolean(8),
                IsReleasePromised = row.GetBoolean(9),
                IsWaiting = row.GetBoolean(10),
                IsDue = row.GetBoolean(11),
                HasOpenOperation = row.GetBoolean(12),
            }, ct),
            await QueryAsync(
                connection,
                "SELECT id::text, charge_id::text, kind, state, outcome, request_id, amount_cents FROM charge_operations",
                row => new OperationRow(
                    row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), TextOrNull(row, 4), TextOrNull(row, 5), row.GetInt64(6)), ct),
            await QueryAsync(
                connection,
                """
                SELECT consultations.id, consultations.status, charge_id, settlement
                FROM consultations LEFT JOIN consultation_sessions ON consultation_id = consultations.id
                """,
                row => new ConsultationRow(row.GetString(0), row.GetString(1), TextOrNull(row, 2), TextOrNull(row, 3)), ct),
            (await QueryAsync(connection, "SELECT reference FROM charge_payments", row => row.GetString(0), ct)).ToHashSet(),
            (await QueryAsync(connection, "SELECT reference FROM charge_refunds", row => row.GetString(0), ct)).ToHashSet(),
            await QueryAsync(connection, SelectAuditGaps, row => row.GetString(0), ct),
            await QueryAsync(
                connection, "SELECT charge_id::text || ' ' || to_status FROM charge_transitions WHERE seen_at IS NULL", row => row.GetString(0), ct));
    }

    private static async Task<List<T>> QueryAsync<T>(NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> read, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var rows = new List<T>();
        while (await reader.ReadAsync(ct))
            rows.Add(read(reader));
        return rows;
    }

    private static string? TextOrNull(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}
