using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.IntegrationTests.Engine;

/// <summary>Under whom a checkout saves, and what becomes of a vault that breaks.</summary>
public sealed class SaveMethodTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("stripe", "default", null, "cus_1", null)]
    [InlineData("stripe", "eu", null, null, null)]
    [InlineData("razorpay", "default", null, null, null)]
    [InlineData("stripe", "default", "pm_ok", null, "pm_ok")]
    public async Task A_checkout_saves_only_where_the_charge_goes_and_never_over_a_saved_method(
        string provider, string account, string? method, string? customer, string? charged)
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Stripe.Next(method is null ? Behavior.RequireAction : Behavior.Execute);
        var command = engine.Authorize(method: method) with { SaveFor = new VaultCustomer(provider, "cus_1", account) };

        var result = await engine.Charges.AuthorizeAsync(command, Ct);

        var operation = Assert.Single((await engine.StateAsync(result.Charge!.Id)).Operations);
        Assert.Equal((customer, charged), (operation.Customer, operation.PaymentMethod));
    }

    [Fact]
    public async Task A_retry_that_saves_for_somebody_else_is_another_request()
    {
        await using var engine = await EngineFixture.StartAsync();
        engine.Stripe.Next(Behavior.ExecuteThenTimeout);
        var command = engine.Authorize(method: null) with { SaveFor = new VaultCustomer("stripe", "cus_1") };
        Assert.Equal(OperationOutcome.Indeterminate, (await engine.Charges.AuthorizeAsync(command, Ct)).Outcome);

        var other = await engine.Charges.AuthorizeAsync(command with { SaveFor = new VaultCustomer("stripe", "cus_2") }, Ct);

        Assert.Equal(new PaymentError(ErrorCodes.StateConflict, "other_request"), other.Error);
    }

    [Theory]
    [InlineData("throws", ProviderFault.Unreadable)]
    [InlineData("hangs", ProviderFault.Timeout)]
    public async Task A_vault_that_breaks_is_a_fault_and_never_an_exception(string how, ProviderFault fault)
    {
        await using var services = Services(new BrokenVault(how));
        var methods = services.GetRequiredService<PaymentMethodService>();

        Assert.Equal(new VaultAnswer<string>(null, fault), await methods.CreateCustomerAsync("stripe", "default", OpaqueId.Parse("c1"), Ct));
        Assert.Equal(fault, await methods.ForgetAsync(new SavedPaymentMethod("stripe", "pm_1"), Ct));
    }

    [Fact]
    public async Task A_provider_without_a_vault_or_credentials_saves_nothing()
    {
        await using var services = Services(new BrokenVault("throws"));
        var methods = services.GetRequiredService<PaymentMethodService>();

        Assert.Equal((true, false, false), (methods.CanSave("stripe"), methods.CanSave("razorpay"), methods.CanSave("nobody")));
        Assert.Equal(ProviderFault.Configuration, await methods.ForgetAsync(new SavedPaymentMethod("razorpay", "token_1"), Ct));
        Assert.Equal(ProviderFault.Configuration, (await methods.CreateCustomerAsync("razorpay", "default", OpaqueId.Parse("c1"), Ct)).Fault);
    }

    private static ServiceProvider Services(IPaymentMethodVault vault)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddMetrics();
        services.AddSingleton<IPaymentProvider>(new LedgerProvider("stripe")).AddSingleton<IPaymentProvider>(new LedgerProvider("razorpay"));
        services.AddSingleton(vault);
        services.AddCurawayPayments(payments => payments.Configure(options => options.ProviderDeadline = TimeSpan.FromMilliseconds(200)));
        return services.BuildServiceProvider();
    }

    private sealed class BrokenVault(string how) : IPaymentMethodVault
    {
        public string Provider => "stripe";

        public Task<VaultAnswer<string>> CreateCustomerAsync(string account, OpaqueId id, CancellationToken ct) => BreakAsync<VaultAnswer<string>>(ct);

        public Task<VaultAnswer<KeptPaymentMethod>> FindKeptAsync(Charge charge, string customer, CancellationToken ct) =>
            BreakAsync<VaultAnswer<KeptPaymentMethod>>(ct);

        public Task<ProviderFault> ForgetAsync(SavedPaymentMethod method, CancellationToken ct) => BreakAsync<ProviderFault>(ct);

        private async Task<T> BreakAsync<T>(CancellationToken ct)
        {
            if (how == "hangs")
                await Task.Delay(Timeout.InfiniteTimeSpan, ct);
            throw new InvalidOperationException("A vault has a bug.");
        }
    }
}
