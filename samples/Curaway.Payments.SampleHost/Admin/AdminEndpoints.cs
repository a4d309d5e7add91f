using System.Globalization;
using Curaway.Payments.SampleHost.Http;
using Curaway.Payments.SampleHost.Idempotency;
using Curaway.Payments.SampleHost.Identity;
using Curaway.Payments.SampleHost.Tenants;
using Microsoft.AspNetCore.Mvc;

namespace Curaway.Payments.SampleHost.Admin;

/// <summary><c>/api/v1/admin</c>: an admin's own clinic. Another clinic's id answers exactly like an unknown one.</summary>
internal static class AdminEndpoints
{
    private const int LimitDefault = 20;
    private const int LimitMax = 100;

    public static void MapAdmin(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v1/admin").RequireAuthorization(Policies.Admin).WithTags("Admin");
        group.MapGet("charges", ListChargesAsync).WithSummary("Charges, newest first").Produces<AdminPage<AdminChargeView>>();
        group.MapGet("charges/{id}", ReadChargeAsync).WithSummary("One charge and its timeline").Produces<AdminChargeView>();
        group.MapPost("charges/{id}/refund", AdminActions.RefundAsync).WithMetadata(new RequiresIdempotencyKey())
            .WithSummary("Sends captured money back; the Idempotency-Key is the refund's id").Produces<RefundAnswer>().Produces<RefundAnswer>(StatusCodes.Status202Accepted);
        group.MapPost("charges/{id}/reconcile", AdminActions.ReconcileAsync).WithSummary("Asks the provider what is true now").Produces<AdminChargeView>();
        group.MapPost("charges/{id}/operations/{operationId}/settle", ReviewActions.SettleAsync)
            .WithSummary("Settles an operation in review by what a human found out at the provider").Produces<AdminChargeView>();
        group.MapGet("webhooks", ListWebhooksAsync).WithSummary("Webhook events of the clinic's charges, newest first").Produces<AdminPage<WebhookView>>();
        group.MapPost("webhooks/{id}/replay", AdminActions.ReplayAsync).WithSummary("Makes a waiting or given-up event due now").Produces<WebhookView>(StatusCodes.Status202Accepted);
        group.MapPost("webhooks/replay", AdminActions.ReplayManyAsync)
            .WithSummary("Makes the clinic's waiting or given-up events due now, by a filter").Produces<ReplayAnswer>(StatusCodes.Status202Accepted);
        group.MapGet("routing/explain", ExplainAsync).WithSummary("Where a booking would go, and why").Produces<RoutingAnswer>();
        group.MapGet("audit", ListAuditAsync).WithSummary("The audit log of the clinic's charges, newest first").Produces<AdminPage<AuditView>>();
        group.MapGet("alerts", ListAlertsAsync).WithSummary("Alerts about the clinic's charges, newest first").Produces<AdminPage<AlertView>>();
    }

    private static async Task<IResult> ListChargesAsync(
        string? status, string? provider, [FromQuery(Name = "consultation_id")] string? consultationId, [AsParameters] PageQuery page,
        Caller caller, AdminStore store, CancellationToken ct)
    {
        var errors = new FieldErrors();
        errors.Require(status is null || WireName.TryParse(status, out ChargeStatus _), "status");
        errors.Require(provider is null || OpaqueId.TryParse(provider, out _), "provider");
        errors.Require(consultationId is null || OpaqueId.TryParse(consultationId, out _), "consultation_id");
        if (page.Read(errors) is not { } paging)
            return Problem.Validation(errors);
        var rows = await store.ListChargesAsync(caller.TenantId, new ChargeFilter(status, provider, consultationId), paging, ct);
        return PageOf(rows, paging, row => row.Id);
    }

    private static async Task<IResult> ReadChargeAsync(string id, Caller caller, AdminStore store, ChargeService charges, CancellationToken ct)
    {
        if (!ChargeId.TryParse(id, out var chargeId) || (await charges.FindAsync(chargeId, ct))?.TenantId != caller.TenantId)
            return Problem.NotFound;
        // Before the timeline is read: a charge in doubt is asked about, and what was told is part of its story.
        await charges.ReadAsync(chargeId, ct);
        return Results.Ok(await store.FindChargeAsync(caller.TenantId, chargeId, ct));
    }

