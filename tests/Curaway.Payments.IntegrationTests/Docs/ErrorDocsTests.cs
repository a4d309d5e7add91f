using System.Text;

namespace Curaway.Payments.IntegrationTests.Docs;

/// <summary>The error page of the runbook is the catalogue. <c>CURAWAY_UPDATE_DOCS=1 dotnet test</c> writes it anew.</summary>
public sealed class ErrorDocsTests
{
    [Fact]
    public void The_runbooks_error_page_is_the_catalogue()
    {
        var page = new StringBuilder("# Error codes\n\nMade from `ErrorCatalogue`; a test compares the two.\n");
        foreach (var error in ErrorCatalogue.All.OrderBy(error => error.Code, StringComparer.Ordinal))
        {
            page.Append($"\n## {error.Code}\n\n");
            page.Append($"HTTP {error.HttpStatus}, {(error.Retryable ? "the same request may be sent again" : "not retryable as it is")}.\n\n");
            page.Append($"- The patient reads: {error.UserText}\n- The operator: {error.OperatorText}\n");
            if (error.AlertCategory is { } category)
                page.Append($"- Alert: `{category}`\n");
        }

        Repository.AssertDocument(page.ToString(), "docs", "runbook", "errors.md");
    }

    [Fact]
    public void Every_link_of_the_documentation_leads_somewhere()
    {
        var pages = Directory.EnumerateFiles(Repository.Root, "*.md", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/bin/", StringComparison.Ordinal) && !path.Contains("/obj/", StringComparison.Ordinal));
        var broken = pages.SelectMany(page => LinksOf(page).Where(link => !Path.Exists(Path.Combine(Path.GetDirectoryName(page)!, link)))
            .Select(link => $"{Path.GetRelativePath(Repository.Root, page)} -> {link}"));
        Assert.Empty(broken);
    }

    private static IEnumerable<string> LinksOf(string page) =>
        System.Text.RegularExpressions.Regex.Matches(File.ReadAllText(page), @"\]\((?<link>[^)#\s]+)(#[^)]*)?\)")
            .Select(match => match.Groups["link"].Value)
            .Where(link => !link.Contains("://", StringComparison.Ordinal) && !link.StartsWith("mailto:", StringComparison.Ordinal));
}
