using System.Text.Json;

namespace Curaway.Payments.Sqlite;

// The inbox. An event and its effect are one commit; what cannot be applied at once is left to the processor.
internal sealed partial class SqliteChargeStore
{
    private const string DeliverySavepoint = "delivery";

    public Task<IReadOnlyList<WebhookFate>> ReceiveAsync(IReadOnlyList<WebhookDelivery> deliveries, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(deliveries);
        return _database.WriteAsync<IReadOnlyList<WebhookFate>>(async session =>
        {
            var fates = new List<WebhookFate>(deliveries.Count);
            foreach (var delivery in deliveries)
                fates.Add(await ReceiveAsync(session, delivery).ConfigureAwait(false));
            return fates;
        }, ct);
    }

    public Task<IReadOnlyList<WebhookEvent>> ClaimEventsAsync(int countMax, TimeSpan lease, CancellationToken ct)
    {
        RequireClaim(countMax, lease);
        return _database.WriteAsync<IReadOnlyList<WebhookEvent>>(async session =>
        {
            var claimed = await session.QueryAsync(
                """
                UPDATE webhook_events SET next_attempt_at = $until, attempt_count = attempt_count + 1
                WHERE id IN (
                    SELECT id FROM webhook_events
                    WHERE state IN ('received', 'parked') AND next_attempt_at <= $now
                    ORDER BY received_at, id LIMIT $count_max)
                RETURNING *
                """,
                ReadEvent,
                ("now", session.Now), ("until", session.Now + lease), ("count_max", countMax)).ConfigureAwait(false);
            return [.. claimed.OrderBy(stored => stored.ReceivedAt).ThenBy(stored => stored.Id.ToString(), StringComparer.Ordinal)];
        }, ct);
    }

