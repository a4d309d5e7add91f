using System.IO.Compression;
using System.Text;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Endpoint;

/// <summary>Requests that are strange outside their body: heads, lengths, encodings, signatures. Written by hand, byte for byte.</summary>
internal static class HostileRequests
{
    /// <summary>What the server may answer; 0 for a connection closed without an answer.</summary>
    public sealed record Case(string Name, string Head, ReadOnlyMemory<byte> Body, params int[] Allowed);

    public static IEnumerable<Case> Of(string path, SimulatorWebhook signed, Func<ReadOnlyMemory<byte>, SimulatorWebhook> sign)
    {
        var signature = signed.Headers.Single(header => header.Key.EndsWith("Signature", StringComparison.OrdinalIgnoreCase));
        return [.. Bodies(path, signed, sign), .. Lengths(path, signed), .. Heads(path, signed), .. Signatures(path, signed, signature.Key, signature.Value)];
    }

    private static IEnumerable<Case> Bodies(string path, SimulatorWebhook signed, Func<ReadOnlyMemory<byte>, SimulatorWebhook> sign)
    {
        var (bomb, large) = (sign(Bomb()), sign(new byte[257 * 1024]));
        return
        [
            // Never inflated: the bytes that were signed are the body.
            new("a gzip bomb", Head("POST", path, bomb.Headers, "Content-Encoding: gzip", LengthOf(bomb.Body)), bomb.Body, 200, 415),
            new("gzip that is none", Head("POST", path, signed.Headers, "Content-Encoding: gzip", LengthOf(signed.Body)), signed.Body, 200, 415),
            new("br, gzip, deflate", Head("POST", path, signed.Headers, "Content-Encoding: br, gzip, deflate", LengthOf(signed.Body)), signed.Body, 200, 415),
            new("chunked", Head("POST", path, signed.Headers, "Transfer-Encoding: chunked"), Chunked(signed.Body, 7), 200),
            new("one byte a chunk", Head("POST", path, signed.Headers, "Transfer-Encoding: chunked"), Chunked(signed.Body, 1), 200),
            new("257 KiB in chunks", Head("POST", path, large.Headers, "Transfer-Encoding: chunked"), Chunked(large.Body, 4096), 413),
            new("a chunk longer than it says", Head("POST", path, signed.Headers, "Transfer-Encoding: chunked"), "5\r\n{}{}{}{}\r\n0\r\n\r\n"u8.ToArray(), 400),
            new("a chunk of no number", Head("POST", path, signed.Headers, "Transfer-Encoding: chunked"), "ZZ\r\n{}\r\n0\r\n\r\n"u8.ToArray(), 400),
            new("a chunk without end", Head("POST", path, signed.Headers, "Transfer-Encoding: chunked"), "FFFFFFFFFFFFFFFF\r\n{}"u8.ToArray(), 400, 413),
        ];
    }

    private static IEnumerable<Case> Lengths(string path, SimulatorWebhook signed) =>
    [
        new("no length", Head("POST", path, signed.Headers), default, 400, 411),
        new("an empty body", Head("POST", path, signed.Headers, "Content-Length: 0"), default, 400),
        new("a length of 257 KiB", Head("POST", path, signed.Headers, "Content-Length: 263168"), default, 413),
        new("a length of 2^63-1", Head("POST", path, signed.Headers, "Content-Length: 9223372036854775807"), default, 413),
        new("a length of 2^64", Head("POST", path, signed.Headers, "Content-Length: 18446744073709551616"), default, 400),
        new("a length below zero", Head("POST", path, signed.Headers, "Content-Length: -1"), default, 400),
        new("a length in words", Head("POST", path, signed.Headers, "Content-Length: many"), default, 400),
        new("two lengths", Head("POST", path, signed.Headers, "Content-Length: 5", "Content-Length: 6"), "{}{}{}"u8.ToArray(), 400),
        // Less than was signed: another body.
        new("a length too short", Head("POST", path, signed.Headers, $"Content-Length: {signed.Body.Length - 1}"), signed.Body[..^1], 400),
        new("both kinds of length", Head("POST", path, signed.Headers, LengthOf(signed.Body), "Transfer-Encoding: chunked"), Chunked(signed.Body, 64), 200, 400),
        new("an encoding nobody knows", Head("POST", path, signed.Headers, "Transfer-Encoding: identity"), default, 400, 411, 501),
    ];

