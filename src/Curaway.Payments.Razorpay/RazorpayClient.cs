using System.Collections.Frozen;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Options;

namespace Curaway.Payments.Razorpay;

/// <summary>An account that was added. Only these are looked up, because a webhook's URL names one and anybody can call it.</summary>
internal sealed record RazorpayAccountName(string Value);

/// <summary>An account with its options.</summary>
internal sealed record RazorpayAccount(string Name, RazorpayOptions Options);

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
internal sealed class RazorpayClient(
    IHttpClientFactory http, IOptionsMonitor<RazorpayOptions> options, IEnumerable<RazorpayAccountName> accounts)
{
    public const string HttpClientName = "Curaway.Payments.Razorpay";

    /// <summary>An order with a hundred payments is below 256 KiB.</summary>
    private const int ResponseBytesMax = 1024 * 1024;

    /// <summary>Above any deadline of the engine, which cancels first.</summary>
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(20);

    private readonly FrozenSet<string> _names = accounts.Select(account => account.Value).ToFrozenSet(StringComparer.Ordinal);

    public static void Limit(HttpClient client)
    {
        client.Timeout = CallTimeout;
        client.MaxResponseContentBufferSize = ResponseBytesMax;
        client.DefaultRequestHeaders.UserAgent.ParseAdd("Curaway-Payments");
    }

    /// <summary>Every account that was added.</summary>
    public IReadOnlyCollection<string> Names => _names;

    /// <summary>The account's options, configured or not; null for an account nobody added.</summary>
    public RazorpayOptions? OptionsOf(string account) => _names.Contains(account) ? options.Get(account) : null;

    /// <summary>The account; null when it is not configured.</summary>
    public RazorpayAccount? Find(string account) =>
        OptionsOf(account) is { IsConfigured: true } current ? new RazorpayAccount(account, current) : null;

    public Task<RazorpayReply<WireOrder>> CreateOrderAsync(RazorpayAccount account, OrderRequest order, CancellationToken ct) =>
        PostAsync(account, "orders", order, RazorpayJson.Default.OrderRequest, RazorpayJson.Default.WireOrder, null, ct);

    public Task<RazorpayReply<WireOrder>> GetOrderAsync(RazorpayAccount account, string orderId, CancellationToken ct) =>
        GetAsync(account, $"orders/{Escape(orderId)}", RazorpayJson.Default.WireOrder, ct);

    public Task<RazorpayReply<WireList<WireOrder>>> ListOrdersAsync(RazorpayAccount account, string receipt, CancellationToken ct) =>
        GetAsync(account, $"orders?receipt={Escape(receipt)}&count=100", RazorpayJson.Default.Orders, ct);

    public Task<RazorpayReply<WireList<WirePayment>>> ListPaymentsAsync(RazorpayAccount account, string orderId, CancellationToken ct) =>
        GetAsync(account, $"orders/{Escape(orderId)}/payments", RazorpayJson.Default.Payments, ct);

    public Task<RazorpayReply<WirePayment>> GetPaymentAsync(RazorpayAccount account, string paymentId, CancellationToken ct) =>
        GetAsync(account, $"payments/{Escape(paymentId)}", RazorpayJson.Default.WirePayment, ct);

    public Task<RazorpayReply<WirePayment>> CaptureAsync(
        RazorpayAccount account, string paymentId, CaptureRequest capture, CancellationToken ct) =>
        PostAsync(
            account,
            $"payments/{Escape(paymentId)}/capture",
            capture,
            RazorpayJson.Default.CaptureRequest,
            RazorpayJson.Default.WirePayment,
            null,
            ct);

    public Task<RazorpayReply<WireRefund>> RefundAsync(
        RazorpayAccount account, string paymentId, RefundRequest refund, string idempotencyKey, CancellationToken ct) =>
        PostAsync(
            account,
            $"payments/{Escape(paymentId)}/refund",
            refund,
            RazorpayJson.Default.RefundRequest,
            RazorpayJson.Default.WireRefund,
            idempotencyKey,
            ct);

    public Task<RazorpayReply<WireList<WireRefund>>> ListRefundsAsync(RazorpayAccount account, string paymentId, CancellationToken ct) =>
        GetAsync(account, $"payments/{Escape(paymentId)}/refunds?count=100", RazorpayJson.Default.Refunds, ct);

    /// <summary>A hundred orders made since a moment, newest first.</summary>
    public Task<RazorpayReply<WireList<WireOrder>>> ListOrdersAsync(RazorpayAccount account, DateTimeOffset since, int skip, CancellationToken ct) =>
        GetAsync(account, Since("orders", since, skip), RazorpayJson.Default.Orders, ct);

    /// <summary>A hundred payments made since a moment, newest first.</summary>
    public Task<RazorpayReply<WireList<WirePayment>>> ListPaymentsAsync(RazorpayAccount account, DateTimeOffset since, int skip, CancellationToken ct) =>
        GetAsync(account, Since("payments", since, skip), RazorpayJson.Default.Payments, ct);

    /// <summary>A hundred refunds made since a moment, newest first.</summary>
    public Task<RazorpayReply<WireList<WireRefund>>> ListRefundsAsync(RazorpayAccount account, DateTimeOffset since, int skip, CancellationToken ct) =>
        GetAsync(account, Since("refunds", since, skip), RazorpayJson.Default.Refunds, ct);

    private static string Since(string kind, DateTimeOffset since, int skip) =>
        string.Create(CultureInfo.InvariantCulture, $"{kind}?from={since.ToUnixTimeSeconds()}&count=100&skip={skip}");

    private static string Escape(string value) => Uri.EscapeDataString(value);

    private async Task<RazorpayReply<T>> GetAsync<T>(RazorpayAccount account, string path, JsonTypeInfo<T> type, CancellationToken ct)
        where T : class
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, new Uri(account.Options.BaseAddress!, path));
        return await SendAsync(account, message, type, ct).ConfigureAwait(false);
    }

    private async Task<RazorpayReply<T>> PostAsync<TBody, T>(
        RazorpayAccount account,
        string path,
        TBody body,
        JsonTypeInfo<TBody> bodyType,
        JsonTypeInfo<T> type,
        string? refundIdempotencyKey,
        CancellationToken ct)
        where T : class
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, new Uri(account.Options.BaseAddress!, path));
        message.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, bodyType));
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (refundIdempotencyKey is not null)
            message.Headers.Add("X-Refund-Idempotency", refundIdempotencyKey);
        return await SendAsync(account, message, type, ct).ConfigureAwait(false);
    }

    private async Task<RazorpayReply<T>> SendAsync<T>(
        RazorpayAccount account, HttpRequestMessage message, JsonTypeInfo<T> type, CancellationToken ct)
        where T : class
    {
        var credentials = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{account.Options.KeyId}:{account.Options.KeySecret}"));
        message.Headers.Authorization = new AuthenticationHeaderValue("Basic", credentials);
        try
        {
            using var client = http.CreateClient(HttpClientName);
            using var response = await client.SendAsync(message, ct).ConfigureAwait(false);
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
