namespace Curaway.Payments.IntegrationTests.Stores;

/// <summary>Charges, operations, snapshots and deliveries to store.</summary>
internal static class Facts
{
    public static readonly OpaqueId Tenant = OpaqueId.Parse("tenant_1");
    public static readonly ChargeCause Cause = new("authorize", "api", "user_1", "op_1");

    private static readonly Currency Usd = Currency.Parse("USD");

    public static Money Dollars(long cents) => new(cents, Usd);

    public static OpaqueId Consultation(string name) => OpaqueId.Parse("consultation_" + name);

    public static Charge Charge(TimeProvider time, string consultation, string provider = "stripe", string? reference = null) => new()
    {
        Id = ChargeId.New(time),
        TenantId = Tenant,
        ConsultationId = Consultation(consultation),
        Amount = Dollars(1500),
        Routing = new RoutingDecision(provider, "default", [new RoutingStep("default", provider, "no other rule chose")]),
        Reference = reference,
        BookBy = time.GetUtcNow().AddMinutes(10),
        CreatedAt = time.GetUtcNow(),
    };

    /// <summary>A charge and an operation in which every field has a value of its own.</summary>
    public static (Charge Charge, ChargeOperation Operation) Full(TimeProvider time, string consultation)
    {
        var now = time.GetUtcNow();
        var operation = Operation(time, ChargeId.New(time)) with
        {
            Kind = OperationKind.Refund,
            Amount = Dollars(400),
            State = OperationState.Review,
            Outcome = OperationOutcome.Indeterminate,
            RequestId = OpaqueId.Parse("request_1"),
            PaymentMethod = "pm_1",
            Customer = "cus_1",
            Reason = "requested_by_patient",
            SendCount = 3,
            IsUnresolved = true,
            FirstSentAt = now.AddSeconds(1),
            ClosedAt = now.AddSeconds(2),
            Error = new PaymentError(ErrorCodes.ProviderUnavailable, "timeout", TimeSpan.FromSeconds(7.5)),
            ProviderRequestId = "req_1",
        };
        var charge = Charge(time, consultation) with
        {
            Id = operation.ChargeId,
            Routing = new RoutingDecision("stripe", "tenant_setting",
                [new RoutingStep("explicit_override", null, "none"), new RoutingStep("tenant_setting", "stripe", "set")]),
            ProviderAccount = "clinic_2",
            IsLiveMode = false,
            Reference = "pi_full",
            IsReferenceClosed = true,
            IsVoidAccepted = true,
            IsAuthorizationFailed = true,
            Payments =
            [
                Payment("ch_1", PaymentState.Captured, 1500) with
                {
                    CreatedAt = now.AddMinutes(-2), CaptureBefore = now.AddDays(7), ReleaseDueAt = now.AddDays(5), ErrorCode = "late",
                },
                Payment("ch_2", PaymentState.Failed, 1500) with { Captured = Dollars(0), ErrorCode = "card_declined", ReleasesByCapture = true },
            ],
            Refunds =
            [
                new ChargeRefund
                {
                    Reference = "re_1", State = RefundState.Succeeded, Amount = Dollars(400), PaymentReference = "ch_1",
                    OperationId = operation.Id, CreatedAt = now.AddMinutes(-1), ErrorCode = "lost_or_stolen_card",
                },
                new ChargeRefund { Reference = "re_2", State = RefundState.Failed, Amount = Dollars(100) },
            ],
            Disputes =
            [
                Dispute("dp_1", DisputeState.Lost, 300) with { PaymentReference = "ch_1", Reason = "fraudulent" },
                Dispute("dp_2", DisputeState.Closed, 200),
            ],
            Invoices =
            [
                new ChargeInvoice
                {
                    Reference = "in_1", State = InvoiceState.Paid, Amount = Dollars(1500), Number = "A-2026/0001",
                    HostedUrl = "https://invoice.stripe.com/i/acct 1/₹",
                },
                new ChargeInvoice { Reference = "in_2", State = InvoiceState.Expired, Amount = Dollars(0) },
            ],
            BookedAt = now.AddSeconds(3),
            BookBy = now.AddSeconds(4),
            CheckoutExpiresAt = now.AddSeconds(5),
            ClosingAt = now.AddSeconds(6),
            ClosingReason = "hold_expired",
            RefreshedAt = now.AddMinutes(3),
            RefreshDueAt = now.AddSeconds(7),
            RefundReason = "requested_by_patient",
            LastError = new PaymentError(ErrorCodes.ChargeFailed, "insufficient_funds"),
            AuthorizedAt = now.AddSeconds(8),
            CapturedAt = now.AddSeconds(9),
            VoidedAt = now.AddSeconds(10),
            RefundedAt = now.AddSeconds(11),
            FailedAt = now.AddSeconds(12),
        };
        return (charge, operation);
    }

    public static ChargePayment Payment(string reference, PaymentState state, long cents) => new()
    {
        Reference = reference,
        State = state,
        Amount = Dollars(cents),
        Captured = Dollars(state == PaymentState.Captured ? cents : 0),
    };

    public static ChargeDispute Dispute(string reference, DisputeState state, long cents) =>
        new() { Reference = reference, State = state, Amount = Dollars(cents) };

    public static ChargeRefund Refund(string reference, long cents) =>
        new() { Reference = reference, State = RefundState.Succeeded, Amount = Dollars(cents) };

    public static ChargeOperation Operation(TimeProvider time, ChargeId chargeId, OperationKind kind = OperationKind.Authorize) => new()
    {
        Id = OperationId.New(time),
        ChargeId = chargeId,
        Kind = kind,
        Amount = Dollars(1500),
        Fingerprint = "fingerprint_1",
        ActorId = "user_1",
        CreatedAt = time.GetUtcNow(),
        NextAttemptAt = time.GetUtcNow().AddSeconds(20),
    };

    /// <summary>What a provider says about a charge, found by our id in its metadata.</summary>
    public static ProviderSnapshot Snapshot(Charge charge, params ReadOnlySpan<ChargePayment> payments) =>
        new() { Provider = charge.Provider, ChargeId = charge.Id, Payments = [.. payments] };

    public static WebhookDelivery Delivery(string eventId, ProviderSnapshot? snapshot, WebhookVerdict verdict = WebhookVerdict.Accepted, string? body = null)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(body ?? "{\"id\":\"" + eventId + "\"}");
        return new WebhookDelivery
        {
            Provider = snapshot?.Provider ?? "stripe",
            ProviderAccount = "default",
            EventId = eventId,
            EventType = "payment_intent.succeeded",
            Body = bytes,
            BodyHash = WebhookDelivery.Hash(bytes),
            Verdict = verdict,
            Snapshot = snapshot,
        };
    }
}
