using System.Collections.Concurrent;

namespace Curaway.Payments.IntegrationTests.Engine;

/// <summary>What the provider does with the next send.</summary>
public enum Behavior
{
    Execute,
    Decline,
    ExecuteThenTimeout,
    TimeoutWithoutExecuting,
    ExecuteThenServerError,
    ServerErrorWithoutExecuting,
    NotSent,
    Throttled,
    Unauthorized,
    RequireAction,
    AlreadyDone,
    Throw,
}

/// <summary>
/// A provider with a ledger and idempotency keys, driven by a script: what happened at the provider can be compared with
/// what we recorded.
/// </summary>
public sealed class LedgerProvider(string name) : IPaymentProvider
{
    private readonly ConcurrentQueue<Behavior> _script = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<OperationId, ProviderResult> _answers = [];
    private readonly Dictionary<ChargeId, Account> _accounts = [];

    public string Name => name;

    public bool Configured { get; set; } = true;

    public bool FindsNothing { get; set; }

    /// <summary>When set, a void promises this moment instead of releasing at once, and never keeps the promise.</summary>
    public DateTimeOffset? LapsesAt { get; set; }

    public TimeSpan? KeyLifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Runs before every answer is given, outside the ledger's lock.</summary>
    public Func<Task> BeforeAnswer { get; set; } = () => Task.CompletedTask;

    /// <summary>Runs before every read.</summary>
    public Func<CancellationToken, Task> BeforeFind { get; set; } = _ => Task.CompletedTask;

    public List<(OperationKind Kind, string Key)> Sends { get; } = [];

    public int AuthorizationCount => Count(account => account.AuthorizationCount);

    public int CaptureCount => Count(account => account.CaptureCount);

    public int VoidCount => Count(account => account.VoidCount);

    public int RefundCount => Count(account => account.Refunds.Count);

    public long RefundedMinorUnits => Count(account => (int)account.Refunds.Sum(refund => refund.Amount.MinorUnits));

    /// <summary>Every account that was added, with the mode of its key.</summary>
    public Dictionary<string, bool?> Modes { get; } = new() { ["default"] = null };

    /// <summary>The windows of accounts that do not have the usual one.</summary>
    public Dictionary<string, TimeSpan> Windows { get; } = [];

    public IReadOnlyCollection<string> Accounts => Modes.Keys;

    public bool? IsLiveMode(string account) => Modes.GetValueOrDefault(account);

    public ProviderCapabilities CapabilitiesOf(string account) => new()
    {
        Currencies = new CurrencyRules(new Dictionary<string, int>(), new Dictionary<string, long>(), new Dictionary<string, long>()),
        AuthorizationWindow = Windows.GetValueOrDefault(account, TimeSpan.FromDays(7)),
        SavedMethodAuthorizationWindow = TimeSpan.FromDays(4),
        VoidsAtOnce = true,
        ReplayLifetime = _ => KeyLifetime,
    };

    public LedgerProvider Next(params Behavior[] behaviors)
    {
        foreach (var behavior in behaviors)
            _script.Enqueue(behavior);
        return this;
    }

    public bool IsConfigured(string account) => Configured && Modes.ContainsKey(account);

    /// <summary>The patient pays at checkout.</summary>
    public ProviderSnapshot PayAtCheckout(Charge charge)
    {
        lock (_lock)
        {
            var account = AccountOf(charge);
            account.Authorize();
            return account.Snapshot();
        }
    }

    public ProviderSnapshot SnapshotOf(Charge charge)
    {
        lock (_lock)
            return AccountOf(charge).Snapshot();
    }

    public Task<ProviderResult> AuthorizeAsync(ProviderRequest request, CancellationToken ct) => SendAsync(request, ct);

    public Task<ProviderResult> CaptureAsync(ProviderRequest request, CancellationToken ct) => SendAsync(request, ct);

    public Task<ProviderResult> VoidAsync(ProviderRequest request, CancellationToken ct) => SendAsync(request, ct);

    public Task<ProviderResult> RefundAsync(ProviderRequest request, CancellationToken ct) => SendAsync(request, ct);

    public Task<ProviderResult> VerifyCheckoutAsync(ProviderRequest request, CheckoutProof proof, CancellationToken ct) =>
        FindAsync(request, ct);

    public async Task<ProviderResult> FindAsync(ProviderRequest request, CancellationToken ct)
    {
        await BeforeFind(ct);
        lock (_lock)
        {
            if (FindsNothing)
                return ProviderResult.Indeterminate(ProviderFault.NotFound);
            if (!_accounts.TryGetValue(request.Charge.Id, out var account))
                return ProviderResult.Indeterminate(ProviderFault.NotFound);
            if (request.Operation is { } operation && !account.Executed.Contains(operation.Id))
                return ProviderResult.Indeterminate(ProviderFault.NotFound, snapshot: account.Snapshot());
            return account.AuthorizationCount == 0
                ? ProviderResult.RequiresAction(account.Snapshot(), Action())
                : ProviderResult.Succeeded(account.Snapshot());
        }
    }

