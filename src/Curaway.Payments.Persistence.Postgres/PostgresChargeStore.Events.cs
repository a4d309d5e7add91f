using System.Text.Json;

namespace Curaway.Payments.Postgres;

// The rows of the inbox.
internal sealed partial class PostgresChargeStore
{
    /// <summary>How long an event waits for its charge before the processor looks: the API's own commit is seconds away.</summary>
    private static readonly TimeSpan FirstParking = TimeSpan.FromSeconds(30);

    /// <summary>Empty after the flush when the event, or where ids are unsigned its body, is there already.</summary>
    private static List<Guid> InsertEvent(
        PostgresSession session, WebhookDelivery delivery, WebhookState state, ChargeId? chargeId, string? reason)
    {
        DateTimeOffset? nextAttemptAt = state switch
        {
            WebhookState.Received => session.Now,
            WebhookState.Parked => session.Now + FirstParking,
            _ => null,
        };
        // A body may hold an e-mail address or a phone number, so it is kept only while somebody still has to read it.
        var isBodyKept = state is WebhookState.Received or WebhookState.Parked or WebhookState.Failed;
        return session.Insert(
            """
            INSERT INTO webhook_events (
                id, provider_name, provider_account, provider_event_id, event_type, state, body, body_hash, is_deduped_by_body, snapshot,
                charge_id, provider_reference, reason, next_attempt_at, received_at, last_seen_at, processed_at)
            VALUES (
                @id, @provider_name, @provider_account, @provider_event_id, @event_type, @state, @body, @body_hash, @is_deduped_by_body,
                @snapshot::json, @charge_id, @provider_reference, @reason, @next_attempt_at, @now, @now, @processed_at)
            ON CONFLICT DO NOTHING
            RETURNING id
            """,
            row => row.Id("id"),
            ("id", Guid.CreateVersion7(session.Now)), ("provider_name", delivery.Provider), ("provider_account", delivery.ProviderAccount),
            ("provider_event_id", delivery.EventId), ("event_type", delivery.EventType), ("state", WireName.Of(state)),
            ("body", isBodyKept ? (object)delivery.Body : null), ("body_hash", delivery.BodyHash), ("is_deduped_by_body", delivery.IsDedupedByBody),
            ("snapshot", delivery.Snapshot is null ? null : PaymentsJson.Serialize(delivery.Snapshot)),
            ("charge_id", chargeId ?? delivery.Snapshot?.ChargeId), ("provider_reference", delivery.Snapshot?.Reference), ("reason", reason),
            ("next_attempt_at", nextAttemptAt), ("now", session.Now), ("processed_at", state == WebhookState.Processed ? session.Now : null));
    }

    // A dead letter that comes again was sent again for a reason: it starts over.
    private static void CountDuplicate(PostgresSession session, WebhookDelivery delivery) => session.Execute(
        """
        UPDATE webhook_events SET
            duplicate_count = duplicate_count + 1, last_seen_at = @now,
            next_attempt_at = CASE WHEN state = 'failed' THEN @now ELSE next_attempt_at END,
            attempt_count = CASE WHEN state = 'failed' THEN 0 ELSE attempt_count END,
            state = CASE WHEN state = 'failed' THEN 'received' ELSE state END
        WHERE id = (
            SELECT id FROM webhook_events
            WHERE provider_name = @provider_name AND (provider_event_id = @provider_event_id
                OR @is_deduped_by_body AND is_deduped_by_body AND body_hash = @body_hash)
            ORDER BY provider_event_id = @provider_event_id DESC LIMIT 1)
        """,
        ("provider_name", delivery.Provider), ("provider_event_id", delivery.EventId), ("body_hash", delivery.BodyHash),
        ("is_deduped_by_body", delivery.IsDedupedByBody), ("now", session.Now));

