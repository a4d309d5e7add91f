using System.Data.Common;
using Microsoft.Extensions.Options;

namespace Curaway.Payments.Sqlite;

/// <summary>
/// The store in one SQLite file. Every method is one <c>BEGIN IMMEDIATE</c> transaction of <see cref="SqliteDatabase"/>: with
/// a single writer, what PostgreSQL does by row locks and <c>SKIP LOCKED</c> holds by itself.
/// </summary>
internal sealed partial class SqliteChargeStore(IOptions<SqliteStoreOptions> options, TimeProvider time) : IChargeStore, IDisposable
{
    private const string BookingSavepoint = "booking";

    private readonly SqliteDatabase _database = new(options.Value, time);

    /// <summary>There is one writer: the caller's open transaction would keep ours waiting for ever.</summary>
    public bool CanBookInCallersTransaction => false;

    public void Dispose() => _database.Dispose();

    public Task MigrateAsync(CancellationToken ct) => SqliteSchema.MigrateAsync(_database, ct);

    public Task<IReadOnlyList<string>> ListPendingScriptsAsync(CancellationToken ct) =>
        _database.ReadAsync(SqliteSchema.ListPendingAsync, ct);

    public Task<ChargeState> FindAsync(ChargeSelector selector, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(selector);
        return _database.ReadAsync(session => ReadAsync(session, selector), ct);
    }

    public Task<ChargeCommitted> CommitAsync(
        ChargeSelector selector, Func<ChargeState, ChargeCommit> decide, Booking? booking, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(selector);
        ArgumentNullException.ThrowIfNull(decide);
        return _database.WriteAsync(async session =>
        {
            var before = await ReadAsync(session, selector).ConfigureAwait(false);
            var commit = decide(before);
            var after = await WriteAsync(session, before, commit).ConfigureAwait(false);
            return commit.Books && booking is not null
                ? await BookAsync(session, after, booking, ct).ConfigureAwait(false)
                : new ChargeCommitted(after);
        }, ct);
    }

    public Task<ChargeCommitted> BookInAsync(DbTransaction transaction, ChargeId id, Booking booking, CancellationToken ct) =>
        throw new NotSupportedException("SQLite has one writer; book in the transaction that OnBooked is given.");

    public Task<IReadOnlyList<ChargeId>> ClaimDueAsync(int countMax, TimeSpan lease, CancellationToken ct)
    {
        RequireClaim(countMax, lease);
        return _database.WriteAsync<IReadOnlyList<ChargeId>>(async session =>
        {
            var claimed = await session.QueryAsync(
                """
                UPDATE consultation_charges SET lease_until = $until
                WHERE id IN (
                    SELECT id FROM consultation_charges
                    WHERE due_at <= $now AND (lease_until IS NULL OR lease_until <= $now)
                    ORDER BY due_at, id LIMIT $count_max)
                RETURNING id, due_at
                """,
                row => (Id: new ChargeId(row.Id("id")), DueAt: row.Time("due_at")),
                ("now", session.Now), ("until", session.Now + lease), ("count_max", countMax)).ConfigureAwait(false);
            return [.. claimed.OrderBy(row => row.DueAt).Select(row => row.Id)];
        }, ct);
    }

    // The facts before it stay, whatever the caller's row does: provider truth is never rolled back.
    private static async Task<ChargeCommitted> BookAsync(SqliteSession session, ChargeState facts, Booking booking, CancellationToken ct)
    {
        var transaction = session.Transaction;
        await transaction.SaveAsync(BookingSavepoint, CancellationToken.None).ConfigureAwait(false);
        try
        {
            await booking.OnBooked(transaction, ct).ConfigureAwait(false);
            var booked = await WriteAsync(session, facts, booking.Booked(facts)).ConfigureAwait(false);
            await transaction.ReleaseAsync(BookingSavepoint, CancellationToken.None).ConfigureAwait(false);
            return new ChargeCommitted(booked);
        }
        catch (Exception failure)
        {
            await transaction.RollbackAsync(BookingSavepoint, CancellationToken.None).ConfigureAwait(false);
            var closed = await WriteAsync(session, facts, booking.Failed(facts)).ConfigureAwait(false);
            return new ChargeCommitted(closed, failure);
        }
    }

    private static void RequireClaim(int countMax, TimeSpan lease)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(countMax);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lease, TimeSpan.Zero);
    }
}
