using Curaway.Payments.SampleHost.Checkout;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;

namespace Curaway.Payments.SampleHost.Identity;

/// <summary>Who may call what. An endpoint that names none of them still asks for a valid token: that is the fallback.</summary>
internal static class Policies
{
    /// <summary>Any valid token.</summary>
    public const string SignedIn = "signed_in";

    /// <summary>The patient, or an admin: book, pay, cancel.</summary>
    public const string Booking = "booking";

    /// <summary>The clinician, or an admin: start, end.</summary>
    public const string Clinical = "clinical";

    /// <summary>An admin of the tenant.</summary>
    public const string Admin = "admin";

    /// <summary>The patient or an admin by their token, or the checkout page by its own: finish one payment.</summary>
    public const string Checkout = "checkout";

    public static void Add(AuthorizationOptions options)
    {
        options.AddPolicy(SignedIn, For());
        options.AddPolicy(Booking, For(Role.Patient, Role.Admin));
        options.AddPolicy(Clinical, For(Role.Clinician, Role.Admin));
        options.AddPolicy(Admin, For(Role.Admin));
        options.AddPolicy(Checkout, new AuthorizationPolicyBuilder(JwtBearerDefaults.AuthenticationScheme, CheckoutTokenAuthentication.Scheme)
            .RequireRole(WireName.Of(Role.Patient), WireName.Of(Role.Admin)).Build());
        options.DefaultPolicy = For();
        options.FallbackPolicy = options.DefaultPolicy;
    }

    private static AuthorizationPolicy For(params Role[] roles)
    {
        var policy = new AuthorizationPolicyBuilder(JwtBearerDefaults.AuthenticationScheme).RequireAuthenticatedUser();
        return roles.Length == 0 ? policy.Build() : policy.RequireRole(roles.Select(WireName.Of)).Build();
    }
}
