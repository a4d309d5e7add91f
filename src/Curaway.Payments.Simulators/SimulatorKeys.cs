namespace Curaway.Payments.Simulators;

internal enum KeyState { New, Replay, Mismatch, InFlight }

/// <summary>The table behind an idempotency header: one execution per key, its answer kept for the key's lifetime.</summary>
internal sealed class SimulatorKeys(SimulatorClock clock, TimeSpan? lifetime)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>Claims the key for one execution, or says why not. A claim ends with <see cref="Store"/> or <see cref="Release"/>.</summary>
    public (KeyState State, SimulatorAnswer? Answer) Claim(string key, string fingerprint)
    {
        lock (_gate)
        {
            if (_entries.TryGetValue(key, out var found) && found.Answer is not null
                && lifetime is { } age && clock.GetUtcNow() - found.ClaimedAt >= age)
            {
                _entries.Remove(key);
                found = null;
            }

            if (found is null)
            {
                _entries[key] = new Entry(fingerprint, clock.GetUtcNow());
                return (KeyState.New, null);
            }

            if (found.Fingerprint != fingerprint) return (KeyState.Mismatch, null);
            return found.Answer is null ? (KeyState.InFlight, null) : (KeyState.Replay, found.Answer);
        }
    }

    public void Store(string key, SimulatorAnswer answer)
    {
        lock (_gate) _entries[key].Answer = answer with { Hold = TimeSpan.Zero };
    }

    public void Release(string key)
    {
        lock (_gate) _entries.Remove(key);
    }

    private sealed class Entry(string fingerprint, DateTimeOffset claimedAt)
    {
        public string Fingerprint { get; } = fingerprint;
        public DateTimeOffset ClaimedAt { get; } = claimedAt;
        public SimulatorAnswer? Answer { get; set; }
    }
}
