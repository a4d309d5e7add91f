using Xunit;
using static Curaway.Payments.Tests.Facts;

namespace Curaway.Payments.Tests;

public sealed class ChargeLifecycleTests
{
    public static TheoryData<string, ChargeStatus> StatusTable { get; } = new()
    {
        { "nothing", ChargeStatus.Pending },
        { "attempt created", ChargeStatus.Pending },
        { "attempt failed", ChargeStatus.Pending },
        { "refused", ChargeStatus.Failed },
        { "held", ChargeStatus.Authorized },
        { "release promised", ChargeStatus.Voided },
        { "hold ended", ChargeStatus.Voided },
        { "void of nothing", ChargeStatus.Voided },
        { "reference closed", ChargeStatus.Voided },
        { "reference closed while held", ChargeStatus.Voided },
        { "taken", ChargeStatus.Captured },
        { "taken after refusal", ChargeStatus.Captured },
        { "held after refusal", ChargeStatus.Authorized },
        { "hold ended after refusal", ChargeStatus.Voided },
        { "sent back in part", ChargeStatus.PartiallyRefunded },
        { "sending back in part", ChargeStatus.PartiallyRefunded },
        { "sent back", ChargeStatus.Refunded },
        { "bounced", ChargeStatus.Captured },
        { "auto-refund of a hold", ChargeStatus.Voided },
    };

    [Theory]
    [MemberData(nameof(StatusTable))]
    public void The_status_is_what_the_facts_add_up_to(string facts, ChargeStatus status) => Assert.Equal(status, ChargeOf(facts).Status);

    [Fact]
    public void A_part_that_was_taken_leaves_nothing_held_and_limits_the_refunds()
    {
        var charge = Tell(NewCharge(), Says(payments: [Payment("ch_1", PaymentState.Authorized)]), Says(payments: [Payment("ch_1", PaymentState.Captured, captured: 3000)]));
        Assert.Equal((ChargeStatus.Captured, Full, 3000L), (charge.Status, charge.Authorized.MinorUnits, charge.Captured.MinorUnits));
        Assert.Equal(Usd(3000), ChargeLifecycle.RefundableOf(charge, []));
        Assert.Equal(ErrorCodes.RefundExceedsCaptured, ChargeLifecycle.Allows(charge, [], OperationKind.Refund, Usd(3001))?.Code);
        var refunded = Tell(charge, Says(refunds: [Refund("re_1", RefundState.Succeeded, 3000)]));
        Assert.Equal(ChargeStatus.Refunded, refunded.Status);
    }

    [Theory]
    [InlineData(3000, true)]
    [InlineData(Full, false)]
    [InlineData(2999, false)]
    public void A_capture_is_proved_by_its_own_amount_only(long asked, bool isProved)
    {
        var charge = Tell(NewCharge(), Says(payments: [Payment("ch_1", PaymentState.Captured, captured: 3000)]));
        Assert.Equal(isProved, ChargeLifecycle.Proves(charge, Operation(OperationKind.Capture, asked)));
    }

    [Theory]
    [InlineData(ChargeStatus.Pending, OperationKind.Authorize, OperationKind.Void)]
    [InlineData(ChargeStatus.Authorized, OperationKind.Capture, OperationKind.Void)]
    [InlineData(ChargeStatus.Captured, OperationKind.Refund)]
    [InlineData(ChargeStatus.PartiallyRefunded, OperationKind.Refund)]
    [InlineData(ChargeStatus.Refunded)]
    [InlineData(ChargeStatus.Voided)]
    [InlineData(ChargeStatus.Failed)]
    public void Each_status_allows_its_verbs_and_no_others(ChargeStatus status, params OperationKind[] allowed)
    {
        var charge = ChargeIn(status);
        foreach (var kind in Enum.GetValues<OperationKind>())
        {
            var error = ChargeLifecycle.Allows(charge, [], kind, Usd(100));
            Assert.Equal(allowed.Contains(kind) ? null : new PaymentError(ErrorCodes.StateConflict, WireName.Of(status)), error);
        }
    }

    [Fact]
    public void A_closing_charge_is_not_captured_but_released()
    {
        var closing = ChargeLifecycle.Close(ChargeIn(ChargeStatus.Authorized), "hold_expired", T0);

        Assert.Equal(ErrorCodes.StateConflict, ChargeLifecycle.Allows(closing, [], OperationKind.Capture, Usd(Full))?.Code);
        Assert.Null(ChargeLifecycle.Allows(closing, [], OperationKind.Void, Usd(Full)));
    }

