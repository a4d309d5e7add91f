using Npgsql;

namespace Curaway.Payments;

/// <summary>Which server the store uses.</summary>
public sealed class PostgresStoreOptions
{
    /// <summary>
    /// A <c>postgres://</c> or <c>postgresql://</c> URI, or Npgsql's <c>Host=…;Username=…</c> form. A secret: never logged,
    /// and no error message shows it. Not used when <see cref="DataSource"/> is set.
    /// </summary>
    public string? ConnectionString { get; set; }

    /// <summary>A data source the host made and disposes of. Null: the store makes its own from the connection string.</summary>
    public NpgsqlDataSource? DataSource { get; set; }
}
