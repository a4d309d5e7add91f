using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.Cli.Verbs;

/// <summary><c>explain</c>: why a charge stands where it stands: routing, operations, webhooks, changes of status, audit, alerts.</summary>
internal static class ExplainVerb
{
    private static readonly Argument<ChargeId> Charge = Arguments.Charge();

    public static Verb Describe() => new(
        new Command("explain", "Tells the story of a charge: routing, operations, webhooks, changes of status, audit, alerts.") { Charge }, RunAsync);

    private static async Task<Answer> RunAsync(ParseResult parsed, IServiceProvider services, CancellationToken ct) =>
        await services.GetRequiredService<IChargeStore>().ReadHistoryAsync(parsed.GetValue(Charge), ct).ConfigureAwait(false) is { } history
            ? Answer.Of(ExplainBody.Of(history), Lines(history))
            : Answer.Error(ErrorCodes.NotFound, "There is no such charge.");

    private static IReadOnlyList<string> Lines(ChargeHistory history)
    {
        var charge = history.State.Charge!;
        var events = history.State.Operations
            .Select(operation => new Happened(operation.CreatedAt, "operation", TextOf(operation)))
            .Concat(history.Webhooks.Select(webhook => new Happened(webhook.ReceivedAt, "webhook", TextOf(webhook))))
            .Concat(history.Transitions.Select(change => new Happened(change.At, "status", $"{NameOf(change.From)} → {WireName.Of(change.To)} by {change.Source}")))
            .Concat(history.Audit.Select(row => new Happened(row.At, "audit", $"{row.Action} by {row.ActorId} through {row.Source} {row.Details}")))
            .Concat(history.Alerts.Select(alert => new Happened(alert.RaisedAt, "alert", TextOf(alert))))
            .OrderBy(happened => happened.At);
        return
        [
            $"charge        {charge.Id}",
            $"consultation  {charge.ConsultationId} of {charge.TenantId}",
            $"status        {WireName.Of(charge.Status)}{(charge.ClosingAt is null ? "" : $", closing since {TimeOf(charge.ClosingAt.Value)}: {charge.ClosingReason}")}",
            $"amounts       asked {charge.Amount}, authorized {charge.Authorized}, captured {charge.Captured}, refunded {charge.Refunded}",
            $"provider      {charge.Provider} ({charge.ProviderAccount}) {charge.Reference ?? "without a reference yet"}",
            .. charge.Payments.Select(payment => $"payment       {payment.Reference} {WireName.Of(payment.State)} {payment.Amount}"),
            .. charge.Refunds.Select(refund => $"refund        {refund.Reference} {WireName.Of(refund.State)} {refund.Amount}"),
            "",
            .. RoutingExplain.Lines(charge.Routing),
            "",
            .. events.Select(happened => $"{TimeOf(happened.At)}  {happened.Kind,-9}  {happened.Text}"),
        ];
    }

    private static string TextOf(ChargeOperation operation) =>
        $"{WireName.Of(operation.Kind)} {operation.Amount}: {WireName.Of(operation.State)}, {(operation.Outcome is { } outcome ? WireName.Of(outcome) : "no answer yet")}, " +
        $"sent {operation.SendCount}×, key {operation.IdempotencyKey}, provider request {operation.ProviderRequestId ?? "unknown"}";

    private static string TextOf(WebhookRecord webhook) =>
        $"{webhook.EventType} {webhook.EventId}: {WireName.Of(webhook.State)}{(webhook.Reason is null ? "" : " " + webhook.Reason)}, came again {webhook.DuplicateCount}×";

    private static string TextOf(AlertRecord record) =>
        $"{WireName.Of(record.Alert.Severity)} {record.Alert.Category}: {record.Alert.Text}{(record.DeliveredAt is null ? " (not delivered yet)" : "")}";

    private static string NameOf(ChargeStatus? status) => status is { } value ? WireName.Of(value) : "new";

    private static string TimeOf(DateTimeOffset at) => at.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private sealed record Happened(DateTimeOffset At, string Kind, string Text);
}
