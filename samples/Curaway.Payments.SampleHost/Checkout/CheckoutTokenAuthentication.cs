using System.Security.Claims;
using System.Text.Encodings.Web;
using Curaway.Payments.SampleHost.Identity;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Curaway.Payments.SampleHost.Checkout;

/// <summary>
/// Lets the checkout page finish its payment without the patient's token: the page opens from a link, also on another
/// device. The header <see cref="HeaderName"/> stands for the patient at one consultation, and only the one endpoint whose
/// policy names this scheme listens to it. It carries no cookie, so no other site can send it.
/// </summary>
internal sealed class CheckoutTokenAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, CheckoutTokens tokens)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string HeaderName = "Checkout-Token";
    public const string ConsultationClaim = "consultation_id";

    public new const string Scheme = "CheckoutToken";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Request.Headers[HeaderName] is not [{ } token])
            return AuthenticateResult.NoResult();
        if (await tokens.FindAsync(token, Context.RequestAborted) is not { } grant)
            return AuthenticateResult.Fail("Unknown, expired or used.");
        var identity = new ClaimsIdentity(
            [
                new Claim(Caller.SubjectClaim, grant.PatientId),
                new Claim(Caller.TenantClaim, grant.TenantId.Value),
                new Claim(Caller.RoleClaim, WireName.Of(Role.Patient)),
                new Claim(ConsultationClaim, grant.ConsultationId),
            ],
            Scheme, Caller.SubjectClaim, Caller.RoleClaim);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme));
    }
}
