namespace Curaway.Payments.ContractTests;

/// <summary>A world for one test, and the requests the engine would make.</summary>
public abstract class ProviderTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 9, 0, 0, TimeSpan.Zero);

    protected ProviderHarness World { get; private set; } = null!;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        World = CreateHarness();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await World.DisposeAsync();
    }

    protected abstract ProviderHarness CreateHarness();

    /// <summary>The charge as it stands when the verb is first sent, and the operation.</summary>
    protected ProviderRequest RequestFor(OperationKind kind, long? amountMinorUnits = null, string? paymentMethod = null)
    {
        var amount = World.Amount with { MinorUnits = amountMinorUnits ?? World.Amount.MinorUnits };
        var charge = ChargeBefore(kind);
        var operation = new ChargeOperation
        {
            Id = new OperationId(Guid.Parse("01940000-0000-7000-8000-0000000000aa")),
            ChargeId = charge.Id,
            Kind = kind,
            Amount = amount,
            Fingerprint = "f",
            ActorId = "patient_7",
            CreatedAt = Now,
            NextAttemptAt = Now.AddSeconds(30),
            RequestId = kind == OperationKind.Refund ? OpaqueId.Parse("refund_1") : null,
            PaymentMethod = paymentMethod,
            Reason = "requested_by_patient",
            SendCount = 1,
            FirstSentAt = Now,
        };
        return new ProviderRequest(charge, operation);
    }

    protected Charge ChargeBefore(OperationKind kind)
    {
        var charge = new Charge
        {
            Id = new ChargeId(Guid.Parse("01940000-0000-7000-8000-0000000000cc")),
            TenantId = OpaqueId.Parse("clinic-global"),
            ConsultationId = OpaqueId.Parse("consultation_42"),
            Amount = World.Amount,
            Routing = new RoutingDecision(World.Provider.Name, "default", []),
            CreatedAt = Now,
            BookBy = Now.AddMinutes(10),
        };
        if (kind == OperationKind.Authorize)
            return charge;
        var captured = kind == OperationKind.Refund;
        var payment = new ChargePayment
        {
            Reference = World.PaymentReference,
            State = captured ? PaymentState.Captured : PaymentState.Authorized,
            Amount = World.Amount,
            Captured = captured ? World.Amount : Money.Zero(World.Amount.Currency),
            CreatedAt = Now,
        };
        return charge with { Reference = World.Reference, IsLiveMode = false, Payments = [payment] };
    }

    protected Task<ProviderResult> SendAsync(ProviderRequest request) => SendAsync(request, Ct);

    /// <summary>The request's verb, at the world's provider or another.</summary>
    protected Task<ProviderResult> SendAsync(ProviderRequest request, CancellationToken ct, IPaymentProvider? to = null)
    {
        var provider = to ?? World.Provider;
        return request.RequiredOperation.Kind switch
        {
            OperationKind.Authorize => provider.AuthorizeAsync(request, ct),
            OperationKind.Capture => provider.CaptureAsync(request, ct),
            OperationKind.Void => provider.VoidAsync(request, ct),
            _ => provider.RefundAsync(request, ct),
        };
    }

    protected static ChargeStatus StatusAfter(ProviderRequest request, ProviderResult result)
    {
        var applied = ChargeLifecycle.Apply(request.Charge, result.Snapshot!, Now);
        Assert.Empty(applied.Conflicts);
        return applied.Charge.Status;
    }
}
