using System.Data.Common;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Curaway.Payments.IntegrationTests.Engine;

/// <summary>The real engine over a real SQLite file, with providers that keep a ledger and a clock that tests move.</summary>
public sealed class EngineFixture : IAsyncDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"curaway-engine-{Guid.CreateVersion7():N}.db");
    private readonly ServiceProvider _services;

    public EngineFixture(Action<PaymentsOptions>? configure = null)
    {
        Stripe = new LedgerProvider("stripe");
        Razorpay = new LedgerProvider("razorpay");
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning));
        services.AddMetrics();
        services.AddSingleton<TimeProvider>(Time);
        services.AddSingleton<IPaymentProvider>(Stripe).AddSingleton<IPaymentProvider>(Razorpay);
        services.AddSingleton<IChargeObserver>(Observer);
        services.AddSingleton<IAlertSink>(Sink);
        services.AddCurawayPayments(payments =>
        {
            payments.AddGeographicRouting().UseSqlite(_path).ResolveAccounts((tenant, provider) => AccountOf(tenant, provider));
            if (configure is not null)
                payments.Configure(configure);
        });
        _services = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
    }

    public DateTimeOffset StartedAt { get; } = new(2026, 11, 24, 9, 0, 0, TimeSpan.Zero);

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 24, 9, 0, 0, TimeSpan.Zero));

    public LedgerProvider Stripe { get; }

    public LedgerProvider Razorpay { get; }

    public RecordingObserver Observer { get; } = new();

    public RecordingSink Sink { get; } = new();

    public PaymentAlerts Alerts => _services.GetRequiredService<PaymentAlerts>();

    /// <summary>Chooses the account of a charge that is begun.</summary>
    public ProviderAccountResolver AccountOf { get; set; } = (_, _) => "default";

    public ChargeService Charges => _services.GetRequiredService<ChargeService>();

    public IChargeStore Store => _services.GetRequiredService<IChargeStore>();

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<EngineFixture> StartAsync(Action<PaymentsOptions>? configure = null)
    {
        var fixture = new EngineFixture(configure);
        await fixture.Store.MigrateAsync(Ct);
        return fixture;
    }

    public AuthorizeCharge Authorize(
        string consultation = "c1", string? method = "pm_ok", Func<DbTransaction, Charge, CancellationToken, Task>? onBooked = null, long amount = 150_00) => new()
        {
            TenantId = OpaqueId.Parse("clinic"),
            ConsultationId = OpaqueId.Parse(consultation),
            Amount = new Money(amount, Currency.Parse("USD")),
            Routing = new RoutingContext { TenantId = OpaqueId.Parse("clinic"), PreferredCurrency = "USD" },
            CaptureBy = Time.GetUtcNow() + TimeSpan.FromHours(2),
            ActorId = "patient-1",
            PaymentMethods = method is null ? [] : [new SavedPaymentMethod("stripe", method)],
            OnBooked = onBooked,
        };

    public static RefundCharge Refund(ChargeId id, string requestId, long? amount = null) => new()
    {
        ChargeId = id,
        RequestId = OpaqueId.Parse(requestId),
        Amount = amount is { } minorUnits ? new Money(minorUnits, Currency.Parse("USD")) : null,
        Reason = "manual_dispute",
        ActorId = "admin-1",
    };

    public async Task<Charge> AuthorizedAsync(string consultation = "c1") =>
        (await Charges.AuthorizeAsync(Authorize(consultation), Ct)).Charge!;

    public async Task<Charge> CapturedAsync(string consultation = "c1") =>
        (await Charges.CaptureAsync((await AuthorizedAsync(consultation)).Id, "clinician-1", Ct)).Charge!;

    public async Task<ChargeState> StateAsync(ChargeId id) => await Store.FindAsync(new ChargeSelector.ById(id), Ct);

    /// <summary>Everything due, until nothing is.</summary>
    public async Task ReconcileAsync()
    {
        while (await _services.GetRequiredService<Reconciler>().SweepAsync(Ct))
        {
        }

        await DispatchAsync();
    }

    /// <summary>Resolves the charge's open operation and nothing else, however long ago it was due.</summary>
    public async Task ReconcileOperationsOfAsync(ChargeId id) => await _services.GetRequiredService<Reconciler>().VisitAsync(id, Ct);

    public async Task DispatchAsync()
    {
        while (await _services.GetRequiredService<TransitionDispatcher>().SweepAsync(Ct))
        {
        }
    }

    /// <summary>One look of the alert loop.</summary>
    public Task<bool> DeliverAlertsAsync() => _services.GetRequiredService<AlertDispatcher>().SweepAsync(Ct);

    /// <summary>One look at the store as a host takes them; and what the reconciler's gauges say then, by name.</summary>
    public async Task<IReadOnlyDictionary<string, double>> WatchAsync()
    {
        await _services.GetRequiredService<StoreWatch>().SweepAsync(Ct);
        var told = new Dictionary<string, double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.IsObservable && ReferenceEquals(instrument.Meter.Scope, _services.GetRequiredService<IMeterFactory>()))
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => told[instrument.Name] = value);
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => told[instrument.Name] = value);
        listener.Start();
        listener.RecordObservableInstruments();
        return told;
    }

    public async Task ProcessWebhooksAsync()
    {
        while (await _services.GetRequiredService<WebhookProcessor>().SweepAsync(Ct))
        {
        }
    }

    /// <summary>SQLite stamps a manual edit with the machine's clock, which tests do not move.</summary>
    public void AdvancePastTheRealClock()
    {
        var real = TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(1);
        if (real > Time.GetUtcNow())
            Time.SetUtcNow(real);
    }

    /// <summary>A statement an operator types into the database.</summary>
    public async Task<int> ByHandAsync(string sql)
    {
        await using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={_path}");
        await connection.OpenAsync(Ct);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteNonQueryAsync(Ct);
    }

    /// <summary>Moves the clock while callers wait on it for one another.</summary>
    public async Task<T> PumpUntilAsync<T>(Task<T> work)
    {
        while (!work.IsCompleted)
        {
            await Task.Delay(10, Ct);
            Time.Advance(TimeSpan.FromMilliseconds(100));
        }

        return await work;
    }

    /// <summary>What a webhook says, through the store's own door.</summary>
    public async Task<WebhookFate> TellAsync(ProviderSnapshot snapshot, string? eventId = null)
    {
        var id = eventId ?? "evt_" + Guid.CreateVersion7().ToString("N");
        var body = System.Text.Encoding.UTF8.GetBytes(id);
        var fates = await Store.ReceiveAsync(
            [
                new WebhookDelivery
                {
                    Provider = snapshot.Provider, ProviderAccount = snapshot.ProviderAccount, EventId = id, EventType = "test",
                    Body = body, BodyHash = WebhookDelivery.Hash(body), Verdict = WebhookVerdict.Accepted, Snapshot = snapshot,
                },
            ],
            Ct);
        return fates[0];
    }

    public async Task<IReadOnlyList<PaymentAlert>> AlertsAsync() =>
        [.. (await Store.ClaimAlertsAsync(1000, TimeSpan.FromMilliseconds(1), Ct)).Select(queued => queued.Alert)];

    /// <summary>Takes what was raised without a commit.</summary>
    public IReadOnlyList<PaymentAlert> Raised()
    {
        var raised = new List<PaymentAlert>();
        while (_services.GetRequiredService<PaymentAlerts>().TryTake(out var alert))
            raised.Add(alert);
        return raised;
    }

    /// <summary>What a host does when it starts.</summary>
    public void CheckAccounts(bool isProduction) => _services.GetRequiredService<ProviderAccounts>().Check(isProduction);

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        foreach (var file in Directory.EnumerateFiles(Path.GetTempPath(), Path.GetFileName(_path) + "*"))
            File.Delete(file);
    }
}

