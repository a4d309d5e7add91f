using Xunit;
using static Curaway.Payments.Tests.Facts;

namespace Curaway.Payments.Tests;

/// <summary>Money taken only to be sent back, statuses set by hand, and what a charge proves of an operation.</summary>
public sealed class ChargeReleaseTests
{
    private static readonly DateTimeOffset Later = T0.AddHours(1);

    private static readonly ProviderSnapshot Held = Says("razorpay", payments: [Payment("pay_1", PaymentState.Authorized)]);
    private static readonly ProviderSnapshot Taken = Says("razorpay", payments: [Payment("pay_1", PaymentState.Captured)]);

    [Fact]
    public void What_is_held_is_marked_and_nothing_else()
    {
        var charge = ChargeLifecycle.ReleaseByCapture(Tell(NewCharge("razorpay"), Says("razorpay", payments:
        [
            Payment("pay_1", PaymentState.Failed), Payment("pay_2", PaymentState.Voided), Payment("pay_3", PaymentState.Authorized), Payment("pay_4", PaymentState.Captured),
            Payment("pay_5", PaymentState.Authorized) with { ReleaseDueAt = T0 },
        ])));

        Assert.Equal(["pay_3"], charge.Payments.Where(payment => payment.ReleasesByCapture).Select(payment => payment.Reference));
    }

    [Fact]
    public void What_is_taken_to_be_sent_back_is_held_until_all_of_it_went_back_and_enters_no_total()
    {
        var marked = ChargeLifecycle.ReleaseByCapture(Tell(NewCharge("razorpay"), Held));
        Assert.Equal(ErrorCodes.StateConflict, ChargeLifecycle.Allows(marked, [], OperationKind.Capture, Usd(Full))?.Code);

        var taken = Tell(marked, Taken);
        AssertStands(ChargeStatus.Authorized, taken);
        AssertStands(ChargeStatus.Authorized, Back(taken, RefundState.Pending, Full - 1));
        AssertStands(ChargeStatus.Authorized, Back(taken, RefundState.Failed, Full));
        AssertStands(ChargeStatus.Voided, Back(taken, RefundState.Pending, Full));
        // A refund of another payment sends nothing of this one back.
        AssertStands(ChargeStatus.Authorized, Tell(taken, Says("razorpay", refunds: [Refund("rfnd_1", RefundState.Succeeded, Full, "pay_2")])));
    }

    [Fact]
    public void A_refund_of_another_payment_is_not_of_what_was_captured()
    {
        var charge = Tell(NewCharge("razorpay"), Says("razorpay", payments: [Payment("pay_1", PaymentState.Captured), Payment("pay_2", PaymentState.Voided)]));

        Assert.Equal(Usd(0), Tell(charge, Says("razorpay", refunds: [Refund("rfnd_1", RefundState.Succeeded, 1000, "pay_2")])).Refunded);
        Assert.Equal(Usd(1000), Tell(charge, Says("razorpay", refunds: [Refund("rfnd_1", RefundState.Succeeded, 1000, "pay_1")])).Refunded);
        Assert.Equal(Usd(1000), Tell(charge, Says("razorpay", refunds: [Refund("rfnd_1", RefundState.Succeeded, 1000)])).Refunded);
    }

    [Fact]
    public void A_refund_of_an_extra_payment_under_way_does_not_lessen_what_may_be_refunded()
    {
        var charge = ExtraPayments.Release(Tell(NewCharge("razorpay"), Says("razorpay", payments: [Payment("pay_1", PaymentState.Captured), Payment("pay_2", PaymentState.Captured)])));
        var refund = Operation(OperationKind.Refund, 1000) with { RequestId = OpaqueId.Parse("r1") };
        var other = Operation(OperationKind.Capture, 1000);

        Assert.Equal(Usd(Full - 1000), ChargeLifecycle.RefundableOf(charge, [refund, other]));
        Assert.Equal(Usd(Full), ChargeLifecycle.RefundableOf(charge, [refund with { RequestId = ExtraPayments.ReturnIdOf([], charge.Payments[1]) }]));
    }

    [Theory]
    [InlineData(ChargeStatus.Voided)]
    [InlineData(ChargeStatus.Failed)]
    [InlineData(ChargeStatus.Refunded)]
    public void A_status_set_by_hand_leaves_its_time_once(ChargeStatus status)
    {
        var adopted = ChargeLifecycle.Adopt(ChargeLifecycle.Adopt(NewCharge(), status, T0), status, Later);

        DateTimeOffset? Of(ChargeStatus other) => status == other ? T0 : null;
        Assert.Equal((Of(ChargeStatus.Voided), Of(ChargeStatus.Failed), Of(ChargeStatus.Refunded)), (adopted.VoidedAt, adopted.FailedAt, adopted.RefundedAt));
        Assert.Equal(ChargeStatus.Pending, adopted.Status);
    }

    [Fact]
    public void A_status_that_ends_nothing_leaves_nothing()
    {
        var charge = NewCharge();
        foreach (var status in new[] { ChargeStatus.Pending, ChargeStatus.Authorized, ChargeStatus.Captured, ChargeStatus.PartiallyRefunded })
            Assert.Same(charge, ChargeLifecycle.Adopt(charge, status, T0));
    }

