namespace Curaway.Payments.SampleHost.Consultations;

/// <summary>Where a consultation stands. On the wire and in the table: snake_case.</summary>
internal enum ConsultationStatus
{
    /// <summary>Asked for; no money is held and no session row exists.</summary>
    Requested,

    /// <summary>Booked, while the patient pays at checkout.</summary>
    AwaitingPayment,

    /// <summary>Booked, and the money is held.</summary>
    Scheduled,

    /// <summary>The clinician has started it.</summary>
    InSession,

    /// <summary>Over.</summary>
    Ended,

    /// <summary>Called off.</summary>
    Cancelled,
}

/// <summary>What is to become of the money when a consultation is over.</summary>
internal enum SettlementIntent
{
    /// <summary>Take it.</summary>
    Capture,

    /// <summary>Let it go: void if authorized, refund if captured.</summary>
    Release,
}

/// <summary>Whether that has happened.</summary>
internal enum Settlement
{
    /// <summary>The provider confirmed it, or nothing was held.</summary>
    Done,

    /// <summary>The provider could not answer yet; the sweeper and the reconciler finish it.</summary>
    Processing,

    /// <summary>The provider refused; an operator was alerted.</summary>
    Failed,
}

/// <summary>One consultation, as it is stored.</summary>
internal sealed record Consultation
{
    /// <summary>36 characters, version 7: later ids sort later.</summary>
    public required OpaqueId Id { get; init; }

    public required OpaqueId TenantId { get; init; }

    public required string PatientId { get; init; }

    public required ConsultationStatus Status { get; init; }

    public required Money Amount { get; init; }

    /// <summary>ISO 3166 alpha-2 or alpha-3, upper case.</summary>
    public required string CountryOfResidence { get; init; }

    /// <summary>ISO 4217, upper case; null when the patient has none.</summary>
    public string? PreferredCurrency { get; init; }

    public required DateTimeOffset StartsAt { get; init; }

    public required int DurationMinutes { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public DateTimeOffset? CancelledAt { get; init; }

    /// <summary>Whole minutes from start to end; 0 when never started; null until it ended.</summary>
    public int? BillableMinutes { get; init; }

    /// <summary>The session row; null while nothing is booked.</summary>
    public ConsultationSession? Session { get; init; }

    /// <summary>When the session will be over: until then the money must be held.</summary>
    public DateTimeOffset EndsAt => StartsAt.AddMinutes(DurationMinutes);

    public bool IsOver => Status is ConsultationStatus.Ended or ConsultationStatus.Cancelled;
}

/// <summary>The session row of a consultation: it exists if and only if a charge is booked for it.</summary>
/// <param name="ChargeId">The charge.</param>
/// <param name="ChargeStatus">Its status as the observer last heard.</param>
/// <param name="Intent">What is to become of the money; null until the consultation is over.</param>
/// <param name="Settlement">Whether that has happened.</param>
/// <param name="Actor">Who ended or cancelled it.</param>
/// <param name="Reason">Why, as a machine word.</param>
internal sealed record ConsultationSession(
    ChargeId ChargeId, ChargeStatus ChargeStatus, SettlementIntent? Intent, Settlement? Settlement, string? Actor, string? Reason);
