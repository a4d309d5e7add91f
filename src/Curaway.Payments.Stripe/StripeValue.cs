using System.Text.Json;

namespace Curaway.Payments.Stripe;

/// <summary>
/// A value of a <see cref="StripeDocument"/>, or none. What is missing, or of another type than it is asked for, is null: no
/// chain of questions has to be checked half way.
/// </summary>
internal readonly struct StripeValue(StripeDocument? document, int index)
{
    /// <summary>The value's first token; <see cref="JsonTokenType.None"/> for no value.</summary>
    public JsonTokenType Kind => document?.KindAt(index) ?? JsonTokenType.None;

    public bool IsObject => Kind == JsonTokenType.StartObject;

    public bool IsArray => Kind == JsonTokenType.StartArray;

    /// <summary>The items of a list; none of anything else.</summary>
    public IEnumerable<StripeValue> Items => IsArray ? document!.ItemsAt(index) : [];

    /// <summary>The field of an object; none of anything else.</summary>
    public StripeValue this[StripeField field] => IsObject ? document!.FieldAt(index, field) : default;

    /// <exception cref="InvalidOperationException">The text is not Unicode.</exception>
    public string? Text(StripeField field) => this[field].AsText();

    /// <summary>True for exactly this text.</summary>
    public bool Has(StripeField field, string text)
    {
        var value = this[field];
        return value.Kind == JsonTokenType.String && value.Reader().ValueTextEquals(text);
    }

    public bool? Flag(StripeField field) => this[field].Kind switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => null,
    };

    /// <summary>A whole number; null also for one with a fraction, an exponent or more digits than fit.</summary>
    public long? Number(StripeField field) => this[field].AsNumber();

    private Utf8JsonReader Reader() => document!.ReaderAt(index);

    private string? AsText() => Kind == JsonTokenType.String ? Reader().GetString() : null;

    private long? AsNumber() => Kind == JsonTokenType.Number && Reader().TryGetInt64(out var number) ? number : null;
}
