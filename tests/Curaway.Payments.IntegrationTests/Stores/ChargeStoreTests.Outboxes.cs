namespace Curaway.Payments.IntegrationTests.Stores;

public abstract partial class ChargeStoreTests
{
    [Fact]
    public async Task Due_charges_are_claimed_earliest_first_by_one_host_each()
    {
        var charges = new List<Charge>();
        for (var i = 0; i < 20; i++)
        {
            charges.Add(Facts.Charge(Time, $"due_{i}") with { BookBy = Time.GetUtcNow().AddMinutes(20 - i) });
            await CreateAsync(charges[i]);
        }

        Assert.Empty(await Store.ClaimDueAsync(100, Lease, Ct));
        Time.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal([charges[19].Id, charges[18].Id], await Store.ClaimDueAsync(2, Lease, Ct));

        var hosts = new[] { Store, NewStore() };
        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => hosts[i % 2].ClaimDueAsync(5, Lease, Ct))));

        var claimed = claims.SelectMany(ids => ids).ToList();
        Assert.Equal(18, claimed.Count);
        Assert.Equal(18, claimed.Distinct().Count());
    }

    [Fact]
    public async Task A_lease_that_ended_gives_the_charge_to_the_next_host_and_a_commit_ends_it_at_once()
    {
        var charge = Facts.Charge(Time, "lease");
        await CreateAsync(charge);
        Time.Advance(TimeSpan.FromMinutes(10));
        var other = NewStore();

        Assert.Equal([charge.Id], await Store.ClaimDueAsync(10, Lease, Ct));
        Time.Advance(Lease - TimeSpan.FromMilliseconds(1));
        Assert.Empty(await other.ClaimDueAsync(10, Lease, Ct));
        Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal([charge.Id], await other.ClaimDueAsync(10, Lease, Ct));

        await Store.CommitAsync(
            new ChargeSelector.ById(charge.Id),
            state => ChargeCommit.Of(state, ChargeLifecycle.Close(state.Charge!, "hold_expired", state.Now), Facts.Cause), null, Ct);
        Assert.Equal([charge.Id], await Store.ClaimDueAsync(10, Lease, Ct));
    }

    [Fact]
    public async Task A_charge_is_due_when_its_open_operation_is_and_never_once_nothing_is()
    {
        var charge = Facts.Charge(Time, "schedule");
        var operation = Facts.Operation(Time, charge.Id);
        await CreateAsync(charge, operation);

        Time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal([charge.Id], await Store.ClaimDueAsync(10, Lease, Ct));
        await Store.CommitAsync(
            new ChargeSelector.ById(charge.Id),
            state => ChargeCommit.Of(
                state, state.Charge! with { IsAuthorizationFailed = true }, Facts.Cause, operation with { State = OperationState.Closed }),
            null, Ct);

        Time.Advance(TimeSpan.FromDays(30));
        Assert.Empty(await Store.ClaimDueAsync(10, Lease, Ct));
    }

    [Fact]
    public async Task Transitions_of_one_charge_come_in_order_one_at_a_time_and_others_do_not_wait()
    {
        var charge = Facts.Charge(Time, "ordered", reference: "pi_1");
        await CreateAsync(charge);
        await ApplyAsync(charge, Facts.Snapshot(charge, Facts.Payment("ch_1", PaymentState.Authorized, 1500)));
        var other = Facts.Charge(Time, "beside");
        await CreateAsync(other);

        var first = await Store.ClaimTransitionsAsync(10, Lease, Ct);
        Assert.Equal([(charge.Id, ChargeStatus.Pending), (other.Id, ChargeStatus.Pending)], first.Select(each => (each.ChargeId, each.To)));
        Assert.Null(first[0].From);
        Assert.Equal(("api", Time.GetUtcNow(), charge.TenantId, charge.ConsultationId), (first[0].Source, first[0].At, first[0].TenantId, first[0].ConsultationId));
        Assert.Empty(await NewStore().ClaimTransitionsAsync(10, Lease, Ct));

        await Store.CompleteTransitionsAsync([first[0].Id], Ct);
        var second = Assert.Single(await Store.ClaimTransitionsAsync(10, Lease, Ct));
        Assert.Equal((charge.Id, ChargeStatus.Pending, ChargeStatus.Authorized), (second.ChargeId, second.From, second.To));

        Time.Advance(Lease);
        Assert.Equal([other.Id, charge.Id], (await Store.ClaimTransitionsAsync(1, Lease, Ct)).Concat(await Store.ClaimTransitionsAsync(1, Lease, Ct))
            .OrderBy(each => each.Id == second.Id).Select(each => each.ChargeId));
    }

    [Fact]
    public async Task A_transition_that_was_seen_never_comes_again()
    {
        await CreateAsync(Facts.Charge(Time, "seen"));
        await Store.CompleteTransitionsAsync([Assert.Single(await Store.ClaimTransitionsAsync(10, Lease, Ct)).Id], Ct);

        Time.Advance(TimeSpan.FromDays(1));

        Assert.Empty(await Store.ClaimTransitionsAsync(10, Lease, Ct));
    }

    [Fact]
    public async Task A_transition_nobody_has_claimed_for_a_month_needs_nobody_any_more_and_one_somebody_works_at_stays()
    {
        await CreateAsync(Facts.Charge(Time, "unheard"));
        await CreateAsync(Facts.Charge(Time, "claimed"));
        var lifetime = TimeSpan.FromDays(30);
        Time.Advance(lifetime - TimeSpan.FromSeconds(1));
        await Store.PurgeAsync(lifetime, lifetime, 100, Ct);
        var claimed = Assert.Single(await Store.ClaimTransitionsAsync(1, Lease, Ct));

        Time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(await Store.PurgeAsync(lifetime, lifetime, 100, Ct));

        Time.Advance(Lease);
        Assert.Equal(claimed.Id, Assert.Single(await Store.ClaimTransitionsAsync(10, Lease, Ct)).Id);
    }

    [Fact]
    public async Task An_alert_is_claimed_in_order_by_one_host_until_it_is_delivered()
    {
        var first = new PaymentAlert("stripe_outage", AlertSeverity.Warning, "circuit_open");
        var second = new PaymentAlert("money_conflict", AlertSeverity.Critical, "other_amount", ChargeId.New(Time));
        await Store.EnqueueAlertAsync(first, Ct);
        await Store.EnqueueAlertAsync(second, Ct);

        var claimed = await Store.ClaimAlertsAsync(10, Lease, Ct);
        Assert.Equal([first, second], claimed.Select(queued => queued.Alert));
        Assert.All(claimed, queued => Assert.Equal(Time.GetUtcNow(), queued.RaisedAt));
        Assert.Empty(await NewStore().ClaimAlertsAsync(10, Lease, Ct));

        await Store.CompleteAlertAsync(claimed[0].Id, Ct);
        Time.Advance(Lease);
        Assert.Equal(second, Assert.Single(await Store.ClaimAlertsAsync(10, Lease, Ct)).Alert);
    }

    [Fact]
    [Trait("Promise", "P24")]
    public async Task One_warning_of_a_category_passes_in_five_minutes_over_two_hosts_and_tells_how_many_did_not()
    {
        IChargeStore[] hosts = [Store, NewStore()];
        async Task<List<int>> PassedAsync(int count) =>
            [.. (await Task.WhenAll(Enumerable.Range(0, count).Select(i => Task.Run(
                () => hosts[i % 2].TryPassCooldownAsync("stripe_outage", TimeSpan.FromMinutes(5), Ct), Ct)))).OfType<int>()];

        Assert.Equal(0, Assert.Single(await PassedAsync(20)));
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(await PassedAsync(20));
        Time.Advance(TimeSpan.FromSeconds(298));
        Assert.Empty(await PassedAsync(20));
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(59, Assert.Single(await PassedAsync(20)));
        Time.Advance(TimeSpan.FromSeconds(301));
        Assert.Equal(19, Assert.Single(await PassedAsync(20)));
        Assert.Equal(0, await Store.TryPassCooldownAsync("razorpay_outage", TimeSpan.FromMinutes(5), Ct));
    }

    [Fact]
    public async Task A_claim_of_nothing_or_without_a_lease_is_a_bug()
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Store.ClaimDueAsync(0, Lease, Ct));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Store.ClaimEventsAsync(1, TimeSpan.Zero, Ct));
    }
}
