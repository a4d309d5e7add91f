namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>A dispute from the provider's webhook to the refund it blocks, and an invoice to the row it becomes.</summary>
public sealed class DisputeTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("stripe", "charge.dispute.closed", "won", true)]
    [InlineData("stripe", "charge.dispute.closed", "lost", false)]
    [InlineData("stripe", "charge.dispute.closed", "warning_closed", true)]
    [InlineData("razorpay", "payment.dispute.won", "won", true)]
    [InlineData("razorpay", "payment.dispute.lost", "lost", false)]
    [InlineData("razorpay", "payment.dispute.closed", "closed", true)]
    public async Task A_dispute_blocks_the_refund_until_it_is_won_or_closed(string name, string type, string status, bool isAllowed)
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var provider = engine.ProviderOf(name);
        var charge = await engine.CapturedAsync(provider);
        EmitDispute(provider, charge, name == "stripe" ? "charge.dispute.created" : "payment.dispute.created", name == "stripe" ? "needs_response" : "open");
        await engine.DeliverAsync(provider);

        var blocked = await engine.Charges.RefundAsync(SimulatedEngine.Refund(charge, "request-1"), Ct);
        Assert.Equal(new PaymentError(ErrorCodes.StateConflict, "disputed"), blocked.Error);
        Assert.Equal((OperationOutcome.Refused, DisputeState.Open), (blocked.Outcome, Assert.Single(blocked.Charge!.Disputes).State));
        Assert.Equal(charge.PrincipalPayment!.Reference, blocked.Charge.Disputes[0].PaymentReference);

        EmitDispute(provider, charge, type, status);
        await engine.DeliverAsync(provider);
        var refund = await engine.Charges.RefundAsync(SimulatedEngine.Refund(charge, "request-1"), Ct);

        Assert.Equal(isAllowed ? null : new PaymentError(ErrorCodes.StateConflict, "disputed"), refund.Error);
        Assert.Equal(isAllowed ? ChargeStatus.Refunded : ChargeStatus.Captured, refund.Charge!.Status);
        Assert.Equal(isAllowed ? 1 : 0, provider.LedgerOf(charge.Id).Refunds);
        var alerts = (await engine.AlertsAsync(charge.Id)).Where(alert => alert.Category == "dispute").ToList();
        Assert.Equal(2, alerts.Count);
        Assert.All(alerts, alert => Assert.Equal(AlertSeverity.Critical, alert.Severity));
    }

    [Theory]
    [InlineData("stripe")]
    [InlineData("razorpay")]
    public async Task An_invoice_that_names_the_charge_is_kept_beside_it_and_moves_no_money(string name)
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var provider = engine.ProviderOf(name);
        var charge = await engine.CapturedAsync(provider);
        await engine.DeliverAsync(provider);
        EmitInvoice(provider, charge);
        await engine.DeliverAsync(provider);

        var after = await engine.ChargeAsync(charge.Id);
        var invoice = Assert.Single(after.Invoices);
        Assert.Equal(("A-1", InvoiceState.Paid, charge.Amount), (invoice.Number, invoice.State, invoice.Amount));
        Assert.Equal("https://example.test/i/1", invoice.HostedUrl);
        Assert.Equal((ChargeStatus.Captured, charge.Reference, 1), (after.Status, after.Reference, after.Payments.Length));
        Assert.DoesNotContain(await engine.AlertsAsync(charge.Id), alert => alert.Category == "money_conflict");
    }

    private static void EmitDispute(SimulatedProvider provider, Charge charge, string type, string status)
    {
        var payment = charge.PrincipalPayment!.Reference;
        if (provider is SimulatedStripe stripe)
        {
            stripe.Simulator.EmitEvent(type, $$"""
                {"id":"dp_1","object":"dispute","amount":{{charge.Amount.MinorUnits}},"charge":"{{payment}}","currency":"usd","livemode":false,
                 "payment_intent":"{{charge.Reference}}","reason":"fraudulent","status":"{{status}}"}
                """);
        }
        else
        {
            ((SimulatedRazorpay)provider).Simulator.EmitEvent(type, $$"""
                {"payment":{"entity":{{PaymentOf(charge, payment, charge.Reference!)}} },
                 "dispute":{"entity":{"id":"disp_1","entity":"dispute","payment_id":"{{payment}}","amount":{{charge.Amount.MinorUnits}},
                 "currency":"INR","amount_deducted":0,"reason_code":"fraudulent","status":"{{status}}","phase":"chargeback"} } }
                """);
        }
    }

    private static void EmitInvoice(SimulatedProvider provider, Charge charge)
    {
        if (provider is SimulatedStripe stripe)
        {
            stripe.Simulator.EmitEvent("invoice.paid", $$"""
                {"id":"in_1","object":"invoice","total":{{charge.Amount.MinorUnits}},"amount_due":{{charge.Amount.MinorUnits}},"currency":"usd",
                 "livemode":false,"metadata":{"charge_id":"{{charge.Id}}"},"number":"A-1","hosted_invoice_url":"https://example.test/i/1",
                 "payment_intent":"pi_other","status":"paid"}
                """);
        }
        else
        {
            ((SimulatedRazorpay)provider).Simulator.EmitEvent("invoice.paid", $$"""
                {"payment":{"entity":{{PaymentOf(charge, "pay_other", "order_other")}} },
                 "order":{"entity":{"id":"order_other","entity":"order","amount":{{charge.Amount.MinorUnits}},"currency":"INR","notes":[]} },
                 "invoice":{"entity":{"id":"inv_1","entity":"invoice","invoice_number":"A-1","order_id":"order_other","payment_id":"pay_other",
                 "status":"paid","amount":{{charge.Amount.MinorUnits}},"currency":"INR","short_url":"https://example.test/i/1",
                 "notes":{"charge_id":"{{charge.Id}}"} } } }
                """);
        }
    }

    private static string PaymentOf(Charge charge, string payment, string order) =>
        $$"""
        {"id":"{{payment}}","entity":"payment","amount":{{charge.Amount.MinorUnits}},"currency":"INR","status":"captured",
         "order_id":"{{order}}","captured":true,"amount_refunded":0,"notes":{"charge_id":"{{charge.Id}}"},"created_at":1795165200}
        """;
}
