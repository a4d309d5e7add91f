using System.Text.Json;

namespace Curaway.Payments.Postgres;

// The rows of the inbox.
internal sealed partial class PostgresChargeStore
{
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
    internal static void WakeParkedEvents(PostgresSession session, Charge charge) => session.Execute(
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
