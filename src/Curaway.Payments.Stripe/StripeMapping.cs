using System.Text.Json;

namespace Curaway.Payments.Stripe;

/// <summary>A payment intent, read strictly.</summary>
/// <param name="Id"><c>pi_…</c>.</param>
/// <param name="Status">Stripe's status, as it is.</param>
/// <param name="Amount">What it is for.</param>
/// <param name="Received">What was captured of it.</param>
/// <param name="ClientSecret">What the browser needs; null when it was not sent.</param>
/// <param name="FailureCode">Why the last attempt failed; null when it did not.</param>
/// <param name="Snapshot">The same in our words.</param>
internal sealed record StripeIntent(
    string Id, string Status, Money Amount, Money Received, string? ClientSecret, string? FailureCode, ProviderSnapshot Snapshot);

/// <summary>A page of a list, and the id the next one starts after; null on the last one.</summary>
internal sealed record StripePage(IReadOnlyList<JsonElement> Items, string? Next);

/// <summary>
/// JSON into facts. Pure; what cannot be read safely is null, never a guess. Stripe.net's own classes read a missing amount
/// as 0 and a missing time as 1970, so they are not asked.
/// </summary>
internal static partial class StripeMapping
{
    public const string ChargeIdKey = "charge_id";
    public const string OperationIdKey = "operation_id";

    /// <summary>
    /// Where Stripe differs from ISO 4217 (https://docs.stripe.com/currencies): MGA without decimals; ISK and UGX with two
    /// that must be 00; three-decimal currencies with a last digit of 0. Its minimums follow the settlement currency, which
    /// we do not know, so they are left to Stripe.
    /// </summary>
    public static CurrencyRules Currencies { get; } = new(
        exponents: new Dictionary<string, int>
        {
            ["MGA"] = 0,
            ["ISK"] = 2,
            ["UGX"] = 2,
            ["BHD"] = 3,
            ["JOD"] = 3,
            ["KWD"] = 3,
            ["OMR"] = 3,
            ["TND"] = 3,
        },
        multiples: new Dictionary<string, long>
        {
            ["ISK"] = 100,
            ["UGX"] = 100,
            ["BHD"] = 10,
            ["JOD"] = 10,
            ["KWD"] = 10,
            ["OMR"] = 10,
            ["TND"] = 10,
        },
        minimums: new Dictionary<string, long>());

    /// <summary>True when the object's metadata names our operation, or our charge.</summary>
    public static bool IsOurs(JsonElement json, ProviderRequest request) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object
        && ((Text(metadata, OperationIdKey) is { } operation && operation == request.Operation?.Id.ToString())
            || Text(metadata, ChargeIdKey) == request.Charge.Id.ToString());

    /// <summary>Reads a page of a list; null for what is none, or does not tell where the next one starts.</summary>
    public static StripePage? ReadPage(JsonElement json)
    {
        if (!IsObject(json, "list") || !json.TryGetProperty("data", out var data) || data.ValueKind != JsonValueKind.Array
            || Flag(json, "has_more") is not { } hasMore)
            return null;
        var items = data.EnumerateArray().ToList();
        if (!hasMore || items.Count == 0)
            return new StripePage(items, null);
        return items[^1].ValueKind == JsonValueKind.Object && Text(items[^1], "id") is { } last ? new StripePage(items, last) : null;
    }

    /// <summary>Reads an intent; null when a field we stand on is missing or of another type.</summary>
    public static StripeIntent? ReadIntent(JsonElement json, string account)
    {
        if (!IsObject(json, "payment_intent") || Text(json, "id") is not { } id || !IsId(id, "pi_")
            || Text(json, "status") is not { } status || Amount(json, "amount") is not { } amount)
            return null;
        var received = Amount(json, "amount_received") ?? Money.Zero(amount.Currency);
        var failure = json.TryGetProperty("last_payment_error", out var error) && error.ValueKind == JsonValueKind.Object
            ? CodeOf(error)
            : null;
        var payment = PaymentOf(json, status, amount, received, failure);
        var snapshot = Link(json, account) with
        {
            Reference = id,
            IsReferenceClosed = status == "canceled",
            Amount = amount,
            Payments = payment is null ? [] : [payment],
            IsIncomplete = payment is null && status is "requires_capture" or "succeeded",
            Error = failure is not null && status == "requires_payment_method" ? new PaymentError(ErrorCodes.ChargeFailed, failure) : null,
        };
        return new StripeIntent(id, status, amount, received, Text(json, "client_secret"), failure, snapshot);
    }

