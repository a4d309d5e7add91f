using System.Data.Common;
using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Options;

namespace Curaway.Payments;

/// <summary>
/// The verbs. Each writes what it is about to do, calls the provider with no transaction open, and writes what happened.
/// Everything expected is a result; what your <see cref="AuthorizeCharge.OnBooked"/> throws is thrown again. The caller's
/// token counts until the first commit: after that the money question is answered whoever still listens. Thread-safe.
/// </summary>
public sealed partial class ChargeService
{
    private static readonly TimeSpan WaitStep = TimeSpan.FromMilliseconds(100);

    private readonly IChargeStore _store;
    private readonly ProviderCaller _caller;
    private readonly PaymentRouter _router;
    private readonly ProviderAccounts _accounts;
    private readonly ChargeRecorder _recorder;
    private readonly OperationStart _start;
    private readonly ReadRefresh _reads;
    private readonly PaymentsOptions _options;
    private readonly TimeProvider _time;

    internal ChargeService(
        IChargeStore store, ProviderCaller caller, PaymentRouter router, ProviderAccounts accounts, ChargeRecorder recorder, OperationStart start,
        ReadRefresh reads, IOptions<PaymentsOptions> options, TimeProvider time)
    {
        _store = store;
        _caller = caller;
        _router = router;
        _accounts = accounts;
        _recorder = recorder;
        _start = start;
        _reads = reads;
        _options = options.Value;
        _time = time;
    }

    /// <summary>
    /// Holds the money for a consultation, or sets up its checkout, and books the session row. Errors:
    /// <see cref="ErrorCodes.ChargeFailed"/>, <see cref="ErrorCodes.ProviderUnavailable"/>,
    /// <see cref="ErrorCodes.ProviderNotConfigured"/>, <see cref="ErrorCodes.AuthorizationWindow"/>,
    /// <see cref="ErrorCodes.CurrencyUnsupported"/>, <see cref="ErrorCodes.AmountInvalid"/>,
    /// <see cref="ErrorCodes.StateConflict"/> when another request for the consultation is open.
    /// </summary>
    public Task<ChargeResult> AuthorizeAsync(AuthorizeCharge command, CancellationToken ct = default) =>
        AuthorizeInAsync(callers: null, command, ct);

    /// <summary>
    /// The same, booking in the caller's own open transaction: the session row and <see cref="Charge.BookedAt"/> become true
    /// when the caller commits. The attempt and the provider's answer are committed on connections of ours, whatever becomes
    /// of it. If the caller rolls back, the money is released after the hold time. The caller's transaction stays open during
    /// the provider's call; keep these few.
    /// </summary>
    /// <exception cref="NotSupportedException">The store has one writer (SQLite). Nothing was written or sent.</exception>
    public Task<ChargeResult> AuthorizeAsync(AuthorizeCharge command, DbTransaction transaction, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        return _store.CanBookInCallersTransaction
            ? AuthorizeInAsync(transaction, command, ct)
            : throw new NotSupportedException("This store cannot book in the caller's transaction.");
    }

    private async Task<ChargeResult> AuthorizeInAsync(DbTransaction? callers, AuthorizeCharge command, CancellationToken ct)
    {
        if (_router.Decide(command.Routing) is not { } routing)
            return Refused(null, new PaymentError(ErrorCodes.ProviderNotConfigured, "no_rule"));
        var account = _accounts.Choose(command.TenantId, routing.Provider);
        if ((CallerText.RefusalOfMethods(command.PaymentMethods) ?? _accounts.RefusalOf(command, routing.Provider, account)) is { } refusal)
            return Refused(null, refusal);
        return await RunAsync(
            new ChargeSelector.LiveOf(command.TenantId, command.ConsultationId),
            state => _start.Authorize(state, command, routing, account),
            new ChargeCause("authorize", "api", command.ActorId),
            charge => _recorder.BookingOf(charge, command),
            callers,
            ct).ConfigureAwait(false);
    }

