using Curaway.Payments.IntegrationTests.Providers;

namespace Curaway.Payments.IntegrationTests.Model;

/// <summary>
/// A clock that nobody waits on: who would sleep for a moment, because another host has the operation, moves the clock by it and
/// goes on. A walk waits hours in milliseconds. Deadlines of calls that are under way stay real.
/// </summary>
public sealed class ImpatientTime : ShiftedTime
{
    private static readonly TimeSpan MomentMax = TimeSpan.FromMilliseconds(100);

    private long _sleptTicks;

    public override long GetTimestamp() => System.GetTimestamp() + (long)(TimeSpan.FromTicks(Interlocked.Read(ref _sleptTicks)).TotalSeconds * TimestampFrequency);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime <= TimeSpan.Zero || dueTime > MomentMax)
            return base.CreateTimer(callback, state, dueTime, period);
        Advance(dueTime);
        Interlocked.Add(ref _sleptTicks, dueTime.Ticks);
        return base.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
