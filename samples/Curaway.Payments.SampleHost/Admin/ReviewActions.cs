using Curaway.Payments.SampleHost.Http;
using Curaway.Payments.SampleHost.Identity;

namespace Curaway.Payments.SampleHost.Admin;

/// <summary>What a human found out about an operation in review.</summary>
internal sealed record SettleRequest
{
    /// <summary><c>happened</c> or <c>did_not_happen</c>.</summary>
    public string? Verdict { get; init; }

    /// <summary>The intent or order that an authorization made, where we know none.</summary>
    public string? ProviderReference { get; init; }

    /// <summary>Why, as a machine word such as <c>checked_in_dashboard</c>.</summary>
    public string? Reason { get; init; }
}

/// <summary>The way out of review, for the own clinic's charges.</summary>
internal static class ReviewActions
{
    public static async Task<IResult> SettleAsync(
        string id, string operationId, SettleRequest? request, Caller caller, AdminStore store, ChargeService charges, CancellationToken ct)
    {
        if (!ChargeId.TryParse(id, out var chargeId) || !OperationId.TryParse(operationId, out var operation)
            || (await charges.FindAsync(chargeId, ct))?.TenantId != caller.TenantId)
            return Problem.NotFound;
        var errors = new FieldErrors();
        var reference = default(OpaqueId);
        errors.Require(WireName.TryParse(request?.Verdict, out ReviewVerdict verdict), "verdict");
        errors.Require(request?.ProviderReference is null || OpaqueId.TryParse(request.ProviderReference, out reference), "provider_reference");
        errors.Require(OpaqueId.TryParse(request?.Reason, out var reason), "reason");
        if (errors.Any)
            return Problem.Validation(errors);

        var result = await charges.SettleReviewAsync(
            new SettleReview
            {
                ChargeId = chargeId,
                OperationId = operation,
                Verdict = verdict,
                ProviderReference = request?.ProviderReference is null ? null : reference,
                Reason = reason.Value,
                ActorId = caller.Subject,
            },
            ct);
        return result.IsSuccess ? Results.Ok(await store.FindChargeAsync(caller.TenantId, chargeId, CancellationToken.None)) : Problem.Of(result);
    }
}
