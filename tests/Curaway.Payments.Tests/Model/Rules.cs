namespace Curaway.Payments.Tests.Model;

/// <summary>What must hold of every commit, in every state, and at the end. Each rule answers with the words of its breach.</summary>
internal static class Rules
{
    /// <summary>One audit row for every accepted transition, in its commit; facts only rise; what goes to a human is CRITICAL.</summary>
    public static string? BrokenBy(ChargeState before, ChargeCommit commit, ChargeState after)
    {
        var (from, to) = (before.Charge?.Status, after.Charge?.Status);
        if (commit.Charge is not null && from != to
            && !(commit.Audit is [{ } entry] && entry.From == from && entry.To == to && commit.Transitions is [{ } told] && told.From == from && told.To == to))
            return $"{from} became {to} without exactly one audit row that says so";
        if (commit.Audit.Length > 1)
            return "one commit has several audit rows";
        if (before.Charge is { } was && HasFallen(was, after.Charge!))
            return "a fact fell";
        var isNewlyInReview = after.Operations.Any(operation => operation.State == OperationState.Review
            && before.Operations.All(old => old.Id != operation.Id || old.State != OperationState.Review));
        return isNewlyInReview && !commit.Alerts.Any(alert => alert is { Category: "operation_review", Severity: AlertSeverity.Critical })
            ? "an operation went to review and nobody was told"
            : null;
    }

    /// <summary>What must hold whenever anybody looks.</summary>
    public static string? BrokenIn(World world)
    {
        var ledger = world.Ledger.Value;
        foreach (var intent in ledger.Intents)
        {
            if (world.Row(intent.Charge) is not { } row || row.Value.Operations.Length < intent.Operation)
                return "the provider has an object without a committed row of ours";
            if (BrokenBetween(row.Value, intent) is { } broken)
                return broken;
        }

        if (ledger.Intents.Count(intent => intent.IsLive && !IsOnItsWayBack(world, intent)) > 1)
            return "two payments of one consultation are held or taken at once";
        var free = 0;
        for (var charge = 1; charge <= World.ChargeCountMax; charge++)
        {
            if (world.Row(charge) is not { } row)
                continue;
            if (BrokenIn(row.Value, ledger, charge) is { } broken)
                return broken;
            free += IsInTheWay(row.Value.Charge!) ? 1 : 0;
        }

        return free > 1 ? "two charges of one consultation are live" : null;
    }

    /// <summary>What must hold when faults have stopped and nothing is due any more.</summary>
    public static string? BrokenAtTheEnd(World world)
    {
        for (var charge = 1; charge <= World.ChargeCountMax; charge++)
        {
            if (world.Row(charge)?.Value is not { } row)
                continue;
            if (row.Operations.Any(operation => operation.State == OperationState.Review))
                continue;
            if (row.Operations.Any(operation => operation.IsOpen))
                return "an operation is open and nobody will look at it";
            if (BrokenAtTheEnd(row.Charge!, [.. world.Ledger.Value.Intents.Where(intent => intent.Charge == charge)]) is { } broken)
                return broken;
        }

        return null;
    }

    private static string? BrokenAtTheEnd(Charge charge, IReadOnlyList<Intent> intents)
    {
        if (intents.Any(intent => intent.Reference != charge.Reference && intent.Hold != Hold.None))
            return "money is held under a reference that our row does not carry";
        if (charge.Captured.MinorUnits != intents.Sum(intent => intent.Captured))
            return "what was captured there is not what our row says";
        if (charge.Refunded.MinorUnits != intents.Sum(intent => intent.Refunded))
            return "what was refunded there is not what our row says";
        var isHeld = intents.Any(intent => intent.Hold == Hold.Held);
        if (isHeld != (charge.Status == ChargeStatus.Authorized))
            return isHeld ? $"money is held and our row is {charge.Status}" : "our row says authorized and nothing is held";
        if (isHeld && (charge.BookedAt is null || charge.ClosingAt is not null))
            return "money is held without a session";
        return charge.Status == ChargeStatus.Pending ? "a charge stays pending" : null;
    }

