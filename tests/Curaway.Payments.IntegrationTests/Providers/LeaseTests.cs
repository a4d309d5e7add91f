using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>What a host that dies has claimed is somebody else's again as soon as the work could have been done, and no later.</summary>
public sealed class LeaseTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(10, 180)]
    [InlineData(2, 52)]
    [Trait("Promise", "P03")]
    public async Task A_dead_hosts_claim_ends_when_its_deadline_says_so(int deadlineSeconds, int leaseSeconds)
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var charge = await engine.AuthorizedAsync(engine.Stripe);
        engine.Stripe.Strike(StruckCall.Capture, SimulatorFault.Reset.AfterExecution());
        await engine.Charges.CaptureAsync(charge.Id, "clinician-1", Ct);

        // It claims what is due, and dies before it wrote anything about it.
        engine.Advance(TimeSpan.FromMinutes(1));
        engine.Deadline = TimeSpan.FromSeconds(deadlineSeconds);
        engine.CommitsLeft = 0;
        await engine.SweepAsync();
        await engine.RestartAsync();
        Assert.Null(engine.CommitsLeft);

        engine.Advance(TimeSpan.FromSeconds(leaseSeconds - 5));
        await engine.SweepAsync();
        Assert.Equal(ChargeStatus.Authorized, (await engine.ChargeAsync(charge.Id)).Status);
        engine.Advance(TimeSpan.FromSeconds(6));
        await engine.SweepAsync();
        Assert.Equal(ChargeStatus.Captured, (await engine.ChargeAsync(charge.Id)).Status);
        Assert.Equal(1, engine.Stripe.LedgerOf(charge.Id).Captures);
    }
}