    /// <summary>
    /// Checks what checkout brought back. A declined attempt is <see cref="ErrorCodes.ChargeFailed"/>, and may be repeated
    /// at the same checkout.
    /// </summary>
    public async Task<ChargeResult> CompleteCheckoutAsync(CompleteCheckout command, CancellationToken ct = default)
    {
        if (CallerText.RefusalOfActor(command.ActorId) is { } refusal)
            return Refused(null, refusal);
        if (await FindAsync(command.ChargeId, ct).ConfigureAwait(false) is not { } charge)
            return Refused(null, new PaymentError(ErrorCodes.NotFound, "charge"));
        if (charge.Status == ChargeStatus.Authorized && charge.ClosingAt is null)
            return new ChargeResult(charge, OperationOutcome.Succeeded, null, null);
        if (charge.Status != ChargeStatus.Pending || charge.ClosingAt is not null)
            return Refused(charge, new PaymentError(ErrorCodes.StateConflict, WireName.Of(charge.Status)));

        var answer = await _caller.VerifyCheckoutAsync(new ProviderRequest(charge, null), command.Proof).ConfigureAwait(false);
        var cause = new ChargeCause("checkout", "api", command.ActorId);
        var recorded = await _recorder.RecordAsync(charge.Id, answer.Result.Snapshot, cause).ConfigureAwait(false);
        var (outcome, after) = (answer.Result.Outcome, recorded.Charge);
        if (outcome == OperationOutcome.Succeeded && (after.ClosingAt is not null || after.Status is not (ChargeStatus.Authorized or ChargeStatus.Captured)))
            return Refused(after, new PaymentError(ErrorCodes.StateConflict, after.ClosingReason ?? WireName.Of(after.Status)));
        return new ChargeResult(after, outcome, answer.Result.NextAction, ChargeRecorder.ErrorOf(outcome, answer.Result));
    }

    /// <summary>Takes the held money. A charge already captured answers the same again; one voided is <see cref="ErrorCodes.StateConflict"/>.</summary>
    public Task<ChargeResult> CaptureAsync(ChargeId id, string actorId, CancellationToken ct = default) =>
        CaptureAsync(new CaptureCharge { ChargeId = id, ActorId = actorId }, ct);

    /// <summary>
    /// Takes the held money or a part of it; the rest is let go with it, and refunds count from what was taken. The same amount
    /// again is the same capture, another one <see cref="ErrorCodes.StateConflict"/>. More than was authorized, or less where the
    /// provider takes all or nothing, is <see cref="ErrorCodes.AmountInvalid"/>; nothing was sent.
    /// </summary>
    public Task<ChargeResult> CaptureAsync(CaptureCharge command, CancellationToken ct = default) =>
        RunAsync(new ChargeSelector.ById(command.ChargeId), state => _start.Capture(state, command), new ChargeCause("capture", "api", command.ActorId), ct);

    /// <summary>Lets the held money go. A charge already voided answers the same again; one captured is <see cref="ErrorCodes.StateConflict"/>.</summary>
    public Task<ChargeResult> VoidAsync(ChargeId id, string reason, string actorId, CancellationToken ct = default) =>
        RunAsync(new ChargeSelector.ById(id), state => _start.Void(state, reason, actorId), new ChargeCause("void", "api", actorId), ct);

    /// <summary>
    /// Sends captured money back. The same request id again is the same refund; more than is left is
    /// <see cref="ErrorCodes.RefundExceedsCaptured"/>. Ids that begin with <c>release-</c> are ours.
    /// </summary>
    public Task<ChargeResult> RefundAsync(RefundCharge command, CancellationToken ct = default) => OperationStart.IsRelease(command.RequestId)
        ? Task.FromResult(Refused(null, new PaymentError(ErrorCodes.ValidationFailed, "request_id")))
        : RunAsync(new ChargeSelector.ById(command.ChargeId), state => _start.Refund(state, command), new ChargeCause("refund", "api", command.ActorId), ct);

    /// <summary>Void if authorized, refund if captured; done already when nothing is held.</summary>
    public Task<ChargeResult> ReleaseAsync(ReleaseCharge command, CancellationToken ct = default) =>
        ReleaseAsync(command, "api", ct);

    /// <summary>Sends back a payment beside the one the charge keeps.</summary>
    internal Task<ChargeResult> ReleaseExtraAsync(ChargeId id, string actorId, CancellationToken ct) => RunAsync(
        new ChargeSelector.ById(id), state => _start.ReleaseExtra(state, actorId), new ChargeCause("release_extra", "reconciler", actorId), ct);

