namespace Curaway.Payments.IntegrationTests.Stores;

public abstract partial class ChargeStoreTests
{
    [Fact]
    public async Task Disputes_and_invoices_of_two_commits_are_merged_in_the_order_of_their_references()
    {
        var charge = Facts.Charge(Time, "papers", reference: "pi_1");
        await CreateAsync(charge);
        await ApplyAsync(charge, Facts.Snapshot(charge) with
        {
            Disputes = [Facts.Dispute("dp_b", DisputeState.Open, 1500)],
            Invoices = [Invoice("in_b", InvoiceState.Open)],
        });
        await ApplyAsync(charge, Facts.Snapshot(charge) with
        {
            Disputes = [Facts.Dispute("dp_B", DisputeState.Open, 1), Facts.Dispute("dp_b", DisputeState.Won, 1500) with { Reason = "fraudulent" }],
            Invoices = [Invoice("in_b", InvoiceState.Paid) with { Number = "A-1" }, Invoice("in_a", InvoiceState.Expired)],
        });

        var read = await ReadAsync(charge);

        Assert.Equal([("dp_B", DisputeState.Open), ("dp_b", DisputeState.Won)], read.Disputes.Select(dispute => (dispute.Reference, dispute.State)));
        Assert.Equal([("in_a", InvoiceState.Expired), ("in_b", InvoiceState.Paid)], read.Invoices.Select(invoice => (invoice.Reference, invoice.State)));
        Assert.Equal(("fraudulent", "A-1"), (read.Disputes[1].Reason, read.Invoices[1].Number));
        Assert.Equal("won", await ScalarAsync("SELECT state FROM charge_disputes WHERE reference = 'dp_b'"));
        Assert.Equal("paid", await ScalarAsync("SELECT state FROM charge_invoices WHERE number = 'A-1'"));
    }

    [Fact]
    public async Task Every_state_of_a_dispute_can_be_kept()
    {
        var charge = Facts.Charge(Time, "states", reference: "pi_1");
        await CreateAsync(charge);
        var states = Enum.GetValues<DisputeState>();
        await ApplyAsync(charge, Facts.Snapshot(charge) with { Disputes = [.. states.Select(state => Facts.Dispute($"dp_{(int)state}", state, 100))] });

        Assert.Equal(states, (await ReadAsync(charge)).Disputes.Select(dispute => dispute.State));
    }

    [Fact]
    public async Task A_webhook_adds_to_the_disputes_and_invoices_that_stand()
    {
        var charge = Facts.Charge(Time, "added", reference: "pi_1");
        await CreateAsync(charge);
        foreach (var number in new[] { 1, 2 })
        {
            var snapshot = Facts.Snapshot(charge) with
            {
                Disputes = [Facts.Dispute($"dp_{number}", DisputeState.Open, 100)],
                Invoices = [Invoice($"in_{number}", InvoiceState.Open)],
            };
            Assert.Equal(WebhookFate.Applied, await ReceiveAsync(Facts.Delivery($"evt_{number}", snapshot)));
        }

        var read = await ReadAsync(charge);

        Assert.Equal((2, 2), (read.Disputes.Length, read.Invoices.Length));
        Assert.Equal("2", await ScalarAsync("SELECT count(*) FROM alert_outbox WHERE category = 'dispute' AND severity = 'critical'"));
    }

    [Fact]
    public async Task A_dispute_is_found_by_the_payment_it_names()
    {
        var charge = Facts.Charge(Time, "found", reference: "pi_1");
        await CreateAsync(charge);
        await ApplyAsync(charge, Facts.Snapshot(charge, Facts.Payment("ch_1", PaymentState.Captured, 1500)));
        var dispute = Facts.Dispute("dp_1", DisputeState.Open, 1500) with { PaymentReference = "ch_1" };

        var fate = await ReceiveAsync(Facts.Delivery("evt_1", new ProviderSnapshot { Provider = "stripe", Disputes = [dispute] }));

        Assert.Equal(WebhookFate.Applied, fate);
        Assert.Equal(dispute, Assert.Single((await ReadAsync(charge)).Disputes));
    }

    private static ChargeInvoice Invoice(string reference, InvoiceState state) =>
        new() { Reference = reference, State = state, Amount = Facts.Dollars(1500) };
}
