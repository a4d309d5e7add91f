using Curaway.Payments.Postgres;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Curaway.Payments;

/// <summary>Adds the PostgreSQL store.</summary>
public static class PostgresBuilderExtensions
{
    /// <summary>The setting that is read when <c>DATABASE_URL</c> is not there.</summary>
    private const string ConnectionStringKey = "Curaway:Payments:Postgres:ConnectionString";

    /// <summary>
    /// Keeps everything in one PostgreSQL database that any number of hosts share. Its tables are made at start, unless
    /// <c>PaymentsOptions.AutoMigrate</c> is off. It takes the place of a store added before; called again, the last wins.
    /// </summary>
    /// <param name="builder">The payments system.</param>
    /// <param name="connectionString">
    /// <c>postgres://user:password@host:5432/database?sslmode=require</c>, user and password percent-encoded, or
    /// <c>Host=…;Username=…;Password=…;Database=…</c>. It is checked when the host starts, and no message shows it.
    /// </param>
    public static PaymentsBuilder UsePostgres(this PaymentsBuilder builder, string connectionString)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        return builder.UsePostgres(options => (options.ConnectionString, options.DataSource) = (connectionString, null));
    }

    /// <summary>Keeps everything in the database of a data source that the host made and disposes of.</summary>
    /// <param name="builder">The payments system.</param>
    /// <param name="dataSource">The data source.</param>
    public static PaymentsBuilder UsePostgres(this PaymentsBuilder builder, NpgsqlDataSource dataSource)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        return builder.UsePostgres(options => options.DataSource = dataSource);
    }

    /// <summary>
    /// Keeps everything in the database that <c>DATABASE_URL</c> names, or else
    /// <c>Curaway:Payments:Postgres:ConnectionString</c>. Without either the host does not start.
    /// </summary>
    /// <param name="builder">The payments system.</param>
    /// <param name="configuration">The host's configuration; environment variables are part of it.</param>
    public static PaymentsBuilder UsePostgres(this PaymentsBuilder builder, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return builder.UsePostgres(options => (options.ConnectionString, options.DataSource) =
            (configuration["DATABASE_URL"] is { Length: > 0 } url ? url : configuration[ConnectionStringKey], null));
    }

    /// <summary>Keeps everything in one PostgreSQL database, with options. Called again, both configurations run in order.</summary>
    /// <param name="builder">The payments system.</param>
    /// <param name="configure">Sets the options; they are checked when the host starts.</param>
    public static PaymentsBuilder UsePostgres(this PaymentsBuilder builder, Action<PostgresStoreOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        builder.Services.AddOptions<PostgresStoreOptions>().Configure(configure).ValidateOnStart();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PostgresStoreOptions>, PostgresOptionsValidator>());
        builder.Services.TryAddSingleton<PostgresConnection>();
        builder.Services.RemoveAll<IChargeStore>();
        builder.Services.AddSingleton<IChargeStore>(services => new PostgresChargeStore(
            new PostgresDatabase(services.GetRequiredService<PostgresConnection>().Source)));
        return builder;
    }

    private sealed class PostgresOptionsValidator : IValidateOptions<PostgresStoreOptions>
    {
        public ValidateOptionsResult Validate(string? name, PostgresStoreOptions options)
        {
            if (options.DataSource is not null)
                return ValidateOptionsResult.Success;
            if (string.IsNullOrWhiteSpace(options.ConnectionString))
                return ValidateOptionsResult.Fail($"No PostgreSQL database is named: set DATABASE_URL or {ConnectionStringKey}.");
            try
            {
                PostgresConnectionString.Parse(options.ConnectionString);
                return ValidateOptionsResult.Success;
            }
            catch (FormatException failure)
            {
                return ValidateOptionsResult.Fail(failure.Message);
            }
        }
    }

    /// <summary>The data source, ours or the host's; only ours is disposed of.</summary>
    private sealed class PostgresConnection : IAsyncDisposable, IDisposable
    {
        private readonly bool _isOurs;

        public PostgresConnection(IOptions<PostgresStoreOptions> options)
        {
            _isOurs = options.Value.DataSource is null;
            Source = options.Value.DataSource ?? NpgsqlDataSource.Create(PostgresConnectionString.Parse(options.Value.ConnectionString ?? ""));
        }

        public NpgsqlDataSource Source { get; }

        public void Dispose()
        {
            if (_isOurs)
                Source.Dispose();
        }

        public ValueTask DisposeAsync() => _isOurs ? Source.DisposeAsync() : ValueTask.CompletedTask;
    }
}
