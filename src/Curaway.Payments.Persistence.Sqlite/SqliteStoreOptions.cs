namespace Curaway.Payments;

/// <summary>Where the embedded store keeps its file, and how long it waits for other writers.</summary>
public sealed class SqliteStoreOptions
{
    /// <summary>The database file. Made when absent; its folder must exist. On a local disk: network drives cannot hold a WAL.</summary>
    public string Path { get; set; } = "payments.db";

    /// <summary>
    /// How long a write waits for another process or connection that is writing the same file, 1 to 300 seconds. Then it
    /// fails with a <see cref="System.Data.Common.DbException"/> and nothing was written. Default: 30 seconds.
    /// </summary>
    public TimeSpan BusyTimeout { get; set; } = TimeSpan.FromSeconds(30);
}
