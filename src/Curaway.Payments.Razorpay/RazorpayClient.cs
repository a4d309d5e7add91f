using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Curaway.Payments.Razorpay;

/// <summary>An answer that could be read, or why there is none.</summary>
internal readonly record struct RazorpayReply<T>(T? Value, RazorpayFailure? Failure)
    where T : class
{
    public static implicit operator RazorpayReply<T>(T value) => new(value, null);

    public static implicit operator RazorpayReply<T>(RazorpayFailure failure) => new(null, failure);
}

/// <summary>
/// Razorpay over HTTP: one call, one answer, no retries (the engine owns those, and a repeated POST is not safe here).
/// Credentials go with each request, so accounts never mix. Thread-safe.
/// </summary>
internal sealed class RazorpayClient(IHttpClientFactory clients)
{
    public const string HttpClientName = "Curaway.Payments.Razorpay";

    /// <summary>An order with a hundred payments is below 256 KiB.</summary>
    private const int ResponseBytesMax = 1024 * 1024;

    /// <summary>Above any deadline of the engine, which cancels first.</summary>
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(60);

    public static void Limit(HttpClient http)
    {
        http.Timeout = CallTimeout;
        http.MaxResponseContentBufferSize = ResponseBytesMax;
        http.DefaultRequestHeaders.UserAgent.ParseAdd("Curaway-Payments");
    }

    public Task<RazorpayReply<WireOrder>> CreateOrderAsync(RazorpayOptions account, OrderRequest order, CancellationToken ct) =>
        PostAsync(account, "orders", order, RazorpayJson.Default.OrderRequest, RazorpayJson.Default.WireOrder, null, ct);

    public Task<RazorpayReply<WireOrder>> GetOrderAsync(RazorpayOptions account, string orderId, CancellationToken ct) =>
        GetAsync(account, $"orders/{Escape(orderId)}", RazorpayJson.Default.WireOrder, ct);

    public Task<RazorpayReply<WireList<WireOrder>>> ListOrdersAsync(RazorpayOptions account, string receipt, CancellationToken ct) =>
        GetAsync(account, $"orders?receipt={Escape(receipt)}&count=100", RazorpayJson.Default.Orders, ct);

    public Task<RazorpayReply<WireList<WirePayment>>> ListPaymentsAsync(RazorpayOptions account, string orderId, CancellationToken ct) =>
        GetAsync(account, $"orders/{Escape(orderId)}/payments", RazorpayJson.Default.Payments, ct);

    public Task<RazorpayReply<WirePayment>> GetPaymentAsync(RazorpayOptions account, string paymentId, CancellationToken ct) =>
        GetAsync(account, $"payments/{Escape(paymentId)}", RazorpayJson.Default.WirePayment, ct);

    public Task<RazorpayReply<WirePayment>> CaptureAsync(
        RazorpayOptions account, string paymentId, CaptureRequest capture, CancellationToken ct) =>
        PostAsync(
            account,
            $"payments/{Escape(paymentId)}/capture",
            capture,
            RazorpayJson.Default.CaptureRequest,
            RazorpayJson.Default.WirePayment,
            null,
            ct);

    public Task<RazorpayReply<WireRefund>> RefundAsync(
        RazorpayOptions account, string paymentId, RefundRequest refund, string idempotencyKey, CancellationToken ct) =>
        PostAsync(
            account,
            $"payments/{Escape(paymentId)}/refund",
            refund,
            RazorpayJson.Default.RefundRequest,
            RazorpayJson.Default.WireRefund,
            idempotencyKey,
            ct);

    public Task<RazorpayReply<WireList<WireRefund>>> ListRefundsAsync(RazorpayOptions account, string paymentId, CancellationToken ct) =>
        GetAsync(account, $"payments/{Escape(paymentId)}/refunds?count=100", RazorpayJson.Default.Refunds, ct);

    private static string Escape(string value) => Uri.EscapeDataString(value);

    private async Task<RazorpayReply<T>> GetAsync<T>(RazorpayOptions account, string path, JsonTypeInfo<T> type, CancellationToken ct)
        where T : class
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, new Uri(account.ApiBase, path));
        return await SendAsync(account, message, type, ct).ConfigureAwait(false);
    }

    private async Task<RazorpayReply<T>> PostAsync<TBody, T>(
        RazorpayOptions account,
        string path,
        TBody body,
        JsonTypeInfo<TBody> bodyType,
        JsonTypeInfo<T> type,
        string? refundIdempotencyKey,
        CancellationToken ct)
        where T : class
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, new Uri(account.ApiBase, path));
        message.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, bodyType));
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (refundIdempotencyKey is not null)
            message.Headers.Add("X-Refund-Idempotency", refundIdempotencyKey);
        return await SendAsync(account, message, type, ct).ConfigureAwait(false);
    }

    private async Task<RazorpayReply<T>> SendAsync<T>(
        RazorpayOptions account, HttpRequestMessage message, JsonTypeInfo<T> type, CancellationToken ct)
        where T : class
    {
        if (!account.IsConfigured)
            return RazorpayFailure.NotConfigured;
        var credentials = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{account.KeyId}:{account.KeySecret}"));
        message.Headers.Authorization = new AuthenticationHeaderValue("Basic", credentials);
        try
        {
            using var http = clients.CreateClient(HttpClientName);
            using var response = await http.SendAsync(message, ct).ConfigureAwait(false);
            var body = await response.Content.ReadAsByteArrayAsync(ct).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                var error = TryRead(body, RazorpayJson.Default.WireErrorEnvelope)?.Error;
                return RazorpayErrors.Classify(response.StatusCode, error, response.Headers.RetryAfter?.Delta);
            }

            return TryRead(body, type) is { } value ? value : new RazorpayFailure(ProviderFault.Unreadable);
        }
        catch (OperationCanceledException)
        {
            return new RazorpayFailure(ProviderFault.Timeout);
        }
        catch (HttpRequestException exception)
        {
            return new RazorpayFailure(RazorpayErrors.FaultOf(exception.HttpRequestError));
        }
        catch (IOException)
        {
            return new RazorpayFailure(ProviderFault.Reset);
        }
    }

    private static T? TryRead<T>(byte[] body, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(body, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
