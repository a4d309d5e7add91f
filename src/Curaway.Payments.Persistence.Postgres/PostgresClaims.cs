namespace Curaway.Payments.Postgres;

/// <summary>
/// How hosts share work: each takes rows nobody else is taking, and a lease by the database's clock keeps the others away.
/// MATERIALIZED, because a plan may run a plain subquery more than once and so take more than it was asked to. Each is
/// served by a partial index; a test reads the plans.
/// </summary>
internal static class PostgresClaims
{
    public const string DueCharges =
        """
        WITH due AS MATERIALIZED (
            SELECT id FROM consultation_charges
            WHERE due_at <= payments_now() AND (lease_until IS NULL OR lease_until <= payments_now())
            ORDER BY due_at, id LIMIT @count_max FOR UPDATE SKIP LOCKED)
        UPDATE consultation_charges AS charge SET lease_until = payments_now() + @lease
        FROM due WHERE charge.id = due.id
        RETURNING charge.id, charge.due_at
        """;

    // The longest due first: with an index, also when a million wait.
    public const string Events =
        """
        WITH due AS MATERIALIZED (
            SELECT id FROM webhook_events
            WHERE state IN ('received', 'parked') AND next_attempt_at <= payments_now()
            ORDER BY next_attempt_at, id LIMIT @count_max FOR UPDATE SKIP LOCKED)
        UPDATE webhook_events AS event SET next_attempt_at = payments_now() + @lease, attempt_count = attempt_count + 1
        FROM due WHERE event.id = due.id
        RETURNING event.*
        """;

    // Only the earliest unseen one of a charge: the next is not given out before it is seen, so observers get them in order.
    public const string Transitions =
        """
        WITH due AS MATERIALIZED (
            SELECT id FROM charge_transitions AS candidate
            WHERE seen_at IS NULL AND next_attempt_at <= payments_now() AND NOT EXISTS (
                SELECT FROM charge_transitions AS earlier
                WHERE earlier.charge_id = candidate.charge_id AND earlier.seen_at IS NULL AND earlier.id < candidate.id)
            ORDER BY id LIMIT @count_max FOR UPDATE SKIP LOCKED)
        UPDATE charge_transitions AS transition SET next_attempt_at = payments_now() + @lease
        FROM due WHERE transition.id = due.id
        RETURNING transition.*
        """;

    public const string Alerts =
        """
        WITH due AS MATERIALIZED (
            SELECT id FROM alert_outbox
            WHERE delivered_at IS NULL AND next_attempt_at <= payments_now()
            ORDER BY id LIMIT @count_max FOR UPDATE SKIP LOCKED)
        UPDATE alert_outbox AS alert SET next_attempt_at = payments_now() + @lease
        FROM due WHERE alert.id = due.id
        RETURNING alert.*
        """;
}