    [Fact]
    public void An_earlier_moment_to_ask_the_provider_stays()
    {
        var due = NewCharge("razorpay") with { RefreshDueAt = T0 };
        ProviderSnapshot second = Says("razorpay", payments: [Payment("pay_1", PaymentState.Authorized), Payment("pay_2", PaymentState.Authorized)]);

        Assert.Equal(T0, ChargeLifecycle.Apply(due, second, Later).Charge.RefreshDueAt);
        Assert.Equal(T0, ChargeLifecycle.Apply(due, Held with { IsIncomplete = true }, Later).Charge.RefreshDueAt);
        Assert.Equal(Later, ChargeLifecycle.Apply(NewCharge("razorpay"), second, Later).Charge.RefreshDueAt);
        Assert.Equal(Later, ChargeLifecycle.Apply(NewCharge("razorpay"), Held with { IsIncomplete = true }, Later).Charge.RefreshDueAt);
        Assert.Null(ChargeLifecycle.Apply(NewCharge("razorpay"), Held, Later).Charge.RefreshDueAt);
    }

    [Fact]
    public void A_bounced_refund_does_not_explain_a_total()
    {
        var bounced = Tell(NewCharge(), Says(payments: [Payment("ch_1", PaymentState.Captured)], refunds: [Refund("re_1", RefundState.Failed, 700)]));

        Assert.Equal(T0, Tell(bounced, Says() with { RefundedTotal = Usd(700) }).RefreshDueAt);
        Assert.Null(Tell(bounced, Says() with { RefundedTotal = Usd(0) }).RefreshDueAt);
    }

    [Fact]
    public void The_first_mode_the_first_reference_and_the_last_error_stay()
    {
        var told = Tell(NewCharge(), Says(live: true) with { Error = new PaymentError(ErrorCodes.ChargeFailed, "first") });
        Assert.Equal((true, "pi_1", "first"), (told.IsLiveMode, told.Reference, told.LastError?.Reason));

        told = Tell(told, Says() with { Reference = null });
        Assert.Equal((true, "pi_1", "first"), (told.IsLiveMode, told.Reference, told.LastError?.Reason));
        Assert.Equal("second", Tell(told, Says() with { Error = new PaymentError(ErrorCodes.ChargeFailed, "second") }).LastError?.Reason);
        Assert.Equal(SnapshotVerdict.Unchanged, ChargeLifecycle.Apply(told, Says(live: true), T0).Verdict);
    }

    [Fact]
    public void All_of_it_sent_back_is_no_conflict() => Assert.Equal(
        SnapshotVerdict.Applied,
        ChargeLifecycle.Apply(ChargeLifecycleTests.ChargeIn(ChargeStatus.Captured), Says(refunds: [Refund("re_1", RefundState.Succeeded, Full)]), T0).Verdict);

    [Fact]
    public void The_first_time_of_each_status_stays_when_the_status_goes_on()
    {
        var failed = ChargeLifecycle.Apply(NewCharge(), Says() with { IsAuthorizationFailed = true }, T0).Charge;
        var late = ChargeLifecycle.Apply(failed, Says(payments: [Payment("ch_1", PaymentState.Authorized)]), Later).Charge;
        var ended = ChargeLifecycle.Apply(late, Says(payments: [Payment("ch_1", PaymentState.Voided)]), Later.AddHours(1)).Charge;
        var taken = ChargeLifecycle.Apply(ended, Says(payments: [Payment("ch_1", PaymentState.Captured)]), Later.AddHours(2)).Charge;

        Assert.Equal((T0, Later, Later.AddHours(1), Later.AddHours(2)), (taken.FailedAt, taken.AuthorizedAt, taken.VoidedAt, taken.CapturedAt));
    }

    [Fact]
    public void A_captured_amount_in_another_currency_changes_nothing()
    {
        var payment = Payment("ch_1", PaymentState.Captured) with { Captured = new Money(Full, Currency.Parse("INR")) };

        Assert.Equal([ChargeConflict.OtherCurrency], ChargeLifecycle.Apply(NewCharge(), Says(payments: [payment]), T0).Conflicts.AsEnumerable());
    }

    [Fact]
    public void An_operation_is_proved_by_what_it_asked_for_and_nothing_less()
    {
        var held = Tell(NewCharge(), Says(payments: [Payment("ch_1", PaymentState.Authorized)]));
        var voided = ChargeLifecycleTests.ChargeIn(ChargeStatus.Voided);
        var refund = Operation(OperationKind.Refund, 1000);
        var echoed = Tell(ChargeLifecycleTests.ChargeIn(ChargeStatus.Captured), Says(refunds: [Refund("re_1", RefundState.Pending, 1000) with { OperationId = refund.Id }]));
        var bounced = Tell(echoed, Says(refunds: [Refund("re_1", RefundState.Failed, 1000)]));
        var others = Tell(ChargeLifecycleTests.ChargeIn(ChargeStatus.Captured), Says(refunds: [Refund("re_1", RefundState.Pending, 1000)]));

        Assert.Equal([false, true], new[] { NewCharge(), held }.Select(charge => ChargeLifecycle.Proves(charge, Operation(OperationKind.Authorize))));
        Assert.Equal([false, true], new[] { held, voided }.Select(charge => ChargeLifecycle.Proves(charge, Operation(OperationKind.Void))));
        Assert.Equal([true, false, false], new[] { echoed, bounced, others }.Select(charge => ChargeLifecycle.Proves(charge, refund)));
    }

    private static Charge Back(Charge charge, RefundState state, long amount) =>
        Tell(charge, Says("razorpay", refunds: [Refund("rfnd_1", state, amount, "pay_1")]));

    private static void AssertStands(ChargeStatus status, Charge charge) =>
        Assert.Equal((status, 0L, 0L), (charge.Status, charge.Captured.MinorUnits, charge.Refunded.MinorUnits));
}
