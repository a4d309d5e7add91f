using System.Globalization;
using System.Text.Json.Nodes;

namespace Curaway.Payments.Simulators;

/// <summary>Orders and the payments made on them.</summary>
internal sealed class RazorpayOrderCalls(RazorpaySimulatorOptions options, SimulatorClock clock, RazorpayLedger ledger)
{
    private const int ReceiptCharactersMax = 40;
    private const long RupeeMinimum = 100;
    private const long ExpiryMinutesMin = 12;
    private const long ExpiryMinutesMax = 7200;

    public JsonObject Create(SimulatorRequest request)
    {
        var body = new RazorpayBody(request.Body);
        body.Allow(
            "amount", "currency", "receipt", "notes", "payment", "unique_receipt", "partial_payment", "first_payment_min_amount", "payment_capture", "customer_id", "method");
        var amount = body.Required("amount");
        var currency = body.RequiredText("currency");
        if (currency.Length != 3 || !currency.All(char.IsAsciiLetterUpper))
            throw RazorpayErrors.Invalid("The currency is not supported.", "currency", step: "order_creation");
        if (amount < (currency == "INR" ? RupeeMinimum : 1))
        {
            throw RazorpayErrors.Invalid(
                "Order amount less than minimum amount allowed", "amount", "amount_less_than_minimum_amount", "order_creation");
        }

        var receipt = body.Text("receipt");
        if (receipt?.Length > ReceiptCharactersMax)
            throw RazorpayErrors.Invalid("The receipt may not be greater than 40 characters.", "receipt", step: "order_creation");
        var (isManual, expiry) = CaptureSettings(body);
        var notes = body.Notes();
        if (Twin(receipt) is { } twin)
        {
            if (options.ReceiptMode == RazorpayReceiptMode.SameOrder && body.Flag("unique_receipt")) return twin.ToJson();
            if (options.ReceiptMode == RazorpayReceiptMode.Unique400)
                throw RazorpayErrors.Invalid("Order receipt should be unique.", "receipt", step: "order_creation");
        }

        var order = new RazorpayOrder
        {
            Id = SimulatorSecrets.NewId("order_", 14),
            Amount = amount,
            Currency = currency,
            Receipt = receipt,
            Notes = notes,
            CreatedAt = clock.UnixSeconds,
            IsCapturedManually = isManual,
            ExpiryMinutes = expiry,
        };
        ledger.OrdersMade.Add(order.Id, order);
        return order.ToJson();
    }

    public JsonObject Read(SimulatorRequest request) => Find(request.Id).ToJson();

    public JsonObject Payments(SimulatorRequest request) =>
        RazorpayLists.Page(request, Enumerable.Reverse(Find(request.Id).Payments), payment => payment.CreatedAt, payment => payment.ToJson());

    /// <summary>Newest first. A receipt is found only when the listing lag has passed.</summary>
    public JsonObject List(SimulatorRequest request)
    {
        var receipt = request.Query["receipt"].ToString();
        var visible = clock.UnixSeconds - (long)Math.Ceiling(options.ReceiptListingLag.TotalSeconds);
        var orders = ledger.OrdersMade.Values.Reverse()
            .Where(order => receipt.Length == 0
                || (order.Receipt == receipt && (options.ReceiptListingLag == TimeSpan.Zero || order.CreatedAt <= visible)));
        return RazorpayLists.Page(request, orders, order => order.CreatedAt, order => order.ToJson());
    }

    private RazorpayOrder Find(string id)
    {
        RazorpayIds.Demand(id, "order_");
        return ledger.OrdersMade.TryGetValue(id, out var order) ? order : throw RazorpayErrors.UnknownId();
    }

    private RazorpayOrder? Twin(string? receipt) =>
        receipt is null || options.ReceiptMode == RazorpayReceiptMode.DuplicateAccepted
            ? null
            : ledger.OrdersMade.Values.FirstOrDefault(order => order.Receipt == receipt);

    /// <summary>Without settings the dashboard's default holds: automatic capture.</summary>
    private (bool IsManual, long ExpiryMinutes) CaptureSettings(RazorpayBody body)
    {
        if (body.Nested("payment") is not { } payment) return (false, options.ManualExpiryMinutes);
        payment.Allow("capture", "capture_options");
        var capture = payment.RequiredText("capture");
        if (capture is not ("manual" or "automatic")) throw RazorpayErrors.Invalid("The selected capture is invalid.", "capture");
        if (payment.Nested("capture_options") is not { } settings) return (capture == "manual", options.ManualExpiryMinutes);
        settings.Allow("automatic_expiry_period", "manual_expiry_period", "refund_speed");
        if (settings.RequiredText("refund_speed") is not ("normal" or "optimum"))
            throw RazorpayErrors.Invalid("The selected refund_speed is invalid.", "refund_speed");
        var expiry = settings.Number("manual_expiry_period") ?? options.ManualExpiryMinutes;
        if (expiry is < ExpiryMinutesMin or > ExpiryMinutesMax)
            throw RazorpayErrors.Invalid("The manual_expiry_period must be between 12 and 7200.", "manual_expiry_period");
        return (capture == "manual", expiry);
    }
}

internal static class RazorpayIds
{
    /// <summary>Prefix and 14 case-sensitive alphanumerics.</summary>
    public static void Demand(string id, string prefix)
    {
        var isValid = id.StartsWith(prefix, StringComparison.Ordinal) && id.Length == prefix.Length + 14
            && id[prefix.Length..].All(char.IsAsciiLetterOrDigit);
        if (!isValid) throw RazorpayErrors.MalformedId(id);
    }
}

internal static class RazorpayLists
{
    public static JsonObject Page<T>(
        SimulatorRequest request, IEnumerable<T> newestFirst, Func<T, long> createdAt, Func<T, JsonObject> render)
    {
        var count = Number(request, "count") ?? 10;
        if (count is < 1 or > 100) throw RazorpayErrors.Invalid("The count must be between 1 and 100.", "count");
        var from = Number(request, "from") ?? long.MinValue;
        var to = Number(request, "to") ?? long.MaxValue;
        var items = newestFirst.Where(item => createdAt(item) >= from && createdAt(item) <= to)
            .Skip((int)(Number(request, "skip") ?? 0)).Take((int)count).Select(render).ToList();
        return new JsonObject { ["entity"] = "collection", ["count"] = items.Count, ["items"] = SimulatorJson.Array(items) };
    }

    private static long? Number(SimulatorRequest request, string name)
    {
        var text = request.Query[name].ToString();
        if (text.Length == 0) return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw RazorpayErrors.Invalid($"The {name} must be an integer.", name);
    }
}
