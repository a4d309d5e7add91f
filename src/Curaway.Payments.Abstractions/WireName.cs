using System.Collections.Frozen;
using System.Text.Json;

namespace Curaway.Payments;

/// <summary>
/// The snake_case names under which our enums stand in the database, in JSON and in the runbook's SQL
/// (<c>PartiallyRefunded</c> is <c>partially_refunded</c>). Thread-safe.
/// </summary>
public static class WireName
{
    /// <summary>The name of a value.</summary>
    public static string Of<T>(T value)
        where T : struct, Enum => Names<T>.ByValue[value];

    /// <summary>The value of a name.</summary>
    /// <exception cref="FormatException">No value has that name.</exception>
    public static T Parse<T>(string name)
        where T : struct, Enum =>
        TryParse(name, out T value) ? value : throw new FormatException($"'{name}' is not a {typeof(T).Name}.");

    /// <summary>The value of a name; false when no value has it. Case matters.</summary>
    public static bool TryParse<T>(string? name, out T value)
        where T : struct, Enum
    {
        value = default;
        return name is not null && Names<T>.ByName.TryGetValue(name, out value);
    }

    private static class Names<T>
        where T : struct, Enum
    {
        public static readonly FrozenDictionary<T, string> ByValue =
            Enum.GetValues<T>().ToFrozenDictionary(v => v, v => JsonNamingPolicy.SnakeCaseLower.ConvertName(v.ToString()));

        public static readonly FrozenDictionary<string, T> ByName = ByValue.ToFrozenDictionary(p => p.Value, p => p.Key);
    }
}
