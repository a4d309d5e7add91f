using System.Runtime.CompilerServices;
using Stripe;

namespace Curaway.Payments.Stripe;

/// <summary>
/// Everything of an account since a moment: its intents with the charge each stands on, then its refunds, which may be of older
/// intents. Read one object at a time, so that one that is odd does not hide the others.
/// </summary>
internal sealed class StripeListing(StripeClientFactory clients) : IProviderListing
{
    public string Provider => StripeProvider.ProviderName;

    public async IAsyncEnumerable<ProviderListingPage> ListAsync(string account, DateTimeOffset since, [EnumeratorCancellation] CancellationToken ct)
    {
        if (clients.Find(account) is not { } found)
        {
            yield return new ProviderListingPage([], 0, ProviderFault.Configuration);
            yield break;
        }

        var created = new DateRangeOptions { GreaterThanOrEqual = since.UtcDateTime };
        var intents = new PaymentIntentListOptions { Created = created, Expand = ["data.latest_charge"] };
        await foreach (var page in found.ListAsync("/v1/payment_intents", intents, ct).ConfigureAwait(false))
            yield return PageOf(page, json => StripeMapping.ReadIntent(json, account)?.Snapshot);
        var refunds = new RefundListOptions { Created = created };
        await foreach (var page in found.ListAsync("/v1/refunds", refunds, ct).ConfigureAwait(false))
            yield return PageOf(page, json => StripeMapping.ReadRefund(json, account));
    }

    private static ProviderListingPage PageOf(StripeReply<StripePage> page, Func<StripeValue, ProviderSnapshot?> read)
    {
        if (page.Failure is { } failure)
            return new ProviderListingPage([], 0, failure.Fault);
        var objects = page.Value!.Items.Select(json => TryRead(json, read)).ToList();
        return new ProviderListingPage([.. objects.OfType<ProviderSnapshot>()], objects.Count(each => each is null));
    }

    private static ProviderSnapshot? TryRead(StripeValue json, Func<StripeValue, ProviderSnapshot?> read)
    {
        try
        {
            return read(json);
        }
        // A text that is not Unicode throws only when it is asked for.
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
