using System.Numerics;
using Xunit;
using static Curaway.Payments.Tests.Facts;

namespace Curaway.Payments.Tests;

/// <summary>
/// Every order of every subset of a story's snapshots, with every duplicate at every point, ends in one charge. Compared
/// are all facts, the status and the totals. Left out, because they say what we saw and when, not what is true: the last
/// error, the times, and the two marks that ask for work (refresh, closing), which a detour may set.
/// </summary>
public sealed class ChargeLifecycleOrderTests
{
    [Fact]
    [Trait("Promise", "P14")]
    public void Stripe_attempt_failed_then_authorized_captured_and_refunded_in_parts_of_which_one_bounces()
    {
        var last = OneFinalCharge(
            "stripe",
            Says(),
            Says(payments: [Payment("ch_1", PaymentState.Failed) with { ErrorCode = "card_declined" }]) with { Error = new PaymentError(ErrorCodes.ChargeFailed) },
            Says(live: false, payments: [Payment("ch_2", PaymentState.Authorized) with { CaptureBefore = T0.AddDays(7) }]),
            Says(live: false, payments: [Payment("ch_2", PaymentState.Captured)]) with { RefundedTotal = Usd(0) },
            Says(refunds: [Refund("re_1", RefundState.Pending, 2000, "ch_2")]),
            Says(payments: [Payment("ch_2", PaymentState.Captured)], refunds: [Refund("re_1", RefundState.Succeeded, 2000), Refund("re_2", RefundState.Succeeded, 500)])
                with
            { RefundedTotal = Usd(2500) },
            Says(refunds: [Refund("re_1", RefundState.Failed, 2000, "ch_2") with { ErrorCode = "lost_or_stolen_card" }]));

        Assert.Equal((ChargeStatus.PartiallyRefunded, Usd(5000), Usd(5000), Usd(500)), (last.Status, last.Authorized, last.Captured, last.Refunded));
    }

    [Fact]
    [Trait("Promise", "P14")]
    public void Stripe_authorized_and_voided_with_late_reports_of_the_hold()
    {
        var last = OneFinalCharge(
            "stripe",
            Says(),
            Says(payments: [Payment("ch_1", PaymentState.Failed)]),
            Says(payments: [Payment("ch_2", PaymentState.Authorized)]),
            Says() with { IsVoidAccepted = true, IsReferenceClosed = true },
            Says(payments: [Payment("ch_2", PaymentState.Voided)]) with { IsReferenceClosed = true },
            Says(payments: [Payment("ch_2", PaymentState.Authorized) with { CaptureBefore = T0.AddDays(7) }]));

        Assert.Equal((ChargeStatus.Voided, Usd(0), Usd(0)), (last.Status, last.Captured, last.Refunded));
        Assert.Null(last.CaptureBefore);
    }

    [Fact]
    [Trait("Promise", "P14")]
    public void Razorpay_captured_only_to_be_sent_back_is_voided_and_counts_as_neither()
    {
        var last = OneFinalCharge(
            "razorpay",
            SaysRazorpay(Payment("pay_0", PaymentState.Failed)),
            SaysRazorpay(Payment("pay_1", PaymentState.Authorized) with { ReleasesByCapture = true, CreatedAt = T0 }),
            SaysRazorpay(Payment("pay_1", PaymentState.Captured) with { CreatedAt = T0 }),
            Says("razorpay", refunds: [Refund("rfnd_1", RefundState.Pending, 5000, "pay_1")]),
            Says("razorpay", refunds: [Refund("rfnd_1", RefundState.Succeeded, 5000, "pay_1")]),
            Says("razorpay") with { IsVoidAccepted = true });

        Assert.Equal((ChargeStatus.Voided, Usd(0), Usd(0)), (last.Status, last.Captured, last.Refunded));
        Assert.Equal((ReleaseKind.Refunded, 5, 7), (last.Release!.Kind, last.Release.WorkingDaysMin, last.Release.WorkingDaysMax));
    }

    [Fact]
    [Trait("Promise", "P14")]
    public void Razorpay_captured_to_be_sent_back_is_still_held_while_the_refund_bounces()
    {
        var last = OneFinalCharge(
            "razorpay",
            SaysRazorpay(Payment("pay_0", PaymentState.Failed)),
            SaysRazorpay(Payment("pay_1", PaymentState.Authorized) with { ReleasesByCapture = true, CreatedAt = T0 }),
            SaysRazorpay(Payment("pay_1", PaymentState.Captured) with { CreatedAt = T0 }),
            Says("razorpay", refunds: [Refund("rfnd_1", RefundState.Pending, 5000, "pay_1")]),
            Says("razorpay", refunds: [Refund("rfnd_1", RefundState.Succeeded, 5000, "pay_1")]),
            Says("razorpay", refunds: [Refund("rfnd_1", RefundState.Failed, 5000, "pay_1")]));

        Assert.Equal((ChargeStatus.Authorized, Usd(0), Usd(0)), (last.Status, last.Captured, last.Refunded));
        Assert.Null(last.Release);
    }

    [Fact]
    [Trait("Promise", "P14")]
    public void Razorpay_late_authorization_of_a_failed_payment_then_capture_and_two_refunds_of_which_one_bounces()
    {
        var last = OneFinalCharge(
            "razorpay",
            SaysRazorpay(Payment("pay_1", PaymentState.Failed) with { ErrorCode = "BAD_REQUEST_ERROR" }) with { Error = new PaymentError(ErrorCodes.ChargeFailed) },
            SaysRazorpay(Payment("pay_1", PaymentState.Authorized) with { CreatedAt = T0 }),
            SaysRazorpay(Payment("pay_1", PaymentState.Captured) with { CreatedAt = T0 }),
            Says("razorpay", refunds: [Refund("rfnd_1", RefundState.Pending, 1000, "pay_1")]),
            Says("razorpay", refunds: [Refund("rfnd_1", RefundState.Succeeded, 1000, "pay_1")]),
            Says("razorpay", refunds: [Refund("rfnd_2", RefundState.Succeeded, 4000, "pay_1")]),
            Says("razorpay", refunds: [Refund("rfnd_1", RefundState.Failed, 1000, "pay_1")]));

        Assert.Equal((ChargeStatus.PartiallyRefunded, Usd(5000), Usd(4000)), (last.Status, last.Captured, last.Refunded));
    }

