namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>Six genuine events of one story, in every order, each delivered twice, before our own second transaction: one end, and it is the ledger's.</summary>
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
        var story = await WebhookStory.TellAsync(engine, provider);
        var ended = new List<(StoryCopy, Charge)>();
        foreach (var order in WebhookStory.Orders(story.Events.Count))
        {
            var copy = await story.BeginCopyAsync(ended.Count + 1);
            var inOrder = order.Select(index => engine.Read(provider, story.Sign(copy, index))!).ToList();
            var fates = await engine.Store.ReceiveAsync([.. inOrder, .. inOrder.AsEnumerable().Reverse()], Ct);

            Assert.All(fates.Take(6), fate => Assert.Equal(WebhookFate.Applied, fate));
            Assert.All(fates.Skip(6), fate => Assert.Equal(WebhookFate.Duplicate, fate));
            ended.Add((copy, await engine.ChargeAsync(copy.Id)));
        }

        Assert.Equal(720, ended.Count);
        story.AssertOneEnd(ended);
    }
}
