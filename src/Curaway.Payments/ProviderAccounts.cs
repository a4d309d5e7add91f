using Microsoft.Extensions.Logging;

namespace Curaway.Payments;

/// <summary>
/// Which account a tenant's money goes through, and what keeps it from going there. Everything is asked of that account, and
/// no other one stands in for it. Thread-safe.
/// </summary>
internal sealed partial class ProviderAccounts(
    IEnumerable<IPaymentProvider> providers, ProviderAccountResolver resolver, PaymentAlerts alerts, TimeProvider time, ILogger<ProviderAccounts> logger)
{
    private readonly Dictionary<string, IPaymentProvider> _providers = providers.ToDictionary(provider => provider.Name);
    private int _isMixedTold;

    /// <summary>The account for a new charge.</summary>
    public string Choose(OpaqueId tenantId, string provider) => resolver(tenantId, provider);

    /// <summary>Null when the account can take this booking.</summary>
    public PaymentError? RefusalOf(AuthorizeCharge command, string providerName, string account)
    {
        if (_providers.GetValueOrDefault(providerName) is not { } provider || !provider.IsConfigured(account))
            return new PaymentError(ErrorCodes.ProviderNotConfigured, account == "default" ? providerName : $"{providerName}/{account}");
        if (IsMixed())
            return new PaymentError(ErrorCodes.ProviderNotConfigured, "mixed_modes");
        var capabilities = provider.CapabilitiesOf(account);
        if (capabilities.Currencies.Check(command.Amount) is { } refusal)
            return refusal;
        var isSaved = command.MethodAt(providerName, account) is not null;
        var window = isSaved ? capabilities.SavedMethodAuthorizationWindow : null;
        return command.CaptureBy > time.GetUtcNow() + (window ?? capabilities.AuthorizationWindow)
            ? new PaymentError(ErrorCodes.AuthorizationWindow)
            : null;
    }

    /// <summary>
    /// Tells of keys that do not belong together, or not here, when the host starts. It starts all the same: what is held already
    /// has to be settled.
    /// </summary>
    public void Check(bool isProduction)
    {
        if (IsMixed() || !isProduction)
            return;
        foreach (var (name, _) in Modes().Where(account => !account.IsLive))
        {
            Log.TestKeys(logger, name);
            alerts.Raise(new PaymentAlert("configuration", AlertSeverity.Warning, $"{name}: test keys in Production"));
        }
    }

    /// <summary>
    /// Test money beside real money: a session would be held for nothing, or a test would cost. Then nothing new is authorized;
    /// told once, until the keys agree again.
    /// </summary>
    private bool IsMixed()
    {
        var modes = Modes().ToList();
        var isMixed = modes.Exists(account => account.IsLive) && modes.Exists(account => !account.IsLive);
        if (!isMixed)
        {
            Interlocked.Exchange(ref _isMixedTold, 0);
        }
        else if (Interlocked.Exchange(ref _isMixedTold, 1) == 0)
        {
            var list = string.Join(", ", modes.Select(account => $"{account.Name} {(account.IsLive ? "live" : "test")}"));
            Log.Mixed(logger, list);
            alerts.Raise(new PaymentAlert("configuration", AlertSeverity.Critical, $"mixed modes, nothing is authorized: {list}"));
        }

        return isMixed;
    }

    private IEnumerable<(string Name, bool IsLive)> Modes() =>
        from provider in _providers.Values
        from account in provider.Accounts
        where provider.IsConfigured(account)
        let mode = provider.IsLiveMode(account)
        where mode is not null
        select ($"{provider.Name}/{account}", mode.Value);

    private static partial class Log
    {
        [LoggerMessage(1601, LogLevel.Critical, "Keys of test and live mode are mixed, so nothing is authorized: {Accounts}")]
        public static partial void Mixed(ILogger logger, string accounts);

        [LoggerMessage(1602, LogLevel.Warning, "{Account} has test keys in Production")]
        public static partial void TestKeys(ILogger logger, string account);
    }
}
