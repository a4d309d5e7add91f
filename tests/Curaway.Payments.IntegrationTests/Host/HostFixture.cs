using System.Security.Cryptography;
using System.Text;
using Curaway.Payments.SampleHost.Simulation;
using Curaway.Payments.Simulators;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>
/// The real sample host on a real loopback socket, over a SQLite file of its own, with both simulators inside: they send
/// their webhooks over sockets too. One host serves a class of tests, which share no clinic, patient or consultation.
/// </summary>
public class HostFixture : IAsyncLifetime
{
    internal const string Unfinished =
        "SELECT (SELECT count(*) FROM webhook_events WHERE state = 'received') + (SELECT count(*) FROM charge_transitions WHERE seen_at IS NULL)";

    private readonly string _directory = Path.Combine(Path.GetTempPath(), $"curaway-host-{Guid.CreateVersion7():N}");
    private readonly SampleHostFactory _factory;
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(60) };

    public HostFixture()
        : this([])
    {
    }

    protected HostFixture(IEnumerable<KeyValuePair<string, string>> limits, Action<IServiceCollection>? services = null)
    {
        Directory.CreateDirectory(_directory);
        Settings = new Dictionary<string, string>
        {
            ["URLS"] = "http://127.0.0.1:0",
            ["CURAWAY_SIMULATORS"] = "true",
            ["CURAWAY_JWT_SIGNING_KEY"] = SigningKey,
            ["Curaway:Payments:Sqlite:Path"] = DatabasePath,
            ["Curaway:Payments:SweepInterval"] = "00:00:00.1",
            ["Logging:LogLevel:Default"] = "Error",
        };
        foreach (var (name, value) in limits)
            Settings[name] = value;
        _factory = new SampleHostFactory(Settings, services);
    }

    /// <summary>What the host is started with.</summary>
    protected Dictionary<string, string> Settings { get; }

    /// <summary>Signs the tokens of this host, and of no other.</summary>
    public string SigningKey { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    public string DatabasePath => Path.Combine(_directory, "payments.db");

    public Uri Address { get; private set; } = new("http://127.0.0.1");

    public IServiceProvider Services => _factory.Services;

    public StripeSimulator Stripe => Services.GetRequiredService<DemoSimulators>().Stripe;

    public RazorpaySimulator Razorpay => Services.GetRequiredService<DemoSimulators>().Razorpay;

    public static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>A name nobody else in this run has: a clinic, a patient.</summary>
    public static string NewName(string kind) => $"{kind}-{Guid.CreateVersion7():N}"[..24];

    public virtual ValueTask InitializeAsync()
    {
        _factory.StartServer();
        var addresses = Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        Address = new Uri(addresses.Single());
        _http.BaseAddress = Address;
        return ValueTask.CompletedTask;
    }

    public HostCaller Anonymous() => new(_http, null);

    public HostCaller WithToken(string token) => new(_http, token);

    public HostCaller Patient(string? clinic = null, string? name = null) => As("patient", clinic, name);

    public HostCaller Clinician(string? clinic = null) => As("clinician", clinic);

    public HostCaller Admin(string? clinic = null) => As("admin", clinic);

    public HostCaller As(string role, string? clinic = null, string? name = null) =>
        new(_http, TokenFor(role, clinic ?? "clinic-global", name ?? NewName(role), TimeSpan.FromHours(1)));

    /// <summary>A token of this host's own key; a negative lifetime makes one that has expired.</summary>
    public string TokenFor(string role, string clinic, string name, TimeSpan lifetime, string? signingKey = null)
    {
        var now = DateTime.UtcNow;
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            IssuedAt = now.AddDays(-1),
            NotBefore = now.AddDays(-1),
            Expires = now + lifetime,
            Claims = new Dictionary<string, object> { ["sub"] = name, ["tenant_id"] = clinic, ["role"] = role },
            SigningCredentials = new SigningCredentials(
                new SymmetricSecurityKey(Encoding.UTF8.GetBytes(signingKey ?? SigningKey)), SecurityAlgorithms.HmacSha256),
        });
    }

    /// <summary>One number out of the database, past the host.</summary>
    public async Task<long> CountAsync(string sql, string? id = null) => Convert.ToInt64(await ScalarAsync(sql, id) ?? 0L, null);

    public async Task<string?> TextAsync(string sql, string? id = null) => (await ScalarAsync(sql, id))?.ToString();

    public Task<long> SessionsOfAsync(string consultationId) =>
        CountAsync("SELECT count(*) FROM consultation_sessions WHERE consultation_id = @id", consultationId);

    public Task<long> ChargesOfAsync(string consultationId) =>
        CountAsync("SELECT count(*) FROM consultation_charges WHERE consultation_id = @id", consultationId);

    /// <summary>The status of the newest charge, as the table has it.</summary>
    public async Task<string> ChargeStatusOfAsync(string consultationId) =>
        await TextAsync("SELECT charge_status FROM consultation_charges WHERE consultation_id = @id ORDER BY created_at DESC LIMIT 1", consultationId) ?? "none";

    public async Task<string> ChargeIdOfAsync(string consultationId) =>
        await TextAsync("SELECT id FROM consultation_charges WHERE consultation_id = @id ORDER BY created_at DESC LIMIT 1", consultationId)
        ?? throw new InvalidOperationException("No charge.");

    public async Task<string> StatusOfAsync(string consultationId) =>
        await TextAsync("SELECT status FROM consultations WHERE id = @id", consultationId) ?? "none";

    /// <summary>Both simulators have delivered what they had to tell, and the host has done what follows from it.</summary>
    public Task DrainAsync() => DrainAsync(Services.GetRequiredService<DemoSimulators>(), () => CountAsync(Unfinished));

    /// <summary>
    /// A stored event may wait for a charge that somebody else holds, and who follows the charges is told after the commit. What
    /// a test broke on purpose stays unfinished; ten seconds are enough for the rest.
    /// </summary>
    internal static async Task DrainAsync(DemoSimulators simulators, Func<Task<long>> countUnfinished)
    {
        await simulators.Stripe.Webhooks.DrainAsync(ct: Ct);
        await simulators.Razorpay.Webhooks.DrainAsync(ct: Ct);
        var limit = Environment.TickCount64 + 10_000;
        while (await countUnfinished() > 0 && Environment.TickCount64 < limit)
            await Task.Delay(25, Ct);
    }

    /// <summary>Waits for what the host does on its own. Fails with what was last seen.</summary>
    public static async Task EventuallyAsync(string expected, Func<Task<string>> read)
    {
        var limit = Environment.TickCount64 + 120_000;
        var seen = await read();
        while (seen != expected && Environment.TickCount64 < limit)
        {
            await Task.Delay(25, Ct);
            seen = await read();
        }

        Assert.Equal(expected, seen);
    }

    public virtual async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _factory.DisposeAsync();
        SqliteConnection.ClearAllPools();
        Directory.Delete(_directory, recursive: true);
        GC.SuppressFinalize(this);
    }

    private async Task<object?> ScalarAsync(string sql, string? id)
    {
        await using var connection = new SqliteConnection($"Data Source={DatabasePath};Pooling=False;Default Timeout=30");
        await connection.OpenAsync(Ct);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("@id", id ?? "");
        return await command.ExecuteScalarAsync(Ct) is var value && value is DBNull ? null : value;
    }

    private sealed class SampleHostFactory : WebApplicationFactory<Program>
    {
        private readonly Dictionary<string, string> _settings;
        private readonly Action<IServiceCollection>? _services;

        public SampleHostFactory(Dictionary<string, string> settings, Action<IServiceCollection>? services)
        {
            _settings = settings;
            _services = services;
            UseKestrel(0);
        }

        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseEnvironment("Development");
            foreach (var (name, value) in _settings)
                builder.UseSetting(name, value);
            if (_services is not null)
                builder.ConfigureServices(_services);
        }
    }
}
