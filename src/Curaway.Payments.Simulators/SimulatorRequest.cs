using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Curaway.Payments.Simulators;

/// <summary>One request as it came over the wire, read to the end before anything is decided.</summary>
internal sealed class SimulatorRequest
{
    public required string Method { get; init; }
    public required string Path { get; init; }
    public required IQueryCollection Query { get; init; }
    public required string QueryString { get; init; }
    public required IHeaderDictionary Headers { get; init; }
    public required byte[] Body { get; init; }

    /// <summary>The <c>{id}</c> of the route, or empty.</summary>
    public required string Id { get; init; }

    public string BodyText => Encoding.UTF8.GetString(Body);

    /// <summary>What "the same request" means for an idempotency key: method, path and byte-identical body.</summary>
    public string Fingerprint => $"{Method} {Path} {Convert.ToHexString(SHA256.HashData(Body))}";

    public string? Header(string name) => Headers.TryGetValue(name, out var values) ? values.ToString() : null;

    public static async Task<SimulatorRequest> ReadAsync(HttpContext context)
    {
        using var buffer = new MemoryStream();
        await context.Request.Body.CopyToAsync(buffer, context.RequestAborted).ConfigureAwait(false);
        return new SimulatorRequest
        {
            Method = context.Request.Method,
            Path = context.Request.Path.Value ?? "/",
            Query = context.Request.Query,
            QueryString = context.Request.QueryString.Value ?? "",
            Headers = context.Request.Headers,
            Body = buffer.ToArray(),
            Id = context.Request.RouteValues.TryGetValue("id", out var id) ? id as string ?? "" : "",
        };
    }
}

/// <summary>What the provider would answer, before any fault has touched it.</summary>
internal sealed record SimulatorAnswer(int Status, string Body)
{
    public string ContentType { get; init; } = "application/json";
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>The answer is written only after this long; a replay of it is not held.</summary>
    public TimeSpan Hold { get; init; }

    /// <summary>False for what is not kept under an idempotency key: validation failures, 401, 429.</summary>
    public bool IsStored { get; init; }

    /// <summary>The word for the call log: executed, replayed, refused.</summary>
    public string Outcome { get; init; } = "executed";
}
