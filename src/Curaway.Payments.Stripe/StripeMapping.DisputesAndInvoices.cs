namespace Curaway.Payments.Stripe;

// Disputes and invoices: we read them and never make one.
internal static partial class StripeMapping
{
    private const int NumberLengthMax = 100;
    private const int UrlLengthMax = 2048;

    /// <summary>Reads a dispute with its links; null when a field we stand on is missing or unknown.</summary>
    public static ProviderSnapshot? ReadDispute(StripeValue json, string account)
    {
        var snapshot = LinkToIntent(json, account);
        // A charge made outside payment intents is none of ours, whatever its dispute says.
        if (snapshot.Reference is null && snapshot.ChargeId is null)
            return IsObject(json, "dispute") ? snapshot : null;
        if (!IsObject(json, "dispute") || json.Text(StripeField.Id) is not { } id || !(IsId(id, "dp_") || IsId(id, "du_"))
            || Amount(json, StripeField.Amount) is not { } amount || DisputeStateOf(json) is not { } state)
            return null;
        var dispute = new ChargeDispute
        {
            Reference = id,
            State = state,
            Amount = amount,
            PaymentReference = ChargeIdOf(json, StripeField.Charge),
            Reason = json.Text(StripeField.Reason) is { } reason ? Code(reason) : null,
        };
        return snapshot with { Disputes = [dispute] };
    }

    /// <summary>
    /// Reads an invoice with its links; null when a field we stand on is missing or unknown. What links it is our charge id in
    /// its metadata, else the <c>payment_intent</c> that endpoints older than 2025-03-31.basil send. An invoice that names our
    /// charge keeps its own intent to itself: that is another payable object, and no reference of ours.
    /// </summary>
    public static ProviderSnapshot? ReadInvoice(StripeValue json, string account)
    {
        var link = Link(json, account);
        var snapshot = link.ChargeId is null ? LinkToIntent(json, account) : link;
        // Nothing names a charge: another business on the same account.
        if (snapshot.Reference is null && snapshot.ChargeId is null)
            return IsObject(json, "invoice") ? snapshot : null;
        if (!IsObject(json, "invoice") || json.Text(StripeField.Id) is not { } id || !IsId(id, "in_")
            || Amount(json, StripeField.Total) is not { } amount || InvoiceStateOf(json.Text(StripeField.Status)) is not { } state)
            return null;
        var invoice = new ChargeInvoice
        {
            Reference = id,
            State = state,
            Amount = amount,
            Number = Printable(json.Text(StripeField.Number), NumberLengthMax),
            HostedUrl = json.Text(StripeField.HostedInvoiceUrl) is { } url && url.StartsWith("https://", StringComparison.Ordinal)
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
    public static ProviderSnapshot? ReadInvoicePayment(StripeValue json, string account)
    {
        if (!IsObject(json, "invoice_payment") || IdOf(json, StripeField.Invoice) is not { } id || !IsId(id, "in_")
            || Amount(json, StripeField.AmountPaid) is not { } amount || json[StripeField.Payment] is not { IsObject: true } payment)
            return null;
        var intent = IdOf(payment, StripeField.PaymentIntent);
        var snapshot = Link(json, account);
        return IsId(intent, "pi_")
            ? snapshot with { Reference = intent, Invoices = [new ChargeInvoice { Reference = id, State = InvoiceState.Open, Amount = amount }] }
            : snapshot;
    }

    public static ProviderSnapshot LinkToIntent(StripeValue json, string account)
    {
        var intent = IdOf(json, StripeField.PaymentIntent);
        return Link(json, account) with { Reference = IsId(intent, "pi_") ? intent : null };
    }

    // A warning is an inquiry that may become a dispute, and one that was prevented never became one
    // (https://docs.stripe.com/api/disputes/object#dispute_object-status). An appeal comes after a dispute was lost, which
    // outranks it: the bank has the money until the appeal is won.
    private static DisputeState? DisputeStateOf(StripeValue json) => json.Text(StripeField.Status) switch
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
    private static bool IsAppealed(StripeValue dispute)
    {
        var card = dispute[StripeField.Evidence][StripeField.Appeal][StripeField.Card];
        return card.Text(StripeField.ReasonForFiling) is not null || card[StripeField.SupportingFiles].Items.Any();
    }

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
