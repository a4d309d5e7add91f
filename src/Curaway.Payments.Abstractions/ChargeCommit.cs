using System.Collections.Immutable;
using System.Data.Common;

namespace Curaway.Payments;

/// <summary>Which charge a commit or a read is about.</summary>
public abstract record ChargeSelector
{
    private ChargeSelector()
    {
    }

    /// <summary>The charge of that id.</summary>
    public sealed record ById(ChargeId Id) : ChargeSelector;

    /// <summary>The consultation's charge that may hold money: one not closing before one that is, then the newest.</summary>
    public sealed record LiveOf(OpaqueId TenantId, OpaqueId ConsultationId) : ChargeSelector;

    /// <summary>The consultation's newest charge, live or not.</summary>
    public sealed record LatestOf(OpaqueId TenantId, OpaqueId ConsultationId) : ChargeSelector;
}

/// <summary>A charge, locked and read, with every operation of it.</summary>
/// <param name="Charge">The charge; null when there is none.</param>
/// <param name="Operations">Every operation of it, oldest first.</param>
/// <param name="Now">The database's time, UTC: <c>payments_now()</c>.</param>
public sealed record ChargeState(Charge? Charge, ImmutableArray<ChargeOperation> Operations, DateTimeOffset Now);

/// <summary>Who or what made a change, for the audit log.</summary>
/// <param name="Action">What, such as <c>authorize</c> or <c>webhook</c>.</param>
/// <param name="Source">Through what: <c>api</c>, <c>webhook</c>, <c>reconciler</c>.</param>
/// <param name="ActorId">Who: a user's id, a provider's name, or <c>reconciler</c>.</param>
/// <param name="Detail">An id that explains it, such as the event's or the operation's.</param>
public sealed record ChargeCause(string Action, string Source, string ActorId, string? Detail = null);

/// <summary>One row of the append-only audit log.</summary>
/// <param name="ChargeId">The charge.</param>
/// <param name="Cause">Who or what.</param>
/// <param name="From">The status before; null for a new charge.</param>
/// <param name="To">The status after.</param>
/// <param name="Note">More, such as the conflicts found.</param>
public sealed record AuditEntry(ChargeId ChargeId, ChargeCause Cause, ChargeStatus? From, ChargeStatus To, string? Note = null);

/// <summary>A change of status, told to observers at least once, in the order of its id for one charge.</summary>
public sealed record ChargeTransition
{
    /// <summary>Our number of it; rises for one charge. 0 before it is stored.</summary>
    public long Id { get; init; }

    /// <summary>The charge.</summary>
    public required ChargeId ChargeId { get; init; }

    /// <summary>The tenant.</summary>
    public required OpaqueId TenantId { get; init; }

    /// <summary>The consultation.</summary>
    public required OpaqueId ConsultationId { get; init; }

    /// <summary>The status before; null for a new charge.</summary>
    public ChargeStatus? From { get; init; }

    /// <summary>The status after.</summary>
    public required ChargeStatus To { get; init; }

    /// <summary>Through what it came: <c>api</c>, <c>webhook</c>, <c>reconciler</c>.</summary>
    public required string Source { get; init; }

    /// <summary>When it was committed, UTC, database clock.</summary>
    public required DateTimeOffset At { get; init; }
}

/// <summary>Everything one transaction writes about one charge.</summary>
public sealed record ChargeCommit
{
    /// <summary>Writes nothing.</summary>
    public static ChargeCommit Nothing { get; } = new();

    /// <summary>The charge as it is to stand; null to leave it.</summary>
    public Charge? Charge { get; init; }

    /// <summary>Operations new or changed.</summary>
    public ImmutableArray<ChargeOperation> Operations { get; init; } = [];

    /// <summary>Audit rows.</summary>
    public ImmutableArray<AuditEntry> Audit { get; init; } = [];

    /// <summary>Changes of status for observers.</summary>
    public ImmutableArray<ChargeTransition> Transitions { get; init; } = [];

    /// <summary>Alerts, delivered after the commit.</summary>
    public ImmutableArray<PaymentAlert> Alerts { get; init; } = [];

    /// <summary>True when the caller's session row is to be written with it.</summary>
    public bool Books { get; init; }

    /// <summary>The charge and its operations as they are to stand, with one audit row, and a transition when the status changes.</summary>
    public static ChargeCommit Of(ChargeState before, Charge after, ChargeCause cause, params ImmutableArray<ChargeOperation> operations)
    {
        var from = before.Charge?.Status;
        var isTransition = from != after.Status;
        var drift = before.Charge is { RecordedStatus: { } recorded } charge && recorded != charge.Status ? charge : null;
        var transition = new ChargeTransition
        {
            ChargeId = after.Id,
            TenantId = after.TenantId,
            ConsultationId = after.ConsultationId,
            From = from,
            To = after.Status,
            Source = cause.Source,
            At = before.Now,
        };
        return new ChargeCommit
        {
            Charge = drift is null ? after : ChargeLifecycle.Adopt(after, drift.RecordedStatus!.Value, before.Now),
            Operations = operations,
            Audit = drift is null ? [new AuditEntry(after.Id, cause, from, after.Status)] : [new AuditEntry(after.Id, cause, from, after.Status), DriftOf(drift)],
            Transitions = isTransition ? [transition] : [],
            Alerts = drift is null ? [] : [new PaymentAlert("status_drift", AlertSeverity.Warning, DriftOf(drift).Note!, drift.Id)],
        };
    }

