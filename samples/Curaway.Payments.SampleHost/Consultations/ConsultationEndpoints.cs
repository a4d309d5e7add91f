using System.Text.Json;
using Curaway.Payments.SampleHost.Checkout;
using Curaway.Payments.SampleHost.Http;
using Curaway.Payments.SampleHost.Identity;

namespace Curaway.Payments.SampleHost.Consultations;

/// <summary><c>/api/v1/mso/consultations</c>. Another tenant's id, and another patient's, answer exactly like an unknown one.</summary>
internal static class ConsultationEndpoints
{
    private const int ListLimitDefault = 20;
    private const int ListLimitMax = 100;

    public static void MapConsultations(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v1/mso/consultations").WithTags("Consultations");
        group.MapPost("", CreateAsync).RequireAuthorization(Policies.Booking)
            .WithSummary("Asks for a consultation").Produces<ConsultationView>(StatusCodes.Status201Created);
        group.MapGet("", ListAsync).RequireAuthorization(Policies.SignedIn)
            .WithSummary("Consultations, newest first").Produces<ConsultationList>();
        group.MapGet("{id}", ReadAsync).RequireAuthorization(Policies.SignedIn)
            .WithSummary("One consultation").Produces<ConsultationView>();
        group.MapPost("{id}/schedule", ScheduleAsync).RequireAuthorization(Policies.Booking)
            .WithSummary("Holds the money and books the session").Produces<ConsultationView>();
        group.MapPost("{id}/checkout/complete", CompleteCheckoutAsync).RequireAuthorization(Policies.Checkout)
            .WithSummary("Hands in what the checkout page received").Produces<ConsultationView>();
        group.MapPost("{id}/start", StartAsync).RequireAuthorization(Policies.Clinical)
            .WithSummary("Starts the session").Produces<ConsultationView>();
        group.MapPost("{id}/end", EndAsync).RequireAuthorization(Policies.Clinical)
            .WithSummary("Ends the session and settles the money").Produces<ConsultationView>();
        group.MapPost("{id}/cancel", CancelAsync).RequireAuthorization(Policies.Booking)
            .WithSummary("Cancels, and lets the money go").Produces<ConsultationView>();
    }

    private static async Task<IResult> CreateAsync(
        CreateConsultation request, Caller caller, ConsultationStore store, TimeProvider time, CancellationToken ct)
    {
        var now = await store.NowAsync(ct);
        if (ConsultationRequests.Refuse(request, now, out var startsAt) is { } problem)
            return problem;
        var consultation = new Consultation
        {
            Id = OpaqueId.Parse(Guid.CreateVersion7(time.GetUtcNow()).ToString("D")),
            TenantId = caller.TenantId,
            PatientId = caller.Subject,
            Status = ConsultationStatus.Requested,
            Amount = new Money(request.AmountCents!.Value, Currency.Parse(request.Currency!)),
            CountryOfResidence = request.CountryOfResidence!.ToUpperInvariant(),
            PreferredCurrency = request.PreferredCurrency?.ToUpperInvariant(),
            StartsAt = startsAt,
            DurationMinutes = request.DurationMinutes ?? ConsultationRequests.DurationMinutesDefault,
            CreatedAt = now,
        };
        await store.InsertAsync(consultation, ct);
        return Results.Created("/api/v1/mso/consultations/" + consultation.Id, ConsultationView.Of(consultation));
    }

    private static async Task<IResult> ListAsync(
        string? status, string? limit, string? cursor, Caller caller, ConsultationStore store, CancellationToken ct)
    {
        var wanted = ConsultationStatus.Requested;
        var countMax = ListLimitDefault;
        var errors = new FieldErrors();
        errors.Require(status is null || WireName.TryParse(status, out wanted), "status");
        errors.Require(limit is null || (int.TryParse(limit, out countMax) && countMax is >= 1 and <= ListLimitMax), "limit");
        errors.Require(cursor is null || Guid.TryParseExact(cursor, "D", out _), "cursor");
        if (errors.Any)
            return Problem.Validation(errors);

        var found = await store.ListAsync(caller.TenantId, caller.OnlyPatientId, status is null ? null : wanted, cursor, countMax + 1, ct);
        var page = found.Take(countMax).ToList();
        return Results.Ok(new ConsultationList(
            page.Select(consultation => ConsultationView.Of(consultation)), found.Count > countMax ? page[^1].Id.Value : null));
    }

