using System.Text.Json;
using System.Text.Json.Serialization;

namespace Curaway.Payments.Razorpay;

// What goes over the wire. Requests hold what Razorpay takes and nothing else (it refuses unknown fields); answers hold the
// fields we own. Orders of members are the orders of the bytes: a replayed refund must be byte-identical.

internal sealed record OrderRequest(long Amount, string Currency, string Receipt, RequestNotes Notes, OrderPayment Payment);

internal sealed record OrderPayment(string Capture, CaptureOptions CaptureOptions);

internal sealed record CaptureOptions(int ManualExpiryPeriod, string RefundSpeed);

internal sealed record CaptureRequest(long Amount, string Currency);

/// <summary>Without an amount it is the whole payment, and the only form in which an authorized one may be refunded.</summary>
internal sealed record RefundRequest(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Amount, string Speed, string Receipt, RequestNotes Notes);

/// <summary>Opaque ids only: notes come back in every webhook.</summary>
internal sealed record RequestNotes(string ChargeId, string OperationId, string ConsultationId, string TenantId);

internal sealed record WireList<T>(T[]? Items);

internal sealed record WireOrder
{
    public string? Id { get; init; }

    public long? Amount { get; init; }

    public string? Currency { get; init; }

    [JsonConverter(typeof(LenientTextConverter))]
    public string? Receipt { get; init; }

    public long? CreatedAt { get; init; }

    [JsonConverter(typeof(NotesConverter))]
    public IReadOnlyDictionary<string, string>? Notes { get; init; }
}

internal sealed record WirePayment
{
    public string? Id { get; init; }

    public long? Amount { get; init; }

    public string? Currency { get; init; }

    public string? Status { get; init; }

    [JsonConverter(typeof(LenientTextConverter))]
    public string? OrderId { get; init; }

    public bool? Captured { get; init; }

    public long? AmountRefunded { get; init; }

    public long? CreatedAt { get; init; }

    [JsonConverter(typeof(LenientTextConverter))]
    public string? ErrorCode { get; init; }

    [JsonConverter(typeof(LenientTextConverter))]
    public string? ErrorReason { get; init; }

    [JsonConverter(typeof(NotesConverter))]
    public IReadOnlyDictionary<string, string>? Notes { get; init; }
}

internal sealed record WireRefund
{
    public string? Id { get; init; }

    public long? Amount { get; init; }

    public string? Currency { get; init; }

    public string? PaymentId { get; init; }

    public string? Status { get; init; }

    [JsonConverter(typeof(LenientTextConverter))]
    public string? Receipt { get; init; }

    public long? CreatedAt { get; init; }

    [JsonConverter(typeof(NotesConverter))]
    public IReadOnlyDictionary<string, string>? Notes { get; init; }
}

internal sealed record WireDispute
{
    public string? Id { get; init; }

    public string? PaymentId { get; init; }

    public long? Amount { get; init; }

    public string? Currency { get; init; }

    [JsonConverter(typeof(LenientTextConverter))]
    public string? Status { get; init; }

    [JsonConverter(typeof(LenientTextConverter))]
    public string? ReasonCode { get; init; }
}

internal sealed record WireInvoice
{
    public string? Id { get; init; }

    public long? Amount { get; init; }

    public string? Currency { get; init; }

    [JsonConverter(typeof(LenientTextConverter))]
    public string? Status { get; init; }

    [JsonConverter(typeof(LenientTextConverter))]
    public string? OrderId { get; init; }

    [JsonConverter(typeof(LenientTextConverter))]
    public string? InvoiceNumber { get; init; }

    [JsonConverter(typeof(LenientTextConverter))]
    public string? ShortUrl { get; init; }

    [JsonConverter(typeof(NotesConverter))]
    public IReadOnlyDictionary<string, string>? Notes { get; init; }
}

internal sealed record WireErrorEnvelope(WireError? Error);

internal sealed record WireError
{
    [JsonConverter(typeof(LenientTextConverter))]
    public string? Code { get; init; }

    /// <summary>Prose. It is compared with known sentences and never leaves this package.</summary>
    [JsonConverter(typeof(LenientTextConverter))]
    public string? Description { get; init; }

    [JsonConverter(typeof(LenientTextConverter))]
    public string? Field { get; init; }

    [JsonConverter(typeof(LenientTextConverter))]
    public string? Reason { get; init; }
}

internal sealed record WireEvent(string? Event, WirePayload? Payload);

/// <summary>Enough of an event to know whether the rest matters.</summary>
internal sealed record WireEventName(string? Event);

/// <summary>Enough of an event to know which order it is about.</summary>
internal sealed record WireEventOrder(WireOrderNames? Payload);

internal sealed record WireOrderNames(WireBox<WireOrderName>? Payment, WireBox<WireOrderName>? Order);

internal sealed record WireOrderName(string? Id, string? OrderId);

internal sealed record WirePayload(
    WireBox<WirePayment>? Payment, WireBox<WireOrder>? Order, WireBox<WireRefund>? Refund, WireBox<WireDispute>? Dispute, WireBox<WireInvoice>? Invoice);

internal sealed record WireBox<T>(T? Entity);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(OrderRequest))]
[JsonSerializable(typeof(CaptureRequest))]
[JsonSerializable(typeof(RefundRequest))]
[JsonSerializable(typeof(WireOrder))]
[JsonSerializable(typeof(WirePayment))]
[JsonSerializable(typeof(WireRefund))]
[JsonSerializable(typeof(WireList<WireOrder>), TypeInfoPropertyName = "Orders")]
[JsonSerializable(typeof(WireList<WirePayment>), TypeInfoPropertyName = "Payments")]
[JsonSerializable(typeof(WireList<WireRefund>), TypeInfoPropertyName = "Refunds")]
[JsonSerializable(typeof(WireErrorEnvelope))]
[JsonSerializable(typeof(WireEvent))]
[JsonSerializable(typeof(WireEventName))]
[JsonSerializable(typeof(WireEventOrder))]
internal sealed partial class RazorpayJson : JsonSerializerContext;

/// <summary>A text that may be missing in many ways: null, empty, <c>"NA"</c>, or no text at all.</summary>
internal sealed class LenientTextConverter : JsonConverter<string>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
            return reader.GetString() is { Length: > 0 } text and not "NA" ? text : null;
        reader.Skip();
        return null;
    }

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);
}

/// <summary>Notes: <c>[]</c> when empty, else an object whose values need not be texts.</summary>
internal sealed class NotesConverter : JsonConverter<IReadOnlyDictionary<string, string>>
{
    public override IReadOnlyDictionary<string, string>? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }

        var notes = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = reader.GetString() ?? "";
            reader.Read();
            if (reader.TokenType == JsonTokenType.String)
                notes[name] = reader.GetString() ?? "";
            else
                reader.Skip();
        }

        return notes;
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyDictionary<string, string> value, JsonSerializerOptions options) =>
        throw new NotSupportedException("Notes are only read; requests write theirs.");
}
