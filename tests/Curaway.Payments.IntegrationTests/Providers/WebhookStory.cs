using System.Collections.Immutable;
using System.Text;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>
/// Six genuine events of one story: a declined attempt, a payment, a capture and a refund of a part. It happens once at the
/// simulator; its copies have other ids and are signed again.
/// </summary>
internal sealed class WebhookStory
{
    private readonly SimulatedEngine _engine;
    private readonly SimulatedProvider _provider;
    private readonly Charge _told;
    private readonly string[] _payments;

    private WebhookStory(SimulatedEngine engine, SimulatedProvider provider, Charge told, IReadOnlyList<SimulatorWebhook> events)
    {
        _engine = engine;
        _provider = provider;
        _told = told;
        Events = events;
        Ledger = provider.LedgerOf(told.Id);
        // The declined attempt is in the events only. Its id belongs to one order, like every payment's.
        _payments = [.. events.SelectMany(webhook => engine.Read(provider, webhook)!.Snapshot!.Payments).Select(payment => payment.Reference)];
    }

    public IReadOnlyList<SimulatorWebhook> Events { get; }

    public LedgerFigures Ledger { get; }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<WebhookStory> TellAsync(SimulatedEngine engine, SimulatedProvider provider)
    {
        provider.Webhooks.TakePending();
        var told = await HappenAsync(engine, provider);
        var events = provider.Webhooks.TakePending().Where(webhook => engine.Read(provider, webhook)!.Verdict == WebhookVerdict.Accepted).ToList();
        Assert.Equal(TypesOf(provider.Name), events.Select(webhook => webhook.Type));
        return new WebhookStory(engine, provider, told, events);
    }

    /// <summary>The story again under other ids, at transaction 1 of its booking; the reference comes with transaction 2, or with the first webhook.</summary>
    public async Task<StoryCopy> BeginCopyAsync(int number)
    {
        var copy = new StoryCopy(_told, _payments, number);
        var now = _engine.Time.GetUtcNow();
        var charge = new Charge
        {
            Id = copy.Id,
            TenantId = _told.TenantId,
            ConsultationId = OpaqueId.Parse($"copy-{copy.Id}"),
            Amount = _told.Amount,
            Routing = _told.Routing,
            Reference = number % 2 == 0 ? copy.Rewrite(_told.Reference!) : null,
            CreatedAt = now,
            BookBy = now + TimeSpan.FromMinutes(10),
        };
        await _engine.Store.CommitAsync(
            new ChargeSelector.ById(copy.Id),
            state => ChargeCommit.Of(state, charge, new ChargeCause("begin_authorize", "api", "patient-1")),
            booking: null,
            Ct);
        return copy;
    }

    /// <summary>One of the events under the copy's ids, signed.</summary>
    public SimulatorWebhook Sign(StoryCopy copy, int index) => _provider.Webhooks.Sign(copy.Rewrite(Events[index].Body));

    public static IEnumerable<ImmutableArray<int>> Orders(int count) => count == 0
        ? [[]]
        : Orders(count - 1).SelectMany(order => Enumerable.Range(0, count), (order, at) => order.Insert(at, count - 1));

    /// <summary>One end of all copies, and it is the ledger's.</summary>
    public void AssertOneEnd(IEnumerable<(StoryCopy Copy, Charge Charge)> ended)
    {
        var all = ended.ToList();
        var end = Assert.Single(all.Select(one => one.Copy.EndOf(one.Charge)).Distinct());
        var charge = all[^1].Charge;
        Assert.Equal(
            (ChargeStatus.PartiallyRefunded, Ledger.Captured, Ledger.Refunded), (charge.Status, charge.Captured.MinorUnits, charge.Refunded.MinorUnits));
        Assert.Equal((100_00L, 40_00L, 0L), (Ledger.Captured, Ledger.Refunded, Ledger.Held));
        Assert.Contains("Captured", end, StringComparison.Ordinal);
    }

    private static async Task<Charge> HappenAsync(SimulatedEngine engine, SimulatedProvider provider)
    {
        var waiting = await engine.Charges.AuthorizeAsync(engine.Checkout(provider), Ct);
        var action = waiting.NextAction!;
        if (provider is SimulatedStripe stripe)
            stripe.Simulator.PayAsPatient(action.Parameters["client_secret"], "4000000000000002");
        else
            ((SimulatedRazorpay)provider).Simulator.PayAsPatient(action.Parameters["order_id"], "failure@razorpay");
        var paid = await engine.CompleteAsync(waiting.Charge!, provider.Pay(action));
        Assert.Equal(ChargeStatus.Authorized, paid.Charge!.Status);
        await engine.Charges.CaptureAsync(paid.Charge.Id, "clinician-1", Ct);
        var refunded = await engine.Charges.RefundAsync(SimulatedEngine.Refund(paid.Charge, "request-1", 40_00), Ct);
        Assert.Equal(OperationOutcome.Succeeded, refunded.Outcome);
        return refunded.Charge!;
    }

    private static string[] TypesOf(string provider) => provider == "stripe"
        ? ["payment_intent.payment_failed", "payment_intent.amount_capturable_updated", "payment_intent.succeeded",
            "refund.created", "charge.refunded", "refund.updated"]
        : ["payment.failed", "payment.authorized", "payment.captured", "order.paid", "refund.created", "refund.processed"];
}

/// <summary>The story again under other ids of the same length.</summary>
internal sealed class StoryCopy
{
    private readonly (string From, string To)[] _ids;
    private readonly int _number;

    public StoryCopy(Charge told, IEnumerable<string> payments, int number)
    {
        var operations = told.Refunds.Select(refund => refund.OperationId.ToString()!);
        string[] ids = [told.Id.ToString(), told.Reference!, .. payments, .. told.Refunds.Select(r => r.Reference), .. operations];
        _ids = [.. ids.Distinct().Select(id => (id, Numbered(id, number)))];
        _number = number;
        Id = new ChargeId(Guid.Parse(Rewrite(told.Id.ToString())));
    }

    public ChargeId Id { get; }

    public string Rewrite(string text) => _ids.Aggregate(text, (known, id) => known.Replace(id.From, id.To, StringComparison.Ordinal));

    /// <summary>The body under the copy's ids; Stripe's event id is one of them.</summary>
    public byte[] Rewrite(ReadOnlyMemory<byte> body)
    {
        var text = Rewrite(Encoding.UTF8.GetString(body.Span));
        var at = text.IndexOf("\"evt_", StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes(at < 0 ? text : text.Insert(at + 5, $"{_number:D5}"));
    }

    /// <summary>Every fact, in the story's own ids. When to ask again is no fact: it may be due or not.</summary>
    public string EndOf(Charge charge)
    {
        var payments = charge.Payments.Select(payment => $"{Restore(payment.Reference)} {payment.State} {payment.Amount} {payment.Captured} {payment.ErrorCode}");
        var refunds = charge.Refunds.Select(refund => $"{Restore(refund.Reference)} {refund.State} {refund.Amount} {Restore($"{refund.OperationId}")}");
        return $"{charge.Status} {Restore(charge.Reference!)} {string.Join(';', payments.Order())} {string.Join(';', refunds.Order())} {charge.ClosingReason}";
    }

    private string Restore(string text) => _ids.Aggregate(text, (known, id) => known.Replace(id.To, id.From, StringComparison.Ordinal));

    private static string Numbered(string id, int number) => id[..^5] + $"{number:D5}";
}
