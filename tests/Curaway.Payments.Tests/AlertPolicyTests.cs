using Xunit;
using static Curaway.Payments.Tests.Facts;

namespace Curaway.Payments.Tests;

/// <summary>Which outcomes wake somebody, how loudly, and how often.</summary>
public sealed class AlertPolicyTests
{
    /// <summary>What was asked, how it came out and why, and the alert: its category and severity, or none.</summary>
    public static TheoryData<OperationKind, OperationOutcome, ProviderFault, string?> Table { get; } = new()
    {
        { OperationKind.Authorize, OperationOutcome.Succeeded, ProviderFault.None, null },
        { OperationKind.Authorize, OperationOutcome.Declined, ProviderFault.None, null },
        { OperationKind.Authorize, OperationOutcome.Declined, ProviderFault.Configuration, "configuration Critical" },
        { OperationKind.Authorize, OperationOutcome.NotSent, ProviderFault.Configuration, "configuration Critical" },
        { OperationKind.Authorize, OperationOutcome.NotSent, ProviderFault.ConnectFailed, "stripe_outage Warning" },
        { OperationKind.Authorize, OperationOutcome.NotSent, ProviderFault.Throttled, "stripe_outage Warning" },
        { OperationKind.Authorize, OperationOutcome.NotSent, ProviderFault.CircuitOpen, null },
        { OperationKind.Authorize, OperationOutcome.Indeterminate, ProviderFault.Timeout, "stripe_outage Warning" },
        { OperationKind.Authorize, OperationOutcome.Indeterminate, ProviderFault.Mismatch, "money_conflict Critical" },
        { OperationKind.Capture, OperationOutcome.Succeeded, ProviderFault.None, null },
        { OperationKind.Capture, OperationOutcome.Declined, ProviderFault.None, "settlement_failed Critical" },
        { OperationKind.Capture, OperationOutcome.Indeterminate, ProviderFault.ServerError, "stripe_outage Warning" },
        { OperationKind.Capture, OperationOutcome.Indeterminate, ProviderFault.NotFound, null },
        { OperationKind.Void, OperationOutcome.Declined, ProviderFault.None, "settlement_failed Critical" },
        { OperationKind.Void, OperationOutcome.Indeterminate, ProviderFault.Unreadable, "stripe_outage Warning" },
        { OperationKind.Refund, OperationOutcome.NotSent, ProviderFault.Blocked, "settlement_failed Critical" },
        { OperationKind.Refund, OperationOutcome.Declined, ProviderFault.None, "settlement_failed Critical" },
        { OperationKind.Refund, OperationOutcome.Indeterminate, ProviderFault.Reset, "stripe_outage Warning" },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void An_outcome_alerts_by_what_was_asked_and_why_it_failed_and_only_when_something_is_new(
        OperationKind kind, OperationOutcome outcome, ProviderFault fault, string? alert)
    {
        var result = outcome switch
        {
            OperationOutcome.Declined => ProviderResult.Declined("refused", fault: fault),
            OperationOutcome.NotSent => ProviderResult.NotSent(fault),
            OperationOutcome.Indeterminate => ProviderResult.Indeterminate(fault),
            _ => ProviderResult.Succeeded(Says()),
        };
        var before = Operation(kind);
        var after = before with { Outcome = outcome, Error = ChargeRecorder.ErrorOf(outcome, result) };
        Assert.Equal(alert, AlertPolicy.For(NewCharge(), before, after, result).Select(told => $"{told.Category} {told.Severity}").SingleOrDefault());
        Assert.Empty(AlertPolicy.For(NewCharge(), after, after, result));
    }

    [Fact]
    public void An_operation_that_goes_to_a_human_is_told_once_and_by_its_id()
    {
        var open = Operation(OperationKind.Refund);
        var review = open with { State = OperationState.Review };
        var result = ProviderResult.Indeterminate(ProviderFault.NotFound);
        var told = Assert.Single(AlertPolicy.For(NewCharge(), open, review, result));
        Assert.Equal(("operation_review", AlertSeverity.Critical, $"stripe refund {open.Id}"), (told.Category, told.Severity, told.Text));
        Assert.Empty(AlertPolicy.For(NewCharge(), review, review, result));
    }

    [Fact]
    public void A_promised_release_that_does_not_come_is_told_once_a_day_after_it_was_due()
    {
        var charge = NewCharge("razorpay") with { Payments = [Payment("pay_1", PaymentState.Authorized) with { ReleaseDueAt = T0 }] };
        var told = new List<DateTimeOffset>();
        for (var look = T0; look < T0.AddDays(4); look = look.AddHours(1))
        {
            told.AddRange(AlertPolicy.ForLateRelease(charge, look.AddHours(1)).Select(_ => look));
            charge = charge with { RefreshDueAt = look.AddHours(1) };
        }

        Assert.InRange(Assert.Single(told), T0.AddHours(22), T0.AddHours(25));
    }
}
