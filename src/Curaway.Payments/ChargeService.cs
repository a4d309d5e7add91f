namespace Curaway.Payments;

/// <summary>Placeholder of the public surface while the engine is being written.</summary>
public sealed class ChargeService
{
#pragma warning disable CS1591, CA1822
    public Task<ChargeResult> AuthorizeAsync(AuthorizeCharge command, CancellationToken ct = default) => throw new NotSupportedException();
    public Task<ChargeResult> CompleteCheckoutAsync(CompleteCheckout command, CancellationToken ct = default) => throw new NotSupportedException();
    public Task<ClientAction?> GetNextActionAsync(ChargeId id, CancellationToken ct = default) => throw new NotSupportedException();
    public Task<ChargeResult> CaptureAsync(ChargeId id, string actorId, CancellationToken ct = default) => throw new NotSupportedException();
    public Task<ChargeResult> VoidAsync(ChargeId id, string reason, string actorId, CancellationToken ct = default) => throw new NotSupportedException();
    public Task<ChargeResult> RefundAsync(RefundCharge command, CancellationToken ct = default) => throw new NotSupportedException();
    public Task<ChargeResult> ReleaseAsync(ReleaseCharge command, CancellationToken ct = default) => throw new NotSupportedException();
    public Task<Charge?> FindAsync(ChargeId id, CancellationToken ct = default) => throw new NotSupportedException();
#pragma warning restore
}
