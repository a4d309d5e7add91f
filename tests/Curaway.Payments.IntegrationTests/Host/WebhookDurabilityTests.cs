using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Headers;
using Curaway.Payments.IntegrationTests.Postgres;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>
/// Two host processes on one database; one of them is killed the moment it has said 2xx, then the other, and so on.
/// <c>CURAWAY_KILLS</c> says how often (20).
/// </summary>
[Collection(HostProcesses.OneAtATime)]
public sealed class WebhookDurabilityTests(PostgresServer server)
{
    private const int DeliveryCount = 2;

    [Fact]
    [Trait("Promise", "P15")]
    public async Task What_a_host_said_2xx_to_before_it_was_killed_is_processed()
    {
        var killCount = int.Parse(Environment.GetEnvironmentVariable("CURAWAY_KILLS") ?? "20", CultureInfo.InvariantCulture);
        await using var hosts = await HostProcesses.StartAsync(server, 2);
        var patient = (await hosts.AsAsync("patient"))[0];
        hosts.Simulators.Stripe.Webhooks.Pause();
        var acknowledged = new ConcurrentBag<string>();
        var restarting = Task.CompletedTask;
        for (var kill = 0; kill < killCount; kill++)
        {
            var events = await PayAsync(hosts, patient);
            var victim = kill % 2;
            // Where the first answer comes from is dead before the others may have theirs.
            var answers = events.ConvertAll(webhook => PostAsync(hosts[victim], webhook, acknowledged));
            await await Task.WhenAny(answers);
            hosts.Kill(victim);
            await Task.WhenAll(answers);
            await restarting;
            restarting = hosts.RestartAsync(victim);
            patient = new HostCaller(hosts[1 - victim], patient.Token);
        }

        await restarting;
        Assert.True(acknowledged.Count >= killCount, $"{acknowledged.Count} of {killCount} kills came after a 2xx.");
        foreach (var id in acknowledged)
            Assert.Equal("processed", await hosts.Database.ScalarAsync($"SELECT state FROM webhook_events WHERE provider_event_id = '{id}'"));
        Assert.Equal(
            await hosts.Database.ScalarAsync("SELECT count(*) FROM webhook_events WHERE state = 'processed'"),
            await hosts.Database.ScalarAsync("SELECT count(*) FROM charge_transitions WHERE to_status = 'authorized'"));
        TestContext.Current.AddAttachment("figures", $"{killCount} kills, {acknowledged.Count} of {acknowledged.Count} acknowledged events processed");
    }

    /// <summary>Consultations whose patients have paid, and the events nobody has told us.</summary>
    private static async Task<List<SimulatorWebhook>> PayAsync(HostProcesses hosts, HostCaller patient)
    {
        for (var i = 0; i < DeliveryCount; i++)
        {
            var checkout = await patient.OpenCheckoutAsync((await patient.ScheduleAsync(await patient.RequestAsync())).Expect(200));
            hosts.Simulators.Stripe.PayAsPatient(checkout["client_secret"]!.ToString());
        }

        return [.. hosts.Simulators.Stripe.Webhooks.TakePending().Where(webhook => webhook.Type == "payment_intent.amount_capturable_updated")];
    }

    private static async Task PostAsync(HttpClient http, SimulatorWebhook webhook, ConcurrentBag<string> acknowledged)
    {
        var content = new ByteArrayContent(webhook.Body.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        try
        {
            var answer = await new HostCaller(http, null).SendRawAsync(
                HttpMethod.Post, "/api/v1/webhooks/stripe", content,
                [.. webhook.Headers.Where(header => header.Key != "Content-Type").Select(header => (header.Key, header.Value))]);
            answer.Expect(200);
            acknowledged.Add(webhook.EventId);
        }
        catch (HttpRequestException)
        {
            // It was killed first; Stripe would deliver this one again.
        }
    }
}
