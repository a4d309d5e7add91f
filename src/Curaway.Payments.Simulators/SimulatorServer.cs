using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.Simulators;

/// <summary>A loopback HTTP server that reads no configuration of its surroundings and writes no log.</summary>
internal sealed class SimulatorServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly CancellationTokenSource _stopping;
    private int _isDisposed;

    private SimulatorServer(WebApplication app, CancellationTokenSource stopping)
    {
        _app = app;
        _stopping = stopping;
        var features = app.Services.GetRequiredService<IServer>().Features;
        Address = new Uri(features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());
    }

    public Uri Address { get; }

    /// <param name="port">0 for any free port.</param>
    /// <param name="map">Adds the routes; the token ends every held answer when the simulator stops.</param>
    /// <param name="ct">Ends the start.</param>
    public static async Task<SimulatorServer> StartAsync(int port, Action<WebApplication, CancellationToken> map, CancellationToken ct)
    {
        // The empty builder: the slim one would bind the endpoints of the surrounding host's appsettings.json as well.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        builder.Services.AddRoutingCore();
        var app = builder.Build();
        var stopping = new CancellationTokenSource();
        app.Use(GuardAsync);
        app.UseRouting();
        map(app, stopping.Token);
        await app.StartAsync(ct).ConfigureAwait(false);
        return new SimulatorServer(app, stopping);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 1) return;
        await _stopping.CancelAsync().ConfigureAwait(false);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _app.StopAsync(patience.Token).ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    /// <summary>
    /// Loopback pages may call the control endpoints; a foreign page may not, neither across origins nor by a name that
    /// resolves to 127.0.0.1.
    /// </summary>
    private static Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        var origin = context.Request.Headers.Origin.ToString();
        var isForeign = origin.Length > 0 && !(Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.IsLoopback);
        if (!IsLoopback(context.Request.Host.Host) || isForeign)
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        }

        if (origin.Length > 0)
        {
            context.Response.Headers.AccessControlAllowOrigin = origin;
            context.Response.Headers.AccessControlAllowHeaders = "content-type";
            context.Response.Headers.AccessControlAllowMethods = "GET, POST, DELETE";
            context.Response.Headers.Vary = "Origin";
        }

        if (!HttpMethods.IsOptions(context.Request.Method)) return next(context);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
