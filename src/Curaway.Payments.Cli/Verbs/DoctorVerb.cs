using System.CommandLine;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Curaway.Payments.Cli.Verbs;

/// <summary><c>doctor</c>: is everything there that a host needs? Says what is set and in which mode, never a secret.</summary>
internal static class DoctorVerb
{
    private const string DefaultAccount = "default";

    public static Verb Describe() => new(
        new Command("doctor", "Checks the configuration, the database and its tables, the providers' keys and the webhook secrets."), RunAsync)
    {
        NeedsNoDatabase = true,
    };

    private static async Task<Answer> RunAsync(ParseResult parsed, IServiceProvider services, CancellationToken ct)
    {
        var configuration = services.GetRequiredService<IConfiguration>();
        List<Check> checks = [CheckLimits(services), .. await CheckDatabaseAsync(configuration, services, ct).ConfigureAwait(false)];
        var stripe = services.GetRequiredService<IOptionsMonitor<StripeOptions>>().Get(DefaultAccount);
        var razorpay = services.GetRequiredService<IOptionsMonitor<RazorpayOptions>>().Get(DefaultAccount);
        var clientKey = stripe is { IsConfigured: true, PublishableKey: null or "" } ? "STRIPE_PUBLISHABLE_KEY is not set: checkout cannot be shown." : null;
        checks.Add(CheckKeys("stripe", stripe.IsConfigured, stripe.IsLiveMode, "STRIPE_SECRET_KEY is not set.", clientKey));
        checks.Add(CheckSecrets("stripe_webhooks", stripe.IsConfigured, stripe.WebhookSecrets.Count, "STRIPE_WEBHOOK_SECRET"));
        checks.Add(CheckKeys("razorpay", razorpay.IsConfigured, razorpay.IsLiveMode, "RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET are not set.", null));
        checks.Add(CheckSecrets("razorpay_webhooks", razorpay.IsConfigured, razorpay.WebhookSecrets.Count, "RAZORPAY_WEBHOOK_SECRET"));
        checks.Add(CheckModes(stripe, razorpay));

        var width = checks.Max(check => check.Name.Length);
        return Answer.Of(
            new Report([.. checks]),
            [.. checks.Select(check => $"{WireName.Of(check.Verdict),-7}  {check.Name.PadRight(width)}  {check.Detail}")],
            checks.Any(check => check.Verdict == Verdict.Failed) ? ExitCodes.Refused : ExitCodes.Ok);
    }

    private static Check CheckLimits(IServiceProvider services)
    {
        try
        {
            _ = services.GetRequiredService<IOptions<PaymentsOptions>>().Value;
            return new Check("limits", Verdict.Ok, "Every limit is in its range.");
        }
        catch (OptionsValidationException failure)
        {
            return new Check("limits", Verdict.Failed, string.Join(' ', failure.Failures));
        }
    }

    private static async Task<IEnumerable<Check>> CheckDatabaseAsync(IConfiguration configuration, IServiceProvider services, CancellationToken ct)
    {
        if (CliHost.DatabaseErrorOf(configuration) is { } missing)
            return [new Check("database", Verdict.Failed, missing)];
        var kind = configuration["DATABASE_URL"] is { Length: > 0 } ? "PostgreSQL" : "SQLite";
        try
        {
            var pending = await services.GetRequiredService<IChargeStore>().ListPendingScriptsAsync(ct).ConfigureAwait(false);
            return
            [
                new Check("database", Verdict.Ok, $"{kind} answers."),
                pending.Count == 0
                    ? new Check("migrations", Verdict.Ok, "Every script is applied.")
                    : new Check("migrations", Verdict.Failed, $"Not applied: {string.Join(", ", pending)}. A host applies them at start, unless AutoMigrate is off."),
            ];
        }
        catch (OptionsValidationException failure)
        {
            return [new Check("database", Verdict.Failed, string.Join(' ', failure.Failures))];
        }
        catch (Exception failure) when (CliHost.IsDatabase(failure))
        {
            return [new Check("database", Verdict.Failed, $"{kind} does not answer ({failure.GetType().Name}).")];
        }
    }

    private static Check CheckKeys(string name, bool isConfigured, bool? isLive, string missing, string? warning)
    {
        if (!isConfigured)
            return new Check(name, Verdict.Warning, $"{missing} Bookings that are routed here answer 503.");
        var mode = isLive switch { true => "live keys", false => "test keys: no real money", null => "keys of a mode that cannot be told" };
        return new Check(name, warning is null && isLive is not null ? Verdict.Ok : Verdict.Warning, warning is null ? $"{mode}." : $"{mode}. {warning}");
    }

    private static Check CheckSecrets(string name, bool isConfigured, int count, string variable)
    {
        if (!isConfigured)
            return new Check(name, Verdict.Ok, "Not needed without keys.");
        return count == 0
            ? new Check(name, Verdict.Failed, $"{variable} is not set: every webhook is refused.")
            : new Check(name, Verdict.Ok, count == 1 ? "One secret is set." : $"{count} secrets are set; one is enough when a rotation is over.");
    }

    private static Check CheckModes(StripeOptions stripe, RazorpayOptions razorpay)
    {
        if (!stripe.IsConfigured && !razorpay.IsConfigured)
            return new Check("providers", Verdict.Failed, "No provider is configured: nothing can be booked.");
        var isMixed = stripe is { IsConfigured: true, IsLiveMode: { } left } && razorpay is { IsConfigured: true, IsLiveMode: { } right } && left != right;
        return isMixed
            ? new Check("providers", Verdict.Failed, "One provider has live keys and the other test keys.")
            : new Check("providers", Verdict.Ok, "All keys are of one mode.");
    }

    private enum Verdict
    {
        Ok,
        Warning,
        Failed,
    }

    private sealed record Check(string Name, Verdict Verdict, string Detail);

    private sealed record Report(IReadOnlyList<Check> Checks);
}
