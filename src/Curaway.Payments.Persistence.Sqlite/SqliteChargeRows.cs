namespace Curaway.Payments.Sqlite;

/// <summary>The rows of a charge: how each is written, and read back to the same value.</summary>
internal static partial class SqliteChargeRows
{
    public static Charge ReadCharge(SqliteRow row) => new()
    {
        Id = new ChargeId(row.Id("id")),
        TenantId = row.Opaque("tenant_id"),
        ConsultationId = row.Opaque("consultation_id"),
        Amount = row.Amount("amount_cents"),
        Routing = new RoutingDecision(
            row.Text("provider_name"), row.Text("routing_rule"), [.. PaymentsJson.Deserialize<RoutingStep[]>(row.Text("routing_trace"))]),
        ProviderAccount = row.Text("provider_account"),
        IsLiveMode = row.FlagOrNull("livemode"),
        Reference = row.TextOrNull("provider_reference"),
        IsReferenceClosed = row.Flag("is_reference_closed"),
        IsVoidAccepted = row.Flag("is_void_accepted"),
        IsAuthorizationFailed = row.Flag("is_authorization_failed"),
        BookedAt = row.TimeOrNull("booked_at"),
        BookBy = row.Time("book_by"),
        CheckoutExpiresAt = row.TimeOrNull("checkout_expires_at"),
        ClosingAt = row.TimeOrNull("closing_at"),
        ClosingReason = row.TextOrNull("closing_reason"),
        RefreshDueAt = row.TimeOrNull("refresh_due_at"),
        RefreshedAt = row.TimeOrNull("refreshed_at"),
        RefundReason = row.TextOrNull("refund_reason"),
        LastError = row.JsonOrNull<PaymentError>("last_error"),
        CreatedAt = row.Time("created_at"),
        AuthorizedAt = row.TimeOrNull("authorized_at"),
        CapturedAt = row.TimeOrNull("captured_at"),
        VoidedAt = row.TimeOrNull("voided_at"),
        RefundedAt = row.TimeOrNull("refunded_at"),
        FailedAt = row.TimeOrNull("failed_at"),
        Version = row.Number("version"),
        RecordedStatus = row.Name<ChargeStatus>("charge_status"),
    };

    /// <summary>Inserts the charge, or overwrites the row that still has the version read. The number of rows written: 1.</summary>
    public static Task<int> WriteAsync(SqliteSession session, Charge charge, DateTimeOffset? dueAt) => session.ExecuteAsync(
        """
        INSERT INTO consultation_charges (
            id, tenant_id, consultation_id, provider_name, provider_account, livemode, charge_status, amount_cents, currency,
            authorized_cents, captured_cents, refunded_cents, provider_reference, provider_payment_reference, is_reference_closed,
            is_void_accepted, is_authorization_failed, refund_reason, last_error, routing_rule, routing_trace, booked_at, book_by,
            checkout_expires_at, closing_at, closing_reason, refresh_due_at, refreshed_at, capture_before, release_due_at, created_at,
            authorized_at, captured_at, voided_at, refunded_at, failed_at, due_at, lease_until, version)
        VALUES (
            $id, $tenant_id, $consultation_id, $provider_name, $provider_account, $livemode, $charge_status, $amount_cents, $currency,
            $authorized_cents, $captured_cents, $refunded_cents, $provider_reference, $provider_payment_reference, $is_reference_closed,
            $is_void_accepted, $is_authorization_failed, $refund_reason, $last_error, $routing_rule, $routing_trace, $booked_at, $book_by,
            $checkout_expires_at, $closing_at, $closing_reason, $refresh_due_at, $refreshed_at, $capture_before, $release_due_at, $created_at,
            $authorized_at, $captured_at, $voided_at, $refunded_at, $failed_at, $due_at, NULL, $version)
        ON CONFLICT (id) DO UPDATE SET
            livemode = excluded.livemode, charge_status = excluded.charge_status, authorized_cents = excluded.authorized_cents,
            captured_cents = excluded.captured_cents, refunded_cents = excluded.refunded_cents,
            provider_reference = excluded.provider_reference, provider_payment_reference = excluded.provider_payment_reference,
            is_reference_closed = excluded.is_reference_closed, is_void_accepted = excluded.is_void_accepted,
            is_authorization_failed = excluded.is_authorization_failed, refund_reason = excluded.refund_reason,
            last_error = excluded.last_error, booked_at = excluded.booked_at, book_by = excluded.book_by,
            checkout_expires_at = excluded.checkout_expires_at, closing_at = excluded.closing_at,
            closing_reason = excluded.closing_reason, refresh_due_at = excluded.refresh_due_at, refreshed_at = excluded.refreshed_at,
            capture_before = excluded.capture_before, release_due_at = excluded.release_due_at,
            authorized_at = excluded.authorized_at, captured_at = excluded.captured_at, voided_at = excluded.voided_at,
            refunded_at = excluded.refunded_at, failed_at = excluded.failed_at, due_at = excluded.due_at,
            lease_until = NULL, version = excluded.version
        WHERE consultation_charges.version = excluded.version - 1
        """,
        ("id", charge.Id), ("tenant_id", charge.TenantId), ("consultation_id", charge.ConsultationId),
        ("provider_name", charge.Provider), ("provider_account", charge.ProviderAccount), ("livemode", charge.IsLiveMode),
        ("charge_status", WireName.Of(charge.Status)), ("amount_cents", charge.Amount.MinorUnits), ("currency", charge.Amount.Currency.Code),
        ("authorized_cents", charge.Authorized.MinorUnits), ("captured_cents", charge.Captured.MinorUnits),
        ("refunded_cents", charge.Refunded.MinorUnits), ("provider_reference", charge.Reference),
        ("provider_payment_reference", charge.PrincipalPayment?.Reference), ("is_reference_closed", charge.IsReferenceClosed),
        ("is_void_accepted", charge.IsVoidAccepted), ("is_authorization_failed", charge.IsAuthorizationFailed),
        ("refund_reason", charge.RefundReason), ("last_error", JsonOrNull(charge.LastError)), ("routing_rule", charge.Routing.Rule),
        ("routing_trace", PaymentsJson.Serialize(charge.Routing.Trace)), ("booked_at", charge.BookedAt), ("book_by", charge.BookBy),
        ("checkout_expires_at", charge.CheckoutExpiresAt), ("closing_at", charge.ClosingAt), ("closing_reason", charge.ClosingReason),
        ("refresh_due_at", charge.RefreshDueAt), ("refreshed_at", charge.RefreshedAt), ("capture_before", charge.CaptureBefore), ("release_due_at", charge.ReleaseDueAt),
        ("created_at", charge.CreatedAt), ("authorized_at", charge.AuthorizedAt), ("captured_at", charge.CapturedAt),
        ("voided_at", charge.VoidedAt), ("refunded_at", charge.RefundedAt), ("failed_at", charge.FailedAt), ("due_at", dueAt),
        ("version", charge.Version));

