using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>Cards that decline, patients who try again, come late or lie, at both providers.</summary>
public sealed class CheckoutTests(SimulatedEngine engine) : IClassFixture<SimulatedEngine>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private StripeSimulator Stripe => engine.Stripe.Simulator;

    private RazorpaySimulator Razorpay => engine.Razorpay.Simulator;

    [Theory]
    [InlineData("pm_card_visa_chargeDeclined", "generic_decline")]
    [InlineData("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds")]
    [InlineData("pm_card_authenticationRequired", "authentication_required")]
    [Trait("Promise", "P09")]
    public async Task A_saved_method_that_declines_books_nothing_and_the_next_try_is_a_new_charge(string method, string reason)
    {
        var bookedCount = 0;
        var command = engine.Booking(engine.Stripe, method, (_, _, _) => Task.FromResult(bookedCount++));
        var declined = await engine.Charges.AuthorizeAsync(command, Ct);
        Assert.Equal((OperationOutcome.Declined, ErrorCodes.ChargeFailed, reason), (declined.Outcome, declined.Error?.Code, declined.Error?.Reason));
        await engine.DeliverAsync(engine.Stripe);
        var failed = await engine.ChargeAsync(declined.Charge!.Id);
        Assert.Equal((ChargeStatus.Failed, 0), (failed.Status, bookedCount));
        Assert.Equal(engine.Stripe.ObjectsOf(failed.Id), SimulatedEngine.ObjectsOf(failed));

        var next = await engine.Charges.AuthorizeAsync(command with { PaymentMethods = [engine.Stripe.SavedMethod!] }, Ct);
        Assert.Equal((OperationOutcome.Succeeded, 1), (next.Outcome, bookedCount));
        Assert.NotEqual(failed.Id, next.Charge!.Id);
        Assert.Equal((0L, 100_00L), (engine.Stripe.LedgerOf(failed.Id).Held, engine.Stripe.LedgerOf(next.Charge.Id).Held));
    }

    [Fact]
    public async Task At_Stripes_checkout_a_declined_card_and_the_banks_questions_end_in_one_hold()
    {
        var waiting = await engine.Charges.AuthorizeAsync(engine.Checkout(engine.Stripe), Ct);
        Assert.Equal((OperationOutcome.RequiresAction, ChargeStatus.Pending), (waiting.Outcome, waiting.Charge!.Status));
        Assert.NotNull(waiting.Charge.BookedAt);
        var secret = waiting.NextAction!.Parameters["client_secret"];
        var empty = new CheckoutProof(new Dictionary<string, string>());

        Stripe.PayAsPatient(secret, "4000000000000002");
        var declined = await engine.CompleteAsync(waiting.Charge, empty);
        Assert.Equal((OperationOutcome.Declined, "generic_decline"), (declined.Outcome, declined.Error?.Reason));
        Assert.Equal(ChargeStatus.Pending, declined.Charge!.Status);

        Assert.Equal("requires_action", Stripe.PayAsPatient(secret, "4000002500003155").Status);
        var asked = await engine.CompleteAsync(waiting.Charge, empty);
        Assert.Equal((OperationOutcome.RequiresAction, ChargeStatus.Pending), (asked.Outcome, asked.Charge!.Status));
        Stripe.AuthenticateAsPatient(secret);
        var paid = await engine.CompleteAsync(waiting.Charge, empty);
        Assert.Equal((OperationOutcome.Succeeded, ChargeStatus.Authorized), (paid.Outcome, paid.Charge!.Status));
        await engine.DeliverAsync(engine.Stripe);
        var charge = await engine.ChargeAsync(waiting.Charge.Id);
        Assert.Equal(ChargeStatus.Authorized, charge.Status);
        Assert.Equal(engine.Stripe.ObjectsOf(charge.Id).Order(), SimulatedEngine.ObjectsOf(charge).Order());
    }

    [Fact]
    public async Task At_Stripe_an_expired_checkout_cannot_be_paid_any_more()
    {
        var waiting = await engine.Charges.AuthorizeAsync(engine.Checkout(engine.Stripe), Ct);
        engine.Advance(TimeSpan.FromMinutes(31));
        await engine.SweepAsync();
        var expired = await engine.ChargeAsync(waiting.Charge!.Id);
        Assert.Equal((ChargeStatus.Voided, "checkout_expired", true), (expired.Status, expired.ClosingReason, expired.IsReferenceClosed));
        Assert.Throws<ArgumentException>(() => Stripe.PayAsPatient(waiting.NextAction!.Parameters["client_secret"]));
        Assert.Equal(new LedgerFigures(0, 0, 0, 0, 0, 0), engine.Stripe.LedgerOf(expired.Id));
    }

    [Fact]
    public async Task At_Razorpay_a_declined_payment_may_be_repeated_and_a_forged_proof_opens_nothing()
    {
        var waiting = await engine.Charges.AuthorizeAsync(engine.Checkout(engine.Razorpay), Ct);
        var order = waiting.NextAction!.Parameters["order_id"];
        var declined = await engine.CompleteAsync(waiting.Charge!, SimulatedRazorpay.ProofOf(Razorpay.PayAsPatient(order, "failure@razorpay")));
        Assert.Equal((OperationOutcome.Declined, ErrorCodes.ChargeFailed), (declined.Outcome, declined.Error?.Code));
        Assert.Equal(ChargeStatus.Pending, declined.Charge!.Status);

        var other = await engine.Charges.AuthorizeAsync(engine.Checkout(engine.Razorpay), Ct);
        var genuine = SimulatedRazorpay.ProofOf(Razorpay.PayAsPatient(order));
        var signature = genuine.Fields["razorpay_signature"];
        CheckoutProof With(string field, string value) => new(new Dictionary<string, string>(genuine.Fields) { [field] = value });
        CheckoutProof[] forgeries =
        [
            With("razorpay_signature", signature[..^1] + (signature[^1] == '0' ? '1' : '0')),
            With("razorpay_signature", ""),
            With("razorpay_payment_id", "pay_AnotherPaymnt"),
            With("razorpay_order_id", other.NextAction!.Parameters["order_id"]),
        ];
        foreach (var forged in forgeries)
        {
            var refused = await engine.CompleteAsync(waiting.Charge!, forged);
            Assert.Equal((OperationOutcome.Declined, "invalid_proof", ChargeStatus.Pending), (refused.Outcome, refused.Error?.Reason, refused.Charge!.Status));
        }

        // The genuine proof of one order is no proof of another.
        var borrowed = await engine.CompleteAsync(other.Charge!, genuine);
        Assert.Equal((OperationOutcome.Declined, ChargeStatus.Pending), (borrowed.Outcome, borrowed.Charge!.Status));

        var paid = await engine.CompleteAsync(waiting.Charge!, genuine);
        Assert.Equal((OperationOutcome.Succeeded, ChargeStatus.Authorized), (paid.Outcome, paid.Charge!.Status));
        await engine.DeliverAsync(engine.Razorpay);
        var charge = await engine.ChargeAsync(waiting.Charge!.Id);
        Assert.Equal(ChargeStatus.Authorized, charge.Status);
        Assert.Equal(engine.Razorpay.ObjectsOf(charge.Id).Order(), SimulatedEngine.ObjectsOf(charge).Order());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_late_authorization_of_a_failed_payment_counts_when_checkout_is_still_open(bool isTold)
    {
        var waiting = await engine.Charges.AuthorizeAsync(engine.Checkout(engine.Razorpay), Ct);
        var failed = Razorpay.PayAsPatient(waiting.NextAction!.Parameters["order_id"], "failure@razorpay");
        await engine.CompleteAsync(waiting.Charge!, SimulatedRazorpay.ProofOf(failed));
        Razorpay.LateAuthorize(failed.PaymentId);
        if (isTold)
        {
            await engine.DeliverAsync(engine.Razorpay);
            Assert.Equal(ChargeStatus.Authorized, (await engine.ChargeAsync(waiting.Charge!.Id)).Status);
        }

        // Told or not: the look at the end of checkout finds the money and keeps it.
        engine.Advance(TimeSpan.FromMinutes(31));
        await engine.SweepAsync();
        var charge = await engine.ChargeAsync(waiting.Charge!.Id);
        Assert.Equal((ChargeStatus.Authorized, 100_00L), (charge.Status, engine.Razorpay.LedgerOf(charge.Id).Held));
    }
}
