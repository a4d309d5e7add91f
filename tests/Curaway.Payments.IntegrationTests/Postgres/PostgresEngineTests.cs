using Curaway.Payments.IntegrationTests.Engine;
using Npgsql;

namespace Curaway.Payments.IntegrationTests.Postgres;

/// <summary>The engine on PostgreSQL: what only shows with both.</summary>
public sealed class PostgresEngineTests(PostgresServer server) : PostgresTests(server)
{
    private const string CreateSessions = "CREATE TABLE sessions (consultation_id text PRIMARY KEY)";

    [Fact]
    [Trait("Promise", "P12")]
    public async Task Sixty_bookings_wait_for_a_slow_provider_without_a_transaction_on_a_pool_of_twenty()
    {
        await Database.ExecuteAsync(CreateSessions);
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(Database.ConnectionString) { MaxPoolSize = 20, Timeout = 2 });
        await using var host = new PostgresEngineFixture(source);
        var waiting = 0;
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Stripe.BeforeAnswer = async () =>
        {
            Interlocked.Increment(ref waiting);
            await answer.Task;
        };

        var bookings = Enumerable.Range(0, 60).Select(i => Task.Run(() => host.Charges.AuthorizeAsync(
            PostgresEngineFixture.Authorize($"slow_{i}", PostgresEngineFixture.InsertSession()), Ct))).ToList();
        while (Volatile.Read(ref waiting) < 60)
            await Task.Delay(10, Ct);
        await Task.Delay(100, Ct);
        var samples = new List<string?>();
        for (var i = 0; i < 50; i++)
        {
            samples.AddRange(await Database.QueryAsync(
                """
                SELECT state FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL AND backend_type = 'client backend'
                """));
            await Task.Delay(20, Ct);
        }

        answer.SetResult();
        var results = await Task.WhenAll(bookings);

        Assert.Empty(samples);
        Assert.All(results, result => Assert.Equal(OperationOutcome.Succeeded, result.Outcome));
        Assert.Equal("60", await Database.ScalarAsync("SELECT count(*) FROM sessions"));
        Assert.Equal("60", await Database.ScalarAsync("SELECT count(*) FROM consultation_charges WHERE booked_at IS NOT NULL"));
    }

    [Theory]
    [InlineData(Behavior.Decline, "failed")]
    [InlineData(Behavior.NotSent, "failed")]
    [InlineData(Behavior.TimeoutWithoutExecuting, "pending")]
    [InlineData(Behavior.Execute, "authorized")]
    [Trait("Promise", "P09")]
    public async Task An_authorization_that_fails_leaves_no_session_row_and_keeps_its_attempt(Behavior behavior, string status)
    {
        await Database.ExecuteAsync(CreateSessions);
        await using var host = new PostgresEngineFixture(Database.Source);
        host.Stripe.Next(behavior);
        var command = PostgresEngineFixture.Authorize("orphan", PostgresEngineFixture.InsertSession(throws: behavior == Behavior.Execute));

        if (behavior == Behavior.Execute)
            await Assert.ThrowsAsync<TimeoutException>(() => host.Charges.AuthorizeAsync(command, Ct));
        else
            Assert.NotEqual(OperationOutcome.Succeeded, (await host.Charges.AuthorizeAsync(command, Ct)).Outcome);

        Assert.Equal("0", await Database.ScalarAsync("SELECT count(*) FROM sessions"));
        Assert.Equal(status, await Database.ScalarAsync("SELECT charge_status FROM consultation_charges"));
        Assert.Equal("1", await Database.ScalarAsync("SELECT count(*) FROM charge_operations WHERE kind = 'authorize'"));
        Assert.NotEqual("0", await Database.ScalarAsync("SELECT count(*) FROM audit_log"));
        Assert.Equal(behavior == Behavior.Execute ? "booking_failed" : null, await Database.ScalarAsync("SELECT closing_reason FROM consultation_charges"));
    }

    [Fact]
    [Trait("Promise", "P10")]
    public async Task Of_two_hosts_that_end_and_cancel_at_once_one_wins()
    {
        await using var first = new PostgresEngineFixture(Database.Source);
        await using var second = new PostgresEngineFixture(Database.Source);

        for (var i = 0; i < 100; i++)
        {
            var charge = (await first.Charges.AuthorizeAsync(PostgresEngineFixture.Authorize($"race_{i}"), Ct)).Charge!;
            var results = await Task.WhenAll(
                Task.Run(() => first.Charges.CaptureAsync(charge.Id, "clinician-1", Ct)), Task.Run(() => second.Charges.VoidAsync(charge.Id, "requested_by_patient", "patient-1", Ct)));

            var loser = Assert.Single(results, result => result.Outcome == OperationOutcome.Refused);
            Assert.Equal(ErrorCodes.StateConflict, loser.Error!.Code);
            Assert.Single(results, result => result.Outcome != OperationOutcome.Refused);
        }

        Assert.Equal("100", await Database.ScalarAsync("SELECT count(*) FROM charge_operations WHERE kind IN ('capture', 'void')"));
    }
}
