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
internal sealed record StripePage(IReadOnlyList<StripeValue> Items, string? Next);

/// <summary>
/// JSON into facts. Pure; what cannot be read safely is null, never a guess. Stripe.net's own classes read a missing amount
/// as 0 and a missing time as 1970, so they are not asked.
/// </summary>
internal static partial class StripeMapping
{
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
    public static bool IsOurs(StripeValue json, ProviderRequest request)
    {
        var metadata = json[StripeField.Metadata];
        return (metadata.Text(StripeField.OperationId) is { } operation && operation == request.Operation?.Id.ToString())
            || metadata.Text(StripeField.ChargeId) == request.Charge.Id.ToString();
    }

    /// <summary>Reads a page of a list; null for what is none, or does not tell where the next one starts.</summary>
    public static StripePage? ReadPage(StripeValue json)
    {
        if (!IsObject(json, "list") || json[StripeField.Data] is not { IsArray: true } data
            || json.Flag(StripeField.HasMore) is not { } hasMore)
            return null;
        var items = data.Items.ToList();
        if (!hasMore || items.Count == 0)
            return new StripePage(items, null);
        return items[^1].Text(StripeField.Id) is { } last ? new StripePage(items, last) : null;
    }

    /// <summary>Reads an intent; null when a field we stand on is missing or of another type.</summary>
    public static StripeIntent? ReadIntent(StripeValue json, string account)
    {
        if (!IsObject(json, "payment_intent") || json.Text(StripeField.Id) is not { } id || !IsId(id, "pi_")
            || json.Text(StripeField.Status) is not { } status || Amount(json, StripeField.Amount) is not { } amount)
            return null;
        var received = Amount(json, StripeField.AmountReceived) ?? Money.Zero(amount.Currency);
        var failure = json[StripeField.LastPaymentError] is { IsObject: true } error ? CodeOf(error) : null;
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
        return new StripeIntent(id, status, amount, received, json.Text(StripeField.ClientSecret), failure, snapshot);
    }

    /// <summary>Reads a refund with its links; null when a field we stand on is missing or of another type.</summary>
    public static ProviderSnapshot? ReadRefund(StripeValue json, string account)
    {
        if (!IsObject(json, "refund") || json.Text(StripeField.Id) is not { } id || !(IsId(id, "re_") || IsId(id, "pyr_"))
            || Amount(json, StripeField.Amount) is not { } amount || RefundStateOf(json.Text(StripeField.Status)) is not { } state)
            return null;
        var link = Link(json, account);
        var refund = new ChargeRefund
        {
            Reference = id,
            State = state,
            Amount = amount,
            PaymentReference = ChargeIdOf(json, StripeField.Charge),
            OperationId = link.OperationId,
            CreatedAt = Time(json, StripeField.Created),
            ErrorCode = state == RefundState.Failed ? Code(json.Text(StripeField.FailureReason) ?? json.Text(StripeField.Status)) : null,
        };
        var intent = IdOf(json, StripeField.PaymentIntent);
        return link with { Reference = IsId(intent, "pi_") ? intent : null, Refunds = [refund] };
    }

    /// <summary>Reads a charge as a payment; null when a field we stand on is missing or of another type.</summary>
    public static ChargePayment? ReadCharge(StripeValue json, bool isReleased, Money? received)
    {
        if (!IsObject(json, "charge") || json.Text(StripeField.Id) is not { } id || !IsChargeId(id) || Amount(json, StripeField.Amount) is not { } amount)
            return null;
        var captured = Money.Max(Amount(json, StripeField.AmountCaptured) ?? Money.Zero(amount.Currency), In(received, amount.Currency));
        var isCaptured = json.Flag(StripeField.Captured) == true || captured.IsPositive;
        var state = json.Text(StripeField.Status) switch
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
            CreatedAt = Time(json, StripeField.Created),
            CaptureBefore = CaptureBeforeOf(json),
            ErrorCode = known == PaymentState.Failed ? Code(json.Text(StripeField.FailureCode)) : null,
        };
    }

    /// <summary>The intent's latest charge: expanded in answers to us, an id in events.</summary>
    private static ChargePayment? PaymentOf(StripeValue json, string status, Money amount, Money received, string? failure)
    {
        if (json[StripeField.LatestCharge] is { IsObject: true } latest)
            return ReadCharge(latest, isReleased: status == "canceled", received);
        if (ChargeIdOf(json, StripeField.LatestCharge) is not { } id)
            return null;

        var hasFailed = failure is not null && (json[StripeField.LastPaymentError].Text(StripeField.Charge) ?? id) == id;
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
    public static ProviderSnapshot Link(StripeValue json, string account)
    {
        var metadata = json[StripeField.Metadata];
        return new ProviderSnapshot
        {
            Provider = StripeProvider.ProviderName,
            ProviderAccount = account,
            IsLiveMode = json.Flag(StripeField.Livemode),
            ChargeId = ChargeId.TryParse(metadata.Text(StripeField.ChargeId), out var charge) ? charge : null,
            OperationId = OperationId.TryParse(metadata.Text(StripeField.OperationId), out var operation) ? operation : null,
        };
    }

    private static Money In(Money? amount, Currency currency) =>
        amount is { } known && known.Currency == currency ? known : Money.Zero(currency);

    private static DateTimeOffset? CaptureBeforeOf(StripeValue charge) =>
        Time(charge[StripeField.PaymentMethodDetails][StripeField.Card], StripeField.CaptureBefore);

    private static string CodeOf(StripeValue error) => Code(error.Text(StripeField.DeclineCode) ?? error.Text(StripeField.Code) ?? error.Text(StripeField.Type));
}
