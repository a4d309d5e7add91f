using Xunit;
using static Curaway.Payments.Tests.Facts;

namespace Curaway.Payments.Tests;

public sealed class ChargeConflictTests
{
    private static readonly ProviderSnapshot Held = Says(live: false, payments: [Payment("ch_1", PaymentState.Authorized)]);
    private static readonly ProviderSnapshot Taken = Says(payments: [Payment("ch_1", PaymentState.Captured)]);

    [Fact]
    public void Another_provider_or_account_changes_nothing()
    {
        AssertRefused(ChargeConflict.OtherAccount, NewCharge(), Says("razorpay", payments: [Payment("pay_1", PaymentState.Captured)]));
        AssertRefused(ChargeConflict.OtherAccount, NewCharge(), Taken with { ProviderAccount = "other" });
    }

    [Fact]
    public void Test_and_live_do_not_mix() =>
        AssertRefused(ChargeConflict.OtherMode, Tell(NewCharge(), Held), Taken with { IsLiveMode = true });

    [Fact]
    public void Another_currency_changes_nothing()
    {
        var rupees = new Money(Full, Currency.Parse("INR"));

        AssertRefused(ChargeConflict.OtherCurrency, NewCharge(), Says() with { Amount = rupees });
        AssertRefused(ChargeConflict.OtherCurrency, NewCharge(), Says(payments: [Payment("ch_1", PaymentState.Captured) with { Amount = rupees }]));
        AssertRefused(ChargeConflict.OtherCurrency, NewCharge(), Says(refunds: [Refund("re_1", RefundState.Pending, 1) with { Amount = rupees }]));
    }

    [Fact]
    public void Another_reference_than_the_first_changes_nothing() =>
        AssertRefused(ChargeConflict.OtherReference, Tell(NewCharge(), Held), Taken with { Reference = "pi_2" });

    [Fact]
    public void A_payment_of_another_amount_is_money_and_a_conflict() =>
        AssertConflict(ChargeConflict.OtherAmount, NewCharge(), Says(payments: [Payment("ch_1", PaymentState.Authorized, 4999)]), ChargeStatus.Authorized);

    [Fact]
    public void A_second_payment_that_holds_money_is_a_conflict() =>
        AssertConflict(
            ChargeConflict.SecondPayment, Tell(NewCharge(), Held), Says(payments: [Payment("ch_2", PaymentState.Authorized)]), ChargeStatus.Authorized);

    [Fact]
    public void More_sent_back_than_taken_is_a_conflict() =>
        AssertConflict(
            ChargeConflict.RefundedMoreThanCaptured, Tell(NewCharge(), Taken), Says(refunds: [Refund("re_1", RefundState.Succeeded, Full + 1)]),
            ChargeStatus.Refunded);

    [Fact]
    public void Money_after_a_void_is_a_conflict_and_is_released()
    {
        var voided = Tell(NewCharge(), Says() with { IsVoidAccepted = true });

        var after = AssertConflict(ChargeConflict.MoneyAfterVoid, voided, Held, ChargeStatus.Authorized);

        Assert.Equal((T0, "late_success"), (after.ClosingAt, after.ClosingReason));
    }

    [Fact]
    public void Money_after_a_failure_is_a_conflict_and_is_released()
    {
        var failed = Tell(NewCharge(), Says() with { IsAuthorizationFailed = true });

        var after = AssertConflict(ChargeConflict.MoneyAfterFailure, failed, Held, ChargeStatus.Authorized);

        Assert.Equal("late_success", after.ClosingReason);
    }

    [Fact]
    public void A_capture_after_the_hold_ended_by_itself_is_a_conflict_and_is_released()
    {
        var lapsed = Tell(NewCharge(), Says(payments: [Payment("ch_1", PaymentState.Voided)]));

        var after = AssertConflict(ChargeConflict.MoneyAfterVoid, lapsed, Taken, ChargeStatus.Captured);

        Assert.Equal("late_success", after.ClosingReason);
    }

    [Fact]
    public void Another_payment_after_the_hold_lapsed_is_a_conflict_and_is_released()
    {
        var lapsed = Tell(NewCharge("razorpay"), Says("razorpay", payments: [Payment("pay_1", PaymentState.Voided)]));

        var after = AssertConflict(
            ChargeConflict.MoneyAfterVoid, lapsed, Says("razorpay", payments: [Payment("pay_2", PaymentState.Authorized)]), ChargeStatus.Authorized);

        Assert.Equal("late_success", after.ClosingReason);
    }

    [Fact]
    public void A_failed_attempt_after_a_void_is_no_conflict()
    {
        var voided = Tell(NewCharge(), Says() with { IsVoidAccepted = true });

        Assert.Equal(SnapshotVerdict.Applied, ChargeLifecycle.Apply(voided, Says(payments: [Payment("ch_1", PaymentState.Failed)]), T0).Verdict);
    }

    [Fact]
    public void A_bounced_refund_is_money_again_and_no_conflict()
    {
        var refunded = Tell(NewCharge(), Taken, Says(refunds: [Refund("re_1", RefundState.Succeeded, Full)]));

        Assert.Equal(SnapshotVerdict.Applied, ChargeLifecycle.Apply(refunded, Says(refunds: [Refund("re_1", RefundState.Failed, Full)]), T0).Verdict);
    }

    private static void AssertRefused(ChargeConflict conflict, Charge charge, ProviderSnapshot snapshot)
    {
        var applied = ChargeLifecycle.Apply(charge, snapshot, T0);

        Assert.Equal(SnapshotVerdict.Conflict, applied.Verdict);
        Assert.Equal([conflict], applied.Conflicts.AsEnumerable());
        Assert.Same(charge, applied.Charge);
    }

    private static Charge AssertConflict(ChargeConflict conflict, Charge charge, ProviderSnapshot snapshot, ChargeStatus status)
    {
        var applied = ChargeLifecycle.Apply(charge, snapshot, T0);

        Assert.Equal(SnapshotVerdict.Conflict, applied.Verdict);
        Assert.Equal([conflict], applied.Conflicts.AsEnumerable());
        Assert.Equal(status, applied.Charge.Status);
        Assert.Equal(SnapshotVerdict.Unchanged, ChargeLifecycle.Apply(applied.Charge, snapshot, T0).Verdict);
        return applied.Charge;
    }
}
