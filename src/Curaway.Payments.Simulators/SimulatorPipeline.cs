using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Curaway.Payments.Simulators;

/// <summary>What differs between the two providers on the way from request to answer.</summary>
internal interface ISimulatedProvider
{
    SimulatorKeys Keys { get; }
    SimulatorAnswer? Unauthorized(SimulatorRequest request);

    /// <summary>The idempotency key that this request claims; null when it carries none or the call has no such thing.</summary>
    string? KeyOf(SimulatorRequest request);
    SimulatorAnswer? RefuseKey(string key);
    SimulatorAnswer InUse(SimulatorRequest request);
    SimulatorAnswer Mismatch(SimulatorRequest request);
    SimulatorAnswer Replay(SimulatorAnswer stored);
    SimulatorAnswer RateLimited();
    void Decorate(SimulatorRequest request, HttpResponse response);
}

/// <summary>Request, fault, key, execution, fault, answer: the order is the same for both providers.</summary>
internal sealed class SimulatorPipeline<TCall>(
    ISimulatedProvider provider, SimulatorFaults<TCall> faults, SimulatorCallLog log, CancellationToken stopping)
    where TCall : struct, Enum
{
    public RequestDelegate Handle(TCall operation, Func<SimulatorRequest, SimulatorAnswer> execute) => async context =>
    {
        var request = await SimulatorRequest.ReadAsync(context).ConfigureAwait(false);
        var key = provider.KeyOf(request);
        var call = log.Add(operation.ToString(), request, key);
        var fault = faults.Take(operation, call);
        call.Fault = fault?.Name;
        try
        {
            var answer = await AnswerAsync(request, key, fault, execute).ConfigureAwait(false);
            call.Status = answer?.Status;
            call.Outcome = answer?.Outcome ?? "refused";
            if (answer is null) context.Abort();
            else await WriteAsync(context, request, answer, fault).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            context.Abort(); // The simulator stops, or the client hung up while an answer was held.
        }
    };

    /// <summary>Null: the connection is reset before anything was executed.</summary>
    private async Task<SimulatorAnswer?> AnswerAsync(
        SimulatorRequest request, string? key, SimulatorFault? fault, Func<SimulatorRequest, SimulatorAnswer> execute)
    {
        if (provider.Unauthorized(request) is { } unauthorized) return unauthorized with { Outcome = "refused" };
        if (key is null) return await ExecuteAsync(request, fault, execute).ConfigureAwait(false);
        if (provider.RefuseKey(key) is { } refused) return refused with { Outcome = "refused" };
        var (state, stored) = provider.Keys.Claim(key, request.Fingerprint);
        switch (state)
        {
            case KeyState.Mismatch: return provider.Mismatch(request) with { Outcome = "refused" };
            case KeyState.InFlight: return provider.InUse(request) with { Outcome = "refused" };
            case KeyState.Replay: return await ReplayAsync(request, stored!, fault).ConfigureAwait(false);
            default: break;
        }

        var answer = default(SimulatorAnswer);
        try
        {
            answer = await ExecuteAsync(request, fault, execute).ConfigureAwait(false);
            return answer;
        }
        finally
        {
            var kept = fault is { IsStored: true } ? Broken(request, fault) : answer;
            if (kept is { IsStored: true }) provider.Keys.Store(key, kept);
            else provider.Keys.Release(key);
        }
    }

    private async Task<SimulatorAnswer?> ExecuteAsync(
        SimulatorRequest request, SimulatorFault? fault, Func<SimulatorRequest, SimulatorAnswer> execute)
    {
        if (fault is not { Placement: FaultPlacement.BeforeExecution }) return execute(request);
        if (fault.Kind == FaultKind.Reset) return null;
        if (fault.ReplacesAnswer) return Broken(request, fault);
        await Task.Delay(fault.Duration, stopping).ConfigureAwait(false);
        return execute(request);
    }

    /// <summary>A replay meets the network's faults too, but it never executes.</summary>
    private async Task<SimulatorAnswer?> ReplayAsync(SimulatorRequest request, SimulatorAnswer stored, SimulatorFault? fault) =>
        await ExecuteAsync(request, fault, _ => provider.Replay(stored) with { Outcome = "replayed" }).ConfigureAwait(false);

    private SimulatorAnswer Broken(SimulatorRequest request, SimulatorFault fault) => fault.Kind switch
    {
        FaultKind.RateLimited => provider.RateLimited() with { Headers = fault.Headers, Outcome = "refused" },
        FaultKind.InUse => provider.InUse(request) with { Headers = fault.Headers, Outcome = "refused" },
        _ => new SimulatorAnswer(fault.HttpStatus, fault.Body)
        {
            ContentType = fault.ContentType,
            Headers = fault.Headers,
            IsStored = fault.IsStored,
            Outcome = "refused",
        },
    };

    private async Task WriteAsync(HttpContext context, SimulatorRequest request, SimulatorAnswer answer, SimulatorFault? fault)
    {
        var after = fault is { Placement: FaultPlacement.AfterExecution } ? fault : null;
        if (after?.Kind == FaultKind.Reset)
        {
            context.Abort();
            return;
        }

        var hold = after?.Kind == FaultKind.Delay ? after.Duration : answer.Hold;
        if (hold > TimeSpan.Zero) await Task.Delay(hold, stopping).ConfigureAwait(false);
        if (after is { ReplacesAnswer: true }) answer = Broken(request, after);
        provider.Decorate(request, context.Response);
        foreach (var (name, value) in answer.Headers) context.Response.Headers[name] = value;
        context.Response.StatusCode = answer.Status;
        context.Response.ContentType = answer.ContentType;
        var body = Encoding.UTF8.GetBytes(Spoil(answer.Body, after?.Kind));
        context.Response.ContentLength = body.Length;
        if (after?.Kind is not (FaultKind.Truncated or FaultKind.SlowBody))
        {
            await context.Response.Body.WriteAsync(body, stopping).ConfigureAwait(false);
            return;
        }

        await context.Response.Body.WriteAsync(body.AsMemory(0, body.Length / 2), stopping).ConfigureAwait(false);
        await context.Response.Body.FlushAsync(stopping).ConfigureAwait(false);
        if (after.Kind == FaultKind.Truncated)
        {
            context.Abort();
            return;
        }

        await Task.Delay(after.Duration, stopping).ConfigureAwait(false);
        await context.Response.Body.WriteAsync(body.AsMemory(body.Length / 2), stopping).ConfigureAwait(false);
    }

    private static string Spoil(string body, FaultKind? kind)
    {
        if (kind is not (FaultKind.WrongAmount or FaultKind.WrongCurrency or FaultKind.WrongId)) return body;
        if (SimulatorJson.TryObject(Encoding.UTF8.GetBytes(body)) is not { } root) return body;
        var list = root["data"] as JsonArray ?? root["items"] as JsonArray;
        foreach (var item in list?.OfType<JsonObject>() ?? [root]) SpoilOne(item, kind.Value);
        return SimulatorJson.ToText(root);
    }

    private static void SpoilOne(JsonObject item, FaultKind kind)
    {
        switch (kind)
        {
            case FaultKind.WrongCurrency when item.Text("currency") is { } currency:
                var isLower = char.IsLower(currency[0]);
                var other = currency.Equals("EUR", StringComparison.OrdinalIgnoreCase) ? "GBP" : "EUR";
                item["currency"] = isLower ? (other == "EUR" ? "eur" : "gbp") : other;
                break;
            case FaultKind.WrongId when item.Text("id") is { } id:
                var prefix = id.IndexOf('_', StringComparison.Ordinal) + 1;
                item["id"] = SimulatorSecrets.NewId(id[..prefix], id.Length - prefix);
                break;
            case FaultKind.WrongAmount:
                foreach (var name in new[] { "amount", "amount_capturable", "amount_received", "amount_due" })
                    if (item.Number(name) is > 0 and var amount) item[name] = amount + 1;
                break;
            default: break;
        }
    }
}
