namespace Curaway.Payments.ContractTests.Stripe;

/// <summary>Stripe's calls, as its files tell them.</summary>
public sealed class StripeCallTests : ProviderCallTests
{
    public static new TheoryData<string, string> Cases => CasesOf("Stripe");

    [Fact]
    public void Every_verb_has_a_file() =>
        Assert.Equal(["authorize", "capture", "find", "refund", "verify_checkout", "void"], VerbsOf("Stripe"));

    protected override ProviderHarness CreateHarness() => new StripeHarness();
}
