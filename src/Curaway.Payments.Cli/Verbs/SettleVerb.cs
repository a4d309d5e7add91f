using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.Cli.Verbs;

/// <summary><c>settle</c>: a human's way out of an operation in review. The provider is asked first, and its answer counts.</summary>
internal static class SettleVerb
{
    private static readonly Argument<ChargeId> Charge = Arguments.Charge();

    private static readonly Argument<OperationId> Operation = new("operation")
    {
        Description = "The operation's id, as the alert names it: its idempotency key.",
        CustomParser = result =>
        {
            if (!OperationId.TryParse(result.Tokens[0].Value, out var id))
                result.AddError("operation: not the id of an operation.");
            return id;
        },
    };

    private static readonly Option<ReviewVerdict> Verdict = new("--verdict")
    {
        Description = "What you found out at the provider: happened or did_not_happen.",
        Required = true,
        CustomParser = result =>
        {
            if (!WireName.TryParse(result.Tokens[0].Value, out ReviewVerdict verdict))
                result.AddError("--verdict: happened or did_not_happen.");
            return verdict;
        },
    };

    private static readonly Option<OpaqueId> Reference = Arguments.Opaque(
        "--provider-reference", "The intent or order that an authorization made, where the charge has none: pi_… or order_….");

    private static readonly Option<OpaqueId> Reason = Arguments.Opaque("--reason", "Why, as a machine word such as checked_in_dashboard.", isRequired: true);

    private static readonly Option<OpaqueId> Actor = Arguments.Opaque("--actor", "Who says so, by an id of yours; stands in the audit log.", isRequired: true);

    public static Verb Describe() => new(
        new Command("settle", "Settles an operation in review by what you found out; the provider is asked first, and its answer counts.")
        {
            Charge, Operation, Verdict, Reference, Reason, Actor,
        },
        RunAsync);

    private static async Task<Answer> RunAsync(ParseResult parsed, IServiceProvider services, CancellationToken ct)
    {
        var reference = parsed.GetValue(Reference);
        var command = new SettleReview
        {
            ChargeId = parsed.GetValue(Charge),
            OperationId = parsed.GetValue(Operation),
            Verdict = parsed.GetValue(Verdict),
            ProviderReference = reference == default ? null : reference,
            Reason = parsed.GetValue(Reason).Value,
            ActorId = parsed.GetValue(Actor).Value,
        };
        var result = await services.GetRequiredService<ChargeService>().SettleReviewAsync(command, ct).ConfigureAwait(false);
        if (!result.IsSuccess)
            return Answer.Error(result.Error!);
        var after = result.Charge!;
        return Answer.Of(
            new Settled(after.Id, command.OperationId, WireName.Of(command.Verdict), WireName.Of(after.Status)),
            [$"Settled ({WireName.Of(command.Verdict)}): charge {after.Id} is {WireName.Of(after.Status)}."]);
    }

    private sealed record Settled(ChargeId ChargeId, OperationId OperationId, string Verdict, string Status);
}
