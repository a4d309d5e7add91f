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

    [Fact]
    public async Task A_dispute_that_was_lost_and_is_won_on_appeal_allows_refunds_again()
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var charge = await engine.CapturedAsync(engine.Stripe);
        EmitDispute(engine.Stripe, charge, "charge.dispute.closed", "lost");
        await engine.DeliverAsync(engine.Stripe);
        Assert.Equal("disputed", (await engine.Charges.RefundAsync(SimulatedEngine.Refund(charge, "request-1"), Ct)).Error?.Reason);

        // Newest first: the end of the appeal comes before its beginning.
        EmitDispute(engine.Stripe, charge, "charge.dispute.updated", "appeal_under_review");
        engine.Stripe.Simulator.EmitEvent("charge.dispute.closed", EventBodies.StripeDispute(
            charge.Reference!, charge.PrincipalPayment!.Reference, charge.Amount.MinorUnits, "won", """{"card":{"reason_for_filing":"delivered"} }"""));
        await engine.DeliverAsync(engine.Stripe);

        Assert.Equal(DisputeState.WonOnAppeal, Assert.Single((await engine.ChargeAsync(charge.Id)).Disputes).State);
        Assert.Null((await engine.Charges.RefundAsync(SimulatedEngine.Refund(charge, "request-1"), Ct)).Error);
        Assert.Equal(2, (await engine.AlertsAsync(charge.Id)).Count(alert => alert.Category == "dispute"));
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
        var (payment, amount) = (charge.PrincipalPayment!.Reference, charge.Amount.MinorUnits);
        if (provider is SimulatedStripe stripe)
            stripe.Simulator.EmitEvent(type, EventBodies.StripeDispute(charge.Reference!, payment, amount, status));
        else
            ((SimulatedRazorpay)provider).Simulator.EmitEvent(type, EventBodies.RazorpayDispute(charge.Id.ToString(), charge.Reference!, payment, amount, status));
    }

    private static void EmitInvoice(SimulatedProvider provider, Charge charge)
    {
        var (id, amount) = (charge.Id.ToString(), charge.Amount.MinorUnits);
        if (provider is SimulatedStripe stripe)
            stripe.Simulator.EmitEvent("invoice.paid", EventBodies.StripeInvoice(id, amount, "paid"));
        else
            ((SimulatedRazorpay)provider).Simulator.EmitEvent("invoice.paid", EventBodies.RazorpayInvoice(id, amount, "paid"));
    }
}
