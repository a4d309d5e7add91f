using System.Text;
using System.Text.Json;

namespace Curaway.Payments.IntegrationTests.Docs;

/// <summary>
/// The page of the providers' calls is made from the files that the contract tests hold both sides to.
/// <c>CURAWAY_UPDATE_DOCS=1 dotnet test</c> writes it anew.
/// </summary>
public sealed class ProviderCallsTests
{
    private static readonly string[] Verbs = ["authorize", "capture", "void", "refund", "verify_checkout", "find", "create_customer", "find_kept", "forget"];

    [Fact]
    public void The_page_of_calls_says_what_the_files_say()
    {
        var page = new StringBuilder(
            """
            # Calls to the providers

            What each verb sends, to the last header and field, and what it makes of the answers. Made from the files under
            `tests/Curaway.Payments.ContractTests/*/Calls`, to which the contract tests hold the adapters; a test compares the two. The ids are
            those of one example: charge `01940000-0000-7000-8000-0000000000cc`, operation `01940000-0000-7000-8000-0000000000aa`.
            A list of saved cards is read from our own rows and calls nobody; Razorpay has no vault ([ADR 0006](../adr/0006-saved-methods.md)).
            Left out are headers of the transport (`Host`, `Accept`, `Content-Length`, `User-Agent`, Stripe.net's `X-Stripe-Client-User-Agent`).


            """);
        foreach (var provider in new[] { "Stripe", "Razorpay" })
        {
            page.Append($"## {provider}\n\n");
            foreach (var call in CallsOf(provider))
                Write(page, call);
        }

        Repository.AssertDocument(page.ToString().TrimEnd('\n') + "\n", "docs", "reference", "provider-calls.md");
    }

    private static IEnumerable<JsonElement> CallsOf(string provider) =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests", "Curaway.Payments.ContractTests", provider, "Calls"), "*.json")
            .Order(StringComparer.Ordinal)
            .Select(path => JsonElement.Parse(File.ReadAllText(path)))
            .OrderBy(call => Array.IndexOf(Verbs, call.GetProperty("verb").GetString()));

    private static void Write(StringBuilder page, JsonElement call)
    {
        page.Append($"### {call.GetProperty("title").GetString()}\n\n");
        foreach (var request in call.GetProperty("requests").EnumerateArray())
            page.Append($"```http\n{RequestOf(request)}```\n\n");
        page.Append("| answer | status | outcome |\n|---|---|---|\n");
        foreach (var @case in call.GetProperty("cases").EnumerateArray())
        {
            var statuses = @case.GetProperty("responses").EnumerateArray().Select(StatusOf);
            var fault = @case.TryGetProperty("fault", out var named) ? $" ({named.GetString()})" : "";
            page.Append($"| {@case.GetProperty("name").GetString()} | {string.Join(", ", statuses)} | {@case.GetProperty("outcome").GetString()}{fault} |\n");
        }

        page.Append('\n');
    }

    private static string RequestOf(JsonElement request)
    {
        var query = request.TryGetProperty("query", out var parameters)
            ? "?" + string.Join('&', parameters.EnumerateObject().Select(parameter => $"{parameter.Name}={parameter.Value}"))
            : "";
        var text = new StringBuilder($"{request.GetProperty("method").GetString()} {request.GetProperty("path").GetString()}{query}\n");
        foreach (var header in request.GetProperty("headers").EnumerateObject())
            text.Append($"{header.Name}: {header.Value}\n");
        if (!request.TryGetProperty("body", out var body))
            return text.ToString();
        text.Append('\n');
        var isForm = request.GetProperty("headers").GetProperty("Content-Type").GetString()!.Contains("form", StringComparison.Ordinal);
        if (!isForm)
            return text.Append(JsonSerializer.Serialize(body, Indented)).Append('\n').ToString();
        foreach (var field in body.EnumerateObject())
            text.Append($"{field.Name}={field.Value}\n");
        return text.ToString();
    }

    private static string StatusOf(JsonElement response)
    {
        var status = response.GetProperty("status").ToString();
        var body = response.GetProperty("body");
        if (!body.TryGetProperty("error", out var error))
            return body.TryGetProperty("status", out var said) ? $"{status} `{said}`" : status;
        var code = error.TryGetProperty("code", out var named) && named.ValueKind == JsonValueKind.String ? named.GetString() : error.GetProperty("type").GetString();
        return error.TryGetProperty("description", out var prose) ? $"{status} “{prose}”" : $"{status} `{code}`";
    }

    private static JsonSerializerOptions Indented { get; } = new() { WriteIndented = true };
}
