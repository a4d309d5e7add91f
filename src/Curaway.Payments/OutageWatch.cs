using System.Collections.Concurrent;

namespace Curaway.Payments;

/// <summary>
/// Notices that a provider answers again, in this process and without any I/O; the alert loop asks. A provider nobody has heard
/// of yet counts as down, so that an outage which outlasts a restart is ended too. Thread-safe.
/// </summary>
internal sealed class OutageWatch
{
    private readonly ConcurrentDictionary<string, State> _providers = new(StringComparer.Ordinal);

    private enum State
    {
        Down,
        Recovered,
        Up,
    }

    /// <summary>One answer, or none, of a provider.</summary>
    public void Saw(string provider, ProviderFault fault)
    {
        if (fault is ProviderFault.ConnectFailed or ProviderFault.Timeout or ProviderFault.Reset or ProviderFault.ServerError or ProviderFault.Unreadable)
            _providers[provider] = State.Down;
        else if (fault is not (ProviderFault.CircuitOpen or ProviderFault.Throttled or ProviderFault.Configuration))
            _providers.AddOrUpdate(provider, State.Recovered, (_, state) => state == State.Down ? State.Recovered : state);
    }

    /// <summary>The providers that answer again since the last time this was asked.</summary>
    public IReadOnlyList<string> TakeRecovered() =>
        [.. _providers.Where(provider => provider.Value == State.Recovered && _providers.TryUpdate(provider.Key, State.Up, State.Recovered)).Select(provider => provider.Key)];
}
