using System.Collections.Immutable;
using Curaway.Payments.SampleHost.Checkout;
using Curaway.Payments.SampleHost.Http;
using Curaway.Payments.SampleHost.Identity;
using Curaway.Payments.SampleHost.PaymentMethods;
using Curaway.Payments.SampleHost.Tenants;

namespace Curaway.Payments.SampleHost.Consultations;

/// <summary>Schedules a consultation: holds the money and writes the session row, both or neither.</summary>
internal sealed class ConsultationBooking(
    ChargeService charges, ConsultationStore consultations, CheckoutTokens tokens, TenantSettingsStore tenants,
    TestPaymentMethods methods, IEnumerable<IPaymentProvider> providers)
{
    public async Task<IResult> ScheduleAsync(Consultation consultation, ScheduleConsultation request, Caller caller, CancellationToken ct)
    {
        if (request.ExplicitOverride is not null && caller.Role != Role.Admin)
            return new Problem(ErrorCodes.Forbidden);
        var settings = await tenants.ReadAsync(consultation.TenantId, ct);
        if (!settings.MsoVideoEnabled)
            return new Problem(ErrorCodes.Disabled);
        var errors = new FieldErrors();
        errors.Require(request.PaymentMethod is null || methods.Find(request.PaymentMethod) is not null, "payment_method");
        errors.Require(request.ExplicitOverride is null || providers.Any(provider => provider.Name == request.ExplicitOverride), "explicit_override");
        if (errors.Any)
            return Problem.Validation(errors);

        if (consultation.Status == ConsultationStatus.Requested)
        {
            if (await AuthorizeAsync(consultation, request, settings, caller, ct) is { } problem)
                return problem;
            consultation = await ReadAgainAsync(consultation, ct);
        }

        return await AnswerAsync(consultation, ct);
    }

    /// <summary>What checkout brought back. A consultation that is paid already answers as it stands, whoever reported the money.</summary>
    public async Task<IResult> CompleteCheckoutAsync(Consultation consultation, CheckoutProof proof, Caller caller, CancellationToken ct)
    {
        if (consultation.Status is ConsultationStatus.Scheduled or ConsultationStatus.InSession or ConsultationStatus.Ended)
            return Results.Ok(ConsultationView.Of(consultation));
        if (consultation is not { Status: ConsultationStatus.AwaitingPayment, Session: { } session })
            return Problem.StateConflict;

        var result = await charges.CompleteCheckoutAsync(new CompleteCheckout(session.ChargeId, proof, caller.Subject), ct);
        if (!result.IsSuccess)
            return Problem.Of(result);
        await consultations.ObserveAsync(session.ChargeId, result.Charge!.Status, CancellationToken.None);
        return Results.Ok(ConsultationView.Of(await ReadAgainAsync(consultation, ct)));
    }

    private async Task<Problem?> AuthorizeAsync(
        Consultation consultation, ScheduleConsultation request, TenantSettings settings, Caller caller, CancellationToken ct)
    {
        var command = new AuthorizeCharge
        {
            TenantId = consultation.TenantId,
            ConsultationId = consultation.Id,
            Amount = consultation.Amount,
            CaptureBy = consultation.EndsAt,
            ActorId = caller.Subject,
            PaymentMethods = request.PaymentMethod is { } id ? methods.Find(id) ?? [] : ImmutableArray<SavedPaymentMethod>.Empty,
            Routing = new RoutingContext
            {
                TenantId = consultation.TenantId,
                ExplicitOverride = request.ExplicitOverride,
                TenantProvider = settings.PaymentsProvider,
                DataResidencyRegion = settings.DataResidencyRegion,
                PreferredCurrency = consultation.PreferredCurrency,
                CountryOfResidence = consultation.CountryOfResidence,
            },
            OnBooked = async (transaction, charge, token) =>
            {
                if (!await ConsultationStore.BookAsync(transaction, consultation, charge, token))
                    throw new ConsultationGoneException();
            },
        };
        try
        {
            var result = await charges.AuthorizeAsync(command, ct);
            return result.IsSuccess ? null : Problem.Of(result);
        }
        catch (ConsultationGoneException)
        {
            return Problem.StateConflict;
        }
    }

    private async Task<IResult> AnswerAsync(Consultation consultation, CancellationToken ct)
    {
        if (consultation is not { Status: ConsultationStatus.Scheduled or ConsultationStatus.AwaitingPayment, Session: { } session })
            return Problem.StateConflict;
        if (consultation.Status == ConsultationStatus.Scheduled)
            return Results.Ok(ConsultationView.Of(consultation));
        var charge = await charges.FindAsync(session.ChargeId, ct) ?? throw new InvalidOperationException("A session row without its charge.");
        return Results.Ok(ConsultationView.Of(consultation, await tokens.IssueAsync(consultation, charge, ct)));
    }

    private async Task<Consultation> ReadAgainAsync(Consultation consultation, CancellationToken ct) =>
        await consultations.FindAsync(consultation.TenantId, null, consultation.Id.Value, ct)
        ?? throw new InvalidOperationException("A consultation is never deleted.");

    /// <summary>Called off while its money was being authorized: the engine undoes the booking and releases the money.</summary>
    private sealed class ConsultationGoneException : Exception;
}
