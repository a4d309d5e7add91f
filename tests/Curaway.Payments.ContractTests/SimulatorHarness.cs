using System.Collections.Immutable;
using Curaway.Payments.Simulators;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Curaway.Payments.ContractTests;

/// <summary>
/// A simulator as the world: it keeps a ledger, so what a stub merely claims has to be brought about first. What a facts'
/// class calls "the" reference is the newest object of the ledger.
/// </summary>
public abstract class SimulatorHarness : ProviderHarness
{
    private ServiceProvider? _services;
    private ServiceProvider? _unconfigured;
    private bool _isPrepared;
    private int _preparedCount;

    /// <summary>The clock of the contract's charges.</summary>
    protected static FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 20, 9, 0, 0, TimeSpan.Zero));

    public sealed override IPaymentProvider Provider => Services.GetRequiredService<IPaymentProvider>();

    protected ServiceProvider Services => _services ??= Create(Base);

    public sealed override IPaymentProvider Unconfigured => (_unconfigured ??= Create(null)).GetRequiredService<IPaymentProvider>();

    public sealed override string Reference
    {
        get
        {
            Prepare();
            return NewestReference;
        }
    }

    public sealed override string PaymentReference
    {
        get
        {
            Prepare();
            return NewestPayment;
        }
    }

    public sealed override IReadOnlyList<WireRequest> Sent =>
        [.. Calls.Skip(_preparedCount).Select(call => new WireRequest(
            call.Method, call.Path.Split('?')[0], AuthorizationOf(call), call.IdempotencyKey, WireRequest.FieldsOf(call.Body)))];

    /// <summary>Where the simulator listens.</summary>
    protected abstract Uri Base { get; }

    protected abstract IReadOnlyList<SimulatorCall> Calls { get; }

    protected abstract string NewestReference { get; }

    protected abstract string NewestPayment { get; }

    /// <summary>The stubs' harness of the same provider: what goes over the wire is the same in both worlds.</summary>
    protected abstract ProviderHarness Stubs { get; }

    public sealed override WireRequest? Expected(ProviderRequest request)
    {
        if (Stubs.Expected(request) is not { } expected)
            return null;
        return expected with
        {
            Path = InThisWorld(expected.Path),
            Fields = expected.Fields.ToImmutableSortedDictionary(field => field.Key, field => InThisWorld(field.Value), StringComparer.Ordinal),
        };

        string InThisWorld(string text) => text == Stubs.Reference || text.Contains('/', StringComparison.Ordinal)
            ? text.Replace(Stubs.Reference, request.Charge.Reference, StringComparison.Ordinal)
                .Replace(Stubs.PaymentReference, request.Charge.PrincipalPayment?.Reference, StringComparison.Ordinal)
            : text;
    }

    public sealed override void StubSuccess(ProviderRequest request)
    {
        if (request.RequiredOperation.Kind == OperationKind.Refund)
            Unseen(() => CaptureAtTheProvider(request));
    }

    public sealed override void StubFound(ProviderRequest request)
    {
        StubSuccess(request);
        Unseen(() => Wait(SendAsync(request)));
        if (request.RequiredOperation.Kind == OperationKind.Authorize)
            Pay();
    }

    public override void StubNotFound(ProviderRequest request) => StubSuccess(request);

    public sealed override void StubFault(ProviderRequest request, WireFault fault)
    {
        StubSuccess(request);
        switch (fault)
        {
            case WireFault.Unauthorized:
                ChangeKey();
                break;
            case WireFault.ConnectionRefused:
                _services = Create(BrokenServer.ClosedPort());
                break;
            case WireFault.Refused:
                Refuse();
                break;
            default:
                Strike(request.RequiredOperation.Kind, FaultOf(fault));
                break;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_services is not null)
            await _services.DisposeAsync();
        if (_unconfigured is not null)
            await _unconfigured.DisposeAsync();
    }

    protected static void Wait(Task task) => task.GetAwaiter().GetResult();

    /// <summary>What the simulator checked, since it does not write it down: any other header is answered with 401.</summary>
    protected abstract string? AuthorizationOf(SimulatorCall call);

    protected abstract ServiceProvider Create(Uri? apiBase);

    /// <summary>The patient pays the newest intent or order.</summary>
    protected abstract void Pay();

    /// <summary>The account's key becomes another.</summary>
    protected abstract void ChangeKey();

    /// <summary>The provider will refuse the next refund.</summary>
    protected abstract void Refuse();

    protected abstract void Strike(OperationKind kind, SimulatorFault fault);

    private static SimulatorFault FaultOf(WireFault fault) => fault switch
    {
        WireFault.Throttled => SimulatorFault.RateLimited(TimeSpan.FromSeconds(7)),
        WireFault.ServerError => SimulatorFault.Answer(500, """{"error":{"type":"api_error","code":"SERVER_ERROR","message":"It broke."}}"""),
        WireFault.BadGatewayEmpty => SimulatorFault.BadGatewayEmpty,
        WireFault.Html => SimulatorFault.OkHtml,
        WireFault.EmptyObject => SimulatorFault.Answer(200, "{}"),
        WireFault.Array => SimulatorFault.Answer(200, "[]"),
        WireFault.Null => SimulatorFault.Answer(200, "null"),
        WireFault.Truncated => SimulatorFault.Answer(200, """{"id":"half_an_answ""").AfterExecution(),
        WireFault.OtherAmount => SimulatorFault.WrongAmount,
        WireFault.OtherCurrency => SimulatorFault.WrongCurrency,
        WireFault.OtherId => SimulatorFault.WrongId,
        WireFault.Slow => SimulatorFault.Delay(TimeSpan.FromSeconds(2)),
        WireFault.ConnectionReset => SimulatorFault.Reset.AfterExecution(),
        _ => throw new ArgumentOutOfRangeException(nameof(fault)),
    };

    private static ChargeOperation Step(ProviderRequest request, OperationKind kind) => request.RequiredOperation with
    {
        Id = new OperationId(Guid.CreateVersion7()),
        Kind = kind,
        Amount = request.Charge.Amount,
        RequestId = null,
    };

    private Task<ProviderResult> SendAsync(ProviderRequest request) => request.RequiredOperation.Kind switch
    {
        OperationKind.Authorize => Provider.AuthorizeAsync(request, CancellationToken.None),
        OperationKind.Capture => Provider.CaptureAsync(request, CancellationToken.None),
        OperationKind.Void => Provider.VoidAsync(request, CancellationToken.None),
        _ => Provider.RefundAsync(request, CancellationToken.None),
    };

    private void CaptureAtTheProvider(ProviderRequest request) =>
        Wait(Provider.CaptureAsync(new ProviderRequest(request.Charge, Step(request, OperationKind.Capture)), CancellationToken.None));

    /// <summary>A charge that the contract starts from is held at the provider; an empty ledger knows none.</summary>
    private void Prepare()
    {
        if (_isPrepared || Calls.Count > 0)
            return;
        _isPrepared = true;
        Unseen(() =>
        {
            Wait(Provider.AuthorizeAsync(Beginning(), CancellationToken.None));
            Pay();
        });
    }

    private void Unseen(Action act)
    {
        act();
        _preparedCount = Calls.Count;
    }

    /// <summary>How the contract's charge came to be, before the operation under test.</summary>
    private ProviderRequest Beginning()
    {
        var charge = new Charge
        {
            Id = new ChargeId(Guid.Parse("01940000-0000-7000-8000-0000000000cc")),
            TenantId = OpaqueId.Parse("clinic-global"),
            ConsultationId = OpaqueId.Parse("consultation_42"),
            Amount = Amount,
            Routing = new RoutingDecision(Provider.Name, "default", []),
            CreatedAt = Time.GetUtcNow(),
            BookBy = Time.GetUtcNow().AddMinutes(10),
        };
        return new ProviderRequest(charge, new ChargeOperation
        {
            Id = new OperationId(Guid.Parse("01940000-0000-7000-8000-0000000000bb")),
            ChargeId = charge.Id,
            Kind = OperationKind.Authorize,
            Amount = Amount,
            Fingerprint = "f",
            ActorId = "patient_7",
            CreatedAt = Time.GetUtcNow(),
            NextAttemptAt = Time.GetUtcNow(),
            SendCount = 1,
        });
    }
}
