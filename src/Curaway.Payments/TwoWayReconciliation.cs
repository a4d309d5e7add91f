using Microsoft.Extensions.Logging;

namespace Curaway.Payments;

/// <summary>
/// Compares both sides: what the providers list since some hours against our rows, and our rows against the providers. What a
/// webhook would have told is committed through the one funnel, with an audit row; what only a human can judge is left alone.
/// Moves no money by itself. Any number of hosts may run it. Thread-safe.
/// </summary>
public sealed partial class TwoWayReconciliation
{
    /// <summary>The most charges and objects one run looks at.</summary>
    private const int CountMax = 10_000;

    /// <summary>The most charges that are asked about one by one, because no list told of them.</summary>
    private const int ReadCountMax = 500;
    private const int PageSize = 500;

    /// <summary>The provider's clock and ours may differ.</summary>
    private static readonly TimeSpan ClockSkewMax = TimeSpan.FromMinutes(10);

    private readonly IChargeStore _store;
    private readonly ProviderCaller _caller;
    private readonly ChargeRecorder _recorder;
    private readonly PaymentsMetrics _metrics;
    private readonly IProviderListing[] _listings;
    private readonly TimeProvider _time;
    private readonly ILogger<TwoWayReconciliation> _logger;

    internal TwoWayReconciliation(
        IChargeStore store, ProviderCaller caller, ChargeRecorder recorder, PaymentsMetrics metrics, IEnumerable<IProviderListing> listings,
        TimeProvider time, ILogger<TwoWayReconciliation> logger)
    {
        _store = store;
        _caller = caller;
        _recorder = recorder;
        _metrics = metrics;
        _listings = [.. listings];
        _time = time;
        _logger = logger;
    }

    /// <summary>Compares, heals what is safe unless it is a dry run, and raises one alert about everything that was found.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The window is not positive.</exception>
    public async Task<ReconciliationReport> RunAsync(ReconciliationRequest request, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(request.Window, TimeSpan.Zero);
        var run = new Run(request, _time.GetUtcNow() - request.Window - ClockSkewMax);
        await ListOursAsync(run, ct).ConfigureAwait(false);
        foreach (var listing in _listings)
            await ListTheirsAsync(run, listing, ct).ConfigureAwait(false);
        foreach (var (id, told) in run.Told.Where(told => ReconciliationPolicy.IsWhole(told.Value)))
            await CompareAsync(run, id, ReconciliationPolicy.Merge(told), ct).ConfigureAwait(false);
        await ReadUntoldAsync(run, ct).ConfigureAwait(false);

        var report = run.Report();
        foreach (var finding in report.Findings)
        {
            _metrics.Found(finding);
            Log.Found(_logger, finding.Provider, finding.Kind, finding.Reference, finding.ChargeId, finding.Detail, finding.IsHealed && !request.IsDryRun);
        }

        Log.Compared(_logger, report.ComparedCount, report.Findings.Length, report.ForeignCount, report.IsComplete, request.IsDryRun);
        if (!request.IsDryRun && ReconciliationPolicy.DigestOf(report) is { } digest)
            await _store.EnqueueAlertAsync(digest, ct).ConfigureAwait(false);
        return report;
    }

    private async Task ListOursAsync(Run run, CancellationToken ct)
    {
        ChargeId? after = null;
        while (run.Ours.Count < CountMax)
        {
            var page = await _store.ListAsync(new ChargeQuery.MadeSince(run.Since, after, PageSize), ct).ConfigureAwait(false);
            run.Ours.AddRange(page);
            if (page.Count < PageSize)
                break;
            after = page[^1].Id;
        }

        // Not at rest, however old: money that is held, a refund under way, a status somebody edited.
        var scheduled = await _store.ListAsync(new ChargeQuery.Scheduled(ReadCountMax), ct).ConfigureAwait(false);
        run.Ours.AddRange(scheduled.ExceptBy(run.Ours.Select(key => key.Id), key => key.Id));
        run.IsComplete &= run.Ours.Count < CountMax && scheduled.Count < ReadCountMax;
    }

