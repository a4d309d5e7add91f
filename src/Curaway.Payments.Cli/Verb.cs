using System.CommandLine;

namespace Curaway.Payments.Cli;

/// <summary>One verb: how it is written, and what it does with a payments system that is wired up and not running.</summary>
/// <param name="Command">Its name, arguments and options.</param>
/// <param name="RunAsync">What it does. What it throws is answered as an error with a code.</param>
internal sealed record Verb(Command Command, Func<ParseResult, IServiceProvider, CancellationToken, Task<Answer>> RunAsync)
{
    /// <summary>True when it needs no database: it only looks at rules or configuration.</summary>
    public bool NeedsNoDatabase { get; init; }
}

/// <summary>Arguments that several verbs share.</summary>
internal static class Arguments
{
    /// <summary>A charge's id in its 36-character form.</summary>
    public static Argument<ChargeId> Charge() => new("charge")
    {
        Description = "The charge's id, as consultation_charges.id has it.",
        CustomParser = result =>
        {
            if (!ChargeId.TryParse(result.Tokens[0].Value, out var id))
                result.AddError("charge: not the id of a charge, such as 0197a9c2-7d2e-7c4f-9a52-3f0c2f6f7b11.");
            return id;
        },
    };

    /// <summary>An option whose value says nothing about a person.</summary>
    public static Option<OpaqueId> Opaque(string name, string description, bool isRequired = false) => new(name)
    {
        Description = description,
        Required = isRequired,
        CustomParser = result =>
        {
            if (!OpaqueId.TryParse(result.Tokens[0].Value, out var id))
                result.AddError($"{name}: 1 to {OpaqueId.LengthMax} of A-Z a-z 0-9 _ -.");
            return id;
        },
    };
}
