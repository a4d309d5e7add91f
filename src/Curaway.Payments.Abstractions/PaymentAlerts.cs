using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Curaway.Payments;

/// <summary>
/// Where anybody raises an alert without a database call: the HTTP edge for forged webhooks, the host for outages of its
/// own. The engine's dispatcher takes them from here into its outbox. What waits is in memory only and dies with the
/// process; an alert that must not be lost is raised with <see cref="RaiseAsync"/>, or committed with
/// <see cref="ChargeCommit.Alerts"/>. Thread-safe.
/// </summary>
public sealed class PaymentAlerts
{
    /// <summary>The most alerts that wait.</summary>
    public const int WaitingCountMax = 64;

    private readonly Channel<PaymentAlert> _waiting =
        Channel.CreateBounded<PaymentAlert>(new BoundedChannelOptions(WaitingCountMax) { SingleReader = false });

    private readonly ConcurrentDictionary<PaymentAlert, bool> _known = new();
    private readonly IChargeStore? _store;
    private long _suppressedCount;

    /// <summary>Without an outbox: <see cref="RaiseAsync"/> is refused.</summary>
    public PaymentAlerts()
    {
    }

    /// <summary>With the outbox of a store.</summary>
    public PaymentAlerts(IChargeStore store) => _store = store;

    /// <summary>How many were not queued since the start: repeats of one that waits, or no room.</summary>
    public long SuppressedCount => Interlocked.Read(ref _suppressedCount);

    /// <summary>
    /// Queues an alert and returns at once. False when an equal one waits already or there is no room: a flood of one kind
    /// is one alert and leaves room for the others.
    /// </summary>
    public bool Raise(PaymentAlert alert)
    {
        if (_known.TryAdd(alert, true))
        {
            if (_waiting.Writer.TryWrite(alert))
                return true;
            _known.TryRemove(alert, out _);
        }

        Interlocked.Increment(ref _suppressedCount);
        return false;
    }

    /// <summary>
    /// Commits an alert to the outbox: once this returns, it is delivered also when the process ends. Good news
    /// (<see cref="AlertSeverity.Info"/>) is written only when the outage it ends was told.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no outbox.</exception>
    public async Task RaiseAsync(PaymentAlert alert, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(alert);
        var store = _store ?? throw new InvalidOperationException("No store was added.");
        if (alert.Severity == AlertSeverity.Info)
            await store.EndOutageAsync(alert, ct).ConfigureAwait(false);
        else
            await store.EnqueueAlertAsync(alert, ct).ConfigureAwait(false);
    }

    /// <summary>Takes alerts as they are raised, oldest first, until canceled. Each goes to one reader.</summary>
    public async IAsyncEnumerable<PaymentAlert> TakeAllAsync([EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var alert in _waiting.Reader.ReadAllAsync(ct).ConfigureAwait(false))
        {
            _known.TryRemove(alert, out _);
            yield return alert;
        }
    }

    /// <summary>Takes the oldest alert that waits; false when none does.</summary>
    public bool TryTake([NotNullWhen(true)] out PaymentAlert? alert)
    {
        if (!_waiting.Reader.TryRead(out alert))
            return false;
        _known.TryRemove(alert, out _);
        return true;
    }
}
