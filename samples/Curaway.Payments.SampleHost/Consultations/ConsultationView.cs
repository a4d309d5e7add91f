namespace Curaway.Payments.SampleHost.Consultations;

/// <summary>A consultation as the API shows it. Nothing here names a provider.</summary>
internal sealed record ConsultationView
{
    public required string Id { get; init; }

    public required ConsultationStatus Status { get; init; }

    public required long AmountCents { get; init; }

    public required string Currency { get; init; }

    public required string CountryOfResidence { get; init; }

    public string? PreferredCurrency { get; init; }

    public required DateTimeOffset StartsAt { get; init; }

    public required int DurationMinutes { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public DateTimeOffset? CancelledAt { get; init; }

    public int? BillableMinutes { get; init; }

    public ChargeView? Charge { get; init; }

    /// <summary>Where the patient pays; only in the answer to <c>schedule</c>, and only while they must.</summary>
    public CheckoutView? Checkout { get; init; }

    /// <summary>Only when the consultation is over.</summary>
    public Settlement? Settlement { get; init; }

    public static ConsultationView Of(Consultation consultation, CheckoutView? checkout = null) => new()
    {
        Id = consultation.Id.Value,
        Status = consultation.Status,
        AmountCents = consultation.Amount.MinorUnits,
        Currency = consultation.Amount.Currency.Code,
        CountryOfResidence = consultation.CountryOfResidence,
        PreferredCurrency = consultation.PreferredCurrency,
        StartsAt = consultation.StartsAt,
        DurationMinutes = consultation.DurationMinutes,
        CreatedAt = consultation.CreatedAt,
        StartedAt = consultation.StartedAt,
        EndedAt = consultation.EndedAt,
        CancelledAt = consultation.CancelledAt,
        BillableMinutes = consultation.BillableMinutes,
        Charge = consultation.Session is { } session
            ? new ChargeView(session.ChargeId.ToString(), session.ChargeStatus, consultation.Amount.MinorUnits, consultation.Amount.Currency.Code)
            : null,
        Checkout = checkout,
        Settlement = consultation.IsOver ? consultation.Session?.Settlement ?? Consultations.Settlement.Done : null,
    };
}

/// <summary>The money of a consultation, without who moves it.</summary>
internal sealed record ChargeView(string Id, ChargeStatus Status, long AmountCents, string Currency);

/// <summary>Where the patient pays, and until when.</summary>
internal sealed record CheckoutView(string Url, DateTimeOffset ExpiresAt);

/// <summary>A page of consultations, newest first.</summary>
/// <param name="Items">At most <c>limit</c> of them.</param>
/// <param name="NextCursor">What to ask for next; null at the end.</param>
internal sealed record ConsultationList(IEnumerable<ConsultationView> Items, string? NextCursor);
