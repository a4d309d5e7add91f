using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Curaway.Payments.Simulators;

/// <summary>The routes of the API, its authentication and its idempotency rules.</summary>
internal sealed class StripeCalls(
    StripeSimulatorOptions options, StripeLedger ledger, SimulatorKeys keys, StripeIntentCalls intents,
    StripeRefundCalls refunds, StripeVaultCalls vault)
    : ISimulatedProvider
{
    private const int KeyCharactersMax = 255;

    public SimulatorKeys Keys => keys;

    public void Map(WebApplication app, SimulatorPipeline<StripeCall> pipeline)
    {
        void Post(string path, StripeCall call, Func<StripeForm, SimulatorRequest, StripeCause, JsonObject> handle) =>
            app.MapPost(path, pipeline.Handle(call, request => Run(request, request.BodyText, handle)));
        void Get(string path, StripeCall call, Func<StripeForm, SimulatorRequest, StripeCause, JsonObject> handle) =>
            app.MapGet(path, pipeline.Handle(call, request => Run(request, request.QueryString, handle)));

        Post("/v1/payment_intents", StripeCall.Create, intents.Create);
        Get("/v1/payment_intents", StripeCall.List, intents.List);
        Get("/v1/payment_intents/{id}", StripeCall.Read, intents.Read);
        Post("/v1/payment_intents/{id}/confirm", StripeCall.Confirm, intents.Confirm);
        Post("/v1/payment_intents/{id}/capture", StripeCall.Capture, intents.Capture);
        Post("/v1/payment_intents/{id}/cancel", StripeCall.Cancel, intents.Cancel);
        Post("/v1/refunds", StripeCall.Refund, refunds.Create);
        Get("/v1/refunds", StripeCall.List, refunds.List);
        Get("/v1/refunds/{id}", StripeCall.Read, refunds.Read);
        Get("/v1/charges/{id}", StripeCall.Read, refunds.ReadCharge);
        Post("/v1/customers", StripeCall.Vault, vault.CreateCustomer);
        Get("/v1/customers/{id}", StripeCall.Vault, vault.ReadCustomer);
        Get("/v1/customers/{id}/payment_methods", StripeCall.Vault, vault.ListOfCustomer);
        Get("/v1/payment_methods", StripeCall.Vault, vault.List);
        Get("/v1/payment_methods/{id}", StripeCall.Vault, vault.Read);
        Post("/v1/payment_methods/{id}/attach", StripeCall.Vault, vault.Attach);
        Post("/v1/payment_methods/{id}/detach", StripeCall.Vault, vault.Detach);
        Post("/v1/setup_intents", StripeCall.Vault, vault.CreateSetup);
        Get("/v1/setup_intents/{id}", StripeCall.Vault, vault.ReadSetup);
        app.MapFallback(pipeline.Handle(StripeCall.Unknown, request => StripeErrors.Plain(
            404, "invalid_request_error", null, $"Unrecognized request URL ({request.Method}: {request.Path}).")));
    }

    public SimulatorAnswer? Unauthorized(SimulatorRequest request)
    {
        var header = request.Header("Authorization");
        if (SimulatorSecrets.Same(header, "Bearer " + options.SecretKey)) return null;
        return StripeErrors.Plain(
            401, "invalid_request_error", null,
            string.IsNullOrEmpty(header) ? "You did not provide an API key." : "Invalid API Key provided.");
    }

    public string? KeyOf(SimulatorRequest request) => HttpMethods.IsPost(request.Method) ? request.Header("Idempotency-Key") : null;

    public SimulatorAnswer? RefuseKey(string key) => key.Length is > 0 and <= KeyCharactersMax
        ? null
        : StripeErrors.Plain(400, "idempotency_error", null, "Idempotency keys must have between 1 and 255 characters.");

    public SimulatorAnswer InUse(SimulatorRequest request) => StripeErrors.Plain(
        409, "invalid_request_error", "idempotency_key_in_use",
        "There is currently another in-progress request using this idempotent key. Please try again later.");

    public SimulatorAnswer Mismatch(SimulatorRequest request) => StripeErrors.Plain(
        400, "idempotency_error", null,
        "Keys for idempotent requests can only be used with the same parameters they were first used with.");

    public SimulatorAnswer Replay(SimulatorAnswer stored) =>
        stored with { Headers = new Dictionary<string, string>(stored.Headers) { ["Idempotent-Replayed"] = "true" } };

    public SimulatorAnswer RateLimited() => StripeErrors.Plain(
        429, "invalid_request_error", "rate_limit", "Request rate limit exceeded.");

    public void Decorate(SimulatorRequest request, HttpResponse response)
    {
        response.Headers["Request-Id"] = SimulatorSecrets.NewId("req_", 14);
        response.Headers["Stripe-Version"] = request.Header("Stripe-Version") ?? options.ApiVersion;
        if (KeyOf(request) is { } key) response.Headers["Idempotency-Key"] = key;
    }

    private SimulatorAnswer Run(
        SimulatorRequest request, string parameters, Func<StripeForm, SimulatorRequest, StripeCause, JsonObject> handle)
    {
        var cause = new StripeCause(SimulatorSecrets.NewId("req_", 14), KeyOf(request));
        try
        {
            lock (ledger.Gate)
            {
                ledger.Settle();
                var form = new StripeForm(parameters);
                var body = handle(form, request, cause);
                return new SimulatorAnswer(200, SimulatorJson.ToText(body))
                {
                    IsStored = true,
                    Hold = cause.AnswersSlowly ? options.SlowAnswer : TimeSpan.Zero,
                };
            }
        }
        catch (StripeException refusal)
        {
            return refusal.Answer;
        }
    }
}
