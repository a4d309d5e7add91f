using Xunit;
using static Curaway.Payments.Tests.Facts;

namespace Curaway.Payments.Tests;

public sealed class ChargeScheduleTests
{
    private static readonly Charge Authorized = ChargeLifecycleTests.ChargeIn(ChargeStatus.Authorized);

    [Fact]
    public void An_unbooked_charge_is_due_when_its_hold_time_ends() =>
        Assert.Equal(T0.AddMinutes(10), ChargeSchedule.DueAt(Authorized, []));

    [Fact]
    public void A_booked_and_authorized_charge_is_not_due() =>
        Assert.Null(ChargeSchedule.DueAt(ChargeLifecycle.Book(Authorized, T0), []));

    [Fact]
    public void A_booked_charge_that_waits_for_the_patient_is_due_when_checkout_ends()
    {
        var waiting = ChargeLifecycle.Book(NewCharge() with { CheckoutExpiresAt = T0.AddMinutes(30) }, T0);

        Assert.Equal(T0.AddMinutes(30), ChargeSchedule.DueAt(waiting, []));
    }

    [Fact]
    public void An_open_operation_comes_before_the_hold_time() =>
        Assert.Equal(T0.AddSeconds(30), ChargeSchedule.DueAt(Authorized, [Operation(OperationKind.Capture)]));

    [Theory]
    [InlineData(OperationState.Review)]
    [InlineData(OperationState.Open)]
    public void While_an_outcome_is_unknown_nothing_is_released(OperationState state)
    {
        var operation = Operation(OperationKind.Capture, state: state) with { NextAttemptAt = T0.AddHours(1) };

        Assert.Equal(T0.AddHours(1), ChargeSchedule.DueAt(Authorized, [operation]));
    }

    [Fact]
    public void A_closing_charge_is_due_at_once() =>
        Assert.Equal(T0.AddMinutes(1), ChargeSchedule.DueAt(ChargeLifecycle.Close(Authorized, "hold_expired", T0.AddMinutes(1)), []));

    [Fact]
    public void A_refused_release_is_tried_again_ever_more_slowly()
    {
        var closing = ChargeLifecycle.Close(Authorized, "hold_expired", T0);
        var refused = Operation(OperationKind.Void, state: OperationState.Closed) with { ClosedAt = T0.AddSeconds(5) };

        Assert.Equal(T0.AddSeconds(25), ChargeSchedule.DueAt(closing, [refused]));
        Assert.Equal(T0.AddSeconds(45), ChargeSchedule.DueAt(closing, [refused, refused]));
        Assert.Equal(T0.AddSeconds(3605), ChargeSchedule.DueAt(closing, [.. Enumerable.Repeat(refused, 50)]));
        Assert.Equal(T0.AddSeconds(6), ChargeSchedule.DueAt(closing, [refused with { Outcome = OperationOutcome.Succeeded }]));
    }

    [Theory]
    [InlineData(ChargeStatus.Voided)]
    [InlineData(ChargeStatus.Refunded)]
    [InlineData(ChargeStatus.Failed)]
    public void A_charge_that_holds_no_money_is_not_due(ChargeStatus status) =>
        Assert.Null(ChargeSchedule.DueAt(ChargeLifecycle.Close(ChargeLifecycleTests.ChargeIn(status), "x", T0) with { IsReferenceClosed = true }, []));

    [Fact]
    public void A_voided_charge_that_can_still_be_paid_is_looked_at_ever_more_rarely_for_five_days()
    {
        var payable = Tell(NewCharge(), Says() with { IsVoidAccepted = true });
        DateTimeOffset? After(TimeSpan lookedFor) => ChargeSchedule.DueAt(payable with { RefreshedAt = T0 + lookedFor }, []);

        Assert.Equal(T0.AddMinutes(15), ChargeSchedule.DueAt(payable, []));
        Assert.Equal(T0.AddMinutes(30), After(TimeSpan.FromMinutes(15)));
        Assert.Equal(T0.AddHours(20), After(TimeSpan.FromHours(10)));
        Assert.Equal(T0.AddDays(5), After(TimeSpan.FromDays(4)));
        Assert.Null(After(TimeSpan.FromDays(5)));
        Assert.Null(ChargeSchedule.DueAt(payable with { IsReferenceClosed = true }, []));
        Assert.Equal(T0.AddDays(9), ChargeSchedule.DueAt(payable with { RefreshDueAt = T0.AddDays(9) }, []));
    }

    [Fact]
    public void A_promised_release_is_watched()
    {
        var lapsing = Tell(NewCharge(), Says(payments: [Payment("ch_1", PaymentState.Authorized) with { ReleaseDueAt = T0.AddDays(3) }]));

        Assert.Equal(T0.AddDays(3), ChargeSchedule.DueAt(lapsing with { IsReferenceClosed = true }, []));
        var lapsed = Tell(lapsing, Says(payments: [Payment("ch_1", PaymentState.Voided)]));
        Assert.Null(ChargeSchedule.DueAt(lapsed with { IsReferenceClosed = true }, []));
    }

    [Fact]
    public void Incomplete_facts_are_due_whatever_the_status()
    {
        var incomplete = Tell(ChargeLifecycleTests.ChargeIn(ChargeStatus.Refunded), Says() with { IsIncomplete = true });

        Assert.Equal(T0, ChargeSchedule.DueAt(incomplete, []));
    }
}
