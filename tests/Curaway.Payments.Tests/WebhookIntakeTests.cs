using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Curaway.Payments.Tests;

/// <summary>Over a real Kestrel on loopback, with a reader and a store made for the test.</summary>
public sealed class WebhookIntakeTests : IAsyncLifetime
{
    private readonly WebhookHost _host = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _host.StartAsync(Ct);

    public async ValueTask DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("/api/v1/webhooks/stripe")]
    [InlineData("/api/v1/mso/webhooks/stripe")]
    [InlineData("/api/v1/webhooks/razorpay")]
    [InlineData("/api/v1/mso/webhooks/Razorpay/")]
    public async Task A_signed_delivery_is_stored_and_answered_200_on_both_families_of_URLs(string path)
    {
        using var response = await PostAsync(path, "body");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("""{"received":true}""", await response.Content.ReadAsStringAsync(Ct));
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        var delivery = Assert.Single(_host.Store.Received);
        Assert.Equal(path.Contains("stripe", StringComparison.Ordinal) ? "stripe" : "razorpay", delivery.Provider);
        Assert.Equal(("default", "payment.captured", WebhookVerdict.Accepted), (delivery.ProviderAccount, delivery.EventType, delivery.Verdict));
        Assert.NotNull(delivery.Snapshot);
    }

    [Fact]
    public async Task The_last_segment_names_the_account()
    {
        using var response = await PostAsync("/api/v1/webhooks/stripe/clinic-india", "body");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("clinic-india", Assert.Single(_host.Store.Received).ProviderAccount);
        Assert.Equal("clinic-india", _host.Stripe.LastAccount);
    }

    [Fact]
    public async Task The_raw_bytes_arrive_unchanged()
    {
        byte[] body = [0xEF, 0xBB, 0xBF, .. "{\r\n \"a\":\t1}"u8, 0x00, 0xFF, 0xFE, 0xC3, 0x28, .. "\r\n"u8];

        using var response = await PostAsync("/api/v1/webhooks/stripe", new ByteArrayContent(body));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(body, _host.Stripe.LastBody);
        Assert.Equal(body, Assert.Single(_host.Store.Bodies));
        Assert.Equal(WebhookDelivery.Hash(body), _host.Store.Received[0].BodyHash);
    }

    [Fact]
    public async Task A_large_chunked_body_arrives_unchanged()
    {
        var body = new byte[256 * 1024];
        new Random(1).NextBytes(body);

        using var response = await PostAsync("/api/v1/webhooks/stripe", new ByteArrayContent(body), isChunked: true);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(body, Assert.Single(_host.Store.Bodies));
    }

    [Fact]
    public async Task A_duplicate_is_a_200_with_its_code()
    {
        using var first = await PostAsync("/api/v1/webhooks/stripe", "body");
        using var second = await PostAsync("/api/v1/webhooks/stripe", "body");

        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        Assert.Equal("""{"received":true,"code":"MSO_WEBHOOK_DUPLICATE_001"}""", await second.Content.ReadAsStringAsync(Ct));
    }

    [Theory]
    [InlineData("forged")]
    [InlineData(null)]
    [Trait("Promise", "P18")]
    public async Task A_forged_or_unsigned_delivery_is_a_400_without_a_call_of_the_store_and_one_alert(string? signature)
    {
        for (var i = 0; i < 3; i++)
        {
            using var response = await PostAsync("/api/v1/webhooks/stripe", "body", signature);
            await AssertProblemAsync(response, 400, ErrorCodes.WebhookInvalidSignature, retryable: false);
        }

        Assert.Equal(0, _host.Store.CallCount);
        Assert.True(_host.Alerts.TryTake(out var alert));
        Assert.Equal(("webhook_signature", AlertSeverity.Warning), (alert.Category, alert.Severity));
        Assert.False(_host.Alerts.TryTake(out _));
        Assert.Equal(2, _host.Alerts.SuppressedCount);
    }

    [Fact]
    public async Task An_empty_body_is_forged_whatever_its_signature()
    {
        using var response = await PostAsync("/api/v1/webhooks/stripe", "");

        await AssertProblemAsync(response, 400, ErrorCodes.WebhookInvalidSignature, retryable: false);
        Assert.Equal((0, 0), (_host.Store.CallCount, _host.Stripe.ReadCount));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Promise", "P18")]
    public async Task A_body_above_the_limit_is_a_413_before_the_signature(bool isChunked)
    {
        using var response = await PostAsync("/api/v1/webhooks/stripe", new ByteArrayContent(new byte[(256 * 1024) + 1]), isChunked: isChunked);

        await AssertProblemAsync(response, 413, ErrorCodes.WebhookTooLarge, retryable: false);
        Assert.Equal((0, 0), (_host.Store.CallCount, _host.Stripe.ReadCount));
    }

    [Fact]
    public async Task A_content_length_above_the_limit_is_refused_before_a_byte_is_read()
    {
        var answer = await SendRawAsync("POST /api/v1/webhooks/stripe HTTP/1.1\r\nHost: x\r\nX-Signature: good\r\nContent-Length: 262145\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 413", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_limit_can_be_changed_while_running()
    {
        _host.Options.BodyBytesMax = 1024;

        using var small = await PostAsync("/api/v1/webhooks/stripe", new string('a', 1024));
        using var large = await PostAsync("/api/v1/webhooks/stripe", new string('a', 1025));

        Assert.Equal(HttpStatusCode.OK, small.StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
    }

    [Theory]
    [InlineData("/api/v1/webhooks/adyen")]
    [InlineData("/api/v1/webhooks/stripe/not%20opaque")]
    [InlineData("/api/v1/webhooks/stripe/a@b.example")]
    public async Task An_unknown_provider_or_an_impossible_account_is_a_404(string path)
    {
        using var response = await PostAsync(path, "body");

        await AssertProblemAsync(response, 404, ErrorCodes.NotFound, retryable: false);
        Assert.Equal(0, _host.Store.CallCount);
    }

    [Fact]
    public async Task Strangers_may_POST_and_nothing_else()
    {
        using var posted = await PostAsync("/api/v1/webhooks/stripe", "body");
        using var read = await _host.Client.GetAsync(new Uri("/api/v1/webhooks/stripe", UriKind.Relative), Ct);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (posted.StatusCode, read.StatusCode));
        Assert.Single(_host.Store.Received);
    }

    [Fact]
    [Trait("Promise", "P15")]
    public async Task A_store_that_fails_is_a_503_and_the_next_delivery_is_stored()
    {
        _host.Store.Failure = new TimeoutException("no answer");
        using (var response = await PostAsync("/api/v1/webhooks/stripe", "body"))
        {
            await AssertProblemAsync(response, 503, ErrorCodes.StoreUnavailable, retryable: true);
            Assert.Equal(TimeSpan.FromSeconds(5), response.Headers.RetryAfter?.Delta);
        }

        _host.Store.Failure = null;
        using var again = await PostAsync("/api/v1/webhooks/stripe", "body");
        Assert.Equal("""{"received":true}""", await again.Content.ReadAsStringAsync(Ct));
    }

    [Fact]
    [Trait("Promise", "P19")]
    public async Task A_slow_body_is_closed_with_a_408_after_the_read_timeout()
    {
        _host.Options.ReadTimeout = TimeSpan.FromMilliseconds(300);

        var answer = await SendRawAsync("POST /api/v1/webhooks/stripe HTTP/1.1\r\nHost: x\r\nX-Signature: good\r\nContent-Length: 100\r\n\r\n{");

        Assert.StartsWith("HTTP/1.1 408", answer, StringComparison.Ordinal);
        Assert.Contains("Connection: close", answer, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(ErrorCodes.MalformedRequest, answer, StringComparison.Ordinal);
        Assert.Equal((0, 0), (_host.Store.CallCount, _host.Stripe.ReadCount));
    }

    [Fact]
    public async Task A_broken_chunk_is_a_400()
    {
        var answer = await SendRawAsync("POST /api/v1/webhooks/stripe HTTP/1.1\r\nHost: x\r\nX-Signature: good\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n");

        Assert.StartsWith("HTTP/1.1 400", answer, StringComparison.Ordinal);
        Assert.Equal(0, _host.Store.CallCount);
    }

    [Fact]
    public async Task A_provider_that_hangs_up_does_not_stop_the_commit()
    {
        _host.Store.Gate = new TaskCompletionSource();
        using (var impatient = CancellationTokenSource.CreateLinkedTokenSource(Ct))
        {
            var sending = PostAsync("/api/v1/webhooks/stripe", "body", ct: impatient.Token);
            await _host.Store.Entered.Task.WaitAsync(TimeSpan.FromSeconds(10), Ct);
            await impatient.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        }

        await Task.Delay(200, Ct); // long enough for the server to see the hang-up
        Assert.False(_host.Store.LastToken.IsCancellationRequested);
        var signal = _host.Signal.Next;
        _host.Store.Gate.SetResult();
        await signal.WaitAsync(TimeSpan.FromSeconds(10), Ct);
        Assert.Single(_host.Store.Received);
    }

    [Fact]
    public async Task The_workers_are_woken_when_it_is_stored_and_not_before()
    {
        var signal = _host.Signal.Next;
        using var forged = await PostAsync("/api/v1/webhooks/stripe", "body", "forged");
        Assert.False(signal.IsCompleted);

        using var stored = await PostAsync("/api/v1/webhooks/stripe", "body");

        Assert.True(signal.IsCompleted);
    }

    [Theory]
    [InlineData("stripe", "evt_1", "evt_1", false)]
    [InlineData("stripe", null, null, true)]
    [InlineData("razorpay", "evt_1", "evt_1", true)]
    [InlineData("razorpay", null, null, true)]
    [InlineData("razorpay", "has space", null, true)]
    [InlineData("razorpay", "x*300", null, true)]
    public async Task An_unsigned_or_missing_event_id_is_backed_by_the_bodys_hash(string provider, string? sent, string? kept, bool byBody)
    {
        var eventId = sent == "x*300" ? new string('x', 300) : sent;

        using var response = await PostAsync("/api/v1/webhooks/" + provider, "body", eventId: eventId);

        var delivery = Assert.Single(_host.Store.Received);
        Assert.Equal(kept ?? "sha256:" + WebhookDelivery.Hash("body"u8), delivery.EventId);
        Assert.Equal(byBody, delivery.IsDedupedByBody);
    }

    [Theory]
    [InlineData("ignore", WebhookVerdict.Ignored)]
    [InlineData("unreadable", WebhookVerdict.Unreadable)]
    public async Task What_is_signed_is_stored_even_when_nothing_comes_of_it(string body, WebhookVerdict verdict)
    {
        using var response = await PostAsync("/api/v1/webhooks/stripe", body);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var delivery = Assert.Single(_host.Store.Received);
        Assert.Equal(verdict, delivery.Verdict);
        Assert.Null(delivery.Snapshot);
    }

    [Fact]
    public async Task A_warning_is_logged_with_the_event_and_without_the_body()
    {
        using var response = await PostAsync("/api/v1/webhooks/stripe", "warn jane@example.com");

        var line = Assert.Single(_host.Log, entry => entry.Contains("api_version", StringComparison.Ordinal));
        Assert.Contains("evt_default", line, StringComparison.Ordinal);
        Assert.DoesNotContain(_host.Log, entry => entry.Contains("jane", StringComparison.Ordinal));
    }

    [Fact]
    public void The_options_refuse_what_makes_no_sense()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebhookOptions { BodyBytesMax = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebhookOptions { ReadTimeout = TimeSpan.Zero });
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebhookOptions { RetryAfter = TimeSpan.FromDays(1) });
        Assert.Equal((262144, TimeSpan.FromSeconds(5)), (new WebhookOptions().BodyBytesMax, new WebhookOptions().ReadTimeout));
    }

    [Fact]
    public async Task Mapping_without_the_engine_fails_at_start()
    {
        await using var app = WebhookHost.Build(services => services.AddSingleton<IWebhookReader>(new FakeReader("stripe", true)));

        Assert.Throws<InvalidOperationException>(() => app.MapPaymentWebhooks());
    }

    private Task<HttpResponseMessage> PostAsync(string path, string body, string? signature = "good", string? eventId = "evt_default", CancellationToken? ct = null) =>
        PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"), signature, eventId, ct: ct);

    private async Task<HttpResponseMessage> PostAsync(
        string path, HttpContent content, string? signature = "good", string? eventId = "evt_default", bool isChunked = false, CancellationToken? ct = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = content };
        request.Headers.TransferEncodingChunked = isChunked ? true : null;
        if (signature is not null)
            request.Headers.Add("X-Signature", signature);
        if (eventId is not null)
            request.Headers.Add("X-Event-Id", eventId);
        return await _host.Client.SendAsync(request, ct ?? Ct);
    }

    /// <summary>Sends these bytes and reads until the head of the answer and its body are there.</summary>
    private async Task<string> SendRawAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _host.Client.BaseAddress!.Port, Ct);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), Ct);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        deadline.CancelAfter(TimeSpan.FromSeconds(4)); // less than Kestrel's own 5 s of patience
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        while (!answer.ToString().Contains('}') && await stream.ReadAsync(buffer, deadline.Token) is var count and > 0)
            answer.Append(Encoding.ASCII.GetString(buffer, 0, count));
        return answer.ToString();
    }

    private static async Task AssertProblemAsync(HttpResponseMessage response, int status, string code, bool retryable)
    {
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(new MediaTypeHeaderValue("application/problem+json"), response.Content.Headers.ContentType);
        using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Ct));
        var root = problem.RootElement;
        Assert.Equal(["type", "title", "status", "code", "retryable", "trace_id"], root.EnumerateObject().Select(member => member.Name));
        Assert.Equal(code, root.GetProperty("code").GetString());
        Assert.Equal(status, root.GetProperty("status").GetInt32());
        Assert.Equal(retryable, root.GetProperty("retryable").GetBoolean());
        Assert.Equal(ErrorCatalogue.Get(code).UserText, root.GetProperty("title").GetString());
        Assert.NotEqual("", root.GetProperty("trace_id").GetString());
    }
}
