using System.Text.Json.Nodes;
using Curaway.Payments.SampleHost.Simulation;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>One sample host on a real socket, over a PostgreSQL database and simulators that it may share with others.</summary>
internal sealed class PostgresHost : IAsyncDisposable
{
    private readonly Factory _factory;
    private readonly HttpClient _http;

    private PostgresHost(Factory factory, HttpClient http)
    {
        _factory = factory;
        _http = http;
    }

    public HttpClient Http => _http;

    public IServiceProvider Services => _factory.Services;

    public ChargeService Charges => Services.GetRequiredService<ChargeService>();

    public static async Task<PostgresHost> StartAsync(Dictionary<string, string?> settings, DemoSimulators simulators)
    {
        var factory = new Factory(settings, simulators);
        await Task.Run(factory.StartServer);
        var address = factory.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(address), Timeout = TimeSpan.FromSeconds(90) };
        return new PostgresHost(factory, http);
    }

    public HostCaller Anonymous() => new(_http, null);

    /// <summary>Somebody of a clinic. Every host of a group takes the token.</summary>
    public async Task<HostCaller> AsAsync(string role, string clinic = "clinic-global", string? name = null) => new(_http, (await Anonymous().PostAsync(
        "/dev/token", new JsonObject { ["tenant_id"] = clinic, ["role"] = role, ["sub"] = name ?? HostFixture.NewName(role) })).Expect(200)["access_token"]);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _factory.DisposeAsync();
    }

    private sealed class Factory : WebApplicationFactory<Program>
    {
        private readonly Dictionary<string, string?> _settings;
        private readonly DemoSimulators _simulators;

        public Factory(Dictionary<string, string?> settings, DemoSimulators simulators)
        {
            _settings = settings;
            _simulators = simulators;
            UseKestrel(0);
        }

        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseEnvironment("Development");
            foreach (var (name, value) in _settings)
                builder.UseSetting(name, value);
            // An instance: the container of one host does not end what the others still use.
            builder.ConfigureServices(services => services.AddSingleton(_simulators));
        }
    }
}