    /// <summary>Somebody edited the status by hand. The facts stay the truth; that it happened is written down.</summary>
    private static AuditEntry DriftOf(Charge charge) => new(
        charge.Id,
        new ChargeCause("drift", "database", "unknown"),
        charge.RecordedStatus,
        charge.Status,
        $"recorded {WireName.Of(charge.RecordedStatus!.Value)}, facts say {WireName.Of(charge.Status)}");

    /// <summary>The same commit, whose first audit row says more.</summary>
    /// <param name="note">Machine words, for operators.</param>
    /// <exception cref="ArgumentOutOfRangeException">The commit writes no audit row.</exception>
    public ChargeCommit Noted(string note) => this with { Audit = Audit.SetItem(0, Audit[0] with { Note = note }) };

    /// <summary>
    /// The operations nobody is sending whose outcome the facts now prove, closed. One that is being sent is left to its
    /// sender, who may still have a session row to write.
    /// </summary>
    public static ImmutableArray<ChargeOperation> ProvenBy(ChargeState before, Charge after) =>
    [
        .. before.Operations
            .Where(operation => operation is { IsOpen: true, Outcome: not null } && ChargeLifecycle.Proves(after, operation))
            .Select(operation => operation with
            {
                State = OperationState.Closed,
                Outcome = OperationOutcome.Succeeded,
                IsUnresolved = false,
                ClosedAt = before.Now,
                Error = null,
            }),
    ];

    /// <summary>
    /// What a provider said, merged into a charge that exists. A duplicate writes nothing. A conflict is audited and alerted
    /// even when nothing of it was applied.
    /// </summary>
    /// <exception cref="ArgumentException">The state has no charge.</exception>
    public static ChargeCommit OfSnapshot(ChargeState before, ProviderSnapshot snapshot, ChargeCause cause)
    {
        var charge = before.Charge ?? throw new ArgumentException("A snapshot is applied to a charge.", nameof(before));
        var applied = ChargeLifecycle.Apply(charge, snapshot, before.Now);
        if (applied.Verdict == SnapshotVerdict.Unchanged)
            return Nothing;
        var commit = Of(before, applied.Charge, cause, ProvenBy(before, applied.Charge));
        var told = Bounced(charge, applied.Charge).AddRange(Disputed(charge, applied.Charge)).AddRange(Expired(before, applied.Charge));
        if (applied.Verdict == SnapshotVerdict.Applied)
            return commit with { Alerts = commit.Alerts.AddRange(told) };

        var conflicts = string.Join(' ', applied.Conflicts.Select(WireName.Of));
        var alert = new PaymentAlert("money_conflict", AlertSeverity.Critical, conflicts, charge.Id);
        return commit.Noted(conflicts) with { Alerts = [.. commit.Alerts, .. told, alert] };
    }

    /// <summary>A dispute that was opened has a deadline; one that was decided has moved money or not.</summary>
    private static ImmutableArray<PaymentAlert> Disputed(Charge before, Charge after) =>
    [
        .. after.Disputes
            .Where(dispute => !before.Disputes.Any(was => was.Reference == dispute.Reference && was.State == dispute.State))
            .Select(dispute => new PaymentAlert("dispute", AlertSeverity.Critical, $"{dispute.Reference} {WireName.Of(dispute.State)} {dispute.Reason}", after.Id)),
    ];

    /// <summary>A hold that ended although nobody here let it go: the clinic is not paid.</summary>
    private static ImmutableArray<PaymentAlert> Expired(ChargeState before, Charge after) =>
        before.Charge is { Status: ChargeStatus.Authorized, BookedAt: not null, ClosingAt: null } && after is { Status: ChargeStatus.Voided, IsVoidAccepted: false }
            && !before.Operations.Any(operation => operation.Kind == OperationKind.Void)
            ? [new PaymentAlert("authorization_expired", AlertSeverity.Critical, $"{after.Provider} {after.Reference}", after.Id)]
            : [];

    /// <summary>A refund that failed leaves the patient without the money we said was on its way: a human has to find another one.</summary>
    private static ImmutableArray<PaymentAlert> Bounced(Charge before, Charge after) =>
    [
        .. after.Refunds
            .Where(refund => refund.State == RefundState.Failed && !before.Refunds.Any(was => was.Reference == refund.Reference && was.State == RefundState.Failed))
            .Select(refund => new PaymentAlert("refund_failed", AlertSeverity.Critical, $"{refund.Reference} {refund.ErrorCode}", after.Id)),
    ];
}

/// <summary>The caller's session row, written in the same transaction under a savepoint.</summary>
/// <param name="OnBooked">Inserts the session row. What it throws is thrown again after the facts were committed.</param>
/// <param name="Booked">What is committed with the row.</param>
/// <param name="Failed">What is committed when it threw: the charge is closed, so its money is released.</param>
public sealed record Booking(
    Func<DbTransaction, CancellationToken, Task> OnBooked,
    Func<ChargeState, ChargeCommit> Booked,
    Func<ChargeState, ChargeCommit> Failed);

/// <summary>A commit that is on disk.</summary>
/// <param name="State">The charge and its operations as they stand now.</param>
/// <param name="BookingFailure">What <see cref="Booking.OnBooked"/> threw; null when it did not run or succeeded.</param>
public sealed record ChargeCommitted(ChargeState State, Exception? BookingFailure = null)
{
    /// <summary>The charge.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public Charge Charge => State.Charge ?? throw new InvalidOperationException("The commit wrote no charge.");
}