    [Theory]
    [InlineData(OperationState.Open, false)]
    [InlineData(OperationState.Review, false)]
    [InlineData(OperationState.Closed, true)]
    public void An_operation_whose_outcome_is_unknown_bars_capture_and_void(OperationState state, bool isAllowed)
    {
        var operations = new[] { Operation(OperationKind.Capture, state: state) };
        var charge = ChargeIn(ChargeStatus.Authorized);

        foreach (var kind in new[] { OperationKind.Capture, OperationKind.Void })
            Assert.Equal(isAllowed ? null : new PaymentError(ErrorCodes.StateConflict, "operation_open"), ChargeLifecycle.Allows(charge, operations, kind, Usd(Full)));
    }

    [Theory]
    [InlineData(4000, true)]
    [InlineData(4001, false)]
    [InlineData(0, false)]
    [InlineData(-1, false)]
    public void A_refund_is_at_most_what_was_taken_and_not_sent_back(long amount, bool isAllowed) =>
        Assert.Equal(
            isAllowed ? null : new PaymentError(ErrorCodes.RefundExceedsCaptured),
            ChargeLifecycle.Allows(ChargeIn(ChargeStatus.PartiallyRefunded), [], OperationKind.Refund, Usd(amount)));

    [Fact]
    public void A_refund_under_way_counts_until_its_echo_replaces_it()
    {
        var open = Operation(OperationKind.Refund, 3000);
        var captured = ChargeIn(ChargeStatus.Captured);
        var echoed = Tell(captured, Says(refunds: [Refund("re_1", RefundState.Pending, 3000) with { OperationId = open.Id }]));

        Assert.Equal(Usd(2000), ChargeLifecycle.RefundableOf(captured, [open]));
        Assert.Equal(Usd(2000), ChargeLifecycle.RefundableOf(echoed, [open]));
        Assert.Equal(Usd(5000), ChargeLifecycle.RefundableOf(captured, [open with { State = OperationState.Closed }]));
    }

    [Fact]
    public void A_bounced_refund_can_be_refunded_again()
    {
        var charge = Tell(ChargeIn(ChargeStatus.Refunded), Says(refunds: [Refund("re_1", RefundState.Failed, Full)]));

        Assert.Equal(ChargeStatus.Captured, charge.Status);
        Assert.Null(ChargeLifecycle.Allows(charge, [], OperationKind.Refund, Usd(Full)));
    }

    [Fact]
    public void A_duplicate_is_unchanged_and_gives_the_same_charge_back()
    {
        var snapshot = Says(live: false, payments: [Payment("ch_1", PaymentState.Authorized)]);
        var charge = Tell(NewCharge(), snapshot);

        var again = ChargeLifecycle.Apply(charge, snapshot, T0.AddHours(1));

        Assert.Equal(SnapshotVerdict.Unchanged, again.Verdict);
        Assert.Same(charge, again.Charge);
        Assert.Empty(again.Conflicts);
    }

    [Fact]
    public void Times_are_stamped_once_with_the_databases_time()
    {
        var authorized = ChargeLifecycle.Apply(NewCharge(), Says(payments: [Payment("ch_1", PaymentState.Authorized)]), T0).Charge;
        var captured = ChargeLifecycle.Apply(authorized, Says(payments: [Payment("ch_1", PaymentState.Captured)]), T0.AddHours(1)).Charge;
        var refunded = ChargeLifecycle.Apply(captured, Says(refunds: [Refund("re_1", RefundState.Pending, 1)]), T0.AddHours(2)).Charge;

        Assert.Equal((T0, T0.AddHours(1), T0.AddHours(2)), (refunded.AuthorizedAt, refunded.CapturedAt, refunded.RefundedAt));
        Assert.Null(refunded.VoidedAt ?? refunded.FailedAt);
    }

