using System.Security.Cryptography;
using System.Text;
using Curaway.Payments.SampleHost.Checkout;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.IdentityModel.Tokens;

namespace Curaway.Payments.SampleHost.Identity;

/// <summary>Bearer tokens: signed by our key, or by an OIDC issuer; Development makes its own key and offers tokens.</summary>
internal static class HostIdentity
{
    /// <summary>The issuer and audience of the tokens that <c>/dev/token</c> makes.</summary>
    public const string DevIssuer = "curaway-development";

    private const int KeyBytesMin = 32;

    public static void AddHostIdentity(this WebApplicationBuilder builder)
    {
        var configuration = builder.Configuration;
        var key = SigningKeyOf(configuration["CURAWAY_JWT_SIGNING_KEY"], configuration["CURAWAY_JWT_AUTHORITY"], builder.Environment);
        if (key is not null && builder.Environment.IsDevelopment())
            builder.Services.AddSingleton(new DevTokenKey(key));

        builder.Services
            .AddAuthentication(JwtBearerDefaults.AuthenticationScheme)
            .AddJwtBearer(options => Configure(options, configuration, key))
            .AddScheme<AuthenticationSchemeOptions, CheckoutTokenAuthentication>(CheckoutTokenAuthentication.Scheme, null);
        builder.Services.AddAuthorization(Policies.Add);
    }

    private static void Configure(JwtBearerOptions options, ConfigurationManager configuration, SymmetricSecurityKey? key)
    {
        options.MapInboundClaims = false;
        options.TokenValidationParameters.NameClaimType = Caller.SubjectClaim;
        options.TokenValidationParameters.RoleClaimType = Caller.RoleClaim;
        options.TokenValidationParameters.ClockSkew = TimeSpan.FromMinutes(1);
        options.TokenValidationParameters.ValidAudience = configuration["CURAWAY_JWT_AUDIENCE"];
        options.TokenValidationParameters.ValidateAudience = configuration["CURAWAY_JWT_AUDIENCE"] is { Length: > 0 };
        if (key is null)
        {
            options.Authority = configuration["CURAWAY_JWT_AUTHORITY"];
        }
        else
        {
            options.TokenValidationParameters.IssuerSigningKey = key;
            options.TokenValidationParameters.ValidateIssuer = false;
            options.TokenValidationParameters.ValidAlgorithms = [SecurityAlgorithms.HmacSha256];
        }

        options.Events = new JwtBearerEvents
        {
            OnTokenValidated = context =>
            {
                if (!Caller.TryRead(context.Principal, out _))
                    context.Fail("The token lacks sub, tenant_id or role.");
                return Task.CompletedTask;
            },
        };
    }

    private static SymmetricSecurityKey? SigningKeyOf(string? text, string? authority, IHostEnvironment environment)
    {
        if (text is { Length: > 0 })
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            return bytes.Length >= KeyBytesMin
                ? new SymmetricSecurityKey(bytes)
                : throw new InvalidOperationException($"CURAWAY_JWT_SIGNING_KEY has at least {KeyBytesMin} bytes.");
        }

        if (authority is { Length: > 0 })
            return null;
        return environment.IsDevelopment()
            ? new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(KeyBytesMin))
            : throw new InvalidOperationException("Set CURAWAY_JWT_SIGNING_KEY or CURAWAY_JWT_AUTHORITY.");
    }
}

/// <summary>The key behind <c>/dev/token</c>; registered in Development only.</summary>
internal sealed record DevTokenKey(SymmetricSecurityKey Key)
{
    /// <summary>The type's name: the key stays out of logs.</summary>
    public override string ToString() => nameof(DevTokenKey);
}
