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
    TestPaymentMethods tests, SavedMethodStore saved, SavedMethods methods, IEnumerable<IPaymentProvider> providers, IEnumerable<IRoutingRule> rules)
{
    public async Task<IResult> ScheduleAsync(Consultation consultation, ScheduleConsultation request, Caller caller, CancellationToken ct)
    {
        // Whether a card is kept, and whether a kept one pays, is the patient's word only.
        var isPatient = caller.Subject == consultation.PatientId;
        if ((request.ExplicitOverride is not null && caller.Role != Role.Admin) || (request.SaveMethod == true && !isPatient))
            return new Problem(ErrorCodes.Forbidden);
        var settings = await tenants.ReadAsync(consultation.TenantId, ct);
        if (!settings.MsoVideoEnabled)
            return new Problem(ErrorCodes.Disabled);
        var errors = new FieldErrors();
        errors.Require(
            request.PaymentMethod is null || tests.Find(request.PaymentMethod) is not null || Guid.TryParseExact(request.PaymentMethod, "D", out _),
            "payment_method");
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
        if (await MethodsOfAsync(consultation, request.PaymentMethod, caller, ct) is not { } payWith)
            return new Problem(ErrorCodes.NotFound) { Fields = ["payment_method"] };
        var routing = new RoutingContext
        {
            TenantId = consultation.TenantId,
            ExplicitOverride = request.ExplicitOverride,
            TenantProvider = settings.PaymentsProvider,
            DataResidencyRegion = settings.DataResidencyRegion,
            PreferredCurrency = consultation.PreferredCurrency,
            CountryOfResidence = consultation.CountryOfResidence,
        };
        var keeps = request is { SaveMethod: true, PaymentMethod: null };
        var (customer, unavailable) = keeps
            ? await methods.CustomerForAsync(consultation.TenantId, consultation.PatientId, ProviderFor(routing), ct)
            : default;
        if (unavailable is not null)
            return unavailable;
        var command = new AuthorizeCharge
        {
            TenantId = consultation.TenantId,
            ConsultationId = consultation.Id,
            Amount = consultation.Amount,
            CaptureBy = consultation.EndsAt,
            ActorId = caller.Subject,
            PaymentMethods = payWith,
            SaveFor = customer is { Customer: { } atProvider } ? new VaultCustomer(customer.Provider, atProvider, customer.Account) : null,
            Routing = routing,
            OnBooked = async (transaction, charge, token) =>
            {
                if (!await ConsultationStore.BookAsync(transaction, consultation, charge, token))
                    throw new ConsultationGoneException();
                if (customer is not null)
                    await SavedMethodStore.ExpectAsync(transaction, charge.Id, customer, token);
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

    /// <summary>What the engine is given for the id; null for an id that is not this patient's own.</summary>
    private async Task<ImmutableArray<SavedPaymentMethod>?> MethodsOfAsync(Consultation consultation, string? id, Caller caller, CancellationToken ct)
    {
        if (id is null)
            return [];
        if (tests.Find(id) is { } test)
            return test;
        return caller.Subject == consultation.PatientId && await saved.FindAsync(consultation.TenantId, caller.Subject, id, ct) is { } method
            ? [method]
            : null;
    }

    /// <summary>Where the rules will send the charge; null when none of them chooses.</summary>
    private string? ProviderFor(RoutingContext context) =>
        rules.Select(rule => rule.Evaluate(context).Provider).FirstOrDefault(provider => provider is not null);

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
