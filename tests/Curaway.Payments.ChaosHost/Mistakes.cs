namespace Curaway.Payments.ChaosHost;

/// <summary>What a team writes first, and loses money by. Kept so that the tests prove that they can fail.</summary>
/// <param name="WritesRowAfterAnswer">The row of a charge comes after the provider's answer.</param>
/// <param name="RetriesUnderNewKey">Every send has a key of its own.</param>
/// <param name="TakesUnknownForFailure">A timeout is recorded as a refusal.</param>
internal sealed record Mistakes(bool WritesRowAfterAnswer, bool RetriesUnderNewKey, bool TakesUnknownForFailure)
{
    /// <summary>Reads <c>row_after_answer new_key_per_retry unknown_is_failure</c>, or some of them.</summary>
    public static Mistakes Parse(string? text)
    {
        var words = (text ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words.Except(["row_after_answer", "new_key_per_retry", "unknown_is_failure"]).FirstOrDefault() is { } unknown
            ? throw new FormatException($"Nobody makes the mistake {unknown} here.")
            : new Mistakes(words.Contains("row_after_answer"), words.Contains("new_key_per_retry"), words.Contains("unknown_is_failure"));
    }

    /// <summary>Sends as a team with these mistakes does.</summary>
    public async Task<ProviderResult> SendAsync(ProviderRequest request, Func<ProviderRequest, Task<ProviderResult>> send)
    {
        if (RetriesUnderNewKey && request.RequiredOperation is { SendCount: > 1 } operation)
            request = request with { Operation = operation with { Id = OperationId.New(TimeProvider.System), SendCount = 1 } };
        var result = await send(request);
        return TakesUnknownForFailure && result.Outcome == OperationOutcome.Indeterminate ? ProviderResult.Declined("timeout") : result;
    }
}
