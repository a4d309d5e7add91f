namespace Curaway.Payments.SampleHost.PaymentMethods;

/// <summary>Wakes the sweeper of this host. Thread-safe.</summary>
internal sealed class SavedMethodSignal : IDisposable
{
    private readonly SemaphoreSlim _set = new(0, 1);

    public void Set()
    {
        try
        {
            _set.Release();
        }
        catch (SemaphoreFullException)
        {
            // Set already; one look is enough.
        }
    }

    public Task WaitAsync(TimeSpan atMost, CancellationToken ct) => _set.WaitAsync(atMost, ct);

    public void Dispose() => _set.Dispose();
}

/// <summary>A charge that was paid has something to keep, if its patient said so.</summary>
internal sealed class SavedMethodObserver(SavedMethodStore store, SavedMethodSignal signal) : IChargeObserver
{
    public async Task OnTransitionAsync(ChargeTransition transition, CancellationToken ct)
    {
        if (transition.To != ChargeStatus.Pending && await store.HastenAsync(transition.ChargeId, ct))
            signal.Set();
    }
}

/// <summary>Reads what was saved and has forgotten what was deleted, as soon as somebody tells and again while it fails. Any number of hosts may run it.</summary>
internal sealed partial class SavedMethodSweeper(SavedMethods methods, SavedMethodSignal signal, ILogger<SavedMethodSweeper> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await methods.SweepAsync(stoppingToken);
                await signal.WaitAsync(Interval, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // A database that is away now may be back at the next look.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                Log.Failed(logger, exception.GetType().Name);
                await Task.Delay(Interval, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 5211, Level = LogLevel.Error, Message = "The sweep of saved methods failed with {ExceptionType}; it looks again")]
        public static partial void Failed(ILogger logger, string exceptionType);
    }
}
