using System.Globalization;
using System.Text.Json;

namespace Curaway.Payments.Benchmarks;

/// <summary>
/// The rows we write for one event, learned from the database after one was told, as one SQL statement for pgbench: control B
/// writes what we write, whatever that comes to be.
/// </summary>
internal static class LearnedRows
{
    private const string Index = ":i";

    /// <param name="database">A database of ours in which the event has had its effect.</param>
    /// <param name="number">The event's number.</param>
    /// <param name="before">The charge's row before it, by <see cref="ChargeAsync"/>.</param>
    public static async Task<string> StatementAsync(BenchDatabase database, long number, JsonElement before)
    {
        var id = $"'{BenchEvents.ChargeIdPrefix}{number}'";
        string[] inserts =
        [
            .. await InsertsAsync(database, number, "webhook_events", $"provider_event_id = '{BenchEvents.EventIdPrefix}{number}'"),
            .. await InsertsAsync(database, number, "charge_payments", $"charge_id = {id}"),
            .. await InsertsAsync(database, number, "charge_transitions", $"charge_id = {id}"),
            .. await InsertsAsync(database, number, "audit_log", $"charge_id = {id} AND source = 'webhook'"),
        ];
        var types = await TypesAsync(database, "consultation_charges");
        var after = await ChargeAsync(database, number);
        var changes = after.EnumerateObject()
            .Where(column => types.ContainsKey(column.Name) && before.GetProperty(column.Name).ToString() != column.Value.ToString())
            .Select(column => $"{column.Name} = {Value(column.Value, types[column.Name], number)}");
        var parts = inserts.Select((insert, i) => $"row{i} AS ({insert})")
            .Append($"charge AS (UPDATE consultation_charges SET {string.Join(", ", changes)} WHERE id = ('{BenchEvents.ChargeIdPrefix}' || {Index})::uuid)");
        return $"WITH {string.Join(", ", parts)} SELECT 1;";
    }

    public static async Task<JsonElement> ChargeAsync(BenchDatabase database, long number) => JsonSerializer.Deserialize<JsonElement>(
        (await database.ScalarAsync($"SELECT row_to_json(c)::text FROM consultation_charges c WHERE id = '{BenchEvents.ChargeIdPrefix}{number}'"))!.ToString()!);

    private static async Task<List<string>> InsertsAsync(BenchDatabase database, long number, string table, string where)
    {
        var types = await TypesAsync(database, table);
        var rows = await database.ListAsync($"SELECT row_to_json(t)::text FROM {table} t WHERE {where}");
        return rows.ConvertAll(row =>
        {
            var columns = JsonSerializer.Deserialize<JsonElement>(row).EnumerateObject()
                .Where(column => types.ContainsKey(column.Name) && column.Value.ValueKind != JsonValueKind.Null).ToList();
            var values = columns.Select(column => column.Name == "id"
                ? $"('01999999-0000-7000-8000-' || {Index})::uuid"
                : Value(column.Value, types[column.Name], number));
            return $"INSERT INTO {table} ({string.Join(", ", columns.Select(column => column.Name))}) VALUES ({string.Join(", ", values)}) ON CONFLICT DO NOTHING";
        });
    }

    /// <summary>The columns that are written, with their types.</summary>
    private static async Task<Dictionary<string, string>> TypesAsync(BenchDatabase database, string table) => (await database.ListAsync(
        $"""
        SELECT column_name || ' ' || data_type FROM information_schema.columns
        WHERE table_name = '{table}' AND is_identity = 'NO' AND is_generated = 'NEVER'
        """)).Select(column => column.Split(' ', 2)).ToDictionary(column => column[0], column => column[1]);

    private static string Value(JsonElement value, string type, long number)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return "NULL";
        if (type.StartsWith("timestamp", StringComparison.Ordinal))
            return "now()";
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        var parts = text.Split(number.ToString(CultureInfo.InvariantCulture)).Select(Literal);
        return $"({string.Join($" || {Index} || ", parts)})::{type}";
    }

    // pgbench takes a colon and a word for a variable, also inside quotes.
    private static string Literal(string text) => "U&'" + text
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal).Replace(":", "\\003a", StringComparison.Ordinal) + "'";
}
