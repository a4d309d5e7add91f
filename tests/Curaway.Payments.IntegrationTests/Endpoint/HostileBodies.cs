using System.Text;
using System.Text.RegularExpressions;

namespace Curaway.Payments.IntegrationTests.Endpoint;

/// <summary>The corpus: bodies that somebody may sign, by name. Each is made of a genuine event.</summary>
internal static partial class HostileBodies
{
    private const int Limit = 256 * 1024;

    private static readonly string[] WrongValues =
    [
        "null", "true", "7", "-1", "0.5", "1e400", "-0", "[]", "{}", "[[]]", "\"\"", "\"text\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\\ud800\"",
        "\"99999999999999999999\"", "99999999999999999999", "\"'; DROP TABLE consultation_charges;--\"", $"\"{new string('x', 5000)}\"",
    ];

    /// <summary>Named cases.</summary>
    /// <param name="good">A genuine event.</param>
    /// <param name="type">The field that names its kind: <c>type</c> or <c>event</c>.</param>
    public static IReadOnlyList<(string Name, byte[] Body)> Named(string good, string type) =>
        [.. Shapes(), .. Encodings(good), .. Structures(good), .. Values(good, type), .. Sizes(good)];

    /// <summary>Every occurrence of every field that we read, with every value it must not have.</summary>
    public static IEnumerable<(string Name, byte[] Body)> WrongFields(string good, IEnumerable<string> fields) =>
        from field in fields
        from at in Enumerable.Range(0, FieldOf(field).Count(good))
        from value in WrongValues
        select ($"{field} #{at}: {Short(value)}", Utf8(With(good, field, value, at)));

