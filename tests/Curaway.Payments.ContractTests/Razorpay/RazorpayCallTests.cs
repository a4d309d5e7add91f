namespace Curaway.Payments.ContractTests.Razorpay;

/// <summary>Razorpay's calls, as its files tell them.</summary>
public sealed class RazorpayCallTests : ProviderCallTests
{
    public static new TheoryData<string, string> Cases => CasesOf("Razorpay");

    [Fact]
    public void Every_verb_has_a_file() =>
        Assert.Equal(["authorize", "capture", "find", "refund", "verify_checkout", "void"], VerbsOf("Razorpay"));

    protected override ProviderHarness CreateHarness() => new RazorpayHarness();
}
