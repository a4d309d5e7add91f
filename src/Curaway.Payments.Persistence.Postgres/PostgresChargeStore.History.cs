namespace Curaway.Payments.Postgres;

// What operators and the two-way reconciliation read: everything about one charge, and lists of charges.
internal sealed partial class PostgresChargeStore
{
    public Task<ChargeHistory?> ReadHistoryAsync(ChargeId id, CancellationToken ct) => _database.ReadAsync(
        async session =>
        {
            var state = await ReadAsync(session, new ChargeSelector.ById(id), isLocked: false).ConfigureAwait(false);
            if (state.Charge is not { } charge)
                return null;
            var webhooks = await session.QueryAsync(
                """
                SELECT * FROM webhook_events
                WHERE charge_id = @id OR (state = 'parked' AND provider_reference = @reference AND provider_name = @provider)
                ORDER BY received_at, id
                """,
                ReadWebhookRecord, ("id", id), ("reference", charge.Reference ?? ""), ("provider", charge.Provider)).ConfigureAwait(false);
            var transitions = await session.QueryAsync(
                "SELECT * FROM charge_transitions WHERE charge_id = @id ORDER BY id", ReadTransition, ("id", id)).ConfigureAwait(false);
            var audit = await session.QueryAsync(
                "SELECT * FROM audit_log WHERE charge_id = @id ORDER BY id", ReadAuditRecord, ("id", id)).ConfigureAwait(false);
            var alerts = await session.QueryAsync(
                "SELECT * FROM alert_outbox WHERE charge_id = @id ORDER BY id", ReadAlertRecord, ("id", id)).ConfigureAwait(false);
            return new ChargeHistory
            {
                State = state,
                Webhooks = [.. webhooks],
                Transitions = [.. transitions],
                Audit = [.. audit],
                Alerts = [.. alerts],
            };
        },
        ct);

    public Task<IReadOnlyList<ChargeKey>> ListAsync(ChargeQuery query, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(query);
        return _database.ReadAsync<IReadOnlyList<ChargeKey>>(
            async session => query switch
            {
                ChargeQuery.MadeSince made => await session.QueryAsync(
                    """
                    SELECT id, provider_name, provider_account, provider_reference FROM consultation_charges
                    WHERE id >= @first AND id > @after ORDER BY id LIMIT @count_max
                    """,
                    ReadKey,
                    ("first", ChargeId.FirstOf(made.Since)), ("after", made.After ?? default), ("count_max", made.CountMax)).ConfigureAwait(false),
                ChargeQuery.Scheduled scheduled => await session.QueryAsync(
                    """
                    SELECT id, provider_name, provider_account, provider_reference FROM consultation_charges
                    WHERE due_at IS NOT NULL ORDER BY due_at LIMIT @count_max
                    """,
                    ReadKey,
                    ("count_max", scheduled.CountMax)).ConfigureAwait(false),
                ChargeQuery.OfReference reference => await session.QueryAsync(
                    """
                    SELECT id, provider_name, provider_account, provider_reference FROM consultation_charges
                    WHERE provider_reference = @reference AND provider_name = @provider
                    UNION
                    SELECT charge.id, charge.provider_name, charge.provider_account, charge.provider_reference
                    FROM charge_payments AS payment JOIN consultation_charges AS charge ON charge.id = payment.charge_id
                    WHERE payment.reference = @reference AND charge.provider_name = @provider
                    """,
                    ReadKey,
                    ("reference", reference.Reference), ("provider", reference.Provider)).ConfigureAwait(false),
                _ => throw new ArgumentOutOfRangeException(nameof(query)),
            },
            ct);
    }

    private static ChargeKey ReadKey(PostgresRow row) => new(
        new ChargeId(row.Id("id")), row.Text("provider_name"), row.Text("provider_account"), row.TextOrNull("provider_reference"));

    private static WebhookRecord ReadWebhookRecord(PostgresRow row) => new(
        row.Id("id"), row.Text("provider_name"), row.Text("provider_event_id"), row.Text("event_type"), row.Name<WebhookState>("state"),
        row.TextOrNull("reason"), row.Count("duplicate_count"), row.Time("received_at"));

    private static AuditRecord ReadAuditRecord(PostgresRow row) => new(
        row.Number("id"), row.Text("actor_id"), row.Text("action"), row.Text("source"), row.TextOrNull("from_status"), row.TextOrNull("to_status"),
        row.Text("details"), row.Time("created_at"));

    private static AlertRecord ReadAlertRecord(PostgresRow row)
    {
        var queued = ReadAlert(row);
        return new AlertRecord(queued.Id, queued.Alert, queued.RaisedAt, row.TimeOrNull("delivered_at"));
    }
}
