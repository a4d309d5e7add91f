namespace Curaway.Payments.IntegrationTests.Chaos;

/// <summary>
/// The promises about money, one method each, over the providers' ledgers and our rows. Each gives what breaks it, in words.
/// Counted for each consultation, over all its charges and both providers.
/// </summary>
internal sealed class MoneyInvariants(Ledgers ledgers, ClinicRows rows)
{
    private readonly Dictionary<string, ChargeRow> _charges = rows.Charges.ToDictionary(charge => charge.Id);
    private readonly ILookup<string, LedgerPayment> _paymentsOf = ledgers.Payments.ToLookup(payment => payment.ChargeId);
    private readonly ILookup<string, LedgerRefund> _refundsOf = ledgers.Refunds.ToLookup(refund => refund.ChargeId);

    /// <summary>What has to hold when everything that was due has been done.</summary>
    public IReadOnlyList<string> AtRest() =>
    [
        .. Always(), .. Orphans(), .. MoneyOfVoidedCharges(), .. MoneyWithoutSession(), .. Disagreements(), .. Sessions(),
    ];

    /// <summary>
    /// What has to hold at every moment. The ledgers were read before the rows: what a row says by then is allowed to be newer.
    /// </summary>
    public IReadOnlyList<string> Always() =>
    [
        .. TwoLiveAuthorizations(), .. TwoCaptures(), .. RefundsBeyondTheCapture(), .. TwoRefundsOfOneKey(), .. CaptureAndVoid(),
        .. MoneyOfFailedCharges(),
        .. rows.AuditGaps.Select(gap => $"audit and transitions differ: {gap}"),
    ];

    /// <summary>Charges that are not yet what the ledger says, and that nobody is to look at later: lost, or overdue.</summary>
    public IReadOnlyList<string> Overdue() => [.. rows.Charges.Where(row => !Agrees(row) && !row.IsWaiting).Select(Describe)];

    /// <summary>
    /// What changed and no observer was told: the consultation may lag behind its charge. A host that dies while it tells is
    /// followed by another when its claim ends.
    /// </summary>
    public IReadOnlyList<string> Untold() => rows.Untold;

    /// <summary>
    /// Charges about which something is still to be done soon, and settlements under way. That a voided order is looked at again,
    /// because somebody might still pay it, is no work that is left.
    /// </summary>
    public IReadOnlyList<string> Unfinished() =>
    [
        .. rows.Charges
            .Where(row => !Agrees(row) || row.HasOpenOperation || row is { IsDue: true, Status: not "voided" })
            .Select(Describe),
        .. rows.Untold.Select(transition => $"untold: {transition}"),
        .. rows.Consultations.Where(consultation => consultation.Settlement == "processing").Select(consultation => $"settlement of {consultation.Id}"),
    ];

    private IEnumerable<string> TwoLiveAuthorizations() => ledgers.Payments
        .Where(payment => payment.IsLive && _charges.GetValueOrDefault(payment.ChargeId) is not ({ IsClosing: true } or { Status: "voided" or "failed" }))
        .GroupBy(payment => payment.ConsultationId).Where(live => live.Count() > 1)
        .Select(live => $"two live authorizations of consultation {live.Key}: {string.Join(", ", live.Select(payment => payment.Reference))}");

    private IEnumerable<string> TwoCaptures() => ledgers.Payments.Where(payment => payment.Captured > 0)
        .GroupBy(payment => payment.ConsultationId).Where(captured => captured.Count() > 1)
        .Select(captured => $"two captures of consultation {captured.Key}: {string.Join(", ", captured.Select(payment => payment.Reference))}");

    private IEnumerable<string> RefundsBeyondTheCapture() => ledgers.Payments.GroupBy(payment => payment.ConsultationId)
        .Where(same => same.SelectMany(payment => _refundsOf[payment.ChargeId]).Distinct().Sum(refund => refund.Amount) > same.Sum(payment => payment.Captured))
        .Select(same => $"more refunded than captured of consultation {same.Key}");

    /// <summary>The caller's key of a refund is one operation, and an operation is one refund.</summary>
    private IEnumerable<string> TwoRefundsOfOneKey()
    {
        var twice = ledgers.Refunds.GroupBy(refund => (refund.ChargeId, refund.OperationId)).Where(same => same.Count() > 1)
            .Select(same => $"two refunds of operation {same.Key.OperationId}: {string.Join(", ", same.Select(refund => refund.Reference))}");
        var ours = rows.Operations.Where(operation => operation.Kind == "refund").Select(operation => operation.Id).ToHashSet();
        var unknown = ledgers.Refunds.Where(refund => refund.OperationId is not { } id || !ours.Contains(id))
            .Select(refund => $"refund {refund.Reference} of no operation of ours");
        var keys = rows.Operations.Where(operation => operation.RequestId is not null).GroupBy(operation => (operation.ChargeId, operation.RequestId))
            .Where(same => same.Count() > 1).Select(same => $"two operations of key {same.Key.RequestId}");
        return [.. twice, .. unknown, .. keys];
    }

