using System.Globalization;
using System.Security.Cryptography;
using Curaway.Payments.IntegrationTests.Postgres;
using Curaway.Payments.SampleHost.Simulation;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>Hosts that start at once over one PostgreSQL database and one pair of simulators.</summary>
internal sealed class PostgresHosts : IAsyncDisposable
{
    private readonly List<PostgresHost> _hosts = [];

    private PostgresHosts(PostgresTestDatabase database, DemoSimulators simulators)
    {
        Database = database;
        Simulators = simulators;
    }

    public PostgresTestDatabase Database { get; }

    public DemoSimulators Simulators { get; }

    public PostgresHost this[int index] => _hosts[index];

    public int Count => _hosts.Count;

    /// <param name="server">The server of the run.</param>
    /// <param name="count">How many hosts.</param>
    /// <param name="limits">Settings beside the usual ones.</param>
    /// <param name="prepare">What is done to the empty database; gives the connection string to use, or null for the owner's.</param>
    public static async Task<PostgresHosts> StartAsync(
        PostgresServer server, int count, (string Name, string Value)[]? limits = null, Func<PostgresTestDatabase, Task<string>>? prepare = null)
    {
        var database = await server.CreateDatabaseAsync(isEmpty: true);
        var simulators = await HostProcesses.StartSimulatorsAsync();
        var hosts = new PostgresHosts(database, simulators);
        var settings = new Dictionary<string, string?>(simulators.Settings())
        {
            ["URLS"] = "http://127.0.0.1:0",
            ["DATABASE_URL"] = prepare is null ? database.ConnectionString : await prepare(database),
            ["CURAWAY_SIMULATORS"] = "false",
            ["CURAWAY_JWT_SIGNING_KEY"] = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)),
            ["Curaway:Payments:SweepInterval"] = "00:00:00.2",
            ["Logging:LogLevel:Default"] = "Error",
        };
        foreach (var (name, value) in limits ?? [])
            settings[name] = value;
        hosts._hosts.AddRange(await Task.WhenAll(Enumerable.Range(0, count).Select(_ => PostgresHost.StartAsync(settings, simulators))));
        return hosts;
    }

    public Task DrainAsync() =>
        HostFixture.DrainAsync(Simulators, async () => long.Parse((await Database.ScalarAsync(HostFixture.Unfinished))!, CultureInfo.InvariantCulture));

    public async Task<string> ChargeIdOfAsync(string consultationId) =>
        (await Database.ScalarAsync($"SELECT id::text FROM consultation_charges WHERE consultation_id = '{consultationId}' ORDER BY created_at DESC LIMIT 1"))!;

    public async Task<string> ChargeStatusOfAsync(string consultationId) =>
        (await Database.QueryAsync($"SELECT charge_status FROM consultation_charges WHERE consultation_id = '{consultationId}' ORDER BY created_at DESC LIMIT 1"))
        .SingleOrDefault() ?? "none";

    public async Task<string> StatusOfAsync(string consultationId) =>
        (await Database.ScalarAsync($"SELECT status FROM consultations WHERE id = '{consultationId}'"))!;

    /// <summary>Ends the hosts; the database and what the providers know stay.</summary>
    public async Task StopAsync()
    {
        foreach (var host in _hosts)
            await host.DisposeAsync();
        _hosts.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Simulators.DisposeAsync();
        await Database.DisposeAsync();
    }
}
