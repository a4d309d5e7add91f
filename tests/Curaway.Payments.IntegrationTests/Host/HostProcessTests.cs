using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Curaway.Payments.IntegrationTests.Postgres;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>Two host processes on one database, asked at the same moment.</summary>
[Collection(HostProcesses.OneAtATime)]
public sealed class HostProcessTests(PostgresServer server)
{
    private const int RaceCount = 1000;
    private const int EventCount = 50;
    private const int CopyCount = 100;
    private const int OrderCount = 20;

    [Fact]
    [Trait("Promise", "P10")]
    public async Task Of_end_in_one_process_and_cancel_in_the_other_one_wins_a_thousand_times()
    {
        await using var hosts = await HostProcesses.StartAsync(server, 2);
        var (patient, staff) = ((await hosts.AsAsync("patient"))[0], await hosts.AsAsync("admin"));
        var watch = Stopwatch.StartNew();
        var endCount = 0;
        await Parallel.ForAsync(0, RaceCount, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = HostFixture.Ct }, async (round, _) =>
        {
            var id = await hosts.BookAsync(patient);
            var answers = await Task.WhenAll(staff[round % 2].EndAsync(id), staff[1 - (round % 2)].CancelAsync(id));
            Assert.Equal("200 409", string.Join(' ', answers.Select(answer => answer.Status).Order()));
            Assert.Equal(ErrorCodes.StateConflict, answers.Single(answer => answer.Status == 409).Code);
            if (answers[0].Status == 200)
                Interlocked.Increment(ref endCount);
        });

