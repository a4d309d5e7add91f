using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments;

/// <summary>Maps the endpoints that providers deliver webhooks to.</summary>
public static class WebhookEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Maps <c>POST {prefix}/{provider}</c> and <c>POST {prefix}/{provider}/{account}</c> for every registered
    /// <see cref="IWebhookReader"/>; any other provider is a 404. Map it once for each family of URLs. The signature is the
    /// identity of the caller, so the endpoints are anonymous and ask for no antiforgery token; what is returned takes
    /// further conventions, such as a rate limit. Answers 200 (also for a duplicate), 400, 404, 408, 413 and 503.
    /// </summary>
    /// <param name="endpoints">The application.</param>
    /// <param name="prefix">The path before the provider's name.</param>
    /// <exception cref="InvalidOperationException">The engine or the store is not registered.</exception>
    public static IEndpointConventionBuilder MapPaymentWebhooks(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string prefix = "/api/v1/webhooks")
    {
        var services = endpoints.ServiceProvider;
        var metrics = ActivatorUtilities.CreateInstance<WebhookMetrics>(services);
        var inbox = ActivatorUtilities.CreateInstance<WebhookInbox>(services, metrics);
        var intake = ActivatorUtilities.CreateInstance<WebhookIntake>(services, inbox, metrics);
        return endpoints
            .MapPost(
                prefix.TrimEnd('/') + "/{provider}/{account?}",
                (HttpContext http, string provider, string? account) => intake.ReceiveAsync(http, provider, account))
            .AllowAnonymous()
            .DisableAntiforgery()
            .WithTags("Webhooks")
            .WithSummary("Takes one signed delivery of a payment provider")
            .Produces(StatusCodes.Status200OK, contentType: "application/json")
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status408RequestTimeout)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }
}