    private static IEnumerable<Case> Heads(string path, SimulatorWebhook signed)
    {
        Case With(string name, string line, params int[] allowed) => new(name, Head("POST", path, signed.Headers, line, LengthOf(signed.Body)), signed.Body, allowed);
        return
        [
            With("no content type", "X: y", 200), With("plain text", "Content-Type: text/plain", 200), With("a form with files", "Content-Type: multipart/form-data; boundary=x", 200),
            With("a content type of nonsense", "Content-Type: ;;;/=", 200), With("a content type of 20 KB", $"Content-Type: {new string('a', 20_000)}", 200, 431),
            With("another charset", "Content-Type: application/json; charset=utf-16", 200), With("a header of 64 KB", $"X-Absurd: {new string('a', 65_536)}", 431),
            With("200 headers", string.Join("\r\n", Enumerable.Range(0, 200).Select(i => $"X-{i}: y")), 200, 431), With("a header without a colon", "nonsense", 400),
            With("a NUL in a header", "X-Null: a\0b", 400), With("Latin-1 in a header", "X-Name: J\u00FCrgen", 200, 400), With("a folded header", "X-Folded: a\r\n b", 400),
            With("100-continue", "Expect: 100-continue", 100, 200), With("another method in a header", "X-HTTP-Method-Override: DELETE", 200),
            With("forwarded by many", $"X-Forwarded-For: {string.Join(", ", Enumerable.Repeat("10.0.0.1", 500))}", 200, 431),
            With("an event id of 10 KB", $"x-razorpay-event-id: {new string('e', 10_000)}", 200), With("an event id in SQL", "x-razorpay-event-id: '; DROP TABLE webhook_events;--", 200),
            With("two event ids", "x-razorpay-event-id: a\r\nx-razorpay-event-id: b", 200),
            new("GET", Head("GET", path, signed.Headers, LengthOf(signed.Body)), signed.Body, 401, 404, 405), new("PUT", Head("PUT", path, signed.Headers, LengthOf(signed.Body)), signed.Body, 401, 404, 405),
            new("a method nobody knows", Head("PAY", path, signed.Headers, LengthOf(signed.Body)), signed.Body, 400, 401, 404, 405),
            new("an account of dots", Head("POST", path + "/..%2f..", signed.Headers, LengthOf(signed.Body)), signed.Body, 400, 404),
            new("an account of 5 KB", Head("POST", path + "/" + new string('a', 5000), signed.Headers, LengthOf(signed.Body)), signed.Body, 400, 404, 414),
            new("an account with a NUL", Head("POST", path + "/%00", signed.Headers, LengthOf(signed.Body)), signed.Body, 400, 404),
            new("an account nobody has", Head("POST", path + "/nobody", signed.Headers, LengthOf(signed.Body)), signed.Body, 400),
            new("HTTP/3.0 in words", Head("POST", path, signed.Headers, LengthOf(signed.Body)).Replace("HTTP/1.1", "HTTP/3.0", StringComparison.Ordinal), signed.Body, 400, 505),
            new("no HTTP at all", "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\r\n\r\n", default, 0, 400),
        ];
    }

    private static IEnumerable<Case> Signatures(string path, SimulatorWebhook signed, string name, string value)
    {
        Case Signed(string what, string text) => new(
            "signature: " + what, Head("POST", path, signed.Headers.Where(header => header.Key != name), $"{name}: {text}", LengthOf(signed.Body)), signed.Body, 400);
        return
        [
            new("signature: none", Head("POST", path, signed.Headers.Where(header => header.Key != name), LengthOf(signed.Body)), signed.Body, 400),
            Signed("empty", ""), Signed("blank", "   "), Signed("one letter", "x"), Signed("half of it", value[..(value.Length / 2)]), Signed("one digit more", value + "0"),
            Signed("in capitals and foreign", "T=1,V1=ABC"), Signed("no hex", new string('g', 64)), Signed("odd hex", new string('a', 63)), Signed("all zeros", new string('0', 64)),
            Signed("of 10 KB", new string('a', 10_000)), Signed("1,000 of them", "t=1" + string.Concat(Enumerable.Repeat(",v1=00", 1000))), Signed("in Unicode", "t=\u0661,v1=\u0660"),
            Signed("without a time", "v1=" + new string('a', 64)), Signed("a time without end", $"t={new string('9', 40)},v1={new string('a', 64)}"),
            Signed("a time below zero", $"t=-1,v1={new string('a', 64)}"), Signed("in SQL", "' OR '1'='1"), Signed("commas", new string(',', 5000)), Signed("a time of 1970", $"t=0,v1={new string('a', 64)}"),
        ];
    }

    private static string Head(string method, string path, IEnumerable<KeyValuePair<string, string>> headers, params string[] lines) =>
        $"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        + string.Concat(headers.Where(header => header.Key != "Content-Type").Select(header => $"{header.Key}: {header.Value}\r\n"))
        + string.Concat(lines.Select(line => line + "\r\n")) + "\r\n";

    private static string LengthOf(ReadOnlyMemory<byte> body) => $"Content-Length: {body.Length}";

    private static byte[] Chunked(ReadOnlyMemory<byte> body, int size)
    {
        using var chunks = new MemoryStream();
        for (var at = 0; at < body.Length; at += size)
        {
            var chunk = body[at..Math.Min(at + size, body.Length)];
            chunks.Write(Encoding.ASCII.GetBytes($"{chunk.Length:X}\r\n"));
            chunks.Write(chunk.Span);
            chunks.Write("\r\n"u8);
        }

        chunks.Write("0\r\n\r\n"u8);
        return chunks.ToArray();
    }

    /// <summary>A hundred megabytes of zeros in a hundred kilobytes.</summary>
    private static byte[] Bomb()
    {
        using var bomb = new MemoryStream();
        using (var gzip = new GZipStream(bomb, CompressionLevel.SmallestSize))
        {
            var zeros = new byte[1024 * 1024];
            for (var i = 0; i < 100; i++)
                gzip.Write(zeros);
        }

        return bomb.ToArray();
    }
}
