using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>What the host asks for when the provider breaks.</summary>
public enum MatrixVerb
{
    /// <summary>A booking that nobody repeats.</summary>
    Authorize,

    /// <summary>A booking that the patient repeats until it answers.</summary>
    AuthorizeAgain,

    Capture,
    Void,
    Refund,

    /// <summary>The read that has to find out what became of a capture answered with 500: every read breaks.</summary>
    Find,
}

/// <summary>How the answer breaks.</summary>
public enum Breakage
{
    ServerError,

    /// <summary>A 500 that the provider stores under the key and repeats, as Stripe does.</summary>
    StoredServerError,

    Throttled,
    InUse,
    Timeout,
    Reset,
    Truncated,
    SlowBody,
    Html,
    EmptyObject,
    OtherAmount,
    OtherCurrency,
    OtherId,
}

/// <summary>Whether the money had moved by then. For a read: whether the capture it asks about had.</summary>
public enum Striking
{
    BeforeExecution,
    AfterExecution,
}

/// <summary>What the provider tells of itself afterwards.</summary>
public enum Aftermath
{
    /// <summary>Not one webhook arrives.</summary>
    Silence,

    /// <summary>Every webhook arrives, newest first and twice.</summary>
    Webhooks,
}

/// <summary>One cell of the outcome matrix.</summary>
public sealed record MatrixCell(MatrixVerb Verb, Breakage Breakage, Striking Striking, Aftermath Aftermath)
{
    /// <summary>Real time a provider gets in the cells that are about time; it answers after twice that.</summary>
    public static readonly TimeSpan ShortDeadline = TimeSpan.FromMilliseconds(120);

    /// <summary>Every cell that can happen at the provider.</summary>
    public static IEnumerable<MatrixCell> All(string provider) =>
        from verb in Enum.GetValues<MatrixVerb>()
        from breakage in Enum.GetValues<Breakage>()
        from striking in Enum.GetValues<Striking>()
        from aftermath in Enum.GetValues<Aftermath>()
        let cell = new MatrixCell(verb, breakage, striking, aftermath)
        where cell.CanHappen(provider)
        select cell;

    public bool IsTimed => Breakage is Breakage.Timeout or Breakage.SlowBody;

    /// <summary>
    /// A stored 500 is repeated for as long as the key lives, and nothing else tells that nothing happened. Capture and void are
    /// one-way doors at the provider, so they are settled under a new key; an authorization or a refund could happen twice.
    /// </summary>
    public bool EndsInReview => Breakage == Breakage.StoredServerError && Striking == Striking.BeforeExecution
        && Verb is not (MatrixVerb.Capture or MatrixVerb.Void);

    public SimulatorFault Fault
    {
        get
        {
            var fault = Breakage switch
            {
                Breakage.ServerError => SimulatorFault.ServerErrorHtml,
                Breakage.StoredServerError => SimulatorFault.Answer(500, """{"error":{"type":"api_error","message":"Something broke."}}""").Stored(),
                Breakage.Throttled => SimulatorFault.RateLimited(TimeSpan.FromSeconds(7)),
                Breakage.InUse => SimulatorFault.InUse,
                Breakage.Timeout => SimulatorFault.Delay(2 * ShortDeadline),
                Breakage.Reset => SimulatorFault.Reset,
                Breakage.Truncated => SimulatorFault.TruncatedBody,
                Breakage.SlowBody => SimulatorFault.SlowBody(2 * ShortDeadline),
                Breakage.Html => SimulatorFault.OkHtml,
                Breakage.EmptyObject => SimulatorFault.Answer(200, "{}"),
                Breakage.OtherAmount => SimulatorFault.WrongAmount,
                Breakage.OtherCurrency => SimulatorFault.WrongCurrency,
                _ => SimulatorFault.WrongId,
            };
            // A read changes nothing, so there is no before and after; it breaks on its way back.
            return Verb == MatrixVerb.Find || Striking == Striking.AfterExecution ? fault.AfterExecution() : fault.BeforeExecution();
        }
    }

    private bool CanHappen(string provider)
    {
        // GETs carry no key, and only Stripe stores its own 500s.
        if (Breakage == Breakage.StoredServerError && (provider != "stripe" || Verb == MatrixVerb.Find))
            return false;
        if (Verb == MatrixVerb.Find)
            return true;
        return Breakage switch
        {
            // Providers count before they work: a 429 has never executed.
            Breakage.Throttled => Striking == Striking.BeforeExecution,
            // These spoil a true answer, so there has to be one.
            Breakage.Truncated or Breakage.SlowBody or Breakage.OtherAmount or Breakage.OtherCurrency or Breakage.OtherId =>
                Striking == Striking.AfterExecution,
            _ => true,
        };
    }
}