    private static async Task<IResult> ListWebhooksAsync(
        string? state, string? provider, [AsParameters] PageQuery page, Caller caller, AdminStore store, CancellationToken ct)
    {
        var errors = new FieldErrors();
        errors.Require(state is null || WireName.TryParse(state, out WebhookState _), "state");
        errors.Require(provider is null || OpaqueId.TryParse(provider, out _), "provider");
        return page.Read(errors) is { } paging
            ? PageOf(await store.ListWebhooksAsync(caller.TenantId, state, provider, paging, ct), paging, row => row.Id)
            : Problem.Validation(errors);
    }

    private static async Task<IResult> ListAuditAsync(
        [FromQuery(Name = "charge_id")] string? chargeId, [AsParameters] PageQuery page, Caller caller, AdminStore store,
        CancellationToken ct)
    {
        var errors = new FieldErrors();
        var id = default(ChargeId);
        errors.Require(chargeId is null || ChargeId.TryParse(chargeId, out id), "charge_id");
        return page.ReadNumbered(errors) is { } paging
            ? PageOf(await store.ListAuditAsync(caller.TenantId, chargeId is null ? null : id, paging, ct), paging, row => row.Id)
            : Problem.Validation(errors);
    }

    private static async Task<IResult> ListAlertsAsync([AsParameters] PageQuery page, Caller caller, AdminStore store, CancellationToken ct)
    {
        var errors = new FieldErrors();
        return page.ReadNumbered(errors) is { } paging
            ? PageOf(await store.ListAlertsAsync(caller.TenantId, paging, ct), paging, row => row.Id)
            : Problem.Validation(errors);
    }

    /// <summary>Of the own clinic's settings, unless the question names others.</summary>
    private static async Task<IResult> ExplainAsync(
        [AsParameters] RoutingQuery query, Caller caller, TenantSettingsStore tenants, IEnumerable<IRoutingRule> rules, CancellationToken ct)
    {
        var errors = new FieldErrors();
        foreach (var (name, value) in query.Fields())
            errors.Require(value is null || OpaqueId.TryParse(value, out _), name);
        if (errors.Any)
            return Problem.Validation(errors);

        var settings = await tenants.ReadAsync(caller.TenantId, ct);
        var context = new RoutingContext
        {
            TenantId = caller.TenantId,
            ExplicitOverride = query.ExplicitOverride,
            TenantProvider = query.PaymentsProvider ?? settings.PaymentsProvider,
            DataResidencyRegion = query.DataResidencyRegion ?? settings.DataResidencyRegion,
            PreferredCurrency = query.PreferredCurrency,
            CountryOfResidence = query.CountryOfResidence,
        };
        RoutingStep[] trace = [.. rules.Select(rule => StepOf(rule, context))];
        return Results.Ok(trace.FirstOrDefault(step => step.Provider is not null) is { Provider: { } provider } winner
            ? new RoutingAnswer(provider, winner.Rule, trace, RoutingExplain.Lines(context, new RoutingDecision(provider, winner.Rule, [.. trace])))
            : new RoutingAnswer(null, null, trace, []));
    }

    private static RoutingStep StepOf(IRoutingRule rule, RoutingContext context)
    {
        var answer = rule.Evaluate(context);
        return new RoutingStep(rule.Name, answer.Provider, answer.Reason);
    }

    private static IResult PageOf<T>(List<T> rows, AdminPaging paging, Func<T, string> idOf)
    {
        var isLast = rows.Count < paging.CountMax;
        var items = isLast ? rows : rows[..^1];
        return Results.Ok(new AdminPage<T>(items, isLast ? null : idOf(items[^1])));
    }

    /// <summary><c>limit</c> is 1 to 100, 20 when left out; <c>cursor</c> is what the page before gave.</summary>
    internal sealed record PageQuery(string? Limit, string? Cursor)
    {
        public AdminPaging? Read(FieldErrors errors)
        {
            var before = Guid.AllBitsSet;
            errors.Require(Cursor is null || Guid.TryParseExact(Cursor, "D", out before), "cursor");
            return Of(errors, before, long.MaxValue);
        }

        public AdminPaging? ReadNumbered(FieldErrors errors)
        {
            var before = long.MaxValue;
            errors.Require(Cursor is null || long.TryParse(Cursor, NumberStyles.None, CultureInfo.InvariantCulture, out before), "cursor");
            return Of(errors, Guid.AllBitsSet, before);
        }

        private AdminPaging? Of(FieldErrors errors, Guid beforeId, long beforeNumber)
        {
            var limit = LimitDefault;
            errors.Require(
                Limit is null || (int.TryParse(Limit, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is >= 1 and <= LimitMax), "limit");
            return errors.Any ? null : new AdminPaging(limit + 1, beforeId, beforeNumber);
        }
    }
}
