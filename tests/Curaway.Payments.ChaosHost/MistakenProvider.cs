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
}

/// <summary>A provider's adapter with the mistakes that are made around it.</summary>
internal sealed class MistakenProvider(IPaymentProvider inner, Mistakes mistakes) : IPaymentProvider
{
    public string Name => inner.Name;

    public ProviderCapabilities Capabilities => inner.Capabilities;

    public bool IsConfigured(string account) => inner.IsConfigured(account);

    public bool? IsLiveMode(string account) => inner.IsLiveMode(account);

    public async Task<ProviderResult> AuthorizeAsync(ProviderRequest request, CancellationToken ct) =>
        Judged(await inner.AuthorizeAsync(Keyed(request), ct));

    public async Task<ProviderResult> CaptureAsync(ProviderRequest request, CancellationToken ct) =>
        Judged(await inner.CaptureAsync(Keyed(request), ct));

    public async Task<ProviderResult> VoidAsync(ProviderRequest request, CancellationToken ct) =>
        Judged(await inner.VoidAsync(Keyed(request), ct));

    public async Task<ProviderResult> RefundAsync(ProviderRequest request, CancellationToken ct) =>
        Judged(await inner.RefundAsync(Keyed(request), ct));

    public Task<ProviderResult> VerifyCheckoutAsync(ProviderRequest request, CheckoutProof proof, CancellationToken ct) =>
        inner.VerifyCheckoutAsync(request, proof, ct);

    public Task<ProviderResult> FindAsync(ProviderRequest request, CancellationToken ct) => inner.FindAsync(request, ct);

    private ProviderRequest Keyed(ProviderRequest request) => mistakes.RetriesUnderNewKey && request.RequiredOperation is { SendCount: > 1 } operation
        ? request with { Operation = operation with { Id = OperationId.New(TimeProvider.System), SendCount = 1 } }
        : request;

    private ProviderResult Judged(ProviderResult result) => mistakes.TakesUnknownForFailure && result.Outcome == OperationOutcome.Indeterminate
        ? ProviderResult.Declined("timeout")
        : result;
}
