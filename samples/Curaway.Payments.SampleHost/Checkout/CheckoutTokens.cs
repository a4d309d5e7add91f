using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Curaway.Payments.SampleHost.Consultations;
using Curaway.Payments.SampleHost.Data;

namespace Curaway.Payments.SampleHost.Checkout;

/// <summary>What a checkout token is good for: one charge of one consultation of one patient.</summary>
/// <param name="TenantId">The tenant.</param>
/// <param name="ConsultationId">The consultation.</param>
/// <param name="PatientId">The patient.</param>
/// <param name="ChargeId">The charge.</param>
/// <param name="Status">Where the consultation stands.</param>
/// <param name="SavesMethod">True when what the patient pays with is kept for next time, as they asked.</param>
internal sealed record CheckoutGrant(
    OpaqueId TenantId, string ConsultationId, string PatientId, ChargeId ChargeId, ConsultationStatus Status, bool SavesMethod);

/// <summary>
/// The one-time tokens in checkout links: 256 random bits, of which only a hash is stored. "One time" is one payment, not
/// one look: a patient whose card was declined, or whose phone reloads the page, opens the same link again. It is dead once
/// its consultation no longer awaits this charge, or it has expired.
/// </summary>
internal sealed class CheckoutTokens(HostDatabase database)
{
    public const int LengthInCharacters = 43;

    private const int TokenBytes = 32;

    /// <summary>The link, and until when it works. A repeated schedule makes another link; both end with the payment.</summary>
    public async Task<CheckoutView> IssueAsync(Consultation consultation, Charge charge, CancellationToken ct)
    {
        var token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenBytes));
        var expiresAt = charge.CheckoutExpiresAt ?? charge.BookBy;
        await using var connection = await database.OpenAsync(ct);
        await connection.ExecuteAsync(
            """
            INSERT INTO checkout_tokens (token_hash, tenant_id, consultation_id, charge_id, expires_at)
            VALUES (@hash, @tenant, @consultation, @charge, @expires)
            """,
            ct, ("@hash", HashOf(token)), ("@tenant", consultation.TenantId.Value), ("@consultation", consultation.Id.Value),
            ("@charge", charge.Id.ToString()), ("@expires", expiresAt));
        return new CheckoutView("/checkout/" + token, expiresAt);
    }

    /// <summary>What a token is good for; null when it is unknown, has expired, or its session row is gone.</summary>
    public async Task<CheckoutGrant?> FindAsync(string token, CancellationToken ct)
    {
        if (token.Length != LengthInCharacters)
            return null;
        await using var connection = await database.OpenAsync(ct);
        var rows = await connection.QueryAsync(
            """
            SELECT t.tenant_id, t.consultation_id, t.charge_id, c.patient_id, c.status,
                (SELECT count(*) FROM payment_method_saves v WHERE v.charge_id = t.charge_id) AS save_count
            FROM checkout_tokens t
            JOIN consultations c ON c.id = t.consultation_id
            JOIN consultation_sessions s ON s.consultation_id = t.consultation_id AND s.charge_id = t.charge_id
            WHERE t.token_hash = @hash AND t.expires_at > payments_now()
            """,
            row => new CheckoutGrant(
                OpaqueId.Parse(row.Text("tenant_id")),
                row.Text("consultation_id"),
                row.Text("patient_id"),
                ChargeId.TryParse(row.Text("charge_id"), out var chargeId) ? chargeId : throw new InvalidOperationException("Not a charge id."),
                WireName.Parse<ConsultationStatus>(row.Text("status")),
                row.Number("save_count") > 0),
            ct, ("@hash", HashOf(token)));
        return rows.SingleOrDefault();
    }

    private static string HashOf(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(token)));
}
