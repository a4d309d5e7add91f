using System.Collections.Immutable;
using System.Data.Common;

namespace Curaway.Payments;

/// <summary>Hold the money for one consultation. Sent again, it resumes what is open and never authorizes twice.</summary>
public sealed record AuthorizeCharge
{
    /// <summary>The tenant.</summary>
    public required OpaqueId TenantId { get; init; }

    /// <summary>The consultation; at most one live charge each.</summary>
    public required OpaqueId ConsultationId { get; init; }

    /// <summary>The amount.</summary>
    public required Money Amount { get; init; }

    /// <summary>What the routing rules look at.</summary>
    public required RoutingContext Routing { get; init; }

    /// <summary>When the session will have ended, UTC: the hold must last until then.</summary>
    public required DateTimeOffset CaptureBy { get; init; }

    /// <summary>
    /// Who asks: a user's id, 1 to 128 of <c>A-Z a-z 0-9 _ - . : | /</c>. Anything else, such as a name or an e-mail address, is
    /// <see cref="ErrorCodes.ValidationFailed"/>, here and in every other command: it would stay in the audit for ever.
    /// </summary>
    public required string ActorId { get; init; }

    /// <summary>
    /// The saved method to charge without the patient, by the provider and account that keep it. When none is kept where the
    /// charge goes, the patient pays at checkout.
    /// </summary>
    public ImmutableArray<SavedPaymentMethod> PaymentMethods { get; init; } = [];

    /// <summary>
    /// The customer under whom the method is kept that the patient pays with at checkout; null keeps nothing. Ignored when a
    /// saved method is charged, or routing chooses another provider than this one's.
    /// </summary>
    public VaultCustomer? SaveFor { get; init; }

    /// <summary>
    /// Inserts the host's session row, in our transaction, under a savepoint. Runs once the provider holds the money or
    /// waits for the patient, and never when it declined or nobody knows. When it throws, its work is rolled back, the money
    /// is released, and the exception reaches the caller. Use the connection of the transaction you are given and nothing
    /// slow: the charge is locked, and with SQLite so is the file; a call back into the engine from here is refused.
    /// </summary>
    public Func<DbTransaction, Charge, CancellationToken, Task>? OnBooked { get; init; }

    /// <summary>The saved method that this provider and account keep; null when none of them does.</summary>
    internal SavedPaymentMethod? MethodAt(string provider, string account) =>
        PaymentMethods.FirstOrDefault(method => method.Provider == provider && method.Account == account);

    /// <summary>The customer under whom this provider and account are to keep what the patient pays with; null to keep nothing.</summary>
    internal string? SaveCustomerAt(string provider, string account) =>
        SaveFor is { } customer && customer.Provider == provider && customer.Account == account ? customer.Customer : null;
}

/// <summary>What the checkout page brought back.</summary>
/// <param name="ChargeId">The charge.</param>
/// <param name="Proof">The provider's proof, opaque.</param>
/// <param name="ActorId">Who asks.</param>
public sealed record CompleteCheckout(ChargeId ChargeId, CheckoutProof Proof, string ActorId);

/// <summary>Take held money, all of it or a part.</summary>
public sealed record CaptureCharge
{
    /// <summary>The charge.</summary>
    public required ChargeId ChargeId { get; init; }

    /// <summary>
    /// How much; null for all of it. Less than was authorized is taken only where
    /// <see cref="ProviderCapabilities.CanCapturePartially"/>; the same call lets the rest go.
    /// </summary>
    public Money? Amount { get; init; }

    /// <summary>Who asks.</summary>
    public required string ActorId { get; init; }
}

/// <summary>Send captured money back.</summary>
public sealed record RefundCharge
{
    /// <summary>The charge.</summary>
    public required ChargeId ChargeId { get; init; }

    /// <summary>The caller's id of this refund, unique per charge: the same id again is the same refund.</summary>
    public required OpaqueId RequestId { get; init; }

    /// <summary>How much; null for all that is left.</summary>
    public Money? Amount { get; init; }

    /// <summary>
    /// Why, as a machine word such as <c>manual_dispute</c>: 1 to 64 of <c>A-Z a-z 0-9 _ -</c>. Free text is
    /// <see cref="ErrorCodes.ValidationFailed"/>; it never reaches the provider.
    /// </summary>
    public required string Reason { get; init; }

    /// <summary>Who asks.</summary>
    public required string ActorId { get; init; }
}

/// <summary>Let the patient's money go, whichever way its state asks for: void if authorized, refund if captured.</summary>
/// <param name="ChargeId">The charge.</param>
/// <param name="Reason">Why, as a machine word such as <c>canceled_by_patient</c>; free text is refused as in <see cref="RefundCharge"/>.</param>
/// <param name="ActorId">Who asks.</param>
public sealed record ReleaseCharge(ChargeId ChargeId, string Reason, string ActorId);

/// <summary>What a human found out about an operation that nothing automatic could resolve.</summary>
public enum ReviewVerdict
{
    /// <summary>The provider did it.</summary>
    Happened,

    /// <summary>The provider never did it, and never will.</summary>
    DidNotHappen,
}

/// <summary>A human's word about an operation in <see cref="OperationState.Review"/>.</summary>
public sealed record SettleReview
{
    /// <summary>The charge.</summary>
    public required ChargeId ChargeId { get; init; }

    /// <summary>The operation, as the alert and the charge's timeline name it: its idempotency key.</summary>
    public required OperationId OperationId { get; init; }

    /// <summary>What was found out.</summary>
    public required ReviewVerdict Verdict { get; init; }

    /// <summary>
    /// The intent or order that an authorization made, where <see cref="ReviewVerdict.Happened"/> and we know none: the provider
    /// is asked about exactly this one.
    /// </summary>
    public OpaqueId? ProviderReference { get; init; }

    /// <summary>Why, as a machine word such as <c>checked_in_dashboard</c>; stands in the audit log.</summary>
    public required string Reason { get; init; }

    /// <summary>Who says so.</summary>
    public required string ActorId { get; init; }
}

/// <summary>How a command came out.</summary>
/// <param name="Charge">The charge as it stands.</param>
/// <param name="Outcome">The outcome of the operation, over all its sends.</param>
/// <param name="NextAction">What the browser must do next; for the checkout page only.</param>
/// <param name="Error">What went wrong; null for success.</param>
public sealed record ChargeResult(Charge? Charge, OperationOutcome Outcome, ClientAction? NextAction, PaymentError? Error)
{
    /// <summary>True when the provider did, or will do, what was asked.</summary>
    public bool IsSuccess => Outcome is OperationOutcome.Succeeded or OperationOutcome.RequiresAction or OperationOutcome.Pending;
}