    private async Task ListTheirsAsync(Run run, IProviderListing listing, CancellationToken ct)
    {
        // Every account we have keys of: money nobody here knows may also lie where we have sent nothing for days.
        if (_caller.Find(listing.Provider) is not { } provider)
            return;
        foreach (var account in provider.Accounts.Where(provider.IsConfigured))
        {
            await foreach (var page in listing.ListAsync(account, run.Since, ct).ConfigureAwait(false))
            {
                run.IsComplete &= page is { Fault: ProviderFault.None, UnreadableCount: 0 };
                foreach (var snapshot in page.Snapshots)
                    await SortAsync(run, snapshot, ct).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Whose is it? Ours by the charge id it carries, or by a reference that we have; else a stranger's.</summary>
    private async Task SortAsync(Run run, ProviderSnapshot snapshot, CancellationToken ct)
    {
        if (run.ObjectCount++ >= CountMax)
        {
            run.IsComplete = false;
            return;
        }

        if ((snapshot.ChargeId ?? await FindByReferenceAsync(run, snapshot, ct).ConfigureAwait(false)) is not { } id)
            run.ForeignCount++;
        else if (run.Told.TryGetValue(id, out var told))
            told.Add(snapshot);
        else
            run.Told[id] = [snapshot];
    }

    private async Task<ChargeId?> FindByReferenceAsync(Run run, ProviderSnapshot snapshot, CancellationToken ct)
    {
        var references = new[] { snapshot.Reference }
            .Concat(snapshot.Payments.Select(payment => payment.Reference))
            .Concat(snapshot.Refunds.Select(refund => refund.PaymentReference))
            .OfType<string>();
        foreach (var reference in references.Distinct())
        {
            if (run.Ours.Find(key => key.Reference == reference && key.Provider == snapshot.Provider) is { } ours)
                return ours.Id;
            var found = await _store.ListAsync(new ChargeQuery.OfReference(snapshot.Provider, reference), ct).ConfigureAwait(false);
            if (found is [var key, ..])
                return key.Id;
        }

        return null;
    }

    private async Task CompareAsync(Run run, ChargeId id, ProviderSnapshot told, CancellationToken ct)
    {
        var state = await _store.FindAsync(new ChargeSelector.ById(id), ct).ConfigureAwait(false);
        if (state.Charge is null)
        {
            var held = told.Payments.Where(payment => payment.IsHeld || payment.State == PaymentState.Captured).Select(payment => payment.Amount.ToString());
            run.Findings.Add(new ReconciliationFinding(
                ReconciliationKind.OrphanAtProvider, told.Provider, told.Reference, id, $"holds {string.Join(' ', held.DefaultIfEmpty("no money"))}", IsHealed: false));
            return;
        }

        // Somebody is asking the provider about it in this moment, and will know better.
        if (state.Operations.Any(operation => operation is { IsOpen: true, Outcome: null } && operation.NextAttemptAt > state.Now))
            return;
        run.ComparedCount++;
        var findings = ReconciliationPolicy.Compare(state, told).ToList();
        run.Findings.AddRange(findings);
        if (run.Request.IsDryRun || findings.Any(finding => finding.Kind == ReconciliationKind.AmountDrift))
            return;
        if (findings.Exists(finding => finding.IsHealed))
            await _recorder.RefreshAsync(id, told, new ChargeCause("reconcile", "reconciler", run.Request.ActorId)).ConfigureAwait(false);
    }

    /// <summary>The way back: what no list told of, or not all of it, is asked about one by one.</summary>
    private async Task ReadUntoldAsync(Run run, CancellationToken ct)
    {
        var untold = run.Told.Where(told => !ReconciliationPolicy.IsWhole(told.Value)).Select(told => told.Key)
            .Concat(run.Ours.Where(key => key.Reference is not null && !run.Told.ContainsKey(key.Id)).Select(key => key.Id))
            .ToList();
        run.IsComplete &= untold.Count <= ReadCountMax;
        foreach (var id in untold.Take(ReadCountMax))
        {
            ct.ThrowIfCancellationRequested();
            var state = await _store.FindAsync(new ChargeSelector.ById(id), ct).ConfigureAwait(false);
            if (state.Charge is not { } charge)
            {
                await CompareAsync(run, id, ReconciliationPolicy.Merge(run.Told[id]), ct).ConfigureAwait(false);
                continue;
            }

            if (_caller.Find(charge.Provider) is null)
                continue;
            var answer = await _caller.FindAsync(new ProviderRequest(charge, null)).ConfigureAwait(false);
            if (answer.Result.Snapshot is { } told)
                await CompareAsync(run, id, told, ct).ConfigureAwait(false);
            else if (answer.Result.Fault == ProviderFault.NotFound)
                run.Findings.Add(new ReconciliationFinding(ReconciliationKind.MissingAtProvider, charge.Provider, charge.Reference, id, "not found", IsHealed: false));
            else
                run.IsComplete = false;
        }
    }

    /// <summary>What one run has seen so far.</summary>
    private sealed class Run(ReconciliationRequest request, DateTimeOffset since)
    {
        public ReconciliationRequest Request => request;

        public DateTimeOffset Since => since;

        public List<ChargeKey> Ours { get; } = [];

        public Dictionary<ChargeId, List<ProviderSnapshot>> Told { get; } = [];

        public List<ReconciliationFinding> Findings { get; } = [];

        public int ObjectCount { get; set; }

        public int ForeignCount { get; set; }

        public int ComparedCount { get; set; }

        public bool IsComplete { get; set; } = true;

        public ReconciliationReport Report() => new()
        {
            Findings = [.. Findings],
            ComparedCount = ComparedCount,
            ForeignCount = ForeignCount,
            IsComplete = IsComplete,
        };
    }

    private static partial class Log
    {
        [LoggerMessage(1601, LogLevel.Warning, "{Provider} and we differ: {Kind} {Reference} of charge {ChargeId}, {Detail}; healed: {IsHealed}")]
        public static partial void Found(
            ILogger logger, string provider, ReconciliationKind kind, string? reference, ChargeId? chargeId, string detail, bool isHealed);

        [LoggerMessage(1602, LogLevel.Information,
            "{ComparedCount} charges compared with the providers: {FindingCount} findings, {ForeignCount} foreign objects; complete: {IsComplete}, dry run: {IsDryRun}")]
        public static partial void Compared(ILogger logger, int comparedCount, int findingCount, int foreignCount, bool isComplete, bool isDryRun);
    }
}
