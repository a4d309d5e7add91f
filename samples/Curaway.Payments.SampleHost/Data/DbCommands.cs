using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Curaway.Payments.SampleHost.Data;

/// <summary>ADO.NET in one line: constant SQL, named parameters, nothing else.</summary>
internal static class DbCommands
{
    public static async Task<int> ExecuteAsync(
        this DbConnection connection, [ConstantExpected] string sql, CancellationToken ct, params (string Name, object? Value)[] parameters)
    {
        await using var command = Command(connection, null, sql, parameters);
        return await command.ExecuteNonQueryAsync(ct);
    }

    public static async Task<int> ExecuteAsync(
        this DbTransaction transaction, [ConstantExpected] string sql, CancellationToken ct, params (string Name, object? Value)[] parameters)
    {
        await using var command = Command(ConnectionOf(transaction), transaction, sql, parameters);
        return await command.ExecuteNonQueryAsync(ct);
    }

    public static async Task<List<T>> QueryAsync<T>(
        this DbConnection connection, [ConstantExpected] string sql, Func<DbDataReader, T> read, CancellationToken ct,
        params (string Name, object? Value)[] parameters)
    {
        await using var command = Command(connection, null, sql, parameters);
        return await ReadAllAsync(command, read, ct);
    }

    public static async Task<List<T>> QueryAsync<T>(
        this DbTransaction transaction, [ConstantExpected] string sql, Func<DbDataReader, T> read, CancellationToken ct,
        params (string Name, object? Value)[] parameters)
    {
        await using var command = Command(ConnectionOf(transaction), transaction, sql, parameters);
        return await ReadAllAsync(command, read, ct);
    }

    /// <summary>The database's time, UTC, in whole milliseconds.</summary>
    public static async Task<DateTimeOffset> NowAsync(this DbConnection connection, CancellationToken ct) =>
        DbText.ToMilliseconds((await connection.QueryAsync("SELECT payments_now() AS now", row => row.Time("now"), ct))[0]);

    /// <summary>The database's time, UTC, in whole milliseconds.</summary>
    public static async Task<DateTimeOffset> NowAsync(this DbTransaction transaction, CancellationToken ct) =>
        DbText.ToMilliseconds((await transaction.QueryAsync("SELECT payments_now() AS now", row => row.Time("now"), ct))[0]);

    public static string Text(this DbDataReader reader, string column) => reader.GetString(reader.GetOrdinal(column));

    public static string? TextOrNull(this DbDataReader reader, string column) =>
        reader.GetOrdinal(column) is var ordinal && reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);

    public static long Number(this DbDataReader reader, string column) => reader.GetInt64(reader.GetOrdinal(column));

    public static long? NumberOrNull(this DbDataReader reader, string column) =>
        reader.GetOrdinal(column) is var ordinal && reader.IsDBNull(ordinal) ? null : reader.GetInt64(ordinal);

    public static bool Flag(this DbDataReader reader, string column) => reader.GetBoolean(reader.GetOrdinal(column));

    public static bool? FlagOrNull(this DbDataReader reader, string column) =>
        reader.IsDBNull(reader.GetOrdinal(column)) ? null : reader.Flag(column);

    /// <summary>An id as text, whatever the database keeps it as.</summary>
    public static string Id(this DbDataReader reader, string column) =>
        reader.IdOrNull(column) ?? throw new InvalidOperationException($"{column} is null.");

    /// <summary>An id as text, whatever the database keeps it as.</summary>
    public static string? IdOrNull(this DbDataReader reader, string column) => reader.GetValue(reader.GetOrdinal(column)) switch
    {
        DBNull => null,
        string text => text,
        var id => string.Create(CultureInfo.InvariantCulture, $"{id}"),
    };

    public static DateTimeOffset Time(this DbDataReader reader, string column) =>
        reader.TimeOrNull(column) ?? throw new InvalidOperationException($"{column} is null.");

    public static DateTimeOffset? TimeOrNull(this DbDataReader reader, string column) => reader.GetValue(reader.GetOrdinal(column)) switch
    {
        DBNull => null,
        DateTime time => new DateTimeOffset(time, TimeSpan.Zero),
        var text => DbText.ToTime((string)text),
    };

    private static async Task<List<T>> ReadAllAsync<T>(DbCommand command, Func<DbDataReader, T> read, CancellationToken ct)
    {
        await using var reader = await command.ExecuteReaderAsync(ct);
        var rows = new List<T>();
        while (await reader.ReadAsync(ct))
            rows.Add(read(reader));
        return rows;
    }

    private static DbConnection ConnectionOf(DbTransaction transaction) =>
        transaction.Connection ?? throw new InvalidOperationException("The transaction has ended.");

    private static DbCommand Command(DbConnection connection, DbTransaction? transaction, string sql, (string Name, object? Value)[] parameters)
    {
        var command = connection.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // Every caller passes a constant: the parameter is marked ConstantExpected.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = (value, connection) switch
            {
                (null, _) => DBNull.Value,
                (DateTimeOffset time, SqliteConnection) => DbText.Of(time),
                (Guid id, SqliteConnection) => id.ToString("D"),
                (DateTimeOffset time, _) => time.ToUniversalTime(),
                _ => value,
            };
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
