using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Curaway.Payments.SampleHost.Simulation;

/// <summary>Once the host listens: points the simulators' webhooks at it, and says where to look.</summary>
internal static partial class Welcome
{
    public static void SayWhenStarted(WebApplication app) => app.Lifetime.ApplicationStarted.Register(() =>
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        if (addresses.FirstOrDefault() is not { } text || !Uri.TryCreate(Reachable(text), UriKind.Absolute, out var address))
            return;
        app.Services.GetService<DemoSimulators>()?.SendWebhooksTo(address);
        if (app.Environment.IsDevelopment())
            Log.Started(app.Logger, address, app.Services.GetService<DemoSimulators>() is null ? "your provider keys" : "the built-in simulators: no real money");
    });

    /// <summary>An address that means "every interface" is reached by loopback.</summary>
    private static string Reachable(string address) => address
        .Replace("://*", "://127.0.0.1", StringComparison.Ordinal)
        .Replace("://+", "://127.0.0.1", StringComparison.Ordinal)
        .Replace("://[::]", "://127.0.0.1", StringComparison.Ordinal)
        .Replace("://0.0.0.0", "://127.0.0.1", StringComparison.Ordinal);

    private static partial class Log
    {
        [LoggerMessage(EventId = 5901, Level = LogLevel.Information, Message = """

              Curaway Payments is up, with {Payments}.

                Book a consultation   {Address}
                API reference         {Address}scalar
                Ready?                {Address}health/ready
            """)]
        public static partial void Started(ILogger logger, Uri address, string payments);
    }
}