    private static string? BrokenBetween(ChargeState row, Intent intent)
    {
        var charge = row.Charge!;
        if (intent.Refunded > intent.Captured)
            return "more was refunded than captured";
        if (intent.Refunds.GroupBy(refund => row.Operations.ElementAtOrDefault(refund.Operation - 1)?.RequestId).Any(same => same.Count(refund => !refund.HasBounced) > 1))
            return "one refund request made two refunds";
        if (charge.Status == ChargeStatus.Failed && intent.Hold is Hold.Held or Hold.Captured)
            return "a charge that we call failed holds money";
        if (charge.Status == ChargeStatus.Voided && intent.IsLive && charge.ReleaseDueAt is null && !intent.IsPaidLate)
            return "a charge that we call voided holds money and nothing is due";
        var believed = charge.Payments.FirstOrDefault(payment => payment.Reference[2..] == intent.Reference[2..])?.State;
        if (believed > StateOf(intent.Hold))
            return "our row believes more than the provider did";
        return null;
    }

    private static string? BrokenIn(ChargeState row, Ledger ledger, int number)
    {
        var charge = row.Charge!;
        var accepted = row.Operations.Where(operation => operation.IsOpen || operation.Outcome == OperationOutcome.Succeeded).ToList();
        if (accepted.Any(operation => operation.Kind == OperationKind.Capture)
            && accepted.Any(operation => operation.Kind == OperationKind.Void && (operation.IsOpen || charge.Captured.IsPositive)))
            return "capture and void are both under way or accepted";
        if (row.Operations.Where(operation => operation.RequestId is not null).GroupBy(operation => operation.RequestId).Any(same => same.Count() > 1))
            return "one refund request has two operations";
        if (ChargeLifecycle.RefundableOf(charge, row.Operations).MinorUnits < 0)
            return "more refunds are made or under way than was captured";
        if (charge.Refunded.MinorUnits > ledger.Intents.Where(intent => intent.Charge == number).Sum(intent => intent.Refunds.Sum(refund => refund.Amount)))
            return "our row counts a refund that was never made";
        if (charge.BookedAt is null)
            return null;
        if (charge.Status == ChargeStatus.Failed)
            return "a session is booked on a charge that failed";
        if (charge.Status == ChargeStatus.Pending && row.Operations[0].IsOpen)
            return "a session is booked although nobody knows what the provider did";
        return charge.ClosingReason is "hold_expired" or "booking_failed" || row.Operations.Any(operation => operation.Reason == "hold_expired")
            ? "a session is booked on a charge that is released as unbooked"
            : null;
    }

    /// <summary>The unique index of live charges.</summary>
    public static bool IsInTheWay(Charge charge) =>
        charge is { IsLive: true, ClosingAt: null, FailedAt: null, VoidedAt: null, RefundedAt: null };

    /// <summary>A hold we let lapse, or a payment nobody asked for: it goes back, and <see cref="BrokenAtTheEnd(World)"/> asks whether it did.</summary>
    private static bool IsOnItsWayBack(World world, Intent intent) =>
        intent.IsPaidLate || world.Row(intent.Charge)!.Value.Charge is { Status: ChargeStatus.Voided, ReleaseDueAt: not null };

    private static bool HasFallen(Charge before, Charge after) =>
        before.Payments.Any(was => after.Payments.All(now => now.Reference != was.Reference || now.State < was.State))
        || before.Refunds.Any(was => after.Refunds.All(now => now.Reference != was.Reference || now.State < was.State))
        || (before.IsVoidAccepted && !after.IsVoidAccepted) || (before.IsAuthorizationFailed && !after.IsAuthorizationFailed);

    private static PaymentState StateOf(Hold hold) => hold switch
    {
        Hold.None => PaymentState.Created,
        Hold.Held => PaymentState.Authorized,
        Hold.Captured => PaymentState.Captured,
        _ => PaymentState.Voided,
    };
}
