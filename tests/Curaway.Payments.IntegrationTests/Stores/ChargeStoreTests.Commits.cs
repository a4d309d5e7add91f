using System.Data.Common;

namespace Curaway.Payments.IntegrationTests.Stores;

public abstract partial class ChargeStoreTests
{
    [Fact]
    public async Task A_charge_with_every_field_set_reads_back_the_same()
    {
        var (charge, operation) = Facts.Full(Time, "full");

        var committed = await CreateAsync(charge, operation);
        var read = await FindAsync(charge);

        AssertSame(charge with { Version = 1, RecordedStatus = ChargeStatus.PartiallyRefunded }, read.Charge);
        AssertSame(committed.Charge, read.Charge);
        AssertSame(operation, Assert.Single(read.Operations));
        Assert.Equal(charge.Payments, read.Charge!.Payments);
        Assert.Equal(charge.Refunds, read.Charge.Refunds);
        Assert.Equal(charge.Disputes, read.Charge.Disputes);
        Assert.Equal(charge.Invoices, read.Charge.Invoices);
        Assert.Equal(Time.GetUtcNow(), read.Now);
    }

    [Fact]
    public async Task A_charge_with_nothing_but_the_required_reads_back_the_same()
    {
        var charge = Facts.Charge(Time, "bare");
        await CreateAsync(charge, Facts.Operation(Time, charge.Id));

        AssertSame(charge with { Version = 1, RecordedStatus = ChargeStatus.Pending }, await ReadAsync(charge));
    }

    [Fact]
    public async Task What_is_not_there_is_a_state_without_a_charge()
    {
        var state = await Store.FindAsync(new ChargeSelector.LatestOf(Facts.Tenant, Facts.Consultation("none")), Ct);

        Assert.Null(state.Charge);
        Assert.Empty(state.Operations);
    }

    [Fact]
    public async Task Facts_of_two_commits_are_merged_in_the_order_of_their_references()
    {
        var charge = Facts.Charge(Time, "merge", reference: "pi_1");
        await CreateAsync(charge);
        await ApplyAsync(charge, Facts.Snapshot(charge, Facts.Payment("ch_b", PaymentState.Authorized, 1500)));
        await ApplyAsync(charge, Facts.Snapshot(charge, Facts.Payment("ch_b", PaymentState.Captured, 1500), Facts.Payment("ch_a", PaymentState.Failed, 1500)));

        var read = await ReadAsync(charge);

        Assert.Equal(["ch_a", "ch_b"], read.Payments.Select(payment => payment.Reference));
        Assert.Equal(ChargeStatus.Captured, read.Status);
        Assert.Equal(ChargeStatus.Captured, read.RecordedStatus);
        Assert.Equal(3, read.Version);
        Assert.Equal("1500", await ScalarAsync("SELECT captured_cents FROM consultation_charges"));
    }

    [Fact]
    public async Task An_operation_is_changed_and_the_others_stay_oldest_first()
    {
        var charge = Facts.Charge(Time, "operations");
        var first = Facts.Operation(Time, charge.Id);
        Time.Advance(TimeSpan.FromSeconds(1));
        var second = Facts.Operation(Time, charge.Id, OperationKind.Capture);
        await CreateAsync(charge, second, first);

        var closed = first with { State = OperationState.Closed, Outcome = OperationOutcome.Succeeded, ClosedAt = Time.GetUtcNow() };
        var committed = await Store.CommitAsync(
            new ChargeSelector.ById(charge.Id), _ => new ChargeCommit { Operations = [closed] }, null, Ct);

        Assert.Equal([closed, second], committed.State.Operations);
        Assert.Equal([closed, second], (await FindAsync(charge)).Operations);
    }

    [Fact]
    public async Task An_update_that_writes_nothing_leaves_the_row_alone()
    {
        var charge = Facts.Charge(Time, "nothing");
        await CreateAsync(charge);

        var committed = await Store.CommitAsync(new ChargeSelector.ById(charge.Id), _ => ChargeCommit.Nothing, null, Ct);

        Assert.Equal(1, committed.Charge.Version);
        Assert.Equal("1", await CountAsync("audit_log"));
    }

    [Fact]
    public async Task A_charge_decided_from_an_older_version_is_refused()
    {
        var charge = Facts.Charge(Time, "stale", reference: "pi_1");
        var stale = (await CreateAsync(charge)).Charge;
        await ApplyAsync(charge, Facts.Snapshot(charge, Facts.Payment("ch_1", PaymentState.Authorized, 1500)));

        await Assert.ThrowsAsync<InvalidOperationException>(() => Store.CommitAsync(
            new ChargeSelector.ById(charge.Id), state => ChargeCommit.Of(state, stale, Facts.Cause), null, Ct));

        Assert.Equal(ChargeStatus.Authorized, (await ReadAsync(charge)).RecordedStatus);
    }

    [Fact]
    public async Task An_operation_of_another_charge_is_refused_and_nothing_is_written()
    {
        var charge = Facts.Charge(Time, "foreign");

        await Assert.ThrowsAsync<InvalidOperationException>(() => CreateAsync(charge, Facts.Operation(Time, ChargeId.New(Time))));

        Assert.Equal("0", await CountAsync("consultation_charges"));
        Assert.Equal("0", await CountAsync("audit_log"));
    }

