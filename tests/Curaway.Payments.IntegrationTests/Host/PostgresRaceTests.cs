using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using Curaway.Payments.IntegrationTests.Postgres;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>Two hosts on one database, asked at the same moment.</summary>
public sealed class PostgresRaceTests(PostgresServer server)
{
    private const int RaceCount = 200;

    [Fact]
    [Trait("Promise", "P10")]
    public async Task Of_end_at_one_host_and_cancel_at_the_other_one_wins_and_the_money_follows_it()
    {
        await using var hosts = await PostgresHosts.StartAsync(server, 2);
        var patient = await hosts[0].AsAsync("patient");
        HostCaller[] staff = [await hosts[0].AsAsync("admin"), await hosts[1].AsAsync("admin")];
        var watch = Stopwatch.StartNew();
        var (endCount, cancelCount) = (0, 0);
        await Parallel.ForAsync(0, RaceCount, new ParallelOptions { MaxDegreeOfParallelism = 6, CancellationToken = HostFixture.Ct }, async (round, _) =>
        {
            var id = await patient.BookAsync();
            var (first, second) = (staff[round % 2], staff[1 - (round % 2)]);
            var answers = await Task.WhenAll(first.EndAsync(id), second.CancelAsync(id));
            Assert.Equal("200 409", string.Join(' ', answers.Select(answer => answer.Status).Order()));
            Assert.Equal(ErrorCodes.StateConflict, answers.Single(answer => answer.Status == 409).Code);
            var isEnded = answers[0].Status == 200;
            Interlocked.Increment(ref isEnded ? ref endCount : ref cancelCount);
            Assert.Equal(isEnded ? "ended" : "cancelled", await hosts.StatusOfAsync(id));
            await HostFixture.EventuallyAsync(isEnded ? "captured" : "voided", () => hosts.ChargeStatusOfAsync(id));
            var charge = await hosts.ChargeIdOfAsync(id);
            Assert.Equal(isEnded ? 50_00 : 0, hosts.Simulators.Stripe.Ledger.CapturedAmount(charge));
            Assert.Equal(0, hosts.Simulators.Stripe.Ledger.HeldAmount(charge));
        });
        Assert.Equal(RaceCount, endCount + cancelCount);
        Report($"{RaceCount} of {RaceCount} races with one winner ({endCount} ends, {cancelCount} cancels) in {watch.ElapsedMilliseconds} ms");
    }

