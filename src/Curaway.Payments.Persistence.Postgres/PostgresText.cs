using System.Text;

namespace Curaway.Payments.Postgres;

/// <summary>
/// A text column holds neither U+0000 nor half of a surrogate pair, which signed JSON may carry. Both become U+FFFD: always
/// the same way, so a repeated event still meets its first.
/// </summary>
internal static class PostgresText
{
    public static string Storable(string text)
    {
        if (!text.Contains('\0', StringComparison.Ordinal) && !text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            return text;
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            clean.Append(rune.Value == 0 ? Rune.ReplacementChar.ToString() : rune.ToString());
        return clean.ToString();
    }
}
