namespace Curaway.Payments.IntegrationTests.Postgres;

/// <summary>Big tables in a moment: rows made by the server itself, as the store writes them.</summary>
internal static class Seed
{
    /// <summary>Charges of consultations <c>seed_1</c> and on, captured; the first of them due now.</summary>
    public static string Charges(int count, int dueCount) =>
        $"""
        INSERT INTO consultation_charges (
            id, tenant_id, consultation_id, provider_name, provider_account, charge_status, amount_cents, currency, authorized_cents,
            captured_cents, refunded_cents, provider_reference, provider_payment_reference, is_reference_closed, is_void_accepted,
            is_authorization_failed, routing_rule, routing_trace, book_by, created_at, due_at, version)
        SELECT md5('charge_' || i)::uuid, 'tenant_' || i % 50, 'seed_' || i, CASE WHEN i % 2 = 0 THEN 'stripe' ELSE 'razorpay' END, 'default',
            'captured', 1500, 'USD', 1500, 1500, 0, 'ref_' || i, 'pay_' || i, false, false,
            false, 'default', '[]', now(), now() - i * interval '1 second', CASE WHEN i <= {dueCount} THEN now() - interval '1 minute' END, 1
        FROM generate_series(1, {count}) AS i;
        INSERT INTO charge_payments (charge_id, reference, state, amount_cents, captured_cents, currency)
        SELECT md5('charge_' || i)::uuid, 'pay_' || i, 'captured', 1500, 1500, 'USD' FROM generate_series(1, {count}) AS i;
        INSERT INTO charge_refunds (charge_id, reference, state, amount_cents, currency)
        SELECT md5('charge_' || i)::uuid, 're_' || i, 'failed', 100, 'USD' FROM generate_series(1, {count}) AS i;
        INSERT INTO charge_disputes (charge_id, reference, state, amount_cents, currency)
        SELECT md5('charge_' || i)::uuid, 'dp_' || i, 'won', 100, 'USD' FROM generate_series(1, {count}) AS i;
        INSERT INTO charge_invoices (charge_id, reference, state, amount_cents, currency)
        SELECT md5('charge_' || i)::uuid, 'in_' || i, 'paid', 1500, 'USD' FROM generate_series(1, {count}) AS i;
        INSERT INTO charge_operations (
            id, charge_id, kind, amount_cents, currency, fingerprint, actor_id, state, outcome, send_count, is_unresolved, is_key_spent, created_at,
            next_attempt_at, closed_at)
        SELECT md5('operation_' || i)::uuid, md5('charge_' || i)::uuid, 'authorize', 1500, 'USD', 'fingerprint', 'user_1', 'closed',
            'succeeded', 1, false, false, now(), now(), now()
        FROM generate_series(1, {count}) AS i;
        INSERT INTO audit_log (charge_id, actor_id, action, source, from_status, to_status)
        SELECT md5('charge_' || i)::uuid, 'user_1', 'authorize', 'api', 'pending', 'captured' FROM generate_series(1, {count}) AS i
        """;

    /// <summary>Events, processed; the first of them received and due now, as many after them parked for later.</summary>
    public static string Events(int count, int dueCount) =>
        $"""
        INSERT INTO webhook_events (
            id, provider_name, provider_account, provider_event_id, event_type, state, body, body_hash, is_deduped_by_body, charge_id,
            provider_reference, next_attempt_at, received_at, last_seen_at, processed_at)
        SELECT md5('event_' || i)::uuid, CASE WHEN i % 2 = 0 THEN 'stripe' ELSE 'razorpay' END, 'default', 'evt_' || i, 'payment.captured',
            state, CASE WHEN state <> 'processed' THEN '\x00'::bytea END, md5('body_' || i), i % 2 = 1, md5('charge_' || i)::uuid,
            'ref_' || i, CASE state WHEN 'received' THEN now() - interval '1 minute' WHEN 'parked' THEN now() + interval '5 minutes' END,
            now() - i * interval '1 second', now(), CASE WHEN state = 'processed' THEN now() END
        FROM (SELECT i, CASE WHEN i <= {dueCount} THEN 'received' WHEN i <= 2 * {dueCount} THEN 'parked' ELSE 'processed' END AS state
              FROM generate_series(1, {count}) AS i) AS made
        """;

    /// <summary>One unseen transition of each of the first charges.</summary>
    public static string Transitions(int count) => Transitions(count, "NULL");

    /// <summary>One transition of each of the first charges, seen by every observer.</summary>
    public static string SeenTransitions(int count) => Transitions(count, "now()");

    /// <summary>Alerts that wait.</summary>
    public static string Alerts(int count) => Alerts(count, "NULL");

    /// <summary>Alerts that were delivered.</summary>
    public static string DeliveredAlerts(int count) => Alerts(count, "now()");

    private static string Transitions(int count, string seenAt) =>
        $"""
        INSERT INTO charge_transitions (charge_id, tenant_id, consultation_id, to_status, source, at, next_attempt_at, seen_at)
        SELECT md5('charge_' || i)::uuid, 'tenant_' || i % 50, 'seed_' || i, 'captured', 'api', now(), now(), {seenAt}
        FROM generate_series(1, {count}) AS i
        """;

    private static string Alerts(int count, string deliveredAt) =>
        $"""
        INSERT INTO alert_outbox (category, severity, text, raised_at, next_attempt_at, delivered_at)
        SELECT 'stripe_outage', 'warning', 'circuit_open', now(), now(), {deliveredAt} FROM generate_series(1, {count}) AS i
        """;
}
