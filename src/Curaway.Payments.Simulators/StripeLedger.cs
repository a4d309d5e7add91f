namespace Curaway.Payments.Simulators;

/// <summary>A payment intent as it stands.</summary>
/// <param name="Id"><c>pi_…</c>.</param>
/// <param name="ClientSecret">What the patient's browser pays with.</param>
/// <param name="Status">Stripe's word, such as <c>requires_capture</c>.</param>
/// <param name="Amount">Minor units.</param>
/// <param name="AmountReceived">Minor units captured.</param>
/// <param name="Currency">Lower case.</param>
/// <param name="LatestCharge"><c>ch_…</c> or null.</param>
/// <param name="CancellationReason">Stripe's word or null.</param>
/// <param name="Metadata">As sent.</param>
public sealed record StripeIntentEntry(
    string Id, string ClientSecret, string Status, long Amount, long AmountReceived, string Currency,
    string? LatestCharge, string? CancellationReason, IReadOnlyDictionary<string, string> Metadata);

/// <summary>A charge as it stands: one attempt to take an intent's money.</summary>
/// <param name="Id"><c>ch_…</c>.</param>
/// <param name="PaymentIntent"><c>pi_…</c>.</param>
/// <param name="Status"><c>succeeded</c> or <c>failed</c>.</param>
/// <param name="Amount">Minor units authorized.</param>
/// <param name="AmountCaptured">Minor units.</param>
/// <param name="AmountRefunded">Minor units, cumulative.</param>
/// <param name="IsHeld">True while the money is authorized and neither captured nor released.</param>
/// <param name="Metadata">Copied from the intent.</param>
public sealed record StripeChargeEntry(
    string Id, string PaymentIntent, string Status, long Amount, long AmountCaptured, long AmountRefunded, bool IsHeld,
    IReadOnlyDictionary<string, string> Metadata);

/// <summary>A refund as it stands.</summary>
/// <param name="Id"><c>re_…</c>.</param>
/// <param name="PaymentIntent"><c>pi_…</c>.</param>
/// <param name="Status"><c>pending</c>, <c>succeeded</c> or <c>failed</c>.</param>
/// <param name="Amount">Minor units.</param>
/// <param name="Metadata">As sent.</param>
public sealed record StripeRefundEntry(
    string Id, string PaymentIntent, string Status, long Amount, IReadOnlyDictionary<string, string> Metadata);

/// <summary>
/// The truth the tests compare with: every object of the account and every call received. Thread-safe; reading applies
/// what time has brought (expiry). Figures "per charge" count objects whose metadata <c>charge_id</c> is that id.
/// </summary>
public sealed class StripeLedger
{
    private readonly SimulatorCallLog _calls;

    internal StripeLedger(SimulatorCallLog calls) => _calls = calls;

    /// <summary>Every call, oldest first.</summary>
    public IReadOnlyList<SimulatorCall> Calls => _calls.All;

    /// <summary>Every payment intent, oldest first.</summary>
    public IReadOnlyList<StripeIntentEntry> PaymentIntents => Read<IReadOnlyList<StripeIntentEntry>>(() => [..
        Intents.Values.Select(intent => new StripeIntentEntry(
        intent.Id, intent.ClientSecret, intent.Status, intent.Amount, intent.AmountReceived, intent.Currency,
        intent.LatestCharge?.Id, intent.CancellationReason, intent.Metadata))]);

    /// <summary>Every charge, failed ones included, oldest first.</summary>
    public IReadOnlyList<StripeChargeEntry> Charges => Read<IReadOnlyList<StripeChargeEntry>>(() => [..
        ChargesMade.Values.Select(charge => new StripeChargeEntry(
        charge.Id, charge.Intent.Id, charge.IsPaid ? "succeeded" : "failed", charge.Intent.Amount, charge.AmountCaptured,
        charge.AmountRefunded, charge.IsHeld, charge.Intent.Metadata))]);

    /// <summary>Every refund, oldest first.</summary>
    public IReadOnlyList<StripeRefundEntry> Refunds => Read<IReadOnlyList<StripeRefundEntry>>(() => [..
        RefundsMade.Values.Select(refund => new StripeRefundEntry(
        refund.Id, refund.Charge.Intent.Id, refund.Status, refund.Amount, refund.Metadata))]);

    internal Lock Gate { get; } = new();
    internal Action Settle { get; set; } = () => { };
    internal OrderedDictionary<string, StripeIntent> Intents { get; } = new(StringComparer.Ordinal);
    internal OrderedDictionary<string, StripeCharge> ChargesMade { get; } = new(StringComparer.Ordinal);
    internal OrderedDictionary<string, StripeRefund> RefundsMade { get; } = new(StringComparer.Ordinal);

    /// <summary>Minor units authorized and neither captured nor released; all charges when the id is null.</summary>
    public long HeldAmount(string? chargeId = null) => ChargesOf(chargeId).Where(charge => charge.IsHeld).Sum(charge => charge.Amount);

    /// <summary>Minor units captured, before refunds.</summary>
    public long CapturedAmount(string? chargeId = null) => ChargesOf(chargeId).Sum(charge => charge.AmountCaptured);

    /// <summary>Minor units refunded, failed refunds left out.</summary>
    public long RefundedAmount(string? chargeId = null) => ChargesOf(chargeId).Sum(charge => charge.AmountRefunded);

    /// <summary>Authorizations that succeeded, whatever became of them later.</summary>
    public int AuthorizationCount(string? chargeId = null) => ChargesOf(chargeId).Count(charge => charge.Status == "succeeded");

    /// <summary>Charges captured, in full or in part.</summary>
    public int CaptureCount(string? chargeId = null) => ChargesOf(chargeId).Count(charge => charge.AmountCaptured > 0);

    /// <summary>Refunds executed, failed ones left out; matched by the intent's metadata.</summary>
    public int RefundCount(string? chargeId = null)
    {
        var intents = ChargesOf(chargeId).Select(charge => charge.PaymentIntent).ToHashSet(StringComparer.Ordinal);
        return Refunds.Count(refund => refund.Status != "failed" && intents.Contains(refund.PaymentIntent));
    }

    private IEnumerable<StripeChargeEntry> ChargesOf(string? chargeId) =>
        Charges.Where(charge => chargeId is null || (charge.Metadata.TryGetValue("charge_id", out var id) && id == chargeId));

    private T Read<T>(Func<T> read)
    {
        lock (Gate)
        {
            Settle();
            return read();
        }
    }
}
