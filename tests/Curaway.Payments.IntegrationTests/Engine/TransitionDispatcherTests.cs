using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Curaway.Payments.IntegrationTests.Engine;

public sealed class TransitionDispatcherTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_host_without_observers_leaves_every_transition_to_one_that_has_some()
    {
        await using var engine = await EngineFixture.StartAsync();
        var charge = await engine.AuthorizedAsync();
        var deaf = new TransitionDispatcher(
            engine.Store, [], Options.Create(new PaymentsOptions()), engine.Time, NullLogger<TransitionDispatcher>.Instance);

        Assert.False(await deaf.SweepAsync(Ct));
        await engine.DispatchAsync();

        Assert.Equal([ChargeStatus.Pending, ChargeStatus.Authorized], engine.Observer.Seen.Where(told => told.ChargeId == charge.Id).Select(told => told.To));
    }
}
