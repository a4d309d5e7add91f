using static Curaway.Payments.Postgres.PostgresColumn;

namespace Curaway.Payments.Postgres;

// Each writes any number of rows, of any number of charges, in one statement, and asks whether it wrote them all.
internal static partial class PostgresChargeRows
{
    // Any write ends the lease: who changed the charge looked at it, and what is due next is due to everybody.
    private const string UpdateCharges =
        """
        WITH written AS (
            UPDATE consultation_charges AS charge SET
                livemode = told.livemode, charge_status = told.charge_status, authorized_cents = told.authorized_cents,
                captured_cents = told.captured_cents, refunded_cents = told.refunded_cents, provider_reference = told.provider_reference,
                provider_payment_reference = told.provider_payment_reference, is_reference_closed = told.is_reference_closed,
                is_void_accepted = told.is_void_accepted, is_authorization_failed = told.is_authorization_failed,
                refund_reason = told.refund_reason, last_error = told.last_error::json, booked_at = told.booked_at, book_by = told.book_by,
                checkout_expires_at = told.checkout_expires_at, closing_at = told.closing_at, closing_reason = told.closing_reason,
                refresh_due_at = told.refresh_due_at, capture_before = told.capture_before, release_due_at = told.release_due_at,
                authorized_at = told.authorized_at, captured_at = told.captured_at, voided_at = told.voided_at,
                refunded_at = told.refunded_at, failed_at = told.failed_at, due_at = told.due_at, version = told.version, refreshed_at = told.refreshed_at,
                lease_until = NULL
            FROM unnest(
                $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26,
                $27, $28, $29) AS told (
                id, livemode, charge_status, authorized_cents, captured_cents, refunded_cents, provider_reference,
                provider_payment_reference, is_reference_closed, is_void_accepted, is_authorization_failed, refund_reason, last_error,
                booked_at, book_by, checkout_expires_at, closing_at, closing_reason, refresh_due_at, capture_before, release_due_at,
                authorized_at, captured_at, voided_at, refunded_at, failed_at, due_at, version, refreshed_at)
            WHERE charge.id = told.id AND charge.version = told.version - 1
            RETURNING 1)
        SELECT payments_expect('charges', count(*), cardinality($1)) FROM written
        """;

    /// <summary>Queues the update of charges that still have the version read.</summary>
    public static void Update(PostgresSession session, List<(Charge Charge, DateTimeOffset? DueAt)> rows)
    {
        if (rows.Count == 0)
            return;
        session.WriteRows(
            UpdateCharges,
            Of(rows, row => row.Charge.Id.Value), Of(rows, row => row.Charge.IsLiveMode), Of(rows, row => WireName.Of(row.Charge.Status)),
            Of(rows, row => row.Charge.Authorized.MinorUnits), Of(rows, row => row.Charge.Captured.MinorUnits),
            Of(rows, row => row.Charge.Refunded.MinorUnits), OfText(rows, row => row.Charge.Reference),
            OfText(rows, row => row.Charge.PrincipalPayment?.Reference), Of(rows, row => row.Charge.IsReferenceClosed),
            Of(rows, row => row.Charge.IsVoidAccepted), Of(rows, row => row.Charge.IsAuthorizationFailed),
            OfText(rows, row => row.Charge.RefundReason), OfText(rows, row => JsonOrNull(row.Charge.LastError)),
            OfTime(rows, row => row.Charge.BookedAt), OfTime(rows, row => row.Charge.BookBy), OfTime(rows, row => row.Charge.CheckoutExpiresAt),
            OfTime(rows, row => row.Charge.ClosingAt), OfText(rows, row => row.Charge.ClosingReason),
            OfTime(rows, row => row.Charge.RefreshDueAt), OfTime(rows, row => row.Charge.CaptureBefore),
            OfTime(rows, row => row.Charge.ReleaseDueAt), OfTime(rows, row => row.Charge.AuthorizedAt), OfTime(rows, row => row.Charge.CapturedAt),
            OfTime(rows, row => row.Charge.VoidedAt), OfTime(rows, row => row.Charge.RefundedAt), OfTime(rows, row => row.Charge.FailedAt),
            OfTime(rows, row => row.DueAt), Of(rows, row => row.Charge.Version), OfTime(rows, row => row.Charge.RefreshedAt));
    }

