using System.Diagnostics.Metrics;
using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Curaway.Payments.Tests;

/// <summary>Deliveries that come together, over a real Kestrel and a store that answers when it is told to.</summary>
public sealed class WebhookInboxTests : IAsyncLifetime
{
    private readonly WebhookHost _host = new();
    private readonly MeterListener _meters = new();
    private readonly SemaphoreSlim _queued = new(0);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var factory = _host.Services.GetRequiredService<IMeterFactory>();
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "curaway.payments.webhook.waiting" && ReferenceEquals(instrument.Meter.Scope, factory))
                listener.EnableMeasurementEvents(instrument);
        };
        _meters.SetMeasurementEventCallback<int>((_, change, _, _) =>
        {
            if (change > 0)
                _queued.Release(change);
        });
        _meters.Start();
        _host.Options.CommitterCountMax = 1;
        _host.Store.Gate = new TaskCompletionSource();
        await _host.StartAsync(Ct);
    }

    public async ValueTask DisposeAsync()
    {
        _host.Store.Gate?.TrySetResult();
        await _host.DisposeAsync();
        _meters.Dispose();
        _queued.Dispose();
    }

    [Fact]
    public async Task What_arrives_during_a_commit_is_the_next_batch_and_each_learns_its_own_fate()
    {
        var first = await SendAsync("evt_1");
        await _host.Store.Entered.Task.WaitAsync(Ct);
        var others = new List<Task<string>>();
        foreach (var id in new[] { "evt_2", "evt_3", "evt_2", "evt_1" })
            others.Add(await SendAsync(id));
        Assert.Equal(1, _host.Store.CallCount);

        _host.Store.Gate!.SetResult();

        const string Received = "200 {\"received\":true}";
        const string Duplicate = "200 {\"received\":true,\"code\":\"MSO_WEBHOOK_DUPLICATE_001\"}";
        Assert.Equal(Received, await first);
        Assert.Equal([Received, Received, Duplicate, Duplicate], await Task.WhenAll(others));
        Assert.Equal(2, _host.Store.CallCount);
    }

    [Fact]
    public async Task A_batch_has_its_limit()
    {
        _host.Options.BatchCountMax = 2;
        var answers = new List<Task<string>> { await SendAsync("evt_0") };
        await _host.Store.Entered.Task.WaitAsync(Ct);
        for (var i = 1; i <= 5; i++)
            answers.Add(await SendAsync($"evt_{i}"));

        _host.Store.Gate!.SetResult();

        Assert.All(await Task.WhenAll(answers), answer => Assert.StartsWith("200", answer, StringComparison.Ordinal));
        Assert.Equal(4, _host.Store.CallCount);
    }

    [Fact]
    public async Task More_than_may_wait_is_a_503_before_the_body_is_read_and_nobody_else_suffers()
    {
        _host.Options.WaitingCountMax = 1;
        var committing = await SendAsync("evt_1");
        await _host.Store.Entered.Task.WaitAsync(Ct);
        var waiting = await SendAsync("evt_2");

        using (var refused = await PostAsync("evt_3"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(5), refused.Headers.RetryAfter?.Delta);
            Assert.Contains(ErrorCodes.StoreUnavailable, await refused.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }

        Assert.Equal(2, _host.Stripe.ReadCount);
        _host.Store.Gate!.SetResult();
        Assert.All(await Task.WhenAll(committing, waiting), answer => Assert.StartsWith("200", answer, StringComparison.Ordinal));
        using var again = await PostAsync("evt_3");
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    [Trait("Promise", "P15")]
    public async Task A_host_that_stops_finishes_what_it_took()
    {
        var committing = await SendAsync("evt_1");
        await _host.Store.Entered.Task.WaitAsync(Ct);
        var waiting = await SendAsync("evt_2");

        var stopping = _host.StopAsync(Ct);
        _host.Store.Gate!.SetResult();

        Assert.All(await Task.WhenAll(committing, waiting), answer => Assert.StartsWith("200", answer, StringComparison.Ordinal));
        await stopping;
        Assert.Equal(2, _host.Store.Received.Count);
    }

    [Fact]
    public async Task A_batch_that_fails_is_a_503_for_each_of_it_and_the_next_one_is_stored()
    {
        var answers = new List<Task<string>> { await SendAsync("evt_1") };
        await _host.Store.Entered.Task.WaitAsync(Ct);
        answers.Add(await SendAsync("evt_2"));
        answers.Add(await SendAsync("evt_3"));
        _host.Store.Failure = new TimeoutException("no answer");

        _host.Store.Gate!.SetResult();

        Assert.All(await Task.WhenAll(answers), answer => Assert.StartsWith("503", answer, StringComparison.Ordinal));
        _host.Store.Failure = null;
        using var next = await PostAsync("evt_1");
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }

    /// <summary>Sends one, and returns when the inbox has it; the task within is its answer.</summary>
    private async Task<Task<string>> SendAsync(string eventId)
    {
        var answering = AnswerAsync(eventId);
        await _queued.WaitAsync(Ct);
        return answering;
    }

    private async Task<string> AnswerAsync(string eventId)
    {
        using var response = await PostAsync(eventId);
        return $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync(Ct)}";
    }

    private async Task<HttpResponseMessage> PostAsync(string eventId)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/api/v1/webhooks/stripe", UriKind.Relative))
        {
            Content = new StringContent("body", Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("X-Signature", "good");
        request.Headers.Add("X-Event-Id", eventId);
        return await _host.Client.SendAsync(request, Ct);
    }
}
