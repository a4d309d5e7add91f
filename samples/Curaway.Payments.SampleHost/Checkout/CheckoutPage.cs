using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Curaway.Payments.SampleHost.Checkout;

/// <summary>
/// The documents of the checkout. The one that takes the payment is the only place where a provider's script runs, under
/// a policy of its own: that script, the places it talks to, our own files, and nothing else. The card is typed into the
/// provider's element; nothing of it reaches us.
/// </summary>
internal static class CheckoutPage
{
    /// <summary>Our pages that load nothing of a provider.</summary>
    public static IResult Message(int status, string title, string text) => Results.Content(
        Document(title, $"<p>{HtmlEncoder.Default.Encode(text)}</p><p><a class=\"button\" href=\"/\">Back to your consultations</a></p>", ""),
        "text/html; charset=utf-8", null, status);

    /// <summary>Where the bank sends the patient after a confirmation. Our script finds in this tab's storage what was being paid.</summary>
    public static IResult Return() => Results.Content(
        Document(
            "Your payment",
            """
            <p id="status" role="status" aria-live="polite">We are checking your payment…</p>
            <p><a class="button" id="again" href="/" hidden>Try again</a> <a class="button quiet" href="/">Back to your consultations</a></p>
            """,
            "<script type=\"module\" src=\"/checkout/return.js\"></script>"),
        "text/html; charset=utf-8");

    /// <summary>The page that mounts the provider's element.</summary>
    public static IResult Pay(HttpContext context, string token, CheckoutGrant grant, Money amount, ClientAction action)
    {
        var nonce = Convert.ToBase64String(RandomNumberGenerator.GetBytes(18));
        var data = JsonSerializer.Serialize(new
        {
            token,
            consultation_id = grant.ConsultationId,
            kind = action.Provider,
            parameters = action.Parameters,
            amount_minor = amount.MinorUnits,
            currency = amount.Currency.Code,
        });
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = PolicyFor(action.ScriptUrl, nonce);
        // The link is a secret: the provider's script and servers see our origin at most, never the path.
        headers["Referrer-Policy"] = "strict-origin";
        headers.CacheControl = "no-store";
        return Results.Content(
            Document(
                "Pay for your consultation",
                $"""
                <p class="amount">{HtmlEncoder.Default.Encode(amount.ToString())}</p>
                <p class="hint">The amount is reserved now, and taken only after your consultation.</p>
                {(grant.SavesMethod ? "<p class=\"hint\">Your card is saved for your next payment. You can remove it at any time.</p>" : "")}
                <form id="payment" novalidate>
                  <div id="element"></div>
                  <p id="status" role="status" aria-live="polite"></p>
                  <button class="button" id="pay" type="submit" disabled>Pay</button>
                  <a class="button quiet" href="/">Back</a>
                </form>
                <noscript><p>Please switch on JavaScript to pay.</p></noscript>
                """,
                $"""
                <script type="application/json" id="checkout-data">{data}</script>
                <script nonce="{nonce}" src="{HtmlEncoder.Default.Encode(action.ScriptUrl.ToString())}"></script>
                <script nonce="{nonce}" type="module" src="/checkout/checkout.js"></script>
                """),
            "text/html; charset=utf-8");
    }

    /// <summary>
    /// The script's origin, and for a provider's own domain its siblings, since its element and its calls live on other
    /// hosts of it. Styles are open here: a provider's script may style the element it builds.
    /// </summary>
    private static string PolicyFor(Uri script, string nonce)
    {
        var origin = script.GetLeftPart(UriPartial.Authority);
        var labels = script.HostNameType == UriHostNameType.Dns ? script.Host.Split('.') : [];
        var places = labels.Length >= 3 ? $"{origin} https://*.{labels[^2]}.{labels[^1]}" : origin;
        return $"default-src 'none'; script-src 'nonce-{nonce}' {places}; connect-src 'self' {places}; frame-src {places}; " +
            $"img-src 'self' data: {places}; style-src 'self' 'unsafe-inline'; font-src 'self' data: {places}; " +
            "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    }

    private static string Document(string title, string body, string scripts) =>
        $"""
        <!doctype html>
        <html lang="en">
        <head>
          <meta charset="utf-8">
          <meta name="viewport" content="width=device-width, initial-scale=1">
          <title>{title} · Curaway</title>
          <link rel="icon" href="/favicon.svg" type="image/svg+xml">
          <link rel="stylesheet" href="/app.css">
        </head>
        <body class="checkout">
          <main class="card">
            <h1>{title}</h1>
            {body}
          </main>
          {scripts}
        </body>
        </html>
        """;
}
