using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Curaway.Payments.Simulators;

/// <summary>The routes of the API, its authentication and its one idempotency header.</summary>
internal sealed class RazorpayCalls(
    RazorpaySimulatorOptions options, RazorpayLedger ledger, SimulatorKeys keys, RazorpayOrderCalls orders, RazorpayPaymentCalls payments)
    : ISimulatedProvider
{
    private const string KeyHeader = "X-Refund-Idempotency";
    private const int KeyCharactersMin = 10;

    public SimulatorKeys Keys => keys;

    public void Map(WebApplication app, SimulatorPipeline<RazorpayCall> pipeline)
    {
        void Post(string path, RazorpayCall call, Func<SimulatorRequest, JsonObject> handle) =>
            app.MapPost(path, pipeline.Handle(call, request => Run(request, handle)));
        void Get(string path, RazorpayCall call, Func<SimulatorRequest, JsonObject> handle) =>
            app.MapGet(path, pipeline.Handle(call, request => Run(request, handle)));

        Post("/v1/orders", RazorpayCall.Create, orders.Create);
        Get("/v1/orders", RazorpayCall.List, orders.List);
        Get("/v1/orders/{id}", RazorpayCall.Read, orders.Read);
        Get("/v1/orders/{id}/payments", RazorpayCall.List, orders.Payments);
        Get("/v1/payments", RazorpayCall.List, payments.List);
        Get("/v1/payments/{id}", RazorpayCall.Read, payments.Read);
        Post("/v1/payments/{id}/capture", RazorpayCall.Capture, payments.Capture);
        Post("/v1/payments/{id}/refund", RazorpayCall.Refund, payments.Refund);
        Get("/v1/payments/{id}/refunds", RazorpayCall.List, payments.Refunds);
        Get("/v1/refunds", RazorpayCall.List, payments.ListRefunds);
        Get("/v1/refunds/{id}", RazorpayCall.Read, payments.ReadRefund);
        app.MapFallback(pipeline.Handle(RazorpayCall.Unknown, _ => RazorpayErrors.NoRoute()));
    }

    /// <summary>The scheme must be spelled exactly <c>Basic</c>.</summary>
    public SimulatorAnswer? Unauthorized(SimulatorRequest request)
    {
        var wanted = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{options.KeyId}:{options.KeySecret}"));
        return SimulatorSecrets.Same(request.Header("Authorization"), wanted) ? null : RazorpayErrors.Unauthorized("Authentication failed");
    }

    public string? KeyOf(SimulatorRequest request) => IsRefund(request) ? request.Header(KeyHeader) : null;

    public SimulatorAnswer? RefuseKey(string key)
    {
        if (key.Length < KeyCharactersMin)
            return RazorpayErrors.Refused("The idempotency key must be at least 10 characters long.").Answer;
        return key.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-')
            ? null
            : RazorpayErrors.Refused("The idempotency key must only contain alphanumeric characters, underscores, and hyphens").Answer;
    }

    public SimulatorAnswer InUse(SimulatorRequest request) => IsRefund(request)
        ? RazorpayErrors.Conflict("Another request with the same idempotency key is still in progress.")
        : RazorpayErrors.Busy();

    public SimulatorAnswer Mismatch(SimulatorRequest request) =>
        RazorpayErrors.Conflict("Different request with the same idempotency key has already been processed.");

    public SimulatorAnswer Replay(SimulatorAnswer stored) => stored;

    public SimulatorAnswer RateLimited() => RazorpayErrors.RateLimited();

    public void Decorate(SimulatorRequest request, HttpResponse response) =>
        response.Headers["X-Razorpay-Request-Id"] = SimulatorSecrets.NewId("", 14);

    private static bool IsRefund(SimulatorRequest request) =>
        HttpMethods.IsPost(request.Method) && request.Path.EndsWith("/refund", StringComparison.Ordinal);

    private SimulatorAnswer Run(SimulatorRequest request, Func<SimulatorRequest, JsonObject> handle)
    {
        try
        {
            lock (ledger.Gate)
            {
                ledger.Settle();
                return new SimulatorAnswer(200, SimulatorJson.ToText(handle(request))) { IsStored = true };
            }
        }
        catch (RazorpayException refusal)
        {
            return refusal.Answer;
        }
    }
}
