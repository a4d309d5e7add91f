using System.Diagnostics;
using System.Globalization;
using Curaway.Payments.IntegrationTests.Postgres;
using Curaway.Payments.SampleHost.Data;
using Curaway.Payments.Simulators;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Npgsql;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>The sample host on PostgreSQL: it starts, serves, and asks for no more than it needs.</summary>
public sealed class PostgresHostTests(PostgresServer server)
{
    [Fact]
    public async Task The_whole_journey_runs_through_both_providers_with_DATABASE_URL_as_pairs()
    {
        await using var hosts = await PostgresHosts.StartAsync(server, 1);
        await PostgresJourney.RunAsync(hosts);
    }

    [Fact]
    public async Task The_whole_journey_runs_over_two_hosts_with_DATABASE_URL_as_a_uri()
    {
        await using var hosts = await PostgresHosts.StartAsync(server, 2, prepare: database => Task.FromResult(UriOf(database.ConnectionString)));
        await PostgresJourney.RunAsync(hosts);
    }

    [Fact]
    [Trait("Promise", "P25")]
    public async Task Eight_hosts_start_at_once_on_an_empty_database_and_all_are_healthy()
    {
        var watch = Stopwatch.StartNew();
        await using var hosts = await PostgresHosts.StartAsync(server, 8);
        var startedMilliseconds = watch.ElapsedMilliseconds;
        for (var i = 0; i < hosts.Count; i++)
        {
            var host = hosts[i];
            await HostFixture.EventuallyAsync("healthy", async () => (await host.Anonymous().GetAsync("/health/ready"))["status"]!);
        }

        Assert.Equal("2", await hosts.Database.ScalarAsync("SELECT count(*) FROM host_schema_migrations"));
        Assert.Equal("2", await hosts.Database.ScalarAsync("SELECT count(*) FROM tenants"));
        TestContext.Current.AddAttachment("figures", string.Create(CultureInfo.InvariantCulture, $"8 of 8 healthy; started in {startedMilliseconds} ms"));
        await PostgresJourney.RunAsync(hosts);
    }

