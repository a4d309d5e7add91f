using static Curaway.Payments.Postgres.PostgresColumn;

namespace Curaway.Payments.Postgres;

// The statements of a batch over the inbox.
internal sealed partial class PostgresArrivals
{
    /// <summary>
    /// Queues the inserts, and finds whose charge each event is about. The provider's own ids first: notes can come from the
    /// patient's browser. Our id tells of a charge whose order we have not heard of yet, and of one that another account names,
    /// which is a conflict to be seen. The charges of new events stand in <c>curaway.named</c> for the statements behind it;
    /// none of them is planned again for the length of its columns, which cost one of them more than its execution.
    /// </summary>
    public List<(int? Place, Guid? EventRowId, Guid? ChargeId)> Store(PostgresSession session)
    {
        var payments = _firsts.SelectMany((arrival, place) => PaymentReferencesOf(arrival).Select(reference => (Place: place + 1L, reference))).ToList();
        return session.InsertRows(
            """
            WITH told AS MATERIALIZED (
                SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) WITH ORDINALITY AS told (
                    provider_name, provider_account, provider_event_id, event_type, state, body, body_hash, is_deduped_by_body, snapshot,
                    charge_id, provider_reference, told_account, reason, place)),
            named AS MATERIALIZED (
                SELECT DISTINCT ON (place) place, id FROM (
                    SELECT told.place, charge.id, 1 AS preference FROM told
                    JOIN consultation_charges AS charge ON charge.provider_reference = told.provider_reference
                        AND charge.provider_name = told.provider_name AND charge.provider_account = told.told_account
                    WHERE told.state IS NULL
                    UNION ALL
                    SELECT told.place, charge.id, 2 FROM unnest($14, $15) AS paid (place, reference)
                    JOIN charge_payments AS payment ON payment.reference = paid.reference
                    JOIN consultation_charges AS charge ON charge.id = payment.charge_id
                    JOIN told ON told.place = paid.place
                        AND charge.provider_name = told.provider_name AND charge.provider_account = told.told_account
                    WHERE told.state IS NULL
                    UNION ALL
                    SELECT told.place, charge.id, 3 FROM told
                    JOIN consultation_charges AS charge ON charge.id = told.charge_id
                    WHERE told.state IS NULL) AS candidate
                ORDER BY place, preference, id DESC),
            stored AS (
                INSERT INTO webhook_events (
                    id, provider_name, provider_account, provider_event_id, event_type, state, body, body_hash, is_deduped_by_body, snapshot,
                    charge_id, provider_reference, reason, next_attempt_at, received_at, last_seen_at, processed_at)
                SELECT
                    payments_new_id(), provider_name, provider_account, provider_event_id, event_type,
                    CASE WHEN state IS NOT NULL THEN state WHEN named.id IS NULL THEN 'parked' ELSE 'processed' END,
                    body, body_hash, is_deduped_by_body, snapshot::json, coalesce(named.id, charge_id), provider_reference, reason,
                    CASE WHEN state = 'received' THEN payments_now() WHEN state IS NULL AND named.id IS NULL THEN payments_now() + $16 END,
                    payments_now(), payments_now(), CASE WHEN named.id IS NOT NULL THEN payments_now() END
                FROM told LEFT JOIN named USING (place)
                ORDER BY provider_name, provider_event_id
                ON CONFLICT DO NOTHING
                RETURNING id, provider_name, provider_event_id),
            fresh AS MATERIALIZED (
                SELECT told.place::integer, stored.id, named.id AS charge_id
                FROM stored JOIN told USING (provider_name, provider_event_id) LEFT JOIN named USING (place))
            SELECT fresh.*, once.plans, (SELECT set_config('curaway.named', coalesce(array_agg(DISTINCT charge_id)::text, '{}'), true)
                FROM fresh WHERE charge_id IS NOT NULL) AS named
            FROM (SELECT set_config('plan_cache_mode', 'force_generic_plan', true) AS plans) AS once LEFT JOIN fresh ON true
            """,
            row => (Place: row.CountOrNull("place"), EventRowId: row.IdOrNull("id"), ChargeId: row.IdOrNull("charge_id")),
            OfText(_firsts, arrival => arrival.Delivery.Provider), OfText(_firsts, arrival => arrival.Delivery.ProviderAccount),
            Of(_firsts, arrival => arrival.EventId), OfText(_firsts, arrival => arrival.Delivery.EventType),
            Of(_firsts, arrival => StateOf(arrival) is { } state ? WireName.Of(state) : null),
            Of(_firsts, arrival => KeepsBody(StateOf(arrival)) ? arrival.Delivery.Body.ToArray() : null),
            OfText(_firsts, arrival => arrival.Delivery.BodyHash), Of(_firsts, arrival => arrival.Delivery.IsDedupedByBody),
            OfText(_firsts, arrival => arrival.Delivery.Snapshot is { } told ? PaymentsJson.Serialize(told) : null),
            Of(_firsts, arrival => arrival.Delivery.Snapshot?.ChargeId?.Value), OfText(_firsts, arrival => arrival.Delivery.Snapshot?.Reference),
            OfText(_firsts, arrival => arrival.Delivery.Snapshot?.ProviderAccount),
            Of(_firsts, ReasonOf),
            Of(payments, payment => payment.Place), OfText(payments, payment => payment.reference), Value(FirstParking));
    }

