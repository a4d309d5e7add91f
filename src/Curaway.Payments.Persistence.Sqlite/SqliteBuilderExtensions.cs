using Curaway.Payments.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Curaway.Payments;

/// <summary>Adds the embedded store.</summary>
public static class SqliteBuilderExtensions
{
    /// <summary>
    /// Keeps everything in one SQLite file: the default for a single host, development and tests. The file and its tables
    /// are made at start. Called again, the last path wins.
    /// </summary>
    /// <param name="builder">The payments system.</param>
    /// <param name="path">The database file, such as <c>payments.db</c>; its folder must exist.</param>
    public static PaymentsBuilder UseSqlite(this PaymentsBuilder builder, string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return builder.UseSqlite(options => options.Path = path);
    }

    /// <summary>Keeps everything in one SQLite file, with options. Called again, both configurations run in order.</summary>
    /// <param name="builder">The payments system.</param>
    /// <param name="configure">Sets the options; they are checked when the host starts.</param>
    public static PaymentsBuilder UseSqlite(this PaymentsBuilder builder, Action<SqliteStoreOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        builder.Services.AddOptions<SqliteStoreOptions>()
            .Configure(configure)
            .Validate(HasFile, "SqliteStoreOptions.Path must name a file; an in-memory database is lost with its connection.")
            .Validate(
                options => options.BusyTimeout >= TimeSpan.FromSeconds(1) && options.BusyTimeout <= TimeSpan.FromSeconds(300),
                "SqliteStoreOptions.BusyTimeout must be 1 to 300 seconds.")
            .ValidateOnStart();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.Replace(ServiceDescriptor.Singleton<IChargeStore, SqliteChargeStore>());
        return builder;
    }

    private static bool HasFile(SqliteStoreOptions options) =>
        !string.IsNullOrWhiteSpace(options.Path) && !options.Path.Contains(":memory:", StringComparison.OrdinalIgnoreCase);
}
