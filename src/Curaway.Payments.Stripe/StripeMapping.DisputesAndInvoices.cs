using System.Text.Json;

namespace Curaway.Payments.Stripe;

// Disputes and invoices: we read them and never make one.
internal static partial class StripeMapping
{
    private const int NumberLengthMax = 100;
    private const int UrlLengthMax = 2048;

    /// <summary>Reads a dispute with its links; null when a field we stand on is missing or unknown.</summary>
    public static ProviderSnapshot? ReadDispute(JsonElement json, string account)
    {
        var snapshot = LinkToIntent(json, account);
        // A charge made outside payment intents is none of ours, whatever its dispute says.
        if (snapshot.Reference is null && snapshot.ChargeId is null)
            return IsObject(json, "dispute") ? snapshot : null;
        if (!IsObject(json, "dispute") || Text(json, "id") is not { } id || !(IsId(id, "dp_") || IsId(id, "du_"))
            || Amount(json, "amount") is not { } amount || DisputeStateOf(json) is not { } state)
            return null;
        var dispute = new ChargeDispute
        {
            Reference = id,
            State = state,
            Amount = amount,
            PaymentReference = ChargeIdOf(json, "charge"),
            Reason = Text(json, "reason") is { } reason ? Code(reason) : null,
        };
        return snapshot with { Disputes = [dispute] };
    }

    /// <summary>
    /// Reads an invoice with its links; null when a field we stand on is missing or unknown. What links it is our charge id in
    /// its metadata, else the <c>payment_intent</c> that endpoints older than 2025-03-31.basil send. An invoice that names our
    /// charge keeps its own intent to itself: that is another payable object, and no reference of ours.
    /// </summary>
    public static ProviderSnapshot? ReadInvoice(JsonElement json, string account)
    {
        var link = Link(json, account);
        var snapshot = link.ChargeId is null ? LinkToIntent(json, account) : link;
        // Nothing names a charge: another business on the same account.
        if (snapshot.Reference is null && snapshot.ChargeId is null)
            return IsObject(json, "invoice") ? snapshot : null;
        if (!IsObject(json, "invoice") || Text(json, "id") is not { } id || !IsId(id, "in_")
            || Amount(json, "total") is not { } amount || InvoiceStateOf(Text(json, "status")) is not { } state)
            return null;
        var invoice = new ChargeInvoice
        {
            Reference = id,
            State = state,
            Amount = amount,
            Number = Printable(Text(json, "number"), NumberLengthMax),
            HostedUrl = Text(json, "hosted_invoice_url") is { } url && url.StartsWith("https://", StringComparison.Ordinal)
                ? Printable(url, UrlLengthMax)
                : null,
        };
        return snapshot with { Invoices = [invoice] };
    }

    /// <summary>
    /// Reads the payment of an invoice. It is all that links one to an intent since 2025-03-31.basil: invoices no longer name
    /// theirs (https://docs.stripe.com/changelog/basil/2025-03-31/add-support-for-multiple-partial-payments-on-invoices). It
    /// tells neither number nor address, and a part may have been paid, so the invoice counts as open until it says otherwise.
    /// </summary>
    public static ProviderSnapshot? ReadInvoicePayment(JsonElement json, string account)
    {
        if (!IsObject(json, "invoice_payment") || IdOf(json, "invoice") is not { } id || !IsId(id, "in_")
            || Amount(json, "amount_paid") is not { } amount || !json.TryGetProperty("payment", out var payment)
            || payment.ValueKind != JsonValueKind.Object)
            return null;
        var intent = IdOf(payment, "payment_intent");
        var snapshot = Link(json, account);
        return IsId(intent, "pi_")
            ? snapshot with { Reference = intent, Invoices = [new ChargeInvoice { Reference = id, State = InvoiceState.Open, Amount = amount }] }
            : snapshot;
    }

    public static ProviderSnapshot LinkToIntent(JsonElement json, string account)
    {
        var intent = IdOf(json, "payment_intent");
        return Link(json, account) with { Reference = IsId(intent, "pi_") ? intent : null };
    }

    // A warning is an inquiry that may become a dispute, and one that was prevented never became one
    // (https://docs.stripe.com/api/disputes/object#dispute_object-status). An appeal comes after a dispute was lost, which
    // outranks it: the bank has the money until the appeal is won.
    private static DisputeState? DisputeStateOf(JsonElement json) => Text(json, "status") switch
    {
        "warning_needs_response" or "warning_under_review" or "needs_response" or "under_review"
            or "appeal_needs_response" or "appeal_under_review" => DisputeState.Open,
        "warning_closed" or "prevented" => DisputeState.Closed,
        "won" => IsAppealed(json) ? DisputeState.WonOnAppeal : DisputeState.Won,
        "lost" => DisputeState.Lost,
        _ => null,
    };

    // Evidence of an appeal can only be given once a verdict was appealed
    // (https://docs.stripe.com/changelog/endive/2026-10-28/evidence-submission-appeal-dispute-decisions).
    private static bool IsAppealed(JsonElement dispute) =>
        dispute.TryGetProperty("evidence", out var evidence) && evidence.ValueKind == JsonValueKind.Object
        && evidence.TryGetProperty("appeal", out var appeal) && appeal.ValueKind == JsonValueKind.Object
        && appeal.TryGetProperty("card", out var card) && card.ValueKind == JsonValueKind.Object
        && (Text(card, "reason_for_filing") is not null
            || (card.TryGetProperty("supporting_files", out var files) && files.ValueKind == JsonValueKind.Array && files.GetArrayLength() > 0));

    // One written off as uncollectible can still be paid (https://docs.stripe.com/invoicing/overview#invoice-statuses).
    private static InvoiceState? InvoiceStateOf(string? status) => status switch
    {
        "open" or "uncollectible" => InvoiceState.Open,
        "void" => InvoiceState.Expired,
        "paid" => InvoiceState.Paid,
        _ => null,
    };

    /// <summary>Text that every store can keep and every page can show; null for anything else.</summary>
    private static string? Printable(string? text, int lengthMax) =>
        text is { Length: > 0 } && text.Length <= lengthMax && !text.Any(c => char.IsControl(c) || char.IsSurrogate(c)) ? text : null;
}
