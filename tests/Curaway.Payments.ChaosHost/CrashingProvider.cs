namespace Curaway.Payments.ChaosHost;

/// <summary>Dies when the provider has answered.</summary>
internal sealed class CrashingProvider(IPaymentProvider inner, Crash crash) : IPaymentProvider
{
    public string Name => inner.Name;

    public ProviderCapabilities Capabilities => inner.Capabilities;

    public bool IsConfigured(string account) => inner.IsConfigured(account);

    public bool? IsLiveMode(string account) => inner.IsLiveMode(account);

    public Task<ProviderResult> AuthorizeAsync(ProviderRequest request, CancellationToken ct) => DieAfterAsync(inner.AuthorizeAsync, request, ct);

    public Task<ProviderResult> CaptureAsync(ProviderRequest request, CancellationToken ct) => DieAfterAsync(inner.CaptureAsync, request, ct);

    public Task<ProviderResult> VoidAsync(ProviderRequest request, CancellationToken ct) => DieAfterAsync(inner.VoidAsync, request, ct);

    public Task<ProviderResult> RefundAsync(ProviderRequest request, CancellationToken ct) => DieAfterAsync(inner.RefundAsync, request, ct);

    public Task<ProviderResult> VerifyCheckoutAsync(ProviderRequest request, CheckoutProof proof, CancellationToken ct) =>
        inner.VerifyCheckoutAsync(request, proof, ct);

    public Task<ProviderResult> FindAsync(ProviderRequest request, CancellationToken ct) => inner.FindAsync(request, ct);

    private async Task<ProviderResult> DieAfterAsync(
        Func<ProviderRequest, CancellationToken, Task<ProviderResult>> call, ProviderRequest request, CancellationToken ct)
    {
        var result = await call(request, ct);
        crash.At(CrashPoint.AfterExecution, request.RequiredOperation.Kind);
        return result;
    }
}
