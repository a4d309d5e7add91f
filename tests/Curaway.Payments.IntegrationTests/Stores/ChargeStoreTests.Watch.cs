namespace Curaway.Payments.IntegrationTests.Stores;

// What a host watches.
public abstract partial class ChargeStoreTests
{
    [Fact]
    public async Task The_backlog_counts_what_is_due_and_knows_the_oldest()
    {
        Assert.Equal(new ReconcilerBacklog(0, TimeSpan.Zero), await Store.ReadBacklogAsync(Ct));
        await CreateAsync(Facts.Charge(Time, "first") with { BookBy = Time.GetUtcNow() + TimeSpan.FromMinutes(1) });
        await CreateAsync(Facts.Charge(Time, "second") with { BookBy = Time.GetUtcNow() + TimeSpan.FromMinutes(3) });
        await CreateAsync(Facts.Charge(Time, "later") with { BookBy = Time.GetUtcNow() + TimeSpan.FromHours(1) });
        Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(new ReconcilerBacklog(2, TimeSpan.FromMinutes(4)), await Store.ReadBacklogAsync(Ct));
    }

    [Fact]
    public async Task An_account_is_silent_when_it_authorized_a_charge_and_no_webhook_of_it_was_stored_since()
    {
        var silence = TimeSpan.FromHours(6);
        await Store.ReceiveAsync([Facts.Delivery("evt_before", snapshot: null, WebhookVerdict.Ignored)], Ct);
        Time.Advance(TimeSpan.FromHours(1));
        var charge = (await CreateAsync(Facts.Charge(Time, "c1", reference: "pi_silent"))).Charge;
        await CreateAsync(Facts.Charge(Time, "c2", provider: "razorpay"));
        var held = new ProviderSnapshot
        {
            Provider = charge.Provider,
            Reference = charge.Reference,
            Payments = [Facts.Payment("ch_1", PaymentState.Authorized, charge.Amount.MinorUnits)],
        };
        await ApplyAsync(charge, held);
        Time.Advance(silence - TimeSpan.FromMinutes(1));
        Assert.Empty(await Store.ListSilentAccountsAsync(silence, Ct));

        Time.Advance(TimeSpan.FromMinutes(2));
        var authorizedAt = (await FindAsync(charge)).Charge!.AuthorizedAt!.Value;
        Assert.Equal([new SilentAccount("stripe", "default", authorizedAt)], await Store.ListSilentAccountsAsync(silence, Ct));
        await Store.ReceiveAsync([Facts.Delivery("evt_other", held with { Provider = "razorpay" })], Ct);
        Assert.Single(await Store.ListSilentAccountsAsync(silence, Ct));
        await Store.ReceiveAsync([Facts.Delivery("evt_late", held)], Ct);
        Assert.Empty(await Store.ListSilentAccountsAsync(silence, Ct));
    }
}
