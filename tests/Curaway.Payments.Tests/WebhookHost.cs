using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Curaway.Payments.Tests;

/// <summary>Kestrel on a free loopback port with the webhook endpoints under both families of URLs.</summary>
internal sealed class WebhookHost : IAsyncDisposable
{
    private readonly LogCapture _log = new();
    private readonly WebApplication _app;

    public WebhookHost()
    {
        _app = Build(services =>
        {
            services.AddSingleton<IChargeStore>(Store);
            services.AddSingleton<IWebhookReader>(Stripe);
            services.AddSingleton<IWebhookReader>(new FakeReader("razorpay", isEventIdSigned: false));
            services.AddSingleton(Signal);
            services.AddSingleton(Alerts);
            services.AddSingleton(TimeProvider.System);
            services.AddAuthorization(authorization => authorization.FallbackPolicy = authorization.DefaultPolicy);
            services.AddAuthentication("bearer").AddBearerToken("bearer");
            services.AddSingleton<ILoggerProvider>(_log);
        });
        _app.UseAuthorization();
        _app.MapPaymentWebhooks();
        _app.MapPaymentWebhooks("/api/v1/mso/webhooks/");
    }

    public FakeStore Store { get; } = new();

    public FakeReader Stripe { get; } = new("stripe", isEventIdSigned: true);

    public PaymentsSignal Signal { get; } = new();

    public PaymentAlerts Alerts { get; } = new();

    public HttpClient Client { get; } = new();

    public WebhookOptions Options => _app.Services.GetRequiredService<IOptionsMonitor<WebhookOptions>>().CurrentValue;

    public IReadOnlyCollection<string> Log => _log.Lines;

    public static WebApplication Build(Action<IServiceCollection> configure)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        configure(builder.Services);
        return builder.Build();
    }

    public async Task StartAsync(CancellationToken ct)
    {
        await _app.StartAsync(ct);
        Client.BaseAddress = new Uri(_app.Urls.Single());
    }

    public IServiceProvider Services => _app.Services;

    public Task StopAsync(CancellationToken ct) => _app.StopAsync(ct);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        _log.Dispose();
    }

    private sealed class LogCapture : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}

/// <summary>The signature is the word "good"; the body says what the reading is.</summary>
internal sealed class FakeReader(string provider, bool isEventIdSigned) : IWebhookReader
{
    public string Provider => provider;

    public bool IsEventIdSigned => isEventIdSigned;

    public int ReadCount { get; private set; }

    public byte[]? LastBody { get; private set; }

    public string? LastAccount { get; private set; }

    public WebhookReading Read(WebhookRequest request)
    {
        ReadCount++;
        LastAccount = request.Account;
        LastBody = request.Body.ToArray();
        if (request.Header("x-signature") != "good")
            return WebhookReading.Forged();

        var eventId = request.Header("x-event-id");
        var body = request.Body.Span;
        if (body.StartsWith("ignore"u8))
            return WebhookReading.Ignored(eventId, "payment.other");
        if (body.StartsWith("unreadable"u8))
            return WebhookReading.Unreadable(eventId, null);
        var reading = WebhookReading.Accepted(eventId, "payment.captured", new ProviderSnapshot { Provider = provider });
        return body.StartsWith("warn"u8) ? reading with { Warning = "api_version" } : reading;
    }

    public WebhookReading Reread(ReadOnlyMemory<byte> body, string account) => throw new NotSupportedException();
}

/// <summary>Remembers deliveries; the rest of a store is not asked by the HTTP edge.</summary>
internal sealed class FakeStore : IChargeStore
{
    private readonly Lock _lock = new();
    private readonly HashSet<string> _seen = [];

    public List<WebhookDelivery> Received { get; } = [];

    public List<byte[]> Bodies { get; } = [];

    public int CallCount { get; private set; }

    public Exception? Failure { get; set; }

    /// <summary>What the next call waits for.</summary>
    public TaskCompletionSource? Gate { get; set; }

    public TaskCompletionSource Entered { get; } = new();

    public CancellationToken LastToken { get; private set; }

