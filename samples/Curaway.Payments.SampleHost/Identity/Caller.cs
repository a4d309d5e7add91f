using System.Buffers;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;

namespace Curaway.Payments.SampleHost.Identity;

/// <summary>What a person may do.</summary>
internal enum Role
{
    Patient,
    Clinician,
    Admin,
}

/// <summary>Who calls, from a token that was checked. Handlers take it as a parameter.</summary>
/// <param name="Subject">The person's id: what the issuer calls them, or a hash of it where that could tell who they are.</param>
/// <param name="TenantId">Their clinic.</param>
/// <param name="Role">What they may do.</param>
internal sealed record Caller(string Subject, OpaqueId TenantId, Role Role)
{
    public const string SubjectClaim = "sub";
    public const string TenantClaim = "tenant_id";
    public const string RoleClaim = "role";
    public const int SubjectLengthMax = 128;

    private static readonly SearchValues<char> Opaque =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.:|/");

    /// <summary>The patient whose consultations are the only ones this caller may see; null for staff.</summary>
    public string? OnlyPatientId => Role == Role.Patient ? Subject : null;

    public static bool TryRead(ClaimsPrincipal? user, out Caller? caller)
    {
        caller = null;
        if (user?.FindFirstValue(SubjectClaim) is not { Length: > 0 and <= SubjectLengthMax } subject)
            return false;
        if (!OpaqueId.TryParse(user.FindFirstValue(TenantClaim), out var tenantId) || !WireName.TryParse(user.FindFirstValue(RoleClaim), out Role role))
            return false;
        caller = new Caller(IdOf(subject), tenantId, role);
        return true;
    }

    /// <summary>Minimal APIs call this; the endpoint's policy has already asked for a valid token.</summary>
    public static ValueTask<Caller?> BindAsync(HttpContext context) =>
        ValueTask.FromResult(TryRead(context.User, out var caller) ? caller : throw new InvalidOperationException("The endpoint has no policy."));

    // Some issuers name people by their e-mail address. It must not enter our tables, logs and audit.
    private static string IdOf(string subject) => subject.AsSpan().ContainsAnyExcept(Opaque)
        ? "sub-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(subject)))[..32]
        : subject;
}
