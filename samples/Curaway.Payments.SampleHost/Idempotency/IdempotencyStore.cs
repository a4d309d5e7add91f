using Curaway.Payments.SampleHost.Data;

namespace Curaway.Payments.SampleHost.Idempotency;

/// <summary>What a key is right now.</summary>
internal enum KeyState
{
    /// <summary>Ours: run the request.</summary>
    Claimed,

    /// <summary>Answered before.</summary>
    Answered,

    /// <summary>Somebody runs it.</summary>
    InProgress,

    /// <summary>Used with another body.</summary>
    Mismatch,
}

/// <summary>A key, looked up or claimed.</summary>
/// <param name="State">What it is.</param>
/// <param name="SealedAnswer">The stored answer, when answered.</param>
internal sealed record KeyClaim(KeyState State, string? SealedAnswer = null);

/// <summary>The table behind <c>Idempotency-Key</c>. Leases count by the database's clock. Thread-safe.</summary>
internal sealed class IdempotencyStore(HostDatabase database, RequestLease lease)
{
    /// <summary>Claims the key for one run, or says what it is. The lease keeps a crash from holding it for ever.</summary>
    public Task<KeyClaim> ClaimAsync(string scopeHash, string bodyHash, string owner, CancellationToken ct) => database.InTransactionAsync(
        async transaction =>
        {
            var now = await transaction.NowAsync(ct);
            var isNew = await transaction.ExecuteAsync(
                """
                INSERT INTO idempotency_keys (scope_hash, body_hash, owner, leased_until, created_at)
                VALUES (@scope, @body, @owner, @until, @now) ON CONFLICT (scope_hash) DO NOTHING
                """,
                ct, ("@scope", scopeHash), ("@body", bodyHash), ("@owner", owner), ("@until", now + lease.Duration), ("@now", now));
            if (isNew > 0)
                return new KeyClaim(KeyState.Claimed);

            var rows = await transaction.QueryAsync(
                "SELECT body_hash, sealed_answer FROM idempotency_keys WHERE scope_hash = @scope",
                row => (BodyHash: row.Text("body_hash"), Answer: row.TextOrNull("sealed_answer")), ct, ("@scope", scopeHash));
            if (rows is [var found] && found.BodyHash != bodyHash)
                return new KeyClaim(KeyState.Mismatch);
            if (rows is [{ Answer: { } answer }])
                return new KeyClaim(KeyState.Answered, answer);
            var isTaken = await transaction.ExecuteAsync(
                """
                UPDATE idempotency_keys SET owner = @owner, leased_until = @until
                WHERE scope_hash = @scope AND sealed_answer IS NULL AND leased_until <= @now
                """,
                ct, ("@scope", scopeHash), ("@owner", owner), ("@until", now + lease.Duration), ("@now", now));
            return new KeyClaim(isTaken > 0 ? KeyState.Claimed : KeyState.InProgress);
        },
        ct);

    /// <summary>Keeps the answer. Nothing happens when the lease was lost to another run.</summary>
    public async Task AnswerAsync(string scopeHash, string owner, int status, string sealedAnswer, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        await connection.ExecuteAsync(
            "UPDATE idempotency_keys SET status = @status, sealed_answer = @answer WHERE scope_hash = @scope AND owner = @owner",
            ct, ("@scope", scopeHash), ("@owner", owner), ("@status", status), ("@answer", sealedAnswer));
    }

    /// <summary>Frees the key: a retry runs the request again.</summary>
    public async Task FreeAsync(string scopeHash, string owner, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        await connection.ExecuteAsync(
            "DELETE FROM idempotency_keys WHERE scope_hash = @scope AND owner = @owner AND sealed_answer IS NULL",
            ct, ("@scope", scopeHash), ("@owner", owner));
    }
}
