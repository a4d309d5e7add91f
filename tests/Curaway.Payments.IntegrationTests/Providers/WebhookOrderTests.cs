using System.Collections.Immutable;
using System.Text;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>
/// Six genuine events of one story, in every order, each delivered twice, before our own second transaction: one end, and it
/// is the ledger's. The story happens once at the simulator; for each order its ids are replaced and it is signed again.
/// </summary>
[Trait("Promise", "P14")]
public sealed class WebhookOrderTests(SimulatedEngine engine) : IClassFixture<SimulatedEngine>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("stripe")]
    [InlineData("razorpay")]
    public async Task All_720_orders_end_in_the_ledgers_state(string name)
    {
        var provider = engine.ProviderOf(name);
        provider.Webhooks.TakePending();
        var told = await TellStoryAsync(provider);
        var ledger = provider.LedgerOf(told.Id);
        var webhooks = provider.Webhooks.TakePending();
        var story = webhooks.Where(webhook => engine.Read(provider, webhook)!.Verdict == WebhookVerdict.Accepted).ToList();
        Assert.Equal(StoryOf(name), story.Select(webhook => webhook.Type));

        // The declined attempt is in the events only. Its id belongs to one order, like every payment's.
        string[] payments = [.. story.SelectMany(webhook => engine.Read(provider, webhook)!.Snapshot!.Payments).Select(payment => payment.Reference)];

        var ends = new Dictionary<string, int>();
        var number = 0;
        foreach (var order in Orders(story.Count))
        {
            var copy = new StoryCopy(told, payments, ++number);
            await BeginAsync(copy, isReferenceKnown: number % 2 == 0);
            var deliveries = story.ConvertAll(webhook => engine.Read(provider, provider.Webhooks.Sign(copy.Rewrite(webhook.Body)))!);
            var inOrder = order.Select(index => deliveries[index]).ToList();
            var fates = await engine.Store.ReceiveAsync([.. inOrder, .. inOrder.AsEnumerable().Reverse()], Ct);

            Assert.All(fates.Take(6), fate => Assert.Equal(WebhookFate.Applied, fate));
            Assert.All(fates.Skip(6), fate => Assert.Equal(WebhookFate.Duplicate, fate));
            var end = EndOf(copy, await engine.ChargeAsync(copy.Id));
            ends[end] = ends.GetValueOrDefault(end) + 1;
        }

        Assert.Equal(720, number);
        var (only, count) = Assert.Single(ends);
        Assert.Equal(720, count);
        var charge = await engine.ChargeAsync(new StoryCopy(told, payments, number).Id);
        Assert.Equal(
            (ChargeStatus.PartiallyRefunded, ledger.Captured, ledger.Refunded), (charge.Status, charge.Captured.MinorUnits, charge.Refunded.MinorUnits));
        Assert.Equal((100_00L, 40_00L, 0L), (ledger.Captured, ledger.Refunded, ledger.Held));
        Assert.Contains("Captured", only, StringComparison.Ordinal);
    }

    /// <summary>A declined attempt, a payment, a capture and a refund of a part.</summary>
    private async Task<Charge> TellStoryAsync(SimulatedProvider provider)
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

    private static string[] StoryOf(string provider) => provider == "stripe"
        ? ["payment_intent.payment_failed", "payment_intent.amount_capturable_updated", "payment_intent.succeeded",
            "refund.created", "charge.refunded", "refund.updated"]
        : ["payment.failed", "payment.authorized", "payment.captured", "order.paid", "refund.created", "refund.processed"];

    /// <summary>Transaction 1 of a booking; the reference comes with transaction 2, or with the first webhook.</summary>
    private Task<ChargeCommitted> BeginAsync(StoryCopy copy, bool isReferenceKnown)
    {
        var now = engine.Time.GetUtcNow();
        var charge = new Charge
        {
            Id = copy.Id,
            TenantId = copy.Told.TenantId,
            ConsultationId = OpaqueId.Parse($"copy-{copy.Id}"),
            Amount = copy.Told.Amount,
            Routing = copy.Told.Routing,
            Reference = isReferenceKnown ? copy.Rewrite(copy.Told.Reference!) : null,
            CreatedAt = now,
            BookBy = now + TimeSpan.FromMinutes(10),
        };
        return engine.Store.CommitAsync(
            new ChargeSelector.ById(copy.Id),
            state => ChargeCommit.Of(state, charge, new ChargeCause("begin_authorize", "api", "patient-1")),
            booking: null,
            Ct);
    }

    /// <summary>Every fact, in the story's own ids. When to ask again is no fact: it may be due or not.</summary>
    private static string EndOf(StoryCopy copy, Charge charge)
    {
        var payments = charge.Payments.Select(payment => $"{copy.Restore(payment.Reference)} {payment.State} {payment.Amount} {payment.Captured} {payment.ErrorCode}");
        var refunds = charge.Refunds.Select(refund => $"{copy.Restore(refund.Reference)} {refund.State} {refund.Amount} {copy.Restore($"{refund.OperationId}")}");
        return $"{charge.Status} {copy.Restore(charge.Reference!)} {string.Join(';', payments.Order())} {string.Join(';', refunds.Order())} {charge.ClosingReason}";
    }

    private static IEnumerable<ImmutableArray<int>> Orders(int count) => count == 0
        ? [[]]
        : Orders(count - 1).SelectMany(order => Enumerable.Range(0, count), (order, at) => order.Insert(at, count - 1));

    /// <summary>The story again under other ids of the same length.</summary>
    private sealed class StoryCopy
    {
        private readonly (string From, string To)[] _ids;

        public StoryCopy(Charge told, IEnumerable<string> payments, int number)
        {
            Told = told;
            var operations = told.Refunds.Select(refund => refund.OperationId.ToString()!);
            string[] ids = [told.Id.ToString(), told.Reference!, .. payments, .. told.Refunds.Select(r => r.Reference), .. operations];
            _ids = [.. ids.Distinct().Select(id => (id, Numbered(id, number)))];
            Id = new ChargeId(Guid.Parse(Rewrite(told.Id.ToString())));
            Number = number;
        }

        public Charge Told { get; }

        public ChargeId Id { get; }

        private int Number { get; }

        public string Rewrite(string text) => _ids.Aggregate(text, (known, id) => known.Replace(id.From, id.To, StringComparison.Ordinal));

        public string Restore(string text) => _ids.Aggregate(text, (known, id) => known.Replace(id.To, id.From, StringComparison.Ordinal));

        /// <summary>The body under the copy's ids; Stripe's event id is one of them.</summary>
        public byte[] Rewrite(ReadOnlyMemory<byte> body)
        {
            var text = Rewrite(Encoding.UTF8.GetString(body.Span));
            var at = text.IndexOf("\"evt_", StringComparison.Ordinal);
            return Encoding.UTF8.GetBytes(at < 0 ? text : text.Insert(at + 5, $"{Number:D5}"));
        }

        private static string Numbered(string id, int number) => id[..^5] + $"{number:D5}";
    }
}
