using System.Data.Common;
using System.Text.Json;
using Curaway.Payments.SampleHost.Data;

namespace Curaway.Payments.SampleHost.Admin;

/// <summary>Rows of the payments tables, by the column names of the runbook, as views.</summary>
internal static class AdminRows
{
    public static AdminChargeView Charge(DbDataReader row) => new()
    {
        Id = row.Id("id"),
        ConsultationId = row.Text("consultation_id"),
        Provider = row.Text("provider_name"),
        ProviderAccount = row.Text("provider_account"),
        Livemode = row.FlagOrNull("livemode"),
        Status = row.Text("charge_status"),
        AmountCents = row.Number("amount_cents"),
        Currency = row.Text("currency"),
        AuthorizedCents = row.Number("authorized_cents"),
        CapturedCents = row.Number("captured_cents"),
        RefundedCents = row.Number("refunded_cents"),
        ProviderReference = row.TextOrNull("provider_reference"),
        ProviderPaymentReference = row.TextOrNull("provider_payment_reference"),
        RoutingRule = row.Text("routing_rule"),
        RefundReason = row.TextOrNull("refund_reason"),
        ClosingReason = row.TextOrNull("closing_reason"),
        BookedAt = row.TimeOrNull("booked_at"),
        CheckoutExpiresAt = row.TimeOrNull("checkout_expires_at"),
        CaptureBefore = row.TimeOrNull("capture_before"),
        ReleaseDueAt = row.TimeOrNull("release_due_at"),
        CreatedAt = row.Time("created_at"),
        AuthorizedAt = row.TimeOrNull("authorized_at"),
        CapturedAt = row.TimeOrNull("captured_at"),
        VoidedAt = row.TimeOrNull("voided_at"),
        RefundedAt = row.TimeOrNull("refunded_at"),
        FailedAt = row.TimeOrNull("failed_at"),
    };

    public static OperationView Operation(DbDataReader row) => new(
        row.Id("id"), row.Text("kind"), row.Text("state"), row.TextOrNull("outcome"), row.Number("amount_cents"), row.Text("currency"),
        row.Text("actor_id"), row.TextOrNull("request_id"), row.TextOrNull("reason"), row.Number("send_count"), row.Flag("is_unresolved"),
        JsonOrNull(row, "error"), row.TextOrNull("provider_request_id"), row.Time("created_at"), row.TimeOrNull("first_sent_at"),
        row.TimeOrNull("closed_at"));

    public static WebhookView Webhook(DbDataReader row) => new(
        row.Id("id"), row.Text("provider_name"), row.Text("provider_event_id"), row.Text("event_type"), row.Text("state"), row.TextOrNull("reason"),
        row.IdOrNull("charge_id"), row.Number("attempt_count"), row.Number("duplicate_count"), row.Time("received_at"), row.Time("last_seen_at"),
        row.TimeOrNull("next_attempt_at"), row.TimeOrNull("processed_at"));

    public static TransitionView Transition(DbDataReader row) =>
        new(row.TextOrNull("from_status"), row.Text("to_status"), row.Text("source"), row.Time("at"));

    public static AlertView Alert(DbDataReader row) => new(
        row.Id("id"), row.Text("category"), row.Text("severity"), row.Text("text"), row.IdOrNull("charge_id"), row.Time("raised_at"),
        row.TimeOrNull("delivered_at"));

    public static AuditView Audit(DbDataReader row) => new(
        row.Id("id"), row.IdOrNull("charge_id"), row.Text("actor_id"), row.Text("action"), row.Text("source"), row.TextOrNull("from_status"),
        row.TextOrNull("to_status"), JsonOrNull(row, "details"), row.Time("created_at"));

    public static JsonElement? JsonOrNull(DbDataReader row, string column)
    {
        if (row.TextOrNull(column) is not { } text)
            return null;
        try
        {
            return JsonElement.Parse(text);
        }
        catch (JsonException)
        {
            // SQLite takes any text, and the runbook writes audit rows by hand.
            return JsonSerializer.SerializeToElement(text);
        }
    }
}