    private async Task<ProviderResult> SendAsync(ProviderRequest request, CancellationToken ct)
    {
        var operation = request.RequiredOperation;
        var behavior = _script.TryDequeue(out var scripted) ? scripted : Behavior.Execute;
        ProviderResult result;
        lock (_lock)
        {
            Sends.Add((operation.Kind, operation.IdempotencyKey));
            result = behavior switch
            {
                Behavior.NotSent => ProviderResult.NotSent(ProviderFault.ConnectFailed),
                Behavior.Throttled => ProviderResult.NotSent(ProviderFault.Throttled, TimeSpan.FromSeconds(7)),
                Behavior.Unauthorized => ProviderResult.Declined("api_key_expired", fault: ProviderFault.Configuration),
                Behavior.TimeoutWithoutExecuting => ProviderResult.Indeterminate(ProviderFault.Timeout),
                Behavior.ServerErrorWithoutExecuting => _answers[operation.Id] = ProviderResult.Indeterminate(ProviderFault.ServerError),
                Behavior.Decline => _answers[operation.Id] = ProviderResult.Declined("card_declined"),
                _ => Execute(request, behavior),
            };
        }

        await BeforeAnswer();
        ct.ThrowIfCancellationRequested();
        return behavior switch
        {
            Behavior.ExecuteThenTimeout => ProviderResult.Indeterminate(ProviderFault.Timeout),
            Behavior.ExecuteThenServerError => ProviderResult.Indeterminate(ProviderFault.ServerError),
            Behavior.AlreadyDone => ProviderResult.Indeterminate(ProviderFault.AlreadyDone),
            Behavior.Throw => throw new InvalidOperationException("An adapter has a bug."),
            _ => result,
        };
    }

    private ProviderResult Execute(ProviderRequest request, Behavior behavior)
    {
        var operation = request.RequiredOperation;
        if (_answers.TryGetValue(operation.Id, out var stored))
            return stored;
        var account = AccountOf(request.Charge);
        account.Executed.Add(operation.Id);
        if (operation.Kind == OperationKind.Authorize && behavior == Behavior.RequireAction)
            return _answers[operation.Id] = ProviderResult.RequiresAction(account.Snapshot(), Action());

        switch (operation.Kind)
        {
            case OperationKind.Authorize: account.Authorize(); break;
            case OperationKind.Capture: account.CaptureCount++; break;
            case OperationKind.Void: account.VoidCount++; break;
            default: account.Refund(operation); break;
        }

        return _answers[operation.Id] = ProviderResult.Succeeded(account.Snapshot());
    }

    private static ClientAction Action() => new()
    {
        Provider = "ledger",
        ScriptUrl = new Uri("https://provider.example/script.js"),
        Parameters = new Dictionary<string, string> { ["client_secret"] = "opaque" },
    };

    private Account AccountOf(Charge charge)
    {
        if (!_accounts.TryGetValue(charge.Id, out var account))
            _accounts[charge.Id] = account = new Account(this, charge);
        return account;
    }

    private int Count(Func<Account, int> count)
    {
        lock (_lock)
            return _accounts.Values.Sum(count);
    }

    private sealed class Account(LedgerProvider provider, Charge charge)
    {
        public HashSet<OperationId> Executed { get; } = [];

        public int AuthorizationCount { get; private set; }

        public int CaptureCount { get; set; }

        public int VoidCount { get; set; }

        public List<ChargeRefund> Refunds { get; } = [];

        public void Authorize() => AuthorizationCount++;

        public void Refund(ChargeOperation operation) => Refunds.Add(new ChargeRefund
        {
            Reference = $"re_{Refunds.Count + 1}_{charge.Id.Value:N}",
            State = RefundState.Succeeded,
            Amount = operation.Amount,
            PaymentReference = "ch_" + charge.Id.Value.ToString("N"),
            OperationId = operation.Id,
        });

        public ProviderSnapshot Snapshot()
        {
            var payment = new ChargePayment
            {
                Reference = "ch_" + charge.Id.Value.ToString("N"),
                State = CaptureCount > 0 ? PaymentState.Captured : VoidCount > 0 && provider.LapsesAt is null ? PaymentState.Voided : PaymentState.Authorized,
                ReleaseDueAt = VoidCount > 0 ? provider.LapsesAt : null,
                Amount = charge.Amount,
                Captured = CaptureCount > 0 ? charge.Amount : Money.Zero(charge.Amount.Currency),
            };
            return new ProviderSnapshot
            {
                Provider = provider.Name,
                ProviderAccount = charge.ProviderAccount,
                ChargeId = charge.Id,
                Reference = "pi_" + charge.Id.Value.ToString("N"),
                Payments = AuthorizationCount == 0 ? [] : [payment],
                Refunds = [.. Refunds],
            };
        }
    }
}
