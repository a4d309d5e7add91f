using System.Net.Http.Headers;

namespace Curaway.Payments.Simulators;

/// <summary>The background loop that posts what <see cref="SimulatorWebhooks"/> has queued.</summary>
internal sealed class SimulatorWebhookSender : IAsyncDisposable
{
    private const int AnswerCharactersMax = 4096;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);
    private readonly SimulatorWebhooks _webhooks;
    private readonly Action _settle;
    private readonly CancellationTokenSource _stopping = new();
    private readonly HttpClient _http;
    private readonly Task _loop;
    private int _isDisposed;

    /// <param name="webhooks">The queue.</param>
    /// <param name="settle">Applies what time alone brings (expiry); called once a second.</param>
    public SimulatorWebhookSender(SimulatorWebhooks webhooks, Action settle)
    {
        _webhooks = webhooks;
        _settle = settle;
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };
        _loop = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 1) return;
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        _http.Dispose();
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        var settledAt = Environment.TickCount64;
        try
        {
            while (!_stopping.IsCancellationRequested)
            {
                if (Environment.TickCount64 - settledAt >= 1000)
                {
                    _settle();
                    settledAt = Environment.TickCount64;
                }

                if (_webhooks.TakeNext() is { } next) await SendAsync(next.Item, next.Signed).ConfigureAwait(false);
                else await Task.Delay(Poll, _stopping.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The simulator stops.
        }
    }

    private async Task SendAsync(QueuedWebhook item, SimulatorWebhook signed)
    {
        int? status = null;
        string? text = null;
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            deadline.CancelAfter(_webhooks.AnswerTimeout);
            using var request = new HttpRequestMessage(HttpMethod.Post, _webhooks.Target);
            request.Content = new ReadOnlyMemoryContent(signed.Body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            foreach (var (name, value) in signed.Headers) request.Headers.TryAddWithoutValidation(name, value);
            using var response = await _http.SendAsync(request, deadline.Token).ConfigureAwait(false);
            text = await response.Content.ReadAsStringAsync(deadline.Token).ConfigureAwait(false);
            status = (int)response.StatusCode;
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException or IOException or InvalidOperationException)
        {
            // No answer is a failed delivery like any other: it is tried again by the schedule.
        }

        _webhooks.Answered(item, status, text is { Length: > AnswerCharactersMax } ? text[..AnswerCharactersMax] : text);
    }
}
