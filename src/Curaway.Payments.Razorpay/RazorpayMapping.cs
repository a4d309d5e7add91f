using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Curaway.Payments.Razorpay;

/// <summary>An account by our name of it, with its options.</summary>
internal readonly record struct RazorpayAccount(string Name, RazorpayOptions Options);

/// <summary>What was read of one order.</summary>
internal sealed record RazorpayFacts(WireOrder? Order, IReadOnlyList<WirePayment> Payments, IReadOnlyList<WireRefund> Refunds);

/// <summary>Between Razorpay's words and ours. Pure; what cannot be read safely is null, never a guess.</summary>
internal static class RazorpayMapping
{
    /// <summary>The provider's name.</summary>
    public const string Provider = "razorpay";

    private const long UnixSecondsMax = 32_503_680_000; // The year 3000; leaves room to add a hold.

    private static readonly string[] WithThreeDecimals = ["BHD", "IQD", "JOD", "KWD", "OMR", "TND"];

    /// <summary>
    /// Razorpay's currencies without decimals are those of ISO 4217. It lists six with three decimals, the last digit 0; LYD is
    /// not among them and is refused.
    /// </summary>
    public static CurrencyRules Currencies { get; } = new(
        exponents: ThreeDecimals(3), multiples: ThreeDecimals(10L), minimums: new Dictionary<string, long> { ["INR"] = 100 });

    /// <summary>The request for an order that is captured by hand, and nothing else: Razorpay refuses unknown fields.</summary>
    public static OrderRequest OrderOf(ProviderRequest request, TimeSpan manualExpiry)
    {
        var operation = request.RequiredOperation;
        var capture = new CaptureOptions((int)manualExpiry.TotalMinutes, "normal");
        return new OrderRequest(
            Currencies.ToProvider(operation.Amount),
            operation.Amount.Currency.Code,
            operation.IdempotencyKey,
            NotesOf(request),
            new OrderPayment("manual", capture));
    }

    /// <summary>The request for a capture: in full, the only kind there is.</summary>
    public static CaptureRequest CaptureOf(ChargeOperation operation) =>
        new(Currencies.ToProvider(operation.Amount), operation.Amount.Currency.Code);

    /// <summary>The request for a refund. The receipt is a second guard beside the idempotency key.</summary>
    public static RefundRequest RefundOf(ProviderRequest request) => new(
        Currencies.ToProvider(request.RequiredOperation.Amount), "normal", request.RequiredOperation.IdempotencyKey, NotesOf(request));

    /// <summary>
    /// The payment to refund: the one this operation refunded before, else the first captured one with enough left. A replay
    /// has to name the same payment, or the idempotency key would not protect it.
    /// </summary>
    public static ChargePayment? PaymentToRefund(ProviderRequest request)
    {
        var (charge, operation) = (request.Charge, request.RequiredOperation);
        var own = charge.Refunds.FirstOrDefault(refund => refund.OperationId == operation.Id)?.PaymentReference;
        return charge.Payments.FirstOrDefault(payment => payment.Reference == own)
            ?? charge.Payments.FirstOrDefault(payment => RemainingOf(payment, charge.Refunds) >= operation.Amount)
            ?? charge.PrincipalPayment;
    }

    /// <summary>What was captured of a payment and not sent back.</summary>
    public static Money RemainingOf(ChargePayment payment, ImmutableArray<ChargeRefund> refunds) => payment.Captured - Money.Sum(
        refunds.Where(refund => refund.PaymentReference == payment.Reference && refund.State != RefundState.Failed).Select(r => r.Amount),
        payment.Captured.Currency);

    /// <summary>What the page needs to open Checkout for the charge's order.</summary>
    public static ClientAction ActionOf(Charge charge, string orderId, RazorpayOptions options) => new()
    {
        Provider = Provider,
        ScriptUrl = options.ScriptUrl,
        Parameters = new Dictionary<string, string>
        {
            ["order_id"] = orderId,
            ["key_id"] = options.KeyId,
            ["amount"] = FormattableString.Invariant($"{Currencies.ToProvider(charge.Amount)}"),
            ["currency"] = charge.Amount.Currency.Code,
        },
    };