    /// <summary>Reads a refund with its links; null when a field we stand on is missing or of another type.</summary>
    public static ProviderSnapshot? ReadRefund(JsonElement json, string account)
    {
        if (!IsObject(json, "refund") || Text(json, "id") is not { } id || !(IsId(id, "re_") || IsId(id, "pyr_"))
            || Amount(json, "amount") is not { } amount || RefundStateOf(Text(json, "status")) is not { } state)
            return null;
        var link = Link(json, account);
        var refund = new ChargeRefund
        {
            Reference = id,
            State = state,
            Amount = amount,
            PaymentReference = ChargeIdOf(json, "charge"),
            OperationId = link.OperationId,
            CreatedAt = Time(json, "created"),
            ErrorCode = state == RefundState.Failed ? Code(Text(json, "failure_reason") ?? Text(json, "status")) : null,
        };
        var intent = IdOf(json, "payment_intent");
        return link with { Reference = IsId(intent, "pi_") ? intent : null, Refunds = [refund] };
    }

    /// <summary>Reads a charge as a payment; null when a field we stand on is missing or of another type.</summary>
    public static ChargePayment? ReadCharge(JsonElement json, bool isReleased, Money? received)
    {
        if (!IsObject(json, "charge") || Text(json, "id") is not { } id || !IsChargeId(id) || Amount(json, "amount") is not { } amount)
            return null;
        var captured = Money.Max(Amount(json, "amount_captured") ?? Money.Zero(amount.Currency), In(received, amount.Currency));
        var isCaptured = Flag(json, "captured") == true || captured.IsPositive;
        var state = Text(json, "status") switch
        {
            "failed" => PaymentState.Failed,
            "pending" when !isCaptured => PaymentState.Created,
            "succeeded" or "pending" when isCaptured => PaymentState.Captured,
            "succeeded" => isReleased ? PaymentState.Voided : PaymentState.Authorized,
            _ => (PaymentState?)null,
        };
        return state is not { } known ? null : new ChargePayment
        {
            Reference = id,
            State = known,
            Amount = amount,
            Captured = known == PaymentState.Captured ? captured : Money.Zero(amount.Currency),
            CreatedAt = Time(json, "created"),
            CaptureBefore = CaptureBeforeOf(json),
            ErrorCode = known == PaymentState.Failed ? Code(Text(json, "failure_code")) : null,
        };
    }

    /// <summary>The intent's latest charge: expanded in answers to us, an id in events.</summary>
    private static ChargePayment? PaymentOf(JsonElement json, string status, Money amount, Money received, string? failure)
    {
        if (!json.TryGetProperty("latest_charge", out var latest))
            return null;
        if (latest.ValueKind == JsonValueKind.Object)
            return ReadCharge(latest, isReleased: status == "canceled", received);
        if (ChargeIdOf(json, "latest_charge") is not { } id)
            return null;

        var hasFailed = failure is not null && json.GetProperty("last_payment_error") is var error
            && (Text(error, "charge") ?? id) == id;
        PaymentState? state = status switch
        {
            "succeeded" => PaymentState.Captured,
            "requires_capture" => PaymentState.Authorized,
            "processing" => PaymentState.Created,
            "canceled" or "requires_payment_method" when hasFailed => PaymentState.Failed,
            "canceled" => PaymentState.Voided,
            _ => null,
        };
        return state is not { } known ? null : new ChargePayment
        {
            Reference = id,
            State = known,
            Amount = amount,
            Captured = known == PaymentState.Captured ? received : Money.Zero(amount.Currency),
            ErrorCode = known == PaymentState.Failed ? failure : null,
        };
    }

    private static RefundState? RefundStateOf(string? status) => status switch
    {
        "pending" or "requires_action" => RefundState.Pending,
        "succeeded" => RefundState.Succeeded,
        "failed" or "canceled" => RefundState.Failed,
        _ => null,
    };

    /// <summary>Our ids from the metadata, and the mode: all that links an object to a charge of ours.</summary>
    public static ProviderSnapshot Link(JsonElement json, string account)
    {
        var metadata = json.TryGetProperty("metadata", out var found) && found.ValueKind == JsonValueKind.Object ? found : default;
        var isOurs = metadata.ValueKind == JsonValueKind.Object;
        return new ProviderSnapshot
        {
            Provider = StripeProvider.ProviderName,
            ProviderAccount = account,
            IsLiveMode = Flag(json, "livemode"),
            ChargeId = isOurs && ChargeId.TryParse(Text(metadata, ChargeIdKey), out var charge) ? charge : null,
            OperationId = isOurs && OperationId.TryParse(Text(metadata, OperationIdKey), out var operation) ? operation : null,
        };
    }

    private static Money In(Money? amount, Currency currency) =>
        amount is { } known && known.Currency == currency ? known : Money.Zero(currency);

    private static DateTimeOffset? CaptureBeforeOf(JsonElement charge) =>
        charge.TryGetProperty("payment_method_details", out var details) && details.ValueKind == JsonValueKind.Object
        && details.TryGetProperty("card", out var card) && card.ValueKind == JsonValueKind.Object
            ? Time(card, "capture_before")
            : null;

    private static string CodeOf(JsonElement error) => Code(Text(error, "decline_code") ?? Text(error, "code") ?? Text(error, "type"));
}
