using Curaway.Payments.IntegrationTests.Host;

namespace Curaway.Payments.IntegrationTests.Chaos;

/// <summary>Two hosts under everything that goes wrong at once, and what is left when it is over.</summary>
[Collection(HostProcesses.OneAtATime)]
public sealed class ChaosTests
{
    private static readonly TimeSpan ConvergenceMax = TimeSpan.FromSeconds(30);

    [Fact]
    [Trait("Promise", "P02")]
    [Trait("Promise", "P03")]
    public async Task Whatever_dies_no_money_is_lost_or_taken_twice_and_every_row_comes_to_the_providers_truth()
    {
        var report = await ChaosRun.RunAsync(ChaosPlan.FromEnvironment(), TestContext.Current.CancellationToken);

        Assert.Empty(report.Violations);
        Assert.True(report.ConvergedIn < ConvergenceMax, report.ToString());
        Assert.True(report.KillCount >= report.Plan.KillCountMin && report is { BookingCount: > 0, CaptureCount: > 0, RefundCount: > 0, ProviderFaultCount: > 0 }, report.ToString());
    }

    [Fact]
    [Trait("Promise", "P02")]
    public async Task A_host_that_writes_after_the_answer_and_takes_unknown_for_failure_is_found_out()
    {
        var report = await ChaosRun.RunAsync(
            new ChaosPlan
            {
                Seed = 7,
                Duration = TimeSpan.FromSeconds(10),
                KillCountMin = 4,
                Project = "tests/Curaway.Payments.ChaosHost",
                Patience = TimeSpan.FromSeconds(6),
                Mistakes = "row_after_answer new_key_per_retry unknown_is_failure",
            },
            TestContext.Current.CancellationToken);

        Assert.NotEmpty(report.Violations);
    }
}
