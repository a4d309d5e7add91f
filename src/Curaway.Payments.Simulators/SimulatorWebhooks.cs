namespace Curaway.Payments.Simulators;

/// <summary>
/// Events on their way to the host: signed as the provider signs, sent one after the other in the background, tried
/// again on anything but a 2xx. Thread-safe.
/// </summary>
/// <remarks>Without a <see cref="Target"/>, or while paused, events wait in <see cref="Pending"/>.</remarks>
public sealed class SimulatorWebhooks
{
    private const int ResendableEventsMax = 10_000;
    private readonly Lock _gate = new();
    private readonly List<QueuedWebhook> _queue = [];
    private readonly List<SimulatorDelivery> _deliveries = [];
    private readonly Queue<SimulatorEvent> _events = new();
    private readonly WebhookRules _rules;
    private readonly SimulatorClock _clock;
    private string _secret;
    private Uri? _target;
    private bool _isPaused;
    private int _inFlight;
    private int _draining;

    internal SimulatorWebhooks(WebhookRules rules, SimulatorClock clock, string secret, Uri? target)
    {
        _rules = rules;
        _clock = clock;
        _secret = secret;
        _target = target;
    }

    /// <summary>Where events are posted; null keeps them in <see cref="Pending"/>. May be set at any time.</summary>
    public Uri? Target
    {
        get => Volatile.Read(ref _target);
        set => Volatile.Write(ref _target, value);
    }

    /// <summary>The signing secret. Setting it is a rotation: later attempts are signed with the new one.</summary>
    public string Secret
    {
        get => Volatile.Read(ref _secret);
        set => Volatile.Write(ref _secret, value);
    }

    /// <summary>Decides how each new event travels; null delivers everything plainly. Called under a lock: keep it short.</summary>
    public Func<SimulatorWebhook, WebhookStep>? Script { get; set; }

    /// <summary>True after Razorpay has switched the endpoint off (24 h of failures by the simulator's clock).</summary>
    public bool IsDisabled { get; private set; }

    /// <summary>Events waiting to be sent or tried again, signed as of now, oldest first. Reading does not take them out.</summary>
    public IReadOnlyList<SimulatorWebhook> Pending
    {
        get
        {
            lock (_gate) return [.. _queue.Select(Sign)];
        }
    }

    /// <summary>One line per delivery, in the order of the events.</summary>
    public IReadOnlyList<SimulatorDelivery> Deliveries
    {
        get
        {
            lock (_gate) return [.. _deliveries];
        }
    }

    internal TimeSpan AnswerTimeout => _rules.AnswerTimeout;

    /// <summary>Stops sending after the delivery that is under way.</summary>
    public void Pause()
    {
        lock (_gate) _isPaused = true;
    }

    /// <summary>Goes on sending.</summary>
    public void Resume()
    {
        lock (_gate) _isPaused = false;
    }

    /// <summary>Switches a disabled endpoint on again, as an operator does in the dashboard.</summary>
    public void Enable()
    {
        lock (_gate) IsDisabled = false;
    }

    /// <summary>Takes every waiting event out, signed as of now, for a test that sends them itself.</summary>
    public IReadOnlyList<SimulatorWebhook> TakePending()
    {
        lock (_gate)
        {
            var taken = _queue.ConvertAll(Sign);
            foreach (var item in _queue) item.Delivery.State = WebhookDeliveryState.Taken;
            _queue.Clear();
            return taken;
        }
    }

    /// <summary>Signs any bytes as the provider would, without queueing them: for a test that posts hostile bodies itself.</summary>
    /// <param name="body">Signed and sent exactly as they are.</param>
    /// <param name="step">Secret, stamp and extra signatures; null signs plainly.</param>
    public SimulatorWebhook Sign(ReadOnlyMemory<byte> body, WebhookStep? step = null)
    {
        step = (step ?? WebhookStep.Deliver) with { Body = body };
        var raw = new SimulatorEvent(SimulatorSecrets.NewId(_rules.EventIdPrefix, 24), "", "", _clock.GetUtcNow(), []);
        return _rules.Sign(raw, step, step.Secret ?? Secret, _clock.DeliveryNow + step.StampOffset);
    }

    /// <summary>Queues an event again, as an operator's "resend" does: same id and body, fresh signature.</summary>
    /// <param name="eventId">Id of one of the last 10,000 events.</param>
    /// <exception cref="ArgumentException">No such event.</exception>
    public void Resend(string eventId)
    {
        lock (_gate)
        {
            var found = _events.FirstOrDefault(e => e.Id == eventId) ?? throw new ArgumentException("No such event.", nameof(eventId));
            Enqueue(found, WebhookStep.Deliver, found.Id);
        }
    }

