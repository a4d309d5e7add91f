namespace Curaway.Payments.Postgres;

// What is delivered after the commit that wrote it: transitions to observers, alerts to sinks.
internal sealed partial class PostgresChargeStore
{
    public Task<IReadOnlyList<ChargeTransition>> ClaimTransitionsAsync(int countMax, TimeSpan lease, CancellationToken ct)
    {
        RequireClaim(countMax, lease);
        return _database.WriteAsync<IReadOnlyList<ChargeTransition>>(async session =>
        {
            var claimed = await session.QueryAsync(
                PostgresClaims.Transitions, ReadTransition, ("lease", lease), ("count_max", countMax)).ConfigureAwait(false);
            return [.. claimed.OrderBy(transition => transition.Id)];
        }, ct);
    }

    public Task CompleteTransitionAsync(long transitionId, CancellationToken ct) => _database.WriteAsync(
        session => session.ExecuteAsync(
            "UPDATE charge_transitions SET seen_at = payments_now() WHERE id = @id AND seen_at IS NULL",
            ("id", transitionId)),
        ct);

    public Task EnqueueAlertAsync(PaymentAlert alert, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(alert);
        return _database.WriteOnceAsync(
            session =>
            {
                InsertAlert(session, alert);
                return Task.FromResult(true);
            },
            ct);
    }

    public Task<IReadOnlyList<QueuedAlert>> ClaimAlertsAsync(int countMax, TimeSpan lease, CancellationToken ct)
    {
        RequireClaim(countMax, lease);
        return _database.WriteAsync<IReadOnlyList<QueuedAlert>>(async session =>
        {
            var claimed = await session.QueryAsync(
                PostgresClaims.Alerts, ReadAlert, ("lease", lease), ("count_max", countMax)).ConfigureAwait(false);
            return [.. claimed.OrderBy(alert => alert.Id)];
        }, ct);
    }

    public Task CompleteAlertAsync(long alertId, CancellationToken ct) => _database.WriteAsync(
        session => session.ExecuteAsync(
            "UPDATE alert_outbox SET delivered_at = payments_now() WHERE id = @id AND delivered_at IS NULL",
            ("id", alertId)),
        ct);

    private static void InsertTransition(PostgresSession session, ChargeTransition transition) => session.Execute(
        """
        INSERT INTO charge_transitions (charge_id, tenant_id, consultation_id, from_status, to_status, source, at, next_attempt_at)
        VALUES (@charge_id, @tenant_id, @consultation_id, @from_status, @to_status, @source, @at, payments_now())
        """,
        ("charge_id", transition.ChargeId), ("tenant_id", transition.TenantId), ("consultation_id", transition.ConsultationId),
        ("from_status", transition.From is { } from ? WireName.Of(from) : null), ("to_status", WireName.Of(transition.To)),
        ("source", transition.Source), ("at", transition.At));

    private static ChargeTransition ReadTransition(PostgresRow row) => new()
    {
        Id = row.Number("id"),
        ChargeId = new ChargeId(row.Id("charge_id")),
        TenantId = row.Opaque("tenant_id"),
        ConsultationId = row.Opaque("consultation_id"),
        From = row.NameOrNull<ChargeStatus>("from_status"),
        To = row.Name<ChargeStatus>("to_status"),
        Source = row.Text("source"),
        At = row.Time("at"),
    };

    private static void InsertAlert(PostgresSession session, PaymentAlert alert) => session.Execute(
        """
        INSERT INTO alert_outbox (category, severity, text, charge_id, raised_at, next_attempt_at)
        VALUES (@category, @severity, @text, @charge_id, payments_now(), payments_now())
        """,
        ("category", alert.Category), ("severity", WireName.Of(alert.Severity)), ("text", alert.Text), ("charge_id", alert.ChargeId));

    private static QueuedAlert ReadAlert(PostgresRow row)
    {
        ChargeId? chargeId = row.IdOrNull("charge_id") is { } id ? new ChargeId(id) : null;
        var alert = new PaymentAlert(row.Text("category"), row.Name<AlertSeverity>("severity"), row.Text("text"), chargeId);
        return new QueuedAlert(row.Number("id"), alert, row.Time("raised_at"));
    }
}
