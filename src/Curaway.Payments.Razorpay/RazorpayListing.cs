using System.Runtime.CompilerServices;

namespace Curaway.Payments.Razorpay;

/// <summary>
/// Everything of an account since a moment: its orders, its payments, then its refunds, each of which may be of an older one
/// of the kind before. Read one object at a time, so that one that is odd does not hide the others.
/// </summary>
internal sealed class RazorpayListing(RazorpayClient client) : IProviderListing
{
    private const int PageSize = 100;
    private const int PageCountMax = 100;

    public string Provider => RazorpayProvider.ProviderName;

    public async IAsyncEnumerable<ProviderListingPage> ListAsync(string account, DateTimeOffset since, [EnumeratorCancellation] CancellationToken ct)
    {
        if (client.Find(account) is not { } found)
        {
            yield return new ProviderListingPage([], 0, ProviderFault.Configuration);
            yield break;
        }

        var orders = PagesAsync(
            (from, skip) => client.ListOrdersAsync(found, from, skip, ct), found, order => new RazorpayFacts(order, [], []), since);
        await foreach (var page in orders.ConfigureAwait(false))
            yield return page;
        var payments = PagesAsync(
            (from, skip) => client.ListPaymentsAsync(found, from, skip, ct), found, payment => new RazorpayFacts(null, [payment], []), since);
        await foreach (var page in payments.ConfigureAwait(false))
            yield return page;
        var refunds = PagesAsync(
            (from, skip) => client.ListRefundsAsync(found, from, skip, ct), found, refund => new RazorpayFacts(null, [], [refund]), since);
        await foreach (var page in refunds.ConfigureAwait(false))
            yield return page;
    }

    private static async IAsyncEnumerable<ProviderListingPage> PagesAsync<T>(
        Func<DateTimeOffset, int, Task<RazorpayReply<WireList<T>>>> list, RazorpayAccount account, Func<T, RazorpayFacts> factsOf, DateTimeOffset since)
        where T : class
    {
        for (var page = 0; page < PageCountMax; page++)
        {
            var reply = await list(since, page * PageSize).ConfigureAwait(false);
            if (reply.Value?.Items is not { } items)
            {
                yield return new ProviderListingPage([], 0, reply.Failure is { } failure ? RazorpayErrors.OfRead(failure).Fault : ProviderFault.Unreadable);
                yield break;
            }

            var objects = items.Select(item => item is null ? null : RazorpayMapping.ReadFacts(account, factsOf(item))).ToList();
            yield return new ProviderListingPage([.. objects.OfType<ProviderSnapshot>()], objects.Count(each => each is null));
            if (items.Length < PageSize)
                yield break;
        }

        // What stands behind the last page was not read.
        yield return new ProviderListingPage([], 0, ProviderFault.Unreadable);
    }
}
