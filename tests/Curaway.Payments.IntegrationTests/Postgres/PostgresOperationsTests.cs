using System.Diagnostics;
using System.Globalization;
using Curaway.Payments.IntegrationTests.Stores;
using Npgsql;

namespace Curaway.Payments.IntegrationTests.Postgres;

/// <summary>What <c>docs/how-to/postgres.md</c> tells operators to do, done by its own SQL.</summary>
public sealed class PostgresOperationsTests(PostgresServer server) : PostgresTests(server)
{
    [Fact]
    public async Task The_documented_role_runs_the_journey_and_can_do_no_more()
    {
        await using var role = await RoleAsync("curaway_host", "GRANT SELECT, INSERT ON sessions TO {0}", "CREATE TABLE sessions (consultation_id text PRIMARY KEY)");
        await using var host = new PostgresEngineFixture(role.Source);

        await host.Store.MigrateAsync(Ct);
        var charge = (await host.Charges.AuthorizeAsync(PostgresEngineFixture.Authorize("journey", PostgresEngineFixture.InsertSession()), Ct)).Charge!;
        Assert.Equal(OperationOutcome.Succeeded, (await host.Charges.CaptureAsync(charge.Id, "clinician-1", Ct)).Outcome);
        var told = host.Stripe.SnapshotOf(charge);
        Assert.Equal(
            [WebhookFate.Applied, WebhookFate.Stored, WebhookFate.Failed, WebhookFate.Duplicate],
            await host.Store.ReceiveAsync(
                [
                    Facts.Delivery("evt_1", told), Facts.Delivery("evt_2", Facts.Snapshot(Facts.Charge(Time, "unknown"))),
                    Facts.Delivery("evt_3", null, WebhookVerdict.Unreadable), Facts.Delivery("evt_1", told),
                ], Ct));
        await host.Store.EnqueueAlertAsync(new PaymentAlert("test", AlertSeverity.Info, "x"), Ct);
        foreach (var alert in await host.Store.ClaimAlertsAsync(10, Lease, Ct))
            await host.Store.CompleteAlertAsync(alert.Id, Ct);
        await host.SweepAsync();
        Assert.Equal("0", await Database.ScalarAsync("SELECT count(*) FROM charge_transitions WHERE seen_at IS NULL"));

        foreach (var sql in new[]
        {
            "UPDATE audit_log SET actor_id = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log", "DELETE FROM consultation_charges",
            "DELETE FROM webhook_events", "CREATE TABLE mine (id int)", "DROP TABLE alert_outbox", "UPDATE schema_migrations SET sha256 = ''",
            "ALTER TABLE audit_log DISABLE TRIGGER ALL", "CREATE FUNCTION payments_now() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        })
        {
            await using var command = role.Source.CreateCommand(sql);
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, (await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync(Ct))).SqlState);
        }
    }

    [Fact]
    public async Task Old_events_go_in_batches_and_dead_letters_lose_their_body()
    {
        await Database.ExecuteAsync(Seed.Events(20_000, dueCount: 100));
        await Store.ReceiveAsync([Facts.Delivery("evt_dead", null, WebhookVerdict.Unreadable)], Ct);
        await using var role = await RoleAsync("curaway_retention");
        Assert.Equal(0L, await PurgeAsync(role));

        await Database.ExecuteAsync($"ALTER DATABASE {Database.Name} SET curaway.clock_offset = '91 days'");
        role.Source.Clear();
        var watch = Stopwatch.StartNew();
        var counts = new List<long>();
        while (counts is not [.., 0])
            counts.Add(await PurgeAsync(role));
        TestContext.Current.AddAttachment("figures", string.Create(CultureInfo.InvariantCulture, $"{counts.Sum()} events in {watch.ElapsedMilliseconds} ms"));

        Assert.Equal([10_001L, 9_800L, 0L], counts);
        Assert.Equal("201", await Database.ScalarAsync("SELECT count(*) FROM webhook_events"));
        Assert.Equal("0", await Database.ScalarAsync("SELECT count(*) FROM webhook_events WHERE state = 'failed' AND body IS NOT NULL"));
    }

    [Theory]
    [InlineData("'29 days'")]
    [InlineData("'90 days', 0")]
    [InlineData("'90 days', 100001")]
    public async Task A_purge_that_would_forget_duplicates_is_refused(string arguments) =>
        await Assert.ThrowsAsync<PostgresException>(() => Database.ExecuteAsync($"SELECT purge_webhook_events({arguments})"));

    private static async Task<long> PurgeAsync(Login role)
    {
        await using var command = role.Source.CreateCommand("SELECT purge_webhook_events()");
        return (long)(await command.ExecuteScalarAsync(Ct))!;
    }

    // A role lives in the whole server, so each run gives it a name of its own.
    private async Task<Login> RoleAsync(string name, string? grant = null, string? before = null)
    {
        var page = await File.ReadAllTextAsync(Path.Combine(Root(), "docs", "how-to", "postgres.md"), Ct);
        var script = page.Split("```sql\n").Skip(1).Select(block => block.Split("```")[0]).Single(block => block.Contains($"CREATE ROLE {name} ", StringComparison.Ordinal));
        var role = $"{name}_{Database.Name}";
        if (before is not null)
            await Database.ExecuteAsync(before);
        await Database.ExecuteAsync(script.Replace(name, role, StringComparison.Ordinal));
        if (grant is not null)
            await Database.ExecuteAsync(string.Format(CultureInfo.InvariantCulture, grant, role));
        await Database.ExecuteAsync($"CREATE ROLE {role}_login LOGIN PASSWORD 'secret' IN ROLE {role}");
        return new Login(Database, role);
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Curaway.Payments.Sdk.sln")))
            folder = folder.Parent;
        return folder.FullName;
    }

    private sealed class Login(PostgresTestDatabase database, string role) : IAsyncDisposable
    {
        public NpgsqlDataSource Source { get; } = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(database.ConnectionString) { Username = role + "_login", Password = "secret" });

        public async ValueTask DisposeAsync()
        {
            await Source.DisposeAsync();
            await database.ExecuteAsync($"DROP OWNED BY {role}; DROP ROLE {role}_login; DROP ROLE {role}");
        }
    }
}