    [Fact]
    [Trait("Promise", "P12")]
    public async Task Sixty_bookings_with_a_slow_provider_pass_a_pool_of_twenty_and_hold_no_transaction()
    {
        await using var hosts = await PostgresHosts.StartAsync(server, 1, prepare: database => Task.FromResult(new NpgsqlConnectionStringBuilder(database.ConnectionString)
        {
            MaxPoolSize = 20,
            Timeout = 15,
        }.ToString()));
        var patient = await hosts[0].AsAsync("patient");
        await PostgresJourney.ByCardAsync(hosts, patient);
        var ids = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => patient.RequestAsync()));

        var stripe = hosts.Simulators.Stripe;
        stripe.Faults.Always(StripeCall.Create, SimulatorFault.Delay(TimeSpan.FromSeconds(5)));
        var booking = Task.WhenAll(ids.Select(id => patient.ScheduleAsync(id, "test_ok")));
        var (sampleCount, waiting, callsAtOnce) = (0, new List<string>(), 0);
        while (!booking.IsCompleted)
        {
            // A transaction open across a call is as old as the call is long; between two statements of one it is not.
            waiting.AddRange((await hosts.Database.QueryAsync(
                """
                SELECT query FROM pg_stat_activity
                WHERE datname = current_database() AND state = 'idle in transaction' AND clock_timestamp() - xact_start > interval '1 second'
                """))!);
            callsAtOnce = Math.Max(callsAtOnce, int.Parse((await hosts.Database.ScalarAsync("SELECT count(*) FROM charge_operations WHERE outcome IS NULL AND state = 'open'"))!, CultureInfo.InvariantCulture));
            sampleCount++;
            await Task.Delay(50, HostFixture.Ct);
        }

        Assert.All(await booking, answer => Assert.Equal("scheduled", answer.Expect(200)["status"]));
        Assert.Empty(waiting);
        Assert.True(sampleCount >= 5 && callsAtOnce > 20, $"{sampleCount} samples, {callsAtOnce} calls at once prove nothing.");
        Assert.All(ids, id => Assert.Single(stripe.Ledger.PaymentIntents, intent => intent.Metadata.Values.Contains(id)));
        TestContext.Current.AddAttachment("figures", string.Create(
            CultureInfo.InvariantCulture, $"60 bookings, 0 failed; {callsAtOnce} calls at once on a pool of 20; {sampleCount} samples, 0 idle in transaction"));
    }

    [Fact]
    public async Task The_documented_role_runs_the_whole_journey_and_can_make_no_table()
    {
        var role = "";
        await using var hosts = await PostgresHosts.StartAsync(server, 2, [("Curaway:Payments:AutoMigrate", "false")], async database =>
        {
            await database.ExecuteAsync(HostSchema.ExportSql());
            role = "curaway_host_" + database.Name;
            foreach (var script in (await GrantsAsync()).Select(script => script.Replace("curaway_host", role, StringComparison.Ordinal)))
                await database.ExecuteAsync(script);
            await database.ExecuteAsync($"CREATE ROLE {role}_login LOGIN PASSWORD 'sécret/#' IN ROLE {role}");
            return UriOf(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Username = role + "_login", Password = "sécret/#" }.ToString());
        });
        try
        {
            await PostgresJourney.RunAsync(hosts);
            await HostFixture.EventuallyAsync("healthy", async () => (await hosts[0].Anonymous().GetAsync("/health/ready"))["status"]!);
            await using var login = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(hosts.Database.ConnectionString)
            {
                Username = role + "_login",
                Password = "sécret/#",
                Pooling = false,
            });
            foreach (var sql in new[] { "CREATE TABLE mine (id int)", "DELETE FROM consultations", "DELETE FROM consultation_charges", "UPDATE audit_log SET actor_id = 'x'" })
            {
                await using var command = login.CreateCommand(sql);
                Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, (await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync(HostFixture.Ct))).SqlState);
            }
        }
        finally
        {
            await hosts.StopAsync();
            await hosts.Database.ExecuteAsync($"DROP OWNED BY {role} CASCADE; DROP ROLE {role}_login; DROP ROLE {role}");
        }
    }

    [Theory]
    [InlineData("Production", null, "Set DATABASE_URL: SQLite is for Development.")]
    [InlineData("Staging", null, "Set DATABASE_URL: SQLite is for Development.")]
    [InlineData("Development", "mysql://root:hunter2@db/payments", "The database URL must begin with postgres:// or postgresql://.")]
    [InlineData("Production", "postgres://app:hunter2#1@db/payments", "The database URL holds a raw '#'. In a user name or password it is written %23.")]
    public async Task Without_a_database_that_can_be_used_it_does_not_start_and_says_why(string environment, string? url, string message)
    {
        await using var factory = new WebApplicationFactory<Program>().WithWebHostBuilder(builder =>
        {
            builder.UseEnvironment(environment);
            builder.UseSetting("CURAWAY_JWT_SIGNING_KEY", new string('k', 32));
            builder.UseSetting("CURAWAY_SIMULATORS", "false");
            if (url is not null)
                builder.UseSetting("DATABASE_URL", url);
        });
        var failure = Assert.ThrowsAny<Exception>(() => factory.Services);
        Assert.Equal(message, failure.Message);
        Assert.DoesNotContain("hunter2", failure.ToString(), StringComparison.Ordinal);
    }

    private static string UriOf(string pairs)
    {
        var parts = new NpgsqlConnectionStringBuilder(pairs);
        return $"postgres://{Uri.EscapeDataString(parts.Username!)}:{Uri.EscapeDataString(parts.Password!)}@{parts.Host}:{parts.Port}/{parts.Database}";
    }

    /// <summary>The SQL of both pages, as an operator would run it.</summary>
    private static async Task<IEnumerable<string>> GrantsAsync()
    {
        var grants = new List<string>();
        foreach (var page in new[] { "postgres.md", "sample-host-on-postgres.md" })
        {
            var text = await File.ReadAllTextAsync(Path.Combine(Docs.Repository.Root, "docs", "how-to", page), HostFixture.Ct);
            grants.AddRange(text.Split("```sql\n").Skip(1).Select(block => block.Split("```")[0]).Where(block => block.Contains("GRANT", StringComparison.Ordinal)));
        }

        Assert.Equal(2, grants.Count);
        return grants;
    }
}
