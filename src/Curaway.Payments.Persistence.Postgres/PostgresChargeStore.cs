using System.Data.Common;
using Npgsql;

namespace Curaway.Payments.Postgres;

/// <summary>
/// The store on PostgreSQL, for any number of hosts. Every method is one READ COMMITTED transaction. Two that meet at a
/// charge wait at its row lock; two that begin a charge meet at the unique index, and the loser reads again. Whoever takes a
/// charge's lock takes it before any event's that is on disk, and several of one kind in the order of their keys, so hosts
/// do not deadlock.
/// </summary>
internal sealed partial class PostgresChargeStore(PostgresDatabase database) : IChargeStore
{
    private const string BookingSavepoint = "booking";
    private const string CallersSavepoint = "curaway_booking";

    private readonly PostgresDatabase _database = database;

    /// <summary>What we commit meanwhile is seen by the caller's next statement, as long as his transaction is READ COMMITTED.</summary>
    public bool CanBookInCallersTransaction => true;

    public Task MigrateAsync(CancellationToken ct) => PostgresSchema.MigrateAsync(_database, ct);

    public Task<IReadOnlyList<string>> ListPendingScriptsAsync(CancellationToken ct) =>
        _database.ReadAsync(PostgresSchema.ListPendingAsync, ct);

    public Task<ChargeState> FindAsync(ChargeSelector selector, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(selector);
        return _database.ReadAsync(session => ReadAsync(session, selector, isLocked: false), ct);
    }

    public Task<ChargeCommitted> CommitAsync(
        ChargeSelector selector, Func<ChargeState, ChargeCommit> decide, Booking? booking, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(selector);
        ArgumentNullException.ThrowIfNull(decide);
        // What the last run decided and sent. When the reply to its COMMIT was lost, the next run finds its audit row, and
        // the caller gets what was committed instead of a second decision about it.
        (ChargeCommitted Committed, Guid CommitId)? sent = null;
        return _database.WriteAsync(async session =>
        {
            var before = await ReadAsync(session, selector, isLocked: true).ConfigureAwait(false);
            if (sent is { } last && await WasCommittedAsync(session, last.Committed, last.CommitId).ConfigureAwait(false))
                return last.Committed;

            sent = null;
            var commitId = Guid.CreateVersion7(before.Now);
            session.CommitId = commitId;
            var commit = decide(before);
            var after = Write(session, before, commit);
            await session.FlushAsync().ConfigureAwait(false);
            var committed = commit.Books && booking is not null
                ? await BookAsync(session, after, booking, ct).ConfigureAwait(false)
                : new ChargeCommitted(after);
            sent = (committed, commitId);
            return committed;
        }, ct);
    }

    public async Task<ChargeCommitted> BookInAsync(DbTransaction transaction, ChargeId id, Booking booking, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(booking);
        if (transaction is not NpgsqlTransaction { Connection: { } connection } callers)
        {
            var unbooked = await FindAsync(new ChargeSelector.ById(id), ct).ConfigureAwait(false);
            return new ChargeCommitted(unbooked, new ArgumentException("Not an open transaction of Npgsql.", nameof(transaction)));
        }

        // Neither committed nor disposed of here: it is his. What goes back to the savepoint gives up its locks too.
        var session = new PostgresSession(connection, callers, isLastAttempt: true, CancellationToken.None);
        var before = new ChargeState(null, [], default);
        await callers.SaveAsync(CallersSavepoint, CancellationToken.None).ConfigureAwait(false);
        try
        {
            before = await ReadAsync(session, id, isLocked: true).ConfigureAwait(false);
            var charge = before.Charge ?? throw new InvalidOperationException(
                "The charge cannot be seen in this transaction. It must be READ COMMITTED, on the database of the payments.");
            if (charge is { BookedAt: null, ClosingAt: null })
            {
                await booking.OnBooked(callers, ct).ConfigureAwait(false);
                var booked = Write(session, before, booking.Booked(before));
                await session.FlushAsync().ConfigureAwait(false);
                await callers.ReleaseAsync(CallersSavepoint, CancellationToken.None).ConfigureAwait(false);
                return new ChargeCommitted(booked);
            }

            await UndoAsync(callers).ConfigureAwait(false);
            return new ChargeCommitted(before);
        }
        catch (Exception failure)
        {
            await UndoAsync(callers).ConfigureAwait(false);
            return new ChargeCommitted(before, failure);
        }
    }

    public Task<IReadOnlyList<ChargeId>> ClaimDueAsync(int countMax, TimeSpan lease, CancellationToken ct)
    {
        RequireClaim(countMax, lease);
        return _database.WriteAsync<IReadOnlyList<ChargeId>>(async session =>
        {
            var claimed = await session.QueryAsync(
                PostgresClaims.DueCharges,
                row => (Id: new ChargeId(row.Id("id")), DueAt: row.Time("due_at")),
                ("lease", lease), ("count_max", countMax)).ConfigureAwait(false);
            return [.. claimed.OrderBy(row => row.DueAt).Select(row => row.Id)];
        }, ct);
    }

    // The facts before it stay, whatever the caller's row does: provider truth is never rolled back.
    private static async Task<ChargeCommitted> BookAsync(PostgresSession session, ChargeState facts, Booking booking, CancellationToken ct)
    {
        var transaction = session.Transaction;
        await transaction.SaveAsync(BookingSavepoint, CancellationToken.None).ConfigureAwait(false);
        try
        {
            await booking.OnBooked(transaction, ct).ConfigureAwait(false);
            var booked = Write(session, facts, booking.Booked(facts));
            await session.FlushAsync().ConfigureAwait(false);
            await transaction.ReleaseAsync(BookingSavepoint, CancellationToken.None).ConfigureAwait(false);
            return new ChargeCommitted(booked);
        }
        catch (Exception failure) when (session.IsLastAttempt || !PostgresFailures.MayRunAgain(failure))
        {
            session.Discard();
            await transaction.RollbackAsync(BookingSavepoint, CancellationToken.None).ConfigureAwait(false);
            var closed = Write(session, facts, booking.Failed(facts));
            return new ChargeCommitted(closed, failure);
        }
    }

    private static async Task UndoAsync(NpgsqlTransaction transaction)
    {
        await transaction.RollbackAsync(CallersSavepoint, CancellationToken.None).ConfigureAwait(false);
        await transaction.ReleaseAsync(CallersSavepoint, CancellationToken.None).ConfigureAwait(false);
    }

    private static void RequireClaim(int countMax, TimeSpan lease)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(countMax);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lease, TimeSpan.Zero);
    }
}
