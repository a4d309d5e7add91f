using Curaway.Payments.SampleHost.Data;

namespace Curaway.Payments.SampleHost.Tenants;

/// <summary>What a clinic has set. A clinic without a row has these defaults.</summary>
internal sealed record TenantSettings
{
    /// <summary>A provider's name, or null: by geography.</summary>
    public string? PaymentsProvider { get; init; }

    /// <summary>Such as <c>ap-south-1</c>, or null.</summary>
    public string? DataResidencyRegion { get; init; }

    /// <summary>Below this many whole minutes a session is not billed. 0 to 480.</summary>
    public int MsoMinBillableMinutes { get; init; }

    /// <summary>Whether consultations can be scheduled.</summary>
    public bool MsoVideoEnabled { get; init; } = true;
}

/// <summary>Reads and writes the settings of a clinic.</summary>
internal sealed class TenantSettingsStore(HostDatabase database)
{
    public async Task<TenantSettings> ReadAsync(OpaqueId tenantId, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        var rows = await connection.QueryAsync(
            """
            SELECT payments_provider, data_residency_region, mso_min_billable_minutes, mso_video_enabled
            FROM tenant_settings WHERE tenant_id = @tenant
            """,
            row => new TenantSettings
            {
                PaymentsProvider = row.TextOrNull("payments_provider"),
                DataResidencyRegion = row.TextOrNull("data_residency_region"),
                MsoMinBillableMinutes = checked((int)row.Number("mso_min_billable_minutes")),
                MsoVideoEnabled = row.Flag("mso_video_enabled"),
            },
            ct, ("@tenant", tenantId.Value));
        return rows.SingleOrDefault() ?? new TenantSettings();
    }

    /// <summary>What patients know the clinic by; its id where it has no name.</summary>
    public async Task<string> NameOfAsync(OpaqueId tenantId, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        var names = await connection.QueryAsync("SELECT name FROM tenants WHERE id = @tenant", row => row.Text("name"), ct, ("@tenant", tenantId.Value));
        return names.SingleOrDefault() ?? tenantId.Value;
    }

    public async Task WriteAsync(OpaqueId tenantId, TenantSettings settings, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        await connection.ExecuteAsync(
            """
            INSERT INTO tenant_settings
                (tenant_id, payments_provider, data_residency_region, mso_min_billable_minutes, mso_video_enabled, updated_at)
            VALUES (@tenant, @provider, @region, @minutes, @video, payments_now())
            ON CONFLICT (tenant_id) DO UPDATE SET
                payments_provider = excluded.payments_provider,
                data_residency_region = excluded.data_residency_region,
                mso_min_billable_minutes = excluded.mso_min_billable_minutes,
                mso_video_enabled = excluded.mso_video_enabled,
                updated_at = excluded.updated_at
            """,
            ct, ("@tenant", tenantId.Value), ("@provider", settings.PaymentsProvider), ("@region", settings.DataResidencyRegion),
            ("@minutes", settings.MsoMinBillableMinutes), ("@video", settings.MsoVideoEnabled));
    }
}
