using System.Text.Json.Nodes;
using Curaway.Payments.IntegrationTests.Postgres;
using Curaway.Payments.Simulators;
using Microsoft.Data.Sqlite;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>A host to administer, whatever its database is.</summary>
public interface IAdminClinic
{
    StripeSimulator Stripe { get; }

    IServiceProvider Services { get; }

    Task<HostCaller> AsAsync(string role, string clinic, string? name = null);

    /// <summary>SQL of the operator, past the host.</summary>
    Task ExecuteAsync(string sql);

    Task DrainAsync();
}

/// <summary>On a SQLite file.</summary>
public sealed class SqliteAdminClinic : HostFixture, IAdminClinic
{
    public Task<HostCaller> AsAsync(string role, string clinic, string? name = null) => Task.FromResult(As(role, clinic, name));

    public async Task ExecuteAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={DatabasePath};Pooling=False;Default Timeout=30");
        await connection.OpenAsync(Ct);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        Assert.True(await command.ExecuteNonQueryAsync(Ct) > 0, sql);
    }
}

/// <summary>On PostgreSQL.</summary>
public sealed class PostgresAdminClinic(PostgresServer server) : IAdminClinic, IAsyncLifetime
{
    private PostgresHosts? _hosts;

    public StripeSimulator Stripe => Hosts.Simulators.Stripe;

    public IServiceProvider Services => Hosts[0].Services;

    private PostgresHosts Hosts => _hosts ?? throw new InvalidOperationException("Not started.");

    public async ValueTask InitializeAsync() => _hosts = await PostgresHosts.StartAsync(server, 1);

    public Task<HostCaller> AsAsync(string role, string clinic, string? name = null) => Hosts[0].AsAsync(role, clinic, name);

    public async Task ExecuteAsync(string sql) => Assert.True(await Hosts.Database.ExecuteAsync(sql) > 0, sql);

    public Task DrainAsync() => Hosts.DrainAsync();

    public ValueTask DisposeAsync() => _hosts?.DisposeAsync() ?? ValueTask.CompletedTask;
}

/// <summary>The admin's endpoints, over SQLite.</summary>
public sealed class SqliteAdminTests(SqliteAdminClinic clinic) : AdminTests(clinic), IClassFixture<SqliteAdminClinic>;

/// <summary>The admin's endpoints, over PostgreSQL.</summary>
public sealed class PostgresAdminTests(PostgresAdminClinic clinic) : AdminTests(clinic), IClassFixture<PostgresAdminClinic>;

/// <summary>Bodies of the admin's calls.</summary>
internal static class AdminCalls
{
    public static JsonObject Refund(long? cents, string reason = "manual_dispute")
    {
        var body = new JsonObject { ["reason"] = reason };
        if (cents is not null)
            body["amount_cents"] = cents;
        return body;
    }
}
