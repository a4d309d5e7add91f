using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace Curaway.Payments;

/// <summary>A request's raw bytes in a pooled buffer, or why they were not read. Dispose when nobody reads them any more.</summary>
internal sealed class WebhookBody : IDisposable
{
    private const int FirstBufferBytes = 16 * 1024;

    private byte[] _buffer = [];
    private int _length;

    private WebhookBody()
    {
    }

    public WebhookProblem? Refusal { get; private init; }

    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    public static async Task<WebhookBody> ReadAsync(HttpContext http, WebhookOptions options, TimeProvider time)
    {
        if (http.Request.ContentLength > options.BodyBytesMax)
            return Refused(new WebhookProblem(ErrorCodes.WebhookTooLarge));

        // Not linked to RequestAborted: a read from a connection that is gone ends by itself.
        using var timeout = new CancellationTokenSource(options.ReadTimeout, time);
        var body = new WebhookBody();
        try
        {
            if (await body.FillAsync(http.Request, options.BodyBytesMax, timeout.Token).ConfigureAwait(false))
                return body;
            body.Dispose();
            return Refused(new WebhookProblem(ErrorCodes.WebhookTooLarge));
        }
        catch (Exception error) when (RefusalOf(error, timeout.IsCancellationRequested) is not null)
        {
            body.Dispose();
            return Refused(RefusalOf(error, timeout.IsCancellationRequested)!);
        }
    }

    /// <summary>Clears the bytes, which name a person, before others get the buffer.</summary>
    public void Dispose()
    {
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer, clearArray: true);
        (_buffer, _length) = ([], 0);
    }

    /// <summary>Reads to the end; false when there is more than the limit.</summary>
    private async Task<bool> FillAsync(HttpRequest request, int bytesMax, CancellationToken ct)
    {
        Grow((int)(request.ContentLength ?? FirstBufferBytes) + 1);
        while (await request.Body.ReadAsync(_buffer.AsMemory(_length), ct).ConfigureAwait(false) is var count and > 0)
        {
            _length += count;
            if (_length > bytesMax)
                return false;
            if (_length == _buffer.Length)
                Grow(_length * 2);
        }

        return true;
    }

    private void Grow(int bytes)
    {
        var larger = ArrayPool<byte>.Shared.Rent(bytes);
        Bytes.Span.CopyTo(larger);
        var length = _length;
        Dispose();
        (_buffer, _length) = (larger, length);
    }

    private static WebhookBody Refused(WebhookProblem refusal) => new() { Refusal = refusal };

    /// <summary>What a read that threw means; null for a bug. Kestrel has limits of its own, which may be lower than ours.</summary>
    private static WebhookProblem? RefusalOf(Exception error, bool isTimeout) => error switch
    {
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => new WebhookProblem(ErrorCodes.WebhookTooLarge),
        BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } => TooSlow(),
        OperationCanceledException when isTimeout => TooSlow(),
        BadHttpRequestException or IOException or OperationCanceledException => new WebhookProblem(ErrorCodes.MalformedRequest),
        _ => null,
    };

    private static WebhookProblem TooSlow() => new(ErrorCodes.MalformedRequest, StatusCodes.Status408RequestTimeout);
}
