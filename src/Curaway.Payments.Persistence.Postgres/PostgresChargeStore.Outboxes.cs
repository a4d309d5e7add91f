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

    // In the order of the ids, so hosts do not deadlock where a lease ended and both told.
    public Task CompleteTransitionsAsync(IReadOnlyList<long> transitionIds, CancellationToken ct) => _database.WriteAsync(
        session => session.ExecuteAsync(
            """
            WITH seen AS MATERIALIZED (
                SELECT id FROM charge_transitions WHERE id = ANY (@ids) AND seen_at IS NULL ORDER BY id FOR UPDATE)
            UPDATE charge_transitions AS transition SET seen_at = payments_now() FROM seen WHERE transition.id = seen.id
            """,
            ("ids", transitionIds.ToArray())),
        ct);

    // Events that wait for their effect, and dead letters somebody may replay, are never deleted: only their bodies are.
    // Oldest first, so each statement reads one index up to its limit; what somebody holds is left for the next time.
    // A transition that nobody has claimed in all that time has no observer to tell.
    public Task<bool> PurgeAsync(TimeSpan bodyLifetime, TimeSpan eventLifetime, int countMax, CancellationToken ct)
    {
        RequireClaim(countMax, bodyLifetime < eventLifetime ? bodyLifetime : eventLifetime);
        return _database.WriteAsync(async session =>
        {
            (string Name, object? Value)[] parameters =
                [("body_lifetime", bodyLifetime), ("event_lifetime", eventLifetime), ("count_max", countMax)];
            var bodies = await session.ExecuteAsync(
                """
                WITH old AS MATERIALIZED (
                    SELECT id FROM webhook_events WHERE body IS NOT NULL AND received_at <= payments_now() - @body_lifetime
                    ORDER BY received_at LIMIT @count_max FOR UPDATE SKIP LOCKED)
                UPDATE webhook_events AS event SET body = NULL FROM old WHERE event.id = old.id
                """,
                parameters).ConfigureAwait(false);
            var events = await session.ExecuteAsync(
                """
                WITH old AS MATERIALIZED (
                    SELECT id FROM webhook_events
                    WHERE state IN ('processed', 'ignored') AND last_seen_at <= payments_now() - @event_lifetime
                    ORDER BY last_seen_at LIMIT @count_max FOR UPDATE SKIP LOCKED)
                DELETE FROM webhook_events AS event USING old WHERE event.id = old.id
                """,
                parameters).ConfigureAwait(false);
            var alerts = await session.ExecuteAsync(
                """
                WITH old AS MATERIALIZED (
                    SELECT id FROM alert_outbox WHERE delivered_at IS NOT NULL AND raised_at <= payments_now() - @event_lifetime
                    ORDER BY raised_at LIMIT @count_max FOR UPDATE SKIP LOCKED)
                DELETE FROM alert_outbox AS alert USING old WHERE alert.id = old.id
                """,
                parameters).ConfigureAwait(false);
            var unheard = await session.ExecuteAsync(
                """
                WITH old AS MATERIALIZED (
                    SELECT id FROM charge_transitions WHERE seen_at IS NULL AND next_attempt_at <= payments_now() - @body_lifetime
                    ORDER BY id LIMIT @count_max FOR UPDATE SKIP LOCKED)
                UPDATE charge_transitions AS transition SET seen_at = payments_now() FROM old WHERE transition.id = old.id
                """,
                parameters).ConfigureAwait(false);
            return bodies == countMax || events == countMax || alerts == countMax || unheard == countMax;
        }, ct);
    }

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

    // One statement, so that hosts that ask at once are answered one after the other.
    public Task<int?> TryPassCooldownAsync(string category, TimeSpan cooldown, CancellationToken ct) => _database.WriteAsync(
        async session => (await session.QueryAsync(
            """
            INSERT INTO alert_cooldowns AS kept (category, sent_at, suppressed_count, told_count, is_open) VALUES (@category, payments_now(), 0, 0, TRUE)
            ON CONFLICT (category) DO UPDATE SET
                sent_at = CASE WHEN kept.sent_at <= payments_now() - @cooldown THEN excluded.sent_at ELSE kept.sent_at END,
                suppressed_count = CASE WHEN kept.sent_at <= payments_now() - @cooldown THEN 0 ELSE kept.suppressed_count + 1 END,
                told_count = CASE WHEN kept.sent_at <= payments_now() - @cooldown THEN kept.suppressed_count END,
                is_open = CASE WHEN kept.sent_at <= payments_now() - @cooldown THEN TRUE ELSE kept.is_open END
            RETURNING told_count
            """,
            row => row.CountOrNull("told_count"),
            ("category", category), ("cooldown", cooldown)).ConfigureAwait(false))[0],
        ct);

    public Task<bool> EndOutageAsync(PaymentAlert end, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(end);
        return _database.WriteAsync(
            async session =>
            {
                var ended = await session.ExecuteAsync(
                    "UPDATE alert_cooldowns SET is_open = FALSE WHERE category = @category AND is_open", ("category", end.Category)).ConfigureAwait(false);
                if (ended > 0)
                    InsertAlert(session, end);
                return ended > 0;
            },
            ct);
    }

    public Task CompleteAlertAsync(long alertId, CancellationToken ct) => _database.WriteAsync(
        session => session.ExecuteAsync(
            "UPDATE alert_outbox SET delivered_at = payments_now() WHERE id = @id AND delivered_at IS NULL",
            ("id", alertId)),
        ct);

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

    internal static void InsertAlert(PostgresSession session, PaymentAlert alert) => session.Execute(
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
