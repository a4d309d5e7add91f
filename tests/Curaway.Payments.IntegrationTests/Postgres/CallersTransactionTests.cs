using System.Data;
using Curaway.Payments.IntegrationTests.Engine;
using Npgsql;

namespace Curaway.Payments.IntegrationTests.Postgres;

/// <summary>
/// Booking in the caller's own open transaction: his other work, the session row and <c>booked_at</c> are his to commit; the
/// attempt and the provider's answer are on disk whatever he does.
/// </summary>
public sealed class CallersTransactionTests(PostgresServer server) : PostgresTests(server)
{
    [Fact]
    [Trait("Promise", "P09")]
    public async Task The_session_row_and_the_booking_become_true_when_the_caller_commits()
    {
        await using var host = await HostAsync();
        await using var connection = await Database.Source.OpenConnectionAsync(Ct);
        await using var transaction = await BeginAsync(connection);

        var result = await host.Charges.AuthorizeAsync(Command(), transaction, Ct);

        Assert.Equal(OperationOutcome.Succeeded, result.Outcome);
        Assert.NotNull(result.Charge!.BookedAt);
        Assert.Equal(("0", "0", "authorized", null), await SeenAsync());
        await transaction.CommitAsync(Ct);
        Assert.Equal(("1", "1", "authorized", null), await SeenAsync());
        Assert.Equal("1", await Database.ScalarAsync("SELECT count(*) FROM consultation_charges WHERE booked_at IS NOT NULL"));
    }

    [Fact]
    public async Task A_caller_who_rolls_back_leaves_money_that_is_released_after_the_hold_time()
    {
        await using var host = await HostAsync();
        await using (var connection = await Database.Source.OpenConnectionAsync(Ct))
        await using (var transaction = await BeginAsync(connection))
        {
            await host.Charges.AuthorizeAsync(Command(), transaction, Ct);
            await transaction.RollbackAsync(Ct);
        }

        Assert.Equal(("0", "0", "authorized", null), await SeenAsync());
        await Database.ExecuteAsync($"ALTER DATABASE {Database.Name} SET curaway.clock_offset = '11 minutes'");
        Database.Source.Clear();
        await host.SweepAsync();
        Assert.Equal(("0", "0", "voided", "hold_expired"), await SeenAsync());
        Assert.Equal(1, host.Stripe.VoidCount);
    }

    [Theory]
    [InlineData(Behavior.Decline, "failed", null)]
    [InlineData(Behavior.TimeoutWithoutExecuting, "pending", null)]
    [InlineData(Behavior.Execute, "authorized", "booking_failed")]
    [Trait("Promise", "P09")]
    public async Task A_failed_authorization_leaves_no_session_row_and_keeps_the_callers_other_work(Behavior behavior, string status, string? closing)
    {
        await using var host = await HostAsync();
        host.Stripe.Next(behavior);
        await using var connection = await Database.Source.OpenConnectionAsync(Ct);
        await using var transaction = await BeginAsync(connection);

        if (behavior == Behavior.Execute)
            await Assert.ThrowsAsync<TimeoutException>(() => host.Charges.AuthorizeAsync(Command(throws: true), transaction, Ct));
        else
            Assert.NotEqual(OperationOutcome.Succeeded, (await host.Charges.AuthorizeAsync(Command(), transaction, Ct)).Outcome);

        Assert.Equal(("0", "0", status, closing), await SeenAsync());
        await transaction.CommitAsync(Ct);
        Assert.Equal(("0", "1", status, closing), await SeenAsync());
        Assert.Equal("1", await Database.ScalarAsync("SELECT count(*) FROM charge_operations WHERE kind = 'authorize'"));
    }

    [Fact]
    [Trait("Promise", "P09")]
    public async Task A_caller_whose_connection_dies_leaves_the_attempt_and_no_session_row()
    {
        await using var host = await HostAsync();
        await using var connection = await Database.Source.OpenConnectionAsync(Ct);
        await using var transaction = await BeginAsync(connection);
        host.Stripe.BeforeAnswer = () => Database.ExecuteAsync($"SELECT pg_terminate_backend({connection.ProcessID})");

        await Assert.ThrowsAnyAsync<Exception>(() => host.Charges.AuthorizeAsync(Command(), transaction, Ct));

        Assert.Equal(("0", "0", "authorized", null), await SeenAsync());
        Assert.NotEqual("0", await Database.ScalarAsync("SELECT count(*) FROM audit_log"));
    }

    [Theory]
    [InlineData(IsolationLevel.RepeatableRead)]
    [InlineData(IsolationLevel.Serializable)]
    public async Task A_transaction_that_cannot_see_the_charge_books_nothing_and_the_money_goes_back(IsolationLevel isolation)
    {
        await using var host = await HostAsync();
        await using var connection = await Database.Source.OpenConnectionAsync(Ct);
        await using var transaction = await BeginAsync(connection, isolation);

        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => host.Charges.AuthorizeAsync(Command(), transaction, Ct));

        Assert.Contains("READ COMMITTED", refusal.Message, StringComparison.Ordinal);
        await transaction.CommitAsync(Ct);
        Assert.Equal(("0", "1", "authorized", "booking_failed"), await SeenAsync());
    }

    [Fact]
    public async Task A_charge_that_is_closing_is_not_booked_and_not_kept_locked()
    {
        await using var host = await HostAsync();
        var charge = await CreateAsync(Stores.Facts.Charge(Time, "closing") with { ClosingAt = Time.GetUtcNow(), ClosingReason = "hold_expired" });
        await using var connection = await Database.Source.OpenConnectionAsync(Ct);
        await using var transaction = await BeginAsync(connection);

        var committed = await Store.BookInAsync(
            transaction, charge.Id, new Booking((_, _) => throw new InvalidOperationException("not asked"), _ => ChargeCommit.Nothing, _ => ChargeCommit.Nothing), Ct);

        Assert.Null(committed.BookingFailure);
        Assert.Null(committed.Charge.BookedAt);
        Assert.Equal(1, await Database.ExecuteAsync("SET lock_timeout = '1s'; UPDATE consultation_charges SET refund_reason = 'x'"));
        await transaction.RollbackAsync(Ct);
    }

    private static AuthorizeCharge Command(bool throws = false) =>
        PostgresEngineFixture.Authorize("callers", PostgresEngineFixture.InsertSession(throws));

    private async Task<PostgresEngineFixture> HostAsync()
    {
        await Database.ExecuteAsync("CREATE TABLE sessions (consultation_id text PRIMARY KEY); CREATE TABLE notes (note text)");
        return new PostgresEngineFixture(Database.Source);
    }

    // Read before the charge exists: a snapshot of the whole transaction is taken here.
    private static async Task<NpgsqlTransaction> BeginAsync(NpgsqlConnection connection, IsolationLevel isolation = IsolationLevel.ReadCommitted)
    {
        var transaction = await connection.BeginTransactionAsync(isolation, Ct);
        await using var command = new NpgsqlCommand("INSERT INTO notes (note) VALUES ('other work')", connection, transaction);
        await command.ExecuteNonQueryAsync(Ct);
        return transaction;
    }

    /// <summary>What everybody else sees: session rows, the caller's other work, the charge.</summary>
    private async Task<(string? Sessions, string? Notes, string? Status, string? Closing)> SeenAsync() => (
        await Database.ScalarAsync("SELECT count(*) FROM sessions"),
        await Database.ScalarAsync("SELECT count(*) FROM notes"),
        await Database.ScalarAsync("SELECT charge_status FROM consultation_charges"),
        await Database.ScalarAsync("SELECT closing_reason FROM consultation_charges"));
}
