namespace Curaway.Payments;

/// <summary>Limits of the webhook endpoints; read for every delivery, so a change needs no restart.</summary>
public sealed class WebhookOptions
{
    private int _bodyBytesMax = 256 * 1024;
    private TimeSpan _readTimeout = TimeSpan.FromSeconds(10);
    private TimeSpan _retryAfter = TimeSpan.FromSeconds(5);

    /// <summary>The largest body that is read, in bytes; more is a 413. 256 KiB by default, 1 KiB to 16 MiB.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the range.</exception>
    public int BodyBytesMax
    {
        get => _bodyBytesMax;
        set => _bodyBytesMax = InRange(value, 1024, 16 * 1024 * 1024);
    }

    /// <summary>How long a body may take to arrive; longer is a 408. 10 s by default, 100 ms to 5 min.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the range.</exception>
    public TimeSpan ReadTimeout
    {
        get => _readTimeout;
        set => _readTimeout = InRange(value, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5));
    }

    /// <summary>What <c>Retry-After</c> says when the store did not answer. 5 s by default, 1 s to 1 h.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the range.</exception>
    public TimeSpan RetryAfter
    {
        get => _retryAfter;
        set => _retryAfter = InRange(value, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
    }

    private static T InRange<T>(T value, T min, T max)
        where T : IComparable<T>
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, min);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, max);
        return value;
    }
}
