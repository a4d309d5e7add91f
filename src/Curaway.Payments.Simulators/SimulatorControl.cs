using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Curaway.Payments.Simulators;

/// <summary>A control request that makes no sense; answered with 400 and this message.</summary>
internal sealed class ControlException(string message) : Exception(message);

/// <summary>The control endpoints both simulators share, under <c>/_sim/</c>: faults, clock, webhooks, ledger.</summary>
internal static class SimulatorControl
{
    public static void MapControl<TCall>(
        this WebApplication app, SimulatorFaults<TCall> faults, SimulatorClock clock, SimulatorWebhooks webhooks, Func<JsonObject> ledger)
        where TCall : struct, Enum
    {
        app.MapGet("/_sim/ledger", (RequestDelegate)(context => WriteAsync(context, 200, ledger())));
        app.MapPostJson("/_sim/faults", body => AddFault(faults, body));
        app.MapDelete("/_sim/faults", (RequestDelegate)(context =>
        {
            faults.Clear();
            return WriteAsync(context, 200, new JsonObject { ["faults"] = 0 });
        }));
        app.MapPostJson("/_sim/clock/advance", body =>
        {
            var seconds = body.Number("seconds") ?? throw new ControlException("seconds: a whole number is required");
            clock.Advance(TimeSpan.FromSeconds(seconds));
            return new JsonObject { ["now"] = clock.UnixSeconds };
        });
        app.MapPostJson("/_sim/webhooks", body => Steer(webhooks, body));
        app.MapGet("/_sim/webhooks", (RequestDelegate)(context => WriteAsync(context, 200, Describe(webhooks))));
    }

    /// <summary>POST with a JSON object; the media type is demanded so that no foreign page gets here without a preflight.</summary>
    public static void MapPostJson(this WebApplication app, string path, Func<JsonObject, JsonObject> handle) =>
        app.MapPost(path, (RequestDelegate)(async context =>
        {
            var request = await SimulatorRequest.ReadAsync(context).ConfigureAwait(false);
            var isJson = context.Request.ContentType?.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) == true;
            try
            {
                var body = (isJson ? SimulatorJson.TryObject(request.Body) : null)
                    ?? throw new ControlException("send a JSON object as application/json");
                await WriteAsync(context, 200, handle(body)).ConfigureAwait(false);
            }
            catch (Exception error) when (error is ControlException or ArgumentException or FormatException or OverflowException)
            {
                await WriteAsync(context, 400, new JsonObject { ["error"] = error.Message }).ConfigureAwait(false);
            }
        }));

    public static void MapScript(this WebApplication app, string path, string resource) =>
        app.MapGet(path, (RequestDelegate)(async context =>
        {
            var source = typeof(SimulatorControl).Assembly.GetManifestResourceStream(resource)
                ?? throw new InvalidOperationException($"The script {resource} is not embedded.");
            await using (source.ConfigureAwait(false))
            {
                context.Response.ContentType = "text/javascript; charset=utf-8";
                context.Response.Headers.CacheControl = "no-store";
                await source.CopyToAsync(context.Response.Body, context.RequestAborted).ConfigureAwait(false);
            }
        }));

    public static async Task WriteAsync(HttpContext context, int status, JsonObject body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(SimulatorJson.ToBytes(body), context.RequestAborted).ConfigureAwait(false);
    }

    private static JsonObject AddFault<TCall>(SimulatorFaults<TCall> faults, JsonObject body)
        where TCall : struct, Enum
    {
        if (!Enum.TryParse<TCall>(body.Text("call") ?? "All", ignoreCase: true, out var calls))
            throw new ControlException($"call: one of {string.Join(", ", Enum.GetNames<TCall>())}");
        var duration = TimeSpan.FromMilliseconds(body.Number("milliseconds") ?? 30_000);
        var fault = body.Text("kind") switch
        {
            "answer" => SimulatorFault.Answer(
                (int)(body.Number("status") ?? 500), body.Text("body") ?? "", body.Text("content_type") ?? "application/json"),
            "rate_limited" => SimulatorFault.RateLimited(
                body.Number("retry_after_seconds") is { } wait ? TimeSpan.FromSeconds(wait) : null),
            "in_use" => SimulatorFault.InUse,
            "reset" => SimulatorFault.Reset,
            "truncated" => SimulatorFault.TruncatedBody,
            "slow_body" => SimulatorFault.SlowBody(duration),
            "delay" => SimulatorFault.Delay(duration),
            "wrong_amount" => SimulatorFault.WrongAmount,
            "wrong_currency" => SimulatorFault.WrongCurrency,
            "wrong_id" => SimulatorFault.WrongId,
            _ => throw new ControlException(
                "kind: answer, rate_limited, in_use, reset, truncated, slow_body, delay, wrong_amount, wrong_currency or wrong_id"),
        };
        fault = body.Text("placement") switch
        {
            null => fault,
            "before" => fault.BeforeExecution(),
            "after" => fault.AfterExecution(),
            _ => throw new ControlException("placement: before or after"),
        };
        if (body.Flag("stored")) fault = fault.Stored();
        if (body.Flag("always")) faults.Always(calls, fault);
        else faults.Next(calls, fault, (int)(body.Number("times") ?? 1));
        return new JsonObject { ["faults"] = faults.Count };
    }

    private static JsonObject Steer(SimulatorWebhooks webhooks, JsonObject body)
    {
        if (body.Text("target") is { } target)
            webhooks.Target = target.Length == 0 ? null : new Uri(target, UriKind.Absolute);
        switch (body.Text("action"))
        {
            case null: break;
            case "pause": webhooks.Pause(); break;
            case "resume": webhooks.Resume(); break;
            case "enable": webhooks.Enable(); break;
            case "resend": webhooks.Resend(body.Text("event_id") ?? ""); break;
            default: throw new ControlException("action: pause, resume, enable or resend");
        }

        return Describe(webhooks);
    }

    private static JsonObject Describe(SimulatorWebhooks webhooks) => new()
    {
        ["target"] = webhooks.Target?.ToString(),
        ["disabled"] = webhooks.IsDisabled,
        ["pending"] = SimulatorJson.Array(webhooks.Pending.Select(Describe)),
        ["deliveries"] = SimulatorJson.Array(webhooks.Deliveries.Select(delivery => new JsonObject
        {
            ["event_id"] = delivery.EventId,
            ["type"] = delivery.Type,
            ["attempts"] = delivery.Attempts,
            ["last_status"] = delivery.LastStatus,
            ["state"] = delivery.State.ToString().ToLower(CultureInfo.InvariantCulture),
        })),
    };

    private static JsonObject Describe(SimulatorWebhook signed) => new()
    {
        ["event_id"] = signed.EventId,
        ["type"] = signed.Type,
        ["body"] = Encoding.UTF8.GetString(signed.Body.Span),
        ["headers"] = SimulatorJson.Map(signed.Headers),
    };
}
