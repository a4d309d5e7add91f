using System.Data.Common;
using Curaway.Payments.IntegrationTests.Engine;
using Curaway.Payments.Simulators;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>
/// The real engine, SQLite store and adapters over both simulators. Nothing runs by itself: a test sweeps, delivers webhooks
/// and moves the one clock that engine, store and simulators share.
/// </summary>
public class SimulatedEngine : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly string _fileName = $"curaway-simulated-{Guid.CreateVersion7():N}.db";
    private readonly List<PaymentAlert> _alerts = [];
    private ServiceProvider _services = null!;
    private StripeSimulator _stripe = null!;
    private RazorpaySimulator _razorpay = null!;
    private int _consultationCount;

    public ShiftedTime Time { get; set; } = new();

    public StripeSimulatorOptions StripeSettings { get; } = new();

    public RazorpaySimulatorOptions RazorpaySettings { get; } = new();

    public SimulatedStripe Stripe { get; private set; } = null!;

    public SimulatedRazorpay Razorpay { get; private set; } = null!;

    public RazorpayVoidPolicy VoidPolicy { get; set; }

    public RecordingObserver Observer { get; } = new();

    /// <summary>When set, this many commits are made, and every one after them dies with its process.</summary>
    public int? CommitsLeft
    {
        get => CrashingStore.Of(Store).CommitsLeft;
        set => CrashingStore.Of(Store).CommitsLeft = value;
    }

    /// <summary>Adds another store than the SQLite file.</summary>
    public Func<PaymentsBuilder, PaymentsBuilder>? Storage { get; set; }

    /// <summary>Where the SQLite file lies.</summary>
    public string Folder { get; set; } = Path.GetTempPath();

    /// <summary>The SQLite file.</summary>
    public string DatabasePath => Path.Combine(Folder, _fileName);

    /// <summary>More services, added last.</summary>
    public Action<IServiceCollection> MoreServices { get; set; } = _ => { };

    public ChargeService Charges => _services.GetRequiredService<ChargeService>();

    public TwoWayReconciliation Comparison => _services.GetRequiredService<TwoWayReconciliation>();

    public IChargeStore Store => _services.GetRequiredService<IChargeStore>();

    /// <summary>The settings of a process that works on the same database and the same providers.</summary>
    public Dictionary<string, string?> Settings => new()
    {
        ["Curaway:Payments:Sqlite:Path"] = DatabasePath,
        ["STRIPE_SECRET_KEY"] = StripeSettings.SecretKey,
        ["STRIPE_PUBLISHABLE_KEY"] = StripeSettings.PublishableKey,
        ["STRIPE_WEBHOOK_SECRET"] = StripeSettings.WebhookSecret,
        ["STRIPE_API_BASE"] = _stripe.ApiBase,
        ["RAZORPAY_KEY_ID"] = RazorpaySettings.KeyId,
        ["RAZORPAY_KEY_SECRET"] = RazorpaySettings.KeySecret,
        ["RAZORPAY_WEBHOOK_SECRET"] = RazorpaySettings.WebhookSecret,
        ["RAZORPAY_API_BASE"] = _razorpay.BaseAddress.ToString(),
    };

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>How long a provider may take, real time. Long but for the cells that are about it, so that a busy machine adds none.</summary>
    public TimeSpan Deadline
    {
        set => _services.GetRequiredService<IOptions<PaymentsOptions>>().Value.ProviderDeadline = value;
    }

    public static async Task<SimulatedEngine> StartAsync(Action<SimulatedEngine>? configure = null)
    {
        var engine = new SimulatedEngine();
        configure?.Invoke(engine);
        await engine.InitializeAsync();
        return engine;
    }

    public async ValueTask InitializeAsync()
    {
        StripeSettings.TimeProvider = RazorpaySettings.TimeProvider = Time;
        _stripe = await StripeSimulator.StartAsync(StripeSettings, CancellationToken.None);
        _razorpay = await RazorpaySimulator.StartAsync(RazorpaySettings, CancellationToken.None);
        (Stripe, Razorpay) = (new SimulatedStripe(_stripe), new SimulatedRazorpay(_razorpay));
        _services = Build();
        await Store.MigrateAsync(CancellationToken.None);
    }

    /// <summary>Another process takes over: nothing of the engine is kept but what is on disk. The simulators go on.</summary>
    public async Task RestartAsync()
    {
        var dead = _services;
        _services = Build();
        await dead.DisposeAsync();
    }

    private ServiceProvider Build()
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning));
        services.AddMetrics();
        services.AddSingleton<TimeProvider>(Time);
        services.AddSingleton<IChargeObserver>(Observer);
        services.AddCurawayPayments(payments => AddParts(payments).Configure(options => options.ProviderDeadline = Patience));
        var store = services.Last(service => service.ServiceType == typeof(IChargeStore));
        services.AddSingleton(provider => CrashingStore.Around(
            (IChargeStore)(store.ImplementationInstance ?? store.ImplementationFactory?.Invoke(provider)
                ?? ActivatorUtilities.CreateInstance(provider, store.ImplementationType!))));
        MoreServices(services);
        return services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
    }

    /// <summary>Both providers, the routing and the store: for another host over the same ledgers and tables.</summary>
    public PaymentsBuilder AddParts(PaymentsBuilder payments)
    {
        payments.AddStripe(Configure).AddRazorpay(Configure).AddGeographicRouting();
        return Storage is null ? payments.UseSqlite(DatabasePath) : Storage(payments);
    }

    public SimulatedProvider ProviderOf(string name) => name == "stripe" ? Stripe : Razorpay;

    /// <summary>What a new configuration does.</summary>
    public void ChangeVoidPolicy(RazorpayVoidPolicy policy)
    {
        VoidPolicy = policy;
        _services.GetRequiredService<IOptionsMonitorCache<RazorpayOptions>>().Clear();
    }

    public void Heal()
    {
        Stripe.Heal();
        Razorpay.Heal();
        Deadline = Patience;
    }

    /// <summary>A booking of a new consultation: with the saved method where the provider keeps them, else at checkout.</summary>
    public AuthorizeCharge Booking(
        SimulatedProvider provider, string? method = null, Func<DbTransaction, Charge, CancellationToken, Task>? onBooked = null)
    {
        var saved = method is null ? provider.SavedMethod : new SavedPaymentMethod(provider.Name, method);
        return Checkout(provider) with { PaymentMethods = saved is null ? [] : [saved], OnBooked = onBooked };
    }

    /// <summary>A booking that the patient pays at checkout.</summary>
    public AuthorizeCharge Checkout(SimulatedProvider provider) => new()
    {
        TenantId = OpaqueId.Parse("clinic"),
        ConsultationId = OpaqueId.Parse($"c{Interlocked.Increment(ref _consultationCount)}"),
        Amount = new Money(100_00, provider.Currency),
        Routing = new RoutingContext { TenantId = OpaqueId.Parse("clinic"), PreferredCurrency = provider.Currency.Code },
        CaptureBy = Time.GetUtcNow() + TimeSpan.FromHours(2),
        ActorId = "patient-1",
    };

    public static RefundCharge Refund(Charge charge, string requestId, long? amount = null) => new()
    {
        ChargeId = charge.Id,
        RequestId = OpaqueId.Parse(requestId),
        Amount = amount is { } minorUnits ? new Money(minorUnits, charge.Amount.Currency) : null,
        Reason = "manual_dispute",
        ActorId = "admin-1",
    };

    /// <summary>A booked charge whose money is held.</summary>
    public async Task<Charge> AuthorizedAsync(SimulatedProvider provider)
    {
        var result = await Charges.AuthorizeAsync(Booking(provider), Ct);
        Assert.Null(result.Error);
        if (result.NextAction is { } action)
            result = await CompleteAsync(result.Charge!, provider.Pay(action));
        Assert.Equal((OperationOutcome.Succeeded, ChargeStatus.Authorized), (result.Outcome, result.Charge!.Status));
        return result.Charge;
    }

    public async Task<Charge> CapturedAsync(SimulatedProvider provider)
    {
        var captured = await Charges.CaptureAsync((await AuthorizedAsync(provider)).Id, "clinician-1", Ct);
        Assert.Equal((OperationOutcome.Succeeded, ChargeStatus.Captured), (captured.Outcome, captured.Charge!.Status));
        return captured.Charge;
    }

    public Task<ChargeResult> CompleteAsync(Charge charge, CheckoutProof proof) =>
        Charges.CompleteCheckoutAsync(new CompleteCheckout(charge.Id, proof, "patient-1"), Ct);

    public async Task<ChargeState> StateAsync(ChargeId id) => await Store.FindAsync(new ChargeSelector.ById(id), Ct);

    public async Task<Charge> ChargeAsync(ChargeId id) => (await StateAsync(id)).Charge!;

    /// <summary>Every payment and refund that our row knows, with its amount.</summary>
    public static IEnumerable<(string Reference, long Amount)> ObjectsOf(Charge charge) => charge.Payments
        .Select(payment => (payment.Reference, payment.Amount.MinorUnits))
        .Concat(charge.Refunds.Select(refund => (refund.Reference, refund.Amount.MinorUnits)));

    /// <summary>Moves the one clock.</summary>
    public void Advance(TimeSpan by)
    {
        Time.Advance(by);
        _stripe.Clock.Advance(TimeSpan.Zero);
        _razorpay.Clock.Advance(TimeSpan.Zero);
    }

    /// <summary>Everything that is due now.</summary>
    public async Task SweepAsync()
    {
        while (await _services.GetRequiredService<Reconciler>().SweepAsync(Ct))
        {
        }

        while (await _services.GetRequiredService<WebhookProcessor>().SweepAsync(Ct))
        {
        }
    }

    public async Task DispatchAsync()
    {
        while (await _services.GetRequiredService<TransitionDispatcher>().SweepAsync(Ct))
        {
        }
    }

    /// <summary>Delivers what the provider has waiting, newest first and everything twice. How many were new.</summary>
    public async Task<int> DeliverAsync(SimulatedProvider provider)
    {
        var count = 0;
        foreach (var webhook in provider.Webhooks.TakePending().Reverse())
        {
            var first = await ReceiveAsync(provider, webhook);
            Assert.NotEqual(WebhookFate.Failed, first);
            Assert.Equal(WebhookFate.Duplicate, await ReceiveAsync(provider, webhook));
            count++;
        }

        return count;
    }

    /// <summary>One delivery through the provider's reader and the store; null when the reader refused it.</summary>
    public async Task<WebhookFate?> ReceiveAsync(SimulatedProvider provider, SimulatorWebhook webhook) =>
        Read(provider, webhook) is { } delivery ? (await Store.ReceiveAsync([delivery], Ct))[0] : null;

    /// <summary>A delivery as the HTTP edge makes it; null when the reader refused it.</summary>
    public WebhookDelivery? Read(SimulatedProvider provider, SimulatorWebhook webhook)
    {
        var reader = _services.GetServices<IWebhookReader>().Single(reader => reader.Provider == provider.Name);
        var headers = new Dictionary<string, string>(webhook.Headers, StringComparer.OrdinalIgnoreCase);
        var reading = reader.Read(new WebhookRequest(webhook.Body, headers.GetValueOrDefault, "default", Time.GetUtcNow()));
        if (reading.Verdict == WebhookVerdict.Forged)
            return null;
        var hash = WebhookDelivery.Hash(webhook.Body.Span);
        return new WebhookDelivery
        {
            Provider = provider.Name,
            ProviderAccount = "default",
            EventId = WebhookDelivery.KeyOf("default", reading.EventId ?? "sha256:" + hash),
            EventType = reading.EventType ?? "",
            Body = webhook.Body,
            BodyHash = hash,
            Verdict = reading.Verdict,
            Snapshot = reading.Snapshot,
            IsDedupedByBody = reading.EventId is null || !reader.IsEventIdSigned,
        };
    }

    /// <summary>Every alert committed about the charge so far.</summary>
    public async Task<IReadOnlyList<PaymentAlert>> AlertsAsync(ChargeId id) => [.. (await AllAlertsAsync()).Where(alert => alert.ChargeId == id)];

    /// <summary>Every alert committed so far.</summary>
    public async Task<IReadOnlyList<PaymentAlert>> AllAlertsAsync()
    {
        foreach (var queued in await Store.ClaimAlertsAsync(1000, TimeSpan.FromMinutes(1), Ct))
        {
            _alerts.Add(queued.Alert);
            await Store.CompleteAlertAsync(queued.Id, Ct);
        }

        return [.. _alerts];
    }

    /// <summary>A statement an operator types into the database.</summary>
    public async Task<int> ByHandAsync(string sql)
    {
        await using var connection = await OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteNonQueryAsync(Ct);
    }

    public async Task<string?> TextByHandAsync(string sql)
    {
        await using var connection = await OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (await command.ExecuteScalarAsync(Ct))?.ToString();
    }

    private async Task<SqliteConnection> OpenAsync()
    {
        var connection = new SqliteConnection($"Data Source={DatabasePath}");
        await connection.OpenAsync(Ct);
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _services.DisposeAsync();
        await _stripe.DisposeAsync();
        await _razorpay.DisposeAsync();
        foreach (var file in Directory.EnumerateFiles(Folder, _fileName + "*"))
            File.Delete(file);
    }

    private void Configure(StripeOptions options)
    {
        options.SecretKey = StripeSettings.SecretKey;
        options.PublishableKey = StripeSettings.PublishableKey;
        options.ApiBase = _stripe.ApiBase;
        options.WebhookSecrets = [StripeSettings.WebhookSecret];
    }

    private void Configure(RazorpayOptions options)
    {
        options.VoidPolicy = VoidPolicy;
        options.KeyId = RazorpaySettings.KeyId;
        options.KeySecret = RazorpaySettings.KeySecret;
        options.ApiBase = _razorpay.BaseAddress.ToString();
        options.WebhookSecrets = [RazorpaySettings.WebhookSecret];
    }
}
