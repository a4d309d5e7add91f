namespace Curaway.Payments.IntegrationTests.Stores;

public abstract partial class ChargeStoreTests
{
    [Theory]
    [InlineData("id")]
    [InlineData("provider")]
    [InlineData("state")]
    [InlineData("type")]
    [InlineData("charge")]
    [InlineData("tenant")]
    [InlineData("from")]
    [InlineData("before")]
    [InlineData("count")]
    public async Task Replay_makes_due_what_the_filter_means_and_nothing_else(string by)
    {
        var from = Time.GetUtcNow();
        var mine = await DeadLetterAsync("mine", "evt_1");
        var meant = Guid.Parse((await EventAsync("id", "evt_1"))!);
        Time.Advance(TimeSpan.FromMinutes(1));
        await ReceiveAsync(Facts.Delivery("evt_2", null, WebhookVerdict.Unreadable) with { Provider = "razorpay", EventType = "refund.processed" });
        await ReceiveAsync(Facts.Delivery("evt_3", CapturedBy(Facts.Charge(Time, "nobodys"))) with { Provider = "razorpay", EventType = "refund.processed" });
        await ReceiveAsync(Facts.Delivery("evt_4", null, WebhookVerdict.Ignored));
        var filter = by switch
        {
            "id" => new WebhookFilter { Ids = [meant, Guid.CreateVersion7(Time.GetUtcNow())] },
            "provider" => new WebhookFilter { Provider = "stripe" },
            "state" => new WebhookFilter { State = WebhookState.Failed, ReceivedBefore = from.AddSeconds(30) },
            "type" => new WebhookFilter { EventType = "payment_intent.succeeded" },
            "charge" => new WebhookFilter { ChargeId = mine.Id },
            "tenant" => new WebhookFilter { TenantId = Facts.Tenant },
            "from" => new WebhookFilter { ReceivedFrom = from, ReceivedBefore = from.AddSeconds(1) },
            "before" => new WebhookFilter { ReceivedBefore = from.AddMinutes(1) },
            _ => new WebhookFilter { CountMax = 1 },
        };

        Assert.Equal(1, await Store.ReplayEventsAsync(filter, Ct));

        var due = Assert.Single(await Store.ClaimEventsAsync(10, Lease, Ct));
        Assert.Equal(("evt_1", 1), (due.EventId, due.AttemptCount));
        Assert.Null(await EventAsync("reason"));
        Assert.Equal(2, await Store.ReplayEventsAsync(new WebhookFilter(), Ct));
    }

    [Fact]
    public async Task Replay_leaves_alone_what_is_done_what_is_nothing_of_ours_and_what_another_tenant_has()
    {
        var charge = Facts.Charge(Time, "done", reference: "pi_1");
        await CreateAsync(charge);
        await ReceiveAsync(Facts.Delivery("evt_1", CapturedBy(charge)));
        await ReceiveAsync(Facts.Delivery("evt_2", null, WebhookVerdict.Ignored));
        await DeadLetterAsync("dead", "evt_3");

        Assert.Equal(0, await Store.ReplayEventsAsync(new WebhookFilter { TenantId = OpaqueId.Parse("tenant_2") }, Ct));
        Assert.Equal(1, await Store.ReplayEventsAsync(new WebhookFilter(), Ct));
        Assert.Equal("processed", await EventAsync("state", "evt_1"));
        Assert.Equal("ignored", await EventAsync("state", "evt_2"));
    }

    [Fact]
    public void A_filter_of_no_or_of_too_many_events_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebhookFilter { CountMax = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebhookFilter { CountMax = WebhookFilter.CountLimit + 1 });
    }

    /// <summary>An event about a charge of ours that was given up, content and all.</summary>
    private async Task<Charge> DeadLetterAsync(string consultation, string eventId)
    {
        var charge = Facts.Charge(Time, consultation);
        await ReceiveAsync(Facts.Delivery(eventId, CapturedBy(charge, "ch_" + eventId)));
        Time.Advance(TimeSpan.FromSeconds(30));
        var claimed = Assert.Single(await Store.ClaimEventsAsync(10, Lease, Ct));
        await Store.SettleEventAsync(claimed.Id, WebhookState.Failed, "by_hand", null, Ct);
        await CreateAsync(charge);
        return charge;
    }
}
