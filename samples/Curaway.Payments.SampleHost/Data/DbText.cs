using System.Globalization;

namespace Curaway.Payments.SampleHost.Data;

/// <summary>Times as SQLite keeps them and as our JSON shows them, text that sorts: <c>yyyy-MM-ddTHH:mm:ss.fffZ</c>, always UTC.</summary>
internal static class DbText
{
    private const string Format = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    public static string Of(DateTimeOffset time) => time.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture);

    /// <summary>Also reads the store's microseconds.</summary>
    public static DateTimeOffset ToTime(string text) =>
        DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);

    public static DateTimeOffset ToMilliseconds(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);
}
