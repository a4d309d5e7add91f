using Curaway.Payments.SampleHost.Http;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Curaway.Payments.SampleHost.Identity;

/// <summary>Who to be. Development only.</summary>
internal sealed record DevTokenRequest(string? TenantId, string? Role, string? Sub);

/// <summary>A token for eight hours.</summary>
internal sealed record DevTokenAnswer(string AccessToken);

/// <summary><c>POST /dev/token</c>: a token for anybody, in Development only, where it is not mapped otherwise.</summary>
internal static class DevTokenEndpoint
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(8);

    public static void MapDevToken(this WebApplication app)
    {
        if (app.Services.GetService<DevTokenKey>() is not { } key)
            return;
        app.MapPost("/dev/token", (DevTokenRequest request, HttpContext context, TimeProvider time) => Create(request, context, key, time))
            .AllowAnonymous()
            .WithTags("Development")
            .WithSummary("Makes a token for any tenant and role; Development only")
            .Produces<DevTokenAnswer>();
    }

    private static IResult Create(DevTokenRequest request, HttpContext context, DevTokenKey key, TimeProvider time)
    {
        var errors = new FieldErrors();
        errors.Require(OpaqueId.TryParse(request.TenantId, out _), "tenant_id");
        errors.Require(WireName.TryParse(request.Role, out Role _), "role");
        errors.Require(request.Sub is { Length: > 0 and <= Caller.SubjectLengthMax }, "sub");
        if (errors.Any)
            return Problem.Validation(errors);

        var now = time.GetUtcNow().UtcDateTime;
        var token = new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = HostIdentity.DevIssuer,
            Audience = context.RequestServices.GetRequiredService<IConfiguration>()["CURAWAY_JWT_AUDIENCE"] ?? HostIdentity.DevIssuer,
            IssuedAt = now,
            NotBefore = now,
            Expires = now + Lifetime,
            Claims = new Dictionary<string, object>
            {
                [Caller.SubjectClaim] = request.Sub!,
                [Caller.TenantClaim] = request.TenantId!,
                [Caller.RoleClaim] = request.Role!,
            },
            SigningCredentials = new SigningCredentials(key.Key, SecurityAlgorithms.HmacSha256),
        });
        return Results.Ok(new DevTokenAnswer(token));
    }
}
