namespace Curaway.Payments;

/// <summary>What a refresh commits: what the provider told, when it has to be asked again, and whom to alert. Pure.</summary>
internal static class ChargeRefresh
{
    private static readonly TimeSpan ReadRetryMin = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ReadRetryMax = TimeSpan.FromHours(1);
    private static readonly TimeSpan ReleaseWatchInterval = TimeSpan.FromHours(1);
    private static readonly TimeSpan ExpiredHoldGrace = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan PendingRefundInterval = TimeSpan.FromDays(1);

    /// <summary>After a read there is nothing left to ask, unless it failed or a promised release has still not come.</summary>
    public static ChargeCommit Of(
        ChargeState state, ChargeCommit told, ChargeCause cause, bool hasAnswer, Func<Charge, ProviderCapabilities> capabilities)
    {
        var known = told.Charge ?? state.Charge!;
        var isTwice = hasAnswer && ExtraPayments.Any(known) && !capabilities(known).VoidsAtOnce;
        // An open operation may be about either payment: which one is kept is decided after it.
        var isWaiting = isTwice && state.Operations.Any(operation => operation.IsOpen);
        var charge = isTwice && !isWaiting ? ExtraPayments.Release(known) : known;
        if (charge != known)
            told = Released(state, told, charge, cause);
        var isAwaitingRelease = charge.ReleaseDueAt <= state.Now;
        var look = NextLookOf(charge, state.Now);
        var next = !hasAnswer || isWaiting ? state.Now + ReadRetryOf(charge, state.Now)
            : isAwaitingRelease && (look is null || charge.Status != ChargeStatus.Authorized) ? state.Now + ReleaseWatchInterval
            : look;
        var fresh = charge with { RefreshDueAt = next, RefreshedAt = hasAnswer ? state.Now : charge.RefreshedAt };
        if (told.Charge is null)
            told = charge.RecordedStatus == charge.Status ? ChargeCommit.Nothing : ChargeCommit.Of(state, fresh, cause);
        return told with
        {
            Charge = told.Charge is null ? fresh : told.Charge with { RefreshDueAt = next, RefreshedAt = fresh.RefreshedAt },
            Alerts =
            [
                .. told.Alerts,
                .. isAwaitingRelease ? AlertPolicy.ForLateRelease(charge, next) : [],
                .. AlertPolicy.ForExpiringHold(state.Charge!, charge, next, state.Now),
            ],
        };
    }

    /// <summary>What was told, with the extra payments marked in the same commit: its alert and audit row stay.</summary>
    private static ChargeCommit Released(ChargeState state, ChargeCommit told, Charge charge, ChargeCause cause)
    {
        var commit = ChargeCommit.Of(state, charge, cause with { Detail = "second_payment" }, told.Operations);
        return told.Charge is null ? commit : commit with { Audit = told.Audit, Alerts = told.Alerts };
    }

    /// <summary>Shortly after a hold that is about to end should have ended; daily for a refund the bank does not confirm.</summary>
    private static DateTimeOffset? NextLookOf(Charge charge, DateTimeOffset now)
    {
        var ended = charge.CaptureBefore + ExpiredHoldGrace;
        DateTimeOffset? expiry = ChargeSchedule.ExpiryWarningAt(charge) > now || ChargeSchedule.ExpiryWarningAt(charge) is null ? null
            : ended > now ? ended
            : now + ReadRetryMax;
        DateTimeOffset? refund = ChargeSchedule.PendingRefundDueAt(charge) <= now ? now + PendingRefundInterval : null;
        return expiry is null || refund < expiry ? refund : expiry;
    }

    /// <summary>The longer nothing could be read, the more rarely it is tried: a quarter of the time gone by, 1 min to 1 h.</summary>
    private static TimeSpan ReadRetryOf(Charge charge, DateTimeOffset now)
    {
        var quarter = (now - (charge.CheckoutExpiresAt ?? charge.CreatedAt)) / 4;
        return TimeSpan.FromTicks(Math.Clamp(quarter.Ticks, ReadRetryMin.Ticks, ReadRetryMax.Ticks));
    }
}
