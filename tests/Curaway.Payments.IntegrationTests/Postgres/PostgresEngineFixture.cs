using System.Data.Common;
using Curaway.Payments.IntegrationTests.Engine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Curaway.Payments.IntegrationTests.Postgres;

/// <summary>One host: the real engine over a PostgreSQL database, with a provider that keeps a ledger.</summary>
internal sealed class PostgresEngineFixture : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    public PostgresEngineFixture(NpgsqlDataSource source)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning));
        services.AddMetrics();
        services.AddSingleton<IPaymentProvider>(Stripe);
        services.AddSingleton<IChargeObserver>(new RecordingObserver());
        services.AddCurawayPayments(payments => payments.AddGeographicRouting().UsePostgres(source));
        _services = services.BuildServiceProvider();
    }

    public LedgerProvider Stripe { get; } = new("stripe");

    public ChargeService Charges => _services.GetRequiredService<ChargeService>();

    public IChargeStore Store => _services.GetRequiredService<IChargeStore>();

    public static AuthorizeCharge Authorize(string consultation, Func<DbTransaction, Charge, CancellationToken, Task>? onBooked = null) => new()
    {
        TenantId = OpaqueId.Parse("clinic"),
        ConsultationId = OpaqueId.Parse(consultation),
        Amount = new Money(150_00, Currency.Parse("USD")),
        Routing = new RoutingContext { TenantId = OpaqueId.Parse("clinic"), PreferredCurrency = "USD" },
        CaptureBy = TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(2),
        ActorId = "patient-1",
        PaymentMethods = [new SavedPaymentMethod("stripe", "pm_ok")],
        OnBooked = onBooked,
    };

    public static Func<DbTransaction, Charge, CancellationToken, Task> InsertSession(bool throws = false) => async (transaction, charge, ct) =>
    {
        await using var command = transaction.Connection!.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = $"INSERT INTO sessions (consultation_id) VALUES ('{charge.ConsultationId}')";
        await command.ExecuteNonQueryAsync(ct);
        if (throws)
            throw new TimeoutException("slot taken");
    };

    public async Task SweepAsync()
    {
        var ct = TestContext.Current.CancellationToken;
        while (await _services.GetRequiredService<Reconciler>().SweepAsync(ct)
            || await _services.GetRequiredService<TransitionDispatcher>().SweepAsync(ct)
            || await _services.GetRequiredService<WebhookProcessor>().SweepAsync(ct))
        {
        }
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
