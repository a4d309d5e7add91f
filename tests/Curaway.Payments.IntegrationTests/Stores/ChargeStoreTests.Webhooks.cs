namespace Curaway.Payments.IntegrationTests.Stores;

public abstract partial class ChargeStoreTests
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task An_event_and_its_effect_are_one_commit_that_keeps_no_body()
    {
        var charge = Facts.Charge(Time, "applied", reference: "pi_1");
        await CreateAsync(charge);

        Assert.Equal(WebhookFate.Applied, await ReceiveAsync(Facts.Delivery("evt_1", CapturedBy(charge))));

        Assert.Equal(ChargeStatus.Captured, (await ReadAsync(charge)).RecordedStatus);
        Assert.Equal("processed", await EventAsync("state"));
        Assert.Equal(charge.Id.ToString(), await EventAsync("charge_id"));
        Assert.Null(await EventAsync("body"));
        Assert.Null(await EventAsync("next_attempt_at"));
        Assert.Contains("ch_1", await EventAsync("snapshot"), StringComparison.Ordinal);
        Assert.Equal("1", await ScalarAsync(
            "SELECT count(*) FROM audit_log WHERE action = 'webhook' AND actor_id = 'stripe' AND CAST(details AS TEXT) LIKE '%evt_1%'"));
    }

    [Fact]
    [Trait("Promise", "P13")]
    public async Task A_hundred_copies_at_once_over_two_hosts_have_one_effect()
    {
        var charge = Facts.Charge(Time, "copies", reference: "pi_1");
        await CreateAsync(charge);
        var hosts = new[] { Store, NewStore() };

        var fates = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Task.Run(
            () => hosts[i % 2].ReceiveAsync([Facts.Delivery("evt_1", CapturedBy(charge))], Ct))));

        Assert.Single(fates, fate => fate[0] == WebhookFate.Applied);
        Assert.Equal(99, fates.Count(fate => fate[0] == WebhookFate.Duplicate));
        Assert.Equal("99", await EventAsync("duplicate_count"));
        Assert.Equal("1", await CountAsync("webhook_events"));
        Assert.Equal(2, (await ReadAsync(charge)).Version);
    }

    [Fact]
    public async Task A_batch_answers_in_its_order_and_twins_in_it_are_duplicates()
    {
        var charge = Facts.Charge(Time, "batch", reference: "pi_1");
        await CreateAsync(charge);
        var applied = Facts.Delivery("evt_1", CapturedBy(charge));

        var fates = await Store.ReceiveAsync(
            [
                Facts.Delivery("evt_2", null, WebhookVerdict.Ignored), applied, applied,
                Facts.Delivery("evt_3", null, WebhookVerdict.Unreadable), Facts.Delivery("evt_4", CapturedBy(Facts.Charge(Time, "unknown"), "ch_2")),
            ],
            Ct);

        Assert.Equal([WebhookFate.Ignored, WebhookFate.Applied, WebhookFate.Duplicate, WebhookFate.Failed, WebhookFate.Stored], fates);
        Assert.Null(await EventAsync("body", "evt_2"));
        Assert.NotNull(await EventAsync("body", "evt_3"));
        Assert.NotNull(await EventAsync("body", "evt_4"));
        var alert = Assert.Single(await Store.ClaimAlertsAsync(10, Lease, Ct)).Alert;
        Assert.Equal(new PaymentAlert("webhook_unreadable", AlertSeverity.Warning, "stripe evt_3"), alert);
    }

    [Fact]
    public async Task Several_events_of_one_charge_in_a_batch_are_one_write_and_one_audit_row_each()
    {
        var charge = Facts.Charge(Time, "folded", reference: "pi_1");
        var neighbour = Facts.Charge(Time, "neighbour", reference: "pi_2");
        await CreateAsync(charge);
        await CreateAsync(neighbour);
        var authorized = Facts.Snapshot(charge, Facts.Payment("ch_1", PaymentState.Authorized, 1500));
        var refunded = CapturedBy(charge) with { Refunds = [Facts.Refund("re_1", 500)] };

        var fates = await Store.ReceiveAsync(
            [
                Facts.Delivery("evt_1", authorized), Facts.Delivery("evt_2", CapturedBy(neighbour, "ch_2")), Facts.Delivery("evt_3", CapturedBy(charge)),
                Facts.Delivery("evt_4", refunded), Facts.Delivery("evt_5", CapturedBy(charge)),
            ],
            Ct);

        Assert.All(fates, fate => Assert.Equal(WebhookFate.Applied, fate));
        var after = await ReadAsync(charge);
        Assert.Equal((ChargeStatus.PartiallyRefunded, ChargeStatus.PartiallyRefunded), (after.Status, after.RecordedStatus));
        Assert.Equal(ChargeStatus.Captured, (await ReadAsync(neighbour)).RecordedStatus);
        var changes = await Store.ClaimTransitionsAsync(10, Lease, Ct);
        var told = new List<ChargeStatus>();
        for (; changes.Count > 0; changes = await Store.ClaimTransitionsAsync(10, Lease, Ct))
        {
            told.AddRange(changes.Where(change => change.ChargeId == charge.Id).Select(change => change.To));
            await Store.CompleteTransitionsAsync([.. changes.Select(change => change.Id)], Ct);
        }

        Assert.Equal([ChargeStatus.Pending, ChargeStatus.Authorized, ChargeStatus.Captured, ChargeStatus.PartiallyRefunded], told);
        Assert.Equal("3", await ScalarAsync($"SELECT count(*) FROM audit_log WHERE action = 'webhook' AND charge_id = '{charge.Id}'"));
    }

    [Fact]
    public async Task A_copy_under_a_body_seen_before_takes_no_place_from_an_event_of_its_id()
    {
        var first = Facts.Delivery("evt_1", null, WebhookVerdict.Ignored, body: "one") with { IsDedupedByBody = true };
        var copy = first with { EventId = "evt_2" };
        var real = Facts.Delivery("evt_2", null, WebhookVerdict.Ignored, body: "two") with { IsDedupedByBody = true };

        Assert.Equal([WebhookFate.Ignored, WebhookFate.Duplicate, WebhookFate.Ignored], await Store.ReceiveAsync([first, copy, real], Ct));

        Assert.Equal("1", await EventAsync("duplicate_count"));
        Assert.Equal("0", await EventAsync("duplicate_count", "evt_2"));
    }

    [Fact]
    public async Task An_event_that_tells_nothing_new_is_applied_without_a_write_of_the_charge()
    {
        var charge = Facts.Charge(Time, "unchanged", reference: "pi_1");
        await CreateAsync(charge);
        await ReceiveAsync(Facts.Delivery("evt_1", CapturedBy(charge)));

        Assert.Equal(WebhookFate.Applied, await ReceiveAsync(Facts.Delivery("evt_2", CapturedBy(charge))));

        Assert.Equal(2, (await ReadAsync(charge)).Version);
        Assert.Equal("2", await CountAsync("audit_log"));
        Assert.Equal("processed", await EventAsync("state", "evt_2"));
    }

    [Theory]
    [InlineData(true, WebhookFate.Duplicate)]
    [InlineData(false, WebhookFate.Applied)]
    [Trait("Promise", "P16")]
    public async Task The_same_body_under_another_id_is_a_duplicate_only_where_ids_are_unsigned(bool isDedupedByBody, WebhookFate expected)
    {
        var charge = Facts.Charge(Time, "body", "razorpay", "order_1");
        await CreateAsync(charge);
        var first = Facts.Delivery("evt_1", CapturedBy(charge), body: "{}") with { IsDedupedByBody = isDedupedByBody };
        await ReceiveAsync(first);

        Assert.Equal(expected, await ReceiveAsync(first with { EventId = "evt_2" }));
        Assert.Equal(isDedupedByBody ? "1" : "0", await EventAsync("duplicate_count"));
    }

    [Fact]
    public async Task A_dead_letter_that_comes_again_is_queued_again_at_once()
    {
        await ReceiveAsync(Facts.Delivery("evt_1", null, WebhookVerdict.Unreadable));
        Assert.Empty(await Store.ClaimEventsAsync(10, Lease, Ct));

        Assert.Equal(WebhookFate.Duplicate, await ReceiveAsync(Facts.Delivery("evt_1", null, WebhookVerdict.Unreadable)));

        var queued = Assert.Single(await Store.ClaimEventsAsync(10, Lease, Ct));
        Assert.Equal(("evt_1", 1), (queued.EventId, queued.AttemptCount));
        Assert.Null(queued.Snapshot);
        Assert.Equal(Facts.Delivery("evt_1", null).Body.ToArray(), queued.Body!.Value.ToArray());
    }

    [Fact]
    public async Task An_event_waits_for_its_charge_and_is_due_the_moment_it_appears()
    {
        var charge = Facts.Charge(Time, "early", reference: "pi_1");
        Assert.Equal(WebhookFate.Stored, await ReceiveAsync(Facts.Delivery("evt_1", CapturedBy(charge))));
        Assert.Equal("parked", await EventAsync("state"));
        Assert.Empty(await Store.ClaimEventsAsync(10, Lease, Ct));

        await CreateAsync(charge);

        var parked = Assert.Single(await Store.ClaimEventsAsync(10, Lease, Ct));
        AssertSame(CapturedBy(charge), parked.Snapshot);
        Assert.Equal(WebhookState.Processed, await Store.ApplyEventAsync(parked.Id, parked.Snapshot!, RetryAfter, Ct));
        Assert.Equal(ChargeStatus.Captured, (await ReadAsync(charge)).Status);
        Assert.Null(await EventAsync("body"));
    }

    [Fact]
    public async Task An_event_that_names_only_the_reference_is_due_the_moment_the_charge_gets_it()
    {
        var charge = Facts.Charge(Time, "reference");
        await CreateAsync(charge);
        await ReceiveAsync(Facts.Delivery("evt_1", CapturedBy(charge) with { ChargeId = null, Reference = "pi_1" }));
        Assert.Empty(await Store.ClaimEventsAsync(10, Lease, Ct));

        await ApplyAsync(charge, Facts.Snapshot(charge) with { Reference = "pi_1" });

        Assert.Single(await Store.ClaimEventsAsync(10, Lease, Ct));
    }

    [Fact]
    public async Task A_charge_is_found_by_its_reference_or_a_payment_within_the_account()
    {
        var charge = Facts.Charge(Time, "found", "razorpay", "order_1");
        await CreateAsync(charge);
        var told = CapturedBy(charge) with { ChargeId = null };

        Assert.Equal(WebhookFate.Stored, await ReceiveAsync(Facts.Delivery("evt_1", told with { Reference = "order_1", ProviderAccount = "other" })));
        Assert.Equal(WebhookFate.Applied, await ReceiveAsync(Facts.Delivery("evt_2", told with { Reference = "order_1" })));
        var refund = Facts.Refund("rfnd_1", 500) with { PaymentReference = "ch_1" };
        Assert.Equal(WebhookFate.Applied, await ReceiveAsync(Facts.Delivery("evt_3", told with { Payments = [], Refunds = [refund] })));

        Assert.Equal(ChargeStatus.PartiallyRefunded, (await ReadAsync(charge)).RecordedStatus);
    }

    [Fact]
    public async Task A_snapshot_of_another_account_is_a_conflict_that_is_alerted_and_not_applied()
    {
        var charge = Facts.Charge(Time, "account", reference: "pi_1");
        await CreateAsync(charge);

        Assert.Equal(WebhookFate.Applied, await ReceiveAsync(Facts.Delivery("evt_1", CapturedBy(charge) with { ProviderAccount = "other" })));

        Assert.Equal(ChargeStatus.Pending, (await ReadAsync(charge)).RecordedStatus);
        var alert = Assert.Single(await Store.ClaimAlertsAsync(10, Lease, Ct)).Alert;
        Assert.Equal(("money_conflict", charge.Id), (alert.Category, alert.ChargeId));
    }

    [Fact]
    public async Task An_event_whose_effect_fails_is_kept_and_its_neighbours_are_applied()
    {
        var charge = Facts.Charge(Time, "poison", reference: "pi_1");
        var neighbour = Facts.Charge(Time, "neighbour", reference: "pi_2");
        await CreateAsync(charge);
        await CreateAsync(neighbour);
        // Two payments whose sum does not fit.
        var poison = Facts.Snapshot(
            charge, Facts.Payment("ch_1", PaymentState.Captured, long.MaxValue), Facts.Payment("ch_2", PaymentState.Captured, long.MaxValue));

        var fates = await Store.ReceiveAsync([Facts.Delivery("evt_1", poison), Facts.Delivery("evt_2", CapturedBy(neighbour))], Ct);

        Assert.Equal([WebhookFate.Stored, WebhookFate.Applied], fates);
        Assert.Equal(1, (await ReadAsync(charge)).Version);
        Assert.Equal(ChargeStatus.Captured, (await ReadAsync(neighbour)).Status);
        Assert.Equal("OverflowException", await EventAsync("reason"));
        var stored = Assert.Single(await Store.ClaimEventsAsync(10, Lease, Ct));
        Assert.NotNull(stored.Body);
        await Assert.ThrowsAsync<OverflowException>(() => Store.ApplyEventAsync(stored.Id, stored.Snapshot!, RetryAfter, Ct));
    }

    [Fact]
    public async Task A_claimed_event_belongs_to_one_host_until_its_lease_ends()
    {
        await ReceiveAsync(Facts.Delivery("evt_1", CapturedBy(Facts.Charge(Time, "leased"))));
        Time.Advance(TimeSpan.FromSeconds(30));
        var other = NewStore();

        var claimed = Assert.Single(await Store.ClaimEventsAsync(10, Lease, Ct));
        Assert.Empty(await other.ClaimEventsAsync(10, Lease, Ct));
        Time.Advance(Lease);
        Assert.Equal((claimed.Id, 2), (Assert.Single(await other.ClaimEventsAsync(10, Lease, Ct)) is { } again ? (again.Id, again.AttemptCount) : default));

        Assert.Equal(WebhookState.Parked, await other.ApplyEventAsync(claimed.Id, claimed.Snapshot!, RetryAfter, Ct));
        Time.Advance(RetryAfter - TimeSpan.FromSeconds(1));
        Assert.Empty(await Store.ClaimEventsAsync(10, Lease, Ct));
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Single(await Store.ClaimEventsAsync(10, Lease, Ct));
    }

    [Fact]
    public async Task Events_are_claimed_oldest_first_and_no_more_than_asked()
    {
        for (var i = 1; i <= 3; i++)
        {
            await ReceiveAsync(Facts.Delivery($"evt_{i}", CapturedBy(Facts.Charge(Time, $"order_{i}"))));
            Time.Advance(TimeSpan.FromMinutes(1));
        }

        var first = await Store.ClaimEventsAsync(2, Lease, Ct);
        var rest = await Store.ClaimEventsAsync(2, Lease, Ct);

        Assert.Equal(["evt_1", "evt_2"], first.Select(stored => stored.EventId));
        Assert.Equal(["evt_3"], rest.Select(stored => stored.EventId));
    }

    [Theory]
    [InlineData(WebhookState.Failed, true)]
    [InlineData(WebhookState.Ignored, false)]
    public async Task A_settled_event_is_never_claimed_and_only_a_dead_letter_keeps_its_body(WebhookState state, bool keepsBody)
    {
        await ReceiveAsync(Facts.Delivery("evt_1", CapturedBy(Facts.Charge(Time, "settled"))));
        var alert = new PaymentAlert("webhook_failed", AlertSeverity.Critical, "evt_1");
        Time.Advance(TimeSpan.FromSeconds(30));
        var claimed = Assert.Single(await Store.ClaimEventsAsync(10, Lease, Ct));

        await Store.SettleEventAsync(claimed.Id, state, "no_charge", alert, Ct);
        await Store.SettleEventAsync(claimed.Id, state, "again", alert, Ct);

        Time.Advance(TimeSpan.FromDays(1));
        Assert.Empty(await Store.ClaimEventsAsync(10, Lease, Ct));
        Assert.Equal(keepsBody, await EventAsync("body") is not null);
        Assert.Equal(WireName.Of(state), await EventAsync("state"));
        Assert.Equal("no_charge", await EventAsync("reason"));
        Assert.Equal(alert, Assert.Single(await Store.ClaimAlertsAsync(10, Lease, Ct)).Alert);
        Assert.Equal(state, await Store.ApplyEventAsync(claimed.Id, claimed.Snapshot!, RetryAfter, Ct));
    }

    [Fact]
    public async Task A_snapshot_that_cannot_be_read_back_does_not_stop_the_claim()
    {
        await ReceiveAsync(Facts.Delivery("evt_1", CapturedBy(Facts.Charge(Time, "unreadable"))));
        await ExecuteAsync("UPDATE webhook_events SET snapshot = '{\"provider\":7}'");
        Time.Advance(TimeSpan.FromSeconds(30));

        var claimed = Assert.Single(await Store.ClaimEventsAsync(10, Lease, Ct));

        Assert.Null(claimed.Snapshot);
        Assert.NotNull(claimed.Body);
    }

    private static ProviderSnapshot CapturedBy(Charge charge, string payment = "ch_1") =>
        Facts.Snapshot(charge, Facts.Payment(payment, PaymentState.Captured, 1500));

    private async Task<WebhookFate> ReceiveAsync(WebhookDelivery delivery) => Assert.Single(await Store.ReceiveAsync([delivery], Ct));

    private Task<string?> EventAsync(string column, string eventId = "evt_1") =>
        ScalarAsync($"SELECT {column} FROM webhook_events WHERE provider_event_id = '{eventId}'");
}
