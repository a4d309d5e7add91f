using Npgsql;

namespace Curaway.Payments.Postgres;

/// <summary>
/// A parameter that holds one column of many rows. A statement unnests its columns, so it writes any number of rows and is
/// prepared once; parameters stand by their position (<c>$1</c>), so Npgsql sends the statement as it is.
/// </summary>
internal static class PostgresColumn
{
    public static NpgsqlParameter Of<TRow, T>(IReadOnlyList<TRow> rows, Func<TRow, T> read)
    {
        var column = new T[rows.Count];
        for (var i = 0; i < column.Length; i++)
            column[i] = read(rows[i]);
        return new NpgsqlParameter<T[]> { TypedValue = column };
    }

    public static NpgsqlParameter OfText<TRow>(IReadOnlyList<TRow> rows, Func<TRow, string?> read) =>
        Of(rows, row => read(row) is { } text ? PostgresText.Storable(text) : null);

    public static NpgsqlParameter OfTime<TRow>(IReadOnlyList<TRow> rows, Func<TRow, DateTimeOffset?> read) =>
        Of(rows, row => read(row)?.ToUniversalTime());

    public static NpgsqlParameter Value<T>(T value) => new NpgsqlParameter<T> { TypedValue = value };
}
