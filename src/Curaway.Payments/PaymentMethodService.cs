using System.Collections.Frozen;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Curaway.Payments;

/// <summary>
/// What providers keep for patients, of the providers that have an <see cref="IPaymentMethodVault"/>. Nothing here moves money
/// or writes to the database; who owns which method is the host's to store. Every call has the engine's own deadline and none
/// throws. Thread-safe.
/// </summary>
public sealed partial class PaymentMethodService
{
    private readonly FrozenDictionary<string, IPaymentMethodVault> _vaults;
    private readonly ProviderCaller _caller;
    private readonly PaymentsOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    internal PaymentMethodService(
        IEnumerable<IPaymentMethodVault> vaults, ProviderCaller caller, IOptions<PaymentsOptions> options, TimeProvider time,
        ILogger<PaymentMethodService> logger)
    {
        _vaults = vaults.ToFrozenDictionary(vault => vault.Provider);
        _caller = caller;
        _options = options.Value;
        _time = time;
        _logger = logger;
    }

    /// <summary>True when the provider can keep a method and the account has credentials.</summary>
    /// <param name="provider">The provider's name.</param>
    /// <param name="account">The account at the provider, by our name of it.</param>
    public bool CanSave(string provider, string account = "default") =>
        _vaults.ContainsKey(provider) && _caller.Find(provider)?.IsConfigured(account) == true;

    /// <summary>See <see cref="IPaymentMethodVault.CreateCustomerAsync"/>. Store the id before you call, and the answer after.</summary>
    public Task<VaultAnswer<string>> CreateCustomerAsync(string provider, string account, OpaqueId id, CancellationToken ct = default) =>
        AskAsync("create_customer", provider, (vault, deadline) => vault.CreateCustomerAsync(account, id, deadline), ct);

    /// <summary>See <see cref="IPaymentMethodVault.FindKeptAsync"/>.</summary>
    public Task<VaultAnswer<KeptPaymentMethod>> FindKeptAsync(Charge charge, string customer, CancellationToken ct = default) =>
        AskAsync("find_kept", charge.Provider, (vault, deadline) => vault.FindKeptAsync(charge, customer, deadline), ct);

    /// <summary>See <see cref="IPaymentMethodVault.ForgetAsync"/>.</summary>
    public async Task<ProviderFault> ForgetAsync(SavedPaymentMethod method, CancellationToken ct = default) => (await AskAsync(
        "forget",
        method.Provider,
        async (vault, deadline) => new VaultAnswer<string>(null, await vault.ForgetAsync(method, deadline).ConfigureAwait(false)),
        ct).ConfigureAwait(false)).Fault;

    private async Task<VaultAnswer<T>> AskAsync<T>(
        string verb, string provider, Func<IPaymentMethodVault, CancellationToken, Task<VaultAnswer<T>>> ask, CancellationToken ct)
        where T : class
    {
        if (!_vaults.TryGetValue(provider, out var vault))
            return new VaultAnswer<T>(null, ProviderFault.Configuration);
        using var deadline = new CancellationTokenSource(_options.ProviderDeadline, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, ct);
        VaultAnswer<T> answer;
        try
        {
            answer = await ask(vault, either.Token).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Whatever an adapter throws, nobody knows what happened; no call here moves money.
        catch (Exception)
#pragma warning restore CA1031
        {
            answer = new VaultAnswer<T>(null, either.IsCancellationRequested ? ProviderFault.Timeout : ProviderFault.Unreadable);
        }

        Log.Called(_logger, provider, verb, answer.Fault);
        return answer;
    }

    private static partial class Log
    {
        [LoggerMessage(1011, LogLevel.Information, "{Provider} {Verb}: {Fault}")]
        public static partial void Called(ILogger logger, string provider, string verb, ProviderFault fault);
    }
}