    [Fact]
    public async Task Thirty_two_commits_at_once_over_two_hosts_make_one_live_charge()
    {
        var hosts = new[] { Store, NewStore() };
        var selector = new ChargeSelector.LiveOf(Facts.Tenant, Facts.Consultation("race"));
        var commits = Enumerable.Range(0, 32).Select(i => Task.Run(() => hosts[i % 2].CommitAsync(
            selector,
            state => state.Charge is null ? ChargeCommit.Of(state, Facts.Charge(Time, "race"), Facts.Cause) : ChargeCommit.Nothing,
            null,
            Ct)));

        var committed = await Task.WhenAll(commits);

        Assert.Single(committed.Select(each => each.Charge.Id).Distinct());
        Assert.Equal("1", await CountAsync("consultation_charges"));
        Assert.Equal("1", await CountAsync("audit_log"));
    }

    [Fact]
    public async Task A_second_live_charge_is_refused_by_the_database_itself()
    {
        await CreateAsync(Facts.Charge(Time, "twice"));

        await Assert.ThrowsAnyAsync<DbException>(() => CreateAsync(Facts.Charge(Time, "twice")));

        Assert.Equal("1", await CountAsync("consultation_charges"));
    }

    [Fact]
    public async Task A_closing_charge_does_not_stand_in_its_successors_way_and_the_successor_is_the_live_one()
    {
        var closing = Facts.Charge(Time, "successor") with { ClosingAt = Time.GetUtcNow(), ClosingReason = "hold_expired" };
        await CreateAsync(closing);
        var live = new ChargeSelector.LiveOf(closing.TenantId, closing.ConsultationId);
        Assert.Equal(closing.Id, (await Store.FindAsync(live, Ct)).Charge?.Id);

        var successor = Facts.Charge(Time, "successor") with { CreatedAt = Time.GetUtcNow().AddHours(-1) };
        await CreateAsync(successor);

        Assert.Equal(successor.Id, (await Store.FindAsync(live, Ct)).Charge?.Id);
        Assert.Equal(closing.Id, (await Store.FindAsync(new ChargeSelector.LatestOf(closing.TenantId, closing.ConsultationId), Ct)).Charge?.Id);
    }

    [Fact]
    public async Task A_failed_charge_is_the_latest_but_not_live()
    {
        var failed = Facts.Charge(Time, "failed") with { IsAuthorizationFailed = true };
        await CreateAsync(failed);

        Assert.Null((await Store.FindAsync(new ChargeSelector.LiveOf(failed.TenantId, failed.ConsultationId), Ct)).Charge);
        Assert.Equal(failed.Id, (await Store.FindAsync(new ChargeSelector.LatestOf(failed.TenantId, failed.ConsultationId), Ct)).Charge?.Id);
    }

    [Fact]
    [Trait("Promise", "P11")]
    public async Task A_decision_sees_what_every_earlier_one_wrote()
    {
        var charge = Facts.Charge(Time, "refunds", reference: "pi_1");
        await CreateAsync(charge);
        await ApplyAsync(charge, Facts.Snapshot(charge, Facts.Payment("ch_1", PaymentState.Captured, 1500)));
        var hosts = new[] { Store, NewStore() };

        ChargeCommit Decide(ChargeState state)
        {
            var amount = Facts.Dollars(100);
            if (ChargeLifecycle.Allows(state.Charge!, state.Operations, OperationKind.Refund, amount) is not null)
                return ChargeCommit.Nothing;
            return ChargeCommit.Of(state, state.Charge!, Facts.Cause, Facts.Operation(Time, charge.Id, OperationKind.Refund) with { Amount = amount });
        }

        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(
            () => hosts[i % 2].CommitAsync(new ChargeSelector.ById(charge.Id), Decide, null, Ct))));

        var state = await FindAsync(charge);
        Assert.Equal(15, state.Operations.Length);
        Assert.False(ChargeLifecycle.RefundableOf(state.Charge!, state.Operations).IsPositive);
    }

    [Fact]
    public async Task A_refund_request_id_is_unique_for_its_charge()
    {
        var charge = Facts.Charge(Time, "request");
        var request = OpaqueId.Parse("request_1");
        await CreateAsync(charge, Facts.Operation(Time, charge.Id, OperationKind.Refund) with { RequestId = request });

        var again = Facts.Operation(Time, charge.Id, OperationKind.Refund) with { RequestId = request };
        await Assert.ThrowsAnyAsync<DbException>(() => Store.CommitAsync(
            new ChargeSelector.ById(charge.Id), _ => new ChargeCommit { Operations = [again] }, null, Ct));

        var other = Facts.Charge(Time, "request_other");
        await CreateAsync(other, Facts.Operation(Time, other.Id, OperationKind.Refund) with { RequestId = request });
    }

    [Fact]
    public async Task A_decision_that_throws_leaves_no_trace()
    {
        await Assert.ThrowsAsync<TimeoutException>(() => Store.CommitAsync(
            new ChargeSelector.ById(ChargeId.New(Time)), _ => throw new TimeoutException(), null, Ct));

        Assert.Equal("0", await CountAsync("audit_log"));
        await CreateAsync(Facts.Charge(Time, "after"));
        Assert.Equal("1", await CountAsync("audit_log"));
    }

    [Fact]
    public async Task A_token_cancelled_before_the_lock_writes_nothing_and_one_cancelled_after_it_writes_everything()
    {
        var charge = Facts.Charge(Time, "cancelled");
        using var before = new CancellationTokenSource();
        await before.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.CommitAsync(
            new ChargeSelector.ById(charge.Id), state => ChargeCommit.Of(state, charge, Facts.Cause), null, before.Token));
        Assert.Equal("0", await CountAsync("consultation_charges"));

        using var during = new CancellationTokenSource();
        await Store.CommitAsync(new ChargeSelector.ById(charge.Id), state =>
        {
            during.Cancel();
            return ChargeCommit.Of(state, charge, Facts.Cause, Facts.Operation(Time, charge.Id));
        }, null, during.Token);
        Assert.Equal("1", await CountAsync("charge_operations"));
    }
}
