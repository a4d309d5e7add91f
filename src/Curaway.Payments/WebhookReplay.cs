namespace Curaway.Payments;

/// <summary>
/// Has webhook events worked off again that wait for their charge or were given up: after a repair, or when a provider's
/// object can be read at last. Repeating an event is harmless, because facts merge. Thread-safe.
/// </summary>
public sealed class WebhookReplay
{
    private readonly IChargeStore _store;
    private readonly PaymentsSignal _signal;

    internal WebhookReplay(IChargeStore store, PaymentsSignal signal)
    {
        _store = store;
        _signal = signal;
    }

    /// <summary>
    /// Makes the events due now, oldest first; the webhook processor of any host takes them from there. Those that are done, and
    /// those whose content is kept no longer, stay as they are.
    /// </summary>
    /// <param name="filter">Which.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>How many were made due; as many as <see cref="WebhookFilter.CountMax"/> when there may be more.</returns>
    public async Task<int> ReplayAsync(WebhookFilter filter, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        var count = await _store.ReplayEventsAsync(filter, ct).ConfigureAwait(false);
        if (count > 0)
            _signal.Set();
        return count;
    }
}
