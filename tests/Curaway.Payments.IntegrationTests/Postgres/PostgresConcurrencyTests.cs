using System.Collections.Concurrent;
using Curaway.Payments.IntegrationTests.Stores;

namespace Curaway.Payments.IntegrationTests.Postgres;

/// <summary>Many hosts at once. Two stores over one database share nothing but the database, as two processes do.</summary>
public sealed class PostgresConcurrencyTests(PostgresServer server) : PostgresTests(server)
{
    [Fact]
    [Trait("Promise", "P13")]
    public async Task A_hundred_copies_of_fifty_events_over_two_hosts_have_one_effect_each()
    {
        var charges = new List<Charge>();
        for (var i = 0; i < 50; i++)
            charges.Add(await CreateAsync(Facts.Charge(Time, $"copies_{i}", reference: $"pi_{i}")));
        var hosts = new[] { NewStore(), NewStore() };
        // Every host gets every event, in batches of its own order.
        var deliveries = Enumerable.Range(0, 100).SelectMany(copy => charges.Select((charge, i) => (
            Host: copy % 2,
            Order: (copy * 7919 + i * 104729) % 5003,
            Delivery: Facts.Delivery($"evt_{i}", Facts.Snapshot(charge, Facts.Payment($"ch_{i}", PaymentState.Captured, 1500))))));
        var batches = deliveries.OrderBy(each => each.Order).GroupBy(each => each.Host)
            .SelectMany(host => host.Chunk(16).Select(batch => (Host: host.Key, Deliveries: batch.Select(each => each.Delivery).ToList())));

        var fates = new ConcurrentBag<WebhookFate>();
        await Parallel.ForEachAsync(batches, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Ct }, async (batch, ct) =>
        {
            foreach (var fate in await hosts[batch.Host].ReceiveAsync(batch.Deliveries, ct))
                fates.Add(fate);
        });

