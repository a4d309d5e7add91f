using System.Text.Json.Nodes;
using Curaway.Payments.SampleHost.Data;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Curaway.Payments.SampleHost.Health;

/// <summary><c>/health/live</c> has nothing behind it; <c>/health/ready</c> asks the database and the workers. Providers only degrade it.</summary>
internal static class HostHealth
{
    public static void AddHostHealth(this IServiceCollection services) => services.AddHealthChecks()
        .AddCheck<DatabaseCheck>("database")
        .AddCheck<ReconcilerCheck>("reconciler")
        .AddCheck<ProvidersCheck>("payments");

    public static void MapHostHealth(this IEndpointRouteBuilder app)
    {
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false, ResponseWriter = WriteAsync }).AllowAnonymous();
        app.MapHealthChecks("/health/ready", new HealthCheckOptions { ResponseWriter = WriteAsync }).AllowAnonymous();
    }

    private static Task WriteAsync(HttpContext context, HealthReport report)
    {
        var checks = new JsonObject(report.Entries.Select(entry => KeyValuePair.Create<string, JsonNode?>(entry.Key, WireName.Of(entry.Value.Status))));
        var body = new JsonObject { ["status"] = WireName.Of(report.Status), ["checks"] = checks };
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body.ToJsonString());
    }

    /// <summary>Reads through both schemas: an answer means the database is there and migrated.</summary>
    private sealed class DatabaseCheck(HostDatabase database, IChargeStore store, TimeProvider time) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            await store.FindAsync(new ChargeSelector.ById(ChargeId.New(time)), cancellationToken);
            await using var connection = await database.OpenAsync(cancellationToken);
            await connection.QueryAsync("SELECT name FROM host_schema_migrations LIMIT 1", row => row.Text("name"), cancellationToken);
            return HealthCheckResult.Healthy();
        }
    }

    /// <summary>Whether the reconciler looked lately: twelve of its intervals, at least a minute.</summary>
    private sealed class ReconcilerCheck(PaymentsHeartbeat heartbeat, IOptions<PaymentsOptions> options, TimeProvider time) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            var silenceMax = TimeSpan.FromTicks(Math.Max(12 * options.Value.SweepInterval.Ticks, TimeSpan.TicksPerMinute));
            var isAlive = heartbeat.LastAt is { } last && time.GetUtcNow() - last <= silenceMax;
            return Task.FromResult(isAlive ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy());
        }
    }

    private sealed class ProvidersCheck(IEnumerable<IPaymentProvider> providers) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(providers.All(provider => provider.IsConfigured("default")) ? HealthCheckResult.Healthy() : HealthCheckResult.Degraded());
    }
}
