using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.Cli.Verbs;

/// <summary><c>reconcile</c>: asks the provider what is true now, and commits it. Sends nothing that moves money.</summary>
internal static class ReconcileVerb
{
    private static readonly Argument<ChargeId> Charge = Arguments.Charge();
    private static readonly Option<OpaqueId> Actor = Arguments.Opaque("--actor", "Who asks, by an id of yours; stands in the audit log.");

    public static Verb Describe() => new(
        new Command("reconcile", "Asks the provider what is true of a charge now, and commits it. Moves no money.") { Charge, Actor }, RunAsync);

    private static async Task<Answer> RunAsync(ParseResult parsed, IServiceProvider services, CancellationToken ct)
    {
        var actor = parsed.GetValue(Actor) is { Value.Length: > 0 } asked ? asked.Value : "operator";
        var result = await services.GetRequiredService<ChargeService>().RefreshAsync(parsed.GetValue(Charge), actor, ct).ConfigureAwait(false);
        if (!result.IsSuccess)
            return Answer.Error(result.Error!);
        var charge = result.Charge!;
        return Answer.Of(
            new Refreshed(charge.Id, WireName.Of(charge.Status), charge.Authorized, charge.Captured, charge.Refunded),
            [$"Charge {charge.Id} is {WireName.Of(charge.Status)}: authorized {charge.Authorized}, captured {charge.Captured}, refunded {charge.Refunded}."]);
    }

    private sealed record Refreshed(ChargeId ChargeId, string Status, Money Authorized, Money Captured, Money Refunded);
}
