using System.Security.Cryptography;
using System.Text;
using Curaway.Payments.SampleHost.Http;
using Curaway.Payments.SampleHost.Identity;

namespace Curaway.Payments.SampleHost.Idempotency;

/// <summary>An endpoint that refuses a request without an <c>Idempotency-Key</c>.</summary>
internal sealed class RequiresIdempotencyKey;

/// <summary>
/// Honours <c>Idempotency-Key</c> on every POST of the API: the same key with the same body is the same request. 2xx, 402
/// and 422 are kept for a day and answered again with <c>Idempotency-Replayed: true</c>; anything else frees the key, so a
/// retry runs again. A key belongs to its tenant, its caller and its URL.
/// </summary>
internal sealed class IdempotencyMiddleware(RequestDelegate next, IdempotencyStore store)
{
    public const string HeaderName = "Idempotency-Key";
    public const string ReplayedHeaderName = "Idempotency-Replayed";

    private const int KeyLengthMax = 255;

    public async Task InvokeAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method) || !context.Request.IsApi() || !Caller.TryRead(context.User, out var caller))
        {
            await next(context);
            return;
        }

        var key = context.Request.Headers[HeaderName].ToString();
        if (key.Length == 0)
        {
            await (context.GetEndpoint()?.Metadata.GetMetadata<RequiresIdempotencyKey>() is null
                ? next(context)
                : new Problem(ErrorCodes.IdempotencyRequired).ExecuteAsync(context));
            return;
        }

        if (key.Length > KeyLengthMax || key.Any(character => character is <= ' ' or > '~'))
        {
            await new Problem(ErrorCodes.MalformedRequest).ExecuteAsync(context);
            return;
        }

        var scopeHash = HashOf(Encoding.UTF8.GetBytes($"{caller!.TenantId}\n{caller.Subject}\n{context.Request.Path}\n{key}"));
        var bodyHash = HashOf(context.Features.Get<BufferedBody>()?.Bytes ?? []);
        var owner = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var claim = await store.ClaimAsync(scopeHash, bodyHash, owner, context.RequestAborted);
        await (claim.State switch
        {
            KeyState.Claimed => RunAsync(context, key, scopeHash, owner),
            KeyState.Answered => ReplayAsync(context, KeptAnswer.Open(claim.SealedAnswer!, key)),
            KeyState.Mismatch => new Problem(ErrorCodes.IdempotencyMismatch).ExecuteAsync(context),
            _ => new Problem(ErrorCodes.IdempotencyInProgress).ExecuteAsync(context),
        });
    }

    private async Task RunAsync(HttpContext context, string key, string scopeHash, string owner)
    {
        var (body, aborted) = (context.Response.Body, context.RequestAborted);
        using var buffer = new MemoryStream();
        context.Response.Body = buffer;
        // The answer is for whoever asks again under the key: were it given up with this caller's connection, an empty one would be kept.
        context.RequestAborted = CancellationToken.None;
        var isKept = false;
        try
        {
            await next(context);
            if (IsKept(context.Response.StatusCode))
            {
                var response = context.Response;
                var answer = new KeptAnswer(response.StatusCode, response.ContentType, response.Headers.Location, buffer.ToArray());
                await store.AnswerAsync(scopeHash, owner, response.StatusCode, answer.Seal(key), CancellationToken.None);
                isKept = true;
            }
        }
        finally
        {
            (context.Response.Body, context.RequestAborted) = (body, aborted);
            if (!isKept)
                await store.FreeAsync(scopeHash, owner, CancellationToken.None);
        }

        buffer.Position = 0;
        await buffer.CopyToAsync(body, aborted);
    }

    private static async Task ReplayAsync(HttpContext context, KeptAnswer answer)
    {
        context.Response.StatusCode = answer.Status;
        context.Response.ContentType = answer.ContentType;
        context.Response.Headers[ReplayedHeaderName] = "true";
        if (answer.Location is not null)
            context.Response.Headers.Location = answer.Location;
        await context.Response.Body.WriteAsync(answer.Body, context.RequestAborted);
    }

    private static bool IsKept(int status) => status is (>= 200 and < 300) or StatusCodes.Status402PaymentRequired or StatusCodes.Status422UnprocessableEntity;

    private static string HashOf(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
