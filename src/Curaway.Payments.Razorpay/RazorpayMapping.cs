using System.Buffers;

namespace Curaway.Payments.Razorpay;

/// <summary>What was read of one order.</summary>
internal sealed record RazorpayFacts(WireOrder? Order, IReadOnlyList<WirePayment> Payments, IReadOnlyList<WireRefund> Refunds);

/// <summary>
/// JSON into facts. Pure. What cannot be read safely is null, never a guess, and one unreadable fact makes all of them so.
/// </summary>
internal static partial class RazorpayMapping
{
    private const int IdLengthMax = 64;
    private const long UnixSecondsMax = 32_503_680_000; // The year 3000; leaves room to add a hold.

    private static readonly SearchValues<char> IdCharacters = SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz");

    private static readonly string[] WithThreeDecimals = ["BHD", "IQD", "JOD", "KWD", "OMR", "TND"];

    /// <summary>
    /// Razorpay's currencies without decimals are those of ISO 4217. It lists six with three decimals, the last digit 0; LYD is
    /// not among them and is refused (https://razorpay.com/docs/payments/international-payments).
    /// </summary>
    public static CurrencyRules Currencies { get; } = new(
        exponents: WithThreeDecimals.ToDictionary(code => code, _ => 3),
        multiples: WithThreeDecimals.ToDictionary(code => code, _ => 10L),
        minimums: new Dictionary<string, long> { ["INR"] = 100 });

    /// <summary>True for an id of that kind which is safe in a URL and a column.</summary>
    public static bool IsId(string? id, string prefix) =>
        id is { Length: <= IdLengthMax } && id.Length > prefix.Length && id.StartsWith(prefix, StringComparison.Ordinal)
        && !id.AsSpan().ContainsAnyExcept(IdCharacters);

    /// <summary>Facts as a snapshot, whose reference is the order that they name; null when they cannot be read safely.</summary>
    public static ProviderSnapshot? ReadFacts(RazorpayAccount account, RazorpayFacts facts)
    {
        var payments = facts.Payments.Select(wire => ReadPayment(wire, account.Options.ManualExpiry)).ToList();
        var refunds = facts.Refunds.Select(ReadRefund).ToList();
        var references = facts.Payments.Select(wire => wire.OrderId).Append(facts.Order?.Id).OfType<string>().Distinct().ToList();
        if (payments.Contains(null) || refunds.Contains(null) || references.Count > 1 || !references.All(id => IsId(id, "order_")))
            return null;
        var amount = facts.Order is { } order ? Amount(order.Amount, order.Currency) : null;
        if (facts.Order is not null && amount is null)
            return null;
        var amounts = payments.Select(payment => payment!.Amount).Concat(refunds.Select(refund => refund!.Amount)).ToList();
        if (amounts.Concat(amount is null ? [] : [amount.Value]).Select(each => each.Currency).Distinct().Count() > 1)
            return null;

        var notes = facts.Refunds.Select(wire => wire.Notes)
            .Concat(facts.Payments.Select(wire => wire.Notes))
            .Append(facts.Order?.Notes)
            .ToList();
        return new ProviderSnapshot
        {
            Provider = RazorpayProvider.ProviderName,
            ProviderAccount = account.Name,
            ChargeId = notes.Select(ChargeIdOf).FirstOrDefault(id => id is not null),
            OperationId = notes.Select(OperationIdOf).FirstOrDefault(id => id is not null),
            Reference = references.SingleOrDefault(),
            Amount = amount,
            Payments = [.. payments!],
            Refunds = [.. refunds!],
        };
    }

    private static ChargePayment? ReadPayment(WirePayment wire, TimeSpan manualExpiry)
    {
        if (!IsId(wire.Id, "pay_") || PaymentStateOf(wire) is not { } state || Amount(wire.Amount, wire.Currency) is not { } amount
            || Time(wire.CreatedAt) is not { } createdAt)
            return null;
        return new ChargePayment
        {
            Reference = wire.Id!,
            State = state,
            Amount = amount,
            Captured = state == PaymentState.Captured ? amount : Money.Zero(amount.Currency),
            CreatedAt = createdAt,
            CaptureBefore = createdAt + manualExpiry,
            ErrorCode = state == PaymentState.Failed ? Code(wire.ErrorReason, wire.ErrorCode) : null,
        };
    }

    private static ChargeRefund? ReadRefund(WireRefund wire)
    {
        if (!IsId(wire.Id, "rfnd_") || !IsId(wire.PaymentId, "pay_") || RefundStateOf(wire.Status) is not { } state
            || Amount(wire.Amount, wire.Currency) is not { } amount)
            return null;
        return new ChargeRefund
        {
            Reference = wire.Id!,
            State = state,
            Amount = amount,
            PaymentReference = wire.PaymentId,
            OperationId = OperationIdOf(wire.Notes) ?? (OperationId.TryParse(wire.Receipt, out var id) ? id : null),
            CreatedAt = Time(wire.CreatedAt),
            ErrorCode = state == RefundState.Failed ? "refund_failed" : null,
        };
    }

    // The status counts: samples of failed and authorized payments say captured too. A payment refunded without a capture was
    // released: the hold ran out, or somebody gave it back. An unknown status is never taken for money.
    private static PaymentState? PaymentStateOf(WirePayment wire) => (wire.Status, wire.Captured) switch
    {
        ("created", _) => PaymentState.Created,
        ("failed", _) => PaymentState.Failed,
        ("authorized", _) => PaymentState.Authorized,
        ("captured", _) or ("refunded", true) => PaymentState.Captured,
        ("refunded", false) => PaymentState.Voided,
        _ => null,
    };

    private static RefundState? RefundStateOf(string? status) => status switch
    {
        "created" or "pending" => RefundState.Pending,
        "processed" => RefundState.Succeeded,
        "failed" => RefundState.Failed,
        _ => null,
    };

    /// <summary>Razorpay's amount in our units; null when it is none of ours.</summary>
    public static Money? Amount(long? amount, string? currency) => amount is { } units ? Currencies.FromProvider(units, currency) : null;

    private static OperationId? OperationIdOf(IReadOnlyDictionary<string, string>? notes) =>
        OperationId.TryParse(notes?.GetValueOrDefault("operation_id"), out var id) ? id : null;

    /// <summary>Our charge, from notes.</summary>
    public static ChargeId? ChargeIdOf(IReadOnlyDictionary<string, string>? notes) =>
        ChargeId.TryParse(notes?.GetValueOrDefault("charge_id"), out var id) ? id : null;

    /// <summary>
    /// Razorpay's machine word: the reason, else the code in lower case. Anything that does not look like one is replaced, so
    /// that no prose gets through.
    /// </summary>
    public static string Code(string? reason, string? code) =>
        IsCode(reason) ? reason! : IsCode(code?.ToLowerInvariant()) ? code!.ToLowerInvariant() : "provider_refused";

    private static DateTimeOffset? Time(long? unixSeconds) =>
        unixSeconds is > 0 and < UnixSecondsMax ? DateTimeOffset.FromUnixTimeSeconds(unixSeconds.Value) : null;

    private static bool IsCode(string? text) =>
        text is { Length: > 0 and <= 64 } && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_');
}
