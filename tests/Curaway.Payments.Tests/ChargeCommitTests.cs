using Xunit;
using static Curaway.Payments.Tests.Facts;

namespace Curaway.Payments.Tests;

public sealed class ChargeCommitTests
{
    private static readonly ChargeCause Cause = new("webhook", "webhook", "stripe", "evt_1");

    [Fact]
    public void A_new_charge_has_an_audit_row_a_transition_from_nothing_and_its_operation()
    {
        var operation = Operation(OperationKind.Authorize);

        var commit = ChargeCommit.Of(new ChargeState(null, [], T0), NewCharge(), Cause, operation);

        Assert.Equal(NewCharge().Id, commit.Charge?.Id);
        Assert.Equal([operation], commit.Operations.AsEnumerable());
        Assert.Equal(new AuditEntry(NewCharge().Id, Cause, null, ChargeStatus.Pending), Assert.Single(commit.Audit));
        var transition = Assert.Single(commit.Transitions);
        Assert.Equal((null, ChargeStatus.Pending, "webhook", T0), ((ChargeStatus?)transition.From, transition.To, transition.Source, transition.At));
        Assert.Equal((NewCharge().TenantId, NewCharge().ConsultationId), (transition.TenantId, transition.ConsultationId));
        Assert.Empty(commit.Alerts);
        Assert.False(commit.Books);
    }

    [Fact]
    public void Without_a_change_of_status_there_is_an_audit_row_and_no_transition()
    {
        var commit = ChargeCommit.Of(StateOf(NewCharge()), ChargeLifecycle.Book(NewCharge(), T0), Cause);

        Assert.Equal((ChargeStatus.Pending, ChargeStatus.Pending), (commit.Audit[0].From, commit.Audit[0].To));
        Assert.Empty(commit.Transitions);
    }

    [Fact]
    public void A_snapshot_that_tells_something_new_is_one_audit_row_and_one_transition()
    {
        var commit = ChargeCommit.OfSnapshot(StateOf(NewCharge()), Says(payments: [Payment("ch_1", PaymentState.Authorized)]), Cause);

        Assert.Equal(ChargeStatus.Authorized, commit.Charge?.Status);
        Assert.Equal(new AuditEntry(NewCharge().Id, Cause, ChargeStatus.Pending, ChargeStatus.Authorized), Assert.Single(commit.Audit));
        Assert.Equal(ChargeStatus.Authorized, Assert.Single(commit.Transitions).To);
        Assert.Empty(commit.Alerts);
    }

    [Fact]
    public void A_duplicate_writes_nothing()
    {
        var snapshot = Says(payments: [Payment("ch_1", PaymentState.Authorized)]);

        Assert.Same(ChargeCommit.Nothing, ChargeCommit.OfSnapshot(StateOf(Tell(NewCharge(), snapshot)), snapshot, Cause));
    }

    [Fact]
    public void A_conflict_is_applied_audited_with_its_names_and_alerted()
    {
        var voided = Tell(NewCharge(), Says() with { IsVoidAccepted = true });

        var commit = ChargeCommit.OfSnapshot(StateOf(voided), Says(payments: [Payment("ch_1", PaymentState.Captured, 4000)]), Cause);

        Assert.Equal(ChargeStatus.Captured, commit.Charge?.Status);
        Assert.Equal("money_after_void other_amount", Assert.Single(commit.Audit).Note);
        Assert.Equal(
            new PaymentAlert("money_conflict", AlertSeverity.Critical, "money_after_void other_amount", voided.Id), Assert.Single(commit.Alerts));
        Assert.Single(commit.Transitions);
    }

    [Fact]
    public void A_refused_snapshot_is_audited_and_alerted_and_changes_nothing()
    {
        var charge = NewCharge();

        var commit = ChargeCommit.OfSnapshot(StateOf(charge), Says() with { ProviderAccount = "other" }, Cause);

        Assert.Same(charge, commit.Charge);
        Assert.Equal("other_account", Assert.Single(commit.Audit).Note);
        Assert.Equal("money_conflict", Assert.Single(commit.Alerts).Category);
        Assert.Empty(commit.Transitions);
    }

    [Fact]
    public void A_snapshot_without_a_charge_is_a_bug() =>
        Assert.Throws<ArgumentException>(() => ChargeCommit.OfSnapshot(new ChargeState(null, [], T0), Says(), Cause));

    private static ChargeState StateOf(Charge charge) => new(charge, [], T0);
}
