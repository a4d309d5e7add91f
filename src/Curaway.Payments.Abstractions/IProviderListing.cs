using System.Collections.Immutable;

namespace Curaway.Payments;

/// <summary>
/// Optional seam of a provider: lists what it has, whoever made it, so that both sides can be compared. Only reads. Stateless
/// and thread-safe; nothing expected throws.
/// </summary>
public interface IProviderListing
{
    /// <summary>The provider's name, as in <see cref="IPaymentProvider.Name"/>.</summary>
    string Provider { get; }

    /// <summary>
    /// The account's payments and refunds made at or after <paramref name="since"/>, page by page. One object of the provider is
    /// one snapshot, and a charge may be told of by several. A page with a fault is the last one; then the list is not complete.
    /// </summary>
    /// <param name="account">The account, by our name of it.</param>
    /// <param name="since">UTC, by the provider's clock.</param>
    /// <param name="ct">Cancels.</param>
    IAsyncEnumerable<ProviderListingPage> ListAsync(string account, DateTimeOffset since, CancellationToken ct);
}

/// <summary>One page of what a provider has.</summary>
/// <param name="Snapshots">What could be read. Without a charge id it was not made by us, or names its payment only.</param>
/// <param name="UnreadableCount">How many objects could not be read safely.</param>
/// <param name="Fault">Why there is no further page although there may be more; <see cref="ProviderFault.None"/> otherwise.</param>
public sealed record ProviderListingPage(ImmutableArray<ProviderSnapshot> Snapshots, int UnreadableCount, ProviderFault Fault = ProviderFault.None);
