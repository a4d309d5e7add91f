using System.Text.Json;
using System.Text.Json.Serialization;

namespace Curaway.Payments.SampleHost.Http;

/// <summary>Our JSON: snake_case, and nothing is guessed. An unknown field, a duplicate key or a number written as text is refused.</summary>
internal static class StrictJson
{
    /// <summary>How deep a body may nest; ours are flat.</summary>
    public const int DepthMax = 8;

    public static void Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.PropertyNameCaseInsensitive = false;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.AllowDuplicateProperties = false;
        options.Converters.Add(new UtcConverter());
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
    }

    /// <summary>Times leave as <c>yyyy-MM-ddTHH:mm:ss.fffZ</c>. They come in as text, so that a wrong one is a field error.</summary>
    private sealed class UtcConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
            writer.WriteStringValue(Data.DbText.Of(value));
    }
}

/// <summary>A whole number that may be too large for 64 bits: then it is the largest one, which every range check refuses.</summary>
internal sealed class AmountConverter : JsonConverter<long?>
{
    public override long? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return null;
        if (reader.TokenType != JsonTokenType.Number)
            throw new JsonException();
        if (reader.TryGetInt64(out var amount))
            return amount;
        return reader.ValueSpan.ContainsAny((byte)'.', (byte)'e', (byte)'E') ? throw new JsonException() : long.MaxValue;
    }

    public override void Write(Utf8JsonWriter writer, long? value, JsonSerializerOptions options)
    {
        if (value is { } amount)
            writer.WriteNumberValue(amount);
        else
            writer.WriteNullValue();
    }
}
