using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Curaway.Payments.IntegrationTests.Postgres;
using Curaway.Payments.IntegrationTests.Providers;
using Curaway.Payments.Simulators;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Curaway.Payments.IntegrationTests.Endpoint;

/// <summary>
/// The webhook endpoint on a real socket, over both real readers and PostgreSQL. An engine over the same tables and the
/// simulators' ledgers makes the charges that the events are about.
/// </summary>
public sealed class EndpointHost(PostgresServer server) : IAsyncLifetime
{
    private WebApplication _app = null!;

    public SimulatedEngine Engine { get; private set; } = null!;

    public PostgresTestDatabase Database { get; private set; } = null!;

    /// <summary>What the endpoint asked of its store.</summary>
    public StoreCalls Calls { get; } = new();

    public HttpClient Http { get; } = new() { Timeout = TimeSpan.FromSeconds(90) };

    public WebhookOptions Options => _app.Services.GetRequiredService<IOptionsMonitor<WebhookOptions>>().CurrentValue;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Database = await server.CreateDatabaseAsync();
        // No crash is part of these tests, and most of their deliveries come one after the other.
        await Database.ExecuteAsync($"ALTER DATABASE {Database.Name} SET synchronous_commit = off");
        Engine = await SimulatedEngine.StartAsync(engine => engine.Storage = payments => payments.UsePostgres(Database.ConnectionString));
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddCurawayPayments(payments => Engine.AddParts(payments).Configure(options => options.SweepInterval = TimeSpan.FromMinutes(10)));
        var store = builder.Services.Single(service => service.ServiceType == typeof(IChargeStore));
        builder.Services.Remove(store);
        builder.Services.AddSingleton(services => CountingStore.Around((IChargeStore)store.ImplementationFactory!(services), Calls));
        _app = builder.Build();
        _app.MapPaymentWebhooks();
        await _app.StartAsync(CancellationToken.None);
        Http.BaseAddress = new Uri(_app.Urls.Single());
    }

    /// <summary>Posts what a simulator signed.</summary>
    public async Task<(int Status, string Text)> PostAsync(string provider, SimulatorWebhook webhook)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/api/v1/webhooks/" + provider, UriKind.Relative))
        {
            Content = new ByteArrayContent(webhook.Body.ToArray()),
        };
        foreach (var (name, value) in webhook.Headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
                request.Content.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await Http.SendAsync(request, Ct);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Ct));
    }

    public async Task<TcpClient> ConnectAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Http.BaseAddress!.Port, Ct);
        return client;
    }

    /// <summary>Sends these bytes; the status of the answer, or 0 when the server closed without one.</summary>
    public async Task<int> SendRawAsync(string head, ReadOnlyMemory<byte> body = default)
    {
        using var client = await ConnectAsync();
        await using var stream = client.GetStream();
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(head), Ct);
            await stream.WriteAsync(body, Ct);
        }
        catch (IOException)
        {
            // It answered and closed before it had everything; the answer is there all the same.
        }

        return await ReadStatusAsync(stream);
    }

    /// <summary>The status of the next answer, or 0 when the server closes without one.</summary>
    public static async Task<int> ReadStatusAsync(NetworkStream stream)
    {
        var start = new byte[12];
        try
        {
            await stream.ReadExactlyAsync(start, Ct);
        }
        catch (IOException)
        {
            return 0;
        }

        return int.Parse(Encoding.ASCII.GetString(start, 9, 3), CultureInfo.InvariantCulture);
    }

    /// <summary>A charge that waits for its patient, and the events its payment makes: held, taken and partly sent back.</summary>
    public async Task<(Charge Charge, IReadOnlyList<SimulatorWebhook> Events)> TellAsync(SimulatedProvider provider)
    {
        var waiting = await Engine.Charges.AuthorizeAsync(Engine.Checkout(provider), Ct);
        provider.Webhooks.TakePending();
        var paid = await Engine.CompleteAsync(waiting.Charge!, provider.Pay(waiting.NextAction!));
        await Engine.Charges.CaptureAsync(paid.Charge!.Id, "clinician-1", Ct);
        await Engine.Charges.RefundAsync(SimulatedEngine.Refund(paid.Charge, "request-1", 40_00), Ct);
        return (paid.Charge, provider.Webhooks.TakePending());
    }

    /// <summary>A charge whose money is held and nobody told us, and the event that does.</summary>
    public async Task<(Charge Charge, SimulatorWebhook Event)> UntoldAsync(SimulatedProvider provider)
    {
        var waiting = await Engine.Charges.AuthorizeAsync(Engine.Checkout(provider), Ct);
        provider.Webhooks.TakePending();
        provider.Pay(waiting.NextAction!);
        return (waiting.Charge!, provider.Webhooks.TakePending()
            .Single(webhook => webhook.Type is "payment_intent.amount_capturable_updated" or "payment.authorized"));
    }

    /// <summary>What somebody else has to say is still heard.</summary>
    public async Task AssertServesAsync(SimulatedProvider provider)
    {
        var (charge, webhook) = await UntoldAsync(provider);
        Assert.Equal(200, (await PostAsync(provider.Name, webhook)).Status);
        Assert.Equal(ChargeStatus.Authorized, (await Engine.ChargeAsync(charge.Id)).Status);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
        await Engine.DisposeAsync();
        await Database.DisposeAsync();
    }
}
