using System.Data.Common;
using System.Reflection;

namespace Curaway.Payments.SampleHost.Data;

/// <summary>Creates and upgrades the host's tables before the first request, and seeds the two demo clinics in Development.</summary>
internal sealed class HostMigrations(HostDatabase database, IHostEnvironment environment) : IHostedService
{
    private const string ScriptPrefix = "Schema/";

    public async Task StartAsync(CancellationToken cancellationToken) => await database.InTransactionAsync(
        async transaction =>
        {
            await transaction.ExecuteAsync(
                "CREATE TABLE IF NOT EXISTS host_schema_migrations (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL)", cancellationToken);
            foreach (var script in ScriptNames())
                await ApplyAsync(transaction, script, cancellationToken);
            if (environment.IsDevelopment())
                await SeedAsync(transaction, cancellationToken);
            return 0;
        },
        cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static IEnumerable<string> ScriptNames() => Assembly.GetExecutingAssembly().GetManifestResourceNames()
        .Where(name => name.StartsWith(ScriptPrefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    private async Task ApplyAsync(DbTransaction transaction, string script, CancellationToken ct)
    {
        var isNew = await transaction.ExecuteAsync(
            "INSERT INTO host_schema_migrations (name, applied_at) VALUES (@name, @now) ON CONFLICT (name) DO NOTHING",
            ct, ("@name", script), ("@now", database.Now));
        if (isNew == 0)
            return;
        await using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(script)!;
        using var reader = new StreamReader(stream);
        await using var command = transaction.Connection!.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // A script embedded in this assembly.
        command.CommandText = await reader.ReadToEndAsync(ct);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(ct);
    }

    private async Task SeedAsync(DbTransaction transaction, CancellationToken ct)
    {
        await transaction.ExecuteAsync(
            """
            INSERT INTO tenants (id, name, created_at)
            VALUES ('clinic-global', 'Global Clinic', @now), ('clinic-india', 'India Clinic', @now)
            ON CONFLICT (id) DO NOTHING
            """,
            ct, ("@now", database.Now));
        await transaction.ExecuteAsync(
            """
            INSERT INTO tenant_settings (tenant_id, data_residency_region, updated_at)
            VALUES ('clinic-india', 'ap-south-1', @now)
            ON CONFLICT (tenant_id) DO NOTHING
            """,
            ct, ("@now", database.Now));
    }
}
