using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Polly;
using Polly.CircuitBreaker;

namespace Curaway.Payments;

/// <summary>
/// The flight between the two transactions: one deadline, one breaker and one 429 gate for each provider account. Nothing
/// that happens here throws: what cannot be classified is Indeterminate. Thread-safe.
/// </summary>
internal sealed partial class ProviderCaller(
    IEnumerable<IPaymentProvider> providers, IOptions<PaymentsOptions> options, PaymentsMetrics metrics, OutageWatch outages, TimeProvider time, ILogger<ProviderCaller> logger)
{
    /// <summary>The provider may prune a key a little early, and clocks differ.</summary>
    private static readonly TimeSpan KeyLifetimeMargin = TimeSpan.FromHours(1);

    private readonly Dictionary<string, IPaymentProvider> _providers = providers.ToDictionary(provider => provider.Name);
    private readonly ConcurrentDictionary<(string Provider, string Account), Gate> _gates = new();

    public IPaymentProvider? Find(string name) => _providers.GetValueOrDefault(name);

    public IPaymentProvider Get(string name) =>
        Find(name) ?? throw new InvalidOperationException($"The provider '{name}' of a stored charge is not registered.");

    public ProviderCapabilities CapabilitiesOf(Charge charge) => Get(charge.Provider).CapabilitiesOf(charge.ProviderAccount);

    /// <summary>
    /// Sends the operation's verb, or sends it again under its key while the provider surely still knows the key; else reads
    /// what became of it. New authorizations respect the breaker; money already held is always settled.
    /// </summary>
    public async Task<ProviderAnswer> SendAsync(ProviderRequest request, DateTimeOffset now)
    {
        var operation = request.RequiredOperation;
        if (IsOtherMode(request.Charge))
            return new ProviderAnswer(ProviderResult.NotSent(ProviderFault.Configuration, reason: "other_mode"), IsRead: false);
        var isKeyOld = CapabilitiesOf(request.Charge).ReplayLifetime(operation.Kind) is { } lifetime
            && now - operation.FirstSentAt >= lifetime - KeyLifetimeMargin;
        if (isKeyOld || operation.State == OperationState.Review || WasServerError(operation))
            return await FindAsync(request).ConfigureAwait(false) with { IsKeyOld = isKeyOld };
        var result = operation.Kind == OperationKind.Authorize
            ? await GateOf(request.Charge).AuthorizeAsync(() => CallAsync(request, Verb(request))).ConfigureAwait(false)
            : await CallAsync(request, Verb(request)).ConfigureAwait(false);
        if (result.Fault is not (ProviderFault.Busy or ProviderFault.AlreadyDone))
            return new ProviderAnswer(result, IsRead: false);

        // "Already done" and "busy" are not answers: read the truth and compare it with what we wanted.
        var read = await FindAsync(request).ConfigureAwait(false);
        return read.Result.Outcome == OperationOutcome.Indeterminate && read.Result.Snapshot is null ? new ProviderAnswer(result, IsRead: false) : read;
    }

    /// <summary>Reads the provider's truth.</summary>
    public Task<ProviderAnswer> FindAsync(ProviderRequest request) => ReadAsync(request, Get(request.Charge.Provider).FindAsync);

    /// <summary>The same for somebody who waits no longer than <paramref name="patience"/>.</summary>
    public Task<ProviderAnswer> FindAsync(ProviderRequest request, TimeSpan patience) =>
        ReadAsync(request, Get(request.Charge.Provider).FindAsync, patience);

    /// <summary>Checks what checkout brought back, against the provider's truth.</summary>
    public Task<ProviderAnswer> VerifyCheckoutAsync(ProviderRequest request, CheckoutProof proof) =>
        ReadAsync(request, (r, ct) => Get(r.Charge.Provider).VerifyCheckoutAsync(r, proof, ct));

    private async Task<ProviderAnswer> ReadAsync(
        ProviderRequest request, Func<ProviderRequest, CancellationToken, Task<ProviderResult>> call, TimeSpan? patience = null)
    {
        var result = IsOtherMode(request.Charge)
            ? ProviderResult.Indeterminate(ProviderFault.Configuration, "other_mode")
            : await CallAsync(request, call, patience).ConfigureAwait(false);
        return new ProviderAnswer(result, IsRead: true);
    }

    /// <summary>
    /// The account's keys were exchanged for those of the other mode while the charge was open. Nothing it names exists there, and
    /// "not found" would be no truth about it.
    /// </summary>
    private bool IsOtherMode(Charge charge) => charge.IsLiveMode is { } mode && Get(charge.Provider).IsLiveMode(charge.ProviderAccount) is { } keys && mode != keys;

    /// <summary>
    /// After a 5xx the truth is read before anything is sent again: the provider may have done it, and may have kept the answer
    /// under the key. A read that proves nothing lets the next try send.
    /// </summary>
    private static bool WasServerError(ChargeOperation operation) => operation.Error?.Reason == WireName.Of(ProviderFault.ServerError);

    private Func<ProviderRequest, CancellationToken, Task<ProviderResult>> Verb(ProviderRequest request)
    {
        var provider = Get(request.Charge.Provider);
        return request.RequiredOperation.Kind switch
        {
            OperationKind.Authorize => provider.AuthorizeAsync,
            OperationKind.Capture => provider.CaptureAsync,
            OperationKind.Void => provider.VoidAsync,
            OperationKind.Refund => provider.RefundAsync,
            var kind => throw new UnreachableException($"{kind} is no verb."),
        };
    }

    private async Task<ProviderResult> CallAsync(
        ProviderRequest request, Func<ProviderRequest, CancellationToken, Task<ProviderResult>> call, TimeSpan? patience = null)
    {
        var isImpatient = patience < options.Value.ProviderDeadline;
        var kind = request.Operation is { } operation ? WireName.Of(operation.Kind) : "read";
        using var activity = PaymentsDiagnostics.Source.StartActivity("payments." + kind);
        using var deadline = new CancellationTokenSource(isImpatient ? patience!.Value : options.Value.ProviderDeadline, time);
        var startedAt = time.GetTimestamp();
        ProviderResult result;
        try
        {
            result = await call(request, deadline.Token).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Whatever an adapter throws after something may have been sent, nobody knows what happened.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            var fault = deadline.IsCancellationRequested ? ProviderFault.Timeout : ProviderFault.Unreadable;
            Log.AdapterThrew(logger, request.Charge.Provider, kind, request.Charge.Id, exception.GetType().Name);
            result = ProviderResult.Indeterminate(fault);
        }

        // Slower than somebody would wait is not down.
        if (!isImpatient || result.Fault != ProviderFault.Timeout)
            outages.Saw(request.Charge.Provider, result.Fault);
        metrics.Called(request.Charge.Provider, kind, result, time.GetElapsedTime(startedAt));
        Log.Called(logger, request.Charge.Provider, kind, request.Charge.Id, result.Outcome, result.Fault, result.Reason, result.ProviderRequestId);
        return result;
    }

    private Gate GateOf(Charge charge) => _gates.GetOrAdd((charge.Provider, charge.ProviderAccount), _ => new Gate(time));

    /// <summary>What stops new authorizations of one account for a while.</summary>
    private sealed class Gate(TimeProvider time)
    {
        private readonly ResiliencePipeline<ProviderResult> _breaker = new ResiliencePipelineBuilder<ProviderResult> { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<ProviderResult>
            {
                FailureRatio = 0.5,
                MinimumThroughput = 5,
                SamplingDuration = TimeSpan.FromSeconds(60),
                BreakDuration = TimeSpan.FromSeconds(30),
                ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome.Result is { } result && Counts(result.Fault)),
            })
            .Build();

        private long _throttledUntilTicks;

        public async Task<ProviderResult> AuthorizeAsync(Func<Task<ProviderResult>> call)
        {
            var throttledFor = new TimeSpan(Volatile.Read(ref _throttledUntilTicks) - time.GetUtcNow().Ticks);
            if (throttledFor > TimeSpan.Zero)
                return ProviderResult.NotSent(ProviderFault.Throttled, throttledFor);
            try
            {
                var result = await _breaker.ExecuteAsync(async _ => await call().ConfigureAwait(false)).ConfigureAwait(false);
                if (result is { Fault: ProviderFault.Throttled, RetryAfter: { } retryAfter })
                    Volatile.Write(ref _throttledUntilTicks, (time.GetUtcNow() + retryAfter).Ticks);
                return result;
            }
            catch (BrokenCircuitException exception)
            {
                return ProviderResult.NotSent(ProviderFault.CircuitOpen, exception.RetryAfter);
            }
        }

        private static bool Counts(ProviderFault fault) => fault is ProviderFault.ConnectFailed or ProviderFault.Timeout
            or ProviderFault.Reset or ProviderFault.ServerError or ProviderFault.Unreadable;
    }

    private static partial class Log
    {
        [LoggerMessage(1001, LogLevel.Information,
            "{Provider} {Verb} of charge {ChargeId}: {Outcome} ({Fault}, {Reason}), provider request {ProviderRequestId}")]
        public static partial void Called(
            ILogger logger, string provider, string verb, ChargeId chargeId, OperationOutcome outcome, ProviderFault fault, string? reason, string? providerRequestId);

        [LoggerMessage(1002, LogLevel.Error, "The {Provider} adapter threw {ExceptionType} in {Verb} of charge {ChargeId}; the outcome is unknown")]
        public static partial void AdapterThrew(ILogger logger, string provider, string verb, ChargeId chargeId, string exceptionType);
    }
}

/// <summary>What came back from a provider.</summary>
/// <param name="Result">The result.</param>
/// <param name="IsRead">True when it is the provider's truth, read back, and not the answer to one send.</param>
/// <param name="IsKeyOld">True when it was read because the provider may have forgotten the key: nothing is ever sent under it again.</param>
internal sealed record ProviderAnswer(ProviderResult Result, bool IsRead, bool IsKeyOld = false);