        Assert.Equal((50, 4950), (fates.Count(fate => fate == WebhookFate.Applied), fates.Count(fate => fate == WebhookFate.Duplicate)));
        Assert.Equal("50", await Database.ScalarAsync("SELECT count(*) FROM webhook_events WHERE state = 'processed'"));
        Assert.Equal("4950", await Database.ScalarAsync("SELECT sum(duplicate_count) FROM webhook_events"));
        Assert.Equal(["2"], await Database.QueryAsync("SELECT DISTINCT version FROM consultation_charges"));
        Assert.Equal("50", await Database.ScalarAsync("SELECT count(*) FROM audit_log WHERE action = 'webhook'"));
    }

    [Fact]
    public async Task An_event_whose_charge_somebody_holds_waits_for_the_processor_and_not_for_him()
    {
        var held = await CreateAsync(Facts.Charge(Time, "held", reference: "pi_1"));
        var free = await CreateAsync(Facts.Charge(Time, "free", reference: "pi_2"));
        await using var connection = await Database.Source.OpenConnectionAsync(Ct);
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        await using var locking = new Npgsql.NpgsqlCommand("SELECT 1 FROM consultation_charges WHERE id = $1 FOR NO KEY UPDATE", connection, transaction);
        locking.Parameters.Add(new Npgsql.NpgsqlParameter { Value = held.Id.Value });
        await locking.ExecuteNonQueryAsync(Ct);
        var told = Facts.Snapshot(held, Facts.Payment("ch_1", PaymentState.Captured, 1500));

        var fates = await Store.ReceiveAsync(
            [Facts.Delivery("evt_1", told), Facts.Delivery("evt_2", Facts.Snapshot(free, Facts.Payment("ch_2", PaymentState.Captured, 1500)))], Ct);

        Assert.Equal([WebhookFate.Stored, WebhookFate.Applied], fates);
        await transaction.RollbackAsync(Ct);
        var due = Assert.Single(await Store.ClaimEventsAsync(10, Lease, Ct));
        Assert.NotNull(due.Body);
        Assert.Equal(WebhookState.Processed, await Store.ApplyEventAsync(due.Id, due.Snapshot!, Lease, Ct));
        Assert.Equal(["captured"], await Database.QueryAsync("SELECT DISTINCT charge_status FROM consultation_charges"));
        Assert.Equal("2", await Database.ScalarAsync("SELECT count(*) FROM audit_log WHERE action = 'webhook'"));
    }

    [Fact]
    [Trait("Promise", "P25")]
    public async Task Nothing_is_claimed_twice_by_eight_hosts()
    {
        await Database.ExecuteAsync(Seed.Charges(2000, dueCount: 2000));
        await Database.ExecuteAsync(Seed.Events(2000, dueCount: 2000));
        await Database.ExecuteAsync(Seed.Transitions(2000));
        await Database.ExecuteAsync(Seed.Alerts(2000));

        var ids = await Task.WhenAll(
            ClaimAllAsync(async host => [.. (await host.ClaimDueAsync(32, Lease, Ct)).Select(id => id.ToString())]),
            ClaimAllAsync(async host => [.. (await host.ClaimEventsAsync(32, Lease, Ct)).Select(stored => stored.Id.ToString())]),
            ClaimAllAsync(async host => [.. (await host.ClaimTransitionsAsync(32, Lease, Ct)).Select(transition => $"{transition.Id}")]),
            ClaimAllAsync(async host => [.. (await host.ClaimAlertsAsync(32, Lease, Ct)).Select(alert => $"{alert.Id}")]));

        Assert.All(ids, claimed =>
        {
            Assert.Equal(2000, claimed.Count);
            Assert.Equal(2000, claimed.Distinct().Count());
        });
    }

    [Fact]
    public async Task Transitions_of_one_charge_are_seen_in_order_by_four_hosts()
    {
        await Database.ExecuteAsync(Seed.Charges(20, dueCount: 0));
        for (var i = 0; i < 10; i++)
            await Database.ExecuteAsync(Seed.Transitions(20));
        var seen = new ConcurrentQueue<ChargeTransition>();

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            var host = NewStore();
            while (seen.Count < 200)
            {
                foreach (var transition in await host.ClaimTransitionsAsync(3, Lease, Ct))
                {
                    seen.Enqueue(transition);
                    await host.CompleteTransitionsAsync([transition.Id], Ct);
                }
            }
        })));

        Assert.Equal(200, seen.Select(transition => transition.Id).Distinct().Count());
        Assert.All(seen.GroupBy(transition => transition.ChargeId), ofOne => Assert.Equal(ofOne.Select(each => each.Id).Order(), ofOne.Select(each => each.Id)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Promise", "P11")]
    public async Task A_hundred_refunds_at_once_never_exceed_the_capture(bool hasOneRequestId)
    {
        var charge = await CapturedAsync("refunds");
        var hosts = new[] { NewStore(), NewStore() };

        ChargeCommit Decide(ChargeState state, OpaqueId request)
        {
            var amount = Facts.Dollars(100);
            if (state.Operations.Any(operation => operation.RequestId == request)
                || ChargeLifecycle.Allows(state.Charge!, state.Operations, OperationKind.Refund, amount) is not null)
                return ChargeCommit.Nothing;
            var refund = Facts.Operation(Time, charge.Id, OperationKind.Refund) with { Amount = amount, RequestId = request };
            return ChargeCommit.Of(state, state.Charge!, Facts.Cause, refund);
        }

        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Task.Run(() => hosts[i % 2].CommitAsync(
            new ChargeSelector.ById(charge.Id),
            state => Decide(state, OpaqueId.Parse(hasOneRequestId ? "request" : $"request_{i}")), null, Ct))));

        var after = await Store.FindAsync(new ChargeSelector.ById(charge.Id), Ct);
        Assert.Equal(hasOneRequestId ? 1 : 15, after.Operations.Length);
        Assert.Equal(hasOneRequestId ? 1400 : 0, ChargeLifecycle.RefundableOf(after.Charge!, after.Operations).MinorUnits);
    }

    [Fact]
    [Trait("Promise", "P10")]
    public async Task Of_a_capture_and_a_void_at_once_one_wins_a_thousand_times()
    {
        var hosts = new[] { NewStore(), NewStore() };
        var winners = new ConcurrentBag<int>();

        await Parallel.ForAsync(0, 1000, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Ct }, async (i, ct) =>
        {
            var charge = await CreateAsync(Facts.Charge(Time, $"race_{i}", reference: $"pi_{i}") with
            {
                Payments = [Facts.Payment($"ch_{i}", PaymentState.Authorized, 1500)],
            });
            var begun = await Task.WhenAll(new[] { OperationKind.Capture, OperationKind.Void }.Select((kind, host) => Task.Run(
                async () =>
                {
                    var operation = Facts.Operation(Time, charge.Id, kind);
                    var committed = await hosts[host].CommitAsync(
                        new ChargeSelector.ById(charge.Id),
                        state => ChargeLifecycle.Allows(state.Charge!, state.Operations, kind, operation.Amount) is null
                            ? ChargeCommit.Of(state, state.Charge!, Facts.Cause, operation)
                            : ChargeCommit.Nothing,
                        null, ct);
                    return committed.State.Operations.Any(each => each.Id == operation.Id);
                }, ct)));
            winners.Add(begun.Count(won => won));
        });

        Assert.Equal(1000, winners.Count(count => count == 1));
        Assert.Equal("1000", await Database.ScalarAsync("SELECT count(*) FROM charge_operations"));
    }

    [Fact]
    public async Task Hosts_that_receive_claim_apply_and_commit_at_once_do_not_deadlock()
    {
        var before = await DeadlocksAsync();
        var charges = new List<Charge>();
        for (var i = 0; i < 10; i++)
            charges.Add(await CreateAsync(Facts.Charge(Time, $"busy_{i}", reference: $"pi_{i}")));
        var hosts = new[] { NewStore(), NewStore(), NewStore() };

        Task ReceiveAsync(int worker) => Task.Run(async () =>
        {
            for (var round = 0; round < 40; round++)
            {
                var mine = worker % 2 == 0 ? charges : Enumerable.Reverse(charges);
                // Half of the ids are shared by all workers: copies meet, dead letters come again.
                await hosts[worker % 3].ReceiveAsync([.. mine.Select((charge, i) => Facts.Delivery(
                    i % 2 == 0 ? $"evt_{round}_{charge.Id}" : $"evt_{worker}_{round}_{charge.Id}",
                    i % 3 == 0 ? null : Facts.Snapshot(charge, Facts.Payment($"ch_{worker}_{round}", PaymentState.Created, 1500)),
                    i % 3 == 0 ? WebhookVerdict.Unreadable : WebhookVerdict.Accepted))], Ct);
            }
        });
        Task ProcessAsync(int host) => Task.Run(async () =>
        {
            for (var round = 0; round < 100; round++)
            {
                foreach (var stored in await hosts[host].ClaimEventsAsync(8, Lease, Ct))
                    await hosts[host].ApplyEventAsync(stored.Id, Facts.Snapshot(charges[round % 10]), Lease, Ct);
            }
        });
        Task CommitAsync(int host) => Task.Run(async () =>
        {
            for (var round = 0; round < 200; round++)
            {
                var told = Facts.Snapshot(charges[round % 10], Facts.Payment($"ch_{host}_c{round}", PaymentState.Created, 1500));
                await hosts[host].CommitAsync(
                    new ChargeSelector.LiveOf(Facts.Tenant, charges[round % 10].ConsultationId), state => ChargeCommit.OfSnapshot(state, told, Facts.Cause), null, Ct);
            }
        });

        await Task.WhenAll([.. Enumerable.Range(0, 4).Select(ReceiveAsync), ProcessAsync(0), ProcessAsync(1), CommitAsync(1), CommitAsync(2)]);

        Assert.Equal(before, await DeadlocksAsync());
        Assert.Equal("0", await Database.ScalarAsync(
            """
            SELECT count(*) FROM consultation_charges AS charge
            WHERE version <> (SELECT count(*) FROM audit_log WHERE charge_id = charge.id)
            """));
    }

    private async Task<string?> DeadlocksAsync()
    {
        // Counted when a session ends or a second passed.
        Database.Source.Clear();
        await Task.Delay(1200, Ct);
        return await Database.ScalarAsync("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
    }

    private async Task<List<string>> ClaimAllAsync(Func<IChargeStore, Task<List<string>>> claim)
    {
        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            var host = NewStore();
            var mine = new List<string>();
            for (var misses = 0; misses < 3;)
            {
                var claimed = await claim(host);
                misses = claimed.Count == 0 ? misses + 1 : 0;
                mine.AddRange(claimed);
            }

            return mine;
        })));
        return [.. claims.SelectMany(mine => mine)];
    }

    private async Task<Charge> CapturedAsync(string name) => await CreateAsync(Facts.Charge(Time, name, reference: "pi_1") with
    {
        Payments = [Facts.Payment("ch_1", PaymentState.Captured, 1500)],
    });
}
