using System.Text.Json;

namespace Curaway.Payments.SampleHost.Http;

/// <summary>
/// Reads the body of every API call that has one, once, before anything looks at it: at most <see cref="BytesMax"/>, valid
/// JSON without duplicate keys, and nothing in it that looks like a card number. Webhooks have their own edge.
/// </summary>
internal sealed class BodyGuard(RequestDelegate next)
{
    /// <summary>The largest body, in bytes. Ours are below 2 KiB.</summary>
    public const int BytesMax = 32 * 1024;

    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = StrictJson.DepthMax };

    public async Task InvokeAsync(HttpContext context)
    {
        if (!HasGuardedBody(context.Request))
        {
            await next(context);
            return;
        }

        if (await ReadAsync(context.Request, context.RequestAborted) is not { } body)
        {
            await new Problem(ErrorCodes.MalformedRequest) { Status = StatusCodes.Status413PayloadTooLarge }.ExecuteAsync(context);
            return;
        }

        if (body.Length > 0 && !context.Request.HasJsonContentType())
        {
            await new Problem(ErrorCodes.MalformedRequest) { Status = StatusCodes.Status415UnsupportedMediaType }.ExecuteAsync(context);
            return;
        }

        if (body.Length > 0 && RefusalOf(body) is { } code)
        {
            await new Problem(code).ExecuteAsync(context);
            return;
        }

        context.Request.Body = new MemoryStream(body, writable: false);
        context.Features.Set(new BufferedBody(body));
        await next(context);
    }

    private static bool HasGuardedBody(HttpRequest request) =>
        (HttpMethods.IsPost(request.Method) || HttpMethods.IsPut(request.Method) || HttpMethods.IsPatch(request.Method))
        && !request.IsWebhook();

    private static async Task<byte[]?> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        if (request.ContentLength > BytesMax)
            return null;
        using var buffer = new MemoryStream();
        var chunk = new byte[4096];
        int count;
        while ((count = await request.Body.ReadAsync(chunk, ct)) > 0)
        {
            buffer.Write(chunk, 0, count);
            if (buffer.Length > BytesMax)
                return null;
        }

        return buffer.ToArray();
    }

    private static string? RefusalOf(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body, Options);
            return HasCardNumber(document.RootElement) ? ErrorCodes.CardNumberRejected : null;
        }
        catch (JsonException)
        {
            return ErrorCodes.MalformedRequest;
        }
        catch (InvalidOperationException)
        {
            // A string that is no valid UTF-16, such as a lone surrogate.
            return ErrorCodes.MalformedRequest;
        }
    }

    private static bool HasCardNumber(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => CardNumbers.AppearsIn(element.GetString()),
        JsonValueKind.Array => element.EnumerateArray().Any(HasCardNumber),
        JsonValueKind.Object => element.EnumerateObject().Any(member => CardNumbers.AppearsIn(member.Name) || HasCardNumber(member.Value)),
        _ => false,
    };
}

/// <summary>The body of this request as it came.</summary>
internal sealed record BufferedBody(byte[] Bytes);

internal static class RequestPaths
{
    public static bool IsWebhook(this HttpRequest request) =>
        request.Path.StartsWithSegments("/api/v1/webhooks") || request.Path.StartsWithSegments("/api/v1/mso/webhooks");

    public static bool IsApi(this HttpRequest request) => request.Path.StartsWithSegments("/api/v1") && !request.IsWebhook();
}
