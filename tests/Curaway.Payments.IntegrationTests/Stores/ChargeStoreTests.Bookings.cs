using System.Data.Common;

namespace Curaway.Payments.IntegrationTests.Stores;

public abstract partial class ChargeStoreTests
{
    [Fact]
    public async Task A_booking_stands_in_the_same_commit_as_the_callers_row()
    {
        var (charge, selector) = await NewSessionTableAsync();

        var committed = await Store.CommitAsync(selector, AuthorizedCommit(charge), BookingOf(InsertSessionAsync), Ct);

        Assert.Null(committed.BookingFailure);
        Assert.Equal(Time.GetUtcNow(), committed.Charge.BookedAt);
        AssertSame(committed.Charge, await ReadAsync(charge));
        Assert.Equal("1", await CountAsync("sessions"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Promise", "P09")]
    public async Task A_booking_that_fails_leaves_no_row_keeps_the_facts_and_closes_the_charge(bool throwsAfterItsInsert)
    {
        var (charge, selector) = await NewSessionTableAsync();

        async Task Fail(DbTransaction transaction, CancellationToken ct)
        {
            await InsertSessionAsync(transaction, ct);
            if (throwsAfterItsInsert)
                throw new TimeoutException("slot taken");
            await InsertSessionAsync(transaction, ct);
        }

        var committed = await Store.CommitAsync(selector, AuthorizedCommit(charge), BookingOf(Fail), Ct);

        Assert.True(throwsAfterItsInsert ? committed.BookingFailure is TimeoutException : committed.BookingFailure is DbException);
        Assert.Equal("0", await CountAsync("sessions"));
        var read = await ReadAsync(charge);
        AssertSame(committed.Charge, read);
        Assert.Equal(ChargeStatus.Authorized, read.Status);
        Assert.Equal("booking_failed", read.ClosingReason);
        Assert.Null(read.BookedAt);
        Assert.Equal("release", await ScalarAsync("SELECT action FROM audit_log ORDER BY id DESC LIMIT 1"));
    }

    [Fact]
    public async Task A_booking_whose_charge_is_closing_leaves_no_row()
    {
        var (charge, selector) = await NewSessionTableAsync();
        await Store.CommitAsync(
            selector, state => ChargeCommit.Of(state, ChargeLifecycle.Close(state.Charge!, "hold_expired", state.Now), Facts.Cause), null, Ct);

        var committed = await Store.CommitAsync(
            selector, _ => ChargeCommit.Nothing with { Books = true }, BookingOf(InsertSessionAsync), Ct);

        Assert.IsType<InvalidOperationException>(committed.BookingFailure);
        Assert.Equal("0", await CountAsync("sessions"));
        Assert.Equal("hold_expired", (await ReadAsync(charge)).ClosingReason);
    }

    [Fact]
    public async Task A_booking_of_a_caller_who_went_away_keeps_the_facts()
    {
        var (charge, selector) = await NewSessionTableAsync();
        using var gone = new CancellationTokenSource();

        async Task Leave(DbTransaction transaction, CancellationToken ct)
        {
            await InsertSessionAsync(transaction, ct);
            await gone.CancelAsync();
            ct.ThrowIfCancellationRequested();
        }

        var committed = await Store.CommitAsync(selector, AuthorizedCommit(charge), BookingOf(Leave), gone.Token);

        Assert.IsType<OperationCanceledException>(committed.BookingFailure, exactMatch: false);
        Assert.Equal("0", await CountAsync("sessions"));
        Assert.Equal(ChargeStatus.Authorized, (await ReadAsync(charge)).Status);
    }

    [Fact]
    public async Task A_decision_that_does_not_book_does_not_ask_the_caller()
    {
        var (charge, selector) = await NewSessionTableAsync();

        await Store.CommitAsync(selector, state => AuthorizedCommit(charge)(state) with { Books = false }, BookingOf(InsertSessionAsync), Ct);

        Assert.Equal("0", await CountAsync("sessions"));
        Assert.Null((await ReadAsync(charge)).BookedAt);
    }

    [Fact]
    public async Task Every_transition_has_its_audit_row_in_the_same_commit()
    {
        var charge = Facts.Charge(Time, "audit", reference: "pi_1");
        await CreateAsync(charge);
        await ApplyAsync(charge, Facts.Snapshot(charge, Facts.Payment("ch_1", PaymentState.Authorized, 1500)));
        await ApplyAsync(charge, Facts.Snapshot(charge, Facts.Payment("ch_1", PaymentState.Authorized, 1500)));

        Assert.Equal("2", await CountAsync("charge_transitions"));
        Assert.Equal("2", await CountAsync("audit_log"));
        Assert.Equal("1", await ScalarAsync(
            $"""
            SELECT count(*) FROM audit_log
            WHERE charge_id = '{charge.Id}' AND actor_id = 'user_1' AND action = 'authorize' AND source = 'api'
                AND from_status = 'pending' AND to_status = 'authorized' AND CAST(details AS TEXT) LIKE '%op_1%'
            """));
    }

    [Fact]
    public async Task The_audit_log_is_append_only_but_takes_a_row_by_hand()
    {
        var charge = Facts.Charge(Time, "append");
        await CreateAsync(charge);

        await Assert.ThrowsAnyAsync<DbException>(() => ExecuteAsync("UPDATE audit_log SET actor_id = 'nobody'"));
        await Assert.ThrowsAnyAsync<DbException>(() => ExecuteAsync("DELETE FROM audit_log"));
        await ExecuteAsync($"INSERT INTO audit_log (charge_id, actor_id, action) VALUES ('{charge.Id}', 'ops_1', 'manual_refund')");

        Assert.Equal("2", await CountAsync("audit_log"));
        Assert.Equal("manual", await ScalarAsync("SELECT source FROM audit_log WHERE actor_id = 'ops_1' AND created_at IS NOT NULL"));
    }

    private async Task<(Charge Charge, ChargeSelector Selector)> NewSessionTableAsync()
    {
        await ExecuteAsync("CREATE TABLE sessions (slot TEXT PRIMARY KEY)");
        var charge = Facts.Charge(Time, "booking", reference: "pi_1");
        await CreateAsync(charge);
        return (charge, new ChargeSelector.ById(charge.Id));
    }

    private static Func<ChargeState, ChargeCommit> AuthorizedCommit(Charge charge) => state =>
        ChargeCommit.OfSnapshot(state, Facts.Snapshot(charge, Facts.Payment("ch_1", PaymentState.Authorized, 1500)), Facts.Cause) with { Books = true };

    private static Booking BookingOf(Func<DbTransaction, CancellationToken, Task> onBooked) => new(
        onBooked,
        state => ChargeCommit.Of(state, ChargeLifecycle.Book(state.Charge!, state.Now), Facts.Cause with { Action = "book" }),
        state => ChargeCommit.Of(state, ChargeLifecycle.Close(state.Charge!, "booking_failed", state.Now), Facts.Cause with { Action = "release" }));

    private static async Task InsertSessionAsync(DbTransaction transaction, CancellationToken ct)
    {
        await using var command = transaction.Connection!.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "INSERT INTO sessions (slot) VALUES ('2026-11-24T10:00Z')";
        await command.ExecuteNonQueryAsync(ct);
    }
}
