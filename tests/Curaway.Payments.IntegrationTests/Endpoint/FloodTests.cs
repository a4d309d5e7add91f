using System.Net.Sockets;
using System.Text;
using Curaway.Payments.IntegrationTests.Providers;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Endpoint;

/// <summary>A flood of garbage and a crowd that never finishes, with somebody genuine beside them. How fast he is served is a benchmark.</summary>
public sealed class FloodTests(EndpointHost host) : IClassFixture<EndpointHost>
{
    private const int FloodConnections = 32;
    private const int SlowCount = 200;
    private const int ValidCount = 6;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Promise", "P19")]
    public async Task A_flood_asks_the_database_nothing_slow_bodies_are_closed_and_the_genuine_ones_are_applied()
    {
        var valid = new List<(SimulatedProvider Provider, Charge Charge, SimulatorWebhook Event)>();
        for (var i = 0; i < ValidCount; i++)
        {
            var provider = host.Engine.ProviderOf(i % 2 == 0 ? "stripe" : "razorpay");
            var (charge, webhook) = await host.UntoldAsync(provider);
            valid.Add((provider, charge, webhook));
        }

        host.Options.ReadTimeout = TimeSpan.FromSeconds(3);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var slow = Enumerable.Range(0, SlowCount).Select(i => SendSlowlyAsync(isDripping: i % 2 == 0)).ToList();
        var flood = Enumerable.Range(0, FloodConnections).Select(i => FloodAsync(host.Engine.ProviderOf(i % 2 == 0 ? "stripe" : "razorpay"), ending.Token)).ToList();
        foreach (var (provider, charge, webhook) in valid)
        {
            await Task.Delay(500, Ct);
            Assert.Equal(200, (await host.PostAsync(provider.Name, webhook)).Status);
            Assert.Equal(ChargeStatus.Authorized, (await host.Engine.ChargeAsync(charge.Id)).Status);
        }

        Assert.All(await Task.WhenAll(slow), status => Assert.Equal(408, status));
        await ending.CancelAsync();
        var forgedCount = (await Task.WhenAll(flood)).Sum();
        Assert.True(forgedCount > 100 * ValidCount, $"{forgedCount} forged deliveries are no flood.");

        // Everything the host asked of its store is about the genuine ones; the flood is one alert of each provider at each look of the dispatcher.
        Assert.Equal(ValidCount, host.Calls.Received);
        Assert.Equal((0, 0), (host.Calls[nameof(IChargeStore.CommitAsync)], host.Calls[nameof(IChargeStore.FindAsync)]));
        Assert.InRange(host.Calls[nameof(IChargeStore.EnqueueAlertAsync)], 1, 2 * (host.Calls[nameof(IChargeStore.ClaimAlertsAsync)] + 1));
        Assert.Equal($"{ValidCount}", await host.Database.ScalarAsync("SELECT count(*) FROM webhook_events"));
        TestContext.Current.AddAttachment("figures", $"{forgedCount} forged deliveries, {SlowCount} slow ones; {host.Calls[nameof(IChargeStore.EnqueueAlertAsync)]} alerts");
    }

    /// <summary>Sends forged deliveries until told to stop. How many were refused.</summary>
    private async Task<int> FloodAsync(SimulatedProvider provider, CancellationToken ct)
    {
        var forged = provider.Webhooks.Sign(Encoding.UTF8.GetBytes($$"""{"id":"evt_forged","type":"x","event":"x","pad":"{{new string('x', 3000)}}"}"""), WebhookStep.Deliver with { Secret = "another" });
        var count = 0;
        while (!ct.IsCancellationRequested)
        {
            Assert.Equal(400, (await host.PostAsync(provider.Name, forged)).Status);
            count++;
        }

        return count;
    }

    /// <summary>Promises a body and gives half a kilobyte each second of it, or nothing more. What the server answers in the end.</summary>
    private async Task<int> SendSlowlyAsync(bool isDripping)
    {
        using var client = await host.ConnectAsync();
        await using var stream = client.GetStream();
        await stream.WriteAsync("POST /api/v1/webhooks/stripe HTTP/1.1\r\nHost: x\r\nStripe-Signature: t=1,v1=00\r\nContent-Length: 200000\r\n\r\n{"u8.ToArray(), Ct);
        var answer = EndpointHost.ReadStatusAsync(stream);
        var drip = new byte[125];
        try
        {
            // More than the slowest rate that Kestrel lets pass, so that only our own limit ends it.
            while (isDripping && await Task.WhenAny(answer, Task.Delay(250, Ct)) != answer)
                await stream.WriteAsync(drip, Ct);
        }
        catch (Exception closed) when (closed is IOException or SocketException)
        {
            // The answer came first.
        }

        return await answer;
    }
}
