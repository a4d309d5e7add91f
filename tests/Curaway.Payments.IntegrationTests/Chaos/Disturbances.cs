using Curaway.Payments.IntegrationTests.Postgres;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Chaos;

/// <summary>What goes wrong: hosts are killed, the database crashes, the wire to it is cut, providers break off, webhooks get lost.</summary>
internal sealed class Disturbances(ChaosCluster cluster, Promised promised, int seed, CancellationToken stop)
{
    // Longer than the hosts' deadline.
    private static readonly TimeSpan TooLong = TimeSpan.FromSeconds(3);

    private const int PauseMillisecondsMax = 1000;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan PatienceMax = TimeSpan.FromSeconds(3);

    private static readonly SimulatorFault[] Faults =
    [
        SimulatorFault.Reset, SimulatorFault.Reset.AfterExecution(),
        SimulatorFault.Answer(500, "{}"), SimulatorFault.Answer(500, "{}").AfterExecution(), SimulatorFault.ServerErrorHtml.AfterExecution(),
        SimulatorFault.BadGatewayEmpty.AfterExecution(), SimulatorFault.OkHtml.AfterExecution(), SimulatorFault.TruncatedBody,
        SimulatorFault.SlowBody(TooLong), SimulatorFault.Delay(TooLong), SimulatorFault.Delay(TooLong).BeforeExecution(),
        SimulatorFault.RateLimited(TimeSpan.FromSeconds(1)), SimulatorFault.InUse,
    ];

    private static readonly StripeCall[] StripeCalls =
        [StripeCall.Create, StripeCall.Capture, StripeCall.Cancel, StripeCall.Refund, StripeCall.Read | StripeCall.List];

    private static readonly RazorpayCall[] RazorpayCalls =
        [RazorpayCall.Create, RazorpayCall.Capture, RazorpayCall.Refund, RazorpayCall.Read | RazorpayCall.List];

    /// <summary>Until it is told to stop, and what it began is done.</summary>
    public async Task RunAsync()
    {
        TravelBadly(cluster.Simulators.Stripe.Webhooks, new Random(seed));
        TravelBadly(cluster.Simulators.Razorpay.Webhooks, new Random(seed + 1));
        await Task.WhenAll(
            RepeatAsync(new Random(seed + 2), 25, StrikeHostsAsync),
            RepeatAsync(new Random(seed + 3), 16, StrikeProvidersAsync));
        cluster.Simulators.Stripe.Webhooks.Script = null;
        cluster.Simulators.Razorpay.Webhooks.Script = null;
        cluster.Simulators.Stripe.Faults.Clear();
        cluster.Simulators.Razorpay.Faults.Clear();
    }

    /// <summary>
    /// Strikes again when the clients have got somewhere since: on a slow machine as much happens between two strikes as on a
    /// fast one.
    /// </summary>
    private async Task RepeatAsync(Random random, int certainCountMax, Func<Random, Task> strike)
    {
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(random.Next(PauseMillisecondsMax), stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var enough = promised.CertainCount + random.Next(1, certainCountMax);
            var patience = Environment.TickCount64 + (long)PatienceMax.TotalMilliseconds;
            while (promised.CertainCount < enough && Environment.TickCount64 < patience && !stop.IsCancellationRequested)
                await Task.Delay(Pause, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await strike(random);
        }
    }

    private async Task StrikeHostsAsync(Random random)
    {
        switch (random.Next(20))
        {
            // Mostly the other one goes on; now and then nobody does.
            case < 12 when cluster.UpCount == 2:
                await cluster.TryKillAsync(random.Next(2));
                break;
            case < 13 when cluster.UpCount == 2:
                await cluster.TryKillAsync(0);
                await cluster.TryKillAsync(1);
                break;
            // Mostly not while a host starts: it does not without its database, and would never be there to be killed.
            case 13 or 14 when cluster.UpCount == 2:
            case 15:
                await cluster.CrashDatabaseAsync(TimeSpan.FromMilliseconds(random.Next(500)));
                break;
            default:
                cluster.Wire.CutNext(random.Next(2) == 0 ? CuttingProxy.Cut.Request : CuttingProxy.Cut.Reply);
                break;
        }
    }

    private Task StrikeProvidersAsync(Random random)
    {
        var fault = Faults[random.Next(Faults.Length)];
        if (random.Next(2) == 0)
            cluster.Simulators.Stripe.Faults.Next(StripeCalls[random.Next(StripeCalls.Length)], fault);
        else
            cluster.Simulators.Razorpay.Faults.Next(RazorpayCalls[random.Next(RazorpayCalls.Length)], fault);
        return Task.CompletedTask;
    }

    private static void TravelBadly(SimulatorWebhooks webhooks, Random random) => webhooks.Script = _ => random.Next(20) switch
    {
        < 2 => WebhookStep.Drop,
        < 5 => WebhookStep.Duplicate,
        < 7 => WebhookStep.Deliver with { Delay = TimeSpan.FromSeconds(1) },
        < 9 => WebhookStep.Deliver with { BehindEvents = 3 },
        _ => WebhookStep.Deliver,
    };
}
