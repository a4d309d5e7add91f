using System.Globalization;
using System.Text.Json.Serialization;
using Curaway.Payments.SampleHost.Http;

namespace Curaway.Payments.SampleHost.Consultations;

/// <summary>Asks for a consultation. Times are text with an offset, such as <c>2026-01-31T09:00:00Z</c>.</summary>
internal sealed record CreateConsultation
{
    /// <summary>Minor units of the currency.</summary>
    [JsonConverter(typeof(AmountConverter))]
    public long? AmountCents { get; init; }

    /// <summary>ISO 4217.</summary>
    public string? Currency { get; init; }

    /// <summary>ISO 3166 alpha-2 or alpha-3.</summary>
    public string? CountryOfResidence { get; init; }

    /// <summary>ISO 4217.</summary>
    public string? PreferredCurrency { get; init; }

    public string? StartsAt { get; init; }

    /// <summary>1 to 480; 30 when left out.</summary>
    public int? DurationMinutes { get; init; }
}

/// <summary>Schedules and pays.</summary>
internal sealed record ScheduleConsultation
{
    /// <summary>Our id of a saved method, charged at once; without it the patient pays at checkout.</summary>
    public string? PaymentMethod { get; init; }

    /// <summary>Whether the patient allows us to keep the method they pay with at checkout.</summary>
    public bool? SaveMethod { get; init; }

    /// <summary>A provider's name; admins only.</summary>
    public string? ExplicitOverride { get; init; }
}

/// <summary>Ends a session.</summary>
/// <param name="EndedAt">When it ended, from its start to now; now when left out.</param>
internal sealed record EndConsultation(string? EndedAt);

/// <summary>Cancels.</summary>
/// <param name="Reason">Why, in at most 200 characters; stays with us.</param>
internal sealed record CancelConsultation(string? Reason);

/// <summary>Turns requests into what they mean, or names the fields that mean nothing.</summary>
internal static class ConsultationRequests
{
    public const int DurationMinutesDefault = 30;
    private const int ReasonLengthMax = 200;
    private const int DurationMinutesMax = 480;

    /// <summary>Above the largest amount a provider documents, and small enough that sums never overflow.</summary>
    private const long AmountMax = CurrencyRules.ProviderAmountMax;

    private static readonly TimeSpan StartsAheadMax = TimeSpan.FromDays(366);

    /// <summary>How late a patient may book a slot that has begun; also forgives a clock that is fast.</summary>
    private static readonly TimeSpan StartsAgoMax = TimeSpan.FromHours(1);

    private static readonly string[] TimeFormats = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK"];

    public static Problem? Refuse(CreateConsultation request, DateTimeOffset now, out DateTimeOffset startsAt)
    {
        var errors = new FieldErrors();
        errors.Require(request.AmountCents is not null, "amount_cents");
        errors.Require(request.Currency is { Length: > 0 }, "currency");
        errors.Require(IsCountry(request.CountryOfResidence), "country_of_residence");
        errors.Require(
            TryParseTime(request.StartsAt, out startsAt) && startsAt > now - StartsAgoMax && startsAt < now + StartsAheadMax, "starts_at");
        errors.Require(request.DurationMinutes is null or (>= 1 and <= DurationMinutesMax), "duration_minutes");
        if (errors.Any)
            return Problem.Validation(errors);
        if (!Currency.TryParse(request.Currency, out _) || (request.PreferredCurrency is { } preferred && !Currency.TryParse(preferred, out _)))
            return new Problem(ErrorCodes.CurrencyUnsupported);
        return request.AmountCents is < 1 or > AmountMax ? new Problem(ErrorCodes.AmountInvalid) : null;
    }

    /// <summary>Only text with an offset is a time: without one it would mean the server's.</summary>
    public static bool TryParseTime(string? text, out DateTimeOffset time)
    {
        time = default;
        if (!DateTime.TryParseExact(text, TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var read)
            || (read.Kind == DateTimeKind.Unspecified)
            || !DateTimeOffset.TryParseExact(text, TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.None, out var parsed))
        {
            return false;
        }

        time = Data.DbText.ToMilliseconds(parsed);
        return true;
    }

    /// <summary>Text as a person writes it: not too long, and no NUL, which no PostgreSQL column takes.</summary>
    public static bool IsReason(string text) => text.Length <= ReasonLengthMax && !text.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t'));

    private static bool IsCountry(string? text) => text is { Length: 2 or 3 } && text.All(char.IsAsciiLetter);
}
