using static Curaway.Payments.Postgres.PostgresColumn;

namespace Curaway.Payments.Postgres;

/// <summary>
/// A batch of deliveries on its way through its commit: which are new, whose charge each is about, what became of it. A twin
/// of a delivery in the same batch is a duplicate. Not thread-safe.
/// </summary>
internal sealed class PostgresArrivals
{
    /// <summary>How long an event waits for its charge before the processor looks: the API's own commit is seconds away.</summary>
    private static readonly TimeSpan FirstParking = TimeSpan.FromSeconds(30);

    private readonly Arrival[] _arrivals;
    private readonly List<Arrival> _firsts;
    private readonly Exception? _spoiltBy;

    /// <param name="deliveries">What came, in the order of the fates.</param>
    /// <param name="spoiltBy">What kept them from being applied before; then they are only stored.</param>
    public PostgresArrivals(IReadOnlyList<WebhookDelivery> deliveries, Exception? spoiltBy)
    {
        _spoiltBy = spoiltBy;
        _arrivals = new Arrival[deliveries.Count];
        _firsts = new List<Arrival>(deliveries.Count);
        var ids = new HashSet<(string, string)>(deliveries.Count);
        var bodies = new HashSet<(string, string)>();
        for (var i = 0; i < _arrivals.Length; i++)
        {
            var delivery = deliveries[i];
            var arrival = _arrivals[i] = new Arrival(delivery, PostgresText.Storable(delivery.EventId));
            if (ids.Contains((delivery.Provider, arrival.EventId))
                || (delivery.IsDedupedByBody && !bodies.Add((delivery.Provider, delivery.BodyHash))))
                continue;
            ids.Add((delivery.Provider, arrival.EventId));
            _firsts.Add(arrival);
        }
    }

    /// <summary>
    /// Queues the inserts, and finds whose charge each event is about. The provider's own ids first: notes can come from the
    /// patient's browser. Our id tells of a charge whose order we have not heard of yet, and of one that another account names,
    /// which is a conflict to be seen. The charges of new events stand in <c>curaway.named</c> for the statements behind it.
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
            SELECT fresh.*, (SELECT set_config('curaway.named', coalesce(array_agg(DISTINCT charge_id)::text, '{}'), true)
                FROM fresh WHERE charge_id IS NOT NULL) AS named
            FROM (SELECT 1) AS once LEFT JOIN fresh ON true
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

    /// <summary>Takes what was stored: these are new, the others were there.</summary>
    public void Read(List<(int? Place, Guid? EventRowId, Guid? ChargeId)> stored)
    {
        foreach (var (place, eventRowId, chargeId) in stored)
        {
            if (place is not { } number)
                continue;
            var arrival = _firsts[number - 1];
            arrival.RowId = eventRowId;
            arrival.Target = chargeId is { } target ? new ChargeId(target) : null;
            arrival.State = StateOf(arrival) ?? (arrival.Target is null ? WebhookState.Parked : WebhookState.Processed);
        }
    }

    /// <summary>
    /// Applies in memory what is new, in its order: several events of one charge are one write of it. A charge that somebody
    /// holds, and an event that throws, are left to the processor.
    /// </summary>
    public void Apply(Dictionary<ChargeId, ChargeState> charges, PostgresWrites writes)
    {
        var states = new Dictionary<ChargeId, ChargeState>(charges);
        foreach (var arrival in _arrivals.Where(arrival => arrival.IsNew))
        {
            var delivery = arrival.Delivery;
            if (arrival.State == WebhookState.Failed)
                writes.Alert(new PaymentAlert("webhook_unreadable", AlertSeverity.Warning, $"{delivery.Provider} {delivery.EventId}"));
            if (arrival.State != WebhookState.Processed || arrival.Target is not { } target)
                continue;
            if (!states.TryGetValue(target, out var before))
            {
                arrival.Leave("locked");
                continue;
            }

            try
            {
                var commit = ChargeCommit.OfSnapshot(before, delivery.Snapshot!, PostgresChargeStore.CauseOf(delivery.Provider, delivery.EventId));
                states[target] = PostgresWrites.Advance(before, commit);
                writes.Tell(commit);
            }
#pragma warning disable CA1031 // Its effect failed, not its neighbours': kept whole for the processor.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                arrival.Leave(failure.GetType().Name);
            }
        }

        foreach (var (id, after) in states)
        {
            if (!ReferenceEquals(after, charges[id]))
                writes.Add(charges[id], after);
        }
    }

    /// <summary>Queues what is left of the events themselves: the bodies somebody still has to read, and the copies.</summary>
    public void Settle(PostgresSession session)
    {
        var kept = _arrivals.Where(arrival => arrival.IsNew && arrival.State is WebhookState.Received or WebhookState.Parked && _spoiltBy is null).ToList();
        if (kept.Count > 0)
            Keep(session, kept);
        var copies = _arrivals.Where(arrival => !arrival.IsNew).ToList();
        if (copies.Count > 0)
            CountCopies(session, copies);
    }

    public WebhookFate[] Fates() => Array.ConvertAll(_arrivals, arrival => !arrival.IsNew ? WebhookFate.Duplicate : arrival.State switch
    {
        WebhookState.Processed => WebhookFate.Applied,
        WebhookState.Ignored => WebhookFate.Ignored,
        WebhookState.Failed => WebhookFate.Failed,
        _ => WebhookFate.Stored,
    });

    // A body may hold an e-mail address or a phone number, so it is kept only while somebody still has to read it.
    private static bool KeepsBody(WebhookState? state) => state is WebhookState.Received or WebhookState.Failed;

    /// <summary>Where it stands whatever its charge is; null when that decides.</summary>
    private WebhookState? StateOf(Arrival arrival) => arrival.Delivery.Verdict switch
    {
        WebhookVerdict.Ignored => WebhookState.Ignored,
        WebhookVerdict.Unreadable => WebhookState.Failed,
        _ => _spoiltBy is null ? null : WebhookState.Received,
    };

    private string? ReasonOf(Arrival arrival) => StateOf(arrival) switch
    {
        WebhookState.Failed => "unreadable",
        WebhookState.Received => _spoiltBy!.GetType().Name,
        _ => null,
    };

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
                    WHERE event.provider_name = told.provider_name AND event.provider_event_id = told.provider_event_id),
                (SELECT id FROM webhook_events AS event
                    WHERE told.is_deduped_by_body AND event.is_deduped_by_body
                        AND event.provider_name = told.provider_name AND event.body_hash = told.body_hash)) AS id
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

    /// <summary>One delivery on its way through the batch.</summary>
    private sealed class Arrival(WebhookDelivery delivery, string eventId)
    {
        public WebhookDelivery Delivery => delivery;

        /// <summary>The provider's event id as the column holds it.</summary>
        public string EventId => eventId;

        /// <summary>Our id of its row; null when it is a copy.</summary>
        public Guid? RowId { get; set; }

        public bool IsNew => RowId is not null;

        public ChargeId? Target { get; set; }

        public WebhookState State { get; set; }

        public string? LeftBecause { get; private set; }

        public void Leave(string reason) => (State, LeftBecause) = (WebhookState.Received, reason);
    }
}
