using Microsoft.Data.Sqlite;

namespace Curaway.Payments.Sqlite;

/// <summary>The row a reader stands on, by column name.</summary>
internal readonly struct SqliteRow(SqliteDataReader reader)
{
    public string Text(string column) => reader.GetString(reader.GetOrdinal(column));

    public string? TextOrNull(string column) => IsNull(column) ? null : Text(column);

    public long Number(string column) => reader.GetInt64(reader.GetOrdinal(column));

    public int Count(string column) => reader.GetInt32(reader.GetOrdinal(column));

    public int? CountOrNull(string column) => reader.IsDBNull(reader.GetOrdinal(column)) ? null : Count(column);

    public bool Flag(string column) => Number(column) != 0;

    public bool? FlagOrNull(string column) => IsNull(column) ? null : Flag(column);

    public DateTimeOffset Time(string column) => SqliteTime.Read(Text(column));

    public DateTimeOffset? TimeOrNull(string column) => IsNull(column) ? null : Time(column);

    public byte[]? BytesOrNull(string column) => IsNull(column) ? null : reader.GetFieldValue<byte[]>(reader.GetOrdinal(column));

    public Guid Id(string column) => Guid.ParseExact(Text(column), "D");

    public Guid? IdOrNull(string column) => IsNull(column) ? null : Id(column);

    public OpaqueId Opaque(string column) => OpaqueId.Parse(Text(column));

    public Money Amount(string column) => new(Number(column), Currency.Parse(Text("currency")));

    public T Name<T>(string column)
        where T : struct, Enum => WireName.Parse<T>(Text(column));

    public T? NameOrNull<T>(string column)
        where T : struct, Enum => IsNull(column) ? null : Name<T>(column);

    public T? JsonOrNull<T>(string column)
        where T : class => IsNull(column) ? null : PaymentsJson.Deserialize<T>(Text(column));

    private bool IsNull(string column) => reader.IsDBNull(reader.GetOrdinal(column));
}
