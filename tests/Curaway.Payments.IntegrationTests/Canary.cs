using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Curaway.Payments.IntegrationTests;

/// <summary>A patient, a doctor and a diagnosis that must turn up nowhere, and eyes for every place where they could.</summary>
internal static class Canary
{
    public const string Patient = "Jane Canary";
    public const string Address = "jane.canary@example.org";
    public const string Telephone = "+44 20 7946 0958";
    public const string Doctor = "Dr Finch Canary";
    public const string Diagnosis = "F32.1 canary depression";
    public const string Everything = $"{Patient}, {Address}, {Telephone}, {Doctor}: {Diagnosis}";

    // Also as a URL, a form or JSON would write them.
    private static readonly string[] Marks = ["canary", "7946 0958", "79460958", "7946+0958", "7946%200958", "F32.1"];

    public static bool IsIn(string? text) => text is not null && Marks.Any(mark => text.Contains(mark, StringComparison.OrdinalIgnoreCase));

    /// <summary>Every <c>table.column</c> of a SQLite file that holds a canary.</summary>
    public static async Task<IReadOnlyList<string>> ColumnsWithAsync(string path, CancellationToken ct)
    {
        await using var connection = new SqliteConnection($"Data Source={path};Pooling=False;Default Timeout=30");
        await connection.OpenAsync(ct);
        var hits = new List<string>();
        foreach (var column in await ReadAsync(
            connection, "SELECT m.name || '.' || c.name FROM sqlite_master m JOIN pragma_table_xinfo(m.name) c WHERE m.type = 'table'", ct))
        {
            var (table, name) = (column.Split('.')[0], column.Split('.')[1]);
            var like = string.Join(" OR ", Marks.Select(mark => $"CAST(\"{name}\" AS TEXT) LIKE '%{mark}%'"));
            if ((await ReadAsync(connection, $"SELECT count(*) FROM \"{table}\" WHERE {like}", ct))[0] != "0")
                hits.Add(column);
        }

        return hits;
    }

    private static async Task<List<string>> ReadAsync(SqliteConnection connection, string sql, CancellationToken ct)
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The names come from the schema, the marks from above.
        command.CommandText = sql;
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync(ct);
        var rows = new List<string>();
        while (await reader.ReadAsync(ct))
            rows.Add(reader.GetValue(0).ToString()!);
        return rows;
    }
}

/// <summary>Remembers every span of every source in this process, with all that it carries.</summary>
internal sealed class SpanRecorder : IDisposable
{
    private readonly ActivityListener _listener;

    public SpanRecorder()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => Spans.Enqueue((activity.Source.Name, Describe(activity))),
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public ConcurrentQueue<(string Source, string Text)> Spans { get; } = new();

    public void Dispose() => _listener.Dispose();

    private static string Describe(Activity activity) => string.Join(
        ' ',
        [
            activity.OperationName, activity.DisplayName, activity.StatusDescription,
            .. activity.TagObjects.Select(tag => $"{tag.Key}={tag.Value}"),
            .. activity.Events.SelectMany(told => told.Tags.Select(tag => $"{told.Name} {tag.Key}={tag.Value}")),
        ]);
}

/// <summary>Remembers every line that is logged, at every level, of every category, with its values and scopes.</summary>
[ProviderAlias("Recorder")]
internal sealed class LogRecorder : ILoggerProvider
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public ILogger CreateLogger(string categoryName) => new Line(categoryName, Lines);

    public void Dispose()
    {
    }

    private sealed class Line(string category, ConcurrentQueue<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            lines.Enqueue($"{category} scope {Describe(state)}");
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue($"{category} {logLevel} {formatter(state, exception)} {Describe(state)} {exception}");

        private static string Describe(object? state) => state is IEnumerable<KeyValuePair<string, object?>> pairs
            ? string.Join(' ', pairs.Select(pair => $"{pair.Key}={pair.Value}"))
            : state?.ToString() ?? "";
    }
}
