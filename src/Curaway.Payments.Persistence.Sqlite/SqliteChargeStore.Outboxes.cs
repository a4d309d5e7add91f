using System.Text.Json;

namespace Curaway.Payments.Sqlite;

// What is delivered after the commit that wrote it: transitions to observers, alerts to sinks.
internal sealed partial class SqliteChargeStore
{
    // Only the earliest unseen one of a charge: the next is not given out before it is seen, so observers get them in order.
    public Task<IReadOnlyList<ChargeTransition>> ClaimTransitionsAsync(int countMax, TimeSpan lease, CancellationToken ct)
    {
        RequireClaim(countMax, lease);
        return _database.WriteAsync<IReadOnlyList<ChargeTransition>>(async session =>
        {
            var claimed = await session.QueryAsync(
                """
                UPDATE charge_transitions SET next_attempt_at = $until
                WHERE id IN (
                    SELECT id FROM charge_transitions AS candidate
                    WHERE seen_at IS NULL AND next_attempt_at <= $now AND NOT EXISTS (
                        SELECT 1 FROM charge_transitions AS earlier
                        WHERE earlier.charge_id = candidate.charge_id AND earlier.seen_at IS NULL AND earlier.id < candidate.id)
                    ORDER BY id LIMIT $count_max)
                RETURNING id, charge_id, tenant_id, consultation_id, from_status, to_status, source, at
                """,
                ReadTransition,
                ("now", session.Now), ("until", session.Now + lease), ("count_max", countMax)).ConfigureAwait(false);
            return [.. claimed.OrderBy(transition => transition.Id)];
        }, ct);
    }

    public Task CompleteTransitionsAsync(IReadOnlyList<long> transitionIds, CancellationToken ct) => _database.WriteAsync(
        session => session.ExecuteAsync(
            "UPDATE charge_transitions SET seen_at = $now WHERE id IN (SELECT value FROM json_each($ids)) AND seen_at IS NULL",
            ("ids", JsonSerializer.Serialize(transitionIds)), ("now", session.Now)),
        ct);

    // Events that wait for their effect, and dead letters somebody may replay, are never deleted: only their bodies are.
    // A transition that nobody has claimed in all that time has no observer to tell.
    public Task<bool> PurgeAsync(TimeSpan bodyLifetime, TimeSpan eventLifetime, int countMax, CancellationToken ct)
    {
        RequireClaim(countMax, bodyLifetime < eventLifetime ? bodyLifetime : eventLifetime);
        return _database.WriteAsync(async session =>
        {
            (string Name, object? Value)[] parameters =
            [
                ("bodies_before", session.Now - bodyLifetime), ("events_before", session.Now - eventLifetime), ("count_max", countMax),
            ];
            var bodies = await session.ExecuteAsync(
                """
                UPDATE webhook_events SET body = NULL
                WHERE id IN (SELECT id FROM webhook_events WHERE body IS NOT NULL AND received_at <= $bodies_before LIMIT $count_max)
                """,
                parameters).ConfigureAwait(false);
            var events = await session.ExecuteAsync(
                """
                DELETE FROM webhook_events
                WHERE id IN (
                    SELECT id FROM webhook_events
                    WHERE state IN ('processed', 'ignored') AND received_at <= $events_before AND last_seen_at <= $events_before
                    LIMIT $count_max)
                """,
                parameters).ConfigureAwait(false);
            var alerts = await session.ExecuteAsync(
                """
                DELETE FROM alert_outbox
                WHERE id IN (SELECT id FROM alert_outbox WHERE delivered_at IS NOT NULL AND raised_at <= $events_before LIMIT $count_max)
                """,
                parameters).ConfigureAwait(false);
            var unheard = await session.ExecuteAsync(
                """
                UPDATE charge_transitions SET seen_at = $now
                WHERE id IN (
                    SELECT id FROM charge_transitions WHERE seen_at IS NULL AND next_attempt_at <= $bodies_before ORDER BY id LIMIT $count_max)
                """,
                [.. parameters, ("now", session.Now)]).ConfigureAwait(false);
            return bodies == countMax || events == countMax || alerts == countMax || unheard == countMax;
        }, ct);
    }

    public Task EnqueueAlertAsync(PaymentAlert alert, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(alert);
        return _database.WriteAsync(session => InsertAlertAsync(session, alert), ct);
    }

