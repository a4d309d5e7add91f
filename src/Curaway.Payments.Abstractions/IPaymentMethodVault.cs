namespace Curaway.Payments;

/// <summary>
/// Methods that a provider keeps for a patient, to be charged later without them: optional beside
/// <see cref="IPaymentProvider"/>, and only for a provider that charges a kept method with nobody at the screen. Stateless and
/// thread-safe. Nothing expected throws: every call comes to a <see cref="ProviderFault"/>, <see cref="ProviderFault.None"/> for
/// a plain answer. No call moves money, and the provider is told opaque ids only.
/// </summary>
public interface IPaymentMethodVault
{
    /// <summary>The name of the <see cref="IPaymentProvider"/> it stands beside.</summary>
    string Provider { get; }

    /// <summary>
    /// Makes the provider's customer under which methods are kept. The same id again is the same customer as long as the
    /// provider keeps the idempotency key made of it; later it is another one, empty and harmless.
    /// </summary>
    /// <param name="account">The account at the provider, by our name of it.</param>
    /// <param name="id">Our id of one patient of one tenant at that account: all that the provider learns.</param>
    /// <param name="ct">Ends the call.</param>
    Task<VaultAnswer<string>> CreateCustomerAsync(string account, OpaqueId id, CancellationToken ct);

    /// <summary>
    /// What the provider keeps, under that customer and no other, of the method a charge was paid with. Null while it keeps
    /// nothing: the patient has not paid, or the method is gone again.
    /// </summary>
    /// <param name="charge">A charge authorized with <see cref="ChargeOperation.Customer"/> and no method.</param>
    /// <param name="customer">That customer.</param>
    /// <param name="ct">Ends the call.</param>
    Task<VaultAnswer<KeptPaymentMethod>> FindKeptAsync(Charge charge, string customer, CancellationToken ct);

    /// <summary>Makes the provider forget a method. One it does not keep is forgotten already.</summary>
    /// <param name="method">The method.</param>
    /// <param name="ct">Ends the call.</param>
    /// <returns><see cref="ProviderFault.None"/> when it is certainly gone.</returns>
    Task<ProviderFault> ForgetAsync(SavedPaymentMethod method, CancellationToken ct);
}

/// <summary>What a vault answered.</summary>
/// <param name="Value">What was made or found; null when there is none, or with a fault.</param>
/// <param name="Fault">Why there is no plain answer; <see cref="ProviderFault.None"/> for one.</param>
public sealed record VaultAnswer<T>(T? Value, ProviderFault Fault = ProviderFault.None)
    where T : class;

/// <summary>A payment method kept by a provider. Only the provider and the account that keep it can charge it.</summary>
/// <param name="Provider">The provider's name.</param>
/// <param name="Token">The provider's token, such as <c>pm_…</c>.</param>
/// <param name="Customer">The provider's customer it belongs to, where it needs one.</param>
/// <param name="Account">The account at the provider, by our name of it.</param>
public sealed record SavedPaymentMethod(string Provider, string Token, string? Customer = null, string Account = "default");

/// <summary>A customer at a provider, under whom the method paid with at checkout is kept.</summary>
/// <param name="Provider">The provider's name.</param>
/// <param name="Customer">The provider's id, such as <c>cus_…</c>.</param>
/// <param name="Account">The account at the provider, by our name of it.</param>
public sealed record VaultCustomer(string Provider, string Customer, string Account = "default");

/// <summary>A card that a provider keeps, and as much of it as may be shown.</summary>
/// <param name="Method">What charges it.</param>
/// <param name="Brand">The network as a machine word, such as <c>visa</c>; <c>other</c> when the provider says nothing we know.</param>
/// <param name="LastFour">The last four digits.</param>
/// <param name="ExpiryYear">The year it ends, such as 2030; null when the provider did not say.</param>
/// <param name="ExpiryMonth">The month it ends, 1 to 12; null when the provider did not say.</param>
public sealed record KeptPaymentMethod(SavedPaymentMethod Method, string Brand, string LastFour, int? ExpiryYear, int? ExpiryMonth);
