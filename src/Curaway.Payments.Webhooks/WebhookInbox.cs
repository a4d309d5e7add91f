using Microsoft.Extensions.Options;

namespace Curaway.Payments;

/// <summary>
/// Where deliveries share commits. The first one on an idle host is committed at once; what arrives while commits are under
/// way forms the next batch, so batches grow with the load and nobody waits for company. What waits is bounded: more is
/// refused. It has no thread of its own and nothing to stop: a host that shuts down lets its requests end, and each ends with
/// its delivery. Thread-safe.
/// </summary>
internal sealed class WebhookInbox(
    IChargeStore store, PaymentsSignal signal, IOptionsMonitor<WebhookOptions> options, WebhookMetrics metrics, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Queue<Waiting> _waiting = new();
    private int _committerCount;

    /// <summary>True when there is no room: whoever comes now is best told so before his body is read.</summary>
    public bool IsFull
    {
        get
        {
            lock (_lock)
                return _waiting.Count >= options.CurrentValue.WaitingCountMax;
        }
    }

    /// <summary>
    /// Queues a delivery for the next commit. Its fate comes once that is on disk; the delivery's bytes are read until then.
    /// Null when there is no room.
    /// </summary>
    public Task<WebhookFate>? TryReceive(WebhookDelivery delivery)
    {
        var limits = options.CurrentValue;
        var waiting = new Waiting(delivery);
        lock (_lock)
        {
            if (_waiting.Count >= limits.WaitingCountMax)
                return null;
            _waiting.Enqueue(waiting);
            metrics.Waits(1);
            if (_committerCount >= limits.CommitterCountMax)
                return waiting.Task;
            _committerCount++;
        }

        // Not on this request's thread: the commit is not its alone, so its log scopes and its trace end here.
        ThreadPool.UnsafeQueueUserWorkItem(static inbox => _ = inbox.CommitAllAsync(), this, preferLocal: false);
        return waiting.Task;
    }

    private async Task CommitAllAsync()
    {
        while (TakeBatch() is { } batch)
            await CommitAsync(batch).ConfigureAwait(false);
    }

    /// <summary>What waits, up to the limit. Null when nothing does: the committer has ended then, before anybody else may enter.</summary>
    private Waiting[]? TakeBatch()
    {
        lock (_lock)
        {
            if (_waiting.Count == 0)
            {
                _committerCount--;
                return null;
            }

            var batch = new Waiting[Math.Min(_waiting.Count, options.CurrentValue.BatchCountMax)];
            for (var i = 0; i < batch.Length; i++)
                batch[i] = _waiting.Dequeue();
            metrics.Waits(-batch.Length);
            return batch;
        }
    }

    private async Task CommitAsync(Waiting[] batch)
    {
        var startedAt = time.GetTimestamp();
        try
        {
            // A provider that hangs up does not stop a commit: it would deliver again and find a duplicate, or nothing.
            var fates = await store.ReceiveAsync(Array.ConvertAll(batch, each => each.Delivery), CancellationToken.None).ConfigureAwait(false);
            metrics.Committed(batch.Length, time.GetElapsedTime(startedAt));
            signal.Set();
            for (var i = 0; i < batch.Length; i++)
                batch[i].SetResult(fates[i]);
        }
#pragma warning disable CA1031 // Whatever it is, every request of the batch has to answer.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            foreach (var waiting in batch)
                waiting.TrySetException(failure);
        }
    }

    /// <summary>A delivery whose fate is awaited by its request.</summary>
    private sealed class Waiting(WebhookDelivery delivery) : TaskCompletionSource<WebhookFate>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public WebhookDelivery Delivery => delivery;
    }
}
