using System.Collections.Immutable;

namespace Curaway.Payments.Tests;

/// <summary>Short words for charges and what providers say about them; 50.00 USD unless told otherwise.</summary>
internal static class Facts
{
    public const long Full = 5000;

    public static readonly DateTimeOffset T0 = new(2026, 3, 1, 10, 0, 0, TimeSpan.Zero);

    private static readonly Currency Dollar = Currency.Parse("USD");

    public static Money Usd(long minorUnits) => new(minorUnits, Dollar);

    public static Charge NewCharge(string provider = "stripe") => new()
    {
        Id = new ChargeId(new Guid("019abcde-0000-7000-8000-000000000001")),
        TenantId = OpaqueId.Parse("clinic-global"),
        ConsultationId = OpaqueId.Parse("consultation-1"),
        Amount = Usd(Full),
        Routing = new RoutingDecision(provider, "default", [new RoutingStep("default", provider, "the cross-border default")]),
        BookBy = T0.AddMinutes(10),
        CreatedAt = T0,
    };

    public static ChargePayment Payment(string reference, PaymentState state, long amount = Full, long? captured = null) => new()
    {
        Reference = reference,
        State = state,
        Amount = Usd(amount),
        Captured = Usd(captured ?? (state == PaymentState.Captured ? amount : 0)),
    };

    public static ChargeRefund Refund(string reference, RefundState state, long amount, string? of = null) => new()
    {
        Reference = reference,
        State = state,
        Amount = Usd(amount),
        PaymentReference = of,
    };

    public static ChargeDispute Dispute(string reference, DisputeState state, long amount = Full) =>
        new() { Reference = reference, State = state, Amount = Usd(amount) };

    public static ChargeInvoice Invoice(string reference, InvoiceState state, long amount = Full) =>
        new() { Reference = reference, State = state, Amount = Usd(amount) };

    public static ProviderSnapshot Says(
        string provider = "stripe",
        bool? live = null,
        ImmutableArray<ChargePayment> payments = default,
        ImmutableArray<ChargeRefund> refunds = default) => new()
        {
            Provider = provider,
            IsLiveMode = live,
            Reference = provider == "stripe" ? "pi_1" : "order_1",
            Payments = payments.IsDefault ? [] : payments,
            Refunds = refunds.IsDefault ? [] : refunds,
        };

    public static ChargeOperation Operation(OperationKind kind, long amount = Full, OperationState state = OperationState.Open) => new()
    {
        Id = new OperationId(new Guid("019abcde-0000-7000-8000-0000000000f1")),
        ChargeId = NewCharge().Id,
        Kind = kind,
        Amount = Usd(amount),
        Fingerprint = "f",
        ActorId = "admin-1",
        CreatedAt = T0,
        NextAttemptAt = T0.AddSeconds(30),
        State = state,
    };

    /// <summary>The charge after it was told all of it, in that order.</summary>
    public static Charge Tell(Charge charge, params IEnumerable<ProviderSnapshot> snapshots) =>
        snapshots.Aggregate(charge, (told, snapshot) => ChargeLifecycle.Apply(told, snapshot, T0).Charge);
}