    [Fact]
    [Trait("Promise", "P14")]
    public void Razorpay_authorization_after_a_void_that_is_refunded_by_itself()
    {
        var last = OneFinalCharge(
            "razorpay",
            Says("razorpay"),
            Says("razorpay") with { IsVoidAccepted = true },
            SaysRazorpay(Payment("pay_1", PaymentState.Authorized)),
            SaysRazorpay(Payment("pay_1", PaymentState.Authorized) with { ReleaseDueAt = T0.AddDays(3) }),
            Says("razorpay", payments: [Payment("pay_1", PaymentState.Voided)], refunds: [Refund("rfnd_1", RefundState.Pending, Full, "pay_1")]),
            Says("razorpay", refunds: [Refund("rfnd_1", RefundState.Succeeded, Full, "pay_1")]) with { RefundedTotal = Usd(Full) },
            Says("razorpay") with { IsIncomplete = true });

        Assert.Equal((ChargeStatus.Voided, Usd(0), Usd(0)), (last.Status, last.Captured, last.Refunded));
    }

    [Fact]
    [Trait("Promise", "P14")]
    public void Two_payments_on_one_order_of_which_one_is_released()
    {
        var last = OneFinalCharge(
            "razorpay",
            SaysRazorpay(Payment("pay_1", PaymentState.Authorized)),
            SaysRazorpay(Payment("pay_2", PaymentState.Failed)),
            SaysRazorpay(Payment("pay_2", PaymentState.Authorized)),
            SaysRazorpay(Payment("pay_1", PaymentState.Captured)),
            SaysRazorpay(Payment("pay_2", PaymentState.Authorized) with { ReleaseDueAt = T0.AddDays(3) }),
            SaysRazorpay(Payment("pay_2", PaymentState.Voided)),
            Says("razorpay", refunds: [Refund("rfnd_2", RefundState.Succeeded, Full, "pay_2")]));

        Assert.Equal((ChargeStatus.Captured, Usd(5000), Usd(0), "pay_1"), (last.Status, last.Captured, last.Refunded, last.PrincipalPayment?.Reference));
    }

    [Fact]
    [Trait("Promise", "P14")]
    public void A_success_after_a_failure_that_is_taken_and_sent_back()
    {
        var last = OneFinalCharge(
            "stripe",
            Says() with { IsAuthorizationFailed = true, Error = new PaymentError(ErrorCodes.ChargeFailed) },
            Says(payments: [Payment("ch_1", PaymentState.Failed)]),
            Says(payments: [Payment("ch_1", PaymentState.Authorized)]),
            Says(payments: [Payment("ch_1", PaymentState.Captured)]),
            Says(refunds: [Refund("re_1", RefundState.Pending, Full)]),
            Says(refunds: [Refund("re_1", RefundState.Succeeded, Full)]));

        Assert.Equal((ChargeStatus.Refunded, Usd(5000), Usd(5000)), (last.Status, last.Captured, last.Refunded));
    }

    [Fact]
    public void The_comparison_can_fail()
    {
        var one = Tell(NewCharge(), Says(payments: [Payment("ch_1", PaymentState.Authorized)]));
        var other = Tell(NewCharge(), Says(payments: [Payment("ch_1", PaymentState.Captured)]));

        Assert.NotEqual(FactsOf(one), FactsOf(other));
    }

    private static ProviderSnapshot SaysRazorpay(ChargePayment payment) => Says("razorpay", payments: [payment]);

    /// <summary>Walks all orders, and returns the charge that was told everything.</summary>
    internal static Charge OneFinalCharge(string provider, params ProviderSnapshot[] story)
    {
        var facts = new Dictionary<int, string>();
        Charge? last = null;
        var visits = 0;
        Walk(NewCharge(provider), told: 0);
        Assert.Equal(1 << story.Length, facts.Count);
        Assert.True(visits > 1000, $"{visits} visits");
        return last!;

        void Walk(Charge charge, int told)
        {
            visits++;
            var seen = FactsOf(charge);
            Assert.True(facts.TryAdd(told, seen) || facts[told] == seen, $"{BitOperations.PopCount((uint)told)} snapshots ({told:b}): {facts[told]} and {seen}");
            for (var i = 0; i < story.Length; i++)
            {
                var next = ChargeLifecycle.Apply(charge, story[i], T0).Charge;
                if ((told & (1 << i)) == 0)
                    Walk(next, told | (1 << i));
                else
                    Assert.Equal(seen, FactsOf(next));
            }

            if (told == (1 << story.Length) - 1)
                last = charge;
        }
    }

    internal static string FactsOf(Charge charge)
    {
        var facts = charge with
        {
            LastError = null,
            AuthorizedAt = null,
            CapturedAt = null,
            VoidedAt = null,
            RefundedAt = null,
            FailedAt = null,
            RefreshDueAt = null,
            ClosingAt = null,
            ClosingReason = null,
        };
        return $"{charge.Status} {charge.Authorized} {charge.Captured} {charge.Refunded} {charge.PrincipalPayment?.Reference} {PaymentsJson.Serialize(facts)}";
    }
}
