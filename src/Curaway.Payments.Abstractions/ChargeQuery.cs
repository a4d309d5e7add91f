namespace Curaway.Payments;

/// <summary>Which charges are listed, whatever their state. Each is served by an index.</summary>
public abstract record ChargeQuery
{
    private ChargeQuery()
    {
    }

    /// <summary>Charges made at or after a moment, oldest first.</summary>
    /// <param name="Since">UTC.</param>
    /// <param name="After">Only charges with a later id; null for the first page.</param>
    /// <param name="CountMax">The most rows; positive.</param>
    public sealed record MadeSince(DateTimeOffset Since, ChargeId? After, int CountMax) : ChargeQuery;

    /// <summary>Charges somebody has to look at again, the most urgent first: see <see cref="ChargeSchedule"/>.</summary>
    /// <param name="CountMax">The most rows; positive.</param>
    public sealed record Scheduled(int CountMax) : ChargeQuery;

    /// <summary>The charges of a provider's reference: <c>pi_…</c> or <c>order_…</c>, or of one of its payments.</summary>
    /// <param name="Provider">The provider's name.</param>
    /// <param name="Reference">The reference.</param>
    public sealed record OfReference(string Provider, string Reference) : ChargeQuery;
}

/// <summary>A charge, by the names that both sides know it by.</summary>
/// <param name="Id">Our id.</param>
/// <param name="Provider">The provider's name.</param>
/// <param name="ProviderAccount">The account there, by our name of it.</param>
/// <param name="Reference"><c>pi_…</c> or <c>order_…</c>; null before the first one was committed.</param>
public sealed record ChargeKey(ChargeId Id, string Provider, string ProviderAccount, string? Reference);
