using System.Text.Json;
using System.Text.Json.Serialization;

namespace Curaway.Payments;

/// <summary>
/// The JSON in which stores keep facts: snake_case, enums by <see cref="WireName"/>, money as
/// <c>{"amount":1500,"currency":"USD"}</c>, times in ISO 8601 UTC. Thread-safe.
/// </summary>
public static class PaymentsJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        IgnoreReadOnlyProperties = true,
        Converters =
        {
            new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false),
            new MoneyConverter(),
            new TextConverter<ChargeId>(id => id.ToString(), text => ChargeId.TryParse(text, out var id) ? id : null),
            new TextConverter<OperationId>(id => id.ToString(), text => OperationId.TryParse(text, out var id) ? id : null),
            new TextConverter<OpaqueId>(id => id.Value, text => OpaqueId.TryParse(text, out var id) ? id : null),
        },
    };

    /// <summary>Writes a value.</summary>
    public static string Serialize<T>(T value) => JsonSerializer.Serialize(value, Options);

    /// <summary>Reads a value.</summary>
    /// <exception cref="JsonException">The text is not such a value.</exception>
    public static T Deserialize<T>(string json) =>
        JsonSerializer.Deserialize<T>(json, Options) ?? throw new JsonException("null is not a value here.");

    private sealed class TextConverter<T>(Func<T, string> write, Func<string?, T?> read) : JsonConverter<T>
        where T : struct
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            read(reader.GetString()) ?? throw new JsonException($"Not a {typeof(T).Name}.");

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(write(value));
    }

    private sealed class MoneyConverter : JsonConverter<Money>
    {
        public override Money Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            using var document = JsonDocument.ParseValue(ref reader);
            var root = document.RootElement;
            return new Money(root.GetProperty("amount").GetInt64(), Currency.Parse(root.GetProperty("currency").GetString() ?? ""));
        }

        public override void Write(Utf8JsonWriter writer, Money value, JsonSerializerOptions options)
        {
            writer.WriteStartObject();
            writer.WriteNumber("amount", value.MinorUnits);
            writer.WriteString("currency", value.Currency.Code);
            writer.WriteEndObject();
        }
    }
}
