using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Curaway.Payments.IntegrationTests.Postgres;
using Curaway.Payments.SampleHost.Simulation;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting.Internal;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>
/// Sample hosts in processes of their own over one PostgreSQL database. The simulators live in the test's process and keep the
/// ledger, whatever becomes of a host.
/// </summary>
internal sealed class HostProcesses : IAsyncDisposable
{
    /// <summary>The collection of tests that start and kill whole processes: one at a time, so that they do not starve each other.</summary>
    public const string OneAtATime = "host processes";

    private readonly List<HostProcess> _hosts = [];
    private readonly Dictionary<string, string?> _settings;

    private HostProcesses(PostgresTestDatabase database, DemoSimulators simulators)
    {
        Database = database;
        Simulators = simulators;
        _settings = SettingsFor(simulators, database.ConnectionString);
    }

    public PostgresTestDatabase Database { get; }

    public DemoSimulators Simulators { get; }

    public HttpClient this[int index] => _hosts[index].Http;

    public static async Task<HostProcesses> StartAsync(PostgresServer server, int count)
    {
        var database = await server.CreateDatabaseAsync(isEmpty: true);
        var simulators = await StartSimulatorsAsync();
        var hosts = new HostProcesses(database, simulators);
        for (var i = 0; i < count; i++)
            hosts._hosts.Add(await hosts.StartHostAsync());
        simulators.SendWebhooksTo(hosts[0].BaseAddress!);
        return hosts;
    }

    /// <summary>Both providers, in this process.</summary>
    public static async Task<DemoSimulators> StartSimulatorsAsync()
    {
        var asked = new ConfigurationBuilder().AddInMemoryCollection([new("CURAWAY_SIMULATORS", "true")]).Build();
        return (await DemoSimulators.StartIfWantedAsync(asked, new HostingEnvironment { EnvironmentName = "Development" }))!;
    }

    /// <summary>The environment of a host that shares a database and providers with others.</summary>
    public static Dictionary<string, string?> SettingsFor(DemoSimulators simulators, string connectionString) => new(simulators.Settings())
    {
        ["ASPNETCORE_ENVIRONMENT"] = "Development",
        ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
        ["DATABASE_URL"] = connectionString,
        ["CURAWAY_SIMULATORS"] = "false",
        ["CURAWAY_JWT_SIGNING_KEY"] = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)),
        ["Curaway:Payments:SweepInterval"] = "00:00:00.2",
        ["Logging:LogLevel:Default"] = "Error",
        ["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Information",
    };

    /// <summary>Somebody of the cross-border clinic; every host takes the token.</summary>
    public async Task<HostCaller[]> AsAsync(string role)
    {
        var answer = await new HostCaller(this[0], null).PostAsync(
            "/dev/token", new JsonObject { ["tenant_id"] = "clinic-global", ["role"] = role, ["sub"] = HostFixture.NewName(role) });
        return [.. _hosts.Select(host => new HostCaller(host.Http, answer.Expect(200)["access_token"]))];
    }

    /// <summary>A consultation paid at checkout, its money held.</summary>
    public async Task<string> BookAsync(HostCaller patient)
    {
        var id = await patient.RequestAsync();
        var checkout = await patient.OpenCheckoutAsync((await patient.ScheduleAsync(id)).Expect(200));
        Simulators.Stripe.PayAsPatient(checkout["client_secret"]!.ToString());
        (await patient.CompleteAsync(id, [])).Expect(200);
        return id;
    }

    public async Task<string> ChargeIdOfAsync(string consultationId) =>
        (await Database.ScalarAsync($"SELECT id::text FROM consultation_charges WHERE consultation_id = '{consultationId}'"))!;

    /// <summary>Ends a host as <c>kill -9</c> does: at once, without a goodbye.</summary>
    public void Kill(int index) => _hosts[index].Kill();

    /// <summary>Starts a killed host again, at another address.</summary>
    public async Task RestartAsync(int index)
    {
        await _hosts[index].DisposeAsync();
        _hosts[index] = await StartHostAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
            await host.DisposeAsync();

        await Simulators.DisposeAsync();
        await Database.DisposeAsync();
    }

    private async Task<HostProcess> StartHostAsync() => await HostProcess.StartAsync(
        "samples/Curaway.Payments.SampleHost", _settings, TimeSpan.FromSeconds(90), HostFixture.Ct)
        ?? throw new InvalidOperationException("The host ended before it listened.");
}
