using Curaway.Payments.Simulators;

namespace Curaway.Payments.SampleHost.Simulation;

/// <summary>
/// Both providers, played on loopback inside this process, so that <c>dotnet run</c> needs no account anywhere. Never in
/// Production.
/// </summary>
public sealed class DemoSimulators : IAsyncDisposable
{
    private const string Switch = "CURAWAY_SIMULATORS";

    private static readonly string[] ProviderKeys = ["STRIPE_SECRET_KEY", "RAZORPAY_KEY_ID"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("curaway-payments-");

    private DemoSimulators(StripeSimulator stripe, RazorpaySimulator razorpay)
    {
        Stripe = stripe;
        Razorpay = razorpay;
    }

    /// <summary>The one that plays Stripe.</summary>
    public StripeSimulator Stripe { get; }

    /// <summary>The one that plays Razorpay.</summary>
    public RazorpaySimulator Razorpay { get; }

    /// <summary>
    /// A database that lives as long as the simulators' ledgers: charges of an earlier run would name payments that nobody
    /// knows any more. Any number of demos run side by side.
    /// </summary>
    public string DatabasePath => Path.Combine(_folder.FullName, "payments.db");

    /// <summary>Starts them when they are wanted: asked for, or in Development without any provider's key.</summary>
    /// <exception cref="InvalidOperationException">They are asked for in Production.</exception>
    public static async Task<DemoSimulators?> StartIfWantedAsync(IConfiguration configuration, IHostEnvironment environment)
    {
        var asked = configuration[Switch] is { Length: > 0 } text
            ? bool.TryParse(text, out var value) ? value : throw new InvalidOperationException($"{Switch} is true or false.")
            : (bool?)null;
        if (asked == true && !environment.IsDevelopment())
            throw new InvalidOperationException($"{Switch}=true is for Development: simulated money is no money.");
        var isWanted = asked ?? (environment.IsDevelopment() && ProviderKeys.All(key => configuration[key] is not { Length: > 0 }));
        return isWanted ? await StartAsync() : null;
    }

    /// <summary>
    /// True when another process of this machine plays a provider: in Development, where the API address is one of loopback.
    /// </summary>
    public static bool AreElsewhere(IConfiguration configuration, IHostEnvironment environment) => environment.IsDevelopment()
        && Uri.TryCreate(configuration["STRIPE_API_BASE"], UriKind.Absolute, out var api) && api.IsLoopback;

    /// <summary>In a flow of their own: each simulator is a web host too, and whoever listens for this process's host would take it for that.</summary>
    private static Task<DemoSimulators> StartAsync()
    {
        using var ownFlow = ExecutionContext.SuppressFlow();
        return Task.Run(async () => new DemoSimulators(await StripeSimulator.StartAsync(), await RazorpaySimulator.StartAsync()));
    }

    /// <summary>The settings that point the adapters at the simulators.</summary>
    public IEnumerable<KeyValuePair<string, string?>> Settings() => new Dictionary<string, string?>
    {
        ["STRIPE_SECRET_KEY"] = Stripe.Options.SecretKey,
        ["STRIPE_PUBLISHABLE_KEY"] = Stripe.Options.PublishableKey,
        ["STRIPE_WEBHOOK_SECRET"] = Stripe.Options.WebhookSecret,
        ["STRIPE_API_BASE"] = AddressOf(Stripe.BaseAddress),
        ["Curaway:Payments:Stripe:ScriptUrl"] = Stripe.ScriptAddress.ToString(),
        ["RAZORPAY_KEY_ID"] = Razorpay.Options.KeyId,
        ["RAZORPAY_KEY_SECRET"] = Razorpay.Options.KeySecret,
        ["RAZORPAY_WEBHOOK_SECRET"] = Razorpay.Options.WebhookSecret,
        ["RAZORPAY_API_BASE"] = AddressOf(Razorpay.BaseAddress),
        ["Curaway:Payments:Razorpay:ScriptUrl"] = Razorpay.ScriptAddress.ToString(),
    };

    /// <summary>Sends their webhooks to the host, once its address is known.</summary>
    public void SendWebhooksTo(Uri host)
    {
        Stripe.Webhooks.Target = new Uri(host, "/api/v1/webhooks/stripe");
        Razorpay.Webhooks.Target = new Uri(host, "/api/v1/webhooks/razorpay");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Stripe.DisposeAsync();
        await Razorpay.DisposeAsync();
        try
        {
            _folder.Delete(recursive: true);
        }
        catch (IOException)
        {
            // Windows keeps a file that a pooled connection still holds; the system's cleanup of its temporary folder takes it.
        }
    }

    private static string AddressOf(Uri address) => address.ToString().TrimEnd('/');
}
