namespace Curaway.Payments;

/// <summary>What a difference between both sides is, and whether the provider's truth may be committed without a human. Pure.</summary>
internal static class ReconciliationPolicy
{
    private const int DigestFindingsMax = 10;

    /// <summary>What a webhook would not be believed about either: the row is left as it is.</summary>
    private static readonly ChargeConflict[] Drifts =
    [
        ChargeConflict.OtherAccount, ChargeConflict.OtherMode, ChargeConflict.OtherCurrency, ChargeConflict.OtherReference, ChargeConflict.OtherAmount,
        ChargeConflict.RefundedMoreThanCaptured,
    ];

    /// <summary>Compares a charge with everything the provider told of it.</summary>
    /// <param name="state">The charge as it stands.</param>
    /// <param name="told">The provider's truth about it.</param>
    public static IEnumerable<ReconciliationFinding> Compare(ChargeState state, ProviderSnapshot told)
    {
        var charge = state.Charge!;
        var applied = ChargeLifecycle.Apply(charge, told, state.Now);
        var after = applied.Charge;
        if (charge.RecordedStatus is { } recorded && recorded != charge.Status)
            yield return Finding(charge, ReconciliationKind.ManualEdit, $"recorded {WireName.Of(recorded)}, facts say {WireName.Of(charge.Status)}", isHealed: true);
        foreach (var refund in after.Refunds.Where(refund => refund.State == RefundState.Pending && AgeOf(charge, refund, state.Now) > ChargeSchedule.PendingRefundAge))
            yield return Finding(charge, ReconciliationKind.RefundStuck, $"{refund.Reference} {refund.Amount}", isHealed: false);

        if (DriftOf(charge, told, applied) is { } drift)
            yield return Finding(charge, ReconciliationKind.AmountDrift, drift, isHealed: false);
        else if (charge.Status == ChargeStatus.Authorized && after.Status == ChargeStatus.Voided && !charge.IsVoidAccepted)
            yield return Finding(charge, ReconciliationKind.ExpiredAuthorization, $"{charge.Authorized} is no longer held", isHealed: true);
        else if (FiguresOf(charge) != FiguresOf(after))
            yield return Finding(charge, ReconciliationKind.MissedWebhook, $"{FiguresOf(charge)} → {FiguresOf(after)}", isHealed: true);
    }

    /// <summary>False when a refund was told of and its payment was not: that is of before the window, and may have changed too.</summary>
    public static bool IsWhole(IReadOnlyList<ProviderSnapshot> told) => told
        .SelectMany(snapshot => snapshot.Refunds)
        .All(refund => told.SelectMany(snapshot => snapshot.Payments).Any(payment => payment.Reference == refund.PaymentReference));

    /// <summary>Everything that was told of one charge as one snapshot: facts only add up.</summary>
    public static ProviderSnapshot Merge(IReadOnlyList<ProviderSnapshot> told) => told[0] with
    {
        Reference = told.Select(snapshot => snapshot.Reference).FirstOrDefault(reference => reference is not null),
        Amount = told.Select(snapshot => snapshot.Amount).FirstOrDefault(amount => amount is not null),
        IsReferenceClosed = told.Any(snapshot => snapshot.IsReferenceClosed),
        IsIncomplete = told.Any(snapshot => snapshot.IsIncomplete),
        Payments = [.. told.SelectMany(snapshot => snapshot.Payments)],
        Refunds = [.. told.SelectMany(snapshot => snapshot.Refunds)],
    };

    /// <summary>One alert for a whole run; null when all was compared and both sides agree. Its text holds ids and codes only.</summary>
    public static PaymentAlert? DigestOf(ReconciliationReport report)
    {
        const string Incomplete = "not everything could be compared";
        if (report.Findings.IsEmpty)
            return report.IsComplete ? null : new PaymentAlert("reconciliation", AlertSeverity.Warning, Incomplete);
        var kinds = report.Findings.GroupBy(finding => finding.Kind).OrderBy(group => group.Key)
            .Select(group => $"{WireName.Of(group.Key)} {group.Count()}");
        var open = report.Findings.Where(finding => finding.NeedsHuman).ToList();
        var named = open.Take(DigestFindingsMax).Select(finding => $"{finding.Reference ?? finding.ChargeId?.ToString()} {WireName.Of(finding.Kind)}");
        var more = open.Count > DigestFindingsMax ? $" and {open.Count - DigestFindingsMax} more" : "";
        var text = open.Count == 0 ? "all healed" : $"for a human: {string.Join(", ", named)}{more}";
        return new PaymentAlert("reconciliation", open.Count == 0 ? AlertSeverity.Warning : AlertSeverity.Critical, $"{string.Join(", ", kinds)}; {text}{(report.IsComplete ? "" : "; " + Incomplete)}");
    }

    private static string? DriftOf(Charge charge, ProviderSnapshot told, SnapshotApplication applied)
    {
        var drifts = applied.Conflicts.Where(Drifts.Contains).Select(WireName.Of).ToList();
        if (drifts.Count > 0)
            return string.Join(' ', drifts);
        return told.Amount is { } amount && amount != charge.Amount ? $"ours {charge.Amount}, theirs {amount}" : null;
    }

    private static TimeSpan AgeOf(Charge charge, ChargeRefund refund, DateTimeOffset now) => now - (refund.CreatedAt ?? charge.RefundedAt ?? now);

    private static string FiguresOf(Charge charge) =>
        $"{WireName.Of(charge.Status)} {charge.Authorized.MinorUnits}/{charge.Captured.MinorUnits}/{charge.Refunded.MinorUnits}";

    private static ReconciliationFinding Finding(Charge charge, ReconciliationKind kind, string detail, bool isHealed) =>
        new(kind, charge.Provider, charge.Reference, charge.Id, detail, isHealed);
}
