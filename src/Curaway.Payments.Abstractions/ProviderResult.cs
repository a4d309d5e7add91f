namespace Curaway.Payments;

/// <summary>Why an answer is not a plain one; decides what the breaker counts and what is asked next.</summary>
public enum ProviderFault
{
    /// <summary>A plain answer.</summary>
    None,

    /// <summary>The connection was refused or the name not found: certainly nothing was sent.</summary>
    ConnectFailed,

    /// <summary>No answer in time.</summary>
    Timeout,

    /// <summary>The connection broke after something was sent.</summary>
    Reset,

    /// <summary>A 5xx.</summary>
    ServerError,

    /// <summary>A body that is not what the provider documents.</summary>
    Unreadable,

    /// <summary>A readable answer about something else: another id, amount, currency or account.</summary>
    Mismatch,

    /// <summary>429.</summary>
    Throttled,

    /// <summary>Another request of ours is in progress there; not an answer.</summary>
    Busy,

    /// <summary>"Already done" or "unexpected state"; not an answer: the provider's truth has to be read and compared.</summary>
    AlreadyDone,

    /// <summary>Our credentials or our request are wrong.</summary>
    Configuration,

    /// <summary>The circuit breaker is open: nothing was sent.</summary>
    CircuitOpen,

    /// <summary>The provider has no such object, which proves nothing.</summary>
    NotFound,

    /// <summary>Refused until a human does something there, such as filling a merchant balance. Certainly not executed.</summary>
    Blocked,
}

/// <summary>How one call to a provider came out.</summary>
public sealed record ProviderResult
{
    private ProviderResult(OperationOutcome outcome) => Outcome = outcome;

    /// <summary>The outcome of this send.</summary>
    public OperationOutcome Outcome { get; private init; }

    /// <summary>What the provider said is true; null when it said nothing readable.</summary>
    public ProviderSnapshot? Snapshot { get; private init; }

    /// <summary>What the browser must do next.</summary>
    public ClientAction? NextAction { get; private init; }

    /// <summary>Why it is not a plain answer.</summary>
    public ProviderFault Fault { get; private init; }

    /// <summary>The provider's machine code, such as <c>insufficient_funds</c>.</summary>
    public string? Reason { get; private init; }

    /// <summary>How long the provider asked us to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The provider's id of the request, for its support desk.</summary>
    public string? ProviderRequestId { get; init; }

    /// <summary>Done, and the answer matches what was asked.</summary>
    public static ProviderResult Succeeded(ProviderSnapshot snapshot) => new(OperationOutcome.Succeeded) { Snapshot = snapshot };

    /// <summary>The patient must act.</summary>
    public static ProviderResult RequiresAction(ProviderSnapshot snapshot, ClientAction action) =>
        new(OperationOutcome.RequiresAction) { Snapshot = snapshot, NextAction = action };

    /// <summary>Accepted, finished later.</summary>
    public static ProviderResult Pending(ProviderSnapshot snapshot) => new(OperationOutcome.Pending) { Snapshot = snapshot };

    /// <summary>Refused by the provider.</summary>
    public static ProviderResult Declined(string reason, ProviderSnapshot? snapshot = null, ProviderFault fault = ProviderFault.None) =>
        new(OperationOutcome.Declined) { Reason = reason, Snapshot = snapshot, Fault = fault };

    /// <summary>Certainly not executed.</summary>
    public static ProviderResult NotSent(ProviderFault fault, TimeSpan? retryAfter = null, string? reason = null) =>
        new(OperationOutcome.NotSent) { Fault = fault, Reason = reason ?? WireName.Of(fault), RetryAfter = retryAfter };

    /// <summary>Nobody knows. Also carries what could be read, if anything.</summary>
    public static ProviderResult Indeterminate(ProviderFault fault, string? reason = null, ProviderSnapshot? snapshot = null) =>
        new(OperationOutcome.Indeterminate) { Fault = fault, Reason = reason ?? WireName.Of(fault), Snapshot = snapshot };
}
