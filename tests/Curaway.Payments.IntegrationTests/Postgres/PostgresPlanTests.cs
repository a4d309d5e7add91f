using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Curaway.Payments.IntegrationTests.Stores;
using Curaway.Payments.Postgres;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Curaway.Payments.IntegrationTests.Postgres;

/// <summary>
/// Every statement the store sends, on big tables: none reads a table whole. <c>CURAWAY_PLAN_ROWS</c> makes them bigger
/// (1000000 is the promise's size).
/// </summary>
public sealed partial class PostgresPlanTests(PostgresServer server) : PostgresTests(server)
{
    private const int BackgroundCount = 500;

    private static readonly int RowCount =
        int.TryParse(Environment.GetEnvironmentVariable("CURAWAY_PLAN_ROWS"), CultureInfo.InvariantCulture, out var count) ? count : 50_000;

    [Fact]
    public async Task No_statement_of_the_store_reads_a_big_table_whole()
    {
        await Database.ExecuteAsync(Seed.Charges(RowCount, BackgroundCount));
        await Database.ExecuteAsync(Seed.Events(RowCount, BackgroundCount));
        await Database.ExecuteAsync(Seed.SeenTransitions(RowCount));
        await Database.ExecuteAsync(Seed.Transitions(BackgroundCount));
        await Database.ExecuteAsync(Seed.DeliveredAlerts(RowCount));
        await Database.ExecuteAsync(Seed.Alerts(BackgroundCount));
        await Database.ExecuteAsync("VACUUM ANALYZE");

        var plans = await ExplainAsync();

        TestContext.Current.AddAttachment("plans", string.Join("\n\n", plans));
        Assert.True(plans.Count >= 25, $"Only {plans.Count} plans were seen.");
        Assert.All(plans, plan => Assert.DoesNotMatch(WholeTable(), plan));
    }

    // The server writes down the plan of everything that runs: what is tested is what is sent, parameters and all.
    private async Task<List<string>> ExplainAsync()
    {
        var plans = new PlanLog();
        var builder = new NpgsqlDataSourceBuilder(new NpgsqlConnectionStringBuilder(Database.ConnectionString)
        {
            MaxAutoPrepare = 64,
            AutoPrepareMinUsages = 2,
            MaxPoolSize = 1,
            Options = "-c session_preload_libraries=auto_explain -c auto_explain.log_min_duration=0 -c auto_explain.log_level=notice -c client_min_messages=notice",
        }.ToString());
        using var logging = LoggerFactory.Create(logs => logs.SetMinimumLevel(LogLevel.Debug).AddProvider(plans));
        builder.UseLoggerFactory(logging);
        await using var source = builder.Build();
        // From its sixth run on, a prepared statement may get one plan for all parameters: that one counts too.
        for (var run = 0; run < 12; run++)
            await DriveAsync(new PostgresChargeStore(new PostgresDatabase(source)), run);
        return [.. plans.Plans];
    }

    private async Task DriveAsync(PostgresChargeStore store, int run)
    {
        var seeded = new ChargeSelector.LiveOf(OpaqueId.Parse($"tenant_{7 + run}"), OpaqueId.Parse($"seed_{7 + run}"));
        var found = (await store.FindAsync(seeded, Ct)).Charge!;
        await store.FindAsync(new ChargeSelector.LatestOf(found.TenantId, found.ConsultationId), Ct);
        var fresh = Facts.Charge(Time, $"fresh_{run}", reference: $"pi_fresh_{run}");
        await store.CommitAsync(
            new ChargeSelector.LiveOf(fresh.TenantId, fresh.ConsultationId),
            state => ChargeCommit.Of(state, fresh, Facts.Cause, Facts.Operation(Time, fresh.Id)), null, Ct);
        var told = new ProviderSnapshot { Provider = found.Provider, Reference = found.Reference, Refunds = [Facts.Refund("re_1", 100)] };
        await store.CommitAsync(new ChargeSelector.ById(found.Id), state => ChargeCommit.OfSnapshot(state, told, Facts.Cause), null, Ct);
        var byPayment = told with { Reference = null, Payments = [Facts.Payment($"pay_{90 + run}", PaymentState.Captured, 1500)] };
        await store.ReceiveAsync(
            [
                Facts.Delivery($"new_1_{run}", told), Facts.Delivery($"new_2_{run}", byPayment), Facts.Delivery($"evt_{2000 + run}", told),
                Facts.Delivery($"new_3_{run}", told, body: $"same_{run}") with { IsDedupedByBody = true },
                Facts.Delivery($"new_4_{run}", told, body: $"same_{run}") with { IsDedupedByBody = true },
            ], Ct);
        await store.ClaimDueAsync(32, Lease, Ct);
        foreach (var stored in await store.ClaimEventsAsync(2, Lease, Ct))
            await store.ApplyEventAsync(stored.Id, told, Lease, Ct);
        foreach (var stored in await store.ClaimEventsAsync(1, Lease, Ct))
            await store.SettleEventAsync(stored.Id, WebhookState.Ignored, "test", null, Ct);
        await store.ReplayEventsAsync(new WebhookFilter { Provider = "stripe", TenantId = found.TenantId, CountMax = 10 }, Ct);
        foreach (var transition in await store.ClaimTransitionsAsync(32, Lease, Ct))
            await store.CompleteTransitionsAsync([transition.Id], Ct);
        foreach (var alert in await store.ClaimAlertsAsync(32, Lease, Ct))
            await store.CompleteAlertAsync(alert.Id, Ct);
        await store.ListAsync(new ChargeQuery.MadeSince(TimeProvider.System.GetUtcNow() - TimeSpan.FromMinutes(5), null, 100), Ct);
        await store.ListAsync(new ChargeQuery.Scheduled(100), Ct);
        await store.ListAsync(new ChargeQuery.OfReference(found.Provider, found.Reference ?? $"pay_{90 + run}"), Ct);
        await store.PurgeAsync(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(10), 100, Ct);
    }

    /// <summary>Npgsql logs what the server notes.</summary>
    private sealed class PlanLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Plans { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var text = formatter(state, exception);
            if (text.Contains("plan:", StringComparison.Ordinal))
                Plans.Enqueue(text);
        }

        public void Dispose()
        {
        }
    }

    [GeneratedRegex(@"Seq Scan on (consultation_charges|charge_\w+|webhook_events|audit_log|alert_outbox)")]
    private static partial Regex WholeTable();
}
