namespace Curaway.Payments.Simulators;

/// <summary>One API call that a simulator received, as the wire showed it. Control and script requests are not recorded.</summary>
public sealed class SimulatorCall
{
    internal SimulatorCall(int number, DateTimeOffset receivedAt, string operation, SimulatorRequest request, string? key)
    {
        Number = number;
        ReceivedAt = receivedAt;
        Operation = operation;
        Method = request.Method;
        Path = request.Path + request.QueryString;
        Body = request.BodyText;
        IdempotencyKey = key;
        UserAgent = request.Header("User-Agent");
    }

    /// <summary>1 for the first call of this simulator.</summary>
    public int Number { get; }

    /// <summary>UTC, by the simulator's clock.</summary>
    public DateTimeOffset ReceivedAt { get; }

    /// <summary>Name of the <see cref="StripeCall"/> or <see cref="RazorpayCall"/> value.</summary>
    public string Operation { get; }

    /// <summary>HTTP method, upper case.</summary>
    public string Method { get; }

    /// <summary>Path with query string, as sent.</summary>
    public string Path { get; }

    /// <summary>Request body as text; empty for none.</summary>
    public string Body { get; }

    /// <summary><c>Idempotency-Key</c> or <c>X-Refund-Idempotency</c>; null when not sent or without meaning for this call.</summary>
    public string? IdempotencyKey { get; }

    /// <summary>The <c>User-Agent</c> header, or null.</summary>
    public string? UserAgent { get; }

    /// <summary>HTTP status of the provider's own answer; null while it is being worked on or when nothing was answered.</summary>
    public int? Status { get; internal set; }

    /// <summary><c>executed</c>, <c>replayed</c>, <c>refused</c>, or <c>pending</c> while it is worked on.</summary>
    public string Outcome { get; internal set; } = "pending";

    /// <summary>Name of the fault applied to this call, or null.</summary>
    public string? Fault { get; internal set; }
}

internal sealed class SimulatorCallLog(SimulatorClock clock)
{
    private readonly Lock _gate = new();
    private readonly List<SimulatorCall> _calls = [];

    public IReadOnlyList<SimulatorCall> All
    {
        get
        {
            lock (_gate) return [.. _calls];
        }
    }

    public SimulatorCall Add(string operation, SimulatorRequest request, string? key)
    {
        lock (_gate)
        {
            var call = new SimulatorCall(_calls.Count + 1, clock.GetUtcNow(), operation, request, key);
            _calls.Add(call);
            return call;
        }
    }
}
