using System.Reflection;

namespace Curaway.Payments.ChaosHost;

/// <summary>
/// A store of which some calls are taken over; every other one, also of members yet unknown, goes through. The names differ
/// from the interface's, or the proxy would override them.
/// </summary>
internal abstract class InterceptedStore : DispatchProxy
{
    protected IChargeStore Inner { get; private set; } = null!;

    protected static IChargeStore Around<TStore>(IChargeStore inner, Action<TStore> prepare)
        where TStore : InterceptedStore
    {
        var store = Create<IChargeStore, TStore>();
        ((TStore)store).Inner = inner;
        prepare((TStore)store);
        return store;
    }

    protected sealed override object? Invoke(MethodInfo? targetMethod, object?[]? args) => (targetMethod!.Name, args) switch
    {
        (nameof(IChargeStore.CommitAsync), [ChargeSelector selector, Func<ChargeState, ChargeCommit> decide, var booking, CancellationToken ct]) =>
            OnCommitAsync(selector, decide, (Booking?)booking, ct),
        (nameof(IChargeStore.ClaimDueAsync), [int countMax, TimeSpan lease, CancellationToken ct]) => OnClaimDueAsync(countMax, lease, ct),
        (nameof(IChargeStore.ApplyEventAsync), [Guid id, ProviderSnapshot snapshot, TimeSpan retryAfter, CancellationToken ct]) =>
            OnApplyEventAsync(id, snapshot, retryAfter, ct),
        _ => targetMethod.Invoke(Inner, args),
    };

    protected virtual Task<ChargeCommitted> OnCommitAsync(
        ChargeSelector selector, Func<ChargeState, ChargeCommit> decide, Booking? booking, CancellationToken ct) =>
        Inner.CommitAsync(selector, decide, booking, ct);

    protected virtual Task<IReadOnlyList<ChargeId>> OnClaimDueAsync(int countMax, TimeSpan lease, CancellationToken ct) =>
        Inner.ClaimDueAsync(countMax, lease, ct);

    protected virtual Task<WebhookState> OnApplyEventAsync(Guid id, ProviderSnapshot snapshot, TimeSpan retryAfter, CancellationToken ct) =>
        Inner.ApplyEventAsync(id, snapshot, retryAfter, ct);
}