        await HostFixture.EventuallyAsync("0", async () => (await hosts.Database.ScalarAsync(
            "SELECT count(*) FROM consultation_charges WHERE charge_status NOT IN ('captured', 'voided')"))!);
        Assert.Equal($"{endCount}", await hosts.Database.ScalarAsync(
            "SELECT count(*) FROM consultation_charges AS charge JOIN consultations ON consultations.id::text = charge.consultation_id "
            + "WHERE charge_status = 'captured' AND consultations.status = 'ended'"));
        Assert.Equal(endCount, hosts.Simulators.Stripe.Ledger.PaymentIntents.Count(intent => intent.Status == "succeeded"));
        Assert.Equal(RaceCount - endCount, hosts.Simulators.Stripe.Ledger.PaymentIntents.Count(intent => intent.Status == "canceled"));
        Report($"{RaceCount} races, one winner each ({endCount} ends), in {watch.ElapsedMilliseconds} ms");
    }

    [Fact]
    [Trait("Promise", "P13")]
    public async Task A_hundred_copies_of_fifty_events_over_two_processes_have_one_effect_each()
    {
        await using var hosts = await HostProcesses.StartAsync(server, 2);
        var patient = (await hosts.AsAsync("patient"))[0];
        var webhooks = hosts.Simulators.Stripe.Webhooks;
        webhooks.Pause();
        for (var i = 0; i < EventCount; i++)
        {
            var id = await patient.RequestAsync();
            var checkout = await patient.OpenCheckoutAsync((await patient.ScheduleAsync(id)).Expect(200));
            hosts.Simulators.Stripe.PayAsPatient(checkout["client_secret"]!.ToString());
        }

        var events = webhooks.TakePending().Where(webhook => webhook.Type == "payment_intent.amount_capturable_updated").ToList();
        Assert.Equal(EventCount, events.Count);

        var watch = Stopwatch.StartNew();
        var answers = new ConcurrentBag<(string Event, HostAnswer Answer)>();
        var copies = Enumerable.Range(0, CopyCount).SelectMany(copy => events.Select((webhook, at) => (Webhook: webhook, Http: hosts[(copy + at) % 2])));
        await Parallel.ForEachAsync(
            copies,
            new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = HostFixture.Ct },
            async (copy, _) => answers.Add((copy.Webhook.EventId, await PostAsync(copy.Http, copy.Webhook))));

        Assert.All(answers, answer => answer.Answer.Expect(200));
        Assert.All(answers.GroupBy(answer => answer.Event), same => Assert.Single(same, copy => copy.Answer.Code is null));
        Assert.Equal($"{EventCount}", await hosts.Database.ScalarAsync("SELECT count(*) FROM charge_transitions WHERE to_status = 'authorized'"));
        Assert.Equal($"{EventCount}", await hosts.Database.ScalarAsync(
            "SELECT count(*) FROM webhook_events WHERE event_type = 'payment_intent.amount_capturable_updated' AND state = 'processed'"));
        Report($"{answers.Count} deliveries of {EventCount} events: all 200, {EventCount} effects, in {watch.ElapsedMilliseconds} ms");
    }

    [Fact]
    [Trait("Promise", "P14")]
    public async Task Events_in_any_order_over_two_processes_that_know_nothing_else_end_in_the_ledgers_state()
    {
        await using var hosts = await HostProcesses.StartAsync(server, 2);
        var patient = (await hosts.AsAsync("patient"))[0];
        var stripe = hosts.Simulators.Stripe;
        stripe.Webhooks.Pause();
        using var dashboard = new HttpClient { BaseAddress = stripe.BaseAddress };
        dashboard.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", stripe.Options.SecretKey);
        for (var i = 0; i < OrderCount; i++)
        {
            var checkout = await patient.OpenCheckoutAsync((await patient.ScheduleAsync(await patient.RequestAsync())).Expect(200));
            var secret = checkout["client_secret"]!.ToString();
            stripe.PayAsPatient(secret);
            var intent = secret[..secret.IndexOf("_secret", StringComparison.Ordinal)];
            await SendAsync(dashboard, $"v1/payment_intents/{intent}/capture");
            await SendAsync(dashboard, "v1/refunds", ("payment_intent", intent), ("amount", "700"));
        }

        var deliveries = stripe.Webhooks.TakePending().SelectMany(webhook => new[] { webhook, webhook }).ToArray();
        new Random(20261127).Shuffle(deliveries);
        await Parallel.ForAsync(
            0, deliveries.Length, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = HostFixture.Ct },
            async (at, _) => (await PostAsync(hosts[at % 2], deliveries[at])).Expect(200));

        await HostFixture.EventuallyAsync($"{OrderCount}", async () => (await hosts.Database.ScalarAsync(
            "SELECT count(*) FROM consultation_charges WHERE (charge_status, authorized_cents, captured_cents, refunded_cents) "
            + "= ('partially_refunded', 5000, 5000, 700)"))!);
        Assert.Equal("0", await hosts.Database.ScalarAsync("SELECT count(*) FROM webhook_events WHERE state NOT IN ('processed', 'ignored')"));
        Assert.All(stripe.Ledger.PaymentIntents, intent => Assert.Equal("succeeded", intent.Status));
        Report($"{deliveries.Length} deliveries of {OrderCount} charges, in no order and each twice, over 2 processes");
    }

    [Fact]
    [Trait("Promise", "P11")]
    public async Task Refunds_asked_of_both_processes_at_once_never_exceed_the_capture()
    {
        await using var hosts = await HostProcesses.StartAsync(server, 2);
        var (patient, admins) = ((await hosts.AsAsync("patient"))[0], await hosts.AsAsync("admin"));
        var id = await hosts.BookAsync(patient);
        (await admins[0].EndAsync(id)).Expect(200);
        var charge = await hosts.ChargeIdOfAsync(id);
        Task<HostAnswer> RefundAsync(int at, string key) => admins[at % 2].PostAsync(
            $"/api/v1/admin/charges/{charge}/refund", new JsonObject { ["amount_cents"] = 7_00, ["reason"] = "manual_dispute" }, key);

        var same = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => RefundAsync(i, "one-key-of-a-hundred")));
        Assert.All(same, answer => Assert.True(answer.Status is 200 or 409, $"{answer.Status} {answer.Text}"));
        Assert.Equal(1, hosts.Simulators.Stripe.Ledger.RefundCount(charge));

        var others = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => RefundAsync(i, $"key-{i}-of-a-hundred")));
        Assert.All(others, answer => Assert.True(answer.Status is 200 or 409 or 422, $"{answer.Status} {answer.Text}"));
        Assert.Equal(6, others.Count(answer => answer.Status == 200));
        Assert.Equal(49_00, hosts.Simulators.Stripe.Ledger.RefundedAmount(charge));
        Assert.Equal("4900", await hosts.Database.ScalarAsync($"SELECT refunded_cents FROM consultation_charges WHERE id = '{charge}'"));
    }

    /// <summary>What somebody does at the provider, and not through us.</summary>
    private static async Task SendAsync(HttpClient dashboard, string path, params (string Name, string Value)[] fields)
    {
        using var form = new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));
        (await dashboard.PostAsync(new Uri(path, UriKind.Relative), form, HostFixture.Ct)).EnsureSuccessStatusCode();
    }

    private static Task<HostAnswer> PostAsync(HttpClient http, SimulatorWebhook webhook)
    {
        var content = new ByteArrayContent(webhook.Body.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return new HostCaller(http, null).SendRawAsync(
            HttpMethod.Post, "/api/v1/webhooks/stripe", content,
            [.. webhook.Headers.Where(header => header.Key != "Content-Type").Select(header => (header.Key, header.Value))]);
    }

    private static void Report(FormattableString figures) =>
        TestContext.Current.AddAttachment("figures", figures.ToString(CultureInfo.InvariantCulture));
}
