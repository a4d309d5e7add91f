namespace Curaway.Payments.Simulators;

/// <summary>An order as it stands.</summary>
/// <param name="Id"><c>order_…</c>.</param>
/// <param name="Status"><c>created</c>, <c>attempted</c> or <c>paid</c>.</param>
/// <param name="Amount">Minor units.</param>
/// <param name="Currency">Upper case.</param>
/// <param name="Receipt">As sent, or null.</param>
/// <param name="Attempts">Payments tried on it.</param>
/// <param name="Notes">As sent.</param>
public sealed record RazorpayOrderEntry(
    string Id, string Status, long Amount, string Currency, string? Receipt, int Attempts, IReadOnlyDictionary<string, string> Notes);

/// <summary>A payment as it stands.</summary>
/// <param name="Id"><c>pay_…</c>.</param>
/// <param name="OrderId"><c>order_…</c>.</param>
/// <param name="Status"><c>authorized</c>, <c>captured</c>, <c>refunded</c> or <c>failed</c>.</param>
/// <param name="Amount">Minor units.</param>
/// <param name="IsCaptured">False for a payment refunded without capture.</param>
/// <param name="AmountRefunded">Minor units, cumulative.</param>
/// <param name="IsHeld">True while it is authorized.</param>
/// <param name="Notes">Of the order.</param>
public sealed record RazorpayPaymentEntry(
    string Id, string OrderId, string Status, long Amount, bool IsCaptured, long AmountRefunded, bool IsHeld,
    IReadOnlyDictionary<string, string> Notes);

/// <summary>A refund as it stands.</summary>
/// <param name="Id"><c>rfnd_…</c>.</param>
/// <param name="PaymentId"><c>pay_…</c>.</param>
/// <param name="Status"><c>pending</c>, <c>processed</c> or <c>failed</c>.</param>
/// <param name="Amount">Minor units.</param>
/// <param name="IsRelease">True when the payment was never captured: an automatic refund or a refund used as void.</param>
/// <param name="Receipt">As sent, or null.</param>
/// <param name="Notes">As sent.</param>
public sealed record RazorpayRefundEntry(
    string Id, string PaymentId, string Status, long Amount, bool IsRelease, string? Receipt, IReadOnlyDictionary<string, string> Notes);

/// <summary>
/// The truth the tests compare with: every object of the account and every call received. Thread-safe; reading applies
/// what time has brought (automatic refunds). Figures "per charge" count objects whose order notes' <c>charge_id</c> is that id.
/// </summary>
public sealed class RazorpayLedger
{
    private readonly SimulatorCallLog _calls;

    internal RazorpayLedger(SimulatorCallLog calls) => _calls = calls;

    /// <summary>Every call, oldest first.</summary>
    public IReadOnlyList<SimulatorCall> Calls => _calls.All;

    /// <summary>Every order, oldest first.</summary>
    public IReadOnlyList<RazorpayOrderEntry> Orders => Read<IReadOnlyList<RazorpayOrderEntry>>(() => [.. OrdersMade.Values.Select(order =>
        new RazorpayOrderEntry(
            order.Id, order.Status, order.Amount, order.Currency, order.Receipt, order.Payments.Count, RazorpayNotes.Read(order.Notes)))]);

    /// <summary>Every payment, failed ones included, oldest first.</summary>
    public IReadOnlyList<RazorpayPaymentEntry> Payments => Read<IReadOnlyList<RazorpayPaymentEntry>>(() => [..
        PaymentsMade.Values.Select(payment =>
        new RazorpayPaymentEntry(
            payment.Id, payment.Order.Id, payment.Status, payment.Order.Amount, payment.IsCaptured, payment.AmountRefunded,
            payment.IsHeld, RazorpayNotes.Read(payment.Order.Notes)))]);

    /// <summary>Every refund, automatic ones included, oldest first.</summary>
    public IReadOnlyList<RazorpayRefundEntry> Refunds => Read<IReadOnlyList<RazorpayRefundEntry>>(() => [..
        RefundsMade.Values.Select(refund =>
        new RazorpayRefundEntry(
            refund.Id, refund.Payment.Id, refund.Status, refund.Amount, !refund.Payment.IsCaptured, refund.Receipt,
            RazorpayNotes.Read(refund.Notes)))]);

    internal Lock Gate { get; } = new();
    internal Action Settle { get; set; } = () => { };
    internal OrderedDictionary<string, RazorpayOrder> OrdersMade { get; } = new(StringComparer.Ordinal);
    internal OrderedDictionary<string, RazorpayPayment> PaymentsMade { get; } = new(StringComparer.Ordinal);
    internal OrderedDictionary<string, RazorpayRefund> RefundsMade { get; } = new(StringComparer.Ordinal);

    /// <summary>Minor units authorized and neither captured nor released; all payments when the id is null.</summary>
    public long HeldAmount(string? chargeId = null) => PaymentsOf(chargeId).Where(payment => payment.IsHeld).Sum(payment => payment.Amount);

    /// <summary>Minor units captured, before refunds.</summary>
    public long CapturedAmount(string? chargeId = null) =>
        PaymentsOf(chargeId).Where(payment => payment.IsCaptured).Sum(payment => payment.Amount);

    /// <summary>Minor units of captured payments refunded; failed refunds and releases left out.</summary>
    public long RefundedAmount(string? chargeId = null) =>
        PaymentsOf(chargeId).Where(payment => payment.IsCaptured).Sum(payment => payment.AmountRefunded);

    /// <summary>Payments that were authorized at some time, whatever became of them later.</summary>
    public int AuthorizationCount(string? chargeId = null) => PaymentsOf(chargeId).Count(payment => payment.Status != "failed");

    /// <summary>Payments captured.</summary>
    public int CaptureCount(string? chargeId = null) => PaymentsOf(chargeId).Count(payment => payment.IsCaptured);

    /// <summary>Refunds of captured payments; failed ones and releases left out.</summary>
    public int RefundCount(string? chargeId = null)
    {
        var payments = PaymentsOf(chargeId).Select(payment => payment.Id).ToHashSet(StringComparer.Ordinal);
        return Refunds.Count(refund => refund.Status != "failed" && !refund.IsRelease && payments.Contains(refund.PaymentId));
    }

    private IEnumerable<RazorpayPaymentEntry> PaymentsOf(string? chargeId) =>
        Payments.Where(payment => chargeId is null || (payment.Notes.TryGetValue("charge_id", out var id) && id == chargeId));

    private T Read<T>(Func<T> read)
    {
        lock (Gate)
        {
            Settle();
            return read();
        }
    }
}
