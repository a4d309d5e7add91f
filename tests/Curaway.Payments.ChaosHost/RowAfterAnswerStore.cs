using System.Collections.Concurrent;

namespace Curaway.Payments.ChaosHost;

/// <summary>
/// A mistake: the row of a new charge is written when the provider has answered. Until then it is in this process's memory.
/// </summary>
#pragma warning disable CA1852 // The proxy is made from it.
internal class RowAfterAnswerStore : InterceptedStore
#pragma warning restore CA1852
{
    private readonly ConcurrentDictionary<ChargeId, (ChargeState State, ChargeCommit Commit)> _unwritten = new();

    public static IChargeStore Around(IChargeStore inner) => Around<RowAfterAnswerStore>(inner, _ => { });

    protected override async Task<ChargeCommitted> OnCommitAsync(
        ChargeSelector selector, Func<ChargeState, ChargeCommit> decide, Booking? booking, CancellationToken ct)
    {
        if (selector is ChargeSelector.ById byId && _unwritten.TryRemove(byId.Id, out var kept))
        {
            return await base.OnCommitAsync(
                selector, state => Together(kept.Commit, decide(kept.State with { Now = state.Now })), booking, ct);
        }

        var before = await Inner.FindAsync(selector, ct);
        if (before.Charge is not null || decide(before) is not { Charge: { } charge } commit)
            return await base.OnCommitAsync(selector, decide, booking, ct);
        var begun = new ChargeState(charge, commit.Operations, before.Now);
        _unwritten[charge.Id] = (begun, commit);
        return new ChargeCommitted(begun);
    }

    private static ChargeCommit Together(ChargeCommit first, ChargeCommit second) => second with
    {
        Charge = second.Charge ?? first.Charge,
        Operations = [.. first.Operations.Where(operation => second.Operations.All(later => later.Id != operation.Id)), .. second.Operations],
        Audit = [.. first.Audit, .. second.Audit],
        Transitions = [.. first.Transitions, .. second.Transitions],
    };
}
