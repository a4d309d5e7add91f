namespace Curaway.Payments;

/// <summary>The four verbs a provider is sent.</summary>
public enum OperationKind
{
    /// <summary>Hold money, or set up what the patient pays.</summary>
    Authorize,

    /// <summary>Take held money.</summary>
    Capture,

    /// <summary>Let held money go.</summary>
    Void,

    /// <summary>Send captured money back.</summary>
    Refund,
}

/// <summary>Whether anybody still has to find out what became of an operation.</summary>
public enum OperationState
{
    /// <summary>Not sent yet, in flight, or its outcome is unknown.</summary>
    Open,

    /// <summary>The outcome is known.</summary>
    Closed,

    /// <summary>Nothing automatic has found out: a human was alerted. The provider is still asked now and then, and nothing is sent.</summary>
    Review,
}

/// <summary>What became of an operation, over all its sends.</summary>
public enum OperationOutcome
{
    /// <summary>Done, and the provider's answer matches what we asked.</summary>
    Succeeded,

    /// <summary>The patient must act in the browser.</summary>
    RequiresAction,

    /// <summary>Accepted; the provider finishes later and tells by webhook.</summary>
    Pending,

    /// <summary>The provider refused.</summary>
    Declined,

    /// <summary>It certainly never reached the provider.</summary>
    NotSent,

    /// <summary>We do not know. Never called failed, never retried under a new key, never sent elsewhere.</summary>
    Indeterminate,

    /// <summary>We refused; nothing was sent.</summary>
    Refused,
}

/// <summary>One authorize, capture, void or refund sent to one provider. Its id is the idempotency key of every send.</summary>
public sealed record ChargeOperation
{
    /// <summary>Our id, and the provider's idempotency key.</summary>
    public required OperationId Id { get; init; }

    /// <summary>The charge.</summary>
    public required ChargeId ChargeId { get; init; }

    /// <summary>The verb.</summary>
    public required OperationKind Kind { get; init; }

    /// <summary>The amount.</summary>
    public required Money Amount { get; init; }

    /// <summary>A hash of what was asked: a retry that asks something else while this is open is refused.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Who asked: a user's id, or <c>reconciler</c>.</summary>
    public required string ActorId { get; init; }

    /// <summary>When it was written, UTC, database clock.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Until when its sender has it to itself; after that anybody may find out what happened. UTC, database clock.</summary>
    public required DateTimeOffset NextAttemptAt { get; init; }

    /// <summary>Whether the outcome is known.</summary>
    public OperationState State { get; init; }

    /// <summary>The outcome over all sends; null before the first answer.</summary>
    public OperationOutcome? Outcome { get; init; }

    /// <summary>The caller's id of a refund, unique per charge: the same id again is the same refund.</summary>
    public OpaqueId? RequestId { get; init; }

    /// <summary>The provider's token of the saved method to charge, or null when the patient pays at checkout.</summary>
    public string? PaymentMethod { get; init; }

    /// <summary>
    /// The provider's customer the token belongs to, where it needs one. Without a token: the customer under whom the method
    /// that the patient pays with at checkout is kept (see <see cref="IPaymentMethodVault"/>).
    /// </summary>
    public string? Customer { get; init; }

    /// <summary>Why, such as <c>requested_by_patient</c>.</summary>
    public string? Reason { get; init; }

    /// <summary>How often it was sent, counting a send under way.</summary>
    public int SendCount { get; init; }

    /// <summary>True when some send may have reached the provider and nobody knows what it did.</summary>
    public bool IsUnresolved { get; init; }

    /// <summary>
    /// True when a replay was answered 5xx: the provider seems to keep that answer under the key and only repeats it, as Stripe
    /// does.
    /// </summary>
    public bool IsKeySpent { get; init; }

    /// <summary>The first send, UTC: the provider's key lifetime counts from here.</summary>
    public DateTimeOffset? FirstSentAt { get; init; }

    /// <summary>When the outcome became known, UTC.</summary>
    public DateTimeOffset? ClosedAt { get; init; }

    /// <summary>The last error.</summary>
    public PaymentError? Error { get; init; }

    /// <summary>The provider's request id of the last send, for its support desk.</summary>
    public string? ProviderRequestId { get; init; }

    /// <summary>The key under which every send goes out.</summary>
    public string IdempotencyKey => Id.ToString();

    /// <summary>True while somebody still has to find out what happened.</summary>
    public bool IsOpen => State != OperationState.Closed;
}