    public static ChargePayment ReadPayment(SqliteRow row) => new()
    {
        Reference = row.Text("reference"),
        State = row.Name<PaymentState>("state"),
        Amount = row.Amount("amount_cents"),
        Captured = row.Amount("captured_cents"),
        CreatedAt = row.TimeOrNull("created_at"),
        CaptureBefore = row.TimeOrNull("capture_before"),
        ReleaseDueAt = row.TimeOrNull("release_due_at"),
        ReleasesByCapture = row.Flag("releases_by_capture"),
        ErrorCode = row.TextOrNull("error_code"),
    };

    public static Task<int> WriteAsync(SqliteSession session, ChargeId chargeId, ChargePayment payment) => session.ExecuteAsync(
        """
        INSERT INTO charge_payments (
            charge_id, reference, state, amount_cents, captured_cents, currency, created_at, capture_before, release_due_at,
            releases_by_capture, error_code)
        VALUES (
            $charge_id, $reference, $state, $amount_cents, $captured_cents, $currency, $created_at, $capture_before, $release_due_at,
            $releases_by_capture, $error_code)
        ON CONFLICT (charge_id, reference) DO UPDATE SET
            state = excluded.state, amount_cents = excluded.amount_cents, captured_cents = excluded.captured_cents,
            currency = excluded.currency, created_at = excluded.created_at, capture_before = excluded.capture_before,
            release_due_at = excluded.release_due_at, releases_by_capture = excluded.releases_by_capture, error_code = excluded.error_code
        """,
        ("charge_id", chargeId), ("reference", payment.Reference), ("state", WireName.Of(payment.State)),
        ("amount_cents", payment.Amount.MinorUnits), ("captured_cents", payment.Captured.MinorUnits),
        ("currency", payment.Amount.Currency.Code), ("created_at", payment.CreatedAt), ("capture_before", payment.CaptureBefore),
        ("release_due_at", payment.ReleaseDueAt), ("releases_by_capture", payment.ReleasesByCapture), ("error_code", payment.ErrorCode));

    public static ChargeRefund ReadRefund(SqliteRow row) => new()
    {
        Reference = row.Text("reference"),
        State = row.Name<RefundState>("state"),
        Amount = row.Amount("amount_cents"),
        PaymentReference = row.TextOrNull("payment_reference"),
        OperationId = row.IdOrNull("operation_id") is { } id ? new OperationId(id) : null,
        CreatedAt = row.TimeOrNull("created_at"),
        ErrorCode = row.TextOrNull("error_code"),
    };

