using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics;
using Curaway.Payments.IntegrationTests.Stores;
using Curaway.Payments.Postgres;
using Npgsql;

namespace Curaway.Payments.IntegrationTests.Postgres;

/// <summary>A server that crashes, a wire that breaks, a pool that is empty.</summary>
public sealed class PostgresFailureTests(PostgresServer server) : PostgresTests(server)
{
    private const int CrashCount = 12;
    private const int AcknowledgedBetweenCrashes = 8;

    // No measurement: on a busy machine too, it is not the minutes of a wait without a limit.
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Fact]
    [Trait("Promise", "P05")]
    public async Task A_lost_commit_has_one_effect_and_the_caller_is_told_what_was_committed()
    {
        var target = new NpgsqlConnectionStringBuilder(Database.ConnectionString);
        await using var proxy = new CuttingProxy(target.Port);
        target.Port = proxy.Port;
        target.SslMode = SslMode.Disable;
        target.GssEncryptionMode = GssEncryptionMode.Disable;
        await using var source = NpgsqlDataSource.Create(target);
        var host = new PostgresChargeStore(new PostgresDatabase(source));

        for (var run = 0; run < 200; run++)
        {
            var charge = run % 5 == 0 ? Facts.Charge(Time, $"lost_{run}", reference: $"pi_{run}") : await AuthorizedAsync(run);
            var cut = run % 10 < 5 ? CuttingProxy.Cut.Reply : CuttingProxy.Cut.Request;
            proxy.CutNext(cut);
            switch (run % 5)
            {
                case 0:
                    await BeginAsync(host, charge);
                    break;
                case 1:
                    await BookAsync(host, charge, run);
                    break;
                case 2:
                    await SettleAsync(host, charge, OperationKind.Refund);
                    break;
                case 3:
                    await SettleAsync(host, charge, OperationKind.Capture);
                    break;
                default:
                    await ReceiveAsync(host, charge, run, cut);
                    break;
            }
        }

        Assert.Equal(200, proxy.CutCount);
        Assert.Equal("0", await Database.ScalarAsync(
            "SELECT count(*) FROM consultation_charges AS charge WHERE version <> (SELECT count(*) FROM audit_log WHERE charge_id = charge.id)"));
        Assert.Equal("40", await Database.ScalarAsync("SELECT count(*) FROM sessions"));
        Assert.Equal("40", await Database.ScalarAsync("SELECT count(*) FROM charge_operations WHERE kind = 'refund'"));
        Assert.Equal("40", await Database.ScalarAsync("SELECT count(*) FROM charge_operations WHERE kind = 'capture'"));
        Assert.Equal("40", await Database.ScalarAsync("SELECT count(*) FROM webhook_events WHERE state = 'processed'"));
    }

    [Fact]
    [Trait("Promise", "P04")]
    public async Task Twelve_crashes_under_load_lose_nothing_acknowledged_and_double_nothing()
    {
        PostgresServer.RequireBinaries();
        await using var crashing = await PostgresProcess.StartAsync();
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(crashing.ConnectionString) { MaxPoolSize = 16 });
        var store = new PostgresChargeStore(new PostgresDatabase(source));
        await store.MigrateAsync(Ct);
        var acknowledged = new ConcurrentDictionary<ChargeId, string>();
        var unanswered = 0;

        using var end = new CancellationTokenSource();
        var load = Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; !end.IsCancellationRequested; i++)
            {
                try
                {
                    var charge = Facts.Charge(Time, $"crash_{worker}_{i}", reference: $"pi_{worker}_{i}");
                    await store.CommitAsync(
                        new ChargeSelector.LiveOf(charge.TenantId, charge.ConsultationId),
                        state => state.Charge is null ? ChargeCommit.Of(state, charge, Facts.Cause, Facts.Operation(Time, charge.Id)) : ChargeCommit.Nothing,
                        null, Ct);
                    acknowledged[charge.Id] = "pending";
                    var told = Facts.Snapshot(charge, Facts.Payment($"ch_{worker}_{i}", PaymentState.Captured, 1500));
                    await store.ReceiveAsync([Facts.Delivery($"evt_{worker}_{i}", told)], Ct);
                    acknowledged[charge.Id] = "captured";
                }
                catch (DbException)
                {
                    Interlocked.Increment(ref unanswered);
                }
            }
        })).ToList();

        for (var crash = 0; crash < CrashCount; crash++)
        {
            // In the middle of the load, however slow it is.
            var enough = acknowledged.Count + AcknowledgedBetweenCrashes;
            while (acknowledged.Count < enough && !load.Exists(worker => worker.IsCompleted))
                await Task.Delay(20, Ct);
            await crashing.CrashAsync();
            await crashing.RestartAsync();
        }

        await end.CancelAsync();
        await Task.WhenAll(load);

        await using var command = source.CreateCommand("SELECT id, charge_status FROM consultation_charges");
        var stored = new Dictionary<ChargeId, string>();
        await using (var reader = await command.ExecuteReaderAsync(Ct))
        {
            while (await reader.ReadAsync(Ct))
                stored[new ChargeId(reader.GetGuid(0))] = reader.GetString(1);
        }

        Assert.True(acknowledged.Count >= 4 * CrashCount, $"Only {acknowledged.Count} charges were acknowledged.");
        var lost = acknowledged.Count(each => !stored.TryGetValue(each.Key, out var status) || (each.Value == "captured" && status != "captured"));
        Assert.Equal(0, lost);
        await using var doubled = source.CreateCommand(
            """
            SELECT count(*) FROM consultation_charges AS charge
            WHERE version <> (SELECT count(*) FROM audit_log WHERE charge_id = charge.id)
                OR 1 <> (SELECT count(*) FROM consultation_charges AS twin WHERE twin.consultation_id = charge.consultation_id)
                OR 1 <> (SELECT count(*) FROM charge_operations WHERE charge_id = charge.id)
            """);
        Assert.Equal(0L, await doubled.ExecuteScalarAsync(Ct));
        TestContext.Current.AddAttachment("figures", $"{acknowledged.Count} acknowledged, {stored.Count} stored, {unanswered} unanswered");
    }

    [Fact]
    public async Task An_exhausted_pool_is_a_clear_error_after_one_wait()
    {
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(Database.ConnectionString) { MaxPoolSize = 1, Timeout = 1 });
        await using var taken = await source.OpenConnectionAsync(Ct);
        var watch = Stopwatch.StartNew();

        var failure = await Assert.ThrowsAsync<NpgsqlException>(() =>
            new PostgresChargeStore(new PostgresDatabase(source)).FindAsync(new ChargeSelector.ById(ChargeId.New(Time)), Ct));

        Assert.Contains("pool", failure.Message, StringComparison.OrdinalIgnoreCase);
        Assert.InRange(watch.Elapsed, TimeSpan.FromSeconds(0.9), Soon);
    }

    [Fact]
    public async Task A_read_only_server_reads_and_refuses_to_write_with_its_own_words()
    {
        var charge = await CreateAsync(Facts.Charge(Time, "standby"));
        await Database.ExecuteAsync($"ALTER DATABASE {Database.Name} SET default_transaction_read_only = on");
        Database.Source.Clear();

        Assert.NotNull((await Store.FindAsync(new ChargeSelector.ById(charge.Id), Ct)).Charge);
        var failure = await Assert.ThrowsAsync<PostgresException>(() => CreateAsync(Facts.Charge(Time, "refused")));
        Assert.Equal(PostgresErrorCodes.ReadOnlySqlTransaction, failure.SqlState);
        await Assert.ThrowsAsync<PostgresException>(() => Store.ReceiveAsync([Facts.Delivery("evt_1", Facts.Snapshot(charge))], Ct));
    }

    // The server's own code for a full disk, raised where a row is written last: a real full disk would need a volume of its own.
    [Fact]
    public async Task A_full_disk_is_the_servers_own_error_and_leaves_nothing_half_written()
    {
        await Database.ExecuteAsync(
            """
            CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END
            $$;
            CREATE TRIGGER disk_full BEFORE INSERT ON charge_transitions FOR EACH ROW EXECUTE FUNCTION disk_full();
            """);

        var failure = await Assert.ThrowsAsync<PostgresException>(() => CreateAsync(Facts.Charge(Time, "full")));
        Assert.Equal(PostgresErrorCodes.DiskFull, failure.SqlState);
        Assert.Equal("0", await Database.ScalarAsync("SELECT (SELECT count(*) FROM consultation_charges) + (SELECT count(*) FROM audit_log)"));

        await Database.ExecuteAsync("DROP TRIGGER disk_full ON charge_transitions");
        Assert.NotNull(await CreateAsync(Facts.Charge(Time, "full")));
    }

    [Fact]
    public async Task A_server_that_is_away_is_an_error_within_seconds()
    {
        await using var source = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=nobody");
        var watch = Stopwatch.StartNew();

        await Assert.ThrowsAnyAsync<DbException>(() =>
            new PostgresChargeStore(new PostgresDatabase(source)).ReceiveAsync([Facts.Delivery("evt_1", null, WebhookVerdict.Ignored)], Ct));

        Assert.InRange(watch.Elapsed, TimeSpan.Zero, Soon);
    }

    private async Task<Charge> AuthorizedAsync(int run)
    {
        if (run == 1)
            await Database.ExecuteAsync("CREATE TABLE sessions (slot text PRIMARY KEY)");
        return await CreateAsync(Facts.Charge(Time, $"lost_{run}", reference: $"pi_{run}") with
        {
            Payments = [Facts.Payment($"ch_{run}", run % 5 == 2 ? PaymentState.Captured : PaymentState.Authorized, 1500)],
        });
    }

    // What the engine does in T1: what it is about to send has to be what is on disk.
    private async Task BeginAsync(PostgresChargeStore host, Charge charge)
    {
        ChargeOperation? decided = null;
        var begun = await host.CommitAsync(
            new ChargeSelector.LiveOf(charge.TenantId, charge.ConsultationId),
            state =>
            {
                decided = state.Charge is null ? Facts.Operation(Time, charge.Id) : null;
                return decided is null ? ChargeCommit.Nothing : ChargeCommit.Of(state, charge, Facts.Cause, decided);
            },
            null, Ct);

        Assert.Equal(decided?.Id, Assert.Single(begun.State.Operations).Id);
        Assert.Equal(decided?.Id, Assert.Single((await Store.FindAsync(new ChargeSelector.ById(charge.Id), Ct)).Operations).Id);
    }

    private async Task BookAsync(PostgresChargeStore host, Charge charge, int run)
    {
        async Task InsertAsync(DbTransaction transaction, CancellationToken ct)
        {
            await using var command = transaction.Connection!.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = $"INSERT INTO sessions (slot) VALUES ('slot_{run}')";
            await command.ExecuteNonQueryAsync(ct);
        }

        var committed = await host.CommitAsync(
            new ChargeSelector.ById(charge.Id),
            state => ChargeCommit.Nothing with { Books = state.Charge!.BookedAt is null },
            new Booking(
                InsertAsync,
                state => ChargeCommit.Of(state, ChargeLifecycle.Book(state.Charge!, state.Now), Facts.Cause),
                state => ChargeCommit.Of(state, ChargeLifecycle.Close(state.Charge!, "booking_failed", state.Now), Facts.Cause)),
            Ct);

        Assert.Null(committed.BookingFailure);
        Assert.NotNull(committed.Charge.BookedAt);
        var read = (await Store.FindAsync(new ChargeSelector.ById(charge.Id), Ct)).Charge!;
        Assert.Equal((committed.Charge.BookedAt, null), (read.BookedAt, read.ClosingReason));
    }

    private async Task SettleAsync(PostgresChargeStore host, Charge charge, OperationKind kind)
    {
        var operation = Facts.Operation(Time, charge.Id, kind) with { Amount = Facts.Dollars(1500) };
        PaymentError? refusal = null;
        await host.CommitAsync(
            new ChargeSelector.ById(charge.Id),
            state =>
            {
                refusal = ChargeLifecycle.Allows(state.Charge!, state.Operations, kind, operation.Amount);
                return refusal is null ? ChargeCommit.Of(state, state.Charge!, Facts.Cause, operation) : ChargeCommit.Nothing;
            },
            null, Ct);

        Assert.Null(refusal);
        Assert.Single((await Store.FindAsync(new ChargeSelector.ById(charge.Id), Ct)).Operations);
    }

    private static async Task ReceiveAsync(PostgresChargeStore host, Charge charge, int run, CuttingProxy.Cut cut)
    {
        var told = Facts.Snapshot(charge, Facts.Payment($"ch_{run}", PaymentState.Captured, 1500));
        var fates = await host.ReceiveAsync([Facts.Delivery($"evt_{run}", told)], Ct);
        Assert.Equal([cut == CuttingProxy.Cut.Reply ? WebhookFate.Duplicate : WebhookFate.Applied], fates);
    }
}
