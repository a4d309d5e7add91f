using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.Cli.Verbs;

/// <summary><c>replay</c>: makes webhook events due that wait for their charge or were given up. A running host works them off.</summary>
internal static class ReplayVerb
{
    private static readonly Option<Guid[]> Ids = new("--id") { Description = "Our id of an event, as webhook_events.id has it; may be repeated." };
    private static readonly Option<OpaqueId> Provider = Arguments.Opaque("--provider", "The provider's name.");
    private static readonly Option<WebhookState?> State = new("--state") { Description = "Only those that are parked, or that failed." };
    private static readonly Option<string?> Type = new("--type") { Description = "The provider's event type, such as payment_intent.succeeded." };
    private static readonly Option<Guid?> Charge = new("--charge") { Description = "The id of the charge they are about." };
    private static readonly Option<DateTimeOffset?> From = new("--from") { Description = "Only those that came at this time or later, such as 2026-11-27T00:00:00Z." };
    private static readonly Option<DateTimeOffset?> Before = new("--before") { Description = "Only those that came before this time." };
    private static readonly Option<int> Limit = Count("--limit", "At most this many, oldest first.");

    public static Verb Describe() => new(
        new Command("replay", "Has webhook events worked off again that wait for their charge or were given up. What is not given narrows nothing.")
        {
            Ids, Provider, State, Type, Charge, From, Before, Limit,
        },
        RunAsync);

    private static async Task<Answer> RunAsync(ParseResult parsed, IServiceProvider services, CancellationToken ct)
    {
        var filter = new WebhookFilter
        {
            Ids = parsed.GetValue(Ids) is { Length: > 0 } ids ? ids : null,
            Provider = parsed.GetValue(Provider) is { Value.Length: > 0 } provider ? provider.Value : null,
            State = parsed.GetValue(State),
            EventType = parsed.GetValue(Type),
            ChargeId = parsed.GetValue(Charge) is { } charge ? new ChargeId(charge) : null,
            ReceivedFrom = parsed.GetValue(From),
            ReceivedBefore = parsed.GetValue(Before),
            CountMax = parsed.GetValue(Limit),
        };
        var count = await services.GetRequiredService<WebhookReplay>().ReplayAsync(filter, ct).ConfigureAwait(false);
        return Answer.Of(
            new Replayed(count),
            [$"{count} events are due now." + (count == filter.CountMax ? " There may be more." : "")]);
    }

    private static Option<int> Count(string name, string description) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => 1000,
        CustomParser = result =>
        {
            if (!int.TryParse(result.Tokens[0].Value, System.Globalization.CultureInfo.InvariantCulture, out var count) || count is < 1 or > WebhookFilter.CountLimit)
                result.AddError($"{name}: 1 to {WebhookFilter.CountLimit}.");
            return count;
        },
    };

    private sealed record Replayed(int ReplayedCount);
}
