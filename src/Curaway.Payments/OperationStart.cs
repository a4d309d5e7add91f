using System.Security.Cryptography;
using System.Text;

namespace Curaway.Payments;

/// <summary>What the first transaction decided.</summary>
internal enum StartStep
{
    /// <summary>The operation is written; send it.</summary>
    Send,

    /// <summary>Somebody else is sending it right now.</summary>
    Wait,

    /// <summary>The money stands; only the session row is missing.</summary>
    Book,

    /// <summary>It came out before; the answer is the same.</summary>
    Done,

    /// <summary>We say no.</summary>
    Refuse,
}

/// <summary>The first transaction's decision, and what it writes.</summary>
internal sealed record Start(StartStep Step, ChargeCommit Commit)
{
    public ChargeOperation? Operation { get; init; }

    public PaymentError? Refusal { get; init; }

    public OperationOutcome Outcome { get; init; }

    public DateTimeOffset WaitUntil { get; init; }

    public static Start Refuse(string code, string reason) => Refuse(new PaymentError(code, reason));

    public static Start Refuse(PaymentError error) => new(StartStep.Refuse, ChargeCommit.Nothing) { Refusal = error };

    public static Start Done(OperationOutcome outcome, PaymentError? error = null) =>
        new(StartStep.Done, ChargeCommit.Nothing) { Outcome = outcome, Refusal = error };

    public static Start Wait(DateTimeOffset until) => new(StartStep.Wait, ChargeCommit.Nothing) { WaitUntil = until };
}

/// <summary>
/// Transaction 1, as pure decisions over a locked charge: begin an operation, resume the open one under its key, or refuse.
/// </summary>
internal sealed partial class OperationStart(PaymentsOptions options, Func<Charge, ProviderCapabilities> capabilities, TimeProvider time)
{
    private const string ReleasePrefix = "release-";

    /// <summary>Twice the deadline, for the call and the read after it, and some more: then the sender is taken for dead.</summary>
    private TimeSpan Lease => (2 * options.ProviderDeadline) + TimeSpan.FromSeconds(5);

    public Start Authorize(ChargeState state, AuthorizeCharge command, RoutingDecision routing, string account)
    {
        var fingerprint = Fingerprint([
            command.Amount.ToString(), command.Routing.ExplicitOverride, .. command.PaymentMethods.Select(m => m.Token), command.SaveFor?.Customer]);
        if (state.Charge is not { } charge)
            return NewCharge(state, command, routing, account, fingerprint);
        if (charge.ClosingAt is not null)
            return Start.Refuse(ErrorCodes.ProviderUnavailable, "closing");

        var operation = state.Operations.Last(candidate => candidate.Kind == OperationKind.Authorize);
        if (operation.Fingerprint != fingerprint)
            return Start.Refuse(ErrorCodes.StateConflict, "other_request");
        if (operation.IsOpen && (charge.Status == ChargeStatus.Pending || IsInFlight(operation, state.Now)))
            return Resume(state, charge with { BookBy = state.Now + options.HoldTime }, operation, command.ActorId);
        var outcome = charge.Status == ChargeStatus.Pending ? operation.Outcome ?? OperationOutcome.RequiresAction : OperationOutcome.Succeeded;
        return charge.BookedAt is null
            ? new Start(StartStep.Book, ChargeCommit.Nothing) { Outcome = outcome }
            : Start.Done(outcome);
    }

    public Start Capture(ChargeState state, CaptureCharge command)
    {
        if (command.Amount is not { } asked || state.Charge is not { } charge)
            return Verb(state, OperationKind.Capture, null, command.ActorId, "session_ended");
        if (RefusalOf(asked, charge.Amount, capabilities(charge)) is { } refusal)
            return Start.Refuse(refusal);
        return IsDone(charge, OperationKind.Capture) && asked != charge.Captured
            ? Start.Refuse(ErrorCodes.StateConflict, "captured_other_amount")
            : Verb(state, OperationKind.Capture, asked, command.ActorId, "session_ended");
    }

    public Start Void(ChargeState state, string reason, string actorId) => CallerText.RefusalOfReason(reason) is { } refusal
        ? Start.Refuse(refusal) : Verb(state, OperationKind.Void, null, actorId, reason);