    private static IEnumerable<(string, byte[])> Shapes() =>
    [
        ("empty object", "{}"u8.ToArray()), ("empty list", "[]"u8.ToArray()), ("null", "null"u8.ToArray()), ("true", "true"u8.ToArray()),
        ("a number", "7"u8.ToArray()), ("a text", "\"evt_1\""u8.ToArray()), ("white space", " \r\n\t "u8.ToArray()), ("one NUL", [0]),
        ("one brace", "{"u8.ToArray()), ("XML", "<?xml version=\"1.0\"?><event><id>evt_1</id></event>"u8.ToArray()),
        ("an entity bomb", "<!DOCTYPE a [<!ENTITY b \"&c;&c;\">]><a>&b;</a>"u8.ToArray()), ("HTML", "<html><body>502 Bad Gateway</body></html>"u8.ToArray()),
        ("a form", "id=evt_1&type=payment_intent.succeeded"u8.ToArray()), ("all 0xFF", [.. Enumerable.Repeat((byte)0xFF, 1000)]),
        ("random bytes", RandomBytes(5000)), ("gzip magic", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, .. RandomBytes(100)]),
        ("NaN", "{\"id\":NaN}"u8.ToArray()), ("Infinity", "{\"id\":-Infinity}"u8.ToArray()), ("single quotes", "{'id':'evt_1'}"u8.ToArray()),
    ];

    private static IEnumerable<(string, byte[])> Encodings(string good) =>
    [
        ("byte order mark", [0xEF, 0xBB, 0xBF, .. Utf8(good)]), ("two byte order marks", [0xEF, 0xBB, 0xBF, 0xEF, 0xBB, 0xBF, .. Utf8(good)]),
        ("UTF-16", Encoding.Unicode.GetBytes(good)), ("UTF-16 with its mark", [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(good)]),
        ("UTF-16, big end first", Encoding.BigEndianUnicode.GetBytes(good)), ("UTF-32", Encoding.UTF32.GetBytes(good)),
        ("invalid UTF-8 in a text", WithBytes(good, 0xC3, 0x28)), ("an overlong slash", WithBytes(good, 0xC0, 0xAF)),
        ("a surrogate in UTF-8", WithBytes(good, 0xED, 0xA0, 0x80)), ("beyond Unicode", WithBytes(good, 0xF4, 0x90, 0x80, 0x80)),
        ("a NUL in a text", WithBytes(good, 0)), ("a control character in a text", WithBytes(good, 0x1F)),
        ("ends inside a character", [.. Utf8(good)[..^2], 0xE2, 0x82]), ("NUL behind it", [.. Utf8(good), 0]),
    ];

    private static IEnumerable<(string, byte[])> Structures(string good)
    {
        var open = good.TrimEnd()[..^1];
        return
        [
            ("unclosed", Utf8(open)), ("cut in half", Utf8(good)[..(good.Length / 2)]), ("trailing comma", Utf8(open + ",}")), ("twice", Utf8(good + good)),
            ("text behind it", Utf8(good + "x")), ("a comment", Utf8("/* */" + good)), ("inside a list", Utf8($"[{good}]")),
            ("depth 64", Utf8(open + ",\"x\":" + Nested(62) + "}")), ("depth 65", Utf8(open + ",\"x\":" + Nested(64) + "}")),
            ("depth 50,000", Utf8(Nested(50_000))), ("objects 5,000 deep", Utf8(string.Concat(Enumerable.Repeat("{\"a\":", 5000)))),
            ("10,000 keys", Utf8(open + string.Concat(Enumerable.Range(0, 10_000).Select(i => $",\"k{i}\":{i}")) + "}")),
            ("20,000 times the same key", Utf8(open + string.Concat(Enumerable.Repeat(",\"k\":1", 20_000)) + "}")),
            ("a list of 20,000", Utf8(open + ",\"x\":[" + string.Join(',', Enumerable.Repeat("{}", 20_000)) + "]}")),
            ("10,000 keys of metadata", Utf8(Metadata(good, string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"\"m{i}\":\"v\""))))),
            ("a NUL in a key of metadata", Utf8(Metadata(good, "\"a\\u0000b\":\"v\""))), ("a lone surrogate in a key", Utf8(Metadata(good, "\"\\ud800\":\"v\""))),
            ("metadata without end", Utf8(Metadata(good, $"\"m\":\"{new string('m', 100_000)}\""))),
            ("__proto__", Utf8(open + ",\"__proto__\":{\"id\":\"x\"},\"constructor\":{}}")),
            ("the id twice", Utf8(open + ",\"id\":\"evt_other\"}")), ("the payload twice", Utf8(open + ",\"data\":{},\"payload\":{}}")),
            ("an escaped key", Utf8(good.Replace("\"id\"", "\"\\u0069d\"", StringComparison.Ordinal))),
            ("keys in capitals", Utf8(good.Replace("\"id\"", "\"ID\"", StringComparison.Ordinal))),
        ];
    }

    private static IEnumerable<(string, byte[])> Values(string good, string type) =>
    [
        ("amount 1e400", Utf8(With(good, "amount", "1e400"))), ("amount -1e400", Utf8(With(good, "amount", "-1e400"))),
        ("amount 2^63", Utf8(With(good, "amount", "9223372036854775808"))), ("amount 2^63-1", Utf8(With(good, "amount", "9223372036854775807"))),
        ("amount -2^63-1", Utf8(With(good, "amount", "-9223372036854775809"))), ("amount of 10,000 digits", Utf8(With(good, "amount", new string('9', 10_000)))),
        ("amount 1.0", Utf8(With(good, "amount", "1.0"))), ("amount 0", Utf8(With(good, "amount", "0"))), ("amount -1", Utf8(With(good, "amount", "-1"))),
        ("amount 1", Utf8(With(good, "amount", "1"))), ("an id of 100 KB", Utf8(With(good, "id", $"\"evt_{new string('a', 100_000)}\""))),
        ("an id in Unicode", Utf8(With(good, "id", "\"evt_ünïcødé_\u202E\U0001F4B3\""))), ("an id in SQL", Utf8(With(good, "id", "\"evt_1'); DROP TABLE webhook_events;--\""))),
        ("an id with a NUL", Utf8(With(good, "id", "\"evt_\\u0000\""))), ("an id of half a pair", Utf8(With(good, "id", "\"evt_\\ud83d\""))),
        ("a path for an id", Utf8(With(good, "id", "\"../../etc/passwd\""))), ("a format for an id", Utf8(With(good, "id", "\"evt_%s%n{0}${jndi:ldap://x}\""))),
        ("a kind of 100 KB", Utf8(With(good, type, $"\"{new string('a', 100_000)}\""))), ("a kind in SQL", Utf8(With(good, type, "\"'; SELECT pg_sleep(9);--\""))),
        ("a kind nobody knows", Utf8(With(good, type, "\"quantum.settled\""))), ("a kind with a NUL", Utf8(With(good, type, "\"payment\\u0000.captured\""))),
        ("a kind with lines", Utf8(With(good, type, "\"payment.captured\\r\\nX: y\""))),
        ("no currency there is", Utf8(With(good, "currency", "\"zzz\""))), ("another currency", Utf8(With(good, "currency", "\"jpy\""))),
        ("a currency of 50 KB", Utf8(With(good, "currency", $"\"{new string('u', 50_000)}\""))), ("a currency in Cyrillic", Utf8(With(good, "currency", "\"usԁ\""))),
        ("a status nobody knows", Utf8(With(good, "status", "\"teleported\""))), ("a charge nobody has", Utf8(With(good, "charge_id", $"\"{Guid.Empty}\""))),
        ("a charge in SQL", Utf8(With(good, "charge_id", "\"' OR 1=1--\""))), ("a charge with a NUL", Utf8(With(good, "charge_id", "\"\\u0000\""))),
        ("before time", Utf8(With(good, good.Contains("\"created_at\"", StringComparison.Ordinal) ? "created_at" : "created", "-9223372036854775808"))),
        ("after time", Utf8(With(good, good.Contains("\"created_at\"", StringComparison.Ordinal) ? "created_at" : "created", "9223372036854775807"))),
    ];

    private static IEnumerable<(string, byte[])> Sizes(string good) =>
    [
        ("exactly the limit", Padded(good, Limit)), ("one byte above the limit", Padded(good, Limit + 1)), ("257 KiB", Padded(good, 257 * 1024)),
        ("a megabyte", Padded(good, 1024 * 1024)),
    ];

    /// <summary>A genuine event with white space behind it.</summary>
    private static byte[] Padded(string good, int length) => Utf8(good.PadRight(length - (Encoding.UTF8.GetByteCount(good) - good.Length)));

    private static string With(string good, string field, string value, int at = 0)
    {
        var found = FieldOf(field).Matches(good);
        Assert.True(found.Count > at, $"The event has no {field}.");
        var group = found[at].Groups["value"];
        return good[..group.Index] + value + good[(group.Index + group.Length)..];
    }

    private static byte[] WithBytes(string good, params byte[] bytes)
    {
        const string Mark = "@@@@";
        var text = Utf8(With(good, "status", $"\"{Mark}\""));
        var at = text.AsSpan().IndexOf(Utf8(Mark));
        return [.. text[..at], .. bytes, .. text[(at + Mark.Length)..]];
    }

    private static string Metadata(string good, string members) => MetadataStart().Replace(good, match => match.Value + members + ",", 1);

    private static string Nested(int depth) => new string('[', depth) + new string(']', depth);

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static string Short(string value) => value.Length > 40 ? value[..40] : value;

    private static byte[] RandomBytes(int count)
    {
        var bytes = new byte[count];
        new Random(20261127).NextBytes(bytes);
        return bytes;
    }

    private static Regex FieldOf(string field) => new($$"""
        "{{field}}"\s*:\s*(?<value>"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null)
        """.Trim());

    [GeneratedRegex("""
        "(metadata|notes)"\s*:\s*\{(?=\s*")
        """)]
    private static partial Regex MetadataStart();
}
