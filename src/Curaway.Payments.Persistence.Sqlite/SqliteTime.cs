using System.Globalization;

namespace Curaway.Payments.Sqlite;

/// <summary>Times as UTC text of one width with microseconds, as precise as PostgreSQL's, so that they sort as text.</summary>
internal static class SqliteTime
{
    public static string Write(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    /// <summary>Also reads what SQLite's own <c>datetime('now')</c> writes, because operators do.</summary>
    public static DateTimeOffset Read(string text) => DateTimeOffset.Parse(
        text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);
}
