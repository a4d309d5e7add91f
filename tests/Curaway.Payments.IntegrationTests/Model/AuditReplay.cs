using System.Data.Common;

namespace Curaway.Payments.IntegrationTests.Model;

/// <summary>
/// Reads the audit log from its first row and arrives at every charge's status, or says where the thread breaks. Plain SQL that
/// PostgreSQL and SQLite both understand; reads only.
/// </summary>
public static class AuditReplay
{
    private const string LogSql =
        """
        SELECT CAST(charge_id AS text), from_status, to_status, actor_id, source, action FROM audit_log
        WHERE charge_id IS NOT NULL AND source <> 'manual' ORDER BY id
        """;

    private const string ChargeSql = "SELECT CAST(id AS text), charge_status FROM consultation_charges";

    private const string TransitionSql = "SELECT CAST(charge_id AS text), from_status, to_status FROM charge_transitions ORDER BY id";

    /// <summary>Every breach, in words; empty when the log tells each charge's whole life, each change of status exactly once.</summary>
    public static async Task<IReadOnlyList<string>> FindBreachesAsync(DbConnection connection, CancellationToken ct)
    {
        var log = await ReadAsync(connection, LogSql, ct);
        var transitions = (await ReadAsync(connection, TransitionSql, ct)).ToLookup(row => row[0]);
        var ends = (await ReadAsync(connection, ChargeSql, ct)).ToDictionary(row => row[0]!, row => row[1]);
        var entries = log.ToLookup(row => row[0]);
        var breaches = new List<string>();
        breaches.AddRange(entries.Where(group => !ends.ContainsKey(group.Key!)).Select(group => $"{group.Key}: audited, and there is no such charge"));
        foreach (var (id, end) in ends)
        {
            breaches.AddRange(BreachesOf([.. entries[id]], end).Select(breach => $"{id}: {breach}"));
            var audited = entries[id].Where(row => row[5] != "drift" && row[1] != row[2]).Select(row => $"{row[1]} > {row[2]}");
            var told = transitions[id].Select(row => $"{row[1]} > {row[2]}");
            if (!audited.SequenceEqual(told))
                breaches.Add($"{id}: audited [{string.Join(", ", audited)}], transitions [{string.Join(", ", told)}]");
        }

        return breaches;
    }

    private static IEnumerable<string> BreachesOf(List<string?[]> entries, string? end)
    {
        string? status = null;
        foreach (var entry in entries)
        {
            var (from, to, isDrift) = (entry[1], entry[2], entry[5] == "drift");
            if (string.IsNullOrEmpty(entry[3]) || string.IsNullOrEmpty(entry[4]))
                yield return $"{entry[5]} names no actor or no source";
            // A drift row says what somebody wrote by hand, and what the facts say.
            if (!isDrift && from != status)
                yield return $"{entry[5]} continues from {from ?? "nothing"}, but the row before it ended in {status ?? "nothing"}";
            status = isDrift ? status : to;
        }

        if (status != end)
            yield return $"the log ends in {status ?? "nothing"}, the row says {end}";
    }

    private static async Task<List<string?[]>> ReadAsync(DbConnection connection, string sql, CancellationToken ct)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await using var reader = await command.ExecuteReaderAsync(ct);
        var rows = new List<string?[]>();
        while (await reader.ReadAsync(ct))
            rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(index => reader.IsDBNull(index) ? null : reader.GetString(index))]);
        return rows;
    }
}