    private static IEnumerable<string> PaymentReferencesOf(Arrival arrival) => arrival.Delivery.Snapshot is not { } told ? [] : told.Payments
        .Select(payment => payment.Reference)
        .Concat(told.Refunds.Select(refund => refund.PaymentReference).OfType<string>())
        .Concat(told.Disputes.Select(dispute => dispute.PaymentReference).OfType<string>())
        .Distinct();

    private static void Keep(PostgresSession session, List<Arrival> kept) => session.WriteRows(
        """
        WITH written AS (
            UPDATE webhook_events AS event SET
                state = told.state, reason = told.reason, body = told.body, processed_at = NULL,
                next_attempt_at = CASE WHEN told.state = 'received' THEN $5 ELSE next_attempt_at END
            FROM unnest($1, $2, $3, $4) AS told (id, state, reason, body)
            WHERE event.id = told.id
            RETURNING 1)
        SELECT payments_expect('webhook_events', count(*), cardinality($1)) FROM written
        """,
        Of(kept, arrival => arrival.RowId!.Value), Of(kept, arrival => WireName.Of(arrival.State)), Of(kept, arrival => arrival.LeftBecause),
        Of(kept, arrival => arrival.Delivery.Body.ToArray()), Value(session.Now));

    // A dead letter that comes again was sent again for a reason: it starts over. In the order of the keys, so hosts do not
    // deadlock; a copy may stand under another id, where ids are not signed.
    private static void CountCopies(PostgresSession session, List<Arrival> copies) => session.ExecuteRows(
        """
        WITH again AS MATERIALIZED (
            SELECT coalesce(
                (SELECT id FROM webhook_events AS event
                    WHERE told.is_deduped_by_body AND event.is_deduped_by_body
                        AND event.provider_name = told.provider_name AND event.body_hash = told.body_hash),
                (SELECT id FROM webhook_events AS event
                    WHERE event.provider_name = told.provider_name AND event.provider_event_id = told.provider_event_id)) AS id
            FROM unnest($1, $2, $3, $4) AS told (provider_name, provider_event_id, body_hash, is_deduped_by_body)),
        held AS MATERIALIZED (
            SELECT id FROM webhook_events WHERE id IN (SELECT id FROM again) ORDER BY provider_name, provider_event_id FOR UPDATE)
        UPDATE webhook_events AS event SET
            duplicate_count = duplicate_count + (SELECT count(*) FROM again WHERE again.id = event.id), last_seen_at = $5,
            next_attempt_at = CASE WHEN state = 'failed' THEN $5 ELSE next_attempt_at END,
            attempt_count = CASE WHEN state = 'failed' THEN 0 ELSE attempt_count END,
            state = CASE WHEN state = 'failed' THEN 'received' ELSE state END
        FROM held WHERE event.id = held.id
        """,
        OfText(copies, arrival => arrival.Delivery.Provider), Of(copies, arrival => arrival.EventId),
        OfText(copies, arrival => arrival.Delivery.BodyHash), Of(copies, arrival => arrival.Delivery.IsDedupedByBody), Value(session.Now));
}