    public static void Write(PostgresSession session, List<(ChargeId ChargeId, ChargePayment Payment)> rows)
    {
        if (rows.Count == 0)
            return;
        session.WriteRows(
            """
            WITH written AS (
                INSERT INTO charge_payments (
                    charge_id, reference, state, amount_cents, captured_cents, currency, created_at, capture_before, release_due_at, error_code,
                    releases_by_capture)
                SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                ON CONFLICT (charge_id, reference) DO UPDATE SET
                    state = excluded.state, amount_cents = excluded.amount_cents, captured_cents = excluded.captured_cents,
                    currency = excluded.currency, created_at = excluded.created_at, capture_before = excluded.capture_before,
                    release_due_at = excluded.release_due_at, error_code = excluded.error_code,
                    releases_by_capture = excluded.releases_by_capture
                RETURNING 1)
            SELECT payments_expect('payments', count(*), cardinality($1)) FROM written
            """,
            Of(rows, row => row.ChargeId.Value), OfText(rows, row => row.Payment.Reference), Of(rows, row => WireName.Of(row.Payment.State)),
            Of(rows, row => row.Payment.Amount.MinorUnits), Of(rows, row => row.Payment.Captured.MinorUnits),
            Of(rows, row => row.Payment.Amount.Currency.Code), OfTime(rows, row => row.Payment.CreatedAt),
            OfTime(rows, row => row.Payment.CaptureBefore), OfTime(rows, row => row.Payment.ReleaseDueAt), OfText(rows, row => row.Payment.ErrorCode),
            Of(rows, row => row.Payment.ReleasesByCapture));
    }

    public static void Write(PostgresSession session, List<(ChargeId ChargeId, ChargeRefund Refund)> rows)
    {
        if (rows.Count == 0)
            return;
        session.WriteRows(
            """
            WITH written AS (
                INSERT INTO charge_refunds (
                    charge_id, reference, state, amount_cents, currency, payment_reference, operation_id, created_at, error_code)
                SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
                ON CONFLICT (charge_id, reference) DO UPDATE SET
                    state = excluded.state, amount_cents = excluded.amount_cents, currency = excluded.currency,
                    payment_reference = excluded.payment_reference, operation_id = excluded.operation_id,
                    created_at = excluded.created_at, error_code = excluded.error_code
                RETURNING 1)
            SELECT payments_expect('refunds', count(*), cardinality($1)) FROM written
            """,
            Of(rows, row => row.ChargeId.Value), OfText(rows, row => row.Refund.Reference), Of(rows, row => WireName.Of(row.Refund.State)),
            Of(rows, row => row.Refund.Amount.MinorUnits), Of(rows, row => row.Refund.Amount.Currency.Code),
            OfText(rows, row => row.Refund.PaymentReference), Of(rows, row => row.Refund.OperationId?.Value),
            OfTime(rows, row => row.Refund.CreatedAt), OfText(rows, row => row.Refund.ErrorCode));
    }

    public static void Write(PostgresSession session, List<(ChargeId ChargeId, ChargeDispute Dispute)> rows)
    {
        if (rows.Count == 0)
            return;
        session.WriteRows(
            """
            WITH written AS (
                INSERT INTO charge_disputes (charge_id, reference, state, amount_cents, currency, payment_reference, reason)
                SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT (charge_id, reference) DO UPDATE SET
                    state = excluded.state, amount_cents = excluded.amount_cents, currency = excluded.currency,
                    payment_reference = excluded.payment_reference, reason = excluded.reason
                RETURNING 1)
            SELECT payments_expect('disputes', count(*), cardinality($1)) FROM written
            """,
            Of(rows, row => row.ChargeId.Value), OfText(rows, row => row.Dispute.Reference), Of(rows, row => WireName.Of(row.Dispute.State)),
            Of(rows, row => row.Dispute.Amount.MinorUnits), Of(rows, row => row.Dispute.Amount.Currency.Code),
            OfText(rows, row => row.Dispute.PaymentReference), OfText(rows, row => row.Dispute.Reason));
    }