    public async Task<IReadOnlyList<WebhookFate>> ReceiveAsync(IReadOnlyList<WebhookDelivery> deliveries, CancellationToken ct)
    {
        LastToken = ct;
        CallCount++;
        Entered.TrySetResult();
        if (Gate is { } gate)
            await gate.Task.WaitAsync(ct);
        if (Failure is not null)
            throw Failure;
        lock (_lock)
        {
            Received.AddRange(deliveries);
            Bodies.AddRange(deliveries.Select(delivery => delivery.Body.ToArray()));
            return [.. deliveries.Select(delivery => _seen.Add(delivery.EventId) ? WebhookFate.Applied : WebhookFate.Duplicate)];
        }
    }

    public bool CanBookInCallersTransaction => throw new NotSupportedException();

    public Task<ChargeCommitted> BookInAsync(DbTransaction transaction, ChargeId id, Booking booking, CancellationToken ct) =>
        throw new NotSupportedException();

    public Task<bool> PurgeAsync(TimeSpan bodyLifetime, TimeSpan eventLifetime, int countMax, CancellationToken ct) =>
        throw new NotSupportedException();

    public Task MigrateAsync(CancellationToken ct) => throw new NotSupportedException();

    public Task<IReadOnlyList<string>> ListPendingScriptsAsync(CancellationToken ct) => throw new NotSupportedException();

    public Task<IReadOnlyList<ChargeKey>> ListAsync(ChargeQuery query, CancellationToken ct) => throw new NotSupportedException();

    public Task<ReconcilerBacklog> ReadBacklogAsync(CancellationToken ct) => throw new NotSupportedException();

    public Task<IReadOnlyList<SilentAccount>> ListSilentAccountsAsync(TimeSpan silence, CancellationToken ct) => throw new NotSupportedException();

    public Task<ChargeHistory?> ReadHistoryAsync(ChargeId id, CancellationToken ct) => throw new NotSupportedException();

    public Task<ChargeState> FindAsync(ChargeSelector selector, CancellationToken ct) => throw new NotSupportedException();

    public Task<ChargeCommitted> CommitAsync(
        ChargeSelector selector, Func<ChargeState, ChargeCommit> decide, Booking? booking, CancellationToken ct) => throw new NotSupportedException();

    public Task<IReadOnlyList<ChargeId>> ClaimDueAsync(int countMax, TimeSpan lease, CancellationToken ct) => throw new NotSupportedException();

    public Task<IReadOnlyList<WebhookEvent>> ClaimEventsAsync(int countMax, TimeSpan lease, CancellationToken ct) => throw new NotSupportedException();

    public Task<WebhookState> ApplyEventAsync(Guid eventRowId, ProviderSnapshot snapshot, TimeSpan retryAfter, CancellationToken ct) =>
        throw new NotSupportedException();

    public Task SettleEventAsync(Guid eventRowId, WebhookState state, string reason, PaymentAlert? alert, CancellationToken ct) =>
        throw new NotSupportedException();

    public Task<IReadOnlyList<ChargeTransition>> ClaimTransitionsAsync(int countMax, TimeSpan lease, CancellationToken ct) =>
        throw new NotSupportedException();

    public Task<int> ReplayEventsAsync(WebhookFilter filter, CancellationToken ct) => throw new NotSupportedException();

    public Task CompleteTransitionsAsync(IReadOnlyList<long> transitionIds, CancellationToken ct) => throw new NotSupportedException();

    public Task EnqueueAlertAsync(PaymentAlert alert, CancellationToken ct) => throw new NotSupportedException();

    public Task<int?> TryPassCooldownAsync(string category, TimeSpan cooldown, CancellationToken ct) => throw new NotSupportedException();

    public Task<IReadOnlyList<QueuedAlert>> ClaimAlertsAsync(int countMax, TimeSpan lease, CancellationToken ct) => throw new NotSupportedException();

    public Task<bool> EndOutageAsync(PaymentAlert end, CancellationToken ct) => throw new NotSupportedException();

    public Task CompleteAlertAsync(long alertId, CancellationToken ct) => throw new NotSupportedException();
}