    private static async Task<IResult> ReadAsync(
        string id, Caller caller, ConsultationStore store, ChargeService charges, CancellationToken ct)
    {
        if (await store.FindAsync(caller.TenantId, caller.OnlyPatientId, id, ct) is not { } consultation)
            return Problem.NotFound;
        if (consultation.Session is { } session && await charges.ReadAsync(session.ChargeId, ct) is { } charge)
            consultation = consultation with { Session = session with { ChargeStatus = charge.Status } };
        return Results.Ok(ConsultationView.Of(consultation));
    }

    private static async Task<IResult> ScheduleAsync(
        string id, ScheduleConsultation? request, Caller caller, ConsultationStore store, ConsultationBooking booking, CancellationToken ct) =>
        await store.FindAsync(caller.TenantId, caller.OnlyPatientId, id, ct) is { } consultation
            ? await booking.ScheduleAsync(consultation, request ?? new ScheduleConsultation(), caller, ct)
            : Problem.NotFound;

    private static async Task<IResult> CompleteCheckoutAsync(
        string id, Dictionary<string, JsonElement>? proof, Caller caller, HttpContext context, ConsultationStore store,
        ConsultationBooking booking, CancellationToken ct)
    {
        // A checkout token is good for its own consultation only.
        if (context.User.FindFirst(CheckoutTokenAuthentication.ConsultationClaim) is { } claim && claim.Value != id)
            return Problem.NotFound;
        if (await store.FindAsync(caller.TenantId, caller.OnlyPatientId, id, ct) is not { } consultation)
            return Problem.NotFound;
        var fields = new Dictionary<string, string>();
        var errors = new FieldErrors();
        errors.Require(proof is null or { Count: <= CheckoutProof.FieldCountMax }, "proof");
        foreach (var (name, value) in proof ?? [])
        {
            errors.Require(value.ValueKind == JsonValueKind.String && value.GetString()!.Length <= CheckoutProof.FieldLengthMax, "proof");
            if (errors.Any)
                return Problem.Validation(errors);
            fields[name] = value.GetString()!;
        }

        return errors.Any ? Problem.Validation(errors) : await booking.CompleteCheckoutAsync(consultation, new CheckoutProof(fields), caller, ct);
    }

    private static async Task<IResult> StartAsync(string id, Caller caller, ConsultationStore store, CancellationToken ct)
    {
        if (await store.FindAsync(caller.TenantId, caller.OnlyPatientId, id, ct) is not { } consultation)
            return Problem.NotFound;
        if (consultation.Status is ConsultationStatus.Requested or ConsultationStatus.AwaitingPayment)
            return new Problem(ErrorCodes.PaymentRequired);
        if (consultation.Status == ConsultationStatus.Scheduled)
        {
            await store.StartAsync(consultation.Id, ct);
            consultation = await store.FindAsync(caller.TenantId, null, id, ct) ?? consultation;
        }

        return consultation.Status == ConsultationStatus.InSession ? Results.Ok(ConsultationView.Of(consultation)) : Problem.StateConflict;
    }

    private static async Task<IResult> EndAsync(
        string id, EndConsultation? request, Caller caller, ConsultationStore store, ConsultationClosing closing, CancellationToken ct)
    {
        if (await store.FindAsync(caller.TenantId, caller.OnlyPatientId, id, ct) is not { } consultation)
            return Problem.NotFound;
        DateTimeOffset? endedAt = null;
        if (request?.EndedAt is { } text)
        {
            if (!ConsultationRequests.TryParseTime(text, out var time))
                return Problem.Validation("ended_at");
            endedAt = time;
        }

        return await closing.EndAsync(consultation, endedAt, caller, ct);
    }

    private static async Task<IResult> CancelAsync(
        string id, CancelConsultation? request, Caller caller, ConsultationStore store, ConsultationClosing closing, CancellationToken ct)
    {
        if (await store.FindAsync(caller.TenantId, caller.OnlyPatientId, id, ct) is not { } consultation)
            return Problem.NotFound;
        return request?.Reason is { } reason && !ConsultationRequests.IsReason(reason)
            ? Problem.Validation("reason")
            : await closing.CancelAsync(consultation, request?.Reason, caller, ct);
    }
}
