namespace Curaway.Payments.ContractTests.Razorpay;

/// <summary>Razorpay's calls, as its files tell them.</summary>
public sealed class RazorpayCallTests : ProviderCallTests
{
    public static new TheoryData<string, string> Cases => CasesOf("Razorpay");

    [Fact]
    public void Every_verb_has_a_file() =>
        Assert.Equal(["authorize", "capture", "find", "refund", "verify_checkout", "void"], VerbsOf("Razorpay"));

    [Fact]
    public void Every_void_policy_has_a_file() =>
        Assert.Equal(Enum.GetValues<RazorpayVoidPolicy>(), FilesOf("Razorpay").Select(Read).Where(call => call.Verb == "void").Select(call => call.Given.VoidPolicy ?? default).Distinct().Order());

    protected override Task<(string Outcome, ProviderFault Fault)> ActAsync(CallFile call)
    {
        ((RazorpayHarness)World).VoidPolicy = call.Given.VoidPolicy ?? default;
        return base.ActAsync(call);
    }

    protected override ProviderHarness CreateHarness() => new RazorpayHarness();
}