    private static void SettleApplied(
        PostgresSession session, Guid eventRowId, WebhookState state, ProviderSnapshot snapshot, ChargeId? chargeId, TimeSpan retryAfter) =>
        session.ExecuteOne(
            $"event {eventRowId}",
            """
            UPDATE webhook_events SET
                state = @state, snapshot = @snapshot::json, charge_id = @charge_id, provider_reference = @provider_reference, reason = NULL,
                body = CASE WHEN @state = 'processed' THEN NULL ELSE body END,
                processed_at = CASE WHEN @state = 'processed' THEN payments_now() END,
                next_attempt_at = CASE WHEN @state = 'parked' THEN payments_now() + @retry_after END,
                -- Waiting is no failure: only attempts that throw count towards the dead letters.
                attempt_count = CASE WHEN @state = 'parked' THEN 0 ELSE attempt_count END
            WHERE id = @id
            """,
            ("id", eventRowId), ("state", WireName.Of(state)), ("snapshot", PaymentsJson.Serialize(snapshot)),
            ("charge_id", chargeId ?? snapshot.ChargeId), ("provider_reference", snapshot.Reference), ("retry_after", retryAfter));

    // Not those that somebody holds: he is looking at them. Nobody is waited for, so the lock order does not matter here.
    private static void WakeParkedEvents(PostgresSession session, Charge charge) => session.Execute(
        """
        UPDATE webhook_events SET next_attempt_at = @now
        WHERE id IN (
            SELECT id FROM webhook_events
            WHERE state = 'parked' AND next_attempt_at > @now
                AND (charge_id = @id OR provider_reference = @reference AND provider_name = @provider AND provider_account = @account)
            FOR UPDATE SKIP LOCKED)
        """,
        ("id", charge.Id), ("reference", charge.Reference), ("provider", charge.Provider), ("account", charge.ProviderAccount),
        ("now", session.Now));

    // The provider's own ids first: notes can come from the patient's browser. Our id tells of a charge whose order we have
    // not heard of yet, and of one that another account names, which is a conflict to be seen.
    private static List<ChargeId> SelectTarget(PostgresSession session, ProviderSnapshot snapshot) => session.Select(
        """
        SELECT id, 1 AS preference FROM consultation_charges
        WHERE provider_reference = @reference AND provider_name = @provider AND provider_account = @account
        UNION ALL
        SELECT charge.id, 2 FROM charge_payments AS payment
        JOIN consultation_charges AS charge ON charge.id = payment.charge_id
        WHERE payment.reference = ANY(@payments) AND charge.provider_name = @provider AND charge.provider_account = @account
        UNION ALL
        SELECT id, 3 FROM consultation_charges WHERE id = @id
        ORDER BY preference, id DESC LIMIT 1
        """,
        row => new ChargeId(row.Id("id")),
        ("id", snapshot.ChargeId), ("reference", snapshot.Reference), ("provider", snapshot.Provider),
        ("account", snapshot.ProviderAccount), ("payments", PaymentReferencesOf(snapshot)));

    private static string[] PaymentReferencesOf(ProviderSnapshot snapshot) => [.. snapshot.Payments
        .Select(payment => payment.Reference)
        .Concat(snapshot.Refunds.Select(refund => refund.PaymentReference).OfType<string>())
        .Concat(snapshot.Disputes.Select(dispute => dispute.PaymentReference).OfType<string>())
        .Select(PostgresText.Storable)
        .Distinct()];

    private static WebhookEvent ReadEvent(PostgresRow row) => new()
    {
        Id = row.Id("id"),
        Provider = row.Text("provider_name"),
        ProviderAccount = row.Text("provider_account"),
        EventId = row.Text("provider_event_id"),
        EventType = row.Text("event_type"),
        ReceivedAt = row.Time("received_at"),
        AttemptCount = row.Count("attempt_count"),
        Snapshot = ReadSnapshot(row),
        Body = row.BytesOrNull("body") is { } body ? (ReadOnlyMemory<byte>?)body : null,
    };

    // One row another build wrote must not keep the others from their claim; its body can be read again.
    private static ProviderSnapshot? ReadSnapshot(PostgresRow row)
    {
        try
        {
            return row.JsonOrNull<ProviderSnapshot>("snapshot");
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
