namespace Curaway.Payments.Postgres;

// The inbox. An event and its effect are one commit; what cannot be applied at once is left to the processor.
internal sealed partial class PostgresChargeStore
{
    /// <summary>
    /// One commit for the whole batch, in two round trips: store the events, lock the charges of the new ones and read them;
    /// then, from what was decided in memory, write and commit. New events come first, in the order of their keys, so a copy on
    /// another host waits and then counts itself; charges are never waited for; events that were there come last.
    /// </summary>
    public async Task<IReadOnlyList<WebhookFate>> ReceiveAsync(IReadOnlyList<WebhookDelivery> deliveries, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(deliveries);
        foreach (var delivery in deliveries)
        {
            if (delivery.Verdict == WebhookVerdict.Forged)
                throw new ArgumentOutOfRangeException(nameof(deliveries), delivery.Verdict, "Only signed deliveries are stored.");
        }

        if (deliveries.Count == 0)
            return [];
        try
        {
            return await _database.WriteAsync(session => ReceiveAsync(session, deliveries, spoiltBy: null), ct).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OperationCanceledException && !PostgresFailures.IsServerGone(failure))
        {
            // One of them spoils the batch: each on its own, and the one that fails is kept whole for the processor.
            var fates = new List<WebhookFate>(deliveries.Count);
            foreach (var delivery in deliveries)
                fates.Add(await ReceiveOneAsync(delivery, ct).ConfigureAwait(false));
            return fates;
        }
    }

    public Task<IReadOnlyList<WebhookEvent>> ClaimEventsAsync(int countMax, TimeSpan lease, CancellationToken ct)
    {
        RequireClaim(countMax, lease);
        return _database.WriteAsync<IReadOnlyList<WebhookEvent>>(async session =>
        {
            var claimed = await session.QueryAsync(
                PostgresClaims.Events, ReadEvent, ("lease", lease), ("count_max", countMax)).ConfigureAwait(false);
            return [.. claimed.OrderBy(stored => stored.ReceivedAt).ThenBy(stored => stored.Id.ToString(), StringComparer.Ordinal)];
        }, ct);
    }

    // The charge is locked before the event, as everywhere.
    public Task<WebhookState> ApplyEventAsync(Guid eventRowId, ProviderSnapshot snapshot, TimeSpan retryAfter, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        return _database.WriteAsync(async session =>
        {
            var targets = SelectTarget(session, snapshot);
            await session.FlushAsync().ConfigureAwait(false);
            var target = targets is [var id] ? await ReadAsync(session, id, isLocked: true).ConfigureAwait(false) : null;
            var rows = await session.QueryAsync(
                "SELECT state, provider_name, provider_event_id FROM webhook_events WHERE id = @id FOR UPDATE",
                row => (State: row.Name<WebhookState>("state"), Provider: row.Text("provider_name"), EventId: row.Text("provider_event_id")),
                ("id", eventRowId)).ConfigureAwait(false);
            if (rows is not [var stored])
                throw new InvalidOperationException($"There is no webhook event {eventRowId}.");
            if (stored.State is not (WebhookState.Received or WebhookState.Parked))
                return stored.State;

            if (target is not null)
                Apply(session, target, snapshot, stored.Provider, stored.EventId);
            var state = target is null ? WebhookState.Parked : WebhookState.Processed;
            SettleApplied(session, eventRowId, state, snapshot, target?.Charge?.Id, retryAfter);
            return state;
        }, ct);
    }

