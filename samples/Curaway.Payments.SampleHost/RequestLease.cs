using Microsoft.Extensions.Options;

namespace Curaway.Payments.SampleHost;

/// <summary>
/// How long a request has its work to itself, by the database's clock: longer than the two calls to a provider that it may
/// make. If its host dies, somebody else goes on after that. 30 s with the default deadline.
/// </summary>
internal sealed class RequestLease(IOptions<PaymentsOptions> options)
{
    public TimeSpan Duration => (2 * options.Value.ProviderDeadline) + TimeSpan.FromSeconds(10);
}
