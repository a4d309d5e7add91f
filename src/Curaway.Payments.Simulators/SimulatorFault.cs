using System.Globalization;

namespace Curaway.Payments.Simulators;

/// <summary>When a fault strikes: the question is whether the money has moved by then.</summary>
public enum FaultPlacement
{
    /// <summary>Nothing is executed. The ledger does not change (a held answer executes when the delay is over).</summary>
    BeforeExecution,

    /// <summary>The call is executed and, under a key, its true answer stored; then the answer breaks.</summary>
    AfterExecution,
}

internal enum FaultKind { Answer, RateLimited, InUse, Reset, Truncated, SlowBody, Delay, WrongAmount, WrongCurrency, WrongId }

/// <summary>
/// One way for a call to go wrong. Immutable: keep and reuse. Faults that replace the answer strike before execution
/// unless <see cref="AfterExecution"/> is asked for; those that spoil a real answer always strike after.
/// </summary>
public sealed record SimulatorFault
{
    private SimulatorFault(FaultKind kind, FaultPlacement placement)
    {
        Kind = kind;
        Placement = placement;
    }

    /// <summary>Name for logs and for the control endpoint, such as <c>Reset</c> or <c>Answer 500</c>.</summary>
    public string Name => Kind == FaultKind.Answer ? string.Create(CultureInfo.InvariantCulture, $"Answer {HttpStatus}") : Kind.ToString();

    /// <summary>When it strikes.</summary>
    public FaultPlacement Placement { get; private init; }

    /// <summary>True when the broken answer is stored under the idempotency key and replayed, as Stripe does with its own 500s.</summary>
    public bool IsStored { get; private init; }

    internal FaultKind Kind { get; }
    internal int HttpStatus { get; private init; }
    internal string Body { get; private init; } = "";
    internal string ContentType { get; private init; } = "application/json";
    internal TimeSpan Duration { get; private init; }
    internal IReadOnlyDictionary<string, string> Headers { get; private init; } = new Dictionary<string, string>();
    internal bool ReplacesAnswer => Kind is FaultKind.Answer or FaultKind.RateLimited or FaultKind.InUse;

    /// <summary>The connection is reset without an answer.</summary>
    public static SimulatorFault Reset { get; } = new(FaultKind.Reset, FaultPlacement.BeforeExecution);

    /// <summary>500 with an HTML page, as a load balancer sends it.</summary>
    public static SimulatorFault ServerErrorHtml { get; } = Answer(500, "<html><body>Internal Server Error</body></html>", "text/html");

    /// <summary>502 with an empty body.</summary>
    public static SimulatorFault BadGatewayEmpty { get; } = Answer(502, "", "text/plain");

    /// <summary>200 with an HTML page.</summary>
    public static SimulatorFault OkHtml { get; } = Answer(200, "<html><body>Maintenance</body></html>", "text/html");

    /// <summary>
    /// "Another request is in progress": Stripe 409 <c>idempotency_key_in_use</c>; Razorpay 409 for refunds and its
    /// 400 "another payment operation is in progress" for everything else.
    /// </summary>
    public static SimulatorFault InUse { get; } = new(FaultKind.InUse, FaultPlacement.BeforeExecution);

    /// <summary>Executed; headers and half the body arrive, then the connection is reset.</summary>
    public static SimulatorFault TruncatedBody { get; } = new(FaultKind.Truncated, FaultPlacement.AfterExecution);

    /// <summary>Executed; an otherwise valid answer whose amounts are 1 minor unit too high.</summary>
    public static SimulatorFault WrongAmount { get; } = new(FaultKind.WrongAmount, FaultPlacement.AfterExecution);

    /// <summary>Executed; an otherwise valid answer in another currency.</summary>
    public static SimulatorFault WrongCurrency { get; } = new(FaultKind.WrongCurrency, FaultPlacement.AfterExecution);

    /// <summary>Executed; an otherwise valid answer about another object.</summary>
    public static SimulatorFault WrongId { get; } = new(FaultKind.WrongId, FaultPlacement.AfterExecution);

    /// <summary>Any status with any body: <c>{}</c>, <c>[]</c>, <c>null</c>, <c>{"error":null}</c>, 201, …</summary>
    /// <param name="status">HTTP status, 200 to 599.</param>
    /// <param name="body">Sent as it is, UTF-8.</param>
    /// <param name="contentType">Media type of the body.</param>
    public static SimulatorFault Answer(int status, string body = "", string contentType = "application/json") =>
        new(FaultKind.Answer, FaultPlacement.BeforeExecution) { HttpStatus = status, Body = body, ContentType = contentType };

    /// <summary>429 in the provider's shape; never stored under a key.</summary>
    /// <param name="retryAfter">Sent as <c>Retry-After</c> in whole seconds; null sends none.</param>
    /// <param name="stripeShouldRetry">Sent as <c>Stripe-Should-Retry</c>; null sends none.</param>
    public static SimulatorFault RateLimited(TimeSpan? retryAfter = null, bool? stripeShouldRetry = null)
    {
        var headers = new Dictionary<string, string>();
        if (retryAfter is { } wait) headers["Retry-After"] = ((long)wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        if (stripeShouldRetry is { } retry) headers["Stripe-Should-Retry"] = retry ? "true" : "false";
        return new(FaultKind.RateLimited, FaultPlacement.BeforeExecution) { HttpStatus = 429, Headers = headers };
    }

    /// <summary>Executed; half the body arrives at once and the rest after this long.</summary>
    /// <param name="duration">Wall-clock time.</param>
    public static SimulatorFault SlowBody(TimeSpan duration) =>
        new(FaultKind.SlowBody, FaultPlacement.AfterExecution) { Duration = duration };

    /// <summary>
    /// The answer is held. After execution (the default) the money has moved before the wait; before execution it moves
    /// when the wait is over, even if the client has hung up, and the key is in flight meanwhile.
    /// </summary>
    /// <param name="duration">Wall-clock time.</param>
    public static SimulatorFault Delay(TimeSpan duration) =>
        new(FaultKind.Delay, FaultPlacement.AfterExecution) { Duration = duration };

    /// <summary>The same fault, striking before anything is executed. Faults that spoil a real answer stay where they are.</summary>
    public SimulatorFault BeforeExecution() =>
        Kind is FaultKind.Answer or FaultKind.RateLimited or FaultKind.InUse or FaultKind.Reset or FaultKind.Delay
            ? this with { Placement = FaultPlacement.BeforeExecution }
            : this;

    /// <summary>The same fault, striking when the call has been executed.</summary>
    public SimulatorFault AfterExecution() => this with { Placement = FaultPlacement.AfterExecution };

    /// <summary>The same fault, with one more response header, such as <c>Stripe-Notice</c>. Only for faults that replace the answer.</summary>
    /// <param name="name">Header name.</param>
    /// <param name="value">Header value.</param>
    public SimulatorFault WithHeader(string name, string value) =>
        this with { Headers = new Dictionary<string, string>(Headers) { [name] = value } };

    /// <summary>The same fault, with its answer stored under the idempotency key. Only for faults that replace the answer.</summary>
    public SimulatorFault Stored() => this with { IsStored = Kind == FaultKind.Answer };
}
