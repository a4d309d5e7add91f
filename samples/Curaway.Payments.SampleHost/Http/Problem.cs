using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Curaway.Payments.SampleHost.Http;

/// <summary>Collects the fields of a request that are missing or out of range.</summary>
internal sealed class FieldErrors
{
    private readonly List<string> _fields = [];

    public bool Any => _fields.Count > 0;

    public IReadOnlyList<string> Fields => _fields;

    public void Require(bool isValid, string field)
    {
        if (!isValid)
            _fields.Add(field);
    }
}

/// <summary>
/// An RFC 9457 answer out of the error catalogue: neutral text, a code, whether to try again, and an id for the support
/// desk. It never carries a provider's name or words, nor what the caller sent.
/// </summary>
internal sealed class Problem(string code) : IResult
{
    private const int RetryAfterSecondsDefault = 5;

    /// <summary>Overrides the catalogue's HTTP status, for one code under several of them (405, 413, 415).</summary>
    public int? Status { get; init; }

    /// <summary>The fields at fault.</summary>
    public IReadOnlyList<string> Fields { get; init; } = [];

    /// <summary><c>not_sent</c> or <c>unknown</c>, when a provider did not answer.</summary>
    public string? Outcome { get; init; }

    /// <summary>When to try again.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public static Problem NotFound => new(ErrorCodes.NotFound);

    public static Problem StateConflict => new(ErrorCodes.StateConflict);

    public static Problem Validation(FieldErrors errors) => new(ErrorCodes.ValidationFailed) { Fields = errors.Fields };

    public static Problem Validation(params string[] fields) => new(ErrorCodes.ValidationFailed) { Fields = fields };

    /// <summary>What went wrong with a command. The reason is for operators and stays behind.</summary>
    public static Problem Of(ChargeResult result)
    {
        var code = result.Error?.Code ?? (result.Outcome == OperationOutcome.Declined ? ErrorCodes.ChargeFailed : ErrorCodes.ProviderUnavailable);
        var isUnknown = result.Outcome == OperationOutcome.Indeterminate || result.Error?.Reason is "unknown" or "in_flight";
        return new Problem(code)
        {
            Outcome = code != ErrorCodes.ProviderUnavailable ? null : isUnknown ? "unknown" : "not_sent",
            RetryAfter = result.Error?.RetryAfter,
        };
    }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var definition = ErrorCatalogue.Get(code);
        var status = Status ?? definition.HttpStatus;
        var body = new JsonObject
        {
            ["type"] = "urn:curaway:error:" + code.ToLowerInvariant(),
            ["title"] = definition.UserText,
            ["status"] = status,
            ["code"] = code,
            ["retryable"] = definition.Retryable,
            ["trace_id"] = Activity.Current?.TraceId.ToHexString() ?? httpContext.TraceIdentifier,
        };
        if (Outcome is not null)
            body["outcome"] = Outcome;
        if (Fields.Count > 0)
            body["fields"] = new JsonArray([.. Fields.Select(field => JsonValue.Create(field))]);

        httpContext.Response.StatusCode = status;
        if (status == StatusCodes.Status503ServiceUnavailable)
            httpContext.Response.Headers.RetryAfter = SecondsOf(RetryAfter).ToString(CultureInfo.InvariantCulture);
        httpContext.Response.ContentType = "application/problem+json";
        await httpContext.Response.WriteAsync(body.ToJsonString(), httpContext.RequestAborted);
    }

    private static int SecondsOf(TimeSpan? wait) => wait is { } time ? Math.Clamp((int)Math.Ceiling(time.TotalSeconds), 1, 3600) : RetryAfterSecondsDefault;
}