    /// <summary>
    /// Waits until nothing is left to send: delivered, given up or dropped. Returns at once when paused, disabled or
    /// without target.
    /// </summary>
    /// <param name="timeout">Wall-clock limit; 30 s when null.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <exception cref="TimeoutException">Events are still waiting; the message says how many.</exception>
    public async Task DrainAsync(TimeSpan? timeout = null, CancellationToken ct = default)
    {
        var limit = Environment.TickCount64 + (long)(timeout ?? TimeSpan.FromSeconds(30)).TotalMilliseconds;
        Interlocked.Increment(ref _draining);
        try
        {
            while (true)
            {
                int left;
                lock (_gate) left = IsIdle ? _inFlight : _queue.Count + _inFlight;
                if (left == 0) return;
                if (Environment.TickCount64 > limit) throw new TimeoutException($"{left} webhook(s) are still waiting.");
                await Task.Delay(TimeSpan.FromMilliseconds(5), ct).ConfigureAwait(false);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _draining);
        }
    }

    internal void Publish(string type, string objectId, System.Text.Json.Nodes.JsonObject body, string? eventId = null)
    {
        lock (_gate)
        {
            var happened = new SimulatorEvent(
                eventId ?? SimulatorSecrets.NewId(_rules.EventIdPrefix, 24), type, objectId, _clock.GetUtcNow(), body);
            _events.Enqueue(happened);
            if (_events.Count > ResendableEventsMax) _events.Dequeue();
            var step = Script?.Invoke(_rules.Sign(happened, WebhookStep.Deliver, Secret, _clock.DeliveryNow)) ?? WebhookStep.Deliver;
            if (step.Copies == 0) _deliveries.Add(new(happened.Id, type, objectId) { State = WebhookDeliveryState.Dropped });
            for (var copy = 0; copy < step.Copies; copy++)
            {
                var isFresh = copy > 0 && step.HasNewEventIdPerCopy;
                Enqueue(happened, step, isFresh ? SimulatorSecrets.NewId(_rules.EventIdPrefix, 24) : happened.Id);
            }
        }
    }

    /// <summary>The next event to send, marked as under way; null when there is none right now.</summary>
    internal (QueuedWebhook Item, SimulatorWebhook Signed)? TakeNext()
    {
        lock (_gate)
        {
            if (IsIdle) return null;
            var now = Environment.TickCount64;
            var next = _queue.Find(item => item.Behind <= 0 && item.DueAtMilliseconds <= now);
            if (next is null && Volatile.Read(ref _draining) > 0 && _queue.TrueForAll(item => item.Behind > 0))
                next = _queue.FirstOrDefault();
            if (next is null) return null;
            _queue.Remove(next);
            _inFlight++;
            next.Delivery.Attempts++;
            return (next, Sign(next));
        }
    }

    /// <summary>Notes the answer: done, or queued again by the schedule, or given up.</summary>
    internal void Answered(QueuedWebhook item, int? status, string? body)
    {
        lock (_gate)
        {
            _inFlight--;
            item.Delivery.LastStatus = status;
            item.Delivery.LastBody = body;
            foreach (var waiting in _queue) waiting.Behind--;
            if (status is >= 200 and < 300)
            {
                item.Delivery.State = WebhookDeliveryState.Delivered;
            }
            else if (_clock.GetUtcNow() - item.Event.CreatedAt >= _rules.GiveUpAfter)
            {
                item.Delivery.State = WebhookDeliveryState.GivenUp;
                IsDisabled |= _rules.DisablesOnGiveUp;
            }
            else
            {
                var wait = _rules.Retries[Math.Min(item.Delivery.Attempts, _rules.Retries.Count) - 1];
                item.DueAtMilliseconds = Environment.TickCount64 + (long)wait.TotalMilliseconds;
                _queue.Add(item);
            }
        }
    }

    private bool IsIdle => _isPaused || IsDisabled || Target is null;

    private void Enqueue(SimulatorEvent happened, WebhookStep step, string eventId)
    {
        var delivery = new SimulatorDelivery(eventId, happened.Type, happened.ObjectId);
        _deliveries.Add(delivery);
        _queue.Add(new QueuedWebhook(happened with { Id = eventId }, step, delivery)
        {
            Behind = step.BehindEvents,
            DueAtMilliseconds = Environment.TickCount64 + (long)step.Delay.TotalMilliseconds,
        });
    }

    private SimulatorWebhook Sign(QueuedWebhook item) =>
        _rules.Sign(item.Event, item.Step, item.Step.Secret ?? Secret, _clock.DeliveryNow + item.Step.StampOffset);
}

internal sealed class QueuedWebhook(SimulatorEvent happened, WebhookStep step, SimulatorDelivery delivery)
{
    public SimulatorEvent Event { get; } = happened;
    public WebhookStep Step { get; } = step;
    public SimulatorDelivery Delivery { get; } = delivery;

    /// <summary>Events that must be sent before this one.</summary>
    public int Behind { get; set; }

    /// <summary>On the scale of <see cref="Environment.TickCount64"/>.</summary>
    public long DueAtMilliseconds { get; set; }
}
