using System.Collections.Concurrent;
using System.Collections.Frozen;
using Microsoft.Extensions.Options;
using Stripe;

namespace Curaway.Payments.Stripe;

/// <summary>An account that was added. Only these are looked up, because a webhook's URL names one and anybody can call it.</summary>
internal sealed record StripeAccountName(string Value);

/// <summary>An account ready for calls.</summary>
internal sealed record StripeAccount(string Name, StripeOptions Options, StripeClient Client);

/// <summary>
/// Stripe clients by account, made again when the account's options change. Thread-safe. Stripe.net's own retries are off:
/// the engine owns them. Its telemetry is off too: it writes a file into the home directory.
/// </summary>
internal sealed class StripeClientFactory(
    IHttpClientFactory http, IOptionsMonitor<StripeOptions> options, IEnumerable<StripeAccountName> accounts)
{
    public const string HttpClientName = "Curaway.Payments.Stripe";

    private readonly FrozenSet<string> _names = accounts.Select(account => account.Value).ToFrozenSet(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, StripeAccount> _made = new(StringComparer.Ordinal);

    /// <summary>Every account that was added.</summary>
    public IReadOnlyCollection<string> Names => _names;

    /// <summary>The account's options, configured or not; null for an account nobody added.</summary>
    public StripeOptions? OptionsOf(string account) => _names.Contains(account) ? options.Get(account) : null;

    /// <summary>The account; null when it is not configured.</summary>
    public StripeAccount? Find(string account)
    {
        if (OptionsOf(account) is not { IsConfigured: true } current)
            return null;
        // The monitor hands out the same instance until the configuration changes.
        if (_made.TryGetValue(account, out var made) && ReferenceEquals(made.Options, current))
            return made;
        return _made[account] = new StripeAccount(account, current, Make(current));
    }

    private StripeClient Make(StripeOptions current)
    {
        var client = http.CreateClient(HttpClientName);
        client.Timeout = current.CallTimeout;
        return new StripeClient(new StripeClientOptions
        {
            ApiKey = current.SecretKey,
            ApiBase = string.IsNullOrEmpty(current.ApiBase) ? StripeClient.DefaultApiBase : current.ApiBase,
            HttpClient = new SystemNetHttpClient(client, maxNetworkRetries: 0, enableTelemetry: false),
        });
    }
}
