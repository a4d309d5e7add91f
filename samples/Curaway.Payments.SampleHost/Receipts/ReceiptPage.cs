using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;

namespace Curaway.Payments.SampleHost.Receipts;

/// <summary>
/// A receipt as a document of its own: no script, no image, no link, and its one style inside, so it stays readable when it is
/// saved. Pure.
/// </summary>
internal static class ReceiptPage
{
    private const string Style =
        """
        :root { color-scheme: light dark; --ink: #14302c; --soft: #4d6662; --line: #d6e0de; --surface: #fff; --ground: #f4f7f6; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e7f1ef; --soft: #a3b8b4; --line: #2b3d3a; --surface: #162321; --ground: #0e1716; } }
        @media print { :root { color-scheme: light; --ink: #000; --soft: #333; --line: #999; --surface: #fff; --ground: #fff; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
        main { max-width: 36rem; margin: clamp(1rem, 6vh, 4rem) auto; padding: clamp(1.25rem, 4vw, 2.25rem); background: var(--surface); border: 1px solid var(--line); border-radius: 1rem; }
        h1 { margin: 0; font-size: 1.6rem; letter-spacing: -0.02em; }
        .clinic { margin: 0.25rem 0 1.5rem; color: var(--soft); }
        dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0.35rem 1.5rem; margin: 0 0 1.75rem; }
        dt { color: var(--soft); }
        dd { margin: 0; overflow-wrap: anywhere; }
        table { width: 100%; border-collapse: collapse; }
        th { font-weight: 400; text-align: left; }
        th, td { padding: 0.6rem 0; border-top: 1px solid var(--line); vertical-align: top; }
        td { padding-left: 1rem; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
        tfoot th, tfoot td { border-top: 2px solid var(--ink); font-weight: 700; font-size: 1.1rem; }
        .note { margin: 1.25rem 0 0; color: var(--soft); font-size: 0.9rem; }
        @media (max-width: 30rem) { main { margin: 0; border: 0; border-radius: 0; } dl { grid-template-columns: minmax(0, 1fr); gap: 0; } dd { margin-bottom: 0.6rem; } }
        """;

    /// <summary>Nothing but the style above.</summary>
    public static string Policy { get; } =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static string Html(Receipt receipt)
    {
        var rows = string.Concat(LinesOf(receipt).Select(line => $"<tr><th scope=\"row\">{Encode(line.What)}</th><td>{Encode(line.Amount)}</td></tr>\n"));
        var facts = string.Concat(FactsOf(receipt).Select(fact => $"<dt>{Encode(fact.Name)}</dt><dd>{Encode(fact.Value)}</dd>\n"));
        var notes = string.Concat(NotesOf(receipt).Select(note => $"<p class=\"note\">{Encode(note)}</p>\n"));
        return $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Receipt · {Encode(receipt.Clinic)}</title>
            <style>{Style}</style>
            </head>
            <body>
            <main>
            <h1>Receipt</h1>
            <p class="clinic">{Encode(receipt.Clinic)}</p>
            <dl>
            {facts}</dl>
            <table>
            <tbody>
            {rows}</tbody>
            <tfoot><tr><th scope="row">Paid in all</th><td>{Encode(receipt.Total.ToString())}</td></tr></tfoot>
            </table>
            {notes}</main>
            </body>
            </html>

            """;
    }

    public static string Text(Receipt receipt)
    {
        const int Width = 60;
        var text = new StringBuilder("RECEIPT\n").Append(receipt.Clinic.ReplaceLineEndings(" ")).Append("\n\n");
        foreach (var (name, value) in FactsOf(receipt))
            text.Append(name.PadRight(16)).Append(value).Append('\n');
        text.Append('\n');
        foreach (var (what, amount) in LinesOf(receipt).Append(("Paid in all", receipt.Total.ToString())))
            text.Append(what.PadRight(Math.Max(what.Length + 1, Width - amount.Length))).Append(amount).Append('\n');
        foreach (var note in NotesOf(receipt))
            text.Append('\n').Append(note).Append('\n');
        return text.ToString();
    }

    private static IEnumerable<(string Name, string Value)> FactsOf(Receipt receipt) =>
    [
        ("Receipt number", receipt.Number),
        ("Consultation", receipt.ConsultationId),
        ("Appointment", TimeOf(receipt.SessionAt)),
        ("Paid on", TimeOf(receipt.PaidAt)),
    ];

    private static IEnumerable<(string What, string Amount)> LinesOf(Receipt receipt) =>
    [
        ("Consultation", receipt.Taken.ToString()),
        .. receipt.Refunds.Select(refund => ($"Refund of {DayOf(refund.At)}{(refund.IsPending ? ", on its way" : "")}", "-" + refund.Amount)),
    ];

    private static IEnumerable<string> NotesOf(Receipt receipt)
    {
        if (receipt.Taken < receipt.Reserved)
            yield return $"{receipt.Reserved} were reserved and {receipt.Taken} taken; the rest was released.";
        if (!receipt.Refunds.IsEmpty)
            yield return "A refund takes some days to reach your account.";
    }

    private static string TimeOf(DateTimeOffset time) => time.UtcDateTime.ToString("d MMMM yyyy, HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private static string DayOf(DateTimeOffset time) => time.UtcDateTime.ToString("d MMMM yyyy", CultureInfo.InvariantCulture);

    private static string Encode(string text) => HtmlEncoder.Default.Encode(text);
}
