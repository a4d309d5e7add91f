namespace Curaway.Payments.ChaosHost;

/// <summary>Dies around its commits. Which transaction one is, is read from what it writes.</summary>
#pragma warning disable CA1852 // The proxy is made from it.
internal class CrashingStore : InterceptedStore
#pragma warning restore CA1852
{
    private Crash _crash = null!;

    public static IChargeStore Around(IChargeStore inner, Crash crash) => Around<CrashingStore>(inner, store => store._crash = crash);

    protected override async Task<ChargeCommitted> OnCommitAsync(
        ChargeSelector selector, Func<ChargeState, ChargeCommit> decide, Booking? booking, CancellationToken ct)
    {
        var (sent, answered) = ((OperationKind?)null, (OperationKind?)null);
        var committed = await base.OnCommitAsync(
            selector,
            state =>
            {
                var commit = decide(state);
                sent = commit.Operations.FirstOrDefault(operation => operation is { IsOpen: true, Outcome: null })?.Kind;
                answered = commit.Operations.FirstOrDefault(operation => operation.Outcome is not null && IsBeingSent(state, operation.Id))?.Kind;
                if (sent is not null)
                    _crash.At(CrashPoint.BeforeT1, sent);
                if (answered is not null)
                    _crash.At(CrashPoint.BeforeT2, answered);
                return commit;
            },
            booking,
            ct);
        if (sent is not null)
            _crash.At(CrashPoint.AfterT1, sent);
        if (answered is not null)
            _crash.At(CrashPoint.AfterT2, answered);
        return committed;
    }

    protected override async Task<IReadOnlyList<ChargeId>> OnClaimDueAsync(int countMax, TimeSpan lease, CancellationToken ct)
    {
        var due = await base.OnClaimDueAsync(countMax, lease, ct);
        if (due.Count > 0)
            _crash.At(CrashPoint.InReconciler);
        return due;
    }

    protected override Task<WebhookState> OnApplyEventAsync(Guid id, ProviderSnapshot snapshot, TimeSpan retryAfter, CancellationToken ct)
    {
        _crash.At(CrashPoint.InProcessor);
        return base.OnApplyEventAsync(id, snapshot, retryAfter, ct);
    }

    private static bool IsBeingSent(ChargeState state, OperationId id) =>
        state.Operations.Any(operation => operation.Id == id && operation is { IsOpen: true, Outcome: null });
}
