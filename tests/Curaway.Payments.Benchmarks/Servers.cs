using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Stripe;

namespace Curaway.Payments.Benchmarks;

/// <summary>What a server spent since it started.</summary>
internal sealed record ServerStats(long AllocatedBytes, long WorkingSetBytes, long HeapBytes, double CpuMilliseconds);

/// <summary>The servers under test, each in a process of its own that ends with whoever started it.</summary>
internal static class Servers
{
    public const string Ready = "listening ";
    public const string Path = "/webhooks/stripe";
    public const string StatsPath = "/stats";

    /// <param name="kind"><c>ours</c> or <c>control</c>.</param>
    /// <param name="connectionString">The database.</param>
    /// <param name="port">Where to listen; 0 for a free port.</param>
    public static async Task<int> RunAsync(string kind, string connectionString, int port)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseUrls($"http://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}");
        if (kind == "ours")
        {
            builder.Services.AddCurawayPayments(payments => payments
                .AddStripe(options => (options.SecretKey, options.WebhookSecrets) = ("sk_test_benchmark", [BenchEvents.Secret]))
                .AddGeographicRouting()
                .UsePostgres(connectionString));
        }
        else
        {
            builder.Services.AddSingleton(NpgsqlDataSource.Create(connectionString));
        }

        var app = builder.Build();
        app.MapGet(StatsPath, (bool? collect) => StatsOf(collect == true));
        if (kind == "ours")
            app.MapPaymentWebhooks("/webhooks");
        else
            app.MapPost(Path, ControlAsync);
        await app.StartAsync();
        Console.WriteLine(Ready + app.Urls.First());
        // The pipe ends when the parent closes it, or dies.
        await Console.In.ReadToEndAsync();
        await app.StopAsync();
        return 0;
    }

    private static ServerStats StatsOf(bool collect)
    {
        if (collect)
            GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return new ServerStats(
            GC.GetTotalAllocatedBytes(precise: true), Environment.WorkingSet, GC.GetTotalMemory(forceFullCollection: false), Environment.CpuUsage.TotalTime.TotalMilliseconds);
    }

    /// <summary>Control A: what a team writes by hand, tuned as well as it can be without another design.</summary>
    private static async Task<IResult> ControlAsync(HttpRequest request, NpgsqlDataSource database, CancellationToken ct)
    {
        using var reader = new StreamReader(request.Body);
        var json = await reader.ReadToEndAsync(ct);
        Event received;
        try
        {
            received = EventUtility.ConstructEvent(json, request.Headers["Stripe-Signature"], BenchEvents.Secret, throwOnApiVersionMismatch: false);
        }
        catch (StripeException)
        {
            return Results.BadRequest();
        }

        if (received.Data.Object is not PaymentIntent intent)
            return Results.Ok();

        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (await ExecuteAsync(
            "INSERT INTO control_events (id, provider_event_id, event_type, body, received_at) VALUES ($1, $2, $3, $4, now()) ON CONFLICT (provider_event_id) DO NOTHING",
            Guid.CreateVersion7(), received.Id, received.Type, json) == 0)
        {
            return Results.Ok(new { received = true, code = "DUPLICATE" });
        }

        await ExecuteAsync(
            """
            UPDATE consultation_charges
            SET charge_status = 'authorized', authorized_cents = $2, provider_payment_reference = $3, authorized_at = now(), version = version + 1
            WHERE provider_reference = $1 AND charge_status = 'pending'
            """,
            intent.Id, intent.AmountCapturable, intent.LatestChargeId);
        await ExecuteAsync(
            """
            INSERT INTO audit_log (charge_id, actor_id, action, source, from_status, to_status, details)
            SELECT id, 'webhook', 'webhook', 'stripe', 'pending', 'authorized', '{}' FROM consultation_charges WHERE provider_reference = $1
            """,
            intent.Id);
        await transaction.CommitAsync(ct);
        return Results.Ok(new { received = true });

        async Task<int> ExecuteAsync(string sql, params object[] values)
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction);
            foreach (var value in values)
                command.Parameters.Add(new NpgsqlParameter { Value = value });
            return await command.ExecuteNonQueryAsync(ct);
        }
    }
}
