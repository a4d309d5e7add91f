using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Curaway.Payments;

/// <summary>
/// Runs the background loops of one host: each looks when something was committed, and on its own now and then. A loop that
/// fails waits and looks again; it never ends before the host does.
/// </summary>
internal sealed partial class PaymentsWorker(
    IChargeStore store, Reconciler reconciler, WebhookProcessor processor, TransitionDispatcher transitions, AlertDispatcher alerts,
    StoreWatch watch, TwoWayReconciliation comparison, ProviderAccounts accounts, PaymentsSignal signal, PaymentsHeartbeat heartbeat, IOptions<PaymentsOptions> options, TimeProvider time,
    ILogger<PaymentsWorker> logger, IHostEnvironment? environment = null)
    : BackgroundService
{
    private const int PurgeCountMax = 1000;
    private const string ComparisonClaim = "job:two_way_reconciliation";
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PurgeInterval = TimeSpan.FromHours(1);

    /// <summary>A host that starts has better to do, and so has one that is restarted again and again.</summary>
    private static readonly TimeSpan ComparisonDelay = TimeSpan.FromMinutes(5);

    // A loop that was woken looks at once; under load, when every commit wakes it, this often. Not a time hosts agree on.
    private static readonly TimeSpan WakeInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>The tables stand before anything else of the host starts.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.AutoMigrate)
            await store.MigrateAsync(cancellationToken).ConfigureAwait(false);
        accounts.Check(environment?.IsProduction() == true);
        await base.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        LoopAsync("reconciler", SweepAndBeatAsync, isSignaled: false, options.Value.SweepInterval, stoppingToken),
        LoopAsync("webhooks", processor.SweepAsync, isSignaled: true, options.Value.SweepInterval, stoppingToken),
        LoopAsync("transitions", transitions.SweepAsync, isSignaled: true, options.Value.SweepInterval, stoppingToken),
        LoopAsync("alerts", alerts.SweepAsync, isSignaled: true, options.Value.SweepInterval, stoppingToken),
        LoopAsync("watch", watch.SweepAsync, isSignaled: false, WatchInterval, stoppingToken),
        CompareAsync(stoppingToken),
        LoopAsync("purge", PurgeAsync, isSignaled: false, PurgeInterval, stoppingToken));

    private Task<bool> PurgeAsync(CancellationToken ct) => store.PurgeAsync(
        options.Value.WebhookBodyLifetime, options.Value.WebhookEventLifetime, PurgeCountMax, ct);

    private async Task CompareAsync(CancellationToken ct)
    {
        if (options.Value.ReconciliationInterval == TimeSpan.Zero)
            return;
        await Task.Delay(Jittered(ComparisonDelay), time, ct).ConfigureAwait(false);
        await LoopAsync("comparison", CompareOnceAsync, isSignaled: false, ComparisonDelay, ct).ConfigureAwait(false);
    }

    /// <summary>One host of all per interval: whoever passes the claim, by the database's clock.</summary>
    internal async Task<bool> CompareOnceAsync(CancellationToken ct)
    {
        if (await store.TryPassCooldownAsync(ComparisonClaim, options.Value.ReconciliationInterval, ct).ConfigureAwait(false) is not null)
            await comparison.RunAsync(new ReconciliationRequest(options.Value.ReconciliationWindow), ct).ConfigureAwait(false);
        return false;
    }

    private async Task<bool> SweepAndBeatAsync(CancellationToken ct)
    {
        var hasMore = await reconciler.SweepAsync(ct).ConfigureAwait(false);
        heartbeat.Beat(time.GetUtcNow());
        return hasMore;
    }

    private async Task LoopAsync(string name, Func<CancellationToken, Task<bool>> sweep, bool isSignaled, TimeSpan interval, CancellationToken ct)
    {
        var never = new TaskCompletionSource().Task;
        while (!ct.IsCancellationRequested)
        {
            var next = isSignaled ? signal.Next : never;
            var startedAt = Stopwatch.GetTimestamp();
            try
            {
                if (await sweep(ct).ConfigureAwait(false))
                    continue;
            }
#pragma warning disable CA1031 // The database may be away for a while; the loop outlives it.
            catch (Exception exception) when (!ct.IsCancellationRequested)
#pragma warning restore CA1031
            {
                Log.SweepFailed(logger, name, exception.GetType().Name);
                next = never;
            }

            await Task.WhenAny(next, Task.Delay(Jittered(interval), time, ct)).ConfigureAwait(false);
            var pause = (interval < WakeInterval ? interval : WakeInterval) - Stopwatch.GetElapsedTime(startedAt);
            if (pause > TimeSpan.Zero)
                await Task.Delay(pause, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>80 to 120 %, so that hosts started together do not look together.</summary>
    private static TimeSpan Jittered(TimeSpan interval) => interval * (0.8 + (0.4 * Random.Shared.NextDouble()));

    private static partial class Log
    {
        [LoggerMessage(1501, LogLevel.Error, "The {Loop} loop failed with {ExceptionType}; it looks again")]
        public static partial void SweepFailed(ILogger logger, string loop, string exceptionType);
    }
}

/// <summary>When the reconciler last looked; a host's readiness check reads it. Thread-safe.</summary>
public sealed class PaymentsHeartbeat
{
    private long _ticks;

    /// <summary>The last look, UTC; null before the first.</summary>
    public DateTimeOffset? LastAt => Interlocked.Read(ref _ticks) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    internal void Beat(DateTimeOffset now) => Interlocked.Exchange(ref _ticks, now.UtcTicks);
}
