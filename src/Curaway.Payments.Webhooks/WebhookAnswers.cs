using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Curaway.Payments;

/// <summary>The 200s. Providers read the status only; the code is for people.</summary>
internal static class WebhookReceipt
{
    public static IResult Received { get; } = TypedResults.Text("""{"received":true}""", "application/json");

    public static IResult Duplicate { get; } =
        TypedResults.Text($$"""{"received":true,"code":"{{ErrorCodes.WebhookDuplicate}}"}""", "application/json");
}

/// <summary>An error as RFC 9457 problem details, written by hand so that no host's JSON settings change the contract.</summary>
internal sealed class WebhookProblem(string code, int? status = null, TimeSpan? retryAfter = null) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        var definition = ErrorCatalogue.Get(code);
        var response = httpContext.Response;
        response.StatusCode = status ?? definition.HttpStatus;
        response.ContentType = "application/problem+json";
        response.Headers.CacheControl = "no-store";
        if (retryAfter is { } wait)
            response.Headers.RetryAfter = ((long)wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);

        // Kestrel would wait another 5 s for the rest of a slow body before it closes.
        if (response.StatusCode == StatusCodes.Status408RequestTimeout && HttpProtocol.IsHttp11(httpContext.Request.Protocol))
            response.Headers.Connection = "close";
        return response.Body.WriteAsync(Write(definition, response.StatusCode, TraceIdOf(httpContext)), httpContext.RequestAborted).AsTask();
    }

    private static byte[] Write(ErrorDefinition definition, int status, string traceId)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("type", "about:blank");
            json.WriteString("title", definition.UserText);
            json.WriteNumber("status", status);
            json.WriteString("code", definition.Code);
            json.WriteBoolean("retryable", definition.Retryable || status == StatusCodes.Status408RequestTimeout);
            json.WriteString("trace_id", traceId);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static string TraceIdOf(HttpContext http) => Activity.Current?.TraceId.ToHexString() ?? http.TraceIdentifier;
}