    internal Task<ChargeResult> ReleaseAsync(ReleaseCharge command, string source, CancellationToken ct) => RunAsync(
        new ChargeSelector.ById(command.ChargeId),
        state => _start.Release(state, command),
        new ChargeCause("release", source, command.ActorId),
        ct);

    private Task<ChargeResult> RunAsync(ChargeSelector selector, Func<ChargeState, Start> decide, ChargeCause cause, CancellationToken ct) =>
        RunAsync(selector, decide, cause, booking: null, callers: null, ct);

    /// <summary>Write, call, write: the heart behind every verb.</summary>
    private async Task<ChargeResult> RunAsync(
        ChargeSelector selector, Func<ChargeState, Start> decide, ChargeCause cause, Func<Charge, Booking>? booking, DbTransaction? callers,
        CancellationToken ct)
    {
        if (CallerText.RefusalOfActor(cause.ActorId) is { } refusal)
            return Refused(null, refusal);
        var (start, begun) = await BeginAsync(selector, decide, ct).ConfigureAwait(false);
        if (start.Step == StartStep.Refuse)
            return Refused(begun.State.Charge, start.Refusal!);
        if (start.Step == StartStep.Done)
            return new ChargeResult(begun.Charge, start.Outcome, null, start.Refusal);
        if (start.Step == StartStep.Book)
            return await BookAsync(begun.Charge, start.Outcome, null, booking!, callers).ConfigureAwait(false);

        var answer = await _caller.SendAsync(new ProviderRequest(begun.Charge, start.Operation), begun.State.Now).ConfigureAwait(false);
        var inOurs = callers is null ? booking : null;
        var recorded = await _recorder.RecordAsync(start.Operation!, answer, cause, inOurs).ConfigureAwait(false);
        Rethrow(recorded);
        var operation = recorded.State.Operations.Single(candidate => candidate.Id == start.Operation!.Id);
        if (booking is null || !ChargeRecorder.IsAnswered(operation))
            return new ChargeResult(recorded.Charge, operation.Outcome!.Value, null, operation.Error);
        return callers is null
            ? Booked(recorded.Charge, operation.Outcome!.Value, answer.Result.NextAction)
            : await BookAsync(recorded.Charge, operation.Outcome!.Value, answer.Result.NextAction, booking, callers).ConfigureAwait(false);
    }

    private async Task<(Start Start, ChargeCommitted Begun)> BeginAsync(
        ChargeSelector selector, Func<ChargeState, Start> decide, CancellationToken ct)
    {
        var startedAt = _time.GetTimestamp();
        while (true)
        {
            Start? start = null;
            var begun = await _store.CommitAsync(selector, state => (start = decide(state)).Commit, booking: null, ct).ConfigureAwait(false);
            if (start!.Step != StartStep.Wait)
                return (start, begun);
            if (_time.GetElapsedTime(startedAt) > _options.ProviderDeadline)
                return (Start.Refuse(new PaymentError(ErrorCodes.ProviderUnavailable, "in_flight", start.WaitUntil - begun.State.Now)), begun);
            await Task.Delay(WaitStep, _time, ct).ConfigureAwait(false);
        }
    }

    private async Task<ChargeResult> BookAsync(
        Charge charge, OperationOutcome outcome, ClientAction? action, Func<Charge, Booking> booking, DbTransaction? callers)
    {
        var committed = callers is not null
            ? await _recorder.BookInAsync(callers, charge, booking(charge)).ConfigureAwait(false)
            : await _recorder.BookAsync(charge, booking(charge)).ConfigureAwait(false);
        Rethrow(committed);
        return Booked(committed.Charge, outcome, action);
    }

    /// <summary>The release of an unbooked charge may have won the race: then nothing is booked, and the next try makes a new charge.</summary>
    private static ChargeResult Booked(Charge charge, OperationOutcome outcome, ClientAction? action) => charge.BookedAt is not null
        ? new ChargeResult(charge, outcome, action, null)
        : Refused(charge, new PaymentError(ErrorCodes.ProviderUnavailable, "closing"));

    private static ChargeResult Refused(Charge? charge, PaymentError error) => new(charge, OperationOutcome.Refused, null, error);

    private static void Rethrow(ChargeCommitted committed)
    {
        if (committed.BookingFailure is { } failure)
            ExceptionDispatchInfo.Throw(failure);
    }
}
