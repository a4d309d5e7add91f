namespace Curaway.Payments.Postgres;

/// <summary>
/// A batch of deliveries on its way through its commit: which are new, whose charge each is about, what became of it. A twin
/// of a delivery in the same batch is a duplicate. Not thread-safe.
/// </summary>
internal sealed partial class PostgresArrivals
{
    /// <summary>How long an event waits for its charge before the processor looks: the API's own commit is seconds away.</summary>
    private static readonly TimeSpan FirstParking = TimeSpan.FromSeconds(30);

    private readonly Arrival[] _arrivals;
    private readonly List<Arrival> _firsts;
    private readonly Exception? _spoiltBy;

    /// <param name="deliveries">What came, in the order of the fates.</param>
    /// <param name="spoiltBy">What kept them from being applied before; then they are only stored.</param>
    public PostgresArrivals(IReadOnlyList<WebhookDelivery> deliveries, Exception? spoiltBy)
    {
        _spoiltBy = spoiltBy;
        _arrivals = new Arrival[deliveries.Count];
        _firsts = new List<Arrival>(deliveries.Count);
        var ids = new HashSet<(string, string)>(deliveries.Count);
        var bodies = new HashSet<(string, string)>();
        for (var i = 0; i < _arrivals.Length; i++)
        {
            var delivery = deliveries[i];
            var arrival = _arrivals[i] = new Arrival(delivery, PostgresText.Storable(delivery.EventId));
            if (ids.Contains((delivery.Provider, arrival.EventId))
                || (delivery.IsDedupedByBody && !bodies.Add((delivery.Provider, delivery.BodyHash))))
                continue;
            ids.Add((delivery.Provider, arrival.EventId));
            _firsts.Add(arrival);
        }
    }

    /// <summary>Takes what was stored: these are new, the others were there.</summary>
    public void Read(List<(int? Place, Guid? EventRowId, Guid? ChargeId)> stored)
    {
        foreach (var (place, eventRowId, chargeId) in stored)
        {
            if (place is not { } number)
                continue;
            var arrival = _firsts[number - 1];
            arrival.RowId = eventRowId;
            arrival.Target = chargeId is { } target ? new ChargeId(target) : null;
            arrival.State = StateOf(arrival) ?? (arrival.Target is null ? WebhookState.Parked : WebhookState.Processed);
        }
    }

    /// <summary>
    /// Applies in memory what is new, in its order: several events of one charge are one write of it. A charge that somebody
    /// holds, and an event that throws, are left to the processor.
    /// </summary>
    public void Apply(Dictionary<ChargeId, ChargeState> charges, PostgresWrites writes)
    {
        var states = new Dictionary<ChargeId, ChargeState>(charges);
        foreach (var arrival in _arrivals.Where(arrival => arrival.IsNew))
        {
            var delivery = arrival.Delivery;
            if (arrival.State == WebhookState.Failed)
                writes.Alert(new PaymentAlert("webhook_unreadable", AlertSeverity.Warning, $"{delivery.Provider} {delivery.EventId}"));
            if (arrival.State != WebhookState.Processed || arrival.Target is not { } target)
                continue;
            if (!states.TryGetValue(target, out var before))
            {
                arrival.Leave("locked");
                continue;
            }

            try
            {
                var commit = ChargeCommit.OfSnapshot(before, delivery.Snapshot!, PostgresChargeStore.CauseOf(delivery.Provider, delivery.EventId));
                states[target] = PostgresWrites.Advance(before, commit);
                writes.Tell(commit);
            }
#pragma warning disable CA1031 // Its effect failed, not its neighbours': kept whole for the processor.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                arrival.Leave(failure.GetType().Name);
            }
        }

        foreach (var (id, after) in states)
        {
            if (!ReferenceEquals(after, charges[id]))
                writes.Add(charges[id], after);
        }
    }

    /// <summary>Queues what is left of the events themselves: the bodies somebody still has to read, and the copies.</summary>
    public void Settle(PostgresSession session)
    {
        var kept = _arrivals.Where(arrival => arrival.IsNew && arrival.State is WebhookState.Received or WebhookState.Parked && _spoiltBy is null).ToList();
        if (kept.Count > 0)
            Keep(session, kept);
        var copies = _arrivals.Where(arrival => !arrival.IsNew).ToList();
        if (copies.Count > 0)
            CountCopies(session, copies);
    }

    public WebhookFate[] Fates() => Array.ConvertAll(_arrivals, arrival => !arrival.IsNew ? WebhookFate.Duplicate : arrival.State switch
    {
        WebhookState.Processed => WebhookFate.Applied,
        WebhookState.Ignored => WebhookFate.Ignored,
        WebhookState.Failed => WebhookFate.Failed,
        _ => WebhookFate.Stored,
    });

    // A body may hold an e-mail address or a phone number, so it is kept only while somebody still has to read it.
    private static bool KeepsBody(WebhookState? state) => state is WebhookState.Received or WebhookState.Failed;

    /// <summary>Where it stands whatever its charge is; null when that decides.</summary>
    private WebhookState? StateOf(Arrival arrival) => arrival.Delivery.Verdict switch
    {
        WebhookVerdict.Ignored => WebhookState.Ignored,
        WebhookVerdict.Unreadable => WebhookState.Failed,
        _ => _spoiltBy is null ? null : WebhookState.Received,
    };

    private string? ReasonOf(Arrival arrival) => StateOf(arrival) switch
    {
        WebhookState.Failed => "unreadable",
        WebhookState.Received => _spoiltBy!.GetType().Name,
        _ => null,
    };

    /// <summary>One delivery on its way through the batch.</summary>
    private sealed class Arrival(WebhookDelivery delivery, string eventId)
    {
        public WebhookDelivery Delivery => delivery;

        /// <summary>The provider's event id as the column holds it.</summary>
        public string EventId => eventId;

        /// <summary>Our id of its row; null when it is a copy.</summary>
        public Guid? RowId { get; set; }

        public bool IsNew => RowId is not null;

        public ChargeId? Target { get; set; }

        public WebhookState State { get; set; }

        public string? LeftBecause { get; private set; }

        public void Leave(string reason) => (State, LeftBecause) = (WebhookState.Received, reason);
    }
}
