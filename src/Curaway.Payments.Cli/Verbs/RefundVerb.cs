using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.Cli.Verbs;

/// <summary><c>refund</c>: sends captured money back, with an audit row that names who asked.</summary>
internal static class RefundVerb
{
    private static readonly Argument<ChargeId> Charge = Arguments.Charge();

    private static readonly Option<OpaqueId> Reason = Arguments.Opaque(
        "--reason", "Why, as a machine word such as manual_dispute: it goes to the provider, so it names nobody.", isRequired: true);

    private static readonly Option<OpaqueId> RequestId = Arguments.Opaque(
        "--request-id", "Your id of this refund: the same id again is the same refund, however often it is sent.", isRequired: true);

    private static readonly Option<OpaqueId> Actor = Arguments.Opaque("--actor", "Who asks, by an id of yours; stands in the audit log.", isRequired: true);

    private static readonly Option<long?> AmountCents = new("--amount-cents")
    {
        Description = "How much, in minor units of the charge's currency; all that is left when left out.",
        CustomParser = result =>
        {
            if (long.TryParse(result.Tokens[0].Value, out var cents) && cents is >= 1 and <= CurrencyRules.ProviderAmountMax)
                return cents;
            result.AddError($"--amount-cents: a whole number from 1 to {CurrencyRules.ProviderAmountMax}.");
            return null;
        },
    };

    public static Verb Describe() => new(
        new Command("refund", "Sends captured money back to the patient.") { Charge, Reason, RequestId, Actor, AmountCents }, RunAsync);

    private static async Task<Answer> RunAsync(ParseResult parsed, IServiceProvider services, CancellationToken ct)
    {
        var charges = services.GetRequiredService<ChargeService>();
        if (await charges.FindAsync(parsed.GetValue(Charge), ct).ConfigureAwait(false) is not { } charge)
            return Answer.Error(ErrorCodes.NotFound, "There is no such charge.");
        var result = await charges.RefundAsync(
            new RefundCharge
            {
                ChargeId = charge.Id,
                RequestId = parsed.GetValue(RequestId),
                Amount = parsed.GetValue(AmountCents) is { } cents ? new Money(cents, charge.Amount.Currency) : null,
                Reason = parsed.GetValue(Reason).Value,
                ActorId = parsed.GetValue(Actor).Value,
            },
            ct).ConfigureAwait(false);
        if (!result.IsSuccess)
            return Answer.Error(result.Error!);
        var after = result.Charge!;
        return Answer.Of(
            new Refunded(after.Id, WireName.Of(result.Outcome), WireName.Of(after.Status), after.Captured, after.Refunded),
            [$"{WireName.Of(result.Outcome)}: charge {after.Id} is {WireName.Of(after.Status)}, {after.Refunded} of {after.Captured} sent back."]);
    }

    private sealed record Refunded(ChargeId ChargeId, string Outcome, string Status, Money Captured, Money RefundedTotal);
}