/// <summary>Remembers what it was told, and throws when asked to.</summary>
public sealed class RecordingObserver : IChargeObserver
{
    private readonly Lock _lock = new();

    public List<ChargeTransition> Seen { get; } = [];

    public int ThrowCount { get; set; }

    public Task OnTransitionAsync(ChargeTransition transition, CancellationToken ct)
    {
        lock (_lock)
        {
            if (ThrowCount-- > 0)
                throw new InvalidOperationException("The observer is not ready.");
            Seen.Add(transition);
        }

        return Task.CompletedTask;
    }
}

/// <summary>Remembers what it was told; hangs or throws when asked to.</summary>
public sealed class RecordingSink : IAlertSink
{
    private readonly Lock _lock = new();
    private readonly List<PaymentAlert> _taken = [];

    public bool Hangs { get; set; }

    public int FailureCount { get; set; }

    public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What it was told since this was last asked.</summary>
    public IReadOnlyList<PaymentAlert> Take()
    {
        lock (_lock)
        {
            PaymentAlert[] taken = [.. _taken];
            _taken.Clear();
            return taken;
        }
    }

    public async Task SendAsync(PaymentAlert alert, CancellationToken ct)
    {
        Entered.TrySetResult();
        if (Hangs)
            await new TaskCompletionSource().Task;
        lock (_lock)
        {
            if (FailureCount-- > 0)
                throw new HttpRequestException("refused");
            _taken.Add(alert);
        }
    }
}
