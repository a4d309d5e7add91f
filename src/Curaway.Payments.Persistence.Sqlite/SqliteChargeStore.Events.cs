using System.Text.Json;

namespace Curaway.Payments.Sqlite;

// The rows of the inbox.
internal sealed partial class SqliteChargeStore
{
    /// <summary>How long an event waits for its charge before the processor looks: the API's own commit is seconds away.</summary>
    private static readonly TimeSpan FirstParking = TimeSpan.FromSeconds(30);

    /// <summary>False when the event, or where ids are unsigned its body, is there already.</summary>
    private static async Task<bool> InsertEventAsync(
        SqliteSession session, WebhookDelivery delivery, WebhookState state, ChargeId? chargeId, string? reason)
    {
        DateTimeOffset? nextAttemptAt = state switch
        {
            WebhookState.Received => session.Now,
            WebhookState.Parked => session.Now + FirstParking,
            _ => null,
        };
        // A body may hold an e-mail address or a phone number, so it is kept only while somebody still has to read it.
        var isBodyKept = state is WebhookState.Received or WebhookState.Parked or WebhookState.Failed;
        return await session.ExecuteAsync(
            """
            INSERT INTO webhook_events (
                id, provider_name, provider_account, provider_event_id, event_type, state, body, body_hash, is_deduped_by_body, snapshot,
                charge_id, provider_reference, reason, next_attempt_at, received_at, last_seen_at, processed_at)
            VALUES (
                $id, $provider_name, $provider_account, $provider_event_id, $event_type, $state, $body, $body_hash, $is_deduped_by_body, $snapshot,
                $charge_id, $provider_reference, $reason, $next_attempt_at, $now, $now, $processed_at)
            ON CONFLICT DO NOTHING
            """,
            ("id", Guid.CreateVersion7(session.Now)), ("provider_name", delivery.Provider), ("provider_account", delivery.ProviderAccount),
            ("provider_event_id", delivery.EventId), ("event_type", delivery.EventType), ("state", WireName.Of(state)),
            ("body", isBodyKept ? delivery.Body.ToArray() : null), ("body_hash", delivery.BodyHash),
            ("is_deduped_by_body", delivery.IsDedupedByBody),
            ("snapshot", delivery.Snapshot is null ? null : PaymentsJson.Serialize(delivery.Snapshot)),
            ("charge_id", chargeId ?? delivery.Snapshot?.ChargeId), ("provider_reference", delivery.Snapshot?.Reference), ("reason", reason),
            ("next_attempt_at", nextAttemptAt), ("now", session.Now),
            ("processed_at", state == WebhookState.Processed ? session.Now : null)).ConfigureAwait(false) == 1;
    }

    // A dead letter that comes again was sent again for a reason: it starts over.
    private static async Task<WebhookFate> CountDuplicateAsync(SqliteSession session, WebhookDelivery delivery)
    {
        await session.ExecuteAsync(
            """
            UPDATE webhook_events SET
                duplicate_count = duplicate_count + 1, last_seen_at = $now,
                next_attempt_at = CASE WHEN state = 'failed' THEN $now ELSE next_attempt_at END,
                attempt_count = CASE WHEN state = 'failed' THEN 0 ELSE attempt_count END,
                state = CASE WHEN state = 'failed' THEN 'received' ELSE state END
            WHERE id = (
                SELECT id FROM webhook_events
                WHERE provider_name = $provider_name AND (provider_event_id = $provider_event_id
                    OR $is_deduped_by_body = 1 AND is_deduped_by_body = 1 AND body_hash = $body_hash)
                ORDER BY provider_event_id = $provider_event_id DESC LIMIT 1)
            """,
            ("provider_name", delivery.Provider), ("provider_event_id", delivery.EventId), ("body_hash", delivery.BodyHash),
            ("is_deduped_by_body", delivery.IsDedupedByBody), ("now", session.Now)).ConfigureAwait(false);
        return WebhookFate.Duplicate;
    }

    private static Task<int> WakeParkedEventsAsync(SqliteSession session, Charge charge) => session.ExecuteAsync(
        """
        UPDATE webhook_events SET next_attempt_at = $now
        WHERE state = 'parked' AND next_attempt_at > $now
            AND (charge_id = $id OR provider_reference = $reference AND provider_name = $provider AND provider_account = $account)
        """,
        ("id", charge.Id), ("reference", charge.Reference), ("provider", charge.Provider), ("account", charge.ProviderAccount),
        ("now", session.Now));

    private static WebhookEvent ReadEvent(SqliteRow row) => new()
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
    private static ProviderSnapshot? ReadSnapshot(SqliteRow row)
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
