using System.Text.Json.Nodes;

namespace Curaway.Payments.Simulators;

/// <summary>A PaymentIntent as the account holds it. Changed only under the ledger's gate.</summary>
internal sealed class StripeIntent
{
    public required string Id { get; init; }
    public required string ClientSecret { get; init; }
    public required long Amount { get; init; }
    public required string Currency { get; init; }
    public required string CaptureMethod { get; init; }
    public required long Created { get; init; }
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }
    public required bool LiveMode { get; init; }
    public required string Status { get; set; }
    public string? Customer { get; init; }
    public string? Description { get; init; }
    public string? ReturnUrl { get; set; }
    public string? SetupFutureUsage { get; init; }
    public bool IsOffSession { get; set; }
    public string? PaymentMethod { get; set; }
    public StripeCharge? LatestCharge { get; set; }
    public StripeTestCard? AwaitingAuthentication { get; set; }
    public JsonObject? LastPaymentError { get; set; }
    public long AmountReceived { get; set; }
    public long? CanceledAt { get; set; }
    public string? CancellationReason { get; set; }

    public long AmountCapturable => Status == "requires_capture" ? Amount : 0;

    public JsonObject ToJson(bool expandCharge = false) => new()
    {
        ["id"] = Id,
        ["object"] = "payment_intent",
        ["amount"] = Amount,
        ["amount_capturable"] = AmountCapturable,
        ["amount_details"] = new JsonObject { ["tip"] = new JsonObject() },
        ["amount_received"] = AmountReceived,
        ["application"] = null,
        ["automatic_payment_methods"] = new JsonObject { ["allow_redirects"] = "always", ["enabled"] = true },
        ["canceled_at"] = CanceledAt,
        ["cancellation_reason"] = CancellationReason,
        ["capture_method"] = CaptureMethod,
        ["client_secret"] = ClientSecret,
        ["confirmation_method"] = "automatic",
        ["created"] = Created,
        ["currency"] = Currency,
        ["customer"] = Customer,
        ["description"] = Description,
        ["last_payment_error"] = LastPaymentError?.DeepClone(),
        ["latest_charge"] = expandCharge ? LatestCharge?.ToJson() : LatestCharge?.Id,
        ["livemode"] = LiveMode,
        ["metadata"] = SimulatorJson.Map(Metadata),
        ["next_action"] = NextAction(),
        ["on_behalf_of"] = null,
        ["payment_method"] = PaymentMethod,
        ["payment_method_types"] = new JsonArray("card"),
        ["processing"] = null,
        ["receipt_email"] = null,
        ["setup_future_usage"] = SetupFutureUsage,
        ["shipping"] = null,
        ["statement_descriptor"] = null,
        ["status"] = Status,
        ["transfer_group"] = null,
    };

    private JsonObject? NextAction() => (Status, ReturnUrl) switch
    {
        ("requires_action", { } url) => new JsonObject
        {
            ["type"] = "redirect_to_url",
            ["redirect_to_url"] = new JsonObject { ["return_url"] = url, ["url"] = url },
        },
        ("requires_action", null) => new JsonObject
        {
            ["type"] = "use_stripe_sdk",
            ["use_stripe_sdk"] = new JsonObject { ["type"] = "three_d_secure_redirect" },
        },
        _ => null,
    };
}

/// <summary>One attempt to take the money of an intent.</summary>
internal sealed class StripeCharge
{
    public required string Id { get; init; }
    public required StripeIntent Intent { get; init; }
    public required StripeTestCard Card { get; init; }
    public required long Created { get; init; }
    public required bool IsPaid { get; init; }

    /// <summary>Unix seconds; null when captured at once or failed.</summary>
    public long? CaptureBefore { get; init; }
    public bool IsCaptured { get; set; }
    public bool IsReleased { get; set; }
    public long AmountCaptured { get; set; }
    public long AmountRefunded { get; set; }

    public bool IsHeld => IsPaid && !IsCaptured && !IsReleased;

    public JsonObject ToJson() => new()
    {
        ["id"] = Id,
        ["object"] = "charge",
        ["amount"] = Intent.Amount,
        ["amount_captured"] = AmountCaptured,
        ["amount_refunded"] = AmountRefunded,
        ["captured"] = IsCaptured,
        ["created"] = Created,
        ["currency"] = Intent.Currency,
        ["customer"] = Intent.Customer,
        ["disputed"] = false,
        ["failure_code"] = IsPaid ? null : Card.Code,
        ["failure_message"] = IsPaid ? null : Card.Message,
        ["livemode"] = Intent.LiveMode,
        ["metadata"] = SimulatorJson.Map(Intent.Metadata),
        ["outcome"] = new JsonObject
        {
            ["type"] = IsPaid ? "authorized" : "issuer_declined",
            ["network_status"] = IsPaid ? "approved_by_network" : "declined_by_network",
        },
        ["paid"] = IsPaid,
        ["payment_intent"] = Intent.Id,
        ["payment_method"] = Intent.PaymentMethod,
        ["payment_method_details"] = new JsonObject
        {
            ["type"] = "card",
            ["card"] = CardDetails(),
        },
        ["refunded"] = IsCaptured && AmountCaptured > 0 && AmountRefunded == AmountCaptured,
        ["status"] = IsPaid ? "succeeded" : "failed",
    };

    /// <summary>The deadline stands there for a held payment only: it is absent from others, not null, and Stripe.net cannot read null.</summary>
    private JsonObject CardDetails()
    {
        var card = new JsonObject { ["brand"] = "visa", ["country"] = "US", ["funding"] = "credit", ["last4"] = Card.LastFour };
        if (CaptureBefore is { } last) card["capture_before"] = last;
        return card;
    }
}

/// <summary>Money on its way back to the customer.</summary>
internal sealed class StripeRefund
{
    public required string Id { get; init; }
    public required StripeCharge Charge { get; init; }
    public required long Amount { get; init; }
    public required long Created { get; init; }
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }
    public string? Reason { get; init; }
    public required string Status { get; set; }
    public string? FailureReason { get; set; }

    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["id"] = Id,
            ["object"] = "refund",
            ["amount"] = Amount,
            ["balance_transaction"] = Id.Replace("re_", "txn_", StringComparison.Ordinal),
            ["charge"] = Charge.Id,
            ["created"] = Created,
            ["currency"] = Charge.Intent.Currency,
            ["metadata"] = SimulatorJson.Map(Metadata),
            ["payment_intent"] = Charge.Intent.Id,
            ["reason"] = Reason,
            ["receipt_number"] = null,
            ["status"] = Status,
        };
        if (Status == "pending") json["pending_reason"] = "processing";
        if (FailureReason is { } reason) json["failure_reason"] = reason;
        return json;
    }
}
