using Curaway.Payments.IntegrationTests.Host;
using Curaway.Payments.IntegrationTests.Postgres;
using Curaway.Payments.SampleHost.Simulation;
using Npgsql;

namespace Curaway.Payments.IntegrationTests.Chaos;

/// <summary>
/// Two hosts in processes of their own, a PostgreSQL of their own behind a wire that can be cut, and both providers in this
/// process: they are never killed, and know the truth.
/// </summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    private const int HostCount = 2;

    private static readonly TimeSpan RestartPause = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _database = new(1, 1);
    private readonly PostgresProcess _postgres;
    private readonly string _project;
    private readonly Dictionary<string, string?> _settings;
    private readonly HostProcess?[] _hosts = new HostProcess?[HostCount];
    private readonly Task[] _starting = new Task[HostCount];

    private ChaosCluster(PostgresProcess postgres, DemoSimulators simulators, ChaosPlan plan)
    {
        _postgres = postgres;
        _project = plan.Project;
        Simulators = simulators;
        Source = NpgsqlDataSource.Create(postgres.ConnectionString);
        var target = new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { SslMode = SslMode.Disable, GssEncryptionMode = GssEncryptionMode.Disable };
        Wire = new CuttingProxy(target.Port);
        target.Port = Wire.Port;
        _settings = HostProcesses.SettingsFor(simulators, target.ToString());
        _settings["Curaway:Payments:ProviderDeadline"] = "00:00:02";
        _settings["Curaway:Payments:HoldTime"] = "00:00:01";
        _settings["Curaway:Payments:CheckoutTime"] = "00:00:08";
        _settings["Curaway:Payments:ClaimCountMax"] = "8";
        _settings["CHAOS_MISTAKES"] = plan.Mistakes;
    }

    public DemoSimulators Simulators { get; }

    public CuttingProxy Wire { get; }

    /// <summary>Past the wire and the hosts.</summary>
    public NpgsqlDataSource Source { get; }

    public int UpCount => _hosts.Count(host => host is { HasExited: false });

    public int KillCount { get; private set; }

    public int DatabaseCrashCount { get; private set; }

    /// <summary>Hosts that ended without being killed: none should.</summary>
    public List<string> Deserters { get; } = [];

    public static async Task<ChaosCluster> StartAsync(ChaosPlan plan)
    {
        PostgresServer.RequireBinaries();
        var cluster = new ChaosCluster(await PostgresProcess.StartAsync(), await HostProcesses.StartSimulatorsAsync(), plan);
        for (var index = 0; index < HostCount; index++)
            cluster._starting[index] = cluster.StartHostAsync(index);
        await Task.WhenAll(cluster._starting);
        return cluster;
    }

    /// <summary>One of the hosts that are up, as a load balancer chooses; null while none is.</summary>
    public HttpClient? Any(Random random)
    {
        var up = _hosts.Where(host => host is { HasExited: false }).ToList();
        return up.Count == 0 ? null : up[random.Next(up.Count)]!.Http;
    }

    /// <summary>kill -9, and a start afterwards that nobody waits for. False when it is not up yet.</summary>
    public async Task<bool> TryKillAsync(int index)
    {
        if (Interlocked.Exchange(ref _hosts[index], null) is not { } host)
            return false;
        if (host.HasExited)
            Deserters.Add(string.Join('\n', host.Lines.TakeLast(20)));
        else
            KillCount++;
        await host.DisposeAsync();
        Aim();
        _starting[index] = StartHostAsync(index);
        return true;
    }

    /// <summary><c>pg_ctl stop -m immediate</c>, and a start.</summary>
    public async Task CrashDatabaseAsync(TimeSpan downtime)
    {
        await _database.WaitAsync(_stop.Token);
        try
        {
            await _postgres.CrashAsync();
            await Task.Delay(downtime, _stop.Token);
            await _postgres.RestartAsync();
            DatabaseCrashCount++;
        }
        finally
        {
            _database.Release();
        }
    }

    /// <summary>Starts hosts again that ended by themselves.</summary>
    public async Task ReplaceDesertersAsync()
    {
        for (var index = 0; index < HostCount; index++)
        {
            if (_hosts[index] is { HasExited: true })
                await TryKillAsync(index);
        }
    }

    /// <summary>Both hosts are up.</summary>
    public async Task HealAsync()
    {
        Wire.CutNext(CuttingProxy.Cut.None);
        while (UpCount < HostCount)
        {
            await ReplaceDesertersAsync();
            await Task.WhenAll(_starting);
        }
    }

    /// <summary>What the hosts printed last, for the report of a run that failed.</summary>
    public IEnumerable<string> Lines => _hosts.SelectMany(host => host?.Lines.TakeLast(60) ?? []);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var starting in _starting.OfType<Task>())
            await starting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var host in _hosts.OfType<HostProcess>())
            await host.DisposeAsync();
        await Source.DisposeAsync();
        await Wire.DisposeAsync();
        await Simulators.DisposeAsync();
        await _postgres.DisposeAsync();
        _database.Dispose();
        _stop.Dispose();
    }

    /// <summary>As the platform does: it is started again until it stays. Without its database it does not.</summary>
    private async Task StartHostAsync(int index)
    {
        while (!_stop.IsCancellationRequested)
        {
            if (await HostProcess.StartAsync(_project, _settings, RequestTimeout, _stop.Token) is { } host)
            {
                _hosts[index] = host;
                Aim();
                return;
            }

            await Task.Delay(RestartPause, _stop.Token);
        }
    }

    /// <summary>The providers' webhooks go to a host that is up.</summary>
    private void Aim()
    {
        if (_hosts.FirstOrDefault(host => host is { HasExited: false }) is { } host)
            Simulators.SendWebhooksTo(host.Http.BaseAddress!);
    }
}
