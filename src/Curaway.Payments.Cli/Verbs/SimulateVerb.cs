using System.CommandLine;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.Cli.Verbs;

/// <summary><c>simulate</c>: both providers on this machine until Ctrl-C, for suites in any language. Reads no database.</summary>
internal static class SimulateVerb
{
    private static readonly Option<int> StripePort = Port("--stripe-port", 8420);
    private static readonly Option<int> RazorpayPort = Port("--razorpay-port", 8421);

    private static readonly Option<Uri?> Host = new("--host")
    {
        Description = "Your host, such as http://127.0.0.1:5080: webhooks go to its /api/v1/webhooks/stripe and /razorpay. They wait while it is left out.",
        CustomParser = result =>
        {
            if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var host) && host.Scheme is "http" or "https")
                return host;
            result.AddError("--host: an address such as http://127.0.0.1:5080.");
            return null;
        },
    };

    public static Verb Describe() => new(
        new Command("simulate", "Plays Stripe and Razorpay on 127.0.0.1 until Ctrl-C: a ledger, signed webhooks, faults, a clock.") { StripePort, RazorpayPort, Host },
        (parsed, _, ct) => RunAsync(parsed, ct))
    {
        NeedsNoDatabase = true,
    };

    private static async Task<Answer> RunAsync(ParseResult parsed, CancellationToken ct)
    {
        var host = parsed.GetValue(Host);
        StripeSimulator? stripe = null;
        try
        {
            stripe = await StripeSimulator.StartAsync(
                new StripeSimulatorOptions { Port = parsed.GetValue(StripePort), WebhookTarget = EndpointOf(host, "stripe") }, ct).ConfigureAwait(false);
            var razorpay = await RazorpaySimulator.StartAsync(
                new RazorpaySimulatorOptions { Port = parsed.GetValue(RazorpayPort), WebhookTarget = EndpointOf(host, "razorpay") }, ct).ConfigureAwait(false);
            var settings = SettingsOf(stripe, razorpay);
            return Answer.Of(new Simulated(settings), [.. settings.Select(setting => $"{setting.Key}={setting.Value}"), "Ctrl-C ends both."]) with
            {
                AfterwardsAsync = async stop =>
                {
                    await using var one = stripe.ConfigureAwait(false);
                    await using var other = razorpay.ConfigureAwait(false);
                    await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                },
            };
        }
        catch (IOException)
        {
            if (stripe is not null)
                await stripe.DisposeAsync().ConfigureAwait(false);
            return Answer.Error(ErrorCodes.ValidationFailed, "A port is taken. Name others by --stripe-port and --razorpay-port; 0 takes a free one.");
        }
    }

    private static Uri? EndpointOf(Uri? host, string provider) => host is null ? null : new Uri(host, "/api/v1/webhooks/" + provider);

    /// <summary>The environment variables of a host that talks to them.</summary>
    private static Dictionary<string, string> SettingsOf(StripeSimulator stripe, RazorpaySimulator razorpay) => new()
    {
        ["STRIPE_API_BASE"] = stripe.ApiBase,
        ["STRIPE_SECRET_KEY"] = stripe.Options.SecretKey,
        ["STRIPE_PUBLISHABLE_KEY"] = stripe.Options.PublishableKey,
        ["STRIPE_WEBHOOK_SECRET"] = stripe.Options.WebhookSecret,
        ["Curaway__Payments__Stripe__ScriptUrl"] = stripe.ScriptAddress.ToString(),
        ["RAZORPAY_API_BASE"] = razorpay.BaseAddress.ToString().TrimEnd('/'),
        ["RAZORPAY_KEY_ID"] = razorpay.Options.KeyId,
        ["RAZORPAY_KEY_SECRET"] = razorpay.Options.KeySecret,
        ["RAZORPAY_WEBHOOK_SECRET"] = razorpay.Options.WebhookSecret,
        ["Curaway__Payments__Razorpay__ScriptUrl"] = razorpay.ScriptAddress.ToString(),
    };

    private static Option<int> Port(string name, int port) => new(name)
    {
        Description = "The loopback port; 0 takes a free one.",
        DefaultValueFactory = _ => port,
        CustomParser = result =>
        {
            if (int.TryParse(result.Tokens[0].Value, out var asked) && asked is >= 0 and <= ushort.MaxValue)
                return asked;
            result.AddError($"{name}: 0 to {ushort.MaxValue}.");
            return 0;
        },
    };

    private sealed record Simulated(IReadOnlyDictionary<string, string> Environment);
}
