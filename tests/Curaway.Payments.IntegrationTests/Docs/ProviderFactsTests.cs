using System.Text.RegularExpressions;

namespace Curaway.Payments.IntegrationTests.Docs;

/// <summary>The page of the providers' facts names tests; they have to be there.</summary>
public sealed partial class ProviderFactsTests
{
    [Fact]
    public void Every_fact_names_tests_that_exist()
    {
        var rows = Rows("fact");
        var tests = Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal))
            .SelectMany(path => TestsOf(File.ReadAllText(path)))
            .ToHashSet(StringComparer.Ordinal);

        Assert.True(rows.Count > 80, "The page has lost its facts.");
        Assert.DoesNotContain(rows, row => Named().Count(row) == 0);
        var missing = rows.SelectMany(row => Named().Matches(row)).Select(named => named.Groups["test"].Value).Where(test => !IsThere(test, tests)).ToList();
        Assert.Empty(missing);
    }

    [Fact]
    public void What_is_not_tested_says_why()
    {
        var rows = Rows("not tested");

        Assert.True(rows.Count > 15, "The page has lost its gaps.");
        Assert.All(rows, row => Assert.Matches(@"^\| .{8,} \| .{8,} \|$", row));
    }

    /// <summary>A provider's own class inherits the tests of the contract, and is often the better name.</summary>
    private static bool IsThere(string test, HashSet<string> tests) =>
        tests.Contains(test) || (test.Split('.') is [var name, var method]
            && (name.EndsWith("CallTests", StringComparison.Ordinal) && tests.Contains("ProviderCallTests." + method)));

    private static List<string> Rows(string kind)
    {
        var isIn = false;
        var rows = new List<string>();
        foreach (var line in Repository.Read("docs", "explanation", "provider-facts.md").Split('\n'))
        {
            if (line.StartsWith("| " + kind, StringComparison.Ordinal))
                isIn = true;
            else if (!line.StartsWith('|'))
                isIn = false;
            else if (isIn && !line.StartsWith("|---", StringComparison.Ordinal))
                rows.Add(line);
        }

        return rows;
    }

    private static IEnumerable<string> TestsOf(string source) => Method().Matches(source).Select(method =>
        $"{Class().Matches(source).LastOrDefault(header => header.Index < method.Index)?.Groups["name"].Value}.{method.Groups["name"].Value}");

    [GeneratedRegex(@"`(?<test>\w+Tests\.\w+)`")]
    private static partial Regex Named();

    [GeneratedRegex(@"^    public (async )?(Task|void) (?<name>\w+)\(", RegexOptions.Multiline)]
    private static partial Regex Method();

    [GeneratedRegex(@"^public (sealed |abstract |static |partial )*class (?<name>\w+)", RegexOptions.Multiline)]
    private static partial Regex Class();
}