    public Task<IReadOnlyList<QueuedAlert>> ClaimAlertsAsync(int countMax, TimeSpan lease, CancellationToken ct)
    {
        RequireClaim(countMax, lease);
        return _database.WriteAsync<IReadOnlyList<QueuedAlert>>(async session =>
        {
            var claimed = await session.QueryAsync(
                """
                UPDATE alert_outbox SET next_attempt_at = $until
                WHERE id IN (
                    SELECT id FROM alert_outbox WHERE delivered_at IS NULL AND next_attempt_at <= $now ORDER BY id LIMIT $count_max)
                RETURNING id, category, severity, text, charge_id, raised_at
                """,
                ReadAlert,
                ("now", session.Now), ("until", session.Now + lease), ("count_max", countMax)).ConfigureAwait(false);
            return [.. claimed.OrderBy(alert => alert.Id)];
        }, ct);
    }

    // One statement, so that hosts that ask at once are answered one after the other.
    public Task<int?> TryPassCooldownAsync(string category, TimeSpan cooldown, CancellationToken ct) => _database.WriteAsync(
        async session => (await session.QueryAsync(
            """
            INSERT INTO alert_cooldowns AS kept (category, sent_at, suppressed_count, told_count, is_open) VALUES ($category, $now, 0, 0, 1)
            ON CONFLICT (category) DO UPDATE SET
                sent_at = CASE WHEN kept.sent_at <= $now_less_cooldown THEN excluded.sent_at ELSE kept.sent_at END,
                suppressed_count = CASE WHEN kept.sent_at <= $now_less_cooldown THEN 0 ELSE kept.suppressed_count + 1 END,
                told_count = CASE WHEN kept.sent_at <= $now_less_cooldown THEN kept.suppressed_count END,
                is_open = CASE WHEN kept.sent_at <= $now_less_cooldown THEN 1 ELSE kept.is_open END
            RETURNING told_count
            """,
            row => row.CountOrNull("told_count"),
            ("category", category), ("now", session.Now), ("now_less_cooldown", session.Now - cooldown)).ConfigureAwait(false))[0],
        ct);

    public Task<bool> EndOutageAsync(PaymentAlert end, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(end);
        return _database.WriteAsync(
            async session =>
            {
                var ended = await session.ExecuteAsync(
                    "UPDATE alert_cooldowns SET is_open = 0 WHERE category = $category AND is_open = 1", ("category", end.Category)).ConfigureAwait(false);
                if (ended > 0)
                    await InsertAlertAsync(session, end).ConfigureAwait(false);
                return ended > 0;
            },
            ct);
    }

    public Task CompleteAlertAsync(long alertId, CancellationToken ct) => _database.WriteAsync(
        session => session.ExecuteAsync(
            "UPDATE alert_outbox SET delivered_at = $now WHERE id = $id AND delivered_at IS NULL",
            ("id", alertId), ("now", session.Now)),
        ct);

    private static Task<int> InsertTransitionAsync(SqliteSession session, ChargeTransition transition) => session.ExecuteAsync(
        """
        INSERT INTO charge_transitions (charge_id, tenant_id, consultation_id, from_status, to_status, source, at, next_attempt_at)
        VALUES ($charge_id, $tenant_id, $consultation_id, $from_status, $to_status, $source, $at, $now)
        """,
        ("charge_id", transition.ChargeId), ("tenant_id", transition.TenantId), ("consultation_id", transition.ConsultationId),
        ("from_status", transition.From is { } from ? WireName.Of(from) : null), ("to_status", WireName.Of(transition.To)),
        ("source", transition.Source), ("at", transition.At), ("now", session.Now));

    private static ChargeTransition ReadTransition(SqliteRow row) => new()
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

    private static Task<int> InsertAlertAsync(SqliteSession session, PaymentAlert alert) => session.ExecuteAsync(
        """
        INSERT INTO alert_outbox (category, severity, text, charge_id, raised_at, next_attempt_at)
        VALUES ($category, $severity, $text, $charge_id, $now, $now)
        """,
        ("category", alert.Category), ("severity", WireName.Of(alert.Severity)), ("text", alert.Text), ("charge_id", alert.ChargeId),
        ("now", session.Now));

    private static QueuedAlert ReadAlert(SqliteRow row)
    {
        ChargeId? chargeId = row.IdOrNull("charge_id") is { } id ? new ChargeId(id) : null;
        var alert = new PaymentAlert(row.Text("category"), row.Name<AlertSeverity>("severity"), row.Text("text"), chargeId);
        return new QueuedAlert(row.Number("id"), alert, row.Time("raised_at"));
    }
}
