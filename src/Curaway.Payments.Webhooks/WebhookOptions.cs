namespace Curaway.Payments;

/// <summary>Limits of the webhook endpoints; read for every delivery, so a change needs no restart.</summary>
public sealed class WebhookOptions
{
    private int _bodyBytesMax = 256 * 1024;
    private TimeSpan _readTimeout = TimeSpan.FromSeconds(5);
    private TimeSpan _retryAfter = TimeSpan.FromSeconds(5);
    private int _waitingCountMax = 1024;
    private int _batchCountMax = 64;
    private int _committerCountMax = 2;

    /// <summary>The largest body that is read, in bytes; more is a 413. 256 KiB by default, 1 KiB to 16 MiB.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the range.</exception>
    public int BodyBytesMax
    {
        get => _bodyBytesMax;
        set => _bodyBytesMax = InRange(value, 1024, 16 * 1024 * 1024);
    }

    /// <summary>
    /// How long a body may take to arrive; longer is a 408. 5 s by default, after which Razorpay hangs up
    /// (https://razorpay.com/docs/webhooks/best-practices); 100 ms to 5 min.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the range.</exception>
    public TimeSpan ReadTimeout
    {
        get => _readTimeout;
        set => _readTimeout = InRange(value, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5));
    }

    /// <summary>What <c>Retry-After</c> says when the store did not answer or too many wait. 5 s by default, 1 s to 1 h.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the range.</exception>
    public TimeSpan RetryAfter
    {
        get => _retryAfter;
        set => _retryAfter = InRange(value, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
    }

    /// <summary>
    /// The most signed deliveries that wait for a commit; one more is a 503 with <c>Retry-After</c>, and so is whoever comes
    /// while so many wait, before his body is read. 1024 by default, 1 to 100,000.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the range.</exception>
    public int WaitingCountMax
    {
        get => _waitingCountMax;
        set => _waitingCountMax = InRange(value, 1, 100_000);
    }

    /// <summary>The most deliveries that share one commit. 64 by default, 1 to 1000. 1: every delivery has a commit of its own.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the range.</exception>
    public int BatchCountMax
    {
        get => _batchCountMax;
        set => _batchCountMax = InRange(value, 1, 1000);
    }

    /// <summary>
    /// The most commits of webhooks under way at once, each on a database connection of its own. More of them make smaller
    /// batches, so more is not faster. 2 by default, 1 to 64.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the range.</exception>
    public int CommitterCountMax
    {
        get => _committerCountMax;
        set => _committerCountMax = InRange(value, 1, 64);
    }

    private static T InRange<T>(T value, T min, T max)
        where T : IComparable<T>
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, min);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, max);
        return value;
    }
}
