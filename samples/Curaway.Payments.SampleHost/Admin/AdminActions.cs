using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using Curaway.Payments.SampleHost.Http;
using Curaway.Payments.SampleHost.Idempotency;
using Curaway.Payments.SampleHost.Identity;

namespace Curaway.Payments.SampleHost.Admin;

/// <summary>An out-of-band refund.</summary>
internal sealed record AdminRefundRequest
{
    /// <summary>Minor units of the charge's currency; all that is left when left out.</summary>
    [JsonConverter(typeof(AmountConverter))]
    public long? AmountCents { get; init; }

    /// <summary>Why, as a machine word such as <c>manual_dispute</c>: it goes to the provider, so it names nobody.</summary>
    public string? Reason { get; init; }
}

/// <summary>What an admin does to a charge or an event of the own clinic. The engine writes the audit row, with the admin as its actor.</summary>
internal static class AdminActions
{
    public static async Task<IResult> RefundAsync(
        string id, AdminRefundRequest? request, Caller caller, HttpContext context, AdminStore store, ChargeService charges, CancellationToken ct)
    {
        if (!ChargeId.TryParse(id, out var chargeId) || await store.FindChargeAsync(caller.TenantId, chargeId, ct) is not { } charge)
            return Problem.NotFound;
        if (!OpaqueId.TryParse(request?.Reason, out var reason))
            return Problem.Validation("reason");
        if (request.AmountCents is < 1 or > CurrencyRules.ProviderAmountMax)
            return new Problem(ErrorCodes.AmountInvalid);

        var requestId = RequestIdOf(context.Request.Headers[IdempotencyMiddleware.HeaderName].ToString());
        var result = await charges.RefundAsync(
            new RefundCharge
            {
                ChargeId = chargeId,
                RequestId = requestId,
                Amount = request.AmountCents is { } cents ? new Money(cents, Currency.Parse(charge.Currency)) : null,
                Reason = reason.Value,
                ActorId = caller.Subject,
            },
            ct);
        if (!result.IsSuccess)
            return Problem.Of(result);

        var after = (await store.FindChargeAsync(caller.TenantId, chargeId, CancellationToken.None))!;
        var refund = after.Timeline!.Operations.Single(operation => operation.RequestId == requestId.Value);
        // Accepted and still under way at the bank is a 202; the webhook or the reconciler says how it came out.
        return Results.Json(
            new RefundAnswer(after with { Timeline = null }, refund),
            statusCode: result.Outcome == OperationOutcome.Pending ? StatusCodes.Status202Accepted : StatusCodes.Status200OK);
    }

    public static async Task<IResult> ReconcileAsync(string id, Caller caller, AdminStore store, ChargeService charges, CancellationToken ct)
    {
        if (!ChargeId.TryParse(id, out var chargeId) || await store.FindChargeAsync(caller.TenantId, chargeId, ct) is null)
            return Problem.NotFound;
        var result = await charges.RefreshAsync(chargeId, caller.Subject, ct);
        return result.IsSuccess ? Results.Ok(await store.FindChargeAsync(caller.TenantId, chargeId, CancellationToken.None)) : Problem.Of(result);
    }

    public static async Task<IResult> ReplayAsync(string id, Caller caller, AdminStore store, WebhookReplay replay, CancellationToken ct)
    {
        if (!Guid.TryParseExact(id, "D", out var eventId) || await store.FindWebhookAsync(caller.TenantId, eventId, ct) is null)
            return Problem.NotFound;
        if (await replay.ReplayAsync(new WebhookFilter { Ids = [eventId], TenantId = caller.TenantId }, ct) == 0)
            return Problem.StateConflict;
        return Results.Accepted(value: await store.FindWebhookAsync(caller.TenantId, eventId, CancellationToken.None));
    }

    /// <summary>The own clinic's events only, whatever else is asked.</summary>
    public static async Task<IResult> ReplayManyAsync(ReplayRequest? request, Caller caller, WebhookReplay replay, CancellationToken ct)
    {
        var errors = new FieldErrors();
        return (request ?? new ReplayRequest()).Read(caller.TenantId, errors) is { } filter
            ? Results.Accepted(value: new ReplayAnswer(await replay.ReplayAsync(filter, ct)))
            : Problem.Validation(errors);
    }

    /// <summary>The caller's key is the id of the refund, so that it stays one refund also when the kept answer is long gone. A key of another alphabet stands by its hash.</summary>
    private static OpaqueId RequestIdOf(string key) => OpaqueId.TryParse(key, out var id) && !key.StartsWith("release-", StringComparison.Ordinal)
        ? id
        : OpaqueId.Parse("key-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..60]);
}
