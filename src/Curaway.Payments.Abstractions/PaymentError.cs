namespace Curaway.Payments;

/// <summary>Something expected went wrong. Errors are results; only bugs throw.</summary>
/// <param name="Code">A code of <see cref="ErrorCodes"/>.</param>
/// <param name="Reason">
/// A machine word for operators and logs, such as the provider's <c>insufficient_funds</c>. Never text a provider or a
/// patient wrote.
/// </param>
/// <param name="RetryAfter">How long to wait before another try, when somebody told us.</param>
public sealed record PaymentError(string Code, string? Reason = null, TimeSpan? RetryAfter = null)
{
    /// <summary>What the code means.</summary>
    public ErrorDefinition Definition => ErrorCatalogue.Get(Code);
}

/// <summary>One row of the error catalogue.</summary>
/// <param name="Code">The code, <c>MSO_…</c>.</param>
/// <param name="HttpStatus">The HTTP status the host answers with.</param>
/// <param name="Retryable">True when the same request may succeed later without a change.</param>
/// <param name="UserText">Neutral text for the patient; names no provider.</param>
/// <param name="OperatorText">What an operator does about it.</param>
/// <param name="AlertCategory">The alert this raises, if it raises one; <c>{provider}</c> stands for the provider's name.</param>
public sealed record ErrorDefinition(
    string Code, int HttpStatus, bool Retryable, string UserText, string OperatorText, string? AlertCategory = null)
{
    /// <summary>Where the runbook speaks of it.</summary>
    public string RunbookLink => "docs/runbook/errors.md#" + Code.ToLowerInvariant();
}
