using System.Data.Common;

namespace Curaway.Payments;

/// <summary>
/// Transaction 2: what a provider answered becomes facts, the operation's outcome over all its sends, an audit row, and,
/// when the caller books, the session row under a savepoint. Provider truth is never rolled back.
/// </summary>
internal sealed class ChargeRecorder(
    IChargeStore store, PaymentsSignal signal, PaymentsOptions options, Func<Charge, ProviderCapabilities> capabilities, TimeProvider time)
{
    private static readonly TimeSpan BackoffMax = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan ReviewInterval = TimeSpan.FromHours(1);
    private static readonly TimeSpan SpentKeyPatience = TimeSpan.FromMinutes(2);

    /// <summary>Commits an answer to an operation. What the session row's insert threw is thrown here, after the commit.</summary>
    public async Task<ChargeCommitted> RecordAsync(
        ChargeOperation operation, ProviderAnswer answer, ChargeCause cause, Func<Charge, Booking>? booking)
    {
        Charge? facts = null;
        var lazyBooking = booking is null ? null : new Booking(
            (transaction, ct) => booking(facts!).OnBooked(transaction, ct),
            state => booking(facts!).Booked(state),
            state => booking(facts!).Failed(state));
        var committed = await store.CommitAsync(
            new ChargeSelector.ById(operation.ChargeId),
            state =>
            {
                var commit = CommitOf(state, operation.Id, answer, cause);
                facts = commit.Charge ?? state.Charge;
                return commit with { Books = booking is not null && IsUnbooked(facts!) && commit.Operations.Any(IsAnswered) };
            },
            lazyBooking,
            CancellationToken.None).ConfigureAwait(false);
        signal.Set();
        return committed;
    }

    /// <summary>Commits what checkout or a read on demand told, without an operation.</summary>
    public Task<ChargeCommitted> RecordAsync(ChargeId id, ProviderSnapshot? snapshot, ChargeCause cause) =>
        CommitAsync(id, state => Told(state, snapshot, cause));

    /// <summary>Commits a refresh: the facts, and when the provider has to be asked again.</summary>
    public Task<ChargeCommitted> RefreshAsync(ChargeId id, ProviderSnapshot? snapshot, ChargeCause cause) =>
        CommitAsync(id, state => ChargeRefresh.Of(state, Told(state, snapshot, cause), cause, hasAnswer: snapshot is not null, capabilities));

    private static ChargeCommit Told(ChargeState state, ProviderSnapshot? snapshot, ChargeCause cause) =>
        snapshot is null ? ChargeCommit.Nothing : ChargeCommit.OfSnapshot(state, snapshot, cause);

    /// <summary>Commits a decision about a charge, without a session row.</summary>
    public async Task<ChargeCommitted> CommitAsync(ChargeId id, Func<ChargeState, ChargeCommit> decide)
    {
        var committed = await store.CommitAsync(
            new ChargeSelector.ById(id),
            decide,
            booking: null,
            CancellationToken.None).ConfigureAwait(false);
        signal.Set();
        return committed;
    }

    /// <summary>Books a charge whose money stands already, in a transaction of ours.</summary>
    public Task<ChargeCommitted> BookAsync(Charge charge, Booking booking) => store.CommitAsync(
        new ChargeSelector.ById(charge.Id),
        state => ChargeCommit.Nothing with { Books = IsUnbooked(state.Charge!), Operations = ChargeCommit.ProvenBy(state, state.Charge!) },
        booking,
        CancellationToken.None);

    /// <summary>
    /// Books in the caller's own transaction, which he commits. When the session row cannot be inserted, the charge is closed
    /// on a connection of ours, so its money is released whatever becomes of his transaction.
    /// </summary>
    public async Task<ChargeCommitted> BookInAsync(DbTransaction transaction, Charge charge, Booking booking)
    {
        var booked = await store.BookInAsync(transaction, charge.Id, booking, CancellationToken.None).ConfigureAwait(false);
        if (booked.BookingFailure is not null)
            await CommitAsync(charge.Id, booking.Failed).ConfigureAwait(false);
        return booked;
    }

    /// <summary>True when the charge may hold money for a session that is not booked yet.</summary>
    public static bool IsUnbooked(Charge charge) =>
        charge is { BookedAt: null, ClosingAt: null, Status: ChargeStatus.Pending or ChargeStatus.Authorized };

    /// <summary>True when the provider did, or will do, what was asked.</summary>
    public static bool IsAnswered(ChargeOperation operation) =>
        operation.Outcome is OperationOutcome.Succeeded or OperationOutcome.RequiresAction or OperationOutcome.Pending;

    /// <summary>The session row, and what is committed with it or instead of it.</summary>
    public Booking BookingOf(Charge facts, AuthorizeCharge command) => new(
        async (transaction, _) =>
        {
            // The caller may be gone; what counts is that the database does not wait for his code for ever.
            using var deadline = new CancellationTokenSource(options.BookingDeadline, time);
            if (command.OnBooked is { } onBooked)
                await onBooked(transaction, facts, deadline.Token).ConfigureAwait(false);
        },
        state => ChargeCommit.Of(state, ChargeLifecycle.Book(state.Charge!, state.Now), new ChargeCause("book", "api", command.ActorId)),
        state => ChargeCommit.Of(
            state, ChargeLifecycle.Close(state.Charge!, "booking_failed", state.Now), new ChargeCause("booking_failed", "api", command.ActorId)));

    /// <summary>The answer as facts and an outcome. Pure.</summary>
    internal ChargeCommit CommitOf(ChargeState state, OperationId id, ProviderAnswer answer, ChargeCause cause)
    {
        var before = state.Charge!;
        var operation = state.Operations.Single(candidate => candidate.Id == id);
        if (!operation.IsOpen)
            return answer.Result.Snapshot is { } late ? ChargeCommit.OfSnapshot(state, late, cause) : ChargeCommit.Nothing;

        var closed = Close(operation, answer, state.Now);
        if (IsHopeless(closed, answer, state.Now))
            closed = closed with { State = OperationState.Review, NextAttemptAt = state.Now + ReviewInterval };
        var snapshot = Flagged(before, closed, answer.Result);
        var told = ChargeCommit.OfSnapshot(state, snapshot, cause);
        var after = told.Charge ?? before;
        if (closed is { Kind: OperationKind.Authorize, State: OperationState.Closed } && after.Status == ChargeStatus.Pending)
            after = after with { CheckoutExpiresAt = after.CheckoutExpiresAt ?? state.Now + options.CheckoutTime };
        var proven = told.Operations.RemoveAll(other => other.Id == id);
        var commit = ChargeCommit.Of(state, after, cause with { Detail = id.ToString() }, proven.Add(closed));
        var note = string.Join(' ', told.Audit.Select(entry => entry.Note).Append(WireName.Of(closed.Outcome!.Value)).OfType<string>());
        return commit.Noted(note) with
        {
            Operations = IsProvenUndone(closed, answer, state.Now) ? [.. proven, Undone(closed, state.Now), Successor(closed, state.Now)] : commit.Operations,
            Alerts = [.. told.Charge is null ? commit.Alerts : told.Alerts, .. AlertPolicy.For(before, operation, closed, answer.Result)],
        };
    }

    /// <summary>The key is too old to send again and the truth tells nothing; or everything has been tried for days.</summary>
    private bool IsHopeless(ChargeOperation operation, ProviderAnswer answer, DateTimeOffset now) =>
        operation is { IsOpen: true, Outcome: OperationOutcome.Indeterminate }
        && (answer.IsKeyOld || (now - operation.CreatedAt > options.ReviewAfter && answer.Result.Fault != ProviderFault.Blocked));

    /// <summary>
    /// The provider keeps a 5xx under the key and, read long after, still holds the money: it did not do it, and never will
    /// under that key. Capture and void are one-way doors there, so a second one cannot take effect twice. A refund could.
    /// </summary>
    private static bool IsProvenUndone(ChargeOperation operation, ProviderAnswer answer, DateTimeOffset now) =>
        operation is { Kind: OperationKind.Capture or OperationKind.Void, IsKeySpent: true, IsOpen: true }
        && answer is { IsRead: true, Result: { Fault: ProviderFault.NotFound, Snapshot: not null } }
        && now - operation.FirstSentAt > SpentKeyPatience;

    internal static ChargeOperation Undone(ChargeOperation operation, DateTimeOffset now) =>
        operation with { State = OperationState.Closed, Outcome = OperationOutcome.NotSent, IsUnresolved = false, ClosedAt = now };

    private ChargeOperation Successor(ChargeOperation operation, DateTimeOffset now) => operation with
    {
        Id = OperationId.New(time),
        State = OperationState.Open,
        Outcome = OperationOutcome.NotSent,
        IsUnresolved = false,
        IsKeySpent = false,
        SendCount = 0,
        FirstSentAt = null,
        CreatedAt = now,
        NextAttemptAt = now,
        ProviderRequestId = null,
    };

    /// <summary>
    /// The outcome of the operation, not of this send: while an earlier send is unresolved, only success or the provider's
    /// own truth closes it. Money that stands is settled by trying again under the same key; an authorization is not.
    /// </summary>
    private static ChargeOperation Close(ChargeOperation operation, ProviderAnswer answer, DateTimeOffset now)
    {
        var (result, isRead) = (answer.Result, answer.IsRead);
        var outcome = result.Outcome is OperationOutcome.Declined or OperationOutcome.NotSent && operation.IsUnresolved && !isRead
            ? OperationOutcome.Indeterminate
            : result.Outcome;
        var isFinal = outcome switch
        {
            OperationOutcome.Succeeded or OperationOutcome.RequiresAction or OperationOutcome.Declined => true,
            OperationOutcome.Pending => operation.Kind is OperationKind.Authorize or OperationKind.Refund,
            OperationOutcome.NotSent => operation.Kind is OperationKind.Authorize,
            _ => false,
        };
        return operation with
        {
            State = isFinal ? OperationState.Closed : operation.State,
            Outcome = outcome,
            IsUnresolved = !isFinal && (operation.IsUnresolved || outcome == OperationOutcome.Indeterminate),
            ClosedAt = isFinal ? now : null,
            IsKeySpent = operation.IsKeySpent || (result.Fault == ProviderFault.ServerError && operation.SendCount > 1 && !isRead),
            NextAttemptAt = isFinal ? operation.NextAttemptAt
                : now + (operation.State == OperationState.Review ? ReviewInterval : Backoff(operation.SendCount, result.RetryAfter)),
            Error = ErrorOf(outcome, result),
            ProviderRequestId = result.ProviderRequestId ?? operation.ProviderRequestId,
        };
    }

    internal static ProviderSnapshot Flagged(Charge charge, ChargeOperation operation, ProviderResult result)
    {
        var told = result.Snapshot ?? new ProviderSnapshot { Provider = charge.Provider, ProviderAccount = charge.ProviderAccount };
        var isClosed = operation.State == OperationState.Closed;
        return told with
        {
            IsVoidAccepted = isClosed && operation is { Kind: OperationKind.Void, Outcome: OperationOutcome.Succeeded },
            IsAuthorizationFailed = isClosed
                && operation is { Kind: OperationKind.Authorize, Outcome: OperationOutcome.Declined or OperationOutcome.NotSent },
            Error = operation.Error,
        };
    }

    /// <summary>What the caller is told, with the fault as the reason where the provider gave no answer.</summary>
    public static PaymentError? ErrorOf(OperationOutcome outcome, ProviderResult result) => outcome switch
    {
        OperationOutcome.Declined => new PaymentError(ErrorCodes.ChargeFailed, result.Reason),
        OperationOutcome.NotSent when result.Fault == ProviderFault.Configuration => new PaymentError(ErrorCodes.ProviderNotConfigured, result.Reason),
        OperationOutcome.NotSent or OperationOutcome.Indeterminate =>
            new PaymentError(ErrorCodes.ProviderUnavailable, result.Fault == ProviderFault.Blocked ? result.Reason : WireName.Of(result.Fault), result.RetryAfter),
        _ => null,
    };

    private static TimeSpan Backoff(int sendCount, TimeSpan? retryAfter)
    {
        var growing = TimeSpan.FromSeconds(Math.Pow(2, Math.Min(sendCount, 10)));
        var wait = growing < BackoffMax ? growing : BackoffMax;
        return retryAfter > wait ? retryAfter.Value : wait;
    }
}
