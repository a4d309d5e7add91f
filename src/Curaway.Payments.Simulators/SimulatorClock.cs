namespace Curaway.Payments.Simulators;

/// <summary>
/// The simulator's own time: an inner <see cref="TimeProvider"/> plus everything <see cref="Advance"/> has added.
/// Ages authorizations, idempotency keys and webhook give-up limits. Thread-safe.
/// </summary>
/// <remarks>
/// Delivery stamps (the <c>t</c> of a Stripe signature) come from the inner provider, so a test that jumps seven days
/// ahead here still sends webhooks that a host with an ordinary clock accepts.
/// </remarks>
public sealed class SimulatorClock : TimeProvider
{
    private readonly TimeProvider _inner;
    private long _offsetTicks;

    internal SimulatorClock(TimeProvider inner) => _inner = inner;

    /// <summary>Raised after <see cref="Advance"/>, so that expiry is applied at once and not at the next call.</summary>
    internal event Action? Advanced;

    /// <summary>The inner clock in UTC, without what <see cref="Advance"/> added.</summary>
    internal DateTimeOffset DeliveryNow => _inner.GetUtcNow();

    /// <summary>Seconds since 1970-01-01 UTC, the unit of both providers' <c>created</c> stamps.</summary>
    internal long UnixSeconds => GetUtcNow().ToUnixTimeSeconds();

    /// <inheritdoc />
    public override TimeZoneInfo LocalTimeZone => _inner.LocalTimeZone;

    /// <inheritdoc />
    public override long TimestampFrequency => _inner.TimestampFrequency;

    /// <summary>Moves this clock forward and applies every expiry that falls due.</summary>
    /// <param name="by">How far; zero or more. Zero only applies what is due.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="by"/> is negative.</exception>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        Interlocked.Add(ref _offsetTicks, by.Ticks);
        Advanced?.Invoke();
    }

    /// <inheritdoc />
    public override DateTimeOffset GetUtcNow() => _inner.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _offsetTicks));

    /// <inheritdoc />
    public override long GetTimestamp() => _inner.GetTimestamp();

    /// <inheritdoc />
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        _inner.CreateTimer(callback, state, dueTime, period);
}