    public Start Refund(ChargeState state, RefundCharge command)
    {
        if (CallerText.RefusalOfReason(command.Reason) is { } noWord)
            return Start.Refuse(noWord);
        if (state.Charge is not { } charge)
            return Start.Refuse(ErrorCodes.NotFound, "charge");
        if (state.Operations.FirstOrDefault(operation => operation.RequestId == command.RequestId) is { } earlier)
        {
            if (earlier.Fingerprint != RefundFingerprint(command))
                return Start.Refuse(ErrorCodes.IdempotencyMismatch, "request_id");
            return earlier.IsOpen ? Resume(state, charge, earlier, command.ActorId) : Start.Done(earlier.Outcome!.Value, earlier.Error);
        }

        if (command.Amount is { } asked && asked.Currency != charge.Amount.Currency)
            return Start.Refuse(ErrorCodes.CurrencyUnsupported, "other_currency");
        // The minimum is a charge's: the rest of one may be smaller.
        if (command.Amount is { } part && capabilities(charge).Currencies.Check(part) is { Reason: not "minimum" } unwritable)
            return Start.Refuse(unwritable);
        var amount = command.Amount ?? ChargeLifecycle.RefundableOf(charge, state.Operations);
        return ChargeLifecycle.Allows(charge, state.Operations, OperationKind.Refund, amount) is { } refusal
            ? Start.Refuse(refusal)
            : New(
                state,
                charge with { RefundReason = command.Reason },
                Operation(state, charge, OperationKind.Refund, amount, RefundFingerprint(command), command.ActorId) with
                {
                    RequestId = command.RequestId,
                    Reason = command.Reason,
                });
    }

    /// <summary>Void if authorized, refund if captured, nothing if nothing is held.</summary>
    public Start Release(ChargeState state, ReleaseCharge command)
    {
        if (state.Charge?.Status is not (ChargeStatus.Captured or ChargeStatus.PartiallyRefunded or ChargeStatus.Refunded))
            return Void(state, command.Reason, command.ActorId);
        if (state.Charge.Status == ChargeStatus.Refunded)
            return Start.Done(OperationOutcome.Succeeded);

        // The open release is the same release. When what an earlier one sent back is ours again (a refund bounced), or more
        // was captured since, the rest is a new one.
        var releases = state.Operations.Where(operation => operation.RequestId is { } id && IsRelease(id) && !ExtraPayments.IsReturn(state.Charge, operation)).ToList();
        if (releases.Find(operation => operation.IsOpen) is { } open)
            return Resume(state, state.Charge, open, command.ActorId);
        if (!ChargeLifecycle.RefundableOf(state.Charge, state.Operations).IsPositive)
            return Start.Refuse(ErrorCodes.StateConflict, "refund_open");
        return Refund(state, new RefundCharge
        {
            ChargeId = command.ChargeId,
            RequestId = OpaqueId.Parse(ReleasePrefix + (releases.Count + 1)),
            Reason = command.Reason,
            ActorId = command.ActorId,
        });
    }

    /// <summary>True for the request ids of releases, which callers' own refunds may not use.</summary>
    public static bool IsRelease(OpaqueId requestId) => requestId.Value.StartsWith(ReleasePrefix, StringComparison.Ordinal);

    /// <summary>Takes an open operation for another send or a lookup; waits while somebody has it.</summary>
    public Start Resume(ChargeState state, Charge charge, ChargeOperation operation, string actorId)
    {
        if (IsInFlight(operation, state.Now))
            return Start.Wait(operation.NextAttemptAt);
        var taken = operation with
        {
            SendCount = operation.SendCount + 1,
            FirstSentAt = operation.FirstSentAt ?? state.Now,
            Outcome = null,
            // A send nobody reported on may have arrived: from here on only the provider's truth closes it.
            IsUnresolved = operation.IsUnresolved || (operation.SendCount > 0 && operation.Outcome is null or OperationOutcome.Indeterminate),
            NextAttemptAt = state.Now + Lease,
        };
        var cause = new ChargeCause("resume_" + WireName.Of(operation.Kind), "api", actorId, operation.Id.ToString());
        return new Start(StartStep.Send, ChargeCommit.Of(state, Releasing(charge, taken), cause, taken)) { Operation = taken };
    }

    private static bool IsInFlight(ChargeOperation operation, DateTimeOffset now) => operation.Outcome is null && operation.NextAttemptAt > now;

