using System.Text.RegularExpressions;

namespace Curaway.Payments.IntegrationTests.Docs;

/// <summary>
/// The page of promises names every test that carries a promise's number, and says of the others that nothing proves them yet.
/// <c>CURAWAY_UPDATE_DOCS=1 dotnet test</c> writes it anew.
/// </summary>
public sealed partial class PromiseDocsTests
{
    private static readonly (string Number, string Text)[] Promises =
    [
        ("P01", "The money invariants hold for every interleaving of two hosts, crashes, lost and late messages"),
        ("P02", "kill -9 at any moment leaves no orphan and no double charge"),
        ("P03", "After the last fault, every row converges to the provider's truth"),
        ("P04", "A PostgreSQL crash loses nothing acknowledged"),
        ("P05", "A lost COMMIT reply has no second effect"),
        ("P06", "Unknown is never recorded as success or failure, and never fails over"),
        ("P07", "An execution later than our timeout is still found"),
        ("P08", "No replay after the provider's key lifetime"),
        ("P09", "A failed authorize leaves no session row, keeps the caller's other work, keeps attempt and audit"),
        ("P10", "End against cancel: one winner"),
        ("P11", "Concurrent refunds never exceed the capture"),
        ("P12", "No database transaction is open during a remote call"),
        ("P13", "One effect per event id, however many copies at once"),
        ("P14", "Any webhook order, or before the API's answer: the same final state"),
        ("P15", "2xx means durable"),
        ("P16", "Old or altered signed payloads do nothing"),
        ("P17", "Secrets rotate without loss"),
        ("P18", "Hostile bodies: no 5xx, no SQL before the signature"),
        ("P19", "A flood of invalid signatures does not take the service down"),
        ("P20", "Tenants cannot see each other; no open door"),
        ("P21", "No SQL injection"),
        ("P22", "No secret, card number or patient data leaves"),
        ("P23", "One breaker per provider that counts the right things"),
        ("P24", "Alerts: one WARNING per category per 5 minutes across hosts, CRITICAL always, payments never wait"),
        ("P25", "Many hosts and wrong clocks are normal"),
    ];

    [Fact]
    public void The_page_of_promises_names_the_tests_that_carry_them()
    {
        var tests = Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal))
            .SelectMany(path => Tagged(File.ReadAllText(path)))
            .ToLookup(tagged => tagged.Promise, tagged => tagged.Test);
        Assert.Empty(tests.Select(group => group.Key).Except(Promises.Select(promise => promise.Number)));

        var rows = Promises.Select(promise => $"| {promise.Number} | {promise.Text} | {Proofs(tests[promise.Number])} |");
        Repository.AssertDocument(
            $"""
            # Promises and their proofs

            Made from the tests' traits; a test compares the two. Run one promise with `dotnet test -- --filter-trait Promise=P13`. A proof
            covers what its name says: some promises are proved in part, and those without a test are not claimed.

            | promise | what | proved by |
            |---|---|---|
            {string.Join('\n', rows)}

            """,
            "docs", "reference", "promises.md");
    }

    private static string Proofs(IEnumerable<string> tests)
    {
        var names = tests.Distinct().Order(StringComparer.Ordinal).Select(name => $"`{name}`").ToList();
        return names.Count == 0 ? "not yet" : string.Join(", ", names);
    }

    private static IEnumerable<(string Promise, string Test)> Tagged(string source) => Traits().Matches(source).Select(match =>
        (match.Groups["promise"].Value, $"{ClassOf(source, match.Index)}{(match.Groups["method"].Success ? "." + match.Groups["method"].Value : "")}"));

    private static string ClassOf(string source, int index)
    {
        // A trait on a class stands before it; one on a method stands after its class.
        var own = ClassHeader().Match(source, index);
        var outer = ClassHeader().Matches(source).LastOrDefault(header => header.Index < index);
        return (outer ?? own).Groups["name"].Value;
    }

    [GeneratedRegex("""\[Trait\("Promise", "(?<promise>P\d\d)"\)\](?=\s*(\[[^\n]*\]\s*)*public (static |sealed |abstract |partial )*((async )?(Task|void)(<\w+>)? (?<method>\w+)\(|class ))""")]
    private static partial Regex Traits();

    [GeneratedRegex(@"^public (sealed |abstract |static |partial )*class (?<name>\w+)", RegexOptions.Multiline)]
    private static partial Regex ClassHeader();
}
