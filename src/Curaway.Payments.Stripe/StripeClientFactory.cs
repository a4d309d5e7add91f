using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Stripe;

namespace Curaway.Payments.Stripe;

/// <summary>An account that was added. Only these are looked up, because a webhook's URL names one and anybody can call it.</summary>
internal sealed record StripeAccountName(string Value);

/// <summary>What came back for one call.</summary>
/// <param name="Fault">Why nothing did; <see cref="ProviderFault.None"/> for an answer, whatever it says.</param>
/// <param name="Status">The HTTP status; 0 when there was none.</param>
/// <param name="Json">The body; none when it is no JSON.</param>
/// <param name="RequestId">Stripe's id of the request, for its support desk; null when none came that is safe to store.</param>
/// <param name="RetryAfter">How long we were asked to wait.</param>
internal sealed record StripeAnswer(
    ProviderFault Fault, int Status = 0, StripeValue Json = default, string? RequestId = null, TimeSpan? RetryAfter = null)
{
    public bool IsSuccess => Status == 200;
}

/// <summary>What was read, or why nothing was.</summary>
internal readonly record struct StripeReply<T>(T? Value, ProviderResult? Failure)
    where T : class
{
    public static implicit operator StripeReply<T>(T value) => new(value, null);

    public static implicit operator StripeReply<T>(ProviderResult failure) => new(null, failure);
}

/// <summary>
/// An account ready for calls: one call, one answer, no exception. Stripe.net writes the request (form, key, version); it is
/// not asked to read the answer, because one odd value in a field that is none of ours makes its classes throw, and an
/// error around such an object loses even its status.
/// </summary>
internal sealed record StripeAccount(string Name, StripeOptions Options, StripeClient Client, IHttpClient Http)
{
    private const int PageSize = 100;
    private const int PageCountMax = 100;

    public Task<StripeAnswer> GetAsync(string path, BaseOptions options, CancellationToken ct) =>
        SendAsync(HttpMethod.Get, path, options, null, ct);

    public Task<StripeAnswer> PostAsync(string path, BaseOptions options, string idempotencyKey, CancellationToken ct) =>
        SendAsync(HttpMethod.Post, path, options, idempotencyKey, ct);

    /// <summary>The pages of a list. One that failed is the last.</summary>
    public async IAsyncEnumerable<StripeReply<StripePage>> ListAsync(
        string path, ListOptions options, [EnumeratorCancellation] CancellationToken ct)
    {
        options.Limit = PageSize;
        for (var count = 0; count < PageCountMax; count++)
        {
            var answer = await GetAsync(path, options, ct).ConfigureAwait(false);
            if (!answer.IsSuccess || StripeMapping.ReadPage(answer.Json) is not { } page)
            {
                yield return answer.IsSuccess ? ProviderResult.Indeterminate(ProviderFault.Unreadable) : StripeErrors.OfRead(answer);
                yield break;
            }

            yield return page;
            if (page.Next is null)
                yield break;
            options.StartingAfter = page.Next;
        }

        // What stands behind the last page was not read: that is no proof of anything.
        yield return ProviderResult.Indeterminate(ProviderFault.Unreadable, "too_many_pages");
    }

    private async Task<StripeAnswer> SendAsync(HttpMethod method, string path, BaseOptions options, string? idempotencyKey, CancellationToken ct)
    {
        try
        {
            var request = new StripeRequest(Client, method, path, options, new RequestOptions { IdempotencyKey = idempotencyKey });
            var response = await Http.MakeRequestAsync(request, ct).ConfigureAwait(false);
            var requestId = StripeMapping.IsId(response.RequestId, "req_") ? response.RequestId : null;
            return new StripeAnswer(
                ProviderFault.None, (int)response.StatusCode, Parse(response.Content), requestId, response.Headers?.RetryAfter?.Delta);
        }
#pragma warning disable CA1031 // Handlers that others add may throw anything; none of it may be taken for a failure of the operation.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return new StripeAnswer(StripeErrors.FaultOf(e));
        }
    }

    private static StripeValue Parse(string? body)
    {
        try
        {
            // Never disposed: the answer is asked for as long as somebody holds it.
            return StripeDocument.Parse(Encoding.UTF8.GetBytes(body ?? "")).Root;
        }
        catch (JsonException)
        {
            return default;
        }
    }
}

/// <summary>
/// Stripe clients by account, made again when the account's options change. Thread-safe. Stripe.net's own retries are off:
/// the engine owns them. Its telemetry is off too: it writes a file into the home directory.
/// </summary>
internal sealed class StripeClientFactory(
    IHttpClientFactory http, IOptionsMonitor<StripeOptions> options, IEnumerable<StripeAccountName> accounts)
{
    public const string HttpClientName = "Curaway.Payments.Stripe";

    /// <summary>A page of a hundred intents is below 1 MiB.</summary>
    private const int ResponseBytesMax = 4 * 1024 * 1024;

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
        return _made[account] = Make(account, current);
    }

    private StripeAccount Make(string account, StripeOptions current)
    {
        var client = http.CreateClient(HttpClientName);
        client.Timeout = current.CallTimeout;
        client.MaxResponseContentBufferSize = ResponseBytesMax;
        var wire = new SystemNetHttpClient(client, maxNetworkRetries: 0, enableTelemetry: false);
        var stripe = new StripeClient(new StripeClientOptions
        {
            ApiKey = current.SecretKey,
            ApiBase = string.IsNullOrEmpty(current.ApiBase) ? StripeClient.DefaultApiBase : current.ApiBase,
            HttpClient = wire,
        });
        return new StripeAccount(account, current, stripe, wire);
    }
}
