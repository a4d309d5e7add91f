using Curaway.Payments.Simulators;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.ContractTests.Stripe;

/// <summary>The same facts against Stripe's simulator: it answers as the stubs say that Stripe does.</summary>
public sealed class StripeSimulatorContractTests : ProviderContractTests
{
    public static new TheoryData<OperationKind, WireFault> Faults => FaultsThat(StripeSimulatorHarness.CanHappen);

    protected override ProviderHarness CreateHarness() => new StripeSimulatorHarness();
}

/// <summary>Stripe as a simulator.</summary>
internal sealed class StripeSimulatorHarness : SimulatorHarness
{
    private static readonly Lazy<StripeHarness> Shapes = new(() => new StripeHarness());

    private readonly StripeSimulator _simulator = StripeSimulator.StartAsync(
        new StripeSimulatorOptions
        {
            SecretKey = StripeHarness.SecretKey,
            PublishableKey = StripeHarness.PublishableKey,
            TimeProvider = Time,
        }).GetAwaiter().GetResult();

    public override Money Amount => Shapes.Value.Amount;

    protected override ProviderHarness Stubs => Shapes.Value;

    protected override Uri Base => _simulator.BaseAddress;

    protected override IReadOnlyList<SimulatorCall> Calls => _simulator.Ledger.Calls;

    protected override string NewestReference => _simulator.Ledger.PaymentIntents[^1].Id;

    protected override string NewestPayment => _simulator.Ledger.Charges[^1].Id;

    /// <summary>
    /// Left out, and why. Refused: checkout cannot decline at its creation, an expired hold is canceled (which reads as
    /// "already done"), and the simulator knows no disputes or balance. BadRequest: the adapter sends nothing that the
    /// simulator would not take. OtherId of what is created: an id nobody knew before proves nothing; the stubs' answer names
    /// another charge instead.
    /// </summary>
    public static bool CanHappen(OperationKind kind, WireFault fault) => fault switch
    {
        WireFault.Refused or WireFault.BadRequest => false,
        WireFault.OtherId => kind is OperationKind.Capture or OperationKind.Void,
        _ => true,
    };

    public IPaymentMethodVault Vault => Services.GetRequiredService<IPaymentMethodVault>();

    public void PayAndAuthenticate(string clientSecret, string card)
    {
        if (_simulator.PayAsPatient(clientSecret, card).Status == "requires_action")
            _simulator.AuthenticateAsPatient(clientSecret);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _simulator.DisposeAsync();
    }

    protected override string? AuthorizationOf(SimulatorCall call) => call.Status == 401 ? null : $"Bearer {StripeHarness.SecretKey}";

    protected override ServiceProvider Create(Uri? apiBase)
    {
        var services = new ServiceCollection();
        new PaymentsBuilder(services).AddStripe(options =>
        {
            if (apiBase is null)
                return;
            options.SecretKey = StripeHarness.SecretKey;
            options.PublishableKey = StripeHarness.PublishableKey;
            options.ApiBase = apiBase.ToString();
        });
        return services.BuildServiceProvider();
    }

    protected override void Pay() => _simulator.PayAsPatient(_simulator.Ledger.PaymentIntents[^1].ClientSecret);

    protected override void ChangeKey() => _simulator.Options.SecretKey = "sk_test_another";

    protected override void Refuse() => throw new NotSupportedException("See CanHappen.");

    protected override void Strike(OperationKind kind, SimulatorFault fault) => _simulator.Faults.Next(
        kind switch
        {
            OperationKind.Authorize => StripeCall.Create,
            OperationKind.Capture => StripeCall.Capture,
            OperationKind.Void => StripeCall.Cancel,
            _ => StripeCall.Refund,
        },
        fault);
}
