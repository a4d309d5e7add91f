using System.Text;
using WireMock;
using WireMock.Logging;
using WireMock.RequestBuilders;
using WireMock.ResponseBuilders;
using WireMock.Server;

namespace Curaway.Payments.ContractTests;

/// <summary>
/// A world of stubs on a loopback port. A request that no stub was written for fails the test when the harness is disposed:
/// an adapter that asks for more than the test says has changed its contract.
/// </summary>
public abstract class WireMockHarness : ProviderHarness
{
    private readonly BrokenServer _broken = new();
    private IPaymentProvider? _provider;

    protected WireMockServer Server { get; } = WireMockServer.Start();

    /// <summary>Where the provider is found; a fault of the connection moves it.</summary>
    protected Uri Base { get; private set; } = null!;

    /// <summary>The provider's idempotency header.</summary>
    protected abstract string IdempotencyHeader { get; }

    public sealed override IPaymentProvider Provider => _provider ??= Create(Base ??= new Uri(Server.Urls[0]));

    public sealed override IPaymentProvider Unconfigured => Create(null);

    public sealed override IReadOnlyList<WireRequest> Sent => [.. Server.LogEntries.Select(Read)];

    public sealed override void StubFault(ProviderRequest request, WireFault fault)
    {
        var call = Expected(request)!;
        switch (fault)
        {
            case WireFault.Refused or WireFault.BadRequest or WireFault.Unauthorized or WireFault.ServerError:
                var (status, body) = ErrorOf(request, fault);
                Stub(call.Method, call.Path, status, body);
                break;
            case WireFault.Throttled:
                Stub(call.Method, call.Path, 429, ErrorOf(request, fault).Body, ("Retry-After", "7"));
                break;
            case WireFault.BadGatewayEmpty:
                Stub(call.Method, call.Path, 502, "");
                break;
            case WireFault.Html:
                Stub(call.Method, call.Path, 200, "<html><body>Welcome</body></html>", ("Content-Type", "text/html"));
                break;
            case WireFault.EmptyObject:
                Stub(call.Method, call.Path, 200, "{}");
                break;
            case WireFault.Array:
                Stub(call.Method, call.Path, 200, "[]");
                break;
            case WireFault.Null:
                Stub(call.Method, call.Path, 200, "null");
                break;
            case WireFault.Truncated:
                var whole = AnswerTo(request, null);
                Stub(call.Method, call.Path, 200, whole[..(whole.Length / 2)]);
                break;
            case WireFault.OtherAmount or WireFault.OtherCurrency or WireFault.OtherId:
                Stub(call.Method, call.Path, 200, AnswerTo(request, fault));
                break;
            case WireFault.Slow:
                Server.Given(Matching(call.Method, call.Path))
                    .RespondWith(Response.Create().WithBody(AnswerTo(request, null)).WithDelay(TimeSpan.FromSeconds(2)));
                break;
            case WireFault.ConnectionRefused:
                Move(BrokenServer.ClosedPort());
                break;
            case WireFault.ConnectionReset:
                Move(_broken.ResettingPort());
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(fault));
        }
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _broken.DisposeAsync();
        var unmatched = Server.LogEntries.Where(entry => entry.MappingGuid is null).Select(Read).ToList();
        Server.Dispose();
        Assert.Empty(unmatched);
    }

    /// <summary>A provider over that base; without credentials when there is none.</summary>
    protected abstract IPaymentProvider Create(Uri? apiBase);

    /// <summary>The answer to the verb; with a fault, the readable answer about another amount, currency or id.</summary>
    protected abstract string AnswerTo(ProviderRequest request, WireFault? fault);

    /// <summary>The provider's error for Refused, BadRequest, Unauthorized, Throttled or ServerError.</summary>
    protected abstract (int Status, string Body) ErrorOf(ProviderRequest request, WireFault fault);

    /// <summary>Every request that reached the world, in order, whole.</summary>
    public IReadOnlyList<IRequestMessage> Received => [.. Server.LogEntries.Select(entry => entry.RequestMessage!)];

    /// <summary>Answers one method and path.</summary>
    public void Stub(string method, string path, int status, string body, params (string Name, string Value)[] headers)
    {
        var response = Answer(status, body);
        foreach (var (name, value) in headers)
            response = response.WithHeader(name, value);
        Server.Given(Matching(method, path)).RespondWith(response);
    }

    /// <summary>Answers one method and path with the first answer first; who asks once more than that is not answered.</summary>
    public void StubInOrder(string method, string path, IReadOnlyList<(int Status, string Body)> answers)
    {
        for (var at = 0; at < answers.Count; at++)
        {
            var mapping = Server.Given(Matching(method, path)).InScenario($"{method} {path}");
            if (at > 0)
                mapping = mapping.WhenStateIs($"{at} answered");
            mapping.WillSetStateTo($"{at + 1} answered").RespondWith(Answer(answers[at].Status, answers[at].Body));
        }
    }

    private static IResponseBuilder Answer(int status, string body) =>
        Response.Create().WithStatusCode(status).WithHeader("Content-Type", "application/json").WithBody(body, null, Encoding.UTF8);

    protected static IRequestBuilder Matching(string method, string path) => Request.Create().UsingMethod(method).WithPath(path);

    // The test asked for the provider before it stubbed the fault.
    private void Move(Uri to)
    {
        Base = to;
        _provider = null;
    }

    private WireRequest Read(ILogEntry entry)
    {
        var request = entry.RequestMessage!;
        return new WireRequest(
            request.Method, request.AbsolutePath, HeaderOf("Authorization"), HeaderOf(IdempotencyHeader), WireRequest.FieldsOf(request.Body));

        string? HeaderOf(string name) =>
            request.Headers!.TryGetValue(name, out var values) ? string.Join(", ", values) : null;
    }
}
