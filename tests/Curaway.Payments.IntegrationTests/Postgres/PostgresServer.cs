using Curaway.Payments.IntegrationTests.Postgres;
using Npgsql;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Curaway.Payments.IntegrationTests.Postgres;

/// <summary>
/// The PostgreSQL of a test run: <c>CURAWAY_TEST_POSTGRES</c> when it names one by its superuser, else a
/// private server from the binaries of this machine, started by the first test that asks. Without either, tests are
/// skipped, or fail where <c>CI=true</c>.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Template = "curaway_template";

    private readonly SemaphoreSlim _starting = new(1, 1);
    private PostgresProcess? _process;
    private string? _connectionString;
    private int _databaseCount;

    /// <summary>A database of its own, with the tables of this build or without any.</summary>
    public async Task<PostgresTestDatabase> CreateDatabaseAsync(bool isEmpty = false)
    {
        var admin = await StartAsync();
        var name = $"curaway_{Environment.ProcessId}_{Interlocked.Increment(ref _databaseCount)}";
        await ExecuteAsync(admin, isEmpty ? $"CREATE DATABASE {name}" : $"CREATE DATABASE {name} TEMPLATE {TemplateName}");
        return new PostgresTestDatabase(admin, name);
    }

    public async ValueTask DisposeAsync()
    {
        if (_connectionString is not null && _process is null)
            await ExecuteAsync(_connectionString, $"DROP DATABASE IF EXISTS {TemplateName}");
        if (_process is not null)
            await _process.DisposeAsync();
        _starting.Dispose();
    }

    /// <summary>Skips the test where there is no PostgreSQL; fails it where there has to be one.</summary>
    internal static void RequireBinaries()
    {
        if (PostgresProcess.IsInstalled)
            return;
        const string Message = "No PostgreSQL: install its server, or set CURAWAY_TEST_POSTGRES to the connection string of a superuser.";
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail(Message);
        Assert.Skip(Message);
    }

    internal static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static string TemplateName => $"{Template}_{Environment.ProcessId}";

    private async Task<string> StartAsync()
    {
        await _starting.WaitAsync();
        try
        {
            if (_connectionString is not null)
                return _connectionString;
            var connectionString = Environment.GetEnvironmentVariable("CURAWAY_TEST_POSTGRES");
            if (string.IsNullOrEmpty(connectionString))
            {
                RequireBinaries();
                _process = await PostgresProcess.StartAsync();
                connectionString = _process.ConnectionString;
            }

            connectionString = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ToString();
            await ExecuteAsync(connectionString, $"CREATE DATABASE {TemplateName}");
            var template = new NpgsqlConnectionStringBuilder(connectionString) { Database = TemplateName }.ToString();
            await using (var source = NpgsqlDataSource.Create(template))
                await PostgresSchema.MigrateAsync(new Payments.Postgres.PostgresDatabase(source), CancellationToken.None);
            return _connectionString = connectionString;
        }
        finally
        {
            _starting.Release();
        }
    }
}
