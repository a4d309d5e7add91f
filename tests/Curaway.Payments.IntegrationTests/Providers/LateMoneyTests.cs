using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>Money that comes when nobody waits for it any more: it is never kept, and a human is told once.</summary>
[Trait("Promise", "P03")]
public sealed class LateMoneyTests
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
    [InlineData(RazorpayVoidPolicy.LetLapse, true)]
    [InlineData(RazorpayVoidPolicy.LetLapse, false)]
    [InlineData(RazorpayVoidPolicy.CaptureThenRefund, true)]
    [InlineData(RazorpayVoidPolicy.CaptureThenRefund, false)]
    [InlineData(RazorpayVoidPolicy.RefundAuthorized, true)]
    [InlineData(RazorpayVoidPolicy.RefundAuthorized, false)]
    public async Task At_Razorpay_a_payment_after_the_checkout_expired_is_let_go_as_the_policy_says(RazorpayVoidPolicy policy, bool isTold)
    {
        await using var engine = await StartAsync(policy);
        var waiting = await ExpiredAsync(engine, engine.Razorpay);
        var late = engine.Razorpay.Pay(waiting.NextAction!);
        var proven = await engine.CompleteAsync(waiting.Charge!, late);
        Assert.Equal((OperationOutcome.Refused, ErrorCodes.StateConflict), (proven.Outcome, proven.Error?.Code));

        await AssertLetGoAsync(engine, waiting.Charge!.Id, policy, isTold);
    }

    [Theory]
    [InlineData(RazorpayVoidPolicy.LetLapse)]
    [InlineData(RazorpayVoidPolicy.CaptureThenRefund)]
    [InlineData(RazorpayVoidPolicy.RefundAuthorized)]
    public async Task At_Razorpay_a_failed_payment_that_is_authorized_after_the_checkout_expired_is_let_go(RazorpayVoidPolicy policy)
    {
        await using var engine = await StartAsync(policy);
        var waiting = await engine.Charges.AuthorizeAsync(engine.Checkout(engine.Razorpay), Ct);
        var failed = engine.Razorpay.Simulator.PayAsPatient(waiting.NextAction!.Parameters["order_id"], "failure@razorpay");
        await engine.DeliverAsync(engine.Razorpay);
        await ExpireAsync(engine, waiting.Charge!.Id);
        engine.Razorpay.Simulator.LateAuthorize(failed.PaymentId);

        await AssertLetGoAsync(engine, waiting.Charge.Id, policy, isTold: true);
    }

    [Fact]
    public async Task At_Stripe_a_hold_that_comes_after_the_charge_failed_is_voided()
    {
        await using var engine = await StartAsync(default);
        var declined = await engine.Charges.AuthorizeAsync(engine.Booking(engine.Stripe, "pm_card_visa_chargeDeclined"), Ct);
        Assert.Equal((OperationOutcome.Declined, ChargeStatus.Failed), (declined.Outcome, declined.Charge!.Status));
        var id = declined.Charge.Id;
        Pay(engine.Stripe, id);
        Assert.Equal(100_00, engine.Stripe.LedgerOf(id).Held);
        await engine.DeliverAsync(engine.Stripe);
        engine.Advance(TimeSpan.FromMinutes(1));
        await engine.SweepAsync();

        await AssertReleasedAsync(engine, engine.Stripe, id, "late_success");
        await AssertToldOnceAsync(engine, id);
    }

    [Fact]
    public async Task At_Stripe_money_that_is_told_after_a_void_is_sent_back()
    {
        await using var engine = await StartAsync(default);
        var waiting = await ExpiredAsync(engine, engine.Stripe);
        var id = waiting.Charge!.Id;
        engine.Stripe.Simulator.EmitEvent("payment_intent.succeeded", $$"""
            {"id":"{{(await engine.ChargeAsync(id)).Reference}}","object":"payment_intent","amount":10000,"amount_capturable":0,"amount_received":10000,
             "capture_method":"manual","currency":"usd","livemode":false,"status":"succeeded","latest_charge":"ch_late",
             "metadata":{"charge_id":"{{id}}"} }
            """);
        await engine.DeliverAsync(engine.Stripe);
        var told = await engine.ChargeAsync(id);
        Assert.Equal((ChargeStatus.Captured, "checkout_expired"), (told.Status, told.ClosingReason));
        engine.Advance(TimeSpan.FromMinutes(1));
        await engine.SweepAsync();

        // The ledger has no such payment, so the call is all there is to see.
        var refund = Assert.Single(engine.Stripe.Calls, call => call.Operation == "Refund");
        Assert.Contains("amount=10000", refund.Body, StringComparison.Ordinal);
        await AssertToldOnceAsync(engine, id);
    }

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

    [Fact]
    public async Task At_Stripe_a_payment_that_overtakes_the_void_of_its_checkout_goes_back()
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

    private static async Task AssertLetGoAsync(SimulatedEngine engine, ChargeId id, RazorpayVoidPolicy policy, bool isTold)
    {
        if (isTold)
            await engine.DeliverAsync(engine.Razorpay);
        engine.Razorpay.Webhooks.TakePending();

        // Untold, the first look at a voided order finds it, after a quarter of an hour.
        engine.Advance(TimeSpan.FromMinutes(16));
        await engine.SweepAsync();
        engine.Advance(TimeSpan.FromMinutes(1));
        await engine.SweepAsync();
        await engine.DeliverAsync(engine.Razorpay);
        var charge = await engine.ChargeAsync(id);
        var kind = policy == RazorpayVoidPolicy.LetLapse ? ReleaseKind.Lapses : ReleaseKind.Refunded;
        Assert.Equal((0L, kind), (charge.Refunded.MinorUnits, charge.Release!.Kind));
        await AssertToldOnceAsync(engine, id);

        await AssertReleasedAsync(engine, engine.Razorpay, id, "checkout_expired");
        await AssertToldOnceAsync(engine, id);
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

    private static async Task AssertToldOnceAsync(SimulatedEngine engine, ChargeId id) =>
        Assert.Single(await engine.AlertsAsync(id), alert => alert is { Category: "money_conflict", Severity: AlertSeverity.Critical });

    private static async Task<ChargeResult> ExpiredAsync(SimulatedEngine engine, SimulatedProvider provider)
    {
        var waiting = await engine.Charges.AuthorizeAsync(engine.Checkout(provider), Ct);
        await ExpireAsync(engine, waiting.Charge!.Id);
        provider.Webhooks.TakePending();
        return waiting;
    }

    private static async Task ExpireAsync(SimulatedEngine engine, ChargeId id)
    {
        engine.Advance(TimeSpan.FromMinutes(31));
        await engine.SweepAsync();
        var expired = await engine.ChargeAsync(id);
        Assert.Equal((ChargeStatus.Voided, "checkout_expired"), (expired.Status, expired.ClosingReason));
    }

    private static Task<SimulatedEngine> StartAsync(RazorpayVoidPolicy policy) => SimulatedEngine.StartAsync(engine =>
    {
        engine.VoidPolicy = policy;
        engine.RazorpaySettings.AllowsRefundOfAuthorized = true;
    });
}