    [Fact]
    public void A_cumulative_total_above_the_known_refunds_asks_for_them_and_enters_no_total()
    {
        var charge = Tell(ChargeIn(ChargeStatus.Captured), Says() with { RefundedTotal = Usd(700) });

        Assert.Equal((ChargeStatus.Captured, Usd(0), T0), (charge.Status, charge.Refunded, charge.RefreshDueAt));
        Assert.Null(Tell(ChargeIn(ChargeStatus.Refunded), Says() with { RefundedTotal = Usd(Full) }).RefreshDueAt);
        Assert.Equal(T0, Tell(NewCharge(), Says() with { IsIncomplete = true }).RefreshDueAt);
    }

    [Fact]
    public void Only_a_charge_that_is_not_closing_is_booked_and_the_first_time_stays()
    {
        var booked = ChargeLifecycle.Book(NewCharge(), T0);

        Assert.Equal(T0, ChargeLifecycle.Book(booked, T0.AddHours(1)).BookedAt);
        Assert.Throws<InvalidOperationException>(() => ChargeLifecycle.Book(ChargeLifecycle.Close(NewCharge(), "x", T0), T0));
    }

    [Fact]
    public void The_first_reason_to_close_stays()
    {
        var closing = ChargeLifecycle.Close(ChargeLifecycle.Close(NewCharge(), "hold_expired", T0), "other", T0.AddHours(1));

        Assert.Equal((T0, "hold_expired"), (closing.ClosingAt, closing.ClosingReason));
    }

    [Fact]
    public void The_principal_payment_is_the_one_that_got_furthest()
    {
        var charge = Tell(NewCharge(), Says(payments:
        [
            Payment("ch_1", PaymentState.Failed), Payment("ch_2", PaymentState.Voided), Payment("ch_3", PaymentState.Authorized),
            Payment("ch_4", PaymentState.Authorized) with { ReleaseDueAt = T0 },
        ]));

        Assert.Equal("ch_3", charge.PrincipalPayment?.Reference);
        Assert.Null(NewCharge().PrincipalPayment);
    }

    internal static Charge ChargeIn(ChargeStatus status) => ChargeOf(status switch
    {
        ChargeStatus.Pending => "nothing",
        ChargeStatus.Authorized => "held",
        ChargeStatus.Captured => "taken",
        ChargeStatus.PartiallyRefunded => "sent back in part",
        ChargeStatus.Refunded => "sent back",
        ChargeStatus.Voided => "hold ended",
        _ => "refused",
    });

    private static Charge ChargeOf(string facts) => Tell(NewCharge(), facts switch
    {
        "nothing" => [],
        "attempt created" => [Of(PaymentState.Created)],
        "attempt failed" => [Of(PaymentState.Failed)],
        "refused" => [Says() with { IsAuthorizationFailed = true }],
        "held" => [Of(PaymentState.Authorized)],
        "release promised" => [Says(payments: [Payment("ch_1", PaymentState.Authorized) with { ReleaseDueAt = T0.AddDays(3) }])],
        "hold ended" => [Of(PaymentState.Voided)],
        "void of nothing" => [Says() with { IsVoidAccepted = true }],
        "reference closed" => [Says() with { IsReferenceClosed = true }],
        "reference closed while held" => [Of(PaymentState.Authorized), Says() with { IsReferenceClosed = true }],
        "taken" => [Of(PaymentState.Captured)],
        "taken after refusal" => [Says() with { IsAuthorizationFailed = true }, Of(PaymentState.Captured)],
        "held after refusal" => [Says() with { IsAuthorizationFailed = true }, Of(PaymentState.Authorized)],
        "hold ended after refusal" => [Says() with { IsAuthorizationFailed = true }, Of(PaymentState.Voided)],
        "sent back in part" => [Of(PaymentState.Captured), Back(RefundState.Succeeded, 1000)],
        "sending back in part" => [Of(PaymentState.Captured), Back(RefundState.Pending, 1000)],
        "sent back" => [Of(PaymentState.Captured), Back(RefundState.Succeeded, Full)],
        "bounced" => [Of(PaymentState.Captured), Back(RefundState.Failed, Full)],
        "auto-refund of a hold" => [Of(PaymentState.Voided), Back(RefundState.Succeeded, Full)],
        _ => throw new ArgumentException(facts, nameof(facts)),
    });

    private static ProviderSnapshot Of(PaymentState state) => Says(payments: [Payment("ch_1", state)]);

    private static ProviderSnapshot Back(RefundState state, long amount) => Says(refunds: [Refund("re_1", state, amount)]);
}
