namespace Curaway.Payments;

/// <summary>How much waits for the reconciler.</summary>
/// <param name="DueCount">Charges that are due; counting ends at <see cref="DueCountMax"/>.</param>
/// <param name="OldestDueAge">How long the oldest of them has been due; zero when none is.</param>
public sealed record ReconcilerBacklog(int DueCount, TimeSpan OldestDueAge)
{
    /// <summary>Where counting ends, so that a look at a large backlog stays cheap.</summary>
    public const int DueCountMax = 10_000;
}

/// <summary>A provider account whose charges move and whose webhooks do not come.</summary>
/// <param name="Provider">The provider's name.</param>
/// <param name="ProviderAccount">The account there, by our name of it.</param>
/// <param name="MovedAt">The last authorization that no webhook of the account followed, UTC.</param>
public sealed record SilentAccount(string Provider, string ProviderAccount, DateTimeOffset MovedAt);
