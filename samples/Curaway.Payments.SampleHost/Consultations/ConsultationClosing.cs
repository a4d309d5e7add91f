using Curaway.Payments.SampleHost.Http;
using Curaway.Payments.SampleHost.Identity;
using Curaway.Payments.SampleHost.Tenants;

namespace Curaway.Payments.SampleHost.Consultations;

/// <summary>Ends and cancels: the clinical state commits first, the money follows. Of end and cancel at once, one wins.</summary>
internal sealed class ConsultationClosing(ConsultationStore consultations, ConsultationSettlement settlement, TenantSettingsStore tenants)
{
    /// <summary>How often the state is read again when it moved between the read and the write.</summary>
    private const int AttemptCountMax = 3;

    public Task<IResult> EndAsync(Consultation consultation, DateTimeOffset? endedAt, Caller caller, CancellationToken ct) =>
        CloseAsync(consultation, ConsultationStatus.Ended, before => PrepareEndAsync(before, endedAt, caller, ct), ct);

    public Task<IResult> CancelAsync(Consultation consultation, string? note, Caller caller, CancellationToken ct) =>
        CloseAsync(consultation, ConsultationStatus.Cancelled, before => PrepareCancelAsync(before, note, caller, ct), ct);

    private async Task<IResult> CloseAsync(
        Consultation consultation, ConsultationStatus target, Func<Consultation, Task<Closing>> prepare, CancellationToken ct)
    {
        for (var attempt = 1; attempt <= AttemptCountMax; attempt++)
        {
            if (consultation.Status == target)
                return Results.Ok(ConsultationView.Of(consultation));
            var closing = await prepare(consultation);
            if (closing.Refusal is { } refusal)
                return refusal;
            var isWinner = await consultations.CloseAsync(consultation, closing.After!, closing.Order!, ct);
            consultation = await ReadAgainAsync(consultation);
            if (!isWinner)
                continue;
            if (consultation.Session is { } session)
                await settlement.SettleAsync(session.ChargeId, closing.Order!);
            return Results.Ok(ConsultationView.Of(await ReadAgainAsync(consultation)));
        }

        return Problem.StateConflict;
    }

    private async Task<Closing> PrepareEndAsync(Consultation before, DateTimeOffset? asked, Caller caller, CancellationToken ct)
    {
        if (before.Status == ConsultationStatus.AwaitingPayment)
            return new Closing(new Problem(ErrorCodes.PaymentRequired));
        if (before.Status is not (ConsultationStatus.Scheduled or ConsultationStatus.InSession))
            return new Closing(Problem.StateConflict);
        var now = await consultations.NowAsync(ct);
        var endedAt = asked ?? now;
        if (endedAt > now || endedAt < (before.StartedAt ?? before.CreatedAt))
            return new Closing(Problem.Validation("ended_at"));

        var minutes = before.StartedAt is { } startedAt ? (int)(endedAt - startedAt).TotalMinutes : 0;
        var settings = await tenants.ReadAsync(before.TenantId, ct);
        var order = minutes < settings.MsoMinBillableMinutes
            ? new SettlementOrder(SettlementIntent.Release, caller.Subject, "below_min_billable_minutes")
            : new SettlementOrder(SettlementIntent.Capture, caller.Subject, "session_ended");
        return new Closing(before with { Status = ConsultationStatus.Ended, EndedAt = endedAt, BillableMinutes = minutes }, order);
    }

    /// <summary>Before the session anybody of the booking may cancel; a session under way only an admin, or a patient could leave unbilled.</summary>
    private async Task<Closing> PrepareCancelAsync(Consultation before, string? note, Caller caller, CancellationToken ct)
    {
        if (before.Status == ConsultationStatus.Ended || (before.Status == ConsultationStatus.InSession && caller.Role != Role.Admin))
            return new Closing(Problem.StateConflict);
        var reason = caller.Role == Role.Admin ? "canceled_by_clinic" : "canceled_by_patient";
        return new Closing(
            before with { Status = ConsultationStatus.Cancelled, CancelledAt = await consultations.NowAsync(ct) },
            new SettlementOrder(SettlementIntent.Release, caller.Subject, reason, note));
    }

    private async Task<Consultation> ReadAgainAsync(Consultation consultation) =>
        await consultations.FindAsync(consultation.TenantId, null, consultation.Id.Value, CancellationToken.None)
        ?? throw new InvalidOperationException("A consultation is never deleted.");

    /// <summary>The next state and what becomes of the money, or why not.</summary>
    private sealed record Closing(Consultation? After, SettlementOrder? Order, Problem? Refusal)
    {
        public Closing(Consultation after, SettlementOrder order)
            : this(after, order, null)
        {
        }

        public Closing(Problem refusal)
            : this(null, null, refusal)
        {
        }
    }
}