    private IEnumerable<string> CaptureAndVoid() => rows.Operations
        .Where(operation => operation is { Outcome: "succeeded", Kind: "capture" or "void" })
        .GroupBy(operation => operation.ChargeId).Where(accepted => accepted.DistinctBy(operation => operation.Kind).Count() > 1)
        .Select(accepted => $"capture and void of charge {accepted.Key}");

    /// <summary>
    /// What we caused at a provider and have no committed row of. An order nobody paid may be known by its receipt alone: the
    /// second one that a retry made while the first was on its way is never handed out.
    /// </summary>
    private IEnumerable<string> Orphans()
    {
        var references = rows.Charges.Select(charge => charge.Reference).ToHashSet();
        var operations = rows.Operations.Select(operation => operation.Id).ToHashSet();
        return
        [
            .. ledgers.Parents.Where(parent => !references.Contains(parent.Reference) && (parent.IsPaid || parent.Receipt is null || !operations.Contains(parent.Receipt)))
                .Select(parent => $"no row of {parent.Reference}"),
            .. ledgers.Payments.Where(payment => !rows.PaymentReferences.Contains(payment.Reference)).Select(payment => $"no row of {payment.Reference}"),
            .. ledgers.Refunds.Where(refund => !rows.RefundReferences.Contains(refund.Reference)).Select(refund => $"no row of {refund.Reference}"),
        ];
    }

    private IEnumerable<string> MoneyOfFailedCharges() => ledgers.Payments
        .Where(payment => payment.IsLive && _charges.GetValueOrDefault(payment.ChargeId)?.Status == "failed")
        .Select(payment => $"charge {payment.ChargeId} says failed and has the money of {payment.Reference}");

    private IEnumerable<string> MoneyOfVoidedCharges() => ledgers.Payments
        .Where(payment => payment.IsLive && _charges.GetValueOrDefault(payment.ChargeId) is { Status: "voided" } charge && !(payment.IsHeld && charge.IsReleasePromised))
        .Select(payment => $"charge {payment.ChargeId} says voided and has the money of {payment.Reference}");

    private IEnumerable<string> MoneyWithoutSession() => ledgers.Payments
        .Where(payment => payment.IsHeld && _charges.GetValueOrDefault(payment.ChargeId) is not ({ IsBooked: true, HasSession: true } or { IsReleasePromised: true }))
        .Select(payment => $"{payment.Reference} is held for no session: {(_charges.TryGetValue(payment.ChargeId, out var charge) ? Describe(charge) : "no charge")}");

    private IEnumerable<string> Disagreements() => rows.Charges.Where(row => !Agrees(row) && !row.IsWaiting).Select(row => $"the ledger disagrees: {Describe(row)}");

    private IEnumerable<string> Sessions()
    {
        foreach (var consultation in rows.Consultations)
        {
            var charge = consultation.ChargeId is { } id ? _charges.GetValueOrDefault(id) : null;
            var isRight = consultation.Status switch
            {
                "requested" => charge is null,
                "awaiting_payment" => charge is { Status: "pending", IsBooked: true },
                "scheduled" or "in_session" => charge is { Status: "authorized", IsBooked: true },
                "ended" => charge?.Status is "captured" or "partially_refunded" or "refunded",
                _ => charge is null or { IsLive: false },
            };
            if (!isRight && charge is not { IsWaiting: true })
                yield return $"consultation {consultation.Id} is {consultation.Status} with {(charge is null ? "no charge" : Describe(charge))}";
        }
    }

    private bool Agrees(ChargeRow row)
    {
        var (held, captured, refunded) = (
            _paymentsOf[row.Id].Any(payment => payment.IsHeld), _paymentsOf[row.Id].Sum(payment => payment.Captured), _refundsOf[row.Id].Sum(refund => refund.Amount));
        return row.Captured == captured && row.Refunded == refunded && row.Status switch
        {
            "pending" or "failed" => !held && captured == 0,
            "authorized" => held && captured == 0,
            "captured" => !held && captured > 0 && refunded == 0,
            "partially_refunded" => !held && refunded > 0 && refunded < captured,
            "refunded" => !held && captured > 0 && refunded == captured,
            _ => captured == 0 && (!held || row.IsReleasePromised),
        };
    }

    private string Describe(ChargeRow row)
    {
        var held = _paymentsOf[row.Id].Count(payment => payment.IsHeld);
        return $"charge {row.Id} of {row.ConsultationId} {row.Status} {row.Captured}-{row.Refunded}"
            + $"{(row.IsBooked ? " booked" : "")}{(row.HasSession ? " session" : "")}{(row.IsClosing ? " closing" : "")}{(row.HasOpenOperation ? " open" : "")}"
            + $"{(row.IsWaiting ? " waiting" : row.IsDue ? " overdue" : "")}; ledger: {held} held,"
            + $" {_paymentsOf[row.Id].Sum(payment => payment.Captured)}-{_refundsOf[row.Id].Sum(refund => refund.Amount)}";
    }
}
