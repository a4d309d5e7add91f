using Curaway.Payments.SampleHost.Simulation;
using Npgsql;

namespace Curaway.Payments.SampleHost.Data;

/// <summary>Chooses the database of the host and of the store: always the same one.</summary>
internal static class HostDatabaseExtensions
{
    /// <summary>
    /// PostgreSQL whenever DATABASE_URL is set. Otherwise, and in Development only, a SQLite file; the simulators bring their
    /// own.
    /// </summary>
    /// <exception cref="InvalidOperationException">DATABASE_URL is not set outside Development.</exception>
    /// <exception cref="FormatException">It is set, and is no connection string; the message does not show it.</exception>
    public static PaymentsBuilder UseHostDatabase(this PaymentsBuilder payments, WebApplicationBuilder builder, DemoSimulators? simulators)
    {
        if (builder.Configuration["DATABASE_URL"] is { Length: > 0 } url)
        {
            var source = NpgsqlDataSource.Create(PostgresConnectionString.Parse(url));
            // By a factory, so that the container closes the pool when the host ends.
            payments.Services.AddSingleton(_ => source);
            payments.Services.AddSingleton<HostDatabase>(services => new PostgresHostDatabase(services.GetRequiredService<NpgsqlDataSource>()));
            return payments.UsePostgres(source);
        }

        if (!builder.Environment.IsDevelopment())
            throw new InvalidOperationException("Set DATABASE_URL: SQLite is for Development.");
        var path = builder.Configuration["Curaway:Payments:Sqlite:Path"] is { Length: > 0 } asked
            ? Path.GetFullPath(asked, builder.Environment.ContentRootPath)
            : simulators?.DatabasePath ?? Path.Combine(builder.Environment.ContentRootPath, "payments.db");
        payments.Services.AddSingleton<HostDatabase>(services => new SqliteHostDatabase(path, services.GetRequiredService<TimeProvider>()));
        return payments.UseSqlite(path);
    }
}
