using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Curaway.Payments;

/// <summary>Tells observers of every change of status, at least once, from the outbox written with the change.</summary>
internal sealed partial class TransitionDispatcher(
    IChargeStore store, IEnumerable<IChargeObserver> observers, IOptions<PaymentsOptions> options, TimeProvider time,
    ILogger<TransitionDispatcher> logger)
{
    private static readonly TimeSpan ClaimLease = TimeSpan.FromSeconds(30);

    // What slow observers were told is marked well before the lease ends, so that no other host tells it again.
    private static readonly TimeSpan MarkInterval = TimeSpan.FromSeconds(5);

    private readonly IChargeObserver[] _observers = [.. observers];

    /// <summary>
    /// Tells what is due. True when there may be more: one charge's transitions are claimed one after the other. A host without
    /// observers leaves them to those that have some; what nobody ever claims, the purge marks as seen.
    /// </summary>
    public async Task<bool> SweepAsync(CancellationToken ct)
    {
        if (_observers.Length == 0)
            return false;
        var transitions = await store.ClaimTransitionsAsync(options.Value.ClaimCountMax, ClaimLease, ct).ConfigureAwait(false);
        var seen = new List<long>(transitions.Count);
        var markedAt = time.GetTimestamp();
        foreach (var transition in transitions)
        {
            if (await TellAsync(transition, ct).ConfigureAwait(false))
                seen.Add(transition.Id);
            if (time.GetElapsedTime(markedAt) < MarkInterval || seen.Count == 0)
                continue;
            await store.CompleteTransitionsAsync(seen, ct).ConfigureAwait(false);
            seen.Clear();
            markedAt = time.GetTimestamp();
        }

        if (seen.Count > 0)
            await store.CompleteTransitionsAsync(seen, ct).ConfigureAwait(false);
        return transitions.Count > 0;
    }

    private async Task<bool> TellAsync(ChargeTransition transition, CancellationToken ct)
    {
        try
        {
            foreach (var observer in _observers)
                await observer.OnTransitionAsync(transition, ct).ConfigureAwait(false);
            return true;
        }
#pragma warning disable CA1031 // An observer that throws is told again when the lease ends; the others are not kept waiting.
        catch (Exception exception) when (!ct.IsCancellationRequested)
#pragma warning restore CA1031
        {
            Log.ObserverThrew(logger, transition.ChargeId, transition.To, exception.GetType().Name);
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1301, LogLevel.Error, "An observer of charge {ChargeId} ({Status}) threw {ExceptionType}; it is told again")]
        public static partial void ObserverThrew(ILogger logger, ChargeId chargeId, ChargeStatus status, string exceptionType);
    }
}
