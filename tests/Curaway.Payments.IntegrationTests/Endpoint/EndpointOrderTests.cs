using System.Collections.Concurrent;
using Curaway.Payments.IntegrationTests.Providers;

namespace Curaway.Payments.IntegrationTests.Endpoint;

/// <summary>The story's six events in every order, through the endpoint into PostgreSQL, before our own answer: one end, and it is the ledger's.</summary>
[Trait("Promise", "P14")]
public sealed class EndpointOrderTests(EndpointHost host) : IClassFixture<EndpointHost>
{
    [Fact]
    public async Task All_720_orders_through_the_endpoint_end_in_the_ledgers_state()
    {
        var engine = host.Engine;
        var provider = engine.Stripe;
        var story = await WebhookStory.TellAsync(engine, provider);
        var orders = WebhookStory.Orders(story.Events.Count).ToList();
        var ended = new ConcurrentBag<(StoryCopy, Charge)>();
        await Parallel.ForAsync(0, orders.Count, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (number, _) =>
        {
            var copy = await story.BeginCopyAsync(number + 1);
            var deliveries = orders[number].Select(index => story.Sign(copy, index)).ToList();
            // One event at each place of the order comes twice at once.
            for (var at = 0; at < deliveries.Count; at++)
            {
                var copies = at == number % deliveries.Count ? 2 : 1;
                var answers = await Task.WhenAll(Enumerable.Range(0, copies).Select(_ => host.PostAsync(provider.Name, deliveries[at])));
                Assert.All(answers, answer => Assert.Equal(200, answer.Status));
                Assert.Equal(copies - 1, answers.Count(answer => answer.Text.Contains(ErrorCodes.WebhookDuplicate, StringComparison.Ordinal)));
            }

            ended.Add((copy, await engine.ChargeAsync(copy.Id)));
        });

        Assert.Equal(720, ended.Count);
        story.AssertOneEnd(ended);
    }
}