    /// <summary>Why this part of the authorized amount cannot be captured; null when it can.</summary>
    private static PaymentError? RefusalOf(Money asked, Money authorized, ProviderCapabilities capabilities)
    {
        if (asked.Currency != authorized.Currency)
            return new PaymentError(ErrorCodes.CurrencyUnsupported, "other_currency");
        if (asked > authorized)
            return new PaymentError(ErrorCodes.AmountInvalid, "exceeds_authorized");
        if (asked < authorized && !capabilities.CanCapturePartially)
            return new PaymentError(ErrorCodes.AmountInvalid, "partial_capture");
        return capabilities.Currencies.Check(asked);
    }

    private Start Verb(ChargeState state, OperationKind kind, Money? part, string actorId, string reason)
    {
        if (state.Charge is not { } charge)
            return Start.Refuse(ErrorCodes.NotFound, "charge");
        // First: what a webhook told while the operation was open, or with a human, needs no second send.
        if (IsDone(charge, kind))
            return Start.Done(OperationOutcome.Succeeded);
        // Of one amount only: what is open for another is another request, and is answered when it is over.
        var amount = part ?? charge.Amount;
        if (state.Operations.FirstOrDefault(operation => operation.IsOpen && operation.Kind == kind && operation.Amount == amount) is { } open)
            return Resume(state, charge, open, actorId);
        return ChargeLifecycle.Allows(charge, state.Operations, kind, amount) is { } refusal
            ? Start.Refuse(refusal)
            : New(state, charge, Operation(state, charge, kind, amount, Fingerprint([WireName.Of(kind), part?.ToString()]), actorId) with { Reason = reason });
    }

    private static bool IsDone(Charge charge, OperationKind kind) => kind == OperationKind.Capture
        ? charge.Status is ChargeStatus.Captured or ChargeStatus.PartiallyRefunded or ChargeStatus.Refunded
        : charge.Status is ChargeStatus.Voided or ChargeStatus.Failed;

    private Start NewCharge(ChargeState state, AuthorizeCharge command, RoutingDecision routing, string account, string fingerprint)
    {
        var charge = new Charge
        {
            Id = ChargeId.New(time),
            TenantId = command.TenantId,
            ConsultationId = command.ConsultationId,
            Amount = command.Amount,
            Routing = routing,
            ProviderAccount = account,
            CreatedAt = state.Now,
            BookBy = state.Now + options.HoldTime,
        };
        var method = command.MethodAt(routing.Provider, account);
        return New(state, charge, Operation(state, charge, OperationKind.Authorize, command.Amount, fingerprint, command.ActorId) with
        {
            PaymentMethod = method?.Token,
            Customer = method is null ? command.SaveCustomerAt(routing.Provider, account) : method.Customer,
        });
    }

    /// <summary>A new operation, about to be sent for the first time.</summary>
    private ChargeOperation Operation(
        ChargeState state, Charge charge, OperationKind kind, Money amount, string fingerprint, string actorId) => new()
        {
            Id = OperationId.New(time),
            ChargeId = charge.Id,
            Kind = kind,
            Amount = amount,
            Fingerprint = fingerprint,
            ActorId = actorId,
            CreatedAt = state.Now,
            NextAttemptAt = state.Now + Lease,
            SendCount = 1,
            FirstSentAt = state.Now,
        };

    /// <summary>What a void takes only to send it back is marked before it is sent; a payment that came since, before the next send.</summary>
    private Charge Releasing(Charge charge, ChargeOperation operation) =>
        operation.Kind == OperationKind.Void && capabilities(charge).VoidsByCapture ? ChargeLifecycle.ReleaseByCapture(charge) : charge;

    private Start New(ChargeState state, Charge charge, ChargeOperation operation)
    {
        var cause = new ChargeCause("begin_" + WireName.Of(operation.Kind), "api", operation.ActorId, operation.Id.ToString());
        return new Start(StartStep.Send, ChargeCommit.Of(state, Releasing(charge, operation), cause, operation)) { Operation = operation };
    }

    private static string RefundFingerprint(RefundCharge command) => Fingerprint(["refund", command.Amount?.ToString()]);
    private static string Fingerprint(IEnumerable<string?> parts) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))));
}
