using Microsoft.Extensions.Logging;

namespace Curaway.Payments;

/// <summary>
/// Whoever looks at a charge that is in doubt is told the provider's truth, when it can be had quickly and was not had just
/// now. A look never fails because of it. Thread-safe.
/// </summary>
internal sealed partial class ReadRefresh(
    IChargeStore store, ProviderCaller caller, ChargeRecorder recorder, TimeProvider time, ILogger<ReadRefresh> logger)
{
    /// <summary>In one <see cref="Interval"/>, of one host: more lookers than that are told what is stored.</summary>
    private const int AskedCountMax = 1000;

    /// <summary>A page that polls must not become a flood at the provider.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Somebody waits for the page; the reconciler has the time that a slow provider needs.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<ChargeId, long> _askedAt = [];

    public async Task<Charge?> ReadAsync(ChargeId id, CancellationToken ct)
    {
        var state = await store.FindAsync(new ChargeSelector.ById(id), ct).ConfigureAwait(false);
        if (state.Charge is not { } charge || !IsInDoubt(charge, state) || !TryTakeTurn(id))
            return state.Charge;
        try
        {
            var answer = await caller.FindAsync(new ProviderRequest(charge, null), Deadline).ConfigureAwait(false);
            if (answer.Result.Snapshot is not { } snapshot)
                return charge;
            var recorded = await recorder.RecordAsync(id, snapshot, new ChargeCause("read", "api", "system")).ConfigureAwait(false);
            return recorded.Charge;
        }
#pragma warning disable CA1031 // The look stands without it: what is stored was read already.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Log.ReadFailed(logger, id, exception.GetType().Name);
            return charge;
        }
    }

    /// <summary>What the reconciler finds out too, a little later.</summary>
    private static bool IsInDoubt(Charge charge, ChargeState state) => state.Operations.Any(operation => operation.IsOpen)
        || (charge.Status == ChargeStatus.Pending && charge.CheckoutExpiresAt <= state.Now);

    private bool TryTakeTurn(ChargeId id)
    {
        lock (_lock)
        {
            if (_askedAt.TryGetValue(id, out var askedAt) && time.GetElapsedTime(askedAt) < Interval)
                return false;
            if (_askedAt.Count >= AskedCountMax)
            {
                foreach (var past in _askedAt.Where(asked => time.GetElapsedTime(asked.Value) >= Interval).ToList())
                    _askedAt.Remove(past.Key);
            }

            if (_askedAt.Count >= AskedCountMax)
                return false;
            _askedAt[id] = time.GetTimestamp();
            return true;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1701, LogLevel.Warning, "The provider's truth about charge {ChargeId} could not be had for a read: {ExceptionType}")]
        public static partial void ReadFailed(ILogger logger, ChargeId chargeId, string exceptionType);
    }
}
