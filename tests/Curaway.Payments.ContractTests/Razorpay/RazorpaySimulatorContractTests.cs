using Curaway.Payments.Simulators;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.ContractTests.Razorpay;

/// <summary>The same facts against Razorpay's simulator: it answers as the stubs say that Razorpay does.</summary>
public sealed class RazorpaySimulatorContractTests : ProviderContractTests
{
    public static new TheoryData<OperationKind, WireFault> Faults => FaultsThat(RazorpaySimulatorHarness.CanHappen);

    protected override ProviderHarness CreateHarness() => new RazorpaySimulatorHarness();
}

/// <summary>Razorpay as a simulator.</summary>
internal sealed class RazorpaySimulatorHarness : SimulatorHarness
{
    private static readonly Lazy<RazorpayHarness> Shapes = new(() => new RazorpayHarness());

    private readonly RazorpaySimulator _simulator = RazorpaySimulator.StartAsync(
        new RazorpaySimulatorOptions { KeyId = RazorpayHarness.KeyId, KeySecret = RazorpayHarness.KeySecret, TimeProvider = Time })
        .GetAwaiter().GetResult();

    public override Money Amount => Shapes.Value.Amount;

    protected override ProviderHarness Stubs => Shapes.Value;

    protected override Uri Base => _simulator.BaseAddress;

    protected override IReadOnlyList<SimulatorCall> Calls => _simulator.Ledger.Calls;

    protected override string NewestReference => _simulator.Ledger.Orders[^1].Id;

    protected override string NewestPayment => _simulator.Ledger.Payments[^1].Id;

    /// <summary>
    /// Left out, and why, beyond what the stubs leave out. BadRequest: the adapter sends nothing that the simulator would not
    /// take. OtherId of what is created: an id nobody knew before proves nothing; the stubs' answer carries another receipt or
    /// payment instead.
    /// </summary>
    public static bool CanHappen(OperationKind kind, WireFault fault) => RazorpayHarness.CanHappen(kind, fault) && fault switch
    {
        WireFault.BadRequest => false,
        WireFault.OtherId => kind == OperationKind.Capture,
        _ => true,
    };

    /// <summary>A void of an order that is there would be found, so the order is not.</summary>
    public override void StubNotFound(ProviderRequest request)
    {
        base.StubNotFound(request);
        if (request.RequiredOperation.Kind == OperationKind.Void)
        {
            _simulator.Faults.Next(RazorpayCall.Read, SimulatorFault.Answer(
                400, """{"error":{"code":"BAD_REQUEST_ERROR","description":"The id provided does not exist","reason":"input_validation_failed"}}"""));
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _simulator.DisposeAsync();
    }

    protected override string? AuthorizationOf(SimulatorCall call) => call.Status == 401 ? null : "Basic " + Convert.ToBase64String(
        System.Text.Encoding.UTF8.GetBytes($"{RazorpayHarness.KeyId}:{RazorpayHarness.KeySecret}"));

    protected override ServiceProvider Create(Uri? apiBase)
    {
        var services = new ServiceCollection();
        new PaymentsBuilder(services).AddRazorpay(options =>
        {
            if (apiBase is null)
                return;
            options.KeyId = RazorpayHarness.KeyId;
            options.KeySecret = RazorpayHarness.KeySecret;
            options.ApiBase = apiBase.ToString();
        });
        return services.BuildServiceProvider();
    }

    protected override void Pay() => _simulator.PayAsPatient(_simulator.Ledger.Orders[^1].Id);

    protected override void ChangeKey() => _simulator.Options.KeySecret = "another_secret";

    protected override void Refuse() => _simulator.Options.MerchantBalance = 0;

    protected override void Strike(OperationKind kind, SimulatorFault fault) => _simulator.Faults.Next(
        kind switch
        {
            OperationKind.Authorize => RazorpayCall.Create,
            OperationKind.Capture => RazorpayCall.Capture,
            OperationKind.Void => RazorpayCall.List,
            _ => RazorpayCall.Refund,
        },
        fault);
}
