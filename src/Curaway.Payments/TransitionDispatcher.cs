using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Curaway.Payments;

/// <summary>Tells observers of every change of status, at least once, from the outbox written with the change.</summary>
internal sealed partial class TransitionDispatcher(
    IChargeStore store, IEnumerable<IChargeObserver> observers, IOptions<PaymentsOptions> options, ILogger<TransitionDispatcher> logger)
{
    private static readonly TimeSpan ClaimLease = TimeSpan.FromSeconds(30);

    private readonly IChargeObserver[] _observers = [.. observers];

    /// <summary>Tells what is due. True when there may be more: one charge's transitions are claimed one after the other.</summary>
    public async Task<bool> SweepAsync(CancellationToken ct)
    {
        var transitions = await store.ClaimTransitionsAsync(options.Value.ClaimCountMax, ClaimLease, ct).ConfigureAwait(false);
        foreach (var transition in transitions)
        {
            try
            {
                foreach (var observer in _observers)
                    await observer.OnTransitionAsync(transition, ct).ConfigureAwait(false);
                await store.CompleteTransitionAsync(transition.Id, ct).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // An observer that throws is told again when the lease ends; the others are not kept waiting.
            catch (Exception exception) when (!ct.IsCancellationRequested)
#pragma warning restore CA1031
            {
                Log.ObserverThrew(logger, transition.ChargeId, transition.To, exception.GetType().Name);
            }
        }

        return transitions.Count > 0;
    }

    private static partial class Log
    {
        [LoggerMessage(1301, LogLevel.Error, "An observer of charge {ChargeId} ({Status}) threw {ExceptionType}; it is told again")]
        public static partial void ObserverThrew(ILogger logger, ChargeId chargeId, ChargeStatus status, string exceptionType);
    }
}
