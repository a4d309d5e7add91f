using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>Money that comes when nobody waits for it any more, at both providers and under every void policy: it goes back, and is told.</summary>
public sealed class LateSuccessTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string, RazorpayVoidPolicy> Policies { get; } = new()
    {
        { "stripe", RazorpayVoidPolicy.LetLapse },
        { "razorpay", RazorpayVoidPolicy.LetLapse },
        { "razorpay", RazorpayVoidPolicy.CaptureThenRefund },
        { "razorpay", RazorpayVoidPolicy.RefundAuthorized },
    };

    [Theory]
    [MemberData(nameof(Policies))]
    public async Task Money_that_no_session_was_booked_for_goes_back_after_the_hold_time_and_not_before(string name, RazorpayVoidPolicy policy)
    {
        await using var engine = await StartAsync(policy);
        var provider = engine.ProviderOf(name);
        provider.Strike(StruckCall.Authorize, SimulatorFault.Reset.AfterExecution());
        provider.Strike(StruckCall.Find, SimulatorFault.Reset, isOutage: true);
        var unknown = await engine.Charges.AuthorizeAsync(engine.Checkout(provider), Ct);
        Assert.Equal((OperationOutcome.Indeterminate, null), (unknown.Outcome, unknown.Charge!.BookedAt));
        var id = unknown.Charge.Id;
        Pay(provider, id);
        engine.Heal();
        await engine.DeliverAsync(provider);

        engine.Advance(TimeSpan.FromMinutes(9));
        await engine.SweepAsync();
        Assert.Equal((ChargeStatus.Authorized, 100_00L), ((await engine.ChargeAsync(id)).Status, provider.LedgerOf(id).Held));
        engine.Advance(TimeSpan.FromMinutes(2));
        await engine.SweepAsync();
        await AssertReleasedAsync(engine, provider, id, "hold_expired");
        Assert.Contains(await engine.AlertsAsync(id), alert => alert.Category == name + "_outage");
        Assert.Equal(OperationOutcome.RequiresAction, (await engine.Charges.AuthorizeAsync(engine.Checkout(provider), Ct)).Outcome);
    }

    [Theory]
    [InlineData(RazorpayVoidPolicy.LetLapse, true)]
    [InlineData(RazorpayVoidPolicy.LetLapse, false)]
    [InlineData(RazorpayVoidPolicy.CaptureThenRefund, true)]
    [InlineData(RazorpayVoidPolicy.CaptureThenRefund, false)]
    [InlineData(RazorpayVoidPolicy.RefundAuthorized, true)]
    [InlineData(RazorpayVoidPolicy.RefundAuthorized, false)]
    public async Task A_payment_on_an_order_whose_checkout_ended_goes_back_and_is_told_once(RazorpayVoidPolicy policy, bool isTold)
    {
        await using var engine = await StartAsync(policy);
        var id = (await engine.Charges.AuthorizeAsync(engine.Checkout(engine.Razorpay), Ct)).Charge!.Id;
        engine.Advance(TimeSpan.FromMinutes(31));
        await engine.SweepAsync();
        Assert.Equal((ChargeStatus.Voided, "checkout_expired"), ((await engine.ChargeAsync(id)).Status, (await engine.ChargeAsync(id)).ClosingReason));

        Pay(engine.Razorpay, id);
        if (isTold)
            await engine.DeliverAsync(engine.Razorpay);
        engine.Razorpay.Webhooks.TakePending();
        // The first look at a voided order is after a quarter of an hour.
        engine.Advance(TimeSpan.FromMinutes(16));
        await engine.SweepAsync();
        engine.Advance(TimeSpan.FromMinutes(1));
        await engine.SweepAsync();
        await engine.DeliverAsync(engine.Razorpay);
        await AssertReleasedAsync(engine, engine.Razorpay, id, "checkout_expired");
        Assert.Single(await engine.AlertsAsync(id), alert => alert is { Category: "money_conflict", Severity: AlertSeverity.Critical });
    }

    [Fact]
    public async Task A_payment_that_overtakes_the_void_of_its_checkout_goes_back()
    {
        await using var engine = await StartAsync(RazorpayVoidPolicy.LetLapse);
        var id = (await engine.Charges.AuthorizeAsync(engine.Checkout(engine.Stripe), Ct)).Charge!.Id;
        engine.Stripe.Strike(StruckCall.Void, SimulatorFault.Reset, isOutage: true);
        engine.Advance(TimeSpan.FromMinutes(31));
        await engine.SweepAsync();
        Pay(engine.Stripe, id);
        await engine.DeliverAsync(engine.Stripe);
        Assert.Equal(100_00, engine.Stripe.LedgerOf(id).Held);

        engine.Heal();
        engine.Advance(TimeSpan.FromMinutes(6));
        await engine.SweepAsync();
        await AssertReleasedAsync(engine, engine.Stripe, id, "checkout_expired");
        Assert.Contains(await engine.AlertsAsync(id), alert => alert.Category == "stripe_outage");
    }

    [Fact]
    public async Task A_payment_after_we_said_failed_goes_back_and_is_told_once()
    {
        await using var engine = await StartAsync(RazorpayVoidPolicy.LetLapse);
        var declined = await engine.Charges.AuthorizeAsync(engine.Booking(engine.Stripe, "pm_card_visa_chargeDeclined"), Ct);
        Assert.Equal((OperationOutcome.Declined, ChargeStatus.Failed), (declined.Outcome, declined.Charge!.Status));
        Pay(engine.Stripe, declined.Charge.Id);
        await engine.DeliverAsync(engine.Stripe);
        engine.Advance(TimeSpan.FromMinutes(1));
        await engine.SweepAsync();
        await AssertReleasedAsync(engine, engine.Stripe, declined.Charge.Id, "late_success");
        Assert.Single(await engine.AlertsAsync(declined.Charge.Id), alert => alert is { Category: "money_conflict", Severity: AlertSeverity.Critical });
    }

    /// <summary>Nothing is kept: it is gone at once, or at the time that is stated.</summary>
    private static async Task AssertReleasedAsync(SimulatedEngine engine, SimulatedProvider provider, ChargeId id, string reason)
    {
        var charge = await engine.ChargeAsync(id);
        Assert.Equal((ChargeStatus.Voided, reason, 0L), (charge.Status, charge.ClosingReason, charge.Captured.MinorUnits));
        var lapses = provider.Name == "razorpay" && engine.VoidPolicy == RazorpayVoidPolicy.LetLapse;
        Assert.Equal((lapses, lapses ? 100_00 : 0), (charge.ReleaseDueAt is not null, provider.LedgerOf(id).Held));
        engine.Advance(TimeSpan.FromDays(4));
        await engine.SweepAsync();
        var ledger = provider.LedgerOf(id);
        Assert.Equal((0L, ledger.Captured), (ledger.Held, ledger.Refunded));
        charge = await engine.ChargeAsync(id);
        Assert.Equal((ChargeStatus.Voided, null), (charge.Status, charge.ReleaseDueAt));
    }

    /// <summary>The patient pays what the charge made at the provider, whether anybody handed it out or not.</summary>
    private static void Pay(SimulatedProvider provider, ChargeId id)
    {
        if (provider is SimulatedStripe { Simulator: var stripe })
            stripe.PayAsPatient(stripe.Ledger.PaymentIntents.Single(intent => intent.Metadata["charge_id"] == id.ToString()).ClientSecret);
        else if (provider is SimulatedRazorpay { Simulator: var razorpay })
            razorpay.PayAsPatient(razorpay.Ledger.Orders.Single(order => order.Notes["charge_id"] == id.ToString()).Id);
    }

    private static Task<SimulatedEngine> StartAsync(RazorpayVoidPolicy policy) => SimulatedEngine.StartAsync(engine =>
    {
        engine.VoidPolicy = policy;
        engine.RazorpaySettings.AllowsRefundOfAuthorized = true;
    });
}
