using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Curaway.Payments.ContractTests.Razorpay;

/// <summary>What must not leave: secrets, prose, and what a bank knows of a patient.</summary>
public sealed class RazorpayLeakTests
{
    [Fact]
    [Trait("Promise", "P22")]
    public async Task Nothing_of_a_call_is_logged_at_any_level()
    {
        await using var world = new RazorpayHarness();
        using var log = new LogList();
        var services = new ServiceCollection().AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log));
        new PaymentsBuilder(services).AddRazorpay(options =>
        {
            options.KeyId = RazorpayHarness.KeyId;
            options.KeySecret = RazorpayHarness.KeySecret;
            options.ApiBase = world.Address.ToString();
        });
        await using var built = services.BuildServiceProvider();
        world.StubGet($"/v1/orders/{RazorpayAnswers.OrderId}", RazorpayAnswers.Order("[]", ""));
        world.StubPayments(RazorpayAnswers.Payment("failed", errorReason: "secret prose of a bank"));
        built.GetRequiredService<ILoggerFactory>().CreateLogger("control").LogTrace("control");

        var provider = built.GetRequiredService<IPaymentProvider>();
        var result = await provider.FindAsync(new ProviderRequest(Charge, null), TestContext.Current.CancellationToken);

        Assert.Equal(["control"], log.Lines);
        Assert.DoesNotContain("prose", PaymentsJson.Serialize(result.Snapshot), StringComparison.Ordinal);
        Assert.DoesNotContain("success@razorpay", PaymentsJson.Serialize(result.Snapshot), StringComparison.Ordinal);
        Assert.DoesNotContain(RazorpayHarness.KeyId, result.NextAction!.ToString(), StringComparison.Ordinal);
    }

    private static Charge Charge => new()
    {
        Id = new ChargeId(Guid.Parse("01940000-0000-7000-8000-0000000000cc")),
        TenantId = OpaqueId.Parse("clinic-india"),
        ConsultationId = OpaqueId.Parse("consultation_42"),
        Amount = new Money(150_000, Currency.Parse("INR")),
        Routing = new RoutingDecision("razorpay", "default", []),
        Reference = RazorpayAnswers.OrderId,
        CreatedAt = DateTimeOffset.FromUnixTimeSeconds(RazorpayAnswers.CreatedAt),
        BookBy = DateTimeOffset.FromUnixTimeSeconds(RazorpayAnswers.CreatedAt + 600),
    };
}
