namespace Curaway.Payments.SampleHost.Tenants;

/// <summary>
/// Which clinic's money goes through which account of a provider. <c>Curaway:Payments:Accounts:{provider}:{account}</c> lists
/// clinics, separated by commas; one that no list names uses <c>default</c>. Read once: a change counts from the next start on,
/// and for new charges only.
/// </summary>
internal sealed class TenantAccounts
{
    private const string Section = "Curaway:Payments:Accounts";

    private readonly Dictionary<(string Provider, string Tenant), string> _accounts = [];

    private TenantAccounts()
    {
    }

    /// <summary>Reads the lists.</summary>
    /// <exception cref="InvalidOperationException">A clinic stands in two lists of one provider, or is no tenant's id.</exception>
    public static TenantAccounts Read(IConfiguration configuration)
    {
        var read = new TenantAccounts();
        foreach (var provider in configuration.GetSection(Section).GetChildren())
        {
            foreach (var account in provider.GetChildren())
            {
                foreach (var tenant in TenantsOf(account))
                {
                    if (!OpaqueId.TryParse(tenant, out _) || !read._accounts.TryAdd((provider.Key.ToLowerInvariant(), tenant), account.Key))
                        throw new InvalidOperationException($"{account.Path}: '{tenant}' is no tenant's id, or stands in another list of this provider too.");
                }
            }
        }

        return read;
    }

    /// <summary>The account of a clinic's new charge.</summary>
    public string Resolve(OpaqueId tenantId, string provider) => _accounts.GetValueOrDefault((provider, tenantId.Value), "default");

    /// <summary>
    /// Refuses to start when a list names an account that nobody added: its clinics could not take a payment. One that only lacks
    /// its keys is told at the booking, as everywhere.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no such account.</exception>
    public void Require(IEnumerable<IPaymentProvider> providers)
    {
        var added = providers.SelectMany(provider => provider.Accounts.Select(account => (provider.Name, account))).ToHashSet();
        foreach (var (key, account) in _accounts)
        {
            if (!added.Contains((key.Provider, account)))
                throw new InvalidOperationException($"{Section}:{key.Provider}:{account}: no such account was added.");
        }
    }

    private static IEnumerable<string> TenantsOf(IConfigurationSection account)
    {
        var list = account.Value?.Split(',') ?? account.GetChildren().Select(child => child.Value ?? "");
        return list.Select(tenant => tenant.Trim()).Where(tenant => tenant.Length > 0);
    }
}
