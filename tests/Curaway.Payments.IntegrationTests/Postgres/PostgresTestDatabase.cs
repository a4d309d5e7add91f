using System.Globalization;
using Npgsql;

namespace Curaway.Payments.IntegrationTests.Postgres;

/// <summary>One database of the run; dropped when it is disposed of.</summary>
public sealed class PostgresTestDatabase : IAsyncDisposable
{
    private readonly string _admin;

    internal PostgresTestDatabase(string admin, string name)
    {
        _admin = admin;
        Name = name;
        ConnectionString = new NpgsqlConnectionStringBuilder(admin) { Database = name, Pooling = true, MaxPoolSize = 40, MaxAutoPrepare = 64, AutoPrepareMinUsages = 2 }.ToString();
        Source = NpgsqlDataSource.Create(ConnectionString);
    }

    public string Name { get; }

    public string ConnectionString { get; }

    public NpgsqlDataSource Source { get; }

    public async Task<int> ExecuteAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        command.CommandTimeout = 300;
        return await command.ExecuteNonQueryAsync();
    }

    /// <summary>The first column of every row, as text.</summary>
    public async Task<List<string?>> QueryAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var values = new List<string?>();
        while (await reader.ReadAsync())
            values.Add(reader.IsDBNull(0) ? null : Convert.ToString(reader.GetValue(0), CultureInfo.InvariantCulture));
        return values;
    }

    public async Task<string?> ScalarAsync(string sql) => (await QueryAsync(sql)).Single();

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await PostgresServer.ExecuteAsync(_admin, $"DROP DATABASE IF EXISTS {Name} WITH (FORCE)");
    }
}
