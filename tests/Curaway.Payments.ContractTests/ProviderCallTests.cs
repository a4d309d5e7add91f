using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using WireMock;

namespace Curaway.Payments.ContractTests;

/// <summary>A verb, the requests by which it acts, and what comes of each answer: one file of <c>Calls/</c>.</summary>
public sealed record CallFile(string Title, string Verb, CallGiven Given, CallRequest[] Requests, CallCase[] Cases);

/// <summary>What is peculiar to the charge or operation.</summary>
public sealed record CallGiven
{
    public string? PaymentMethod { get; init; }

    public string? Customer { get; init; }

    public long? Amount { get; init; }

    public int SendCount { get; init; } = 1;

    /// <summary>How the account lets go of what is held, where it has a choice.</summary>
    public RazorpayVoidPolicy? VoidPolicy { get; init; }

    /// <summary>The operation that is looked for.</summary>
    public OperationKind? Kind { get; init; }

    /// <summary>What checkout brought back.</summary>
    public Dictionary<string, string> Proof { get; init; } = [];
}

/// <summary>A request, with every header that carries something of ours.</summary>
public sealed record CallRequest(
    string Method, string Path, Dictionary<string, string>? Query, Dictionary<string, string> Headers, JsonElement? Body);

/// <summary>Answers to the first requests, in order, and what the verb makes of them.</summary>
public sealed record CallCase(string Name, string Outcome, ProviderFault Fault, CallResponse[] Responses);

public sealed record CallResponse(int Status, JsonElement Body);

/// <summary>
/// The files of <c>Calls/</c> are the provider's contract as we use it, and <c>docs/reference/provider-calls.md</c> is made from
/// them. What goes out must be what the file says to the last header and field; what it does not say fails the test.
/// </summary>
public abstract partial class ProviderCallTests : ProviderTests
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
        Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter() },
    };

    // Nothing of ours is in these.
    private static readonly string[] TransportHeaders =
        ["accept", "connection", "content-length", "host", "user-agent", "x-stripe-client-user-agent"];

    public static TheoryData<string, string> Cases => [];

    [Theory, MemberData(nameof(Cases))]
    public async Task A_call_is_what_its_file_says_and_nothing_more(string file, string name)
    {
        var call = Read(file);
        var world = (WireMockHarness)World;
        var @case = call.Cases.Single(candidate => candidate.Name == name);
        var expected = call.Requests.Take(@case.Responses.Length).ToList();
        foreach (var same in expected.Zip(@case.Responses).GroupBy(pair => (pair.First.Method, pair.First.Path), pair => pair.Second))
            world.StubInOrder(same.Key.Method, same.Key.Path, [.. same.Select(response => (response.Status, response.Body.GetRawText()))]);

        // What the host's own trace knows must not travel along.
        using var trace = new Activity("a request of the host").AddBaggage("patient", "Jane Canary").SetIdFormat(ActivityIdFormat.W3C).Start();
        var came = await ActAsync(call);

        Assert.Equal(expected.Select(Describe), world.Received.Select(Describe));
        Assert.Equal((@case.Outcome, @case.Fault), came);
    }

    /// <summary>Every case of every file of the provider.</summary>
    protected static TheoryData<string, string> CasesOf(string provider) =>
        [.. FilesOf(provider).SelectMany(file => Read(file).Cases, (file, @case) => (file, @case.Name))];

    protected static IEnumerable<string> VerbsOf(string provider) => FilesOf(provider).Select(file => Read(file).Verb).Distinct().Order();

    protected static IEnumerable<string> FilesOf(string provider) =>
        Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, provider, "Calls"), "*.json")
            .Select(path => Path.GetRelativePath(AppContext.BaseDirectory, path)).Order(StringComparer.Ordinal);

    protected static CallFile Read(string file) =>
        JsonSerializer.Deserialize<CallFile>(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, file)), Json)!;

    /// <summary>What came of the file's verb: an outcome's name, and the fault.</summary>
    protected virtual async Task<(string Outcome, ProviderFault Fault)> ActAsync(CallFile call)
    {
        var given = call.Given;
        var kind = call.Verb switch
        {
            "find" => given.Kind!.Value,
            "verify_checkout" => OperationKind.Authorize,
            _ => Enum.Parse<OperationKind>(call.Verb, ignoreCase: true),
        };
        var request = RequestFor(kind, given.Amount, given.PaymentMethod);
        request = request with { Operation = request.Operation! with { Customer = given.Customer, SendCount = given.SendCount } };
        // As the engine does before it sends such a void.
        if (kind == OperationKind.Void && World.Provider.CapabilitiesOf("default").VoidsByCapture)
            request = request with { Charge = ChargeLifecycle.ReleaseByCapture(request.Charge) };
        var result = await (call.Verb switch
        {
            "find" => World.Provider.FindAsync(request, Ct),
            "verify_checkout" => World.Provider.VerifyCheckoutAsync(
                request with { Charge = request.Charge with { Reference = World.Reference } }, new CheckoutProof(given.Proof), Ct),
            _ => SendAsync(request),
        });
        return (result.Outcome.ToString(), result.Fault);
    }

    /// <summary>A key of a single send is random at its end, which the files write as a star.</summary>
    private static string WithoutChance(string header) => SingleSendKey().Replace(header, "$1*");

    [GeneratedRegex("^(detach-)[0-9a-f]{32}$")]
    private static partial Regex SingleSendKey();

    private static string Describe(CallRequest request) => Describe(
        request.Method, request.Path, request.Query ?? [], request.Headers, WireRequest.FieldsOf(request.Body?.GetRawText()));

    private static string Describe(IRequestMessage request) => Describe(
        request.Method,
        request.AbsolutePath,
        WireRequest.FieldsOf(new Uri(request.Url).Query.TrimStart('?')),
        request.Headers!.Where(header => !TransportHeaders.Contains(header.Key.ToLowerInvariant()))
            .Select(header => KeyValuePair.Create(header.Key, WithoutChance(string.Join(", ", header.Value)))),
        WireRequest.FieldsOf(request.Body));

    private static string Describe(
        string method,
        string path,
        IEnumerable<KeyValuePair<string, string>> query,
        IEnumerable<KeyValuePair<string, string>> headers,
        IEnumerable<KeyValuePair<string, string>> fields) => string.Join('\n', [
            $"{method} {path}",
            .. query.Select(parameter => $"?{parameter.Key}={parameter.Value}").Order(StringComparer.Ordinal),
            .. headers.Select(header => $"{header.Key.ToLowerInvariant()}: {header.Value}").Order(StringComparer.Ordinal),
            .. fields.Select(field => $"{field.Key}={field.Value}").Order(StringComparer.Ordinal)]);
}
