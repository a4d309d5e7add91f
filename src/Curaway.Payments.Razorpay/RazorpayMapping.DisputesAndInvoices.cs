namespace Curaway.Payments.Razorpay;

// Disputes and invoices: we read them and never make one.
internal static partial class RazorpayMapping
{
    private const int NumberLengthMax = 100;
    private const int UrlLengthMax = 2048;

    /// <summary>Reads a dispute; null when a field we stand on is missing or unknown.</summary>
    public static ChargeDispute? ReadDispute(WireDispute wire)
    {
        if (!IsId(wire.Id, "disp_") || !IsId(wire.PaymentId, "pay_") || DisputeStateOf(wire.Status) is not { } state
            || Amount(wire.Amount, wire.Currency) is not { } amount)
            return null;
        var reason = wire.ReasonCode?.ToLowerInvariant();
        return new ChargeDispute
        {
            Reference = wire.Id!,
            State = state,
            Amount = amount,
            PaymentReference = wire.PaymentId,
            Reason = reason is null || IsCode(reason) ? reason : "other",
        };
    }

    /// <summary>Reads an invoice; null when a field we stand on is missing or unknown.</summary>
    public static ChargeInvoice? ReadInvoice(WireInvoice wire)
    {
        if (!IsId(wire.Id, "inv_") || InvoiceStateOf(wire.Status) is not { } state || Amount(wire.Amount, wire.Currency) is not { } amount)
            return null;
        return new ChargeInvoice
        {
            Reference = wire.Id!,
            State = state,
            Amount = amount,
            Number = Printable(wire.InvoiceNumber, NumberLengthMax),
            // Not parsed: a published sample holds a space.
            HostedUrl = wire.ShortUrl is { } url && url.StartsWith("https://", StringComparison.Ordinal) ? Printable(url, UrlLengthMax) : null,
        };
    }

    // https://razorpay.com/docs/api/disputes/entity; action_required is known only as an event, and asks for better evidence.
    private static DisputeState? DisputeStateOf(string? status) => status switch
    {
        "open" or "under_review" or "action_required" => DisputeState.Open,
        "closed" => DisputeState.Closed,
        "won" => DisputeState.Won,
        "lost" => DisputeState.Lost,
        _ => null,
    };

    private static InvoiceState? InvoiceStateOf(string? status) => status switch
    {
        "issued" or "partially_paid" => InvoiceState.Open,
        "cancelled" or "expired" => InvoiceState.Expired,
        "paid" => InvoiceState.Paid,
        _ => null,
    };

    /// <summary>Text that every store can keep and every page can show; null for anything else.</summary>
    private static string? Printable(string? text, int lengthMax) =>
        text is { Length: > 0 } && text.Length <= lengthMax && !text.Any(c => char.IsControl(c) || char.IsSurrogate(c)) ? text : null;
}
