using System.Globalization;
using Microsoft.Extensions.Options;

namespace Curaway.Payments;

/// <summary>Looks now and then at how much waits for the reconciler, and whether the providers' webhooks still come.</summary>
internal sealed class StoreWatch(IChargeStore store, PaymentsMetrics metrics, IOptions<PaymentsOptions> options)
{
    /// <summary>One look; there is never more to do.</summary>
    public async Task<bool> SweepAsync(CancellationToken ct)
    {
        metrics.Measured(await store.ReadBacklogAsync(ct).ConfigureAwait(false));
        var silence = options.Value.WebhookSilence;
        foreach (var account in await store.ListSilentAccountsAsync(silence, ct).ConfigureAwait(false))
        {
            // One host of all, and once in that time, by the database's clock.
            var claim = $"watch:webhook_silence:{account.Provider}:{account.ProviderAccount}";
            if (await store.TryPassCooldownAsync(claim, silence, ct).ConfigureAwait(false) is null)
                continue;
            var text = string.Create(
                CultureInfo.InvariantCulture,
                $"{account.Provider} ({account.ProviderAccount}): authorized at {account.MovedAt:yyyy-MM-dd'T'HH:mm'Z'}, no webhook since");
            await store.EnqueueAlertAsync(new PaymentAlert("webhook_silence", AlertSeverity.Warning, text), ct).ConfigureAwait(false);
        }

        return false;
    }
}
