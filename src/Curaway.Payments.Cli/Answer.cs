namespace Curaway.Payments.Cli;

/// <summary>What a verb found out, for a program (JSON) and for a person (lines).</summary>
/// <param name="ExitCode">One of <see cref="ExitCodes"/>.</param>
/// <param name="Json">The answer as JSON text.</param>
/// <param name="Lines">The answer in words.</param>
internal sealed record Answer(int ExitCode, string Json, IReadOnlyList<string> Lines)
{
    /// <summary>True when the lines belong on standard error.</summary>
    public bool IsError { get; private init; }

    /// <summary>What goes on once the answer is written, until it is canceled; null when the verb is done.</summary>
    public Func<CancellationToken, Task>? AfterwardsAsync { get; init; }

    public static Answer Of<T>(T body, IReadOnlyList<string> lines, int exitCode = ExitCodes.Ok) =>
        new(exitCode, PaymentsJson.Serialize(body), lines);

    /// <summary>An error of the catalogue; the detail says what to do about it, and holds no secret.</summary>
    public static Answer Error(string code, string detail)
    {
        var body = new ErrorBody(new ErrorView(code, detail, ErrorCatalogue.Get(code).Retryable));
        return Of(body, [$"{code}: {detail}"], ExitCodes.Of(code)) with { IsError = true };
    }

    public static Answer Error(PaymentError error) =>
        Error(error.Code, error.Reason is { } reason ? $"{error.Definition.OperatorText} ({reason})" : error.Definition.OperatorText);

    private sealed record ErrorBody(ErrorView Error);

    private sealed record ErrorView(string Code, string Detail, bool Retryable);
}
