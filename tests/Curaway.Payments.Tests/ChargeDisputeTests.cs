using Xunit;
using static Curaway.Payments.Tests.Facts;

namespace Curaway.Payments.Tests;

/// <summary>What a dispute does to a charge, and what an invoice does not.</summary>
public sealed class ChargeDisputeTests
{
    private static readonly ChargeCause Cause = new("webhook", "webhook", "stripe", "evt_1");

    [Theory]
    [InlineData(DisputeState.Open, "disputed")]
    [InlineData(DisputeState.Lost, "disputed")]
    [InlineData(DisputeState.Closed, null)]
    [InlineData(DisputeState.Won, null)]
    [InlineData(DisputeState.WonOnAppeal, null)]
    public void A_dispute_that_is_open_or_lost_blocks_refunds(DisputeState state, string? reason)
    {
        var disputed = Tell(ChargeLifecycleTests.ChargeIn(ChargeStatus.Captured), SaysDispute(Dispute("dp_1", state, 100)));

        var error = ChargeLifecycle.Allows(disputed, [], OperationKind.Refund, Usd(100));

        Assert.Equal(reason is null ? null : new PaymentError(ErrorCodes.StateConflict, reason), error);
    }

    [Fact]
    public void One_dispute_that_was_won_does_not_answer_for_another_that_is_open()
    {
        var disputed = Tell(
            ChargeLifecycleTests.ChargeIn(ChargeStatus.Captured), SaysDispute(Dispute("dp_1", DisputeState.Won), Dispute("dp_2", DisputeState.Open)));

        Assert.Equal("disputed", ChargeLifecycle.Allows(disputed, [], OperationKind.Refund, Usd(100))?.Reason);
    }

    [Theory]
    [InlineData(OperationKind.Capture)]
    [InlineData(OperationKind.Void)]
    public void A_dispute_blocks_neither_capture_nor_void(OperationKind kind)
    {
        var disputed = Tell(ChargeLifecycleTests.ChargeIn(ChargeStatus.Authorized), SaysDispute(Dispute("dp_1", DisputeState.Open)));

        Assert.Null(ChargeLifecycle.Allows(disputed, [], kind, Usd(Full)));
    }

    [Fact]
    [Trait("Promise", "P14")]
    public void Disputes_and_invoices_in_any_order_with_any_repetition_end_in_the_same_facts()
    {
        var last = ChargeLifecycleOrderTests.OneFinalCharge(
            "stripe",
            Says(payments: [Payment("ch_1", PaymentState.Captured)]),
            SaysDispute(Dispute("dp_1", DisputeState.Open) with { Reason = "fraudulent", PaymentReference = "ch_1" }),
            SaysDispute(Dispute("dp_1", DisputeState.Won)),
            SaysDispute(Dispute("dp_2", DisputeState.Lost, 4000)),
            Says() with { Invoices = [Invoice("in_1", InvoiceState.Open) with { Number = "A-1" }] },
            Says() with { Invoices = [Invoice("in_1", InvoiceState.Paid) with { HostedUrl = "https://invoice.stripe.com/i/1" }] });

        Assert.Equal(ChargeStatus.Captured, last.Status);
        Assert.Equal(
            [
                Dispute("dp_1", DisputeState.Won) with { Reason = "fraudulent", PaymentReference = "ch_1" },
                Dispute("dp_2", DisputeState.Lost, 4000),
            ],
            last.Disputes.AsEnumerable());
        Assert.Equal(
            Invoice("in_1", InvoiceState.Paid) with { Number = "A-1", HostedUrl = "https://invoice.stripe.com/i/1" }, Assert.Single(last.Invoices));
    }

    [Theory]
    [InlineData(DisputeState.WonOnAppeal, null)]
    [InlineData(DisputeState.Won, "disputed")]
    [Trait("Promise", "P14")]
    public void Only_a_verdict_that_names_its_appeal_undoes_a_loss_whatever_comes_first(DisputeState verdict, string? reason)
    {
        var last = ChargeLifecycleOrderTests.OneFinalCharge(
            "stripe",
            Says(payments: [Payment("ch_1", PaymentState.Captured)]),
            SaysDispute(Dispute("dp_1", DisputeState.Open)),
            SaysDispute(Dispute("dp_1", DisputeState.Lost)),
            SaysDispute(Dispute("dp_1", DisputeState.Open) with { Reason = "fraudulent" }),
            SaysDispute(Dispute("dp_1", verdict)),
            SaysDispute(Dispute("dp_2", DisputeState.Closed)));

        Assert.Equal(verdict == DisputeState.Won ? DisputeState.Lost : verdict, last.Disputes[0].State);
        Assert.Equal(reason, ChargeLifecycle.Allows(last, [], OperationKind.Refund, Usd(100))?.Reason);
    }

