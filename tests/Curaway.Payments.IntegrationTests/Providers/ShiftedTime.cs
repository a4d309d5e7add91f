namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>The real clock plus whatever a test adds: HTTP deadlines run on real time, everything dated jumps at once.</summary>
public class ShiftedTime : TimeProvider
{
    private long _offsetTicks;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _offsetTicks));

    public void Advance(TimeSpan by) => Interlocked.Add(ref _offsetTicks, by.Ticks);
}
