using Curaway.Payments.SampleHost.Data;

namespace Curaway.Payments.SampleHost.Consultations;

/// <summary>What is to become of the money of a consultation that is over. Written in one commit with the clinical state.</summary>
/// <param name="Intent">Take it, or let it go.</param>
/// <param name="Actor">Who ended or cancelled.</param>
/// <param name="Reason">Why, as a machine word for the provider's records.</param>
/// <param name="Note">What the caller wrote; stays in our table.</param>
internal sealed record SettlementOrder(SettlementIntent Intent, string Actor, string Reason, string? Note = null);

/// <summary>A settlement that somebody has to finish.</summary>
internal sealed record DueSettlement(ChargeId ChargeId, SettlementOrder Order);

/// <summary>The settlement columns of the session row. Thread-safe.</summary>
internal sealed class SettlementStore(HostDatabase database, RequestLease lease)
{
    /// <summary>
    /// Notes how a settlement came out, and when it is tried again. One that is done stays done; one that the provider
    /// refused becomes done only by its charge.
    /// </summary>
    public async Task RecordAsync(ChargeId chargeId, Settlement settlement, TimeSpan retryAfter, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        await connection.ExecuteAsync(
            """
            UPDATE consultation_sessions SET settlement = @settlement, settlement_due_at = @due
            WHERE charge_id = @charge AND settlement = 'processing'
            """,
            ct, ("@charge", chargeId.ToString()), ("@settlement", WireName.Of(settlement)),
            ("@due", settlement == Settlement.Processing ? await connection.NowAsync(ct) + retryAfter : null));
    }

    /// <summary>The charge stands where the order wanted it, whoever brought it there.</summary>
    public async Task CompleteAsync(ChargeId chargeId, SettlementIntent intent, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        await connection.ExecuteAsync(
            """
            UPDATE consultation_sessions SET settlement = 'done', settlement_due_at = NULL
            WHERE charge_id = @charge AND settlement_intent = @intent AND settlement <> 'done'
            """,
            ct, ("@charge", chargeId.ToString()), ("@intent", WireName.Of(intent)));
    }

    /// <summary>Takes what is due, and keeps other hosts away from it for the lease.</summary>
    public Task<List<DueSettlement>> ClaimDueAsync(int countMax, CancellationToken ct) => database.InTransactionAsync(
        async transaction => await transaction.QueryAsync(
            """
            UPDATE consultation_sessions SET settlement_due_at = @until
            WHERE settlement = 'processing' AND settlement_due_at <= payments_now() AND consultation_id IN
                (SELECT consultation_id FROM consultation_sessions
                 WHERE settlement = 'processing' AND settlement_due_at <= payments_now() ORDER BY settlement_due_at LIMIT @limit)
            RETURNING charge_id, settlement_intent, settlement_actor, settlement_reason
            """,
            row => new DueSettlement(
                ChargeId.TryParse(row.Text("charge_id"), out var id) ? id : throw new InvalidOperationException("Not a charge id."),
                new SettlementOrder(
                    WireName.Parse<SettlementIntent>(row.Text("settlement_intent")), row.Text("settlement_actor"), row.Text("settlement_reason"))),
            ct, ("@until", await transaction.NowAsync(ct) + lease.Duration), ("@limit", countMax)),
        ct);

    /// <summary>Drops idempotency keys and checkout tokens that are past their use.</summary>
    public Task ForgetOldAsync(TimeSpan keyLifetime, CancellationToken ct) => database.InTransactionAsync(
        async transaction =>
        {
            var before = await transaction.NowAsync(ct) - keyLifetime;
            return await transaction.ExecuteAsync("DELETE FROM idempotency_keys WHERE created_at < @before", ct, ("@before", before))
                + await transaction.ExecuteAsync("DELETE FROM checkout_tokens WHERE expires_at < @before", ct, ("@before", before));
        },
        ct);
}
