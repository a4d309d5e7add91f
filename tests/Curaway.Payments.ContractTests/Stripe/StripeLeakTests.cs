using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Curaway.Payments.ContractTests.Stripe;

/// <summary>What must not leave: secrets, prose, what a bank knows of a patient, and what Stripe.net likes to tell home.</summary>
public sealed class StripeLeakTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(200)]
    [InlineData(402)]
    [InlineData(500)]
    [Trait("Promise", "P22")]
    public async Task Nothing_of_a_call_is_logged_at_any_level(int status)
    {
        await using var world = new StripeHarness();
        using var log = new LogList();
        var services = new ServiceCollection().AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log));
        await using var built = Build(services, world);
        world.StubGet(
            $"/v1/payment_intents/{StripeAnswers.IntentId}",
            status,
            status == 200
                ? StripeAnswers.Intent("requires_payment_method", lastError: """{"type":"card_error","code":"Secret prose of a bank","message":"prose"}""")
                : StripeAnswers.Error("card_error", "Secret prose of a bank"));
        built.GetRequiredService<ILoggerFactory>().CreateLogger("control").LogTrace("control");

        var provider = built.GetRequiredService<IPaymentProvider>();
        var result = await provider.FindAsync(new ProviderRequest(Charge, null), Ct);

        Assert.Equal(["control"], log.Lines);
        Assert.DoesNotContain("prose", PaymentsJson.Serialize(result.Snapshot) + result + result.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", $"{PaymentsJson.Serialize(result.Snapshot)} {result.NextAction}", StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task No_telemetry_is_sent_and_no_file_written_for_it()
    {
        var home = Directory.CreateTempSubdirectory("curaway-telemetry-").FullName;
        var before = Environment.GetEnvironmentVariable("XDG_CONFIG_HOME");
        Environment.SetEnvironmentVariable("XDG_CONFIG_HOME", home);
        try
        {
            await using var world = new StripeHarness();
            await using var built = Build(new ServiceCollection(), world);
            world.StubIntent(StripeAnswers.Intent("requires_payment_method"));
            var provider = built.GetRequiredService<IPaymentProvider>();
            // The figures of one call would travel with the next.
            await provider.FindAsync(new ProviderRequest(Charge, null), Ct);
            await provider.FindAsync(new ProviderRequest(Charge, null), Ct);

            Assert.Equal(2, world.Received.Count);
            Assert.All(world.Received, call => Assert.DoesNotContain("X-Stripe-Client-Telemetry", call.Headers!.Keys));
            Assert.Empty(Directory.EnumerateFileSystemEntries(home));
        }
        finally
        {
            Environment.SetEnvironmentVariable("XDG_CONFIG_HOME", before);
            Directory.Delete(home, recursive: true);
        }
    }

    private static Charge Charge => new()
    {
        Id = new ChargeId(Guid.Parse("01940000-0000-7000-8000-0000000000cc")),
        TenantId = OpaqueId.Parse("clinic-global"),
        ConsultationId = OpaqueId.Parse("consultation_42"),
        Amount = new Money(150_000, Currency.Parse("USD")),
        Routing = new RoutingDecision("stripe", "default", []),
        Reference = StripeAnswers.IntentId,
        CreatedAt = DateTimeOffset.FromUnixTimeSeconds(1_795_165_200),
        BookBy = DateTimeOffset.FromUnixTimeSeconds(1_795_165_800),
    };

    private static ServiceProvider Build(IServiceCollection services, StripeHarness world)
    {
        new PaymentsBuilder(services).AddStripe(options =>
        {
            options.SecretKey = StripeHarness.SecretKey;
            options.PublishableKey = StripeHarness.PublishableKey;
            options.ApiBase = world.Address.ToString();
        });
        return services.BuildServiceProvider();
    }
}
