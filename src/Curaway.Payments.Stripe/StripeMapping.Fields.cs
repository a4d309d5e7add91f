using System.Buffers;

namespace Curaway.Payments.Stripe;

// One field at a time: null for what is missing, of another type or out of bounds.
internal static partial class StripeMapping
{
    private const int CodeLengthMax = 64;
    private const int IdLengthMax = 255;

    private static readonly SearchValues<char> IdCharacters = SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz");

    /// <summary>True for an id of that kind which is safe in a URL and a column.</summary>
    public static bool IsId(string? id, string prefix) =>
        id is { Length: <= IdLengthMax } && id.Length > prefix.Length && id.StartsWith(prefix, StringComparison.Ordinal)
        && !id.AsSpan().ContainsAnyExcept(IdCharacters);

    public static bool IsChargeId(string id) => IsId(id, "ch_") || IsId(id, "py_");

    private static string? ChargeIdOf(StripeValue json, StripeField field) => IdOf(json, field) is { } id && IsChargeId(id) ? id : null;

    /// <summary>An id that stands there by itself or inside the expanded object.</summary>
    public static string? IdOf(StripeValue json, StripeField field) => json.Text(field) ?? json[field].Text(StripeField.Id);

    public static bool IsObject(StripeValue json, string type) => json.Has(StripeField.Object, type);

    public static Money? Amount(StripeValue json, StripeField field) =>
        json.Number(field) is { } amount ? Currencies.FromProvider(amount, json.Text(StripeField.Currency)) : null;

    // Unix seconds; 0 or less means "not told". The upper bound is the year 9999.
    private static DateTimeOffset? Time(StripeValue json, StripeField field) =>
        json.Number(field) is { } seconds and > 0 and <= 253_402_300_799 ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;

    /// <summary>A machine word, or <c>other</c>: never text.</summary>
    public static string Code(string? code) =>
        code is { Length: > 0 and <= CodeLengthMax } && code.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_')
            ? code
            : "other";
}
