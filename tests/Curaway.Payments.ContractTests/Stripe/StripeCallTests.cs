namespace Curaway.Payments.ContractTests.Stripe;

/// <summary>Stripe's calls, as its files tell them.</summary>
public sealed class StripeCallTests : ProviderCallTests
{
    public static new TheoryData<string, string> Cases => CasesOf("Stripe");

    [Fact]
    public void Every_verb_has_a_file() =>
        Assert.Equal(["authorize", "capture", "create_customer", "find", "find_kept", "forget", "refund", "verify_checkout", "void"], VerbsOf("Stripe"));

    protected override async Task<(string Outcome, ProviderFault Fault)> ActAsync(CallFile call)
    {
        var (vault, given) = (((StripeHarness)World).Vault, call.Given);
        return call.Verb switch
        {
            "create_customer" => Said(await vault.CreateCustomerAsync("default", OpaqueId.Parse(given.Customer!), Ct)),
            "find_kept" => Said(await vault.FindKeptAsync(ChargeBefore(OperationKind.Capture), given.Customer!, Ct)),
            "forget" => await vault.ForgetAsync(new SavedPaymentMethod("stripe", given.PaymentMethod!, given.Customer), Ct) is var fault and not ProviderFault.None
                ? ("Unknown", fault) : ("Succeeded", ProviderFault.None),
            _ => await base.ActAsync(call),
        };
    }

    private static (string Outcome, ProviderFault Fault) Said<T>(VaultAnswer<T> answer)
        where T : class =>
        (answer.Fault != ProviderFault.None ? "Unknown" : answer.Value is null ? "Nothing" : "Succeeded", answer.Fault);

    protected override ProviderHarness CreateHarness() => new StripeHarness();
}
