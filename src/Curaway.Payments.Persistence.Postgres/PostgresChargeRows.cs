namespace Curaway.Payments.Postgres;

/// <summary>The rows of a charge: how each is written, and read back to the same value.</summary>
internal static partial class PostgresChargeRows
{
    private const string InsertCharge =
        """
        INSERT INTO consultation_charges (
            id, tenant_id, consultation_id, provider_name, provider_account, livemode, charge_status, amount_cents, currency,
            authorized_cents, captured_cents, refunded_cents, provider_reference, provider_payment_reference, is_reference_closed,
            is_void_accepted, is_authorization_failed, refund_reason, last_error, routing_rule, routing_trace, booked_at, book_by,
            checkout_expires_at, closing_at, closing_reason, refresh_due_at, refreshed_at, capture_before, release_due_at, created_at,
            authorized_at, captured_at, voided_at, refunded_at, failed_at, due_at, lease_until, version)
        VALUES (
            @id, @tenant_id, @consultation_id, @provider_name, @provider_account, @livemode, @charge_status, @amount_cents, @currency,
            @authorized_cents, @captured_cents, @refunded_cents, @provider_reference, @provider_payment_reference, @is_reference_closed,
            @is_void_accepted, @is_authorization_failed, @refund_reason, @last_error::json, @routing_rule, @routing_trace::json, @booked_at, @book_by,
            @checkout_expires_at, @closing_at, @closing_reason, @refresh_due_at, @refreshed_at, @capture_before, @release_due_at, @created_at,
            @authorized_at, @captured_at, @voided_at, @refunded_at, @failed_at, @due_at, NULL, @version)
        """;

    public static Charge ReadCharge(PostgresRow row) => new()
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

    /// <summary>Queues the insert of a new charge.</summary>
    public static void Insert(PostgresSession session, Charge charge, DateTimeOffset? dueAt) => session.ExecuteOne(
        $"charge {charge.Id}",
        InsertCharge,
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

    public static ChargePayment ReadPayment(PostgresRow row) => new()
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

    public static ChargeRefund ReadRefund(PostgresRow row) => new()
    {
        Reference = row.Text("reference"),
        State = row.Name<RefundState>("state"),
        Amount = row.Amount("amount_cents"),
        PaymentReference = row.TextOrNull("payment_reference"),
        OperationId = row.IdOrNull("operation_id") is { } id ? new OperationId(id) : null,
        CreatedAt = row.TimeOrNull("created_at"),
        ErrorCode = row.TextOrNull("error_code"),
    };

    public static ChargeOperation ReadOperation(PostgresRow row) => new()
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

    private static string? JsonOrNull<T>(T? value)
        where T : class => value is null ? null : PaymentsJson.Serialize(value);
}
