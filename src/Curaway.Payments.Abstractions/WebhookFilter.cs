namespace Curaway.Payments;

/// <summary>Which stored events are meant. What is left out narrows nothing; what is given narrows together.</summary>
public sealed record WebhookFilter
{
    /// <summary>The most events one call may name or change.</summary>
    public const int CountLimit = 10_000;

    private readonly int _countMax = 1000;

    /// <summary>Our ids of the rows.</summary>
    public IReadOnlyList<Guid>? Ids { get; init; }

    /// <summary>The provider's name.</summary>
    public string? Provider { get; init; }

    /// <summary>Where they stand; only <see cref="WebhookState.Parked"/> and <see cref="WebhookState.Failed"/> can be replayed.</summary>
    public WebhookState? State { get; init; }

    /// <summary>The provider's event type, such as <c>payment_intent.succeeded</c>.</summary>
    public string? EventType { get; init; }

    /// <summary>The charge they are about.</summary>
    public ChargeId? ChargeId { get; init; }

    /// <summary>The tenant of that charge: an event that is about no charge of ours belongs to no tenant.</summary>
    public OpaqueId? TenantId { get; init; }

    /// <summary>Only those that came at this time or later, UTC.</summary>
    public DateTimeOffset? ReceivedFrom { get; init; }

    /// <summary>Only those that came before this time, UTC.</summary>
    public DateTimeOffset? ReceivedBefore { get; init; }

    /// <summary>At most this many, oldest first. 1000 by default, 1 to <see cref="CountLimit"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the range.</exception>
    public int CountMax
    {
        get => _countMax;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, CountLimit);
            _countMax = value;
        }
    }
}
