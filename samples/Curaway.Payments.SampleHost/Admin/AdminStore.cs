using Curaway.Payments.SampleHost.Data;

namespace Curaway.Payments.SampleHost.Admin;

/// <summary>
/// What an admin reads, by plain SQL over the tables of the runbook. Every query asks for the tenant of the charge, so what
/// hangs on no charge, or on another clinic's, is not there. Thread-safe.
/// </summary>
internal sealed class AdminStore(HostDatabase database)
{
    /// <summary>Newest first: ids are version 7, so they sort by time.</summary>
    public async Task<List<AdminChargeView>> ListChargesAsync(OpaqueId tenantId, ChargeFilter filter, AdminPaging paging, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        return await connection.QueryAsync(
            """
            SELECT * FROM consultation_charges
            WHERE tenant_id = @tenant AND id < @before
              AND (CAST(@status AS TEXT) IS NULL OR charge_status = @status)
              AND (CAST(@provider AS TEXT) IS NULL OR provider_name = @provider)
              AND (CAST(@consultation AS TEXT) IS NULL OR consultation_id = @consultation)
            ORDER BY id DESC LIMIT @limit
            """,
            AdminRows.Charge, ct, ("@tenant", tenantId.Value), ("@before", paging.BeforeId), ("@status", filter.Status),
            ("@provider", filter.Provider), ("@consultation", filter.ConsultationId), ("@limit", paging.CountMax));
    }

    /// <summary>The charge with its timeline; null for an unknown id and another tenant's.</summary>
    public async Task<AdminChargeView?> FindChargeAsync(OpaqueId tenantId, ChargeId id, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        var found = (await connection.QueryAsync(
            "SELECT * FROM consultation_charges WHERE id = @id AND tenant_id = @tenant",
            row => (Charge: AdminRows.Charge(row), Trace: AdminRows.JsonOrNull(row, "routing_trace")), ct, ("@id", id.Value), ("@tenant", tenantId.Value))).SingleOrDefault();
        if (found.Charge is not { } charge)
            return null;
        var timeline = new ChargeTimeline(
            found.Trace!.Value,
            await connection.QueryAsync("SELECT * FROM charge_operations WHERE charge_id = @id ORDER BY created_at, id", AdminRows.Operation, ct, ("@id", id.Value)),
            await connection.QueryAsync(
                """
                SELECT * FROM webhook_events
                WHERE charge_id = @id OR (state = 'parked' AND provider_reference = @reference AND provider_name = @provider)
                ORDER BY received_at, id
                """,
                AdminRows.Webhook, ct, ("@id", id.Value), ("@provider", charge.Provider), ("@reference", charge.ProviderReference)),
            await connection.QueryAsync("SELECT * FROM charge_transitions WHERE charge_id = @id ORDER BY id", AdminRows.Transition, ct, ("@id", id.Value)),
            await connection.QueryAsync("SELECT * FROM alert_outbox WHERE charge_id = @id ORDER BY id", AdminRows.Alert, ct, ("@id", id.Value)));
        return charge with { Timeline = timeline };
    }

    public async Task<List<WebhookView>> ListWebhooksAsync(OpaqueId tenantId, string? state, string? provider, AdminPaging paging, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        return await connection.QueryAsync(
            """
            SELECT e.* FROM webhook_events e
            WHERE e.id < @before
              AND (CAST(@state AS TEXT) IS NULL OR e.state = @state)
              AND (CAST(@provider AS TEXT) IS NULL OR e.provider_name = @provider)
              AND EXISTS (SELECT 1 FROM consultation_charges c WHERE c.tenant_id = @tenant AND c.id = e.charge_id)
            ORDER BY e.id DESC LIMIT @limit
            """,
            AdminRows.Webhook, ct, ("@tenant", tenantId.Value), ("@before", paging.BeforeId), ("@state", state), ("@provider", provider),
            ("@limit", paging.CountMax));
    }

    /// <summary>The event when its charge is the tenant's.</summary>
    public async Task<WebhookView?> FindWebhookAsync(OpaqueId tenantId, Guid id, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        return (await connection.QueryAsync(
            "SELECT e.* FROM webhook_events e JOIN consultation_charges c ON c.id = e.charge_id WHERE e.id = @id AND c.tenant_id = @tenant",
            AdminRows.Webhook, ct, ("@id", id), ("@tenant", tenantId.Value))).SingleOrDefault();
    }

    public async Task<List<AuditView>> ListAuditAsync(OpaqueId tenantId, ChargeId? chargeId, AdminPaging paging, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        return chargeId is { } id
            ? await connection.QueryAsync(
                """
                SELECT a.* FROM audit_log a JOIN consultation_charges c ON c.id = a.charge_id
                WHERE c.tenant_id = @tenant AND a.charge_id = @charge AND a.id < @before ORDER BY a.id DESC LIMIT @limit
                """,
                AdminRows.Audit, ct, ("@tenant", tenantId.Value), ("@charge", id.Value), ("@before", paging.BeforeNumber), ("@limit", paging.CountMax))
            : await connection.QueryAsync(
                """
                SELECT a.* FROM audit_log a JOIN consultation_charges c ON c.id = a.charge_id
                WHERE c.tenant_id = @tenant AND a.id < @before ORDER BY a.id DESC LIMIT @limit
                """,
                AdminRows.Audit, ct, ("@tenant", tenantId.Value), ("@before", paging.BeforeNumber), ("@limit", paging.CountMax));
    }

    public async Task<List<AlertView>> ListAlertsAsync(OpaqueId tenantId, AdminPaging paging, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        return await connection.QueryAsync(
            """
            SELECT a.* FROM alert_outbox a JOIN consultation_charges c ON c.id = a.charge_id
            WHERE c.tenant_id = @tenant AND a.id < @before ORDER BY a.id DESC LIMIT @limit
            """,
            AdminRows.Alert, ct, ("@tenant", tenantId.Value), ("@before", paging.BeforeNumber), ("@limit", paging.CountMax));
    }
}

/// <summary>Which charges are asked for; null means any.</summary>
internal sealed record ChargeFilter(string? Status, string? Provider, string? ConsultationId);

/// <summary>Where a page begins and how long it is; one more than asked for, so that the last page is known.</summary>
/// <param name="CountMax">How many rows at most.</param>
/// <param name="BeforeId">Only rows before this id, where ids are UUIDs.</param>
/// <param name="BeforeNumber">Only rows before this id, where ids are numbers.</param>
internal sealed record AdminPaging(int CountMax, Guid BeforeId, long BeforeNumber);
