using Xunit;
using static Curaway.Payments.Tests.Facts;

namespace Curaway.Payments.Tests;

public sealed class ExtraPaymentsTests
{
    private static readonly ChargePayment FirstHeld = Payment("pay_1", PaymentState.Authorized) with { CaptureBefore = T0.AddDays(3) };
    private static readonly ChargePayment SecondHeld = Payment("pay_2", PaymentState.Authorized) with { CaptureBefore = T0.AddDays(4) };
    private static readonly ChargePayment FirstTaken = Payment("pay_1", PaymentState.Captured);
    private static readonly ChargePayment SecondTaken = Payment("pay_2", PaymentState.Captured);

    [Fact]
    public void The_provider_is_asked_when_a_second_payment_comes() =>
        Assert.Equal(T0, Told(FirstHeld, SecondHeld).RefreshDueAt);

    [Fact]
    public void One_payment_is_left_as_it_is()
    {
        var charge = Told(FirstTaken, Payment("pay_2", PaymentState.Failed));

        Assert.Same(charge, ExtraPayments.Release(charge));
        Assert.False(ExtraPayments.Any(charge));
    }

    [Fact]
    public void The_extra_hold_lapses_and_the_captured_payment_is_kept()
    {
        var charge = ExtraPayments.Release(Told(FirstHeld, SecondTaken));

        Assert.Equal((ChargeStatus.Captured, "pay_2", T0.AddDays(3)), (charge.Status, charge.PrincipalPayment?.Reference, charge.ReleaseDueAt));
        Assert.Equal(T0.AddDays(3), ChargeSchedule.DueAt(charge with { RefreshDueAt = null, BookedAt = T0 }, []));
        Assert.Null(ExtraPayments.NextReturn(charge));
    }

    [Fact]
    public void Of_two_holds_the_first_is_kept_and_may_be_captured()
    {
        var charge = ExtraPayments.Release(Told(SecondHeld, FirstHeld));

        Assert.Equal((ChargeStatus.Authorized, "pay_1", T0.AddDays(3)), (charge.Status, charge.PrincipalPayment?.Reference, charge.CaptureBefore));
        Assert.Null(ChargeLifecycle.Allows(charge, [], OperationKind.Capture, charge.Amount));
        Assert.Same(charge, ExtraPayments.Release(charge));
    }

    [Fact]
    public void The_extra_capture_stays_out_of_the_totals_until_and_after_it_went_back()
    {
        var charge = ExtraPayments.Release(Told(FirstTaken, SecondTaken));
        Assert.Equal((Usd(Full), "pay_2", Usd(Full)), (charge.Captured, ExtraPayments.NextReturn(charge)?.Payment.Reference, ExtraPayments.NextReturn(charge)?.Left));

        var returned = Tell(charge, Says("razorpay", refunds: [Refund("rfnd_1", RefundState.Pending, Full, "pay_2")]));
        Assert.Equal((ChargeStatus.Captured, Usd(0)), (returned.Status, returned.Refunded));
        Assert.Null(ExtraPayments.NextReturn(returned));

        var bounced = Tell(returned, Says("razorpay", refunds: [Refund("rfnd_1", RefundState.Failed, Full, "pay_2")]));
        Assert.Equal("pay_2", ExtraPayments.NextReturn(bounced)?.Payment.Reference);
    }

    [Fact]
    public void The_payment_that_was_refunded_is_the_kept_one()
    {
        var charge = Tell(Told(FirstTaken, SecondTaken), Says("razorpay", refunds: [Refund("rfnd_1", RefundState.Succeeded, 1000, "pay_2")]));

        var after = ExtraPayments.Release(charge);

        Assert.Equal((ChargeStatus.PartiallyRefunded, "pay_2", "pay_1"), (after.Status, after.PrincipalPayment?.Reference, ExtraPayments.NextReturn(after)?.Payment.Reference));
    }

    [Fact]
    public void A_disputed_extra_payment_is_the_banks_to_return()
    {
        var charge = ExtraPayments.Release(Told(FirstTaken, SecondTaken));
        var dispute = Dispute("disp_1", DisputeState.Open);

        Assert.Null(ExtraPayments.NextReturn(charge with { Disputes = [dispute with { PaymentReference = "pay_2" }] }));
        Assert.NotNull(ExtraPayments.NextReturn(charge with { Disputes = [dispute with { PaymentReference = "pay_1" }] }));
    }

    [Fact]
    public void Its_refund_has_its_own_request_id_and_takes_nothing_from_what_may_be_refunded()
    {
        var charge = ExtraPayments.Release(Told(FirstTaken, SecondTaken));
        var open = Operation(OperationKind.Refund) with { RequestId = ExtraPayments.ReturnIdOf([], SecondTaken) };

        Assert.Equal("release-pay_2", open.RequestId?.Value);
        Assert.Equal("release-pay_2-2", ExtraPayments.ReturnIdOf([open], SecondTaken).Value);
        Assert.True(ExtraPayments.IsReturn(charge, open));
        Assert.False(ExtraPayments.IsReturnOf(open, FirstTaken));
        Assert.Equal(Usd(Full), ChargeLifecycle.RefundableOf(charge, [open]));
        Assert.Equal(Usd(0), ChargeLifecycle.RefundableOf(charge, [open with { RequestId = OpaqueId.Parse("release-1") }]));
    }

    [Fact]
    public void It_is_due_at_once_then_after_what_is_open_and_ever_more_slowly_when_refused()
    {
        var charge = ExtraPayments.Release(Told(FirstTaken, SecondTaken));
        var open = Operation(OperationKind.Refund) with { RequestId = ExtraPayments.ReturnIdOf([], SecondTaken) };
        var refused = open with { State = OperationState.Closed, Outcome = OperationOutcome.Declined, ClosedAt = T0.AddHours(1) };

        Assert.Equal(T0, ChargeSchedule.ExtraReleaseAt(charge, []));
        Assert.Null(ChargeSchedule.ExtraReleaseAt(charge, [open]));
        Assert.Equal(T0.AddHours(1).AddSeconds(20), ChargeSchedule.ExtraReleaseAt(charge, [refused]));
    }

    [Fact]
    [Trait("Promise", "P14")]
    public void Two_captured_payments_of_which_one_is_sent_back_end_the_same_in_any_order()
    {
        var last = ChargeLifecycleOrderTests.OneFinalCharge(
            "razorpay",
            Says("razorpay", payments: [FirstHeld]),
            Says("razorpay", payments: [FirstTaken]),
            Says("razorpay", payments: [SecondHeld]),
            Says("razorpay", payments: [SecondTaken]),
            Says("razorpay", payments: [SecondTaken with { ReleasesByCapture = true }]),
            Says("razorpay", refunds: [Refund("rfnd_1", RefundState.Pending, Full, "pay_2")]),
            Says("razorpay", refunds: [Refund("rfnd_1", RefundState.Succeeded, Full, "pay_2")]));

        Assert.Equal((ChargeStatus.Captured, Usd(Full), Usd(0), "pay_1"), (last.Status, last.Captured, last.Refunded, last.PrincipalPayment?.Reference));
    }

    private static Charge Told(params ChargePayment[] payments) =>
        Tell(NewCharge("razorpay"), payments.Select(payment => Says("razorpay", payments: [payment])));
}