    [Fact]
    public void Every_state_of_a_dispute_is_alerted_once_and_what_comes_late_is_not()
    {
        var charge = ChargeLifecycleTests.ChargeIn(ChargeStatus.Captured);
        var told = new List<string>();
        foreach (var state in new[] { DisputeState.Open, DisputeState.Open, DisputeState.Lost, DisputeState.Open, DisputeState.Lost })
        {
            var commit = ChargeCommit.OfSnapshot(new ChargeState(charge, [], T0), SaysDispute(Dispute("dp_1", state) with { Reason = "fraudulent" }), Cause);
            charge = commit.Charge ?? charge;
            Assert.All(commit.Alerts, alert => Assert.Equal(("dispute", AlertSeverity.Critical, charge.Id), (alert.Category, alert.Severity, alert.ChargeId!.Value)));
            told.AddRange(commit.Alerts.Select(alert => alert.Text));
        }

        Assert.Equal(["dp_1 open fraudulent", "dp_1 lost fraudulent"], told);
    }

    [Fact]
    public void A_dispute_that_tells_its_reason_later_is_written_and_not_alerted_again()
    {
        var charge = Tell(ChargeLifecycleTests.ChargeIn(ChargeStatus.Captured), SaysDispute(Dispute("dp_1", DisputeState.Open)));

        var commit = ChargeCommit.OfSnapshot(
            new ChargeState(charge, [], T0), SaysDispute(Dispute("dp_1", DisputeState.Open) with { Reason = "fraudulent" }), Cause);

        Assert.Equal("fraudulent", commit.Charge!.Disputes[0].Reason);
        Assert.Empty(commit.Alerts);
    }

    [Fact]
    public void An_invoice_changes_neither_status_nor_totals_and_alerts_nobody()
    {
        var charge = ChargeLifecycleTests.ChargeIn(ChargeStatus.Pending);

        var commit = ChargeCommit.OfSnapshot(
            new ChargeState(charge, [], T0), Says() with { Invoices = [Invoice("in_1", InvoiceState.Paid)] }, Cause);

        Assert.Equal((ChargeStatus.Pending, Usd(0), 1), (commit.Charge!.Status, commit.Charge.Captured, commit.Charge.Invoices.Length));
        Assert.Empty(commit.Alerts);
        Assert.Empty(commit.Transitions);
    }

    [Fact]
    public void Another_currency_is_a_conflict_and_nothing_is_kept()
    {
        var rupees = new Money(Full, Currency.Parse("INR"));
        var charge = ChargeLifecycleTests.ChargeIn(ChargeStatus.Captured);
        foreach (var snapshot in new[]
        {
            SaysDispute(Dispute("dp_1", DisputeState.Open) with { Amount = rupees }),
            Says() with { Invoices = [Invoice("in_1", InvoiceState.Open) with { Amount = rupees }] },
        })
        {
            var applied = ChargeLifecycle.Apply(charge, snapshot, T0);

            Assert.Equal([ChargeConflict.OtherCurrency], applied.Conflicts.AsEnumerable());
            Assert.Same(charge, applied.Charge);
        }
    }

    [Fact]
    public void Captured_money_that_is_disputed_is_not_due_for_release_until_the_dispute_is_won()
    {
        var closing = ChargeLifecycle.Close(ChargeLifecycleTests.ChargeIn(ChargeStatus.Captured), "late_success", T0);
        var disputed = Tell(closing, SaysDispute(Dispute("dp_1", DisputeState.Open)));

        Assert.Equal(T0, ChargeSchedule.DueAt(closing, []));
        Assert.Null(ChargeSchedule.DueAt(disputed, []));
        Assert.Null(ChargeSchedule.DueAt(Tell(disputed, SaysDispute(Dispute("dp_1", DisputeState.Lost))), []));
        Assert.Equal(T0, ChargeSchedule.DueAt(Tell(disputed, SaysDispute(Dispute("dp_1", DisputeState.Won))), []));
    }

    [Fact]
    public void Held_money_that_is_disputed_is_due_for_release()
    {
        var closing = ChargeLifecycle.Close(ChargeLifecycleTests.ChargeIn(ChargeStatus.Authorized), "hold_expired", T0);

        Assert.Equal(T0, ChargeSchedule.DueAt(Tell(closing, SaysDispute(Dispute("dp_1", DisputeState.Open))), []));
    }

    private static ProviderSnapshot SaysDispute(params ChargeDispute[] disputes) => Says() with { Disputes = [.. disputes] };
}
