using System.Globalization;

namespace Curaway.Payments.Simulators;

/// <summary>The faults a simulator will apply. Thread-safe. One-shot faults are taken in the order they were added.</summary>
/// <typeparam name="TCall"><see cref="StripeCall"/> or <see cref="RazorpayCall"/>; values combine with <c>|</c>.</typeparam>
public sealed class SimulatorFaults<TCall>
    where TCall : struct, Enum
{
    private readonly Lock _gate = new();
    private readonly List<Entry> _entries = [];

    internal SimulatorFaults()
    {
    }

    /// <summary>How many faults are waiting, standing ones included.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _entries.Count;
        }
    }

    /// <summary>Strikes the next matching call, or the next few.</summary>
    /// <param name="calls">Which calls.</param>
    /// <param name="fault">What happens to them.</param>
    /// <param name="times">How many calls are struck, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="times"/> is below 1.</exception>
    public void Next(TCall calls, SimulatorFault fault, int times = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(times, 1);
        Add(new Entry(Bits(calls), null, fault, times));
    }

    /// <summary>Strikes the next call that the match accepts.</summary>
    /// <param name="match">Sees operation, method, path, body and key; called under a lock, so keep it short.</param>
    /// <param name="fault">What happens to it.</param>
    public void Next(Func<SimulatorCall, bool> match, SimulatorFault fault) => Add(new Entry(-1, match, fault, 1));

    /// <summary>Strikes every matching call until <see cref="Clear"/>. One-shot faults that also match go first.</summary>
    /// <param name="calls">Which calls.</param>
    /// <param name="fault">What happens to them.</param>
    public void Always(TCall calls, SimulatorFault fault) => Add(new Entry(Bits(calls), null, fault, null));

    /// <summary>Forgets every fault.</summary>
    public void Clear()
    {
        lock (_gate) _entries.Clear();
    }

    internal SimulatorFault? Take(TCall call, SimulatorCall seen)
    {
        lock (_gate)
        {
            var found = _entries.Find(entry => entry.Times is not null && entry.Matches(Bits(call), seen))
                ?? _entries.Find(entry => entry.Times is null && entry.Matches(Bits(call), seen));
            if (found?.Times is { } left)
            {
                if (left == 1) _entries.Remove(found);
                else found.Times = left - 1;
            }

            return found?.Fault;
        }
    }

    private static long Bits(TCall calls) => Convert.ToInt64(calls, CultureInfo.InvariantCulture);

    private void Add(Entry entry)
    {
        lock (_gate) _entries.Add(entry);
    }

    private sealed class Entry(long calls, Func<SimulatorCall, bool>? match, SimulatorFault fault, int? times)
    {
        public SimulatorFault Fault { get; } = fault;
        public int? Times { get; set; } = times;
        public bool Matches(long call, SimulatorCall seen) => (calls & call) != 0 && (match is null || match(seen));
    }
}