    public static Task<int> WriteAsync(SqliteSession session, ChargeId chargeId, ChargeRefund refund) => session.ExecuteAsync(
        """
        INSERT INTO charge_refunds (
            charge_id, reference, state, amount_cents, currency, payment_reference, operation_id, created_at, error_code)
        VALUES (
            $charge_id, $reference, $state, $amount_cents, $currency, $payment_reference, $operation_id, $created_at, $error_code)
        ON CONFLICT (charge_id, reference) DO UPDATE SET
            state = excluded.state, amount_cents = excluded.amount_cents, currency = excluded.currency,
            payment_reference = excluded.payment_reference, operation_id = excluded.operation_id,
            created_at = excluded.created_at, error_code = excluded.error_code
        """,
        ("charge_id", chargeId), ("reference", refund.Reference), ("state", WireName.Of(refund.State)),
        ("amount_cents", refund.Amount.MinorUnits), ("currency", refund.Amount.Currency.Code),
        ("payment_reference", refund.PaymentReference), ("operation_id", refund.OperationId), ("created_at", refund.CreatedAt),
        ("error_code", refund.ErrorCode));

    public static ChargeOperation ReadOperation(SqliteRow row) => new()
    {
        Id = new OperationId(row.Id("id")),
        ChargeId = new ChargeId(row.Id("charge_id")),
        Kind = row.Name<OperationKind>("kind"),
        Amount = row.Amount("amount_cents"),
        Fingerprint = row.Text("fingerprint"),
        ActorId = row.Text("actor_id"),
        CreatedAt = row.Time("created_at"),
        NextAttemptAt = row.Time("next_attempt_at"),
        State = row.Name<OperationState>("state"),
        Outcome = row.NameOrNull<OperationOutcome>("outcome"),
        RequestId = row.TextOrNull("request_id") is { } id ? OpaqueId.Parse(id) : null,
        PaymentMethod = row.TextOrNull("payment_method"),
        Customer = row.TextOrNull("customer"),
        Reason = row.TextOrNull("reason"),
        SendCount = row.Count("send_count"),
        IsUnresolved = row.Flag("is_unresolved"),
        IsKeySpent = row.Flag("is_key_spent"),
        FirstSentAt = row.TimeOrNull("first_sent_at"),
        ClosedAt = row.TimeOrNull("closed_at"),
        Error = row.JsonOrNull<PaymentError>("error"),
        ProviderRequestId = row.TextOrNull("provider_request_id"),
    };

    /// <summary>Inserts the operation, or overwrites what may change of it. The number of rows written: 1.</summary>
    public static Task<int> WriteAsync(SqliteSession session, ChargeOperation operation) => session.ExecuteAsync(
        """
        INSERT INTO charge_operations (
            id, charge_id, kind, amount_cents, currency, fingerprint, actor_id, state, outcome, request_id, payment_method, customer,
            reason, send_count, is_unresolved, is_key_spent, error, provider_request_id, created_at, next_attempt_at, first_sent_at, closed_at)
        VALUES (
            $id, $charge_id, $kind, $amount_cents, $currency, $fingerprint, $actor_id, $state, $outcome, $request_id, $payment_method, $customer,
            $reason, $send_count, $is_unresolved, $is_key_spent, $error, $provider_request_id, $created_at, $next_attempt_at, $first_sent_at, $closed_at)
        ON CONFLICT (id) DO UPDATE SET
            state = excluded.state, outcome = excluded.outcome, reason = excluded.reason, send_count = excluded.send_count,
            is_unresolved = excluded.is_unresolved, is_key_spent = excluded.is_key_spent, error = excluded.error, provider_request_id = excluded.provider_request_id,
            next_attempt_at = excluded.next_attempt_at, first_sent_at = excluded.first_sent_at, closed_at = excluded.closed_at
        WHERE charge_operations.charge_id = excluded.charge_id
        """,
        ("id", operation.Id), ("charge_id", operation.ChargeId), ("kind", WireName.Of(operation.Kind)),
        ("amount_cents", operation.Amount.MinorUnits), ("currency", operation.Amount.Currency.Code),
        ("fingerprint", operation.Fingerprint), ("actor_id", operation.ActorId), ("state", WireName.Of(operation.State)),
        ("outcome", operation.Outcome is { } outcome ? WireName.Of(outcome) : null), ("request_id", operation.RequestId),
        ("payment_method", operation.PaymentMethod), ("customer", operation.Customer), ("reason", operation.Reason),
        ("send_count", operation.SendCount), ("is_unresolved", operation.IsUnresolved), ("is_key_spent", operation.IsKeySpent), ("error", JsonOrNull(operation.Error)),
        ("provider_request_id", operation.ProviderRequestId), ("created_at", operation.CreatedAt),
        ("next_attempt_at", operation.NextAttemptAt), ("first_sent_at", operation.FirstSentAt), ("closed_at", operation.ClosedAt));

    private static string? JsonOrNull<T>(T? value)
        where T : class => value is null ? null : PaymentsJson.Serialize(value);
}
