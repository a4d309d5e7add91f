using System.Text.Json.Nodes;
using Curaway.Payments.IntegrationTests.Host;
using Curaway.Payments.IntegrationTests.Postgres;
using Curaway.Payments.SampleHost.Simulation;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Chaos;

/// <summary>
/// A clinic whose host dies once at a named moment and is started again. A client asks under one key until the answer is
/// certain, before and after.
/// </summary>
internal sealed class CrashClinic : IAsyncDisposable
{
    /// <summary>Dies when the provider has the request and has not acted on it: it is killed from outside.</summary>
    public const string AfterSend = "after_send";

    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan DeathMax = TimeSpan.FromMinutes(2);

    // By then every lease of the dead has ended.
    private const string Later = "2 minutes";

    private readonly PostgresTestDatabase _database;
    private readonly Dictionary<string, string?> _settings;
    private readonly HostProcess _doomed;
    private readonly string _moment;
    private HttpClient _http;
    private PostgresHost? _restarted;
    private Task _killing = Task.CompletedTask;

    private CrashClinic(PostgresTestDatabase database, DemoSimulators simulators, Dictionary<string, string?> settings, HostProcess doomed, string moment)
    {
        _database = database;
        _settings = settings;
        _doomed = doomed;
        _moment = moment;
        _http = doomed.Http;
        Simulators = simulators;
    }

    public DemoSimulators Simulators { get; }

    public bool IsRestarted => _restarted is not null;

    public static async Task<CrashClinic> StartAsync(PostgresServer server, string moment, string? mistakes = null)
    {
        var database = await server.CreateDatabaseAsync(isEmpty: true);
        var simulators = await HostProcesses.StartSimulatorsAsync();
        var settings = HostProcesses.SettingsFor(simulators, database.ConnectionString);
        settings["URLS"] = settings["ASPNETCORE_URLS"];
        var environment = new Dictionary<string, string?>(settings)
        {
            ["CHAOS_CRASH_AT"] = moment.StartsWith(AfterSend, StringComparison.Ordinal) ? null : moment,
            ["CHAOS_MISTAKES"] = mistakes,
        };
        var doomed = await HostProcess.StartAsync("tests/Curaway.Payments.ChaosHost", environment, RequestTimeout, HostFixture.Ct)
            ?? throw new InvalidOperationException("The host ended before it listened.");
        simulators.SendWebhooksTo(doomed.Http.BaseAddress!);
        return new CrashClinic(database, simulators, settings, doomed, moment);
    }

    public async Task<string> TokenAsync(string role) => (await new HostCaller(_http, null).PostAsync(
        "/dev/token", new JsonObject { ["tenant_id"] = "clinic-global", ["role"] = role, ["sub"] = HostFixture.NewName(role) })).Expect(200)["access_token"]!;

    /// <summary>Lets the provider sit on the next call that the fault's match names, and kills the host meanwhile.</summary>
    public void KillWhilePending(Action<SimulatorFault> strike, Func<IEnumerable<SimulatorCall>> calls)
    {
        strike(SimulatorFault.Delay(TimeSpan.FromSeconds(2)).BeforeExecution());
        _killing = Task.Run(async () =>
        {
            while (!calls().Any(call => call.Fault is not null))
                await Task.Delay(10, HostFixture.Ct);
            _doomed.Kill();
        });
    }

    /// <summary>No webhook is sent before the host is started again.</summary>
    public void PauseWebhooks()
    {
        Simulators.Stripe.Webhooks.Pause();
        Simulators.Razorpay.Webhooks.Pause();
    }

    /// <summary>No webhook takes effect at once: each is left to the processor, as one whose effect fails.</summary>
    public Task LeaveWebhooksToProcessorAsync() => _database.ExecuteAsync(
        """
        CREATE FUNCTION not_at_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not at once'; END $$;
        CREATE TRIGGER not_at_once BEFORE INSERT ON webhook_events FOR EACH ROW WHEN (NEW.state = 'processed') EXECUTE FUNCTION not_at_once();
        """);

    /// <summary>Asks until the answer is certain; when it is not, the host is dead or about to die, and is started again.</summary>
    public async Task<HostAnswer> AskAsync(string token, string path, JsonObject? body = null, string? key = null)
    {
        key ??= Guid.CreateVersion7().ToString("N");
        while (true)
        {
            if (await TryAsync(token, path, body, key) is { Status: < 500 } answer && answer.Code != ErrorCodes.IdempotencyInProgress)
                return answer;
            if (IsRestarted)
                await Task.Delay(50, HostFixture.Ct);
            else
                await RestartAsync();
        }
    }

    /// <summary>Asks once.</summary>
    public Task<HostAnswer> PostAsync(string token, string path, JsonObject? body, string key) => new HostCaller(_http, token).PostAsync(path, body, key);

    /// <summary>A page of the host that is there.</summary>
    public Task<HostAnswer> GetAsync(string token, string path) => new HostCaller(_http, token).GetAsync(path);

    /// <summary>Waits until the host is dead, and starts it again: in this process, which is the same host and starts faster.</summary>
    public async Task RestartAsync()
    {
        await _killing;
        await _doomed.WaitForExitAsync(HostFixture.Ct).WaitAsync(DeathMax, HostFixture.Ct);
        await _database.ExecuteAsync($"DROP TRIGGER IF EXISTS not_at_once ON webhook_events; ALTER DATABASE {_database.Name} SET curaway.clock_offset = '{Later}'");
        _database.Source.Clear();
        _settings["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Error";
        _restarted = await PostgresHost.StartAsync(_settings, Simulators);
        _http = _restarted.Http;
        Simulators.SendWebhooksTo(_http.BaseAddress!);
        Simulators.Stripe.Webhooks.Resume();
        Simulators.Razorpay.Webhooks.Resume();
    }

    /// <summary>The accounts, as they are.</summary>
    public async Task<MoneyInvariants> LookAsync()
    {
        var ledgers = Ledgers.Read(Simulators);
        return new MoneyInvariants(ledgers, await ClinicRows.ReadAsync(_database.Source, HostFixture.Ct));
    }

    /// <summary>The accounts, when nothing is left to do.</summary>
    public async Task<MoneyInvariants> FinishAsync()
    {
        await HostFixture.EventuallyAsync("", async () => string.Join('\n', (await LookAsync()).Unfinished()));
        return await LookAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _killing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_restarted is not null)
            await _restarted.DisposeAsync();
        await _doomed.DisposeAsync();
        await Simulators.DisposeAsync();
        await _database.DisposeAsync();
    }

    public override string ToString() => $"{_moment}\n{string.Join('\n', _doomed.Lines.TakeLast(20))}";

    private async Task<HostAnswer?> TryAsync(string token, string path, JsonObject? body, string key)
    {
        try
        {
            return await new HostCaller(_http, token).PostAsync(path, body, key);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            return null;
        }
    }
}
