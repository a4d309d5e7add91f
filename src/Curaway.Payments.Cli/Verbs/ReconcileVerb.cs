using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.Cli.Verbs;

/// <summary>
/// <c>reconcile</c>: asks the provider what is true now, of one charge or, both ways, of everything since some hours, and
/// commits it. Moves no money.
/// </summary>
internal static class ReconcileVerb
{
    private const int HoursMax = 90 * 24;

    private static readonly Argument<ChargeId> Charge = Arguments.Charge();
    private static readonly Option<OpaqueId> Actor = Arguments.Opaque("--actor", "Who asks, by an id of yours; stands in the audit log.");
    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Show what differs and change nothing." };

    private static readonly Option<int> Hours = new("--hours")
    {
        Description = "Without a charge: how far back both sides are compared. Default 48.",
        DefaultValueFactory = _ => 48,
    };

    public static Verb Describe()
    {
        Charge.Arity = ArgumentArity.ZeroOrOne;
        Hours.Validators.Add(result =>
        {
            if (result.GetValue(Hours) is < 1 or > HoursMax)
                result.AddError($"--hours: a whole number from 1 to {HoursMax}.");
        });
        var command = new Command(
            "reconcile", "Asks the provider what is true of a charge, or of everything since some hours, and commits it. Moves no money.")
        {
            Charge, Actor, Hours, DryRun,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(Charge)?.Tokens.Count > 0 && result.GetValue(DryRun))
                result.AddError("--dry-run: compares both sides; a charge that is named is asked about at once.");
        });
        return new Verb(command, RunAsync);
    }

    private static async Task<Answer> RunAsync(ParseResult parsed, IServiceProvider services, CancellationToken ct)
    {
        var actor = parsed.GetValue(Actor) is { Value.Length: > 0 } asked ? asked.Value : "operator";
        if (parsed.GetResult(Charge)?.Tokens.Count is not > 0)
            return await CompareAsync(parsed, services, actor, ct).ConfigureAwait(false);
        var result = await services.GetRequiredService<ChargeService>().RefreshAsync(parsed.GetValue(Charge), actor, ct).ConfigureAwait(false);
        if (!result.IsSuccess)
            return Answer.Error(result.Error!);
        var charge = result.Charge!;
        return Answer.Of(
            new Refreshed(charge.Id, WireName.Of(charge.Status), charge.Authorized, charge.Captured, charge.Refunded),
            [$"Charge {charge.Id} is {WireName.Of(charge.Status)}: authorized {charge.Authorized}, captured {charge.Captured}, refunded {charge.Refunded}."]);
    }

    private static async Task<Answer> CompareAsync(ParseResult parsed, IServiceProvider services, string actor, CancellationToken ct)
    {
        var isDryRun = parsed.GetValue(DryRun);
        var request = new ReconciliationRequest(TimeSpan.FromHours(parsed.GetValue(Hours)), isDryRun, actor);
        var report = await services.GetRequiredService<TwoWayReconciliation>().RunAsync(request, ct).ConfigureAwait(false);
        var exitCode = report.Findings.Any(finding => finding.NeedsHuman) ? ExitCodes.Refused : report.IsComplete ? ExitCodes.Ok : ExitCodes.Unavailable;
        return Answer.Of(report, [.. report.Findings.Select(finding => LineOf(finding, isDryRun)), SummaryOf(report)], exitCode);
    }

    private static string LineOf(ReconciliationFinding finding, bool isDryRun)
    {
        var fate = !finding.IsHealed ? "for a human" : isDryRun ? "would heal" : "healed";
        return $"{WireName.Of(finding.Kind),-20}  {fate,-11}  {finding.Provider} {finding.Reference ?? "-"}  charge {finding.ChargeId?.ToString() ?? "-"}  {finding.Detail}";
    }

    private static string SummaryOf(ReconciliationReport report) =>
        $"{report.ComparedCount} charges compared, {report.Findings.Length} findings, {report.ForeignCount} objects of others." +
        (report.IsComplete ? "" : " Not complete: a provider did not answer, or there was more than one run looks at.");

    private sealed record Refreshed(ChargeId ChargeId, string Status, Money Authorized, Money Captured, Money Refunded);
}