    public Task<WebhookState> ApplyEventAsync(Guid eventRowId, ProviderSnapshot snapshot, TimeSpan retryAfter, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        return _database.WriteAsync(async session =>
        {
            var rows = await session.QueryAsync(
                "SELECT state, provider_name, provider_event_id FROM webhook_events WHERE id = $id",
                row => (State: row.Name<WebhookState>("state"), Provider: row.Text("provider_name"), EventId: row.Text("provider_event_id")),
                ("id", eventRowId)).ConfigureAwait(false);
            if (rows is not [var stored])
                throw new InvalidOperationException($"There is no webhook event {eventRowId}.");
            if (stored.State is not (WebhookState.Received or WebhookState.Parked))
                return stored.State;

            var target = await FindTargetAsync(session, snapshot).ConfigureAwait(false);
            if (target is not null)
                await ApplyAsync(session, target, snapshot, stored.Provider, stored.EventId).ConfigureAwait(false);
            var state = target is null ? WebhookState.Parked : WebhookState.Processed;
            await session.ExecuteAsync(
                """
                UPDATE webhook_events SET
                    state = $state, snapshot = $snapshot, charge_id = $charge_id, provider_reference = $provider_reference, reason = NULL,
                    body = CASE WHEN $state = 'processed' THEN NULL ELSE body END,
                    processed_at = CASE WHEN $state = 'processed' THEN $now END,
                    next_attempt_at = CASE WHEN $state = 'parked' THEN $retry_at END,
                    -- Waiting is no failure: only attempts that throw count towards the dead letters.
                    attempt_count = CASE WHEN $state = 'parked' THEN 0 ELSE attempt_count END
                WHERE id = $id
                """,
                ("id", eventRowId), ("state", WireName.Of(state)), ("snapshot", PaymentsJson.Serialize(snapshot)),
                ("charge_id", target?.Charge?.Id ?? snapshot.ChargeId), ("provider_reference", snapshot.Reference),
                ("now", session.Now), ("retry_at", session.Now + retryAfter)).ConfigureAwait(false);
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
                    state = $state, reason = $reason, next_attempt_at = NULL, body = CASE WHEN $state = 'failed' THEN body END
                WHERE id = $id AND state IN ('received', 'parked')
                """,
                ("id", eventRowId), ("state", WireName.Of(state)), ("reason", reason)).ConfigureAwait(false);
            if (count == 1 && alert is not null)
                await InsertAlertAsync(session, alert).ConfigureAwait(false);
            return count;
        }, ct);
    }

    public Task<int> ReplayEventsAsync(WebhookFilter filter, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return _database.WriteAsync(
            session => session.ExecuteAsync(
                """
                UPDATE webhook_events SET state = 'received', attempt_count = 0, reason = NULL, next_attempt_at = $now
                WHERE id IN (
                    SELECT id FROM webhook_events AS event
                    WHERE state IN ('parked', 'failed') AND (snapshot IS NOT NULL OR body IS NOT NULL)
                        AND ($ids IS NULL OR id IN (SELECT value FROM json_each($ids)))
                        AND ($provider IS NULL OR provider_name = $provider)
                        AND ($state IS NULL OR state = $state)
                        AND ($type IS NULL OR event_type = $type)
                        AND ($charge_id IS NULL OR charge_id = $charge_id)
                        AND ($received_from IS NULL OR received_at >= $received_from)
                        AND ($received_before IS NULL OR received_at < $received_before)
                        AND ($tenant_id IS NULL OR EXISTS (
                            SELECT 1 FROM consultation_charges AS charge WHERE charge.id = event.charge_id AND charge.tenant_id = $tenant_id))
                    ORDER BY received_at, id LIMIT $count_max)
                """,
                ("now", session.Now), ("ids", filter.Ids is { } ids ? JsonSerializer.Serialize(ids) : null), ("provider", filter.Provider),
                ("state", filter.State is { } state ? WireName.Of(state) : null), ("type", filter.EventType), ("charge_id", filter.ChargeId),
                ("tenant_id", filter.TenantId), ("received_from", filter.ReceivedFrom), ("received_before", filter.ReceivedBefore),
                ("count_max", filter.CountMax)),
            ct);
    }

    private static async Task<WebhookFate> ReceiveAsync(SqliteSession session, WebhookDelivery delivery)
    {
        var transaction = session.Transaction;
        await transaction.SaveAsync(DeliverySavepoint, CancellationToken.None).ConfigureAwait(false);
        WebhookFate fate;
        try
        {
            fate = await StoreAsync(session, delivery).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            // Its effect failed, not its neighbours': kept whole for the processor. A broken database throws here again.
            await transaction.RollbackAsync(DeliverySavepoint, CancellationToken.None).ConfigureAwait(false);
            var isNew = await InsertEventAsync(session, delivery, WebhookState.Received, null, failure.GetType().Name).ConfigureAwait(false);
            fate = isNew ? WebhookFate.Stored : WebhookFate.Duplicate;
        }

        await transaction.ReleaseAsync(DeliverySavepoint, CancellationToken.None).ConfigureAwait(false);
        return fate;
    }

    private static async Task<WebhookFate> StoreAsync(SqliteSession session, WebhookDelivery delivery)
    {
        var target = delivery.Snapshot is { } told ? await FindTargetAsync(session, told).ConfigureAwait(false) : null;
        var state = delivery.Verdict switch
        {
            WebhookVerdict.Accepted => target is null ? WebhookState.Parked : WebhookState.Processed,
            WebhookVerdict.Ignored => WebhookState.Ignored,
            WebhookVerdict.Unreadable => WebhookState.Failed,
            _ => throw new ArgumentOutOfRangeException(nameof(delivery), delivery.Verdict, "Only signed deliveries are stored."),
        };
        var reason = state == WebhookState.Failed ? "unreadable" : null;
        if (!await InsertEventAsync(session, delivery, state, target?.Charge?.Id, reason).ConfigureAwait(false))
            return await CountDuplicateAsync(session, delivery).ConfigureAwait(false);

        if (state == WebhookState.Failed)
        {
            var text = $"{delivery.Provider} {delivery.EventId}";
            await InsertAlertAsync(session, new PaymentAlert("webhook_unreadable", AlertSeverity.Warning, text)).ConfigureAwait(false);
            return WebhookFate.Failed;
        }

        if (target is null || delivery.Snapshot is not { } snapshot)
            return state == WebhookState.Ignored ? WebhookFate.Ignored : WebhookFate.Stored;
        await ApplyAsync(session, target, snapshot, delivery.Provider, delivery.EventId).ConfigureAwait(false);
        return WebhookFate.Applied;
    }

    private static Task<ChargeState> ApplyAsync(
        SqliteSession session, ChargeState target, ProviderSnapshot snapshot, string provider, string eventId) =>
        WriteAsync(session, target, ChargeCommit.OfSnapshot(target, snapshot, new ChargeCause("webhook", "webhook", provider, eventId)));

    private static async Task<ChargeState?> FindTargetAsync(SqliteSession session, ProviderSnapshot snapshot)
    {
        if (await FindTargetIdAsync(session, snapshot).ConfigureAwait(false) is not { } id)
            return null;
        return await ReadAsync(session, new ChargeSelector.ById(id)).ConfigureAwait(false);
    }

    // The provider's own ids first: notes can come from the patient's browser. Our id tells of a charge whose order we have
    // not heard of yet, and of one that another account names, which is a conflict to be seen.
    private static async Task<ChargeId?> FindTargetIdAsync(SqliteSession session, ProviderSnapshot snapshot)
    {
        var found = await session.QueryAsync(
            """
            SELECT id, 1 AS preference FROM consultation_charges
            WHERE provider_reference = $reference AND provider_name = $provider AND provider_account = $account
            UNION ALL
            SELECT charge.id, 2 FROM json_each($payments) AS named
            JOIN charge_payments AS payment ON payment.reference = named.value
            JOIN consultation_charges AS charge ON charge.id = payment.charge_id
            WHERE charge.provider_name = $provider AND charge.provider_account = $account
            UNION ALL
            SELECT id, 3 FROM consultation_charges WHERE id = $id
            ORDER BY preference, id DESC LIMIT 1
            """,
            row => new ChargeId(row.Id("id")),
            ("id", snapshot.ChargeId), ("reference", snapshot.Reference), ("provider", snapshot.Provider),
            ("account", snapshot.ProviderAccount), ("payments", JsonSerializer.Serialize(PaymentReferencesOf(snapshot)))).ConfigureAwait(false);
        return found is [var id] ? id : null;
    }

    private static IEnumerable<string> PaymentReferencesOf(ProviderSnapshot snapshot) => snapshot.Payments
        .Select(payment => payment.Reference)
        .Concat(snapshot.Refunds.Select(refund => refund.PaymentReference).OfType<string>())
        .Concat(snapshot.Disputes.Select(dispute => dispute.PaymentReference).OfType<string>())
        .Distinct();
}