    [Fact]
    [Trait("Promise", "P11")]
    public async Task Refunds_asked_of_both_hosts_at_once_never_exceed_the_capture()
    {
        await using var hosts = await PostgresHosts.StartAsync(server, 2);
        var admin = await hosts[0].AsAsync("admin");
        var id = await admin.BookAsync();
        (await admin.EndAsync(id)).Expect(200);
        var charge = ChargeId.TryParse(await hosts.ChargeIdOfAsync(id), out var parsed) ? parsed : default;
        Task<ChargeResult> RefundAsync(int at, string key) => hosts[at % 2].Charges.RefundAsync(new RefundCharge
        {
            ChargeId = charge,
            RequestId = OpaqueId.Parse(key),
            Amount = new Money(7_00, Currency.Parse("USD")),
            Reason = "manual_dispute",
            ActorId = "admin-1",
        });

        var same = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => RefundAsync(i, "one-key")));
        Assert.All(same, result => Assert.True(result.IsSuccess || result.Error!.Definition.Retryable, result.ToString()));
        Assert.Equal(1, hosts.Simulators.Stripe.Ledger.RefundCount(charge.ToString()));

        var others = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => RefundAsync(i, $"key-{i}")));
        await hosts.DrainAsync();
        var refunded = hosts.Simulators.Stripe.Ledger.RefundedAmount(charge.ToString());
        Assert.InRange(refunded, 7_00, 50_00);
        Assert.Equal(others.Count(result => result.IsSuccess) + 1, hosts.Simulators.Stripe.Ledger.RefundCount(charge.ToString()));
        Assert.Contains(others, result => result.Error?.Code == ErrorCodes.RefundExceedsCaptured);
        Assert.Equal(refunded.ToString(CultureInfo.InvariantCulture), await hosts.Database.ScalarAsync($"SELECT refunded_cents FROM consultation_charges WHERE id = '{charge}'"));
        Report($"100 with one key: 1 refund; 100 with different keys: {others.Count(result => result.IsSuccess)} more, {refunded} of 5000 refunded");
    }

    [Fact]
    [Trait("Promise", "P13")]
    public async Task A_hundred_copies_of_ten_events_over_both_hosts_have_one_effect_each()
    {
        await using var hosts = await PostgresHosts.StartAsync(server, 2);
        var patient = await hosts[0].AsAsync("patient");
        var webhooks = hosts.Simulators.Stripe.Webhooks;
        webhooks.Pause();
        var ids = new List<string>();
        for (var i = 0; i < 10; i++)
        {
            ids.Add(await patient.RequestAsync());
            var secret = (await patient.OpenCheckoutAsync((await patient.ScheduleAsync(ids[i])).Expect(200)))["client_secret"]!.ToString();
            hosts.Simulators.Stripe.PayAsPatient(secret);
        }

        var events = webhooks.TakePending().Where(webhook => webhook.Type == "payment_intent.amount_capturable_updated").ToList();
        webhooks.Resume();
        Assert.Equal(10, events.Count);
        Assert.Equal("0", await hosts.Database.ScalarAsync("SELECT count(*) FROM charge_transitions WHERE to_status = 'authorized'"));

        var watch = Stopwatch.StartNew();
        var answers = new ConcurrentBag<(string Event, HostAnswer Answer)>();
        var copies = Enumerable.Range(0, 100).SelectMany(copy => events.Select((webhook, at) => (webhook, Host: hosts[(copy + at) % 2])));
        await Parallel.ForEachAsync(
            copies,
            new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = HostFixture.Ct },
            async (copy, _) => answers.Add((copy.webhook.EventId, await PostAsync(copy.Host, copy.webhook))));
        var elapsed = watch.ElapsedMilliseconds;

        Assert.Equal(1000, answers.Count);
        Assert.All(answers, answer => answer.Answer.Expect(200));
        Assert.All(answers.GroupBy(answer => answer.Event), copies => Assert.Single(copies, copy => copy.Answer.Code is null));
        foreach (var id in ids)
        {
            var charge = await hosts.ChargeIdOfAsync(id);
            await HostFixture.EventuallyAsync("scheduled", () => hosts.StatusOfAsync(id));
            Assert.Equal("1", await hosts.Database.ScalarAsync($"SELECT count(*) FROM charge_transitions WHERE charge_id = '{charge}' AND to_status = 'authorized'"));
            Assert.Equal("1", await hosts.Database.ScalarAsync($"SELECT count(*) FROM audit_log WHERE charge_id = '{charge}' AND to_status = 'authorized' AND from_status <> 'authorized'"));
        }

        Assert.Equal("10", await hosts.Database.ScalarAsync("SELECT count(*) FROM webhook_events WHERE event_type = 'payment_intent.amount_capturable_updated'"));
        Assert.Equal("990", await hosts.Database.ScalarAsync("SELECT sum(duplicate_count) FROM webhook_events"));
        Report($"1,000 deliveries of 10 events over 2 hosts: all 200, 10 effects, 990 duplicates, in {elapsed} ms");
    }

    [Fact]
    public async Task One_idempotency_key_is_one_request_over_both_hosts_and_its_lease_ends_by_the_servers_clock()
    {
        await using var hosts = await PostgresHosts.StartAsync(server, 2);
        var name = HostFixture.NewName("patient");
        HostCaller[] patient = [await hosts[0].AsAsync("patient", name: name), await hosts[1].AsAsync("patient", name: name)];
        var body = HostCaller.Consultation();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => patient[i % 2].PostAsync(HostCaller.Consultations, body, "one-key")));
        Assert.Contains(answers, answer => answer.Status == 201);
        Assert.All(answers.Where(answer => answer.Status != 201), answer => answer.Expect(409, ErrorCodes.IdempotencyInProgress));
        Assert.Single(answers.Where(answer => answer.Status == 201).Select(answer => answer.Text).Distinct());
        Assert.Equal("1", await hosts.Database.ScalarAsync("SELECT count(*) FROM consultations"));

        // A host that died while it held the key.
        await hosts.Database.ExecuteAsync("UPDATE idempotency_keys SET sealed_answer = NULL, leased_until = payments_now() + interval '30 seconds'");
        (await patient[1].PostAsync(HostCaller.Consultations, body, "one-key")).Expect(409, ErrorCodes.IdempotencyInProgress);
        // The host keeps whole milliseconds: a lease that ends a few microseconds later than its now would not be over yet.
        await hosts.Database.ExecuteAsync("UPDATE idempotency_keys SET leased_until = date_trunc('milliseconds', payments_now())");
        (await patient[1].PostAsync(HostCaller.Consultations, body, "one-key")).Expect(201);
    }

    private static Task<HostAnswer> PostAsync(PostgresHost host, SimulatorWebhook webhook)
    {
        var content = new ByteArrayContent(webhook.Body.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return host.Anonymous().SendRawAsync(
            HttpMethod.Post, "/api/v1/webhooks/stripe", content,
            [.. webhook.Headers.Where(header => header.Key != "Content-Type").Select(header => (header.Key, header.Value))]);
    }

    private static void Report(FormattableString figures) =>
        TestContext.Current.AddAttachment("figures", figures.ToString(CultureInfo.InvariantCulture));
}
