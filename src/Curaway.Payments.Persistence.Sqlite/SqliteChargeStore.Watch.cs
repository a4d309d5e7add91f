namespace Curaway.Payments.Sqlite;

// What a host watches: how much waits, and whether the providers' webhooks still come.
internal sealed partial class SqliteChargeStore
{
    private const int WatchedCountMax = 1000;
    private static readonly TimeSpan WatchWindow = TimeSpan.FromHours(24);

    /// <summary>A webhook may overtake the answer it tells of.</summary>
    private static readonly TimeSpan WebhookGrace = TimeSpan.FromMinutes(5);

    public Task<ReconcilerBacklog> ReadBacklogAsync(CancellationToken ct) => _database.ReadAsync(
        async session => (await session.QueryAsync(
            """
            SELECT count(*) AS due_count, min(due_at) AS oldest_at, $now AS now
            FROM (SELECT due_at FROM consultation_charges WHERE due_at <= $now ORDER BY due_at LIMIT $count_max) AS due
            """,
            row => new ReconcilerBacklog((int)row.Number("due_count"), row.Time("now") - (row.TimeOrNull("oldest_at") ?? row.Time("now"))),
            ("now", session.Now), ("count_max", ReconcilerBacklog.DueCountMax)).ConfigureAwait(false))[0],
        ct);

    // Ids are in the order of time, so the charges are a piece of the primary key; the events have an index by time.
    public Task<IReadOnlyList<SilentAccount>> ListSilentAccountsAsync(TimeSpan silence, CancellationToken ct) => _database.ReadAsync<IReadOnlyList<SilentAccount>>(
        async session =>
        {
            var line = session.Now - silence;
            var moved = await session.QueryAsync(
                """
                SELECT provider_name, provider_account, max(authorized_at) AS moved_at
                FROM (
                    SELECT provider_name, provider_account, authorized_at FROM consultation_charges
                    WHERE id >= $first AND id < $last AND authorized_at <= $line ORDER BY id DESC LIMIT $count_max) AS charge
                GROUP BY provider_name, provider_account ORDER BY provider_name, provider_account
                """,
                row => new SilentAccount(row.Text("provider_name"), row.Text("provider_account"), row.Time("moved_at")),
                ("first", ChargeId.FirstOf(line - WatchWindow)), ("last", ChargeId.FirstOf(line)), ("line", line), ("count_max", WatchedCountMax)).ConfigureAwait(false);
            var silent = new List<SilentAccount>();
            foreach (var account in moved)
            {
                var seen = await session.QueryAsync(
                    """
                    SELECT 1 AS seen WHERE EXISTS (
                        SELECT 1 FROM webhook_events
                        WHERE received_at >= $since AND provider_name = $provider AND provider_account = $account)
                    """,
                    row => row.Count("seen"),
                    ("since", account.MovedAt - WebhookGrace), ("provider", account.Provider), ("account", account.ProviderAccount)).ConfigureAwait(false);
                if (seen.Count == 0)
                    silent.Add(account);
            }

            return silent;
        },
        ct);
}
