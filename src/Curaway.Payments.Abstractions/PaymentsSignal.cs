namespace Curaway.Payments;

/// <summary>
/// Tells the background workers of this process that something was committed, so that nobody polls for it. Losing a signal
/// is harmless: the workers also look on their own now and then. Thread-safe.
/// </summary>
public sealed class PaymentsSignal
{
    private TaskCompletionSource _next = NewSource();

    /// <summary>The next signal. Take it before looking for work, so that none is missed.</summary>
    public Task Next => Volatile.Read(ref _next).Task;

    /// <summary>Wakes everybody who waits.</summary>
    public void Set() => Interlocked.Exchange(ref _next, NewSource()).TrySetResult();

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