    public Task SettleEventAsync(Guid eventRowId, WebhookState state, string reason, PaymentAlert? alert, CancellationToken ct)
    {
        if (state is not (WebhookState.Failed or WebhookState.Ignored))
            throw new ArgumentOutOfRangeException(nameof(state), state, "An event is given up as failed or ignored.");
        return _database.WriteAsync(async session =>
        {
            var count = await session.ExecuteAsync(
                """
                UPDATE webhook_events SET
                    state = @state, reason = @reason, next_attempt_at = NULL, body = CASE WHEN @state = 'failed' THEN body END
                WHERE id = @id AND state IN ('received', 'parked')
                """,
                ("id", eventRowId), ("state", WireName.Of(state)), ("reason", reason)).ConfigureAwait(false);
            if (count == 1 && alert is not null)
                InsertAlert(session, alert);
            return count;
        }, ct);
    }

    // Not those that somebody holds: he is working them off.
    public Task<int> ReplayEventsAsync(WebhookFilter filter, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return _database.WriteAsync(
            session => session.ExecuteAsync(
                """
                WITH meant AS MATERIALIZED (
                    SELECT id FROM webhook_events AS event
                    WHERE state IN ('parked', 'failed') AND (snapshot IS NOT NULL OR body IS NOT NULL)
                        AND (@ids::uuid[] IS NULL OR id = ANY (@ids))
                        AND (@provider::text IS NULL OR provider_name = @provider)
                        AND (@state::text IS NULL OR state = @state)
                        AND (@type::text IS NULL OR event_type = @type)
                        AND (@charge_id::uuid IS NULL OR charge_id = @charge_id)
                        AND (@received_from::timestamptz IS NULL OR received_at >= @received_from)
                        AND (@received_before::timestamptz IS NULL OR received_at < @received_before)
                        AND (@tenant_id::text IS NULL OR EXISTS (
                            SELECT FROM consultation_charges AS charge WHERE charge.id = event.charge_id AND charge.tenant_id = @tenant_id))
                    ORDER BY received_at, id LIMIT @count_max FOR UPDATE OF event SKIP LOCKED)
                UPDATE webhook_events AS event SET state = 'received', attempt_count = 0, reason = NULL, next_attempt_at = payments_now()
                FROM meant WHERE event.id = meant.id
                """,
                ("ids", filter.Ids?.ToArray()), ("provider", filter.Provider), ("state", filter.State is { } state ? WireName.Of(state) : null),
                ("type", filter.EventType), ("charge_id", filter.ChargeId), ("tenant_id", filter.TenantId), ("received_from", filter.ReceivedFrom),
                ("received_before", filter.ReceivedBefore), ("count_max", filter.CountMax)),
            ct);
    }

    private async Task<WebhookFate> ReceiveOneAsync(WebhookDelivery delivery, CancellationToken ct)
    {
        try
        {
            return (await _database.WriteAsync(session => ReceiveAsync(session, [delivery], spoiltBy: null), ct).ConfigureAwait(false))[0];
        }
        catch (Exception failure) when (failure is not OperationCanceledException && !PostgresFailures.IsServerGone(failure))
        {
            return (await _database.WriteAsync(session => ReceiveAsync(session, [delivery], failure), ct).ConfigureAwait(false))[0];
        }
    }

    private static async Task<IReadOnlyList<WebhookFate>> ReceiveAsync(
        PostgresSession session, IReadOnlyList<WebhookDelivery> deliveries, Exception? spoiltBy)
    {
        var arrivals = new PostgresArrivals(deliveries, spoiltBy);
        var stored = arrivals.Store(session);
        var charges = SelectLocked(session);
        await session.FlushAsync().ConfigureAwait(false);
        arrivals.Read(stored);

        var writes = new PostgresWrites();
        arrivals.Apply(charges.ToStates(session.Now), writes);
        writes.Queue(session);
        arrivals.Settle(session);
        return arrivals.Fates();
    }

    private static ChargeState Apply(PostgresSession session, ChargeState target, ProviderSnapshot snapshot, string provider, string eventId) =>
        Write(session, target, ChargeCommit.OfSnapshot(target, snapshot, CauseOf(provider, eventId)));

    internal static ChargeCause CauseOf(string provider, string eventId) => new("webhook", "webhook", provider, eventId);
}