    /// <summary>
    /// Facts as a snapshot; null when any of them cannot be read safely. The order of a snapshot is the one its payments name.
    /// </summary>
    /// <param name="account">The account that spoke.</param>
    /// <param name="facts">What it said.</param>
    /// <param name="isLiveMode">What the key says of the mode; null when no key was involved.</param>
    public static ProviderSnapshot? SnapshotOf(RazorpayAccount account, RazorpayFacts facts, bool? isLiveMode)
    {
        var payments = facts.Payments.Select(wire => PaymentOf(wire, account.Options.ManualExpiry)).ToList();
        var refunds = facts.Refunds.Select(RefundOf).ToList();
        var references = facts.Payments.Select(wire => wire.OrderId).Append(facts.Order?.Id).OfType<string>().Distinct().ToList();
        if (payments.Contains(null) || refunds.Contains(null) || references.Count > 1 || !references.All(id => IsId(id, "order_")))
            return null;
        var amount = facts.Order is { } order ? MoneyOf(order.Amount, order.Currency) : null;
        if (facts.Order is not null && amount is null)
            return null;
        var amounts = payments.Select(payment => payment!.Amount).Concat(refunds.Select(refund => refund!.Amount)).Append(amount ?? default);
        if (amounts.Select(each => each.Currency).Where(currency => currency != default).Distinct().Count() > 1)
            return null;

        var notes = facts.Refunds.Select(wire => wire.Notes)
            .Concat(facts.Payments.Select(wire => wire.Notes))
            .Append(facts.Order?.Notes ?? FrozenDictionary<string, string>.Empty)
            .ToList();
        return new ProviderSnapshot
        {
            Provider = Provider,
            ProviderAccount = account.Name,
            IsLiveMode = isLiveMode,
            ChargeId = notes.Select(ChargeIdOf).FirstOrDefault(id => id is not null),
            OperationId = notes.Select(OperationIdOf).FirstOrDefault(id => id is not null),
            Reference = references.SingleOrDefault(),
            Amount = amount,
            Payments = [.. payments!],
            Refunds = [.. refunds!],
        };
    }

    /// <summary>A payment; null when it cannot be read safely. An unknown status is never taken for money.</summary>
    public static ChargePayment? PaymentOf(WirePayment wire, TimeSpan manualExpiry)
    {
        if (!IsId(wire.Id, "pay_") || StateOf(wire) is not { } state || MoneyOf(wire.Amount, wire.Currency) is not { } amount
            || TimeOf(wire.CreatedAt) is not { } createdAt)
            return null;
        return new ChargePayment
        {
            Reference = wire.Id!,
            State = state,
            Amount = amount,
            Captured = state == PaymentState.Captured ? amount : Money.Zero(amount.Currency),
            CreatedAt = createdAt,
            CaptureBefore = createdAt + manualExpiry,
            ErrorCode = state == PaymentState.Failed ? RazorpayErrors.Word(wire.ErrorReason, wire.ErrorCode) : null,
        };
    }

    /// <summary>A refund; null when it cannot be read safely.</summary>
    public static ChargeRefund? RefundOf(WireRefund wire)
    {
        RefundState? state = wire.Status switch
        {
            "created" or "pending" => RefundState.Pending,
            "processed" => RefundState.Succeeded,
            "failed" => RefundState.Failed,
            _ => null,
        };
        if (!IsId(wire.Id, "rfnd_") || !IsId(wire.PaymentId, "pay_") || state is null || MoneyOf(wire.Amount, wire.Currency) is not { } amount)
            return null;
        return new ChargeRefund
        {
            Reference = wire.Id!,
            State = state.Value,
            Amount = amount,
            PaymentReference = wire.PaymentId,
            OperationId = OperationIdOf(wire.Notes) ?? (OperationId.TryParse(wire.Receipt, out var id) ? id : null),
            CreatedAt = TimeOf(wire.CreatedAt),
            ErrorCode = state == RefundState.Failed ? "refund_failed" : null,
        };
    }

    /// <summary>True for Razorpay's ids: a prefix and letters and digits.</summary>
    public static bool IsId(string? id, string prefix) =>
        id is not null && id.Length > prefix.Length && id.Length <= 64 && id.StartsWith(prefix, StringComparison.Ordinal)
        && id.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    /// <summary>Razorpay's amount; null when it is none of ours.</summary>
    public static Money? MoneyOf(long? amount, string? currency) => amount is { } units ? Currencies.FromProvider(units, currency) : null;

    /// <summary>Our operation, from notes.</summary>
    public static OperationId? OperationIdOf(IReadOnlyDictionary<string, string> notes) =>
        OperationId.TryParse(notes.GetValueOrDefault("operation_id"), out var id) ? id : null;

    /// <summary>Our charge, from notes.</summary>
    public static ChargeId? ChargeIdOf(IReadOnlyDictionary<string, string> notes) =>
        ChargeId.TryParse(notes.GetValueOrDefault("charge_id"), out var id) ? id : null;

    // A payment refunded without a capture was released: the hold ran out, or somebody gave it back.
    private static PaymentState? StateOf(WirePayment wire) => (wire.Status, wire.Captured) switch
    {
        ("created", _) => PaymentState.Created,
        ("failed", _) => PaymentState.Failed,
        ("authorized", _) => PaymentState.Authorized,
        ("captured", _) or ("refunded", true) => PaymentState.Captured,
        ("refunded", false) => PaymentState.Voided,
        _ => null,
    };

    private static RequestNotes NotesOf(ProviderRequest request) => new(
        request.Charge.Id.ToString(),
        request.RequiredOperation.Id.ToString(),
        request.Charge.ConsultationId.Value,
        request.Charge.TenantId.Value);

    private static DateTimeOffset? TimeOf(long? unixSeconds) =>
        unixSeconds is > 0 and < UnixSecondsMax ? DateTimeOffset.FromUnixTimeSeconds(unixSeconds.Value) : null;

    private static Dictionary<string, T> ThreeDecimals<T>(T value) =>
        WithThreeDecimals.ToDictionary(code => code, _ => value);
}