    public static void Write(PostgresSession session, List<(ChargeId ChargeId, ChargeInvoice Invoice)> rows)
    {
        if (rows.Count == 0)
            return;
        session.WriteRows(
            """
            WITH written AS (
                INSERT INTO charge_invoices (charge_id, reference, state, amount_cents, currency, number, hosted_url)
                SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT (charge_id, reference) DO UPDATE SET
                    state = excluded.state, amount_cents = excluded.amount_cents, currency = excluded.currency,
                    number = excluded.number, hosted_url = excluded.hosted_url
                RETURNING 1)
            SELECT payments_expect('invoices', count(*), cardinality($1)) FROM written
            """,
            Of(rows, row => row.ChargeId.Value), OfText(rows, row => row.Invoice.Reference), Of(rows, row => WireName.Of(row.Invoice.State)),
            Of(rows, row => row.Invoice.Amount.MinorUnits), Of(rows, row => row.Invoice.Amount.Currency.Code),
            OfText(rows, row => row.Invoice.Number), OfText(rows, row => row.Invoice.HostedUrl));
    }

    /// <summary>Inserts operations, or overwrites what may change of them.</summary>
    public static void Write(PostgresSession session, List<ChargeOperation> rows)
    {
        if (rows.Count == 0)
            return;
        session.WriteRows(
            """
            WITH written AS (
                INSERT INTO charge_operations (
                    id, charge_id, kind, amount_cents, currency, fingerprint, actor_id, state, outcome, request_id, payment_method, customer,
                    reason, send_count, is_unresolved, is_key_spent, error, provider_request_id, created_at, next_attempt_at, first_sent_at, closed_at)
                SELECT
                    id, charge_id, kind, amount_cents, currency, fingerprint, actor_id, state, outcome, request_id, payment_method, customer,
                    reason, send_count, is_unresolved, is_key_spent, error::json, provider_request_id, created_at, next_attempt_at, first_sent_at, closed_at
                FROM unnest(
                    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22) AS told (
                    id, charge_id, kind, amount_cents, currency, fingerprint, actor_id, state, outcome, request_id, payment_method, customer,
                    reason, send_count, is_unresolved, is_key_spent, error, provider_request_id, created_at, next_attempt_at, first_sent_at, closed_at)
                ON CONFLICT (id) DO UPDATE SET
                    state = excluded.state, outcome = excluded.outcome, reason = excluded.reason, send_count = excluded.send_count,
                    is_unresolved = excluded.is_unresolved, is_key_spent = excluded.is_key_spent, error = excluded.error,
                    provider_request_id = excluded.provider_request_id,
                    next_attempt_at = excluded.next_attempt_at, first_sent_at = excluded.first_sent_at, closed_at = excluded.closed_at
                WHERE charge_operations.charge_id = excluded.charge_id
                RETURNING 1)
            SELECT payments_expect('operations', count(*), cardinality($1)) FROM written
            """,
            Of(rows, row => row.Id.Value), Of(rows, row => row.ChargeId.Value), Of(rows, row => WireName.Of(row.Kind)),
            Of(rows, row => row.Amount.MinorUnits), Of(rows, row => row.Amount.Currency.Code), OfText(rows, row => row.Fingerprint),
            OfText(rows, row => row.ActorId), Of(rows, row => WireName.Of(row.State)),
            Of(rows, row => row.Outcome is { } outcome ? WireName.Of(outcome) : null), Of(rows, row => row.RequestId?.Value),
            OfText(rows, row => row.PaymentMethod), OfText(rows, row => row.Customer), OfText(rows, row => row.Reason),
            Of(rows, row => row.SendCount), Of(rows, row => row.IsUnresolved), Of(rows, row => row.IsKeySpent),
            OfText(rows, row => JsonOrNull(row.Error)), OfText(rows, row => row.ProviderRequestId), OfTime(rows, row => row.CreatedAt),
            OfTime(rows, row => row.NextAttemptAt), OfTime(rows, row => row.FirstSentAt), OfTime(rows, row => row.ClosedAt));
    }
}
