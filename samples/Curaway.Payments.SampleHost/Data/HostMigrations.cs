using System.Data.Common;
using Microsoft.Extensions.Options;

namespace Curaway.Payments.SampleHost.Data;

/// <summary>
/// Creates and upgrades the host's tables before the first request, and seeds the two demo clinics in Development. Any
/// number of hosts may start at once. Does nothing where <c>PaymentsOptions.AutoMigrate</c> is off.
/// </summary>
internal sealed class HostMigrations(HostDatabase database, IHostEnvironment environment, IOptions<PaymentsOptions> options) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => options.Value.AutoMigrate
        ? database.InTransactionAsync(transaction => MigrateAsync(transaction, cancellationToken), cancellationToken)
        : Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task<bool> MigrateAsync(DbTransaction transaction, CancellationToken ct)
    {
        if (!await database.LockSchemaAsync(transaction, ct))
            await transaction.ExecuteAsync(HostSchema.CreateMigrationsTable, ct);
        var applied = await transaction.QueryAsync("SELECT name FROM host_schema_migrations", row => row.Text("name"), ct);
        foreach (var script in HostSchema.ScriptsOf(database.SchemaFolder).ExceptBy(applied, script => script.Name))
            await ApplyAsync(transaction, script, ct);
        if (environment.IsDevelopment())
            await SeedAsync(transaction, ct);
        return true;
    }

    private static async Task ApplyAsync(DbTransaction transaction, HostScript script, CancellationToken ct)
    {
        await using var command = transaction.Connection!.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // A script embedded in this assembly.
        command.CommandText = script.Sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(ct);
        await transaction.ExecuteAsync("INSERT INTO host_schema_migrations (name) VALUES (@name)", ct, ("@name", script.Name));
    }

    private static async Task SeedAsync(DbTransaction transaction, CancellationToken ct)
    {
        await transaction.ExecuteAsync(
            "INSERT INTO tenants (id, name) VALUES ('clinic-global', 'Global Clinic'), ('clinic-india', 'India Clinic') ON CONFLICT (id) DO NOTHING", ct);
        await transaction.ExecuteAsync(
            "INSERT INTO tenant_settings (tenant_id, data_residency_region) VALUES ('clinic-india', 'ap-south-1') ON CONFLICT (tenant_id) DO NOTHING", ct);
    }
}
