using System.Globalization;
using System.Net;

namespace Curaway.Payments.Simulators;

/// <summary>Form or query parameters with bracketed names, as Stripe reads them: <c>metadata[charge_id]=…</c>, <c>expand[0]=…</c>.</summary>
internal sealed class StripeForm
{
    private readonly List<KeyValuePair<string, string>> _pairs = [];

    /// <exception cref="StripeException">The same scalar was sent twice.</exception>
    public StripeForm(string encoded)
    {
        foreach (var part in encoded.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = part.IndexOf('=', StringComparison.Ordinal);
            var name = WebUtility.UrlDecode(at < 0 ? part : part[..at]);
            _pairs.Add(new(name, at < 0 ? "" : WebUtility.UrlDecode(part[(at + 1)..])));
        }
    }

    public string? Text(string name)
    {
        var found = _pairs.FindLast(pair => pair.Key == name).Value;
        return string.IsNullOrEmpty(found) ? null : found;
    }

    public bool Flag(string name) => Text(name) == "true";

    /// <exception cref="StripeException">Present but not a whole number.</exception>
    public long? Number(string name)
    {
        if (Text(name) is not { } text) return null;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw StripeErrors.Invalid("parameter_invalid_integer", $"Invalid integer: {text}", name);
    }

    public long Required(string name) =>
        Number(name) ?? throw StripeErrors.Invalid("parameter_missing", $"Missing required param: {name}.", name);

    public string RequiredText(string name) =>
        Text(name) ?? throw StripeErrors.Invalid("parameter_missing", $"Missing required param: {name}.", name);

    /// <summary>Values of <c>name[]</c>, <c>name[0]</c>, <c>name[key]</c>, by what stands in the brackets.</summary>
    public Dictionary<string, string> Nested(string name)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in _pairs)
            if (key.StartsWith(name + "[", StringComparison.Ordinal) && key.EndsWith(']'))
                found[key[(name.Length + 1)..^1]] = value;
        return found;
    }

    public bool Expands(string path) => Nested("expand").ContainsValue(path);

    /// <summary>At most 50 pairs, keys of 40 and values of 500 characters; a value may be removed by sending it empty.</summary>
    public Dictionary<string, string> Metadata()
    {
        var metadata = Nested("metadata");
        if (metadata.Count > 50) throw StripeErrors.Invalid("parameter_invalid", "Metadata can have up to 50 keys.", "metadata");
        foreach (var (key, value) in metadata)
        {
            if (key.Length <= 40 && value.Length <= 500) continue;
            throw StripeErrors.Invalid(
                "parameter_invalid_string_too_long", "Metadata keys and values can have up to 40 and 500 characters.", "metadata");
        }

        return metadata;
    }

    /// <summary>Anything but the named top-level parameters (and <c>expand</c>) is refused, as Stripe does.</summary>
    public void Allow(params ReadOnlySpan<string> names)
    {
        foreach (var (key, _) in _pairs)
        {
            var at = key.IndexOf('[', StringComparison.Ordinal);
            var top = at < 0 ? key : key[..at];
            if (top == "payment_method_types")
            {
                throw StripeErrors.Invalid(
                    "payment_method_types_no_longer_supported",
                    "payment_method_types is no longer supported. Use automatic_payment_methods or allowed_payment_method_types.", top);
            }

            if (top != "expand" && !names.Contains(top))
                throw StripeErrors.Invalid("parameter_unknown", $"Received unknown parameter: {key}", key);
        }
    }
}
