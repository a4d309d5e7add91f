using System.Collections.Immutable;

namespace Curaway.Payments.Razorpay;

/// <summary>What a void sends.</summary>
internal enum ReleaseStepKind
{
    Capture,
    Refund,
    RefundAuthorized,
}

/// <summary>One request of a void.</summary>
/// <param name="Kind">What is sent.</param>
/// <param name="PaymentId">The payment.</param>
/// <param name="Amount">What is sent back; null for all of it.</param>
internal sealed record ReleaseStep(ReleaseStepKind Kind, string PaymentId, Money? Amount = null)
{
    public string Key => $"{Kind} {PaymentId}";
}

/// <summary>
/// How a void goes on, by what the order holds now and by the account's policy. Pure. What was marked to be released by capture is
/// refunded once it is captured, whatever the policy says by then: nobody else would send it back.
/// </summary>
internal static class RazorpayRelease
{
    /// <summary>Long enough for a human to fill a balance; an attempt more would change nothing.</summary>
    private static readonly TimeSpan BlockedRetry = TimeSpan.FromHours(1);

    /// <summary>The answer as it stands, and what is left to send; null when nothing is.</summary>
    public static (ProviderResult Result, ReleaseStep? Step) NextOf(RazorpayAsk ask, RazorpayFacts facts, ImmutableHashSet<string> tried)
    {
        ReleaseStep? step = null;
        var result = RazorpayOutcomes.OfList(ask, facts, snapshot =>
        {
            if (HasMoney(ask, snapshot))
                return ProviderResult.Indeterminate(ProviderFault.AlreadyDone, snapshot: snapshot);
            step = StepOf(ask, snapshot, tried);
            return step is not null ? ProviderResult.Indeterminate(ProviderFault.NotFound, snapshot: snapshot)
                : IsUnmarked(ask, snapshot) ? ProviderResult.Indeterminate(ProviderFault.NotFound, "payment_unmarked", snapshot)
                : LapseOf(snapshot);
        });
        return (result, step);
    }

    /// <summary>How a void that was sent before came out, by what stands there now.</summary>
    public static ProviderResult Found(RazorpayAsk ask, ProviderSnapshot snapshot)
    {
        if (HasMoney(ask, snapshot))
            return ProviderResult.Declined("captured", snapshot);
        return StepOf(ask, snapshot, []) is not null || IsUnmarked(ask, snapshot)
            ? ProviderResult.Indeterminate(ProviderFault.NotFound, snapshot: snapshot)
            : LapseOf(snapshot);
    }

    /// <summary>
    /// A step that was not carried out keeps the void open: something may have been captured for it. What Razorpay refuses for now
    /// is tried again, rarely, and a human is told.
    /// </summary>
    public static ProviderResult Broken(ProviderResult result) => result.Outcome == OperationOutcome.Declined
        ? ProviderResult.NotSent(result.Fault == ProviderFault.None ? ProviderFault.Blocked : result.Fault, BlockedRetry, result.Reason)
        : result;

    private static ReleaseStep? StepOf(RazorpayAsk ask, ProviderSnapshot snapshot, ImmutableHashSet<string> tried)
    {
        var policy = ask.Account.Options.VoidPolicy;
        foreach (var payment in snapshot.Payments)
        {
            var left = payment.RemainingOf(snapshot.Refunds);
            if (IsMarked(ask, payment) && left.IsPositive)
                return new ReleaseStep(ReleaseStepKind.Refund, payment.Reference, left);
        }

        // An order is paid once: beside a captured payment, another one goes back by itself.
        var isPaid = snapshot.Payments.Any(payment => payment.State == PaymentState.Captured);
        return snapshot.Payments
            .Where(payment => payment.State == PaymentState.Authorized)
            .Select(payment => policy switch
            {
                RazorpayVoidPolicy.CaptureThenRefund when IsMarked(ask, payment) && !isPaid => new ReleaseStep(ReleaseStepKind.Capture, payment.Reference),
                RazorpayVoidPolicy.RefundAuthorized => new ReleaseStep(ReleaseStepKind.RefundAuthorized, payment.Reference),
                _ => null,
            })
            .FirstOrDefault(step => step is not null && !(step.Kind == ReleaseStepKind.RefundAuthorized && tried.Contains(step.Key)));
    }

    /// <summary>True when a payment came that the engine has not marked: its capture would look like one of ours. The next send finds it marked.</summary>
    private static bool IsUnmarked(RazorpayAsk ask, ProviderSnapshot snapshot) =>
        ask.Account.Options.VoidPolicy == RazorpayVoidPolicy.CaptureThenRefund
        && snapshot.Payments.Any(payment => payment.State == PaymentState.Authorized && !IsMarked(ask, payment) && !IsLapsing(ask, payment));

    private static bool IsMarked(RazorpayAsk ask, ChargePayment payment) => Known(ask, payment) is { ReleasesByCapture: true };

    private static bool IsLapsing(RazorpayAsk ask, ChargePayment payment) => Known(ask, payment) is { ReleaseDueAt: not null };

    private static ChargePayment? Known(RazorpayAsk ask, ChargePayment payment) =>
        ask.Request.Charge.Payments.FirstOrDefault(known => known.Reference == payment.Reference);

    /// <summary>True when captured money is there that is the clinic's and was not all sent back.</summary>
    private static bool HasMoney(RazorpayAsk ask, ProviderSnapshot snapshot) =>
        snapshot.Payments.Any(payment => !IsMarked(ask, payment) && payment.RemainingOf(snapshot.Refunds).IsPositive);

    // A hold lapses when its time is over. Razorpay then refunds it at normal speed: the bank shows it five to seven days later.
    private static ProviderResult LapseOf(ProviderSnapshot snapshot)
    {
        var lapsing = snapshot.Payments.Select(payment =>
            payment.State == PaymentState.Authorized ? payment with { ReleaseDueAt = payment.CaptureBefore } : payment);
        return ProviderResult.Succeeded(snapshot with { Payments = [.. lapsing] });
    }
}
