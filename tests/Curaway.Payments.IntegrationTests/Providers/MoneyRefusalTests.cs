namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>What a provider cannot be asked for is refused by us: nothing is written, and not a byte leaves.</summary>
public sealed class MoneyRefusalTests(SimulatedEngine engine) : IClassFixture<SimulatedEngine>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("stripe", "KWD", 1234, ErrorCodes.AmountInvalid)]
    [InlineData("stripe", "BHD", 1, ErrorCodes.AmountInvalid)]
    [InlineData("stripe", "MGA", 1550, ErrorCodes.AmountInvalid)]
    [InlineData("stripe", "USD", 0, ErrorCodes.AmountInvalid)]
    [InlineData("stripe", "USD", -100, ErrorCodes.AmountInvalid)]
    [InlineData("stripe", "USD", 1_000_000_000_000, ErrorCodes.AmountInvalid)]
    [InlineData("stripe", "UGX", 10_000_000_000, ErrorCodes.AmountInvalid)]
    [InlineData("stripe", "IQD", 1000, ErrorCodes.CurrencyUnsupported)]
    [InlineData("stripe", "LYD", 1000, ErrorCodes.CurrencyUnsupported)]
    [InlineData("razorpay", "INR", 99, ErrorCodes.AmountInvalid)]
    [InlineData("razorpay", "IQD", 1001, ErrorCodes.AmountInvalid)]
    [InlineData("razorpay", "LYD", 1000, ErrorCodes.CurrencyUnsupported)]
    [InlineData("razorpay", "INR", 1_000_000_000_000, ErrorCodes.AmountInvalid)]
    public async Task An_amount_the_provider_does_not_take_is_refused_before_the_call(string name, string currency, long minorUnits, string code)
    {
        var provider = engine.ProviderOf(name);
        var calls = provider.Calls.Count;
        var command = engine.Checkout(provider);
        command = command with { Amount = new Money(minorUnits, Currency.Parse(currency)), Routing = command.Routing with { ExplicitOverride = name } };

        var result = await engine.Charges.AuthorizeAsync(command, Ct);

        Assert.Equal((OperationOutcome.Refused, code), (result.Outcome, result.Error?.Code));
        Assert.Null((await engine.Store.FindAsync(new ChargeSelector.LatestOf(command.TenantId, command.ConsultationId), Ct)).Charge);
        Assert.Equal(calls, provider.Calls.Count);
    }

    [Theory]
    [InlineData("stripe", "KWD", 20_000, 1_234)]
    [InlineData("stripe", "MGA", 2_000_00, 15_50)]
    [InlineData("razorpay", "IQD", 20_000, 1_001)]
    public async Task A_part_refund_the_provider_cannot_write_is_refused_before_the_call(string name, string currency, long whole, long part)
    {
        var provider = engine.ProviderOf(name);
        var charge = await CapturedAsync(provider, new Money(whole, Currency.Parse(currency)));
        var calls = provider.Calls.Count;

        var refused = await engine.Charges.RefundAsync(SimulatedEngine.Refund(charge, "part", part), Ct);

        Assert.Equal((OperationOutcome.Refused, ErrorCodes.AmountInvalid), (refused.Outcome, refused.Error?.Code));
        Assert.Equal(calls, provider.Calls.Count);
        Assert.Empty((await engine.StateAsync(charge.Id)).Operations.Where(operation => operation.Kind == OperationKind.Refund));
        Assert.Equal(OperationOutcome.Succeeded, (await engine.Charges.RefundAsync(SimulatedEngine.Refund(charge, "whole"), Ct)).Outcome);
    }

    [Fact]
    public async Task The_minimum_is_a_charges_and_not_a_refunds()
    {
        var charge = await CapturedAsync(engine.Razorpay, new Money(100_00, Currency.Parse("INR")));

        Assert.Equal(OperationOutcome.Succeeded, (await engine.Charges.RefundAsync(SimulatedEngine.Refund(charge, "tiny", 50), Ct)).Outcome);
        Assert.Equal(50, engine.Razorpay.LedgerOf(charge.Id).Refunded);
    }

    private async Task<Charge> CapturedAsync(SimulatedProvider provider, Money amount)
    {
        var command = engine.Checkout(provider);
        command = command with { Amount = amount, Routing = command.Routing with { ExplicitOverride = provider.Name } };
        var waiting = await engine.Charges.AuthorizeAsync(command, Ct);
        Assert.Equal(OperationOutcome.RequiresAction, waiting.Outcome);
        await engine.CompleteAsync(waiting.Charge!, provider.Pay(waiting.NextAction!));
        var captured = await engine.Charges.CaptureAsync(waiting.Charge!.Id, "clinician-1", Ct);
        Assert.Equal((OperationOutcome.Succeeded, amount), (captured.Outcome, captured.Charge!.Captured));
        return captured.Charge;
    }
}
