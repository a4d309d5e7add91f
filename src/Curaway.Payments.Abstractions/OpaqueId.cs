using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Curaway.Payments;

/// <summary>
/// An identifier that says nothing about a person: 1 to 64 of <c>A-Z a-z 0-9 _ -</c>. It is the only kind of text that
/// reaches a provider's metadata, notes or receipt, because what stands there comes back in every webhook and neither
/// provider signs for health data (Stripe services agreement §4.5; no statement from Razorpay).
/// </summary>
public readonly record struct OpaqueId
{
    /// <summary>The longest id, in characters. Razorpay allows 256 in a note, Stripe 500 in a metadata value.</summary>
    public const int LengthMax = 64;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    private readonly string? _value;

    private OpaqueId(string value) => _value = value;

    /// <summary>The text of the id; empty for <c>default</c>.</summary>
    public string Value => _value ?? "";

    /// <summary>Reads an id.</summary>
    /// <exception cref="FormatException">The text is empty, too long, or holds a character outside the alphabet.</exception>
    public static OpaqueId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException("An opaque id is 1 to 64 of A-Z a-z 0-9 _ -.");

    /// <summary>Reads an id; false when the text is empty, too long, or holds a character outside the alphabet.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out OpaqueId id)
    {
        var valid = text is { Length: > 0 and <= LengthMax } && !text.AsSpan().ContainsAnyExcept(Allowed);
        id = valid ? new OpaqueId(text!) : default;
        return valid;
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}
