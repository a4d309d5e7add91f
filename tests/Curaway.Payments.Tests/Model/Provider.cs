using System.Collections.Immutable;

namespace Curaway.Payments.Tests.Model;

/// <summary>
/// A provider as its documents say it is: what a request does to the ledger, what is answered, and what an adapter makes of
/// the answer. Of two kinds: one with idempotency keys and a void (Stripe), and one with neither but for refunds (Razorpay),
/// whose adapter reads back before it repeats and lets holds lapse.
/// </summary>
/// <param name="voids">True for the kind with keys and a void.</param>
/// <param name="isSaved">True when a saved method is charged at once; false when the patient pays at checkout.</param>
internal sealed class Provider(bool voids, bool isSaved)
{
    public const string Name = "stripe";
    public const string Other = "razorpay";

    public ProviderCapabilities Capabilities => new()
    {
        Currencies = new CurrencyRules(new Dictionary<string, int>(), new Dictionary<string, long>(), new Dictionary<string, long>()),
        AuthorizationWindow = TimeSpan.FromDays(7),
        VoidsAtOnce = voids,
        ReplayLifetime = ReplayLifetime,
    };

    /// <summary>For how long a verb may be sent again; null where the adapter reads back instead.</summary>
    public TimeSpan? ReplayLifetime(OperationKind kind) => IsKeyed(kind) ? TimeSpan.FromHours(24) : null;

    public bool IsKeyed(OperationKind kind) => voids || kind == OperationKind.Refund;

    /// <summary>Carries a request out.</summary>
    public (Ledger Ledger, Answer Answer) Execute(Ledger ledger, Call call)
    {
        if (IsKeyed(call.Kind) && ledger.Keys.FirstOrDefault(stored => stored.Key == call.Key) is { } known)
            return (ledger, known.Answer);
        var (after, answer) = call.Kind switch
        {
            OperationKind.Authorize => Authorize(ledger, call),
            OperationKind.Capture => Change(ledger, call, intent => intent.Hold == Hold.Held ? intent with { Hold = Hold.Captured } : null),
            OperationKind.Void => Change(ledger, call, intent => intent is { IsCanceled: false, Hold: not Hold.Captured } ? Canceled(intent) : null),
            _ => Refund(ledger, call),
        };
        return (Store(after, call, answer), answer);
    }

    /// <summary>Answers without carrying it out, and keeps the answer under the key where there is one.</summary>
    public Ledger Refuse(Ledger ledger, Call call, Told told) =>
        ledger.Keys.Any(stored => stored.Key == call.Key) ? ledger : Store(ledger, call, new Answer(told));

    /// <summary>A hold whose time is over, or which somebody canceled.</summary>
    public Intent Canceled(Intent intent) => intent with
    {
        Hold = intent.Hold == Hold.Held ? Hold.Released : intent.Hold,
        IsPayable = intent.IsPayable && !voids,
        IsCanceled = voids,
    };

    /// <summary>What stands there: by the reference we know, else by the ids of ours that it carries.</summary>
    public static Answer Read(Ledger ledger, Call call) =>
        ledger.Intents.FirstOrDefault(intent => call.Reference is null
            ? intent.Charge == call.Charge && intent.Provider == call.Provider && call.Kind == OperationKind.Authorize
            : intent.Reference == call.Reference) is { } found
            ? new Answer(Told.Truth, found, IsRead: true)
            : new Answer(Told.NotFound, null, IsRead: true);

    /// <summary>What the adapter makes of an answer.</summary>
    public ProviderResult ResultOf(Answer answer, Call call) => answer.Told switch
    {
        Told.NotSent => ProviderResult.NotSent(ProviderFault.ConnectFailed),
        Told.Timeout => ProviderResult.Indeterminate(ProviderFault.Timeout),
        Told.ServerError => ProviderResult.Indeterminate(ProviderFault.ServerError),
        Told.Declined => ProviderResult.Declined("declined"),
        Told.NotFound => ProviderResult.Indeterminate(ProviderFault.NotFound),
        Told.AlreadyDone => ProviderResult.Indeterminate(ProviderFault.AlreadyDone),
        Told.Executed => call.Kind switch
        {
            OperationKind.Authorize => AuthorizationOf(answer.Seen!),
            OperationKind.Refund => ProviderResult.Succeeded(Says(answer.Seen!) with { Payments = [], Refunds = [RefundOf(answer.Seen!, answer.Seen!.Refunds[^1])] }),
            _ => ProviderResult.Succeeded(Says(answer.Seen!) with { Refunds = [] }),
        },
        _ => call.Kind switch
        {
            OperationKind.Authorize => AuthorizationOf(answer.Seen!),
            OperationKind.Capture => CaptureOf(answer.Seen!),
            OperationKind.Void => voids ? VoidOf(answer.Seen!) : LapseOf(answer.Seen!, answer.IsRead),
            _ => FoundRefundOf(answer.Seen!, call),
        },
    };

    /// <summary>Every webhook that the provider has ever sent about an intent. Any of them may arrive now, again, or never.</summary>
    public IEnumerable<ProviderSnapshot> Webhooks(Intent intent)
    {
        if (intent.Hold != Hold.None)
            yield return Says(intent with { Hold = Hold.Held, IsCanceled = false }) with { Refunds = [] };
        if (intent.Hold is Hold.Captured or Hold.Released || intent.IsCanceled)
            yield return Says(intent) with { Refunds = [] };
        foreach (var refund in intent.Refunds)
        {
            yield return Says(intent) with { Payments = [], Refunds = [RefundOf(intent, refund with { HasBounced = false })] };
            if (refund.HasBounced)
                yield return Says(intent) with { Payments = [], Refunds = [RefundOf(intent, refund)] };
        }

        if (voids && intent.Refunds.Count > 0)
            yield return Says(intent) with { Refunds = [], RefundedTotal = Facts.Usd(intent.Refunds.Sum(refund => refund.Amount)) };
    }

    /// <summary>What the provider says of an intent, whole.</summary>
    public ProviderSnapshot Says(Intent intent) => new()
    {
        Provider = Name,
        ChargeId = Names.Charge(intent.Charge),
        Reference = intent.Reference,
        IsReferenceClosed = intent.IsCanceled,
        Payments = intent.Hold == Hold.None ? [] : [PaymentOf(intent)],
        Refunds = [.. intent.Refunds.Select(refund => RefundOf(intent, refund))],
    };

    private (Ledger, Answer) Authorize(Ledger ledger, Call call)
    {
        var twins = ledger.Intents.Count(intent => intent.Charge == call.Charge);
        var intent = new Intent(
            call.Provider, call.Charge, call.Operation, $"pi_{call.Charge}{(char)('a' + twins)}", isSaved ? Hold.Held : Hold.None, !isSaved, Values<LedgerRefund>.None);
        return (ledger with { Intents = ledger.Intents.Add(intent) }, new Answer(Told.Executed, intent));
    }

    private static (Ledger, Answer) Change(Ledger ledger, Call call, Func<Intent, Intent?> change)
    {
        var before = ledger.Intents.First(intent => intent.Reference == call.Reference);
        return change(before) is { } after ? (ledger.With(before, after), new Answer(Told.Executed, after)) : (ledger, new Answer(Told.AlreadyDone));
    }

    private static (Ledger, Answer) Refund(Ledger ledger, Call call)
    {
        var before = ledger.Intents.First(intent => intent.Reference == call.Reference);
        if (before.Captured - before.Refunded < call.Amount)
            return (ledger, new Answer(before.Hold == Hold.Captured ? Told.Declined : Told.AlreadyDone));
        var after = before with { Refunds = before.Refunds.Add(new LedgerRefund(call.Operation, call.Amount, call.Key)) };
        return (ledger.With(before, after), new Answer(Told.Executed, after));
    }

    private Ledger Store(Ledger ledger, Call call, Answer answer) =>
        IsKeyed(call.Kind) ? ledger with { Keys = ledger.Keys.Add(new StoredAnswer(call.Key, answer)) } : ledger;

    private ProviderResult AuthorizationOf(Intent intent) => intent switch
    {
        { Hold: Hold.Held or Hold.Captured } => ProviderResult.Succeeded(Says(intent)),
        { IsCanceled: true } => ProviderResult.Declined("canceled", Says(intent)),
        _ => ProviderResult.RequiresAction(Says(intent), Action),
    };

    private ProviderResult CaptureOf(Intent intent) => intent.Hold switch
    {
        Hold.Captured => ProviderResult.Succeeded(Says(intent)),
        Hold.Released => ProviderResult.Declined("released", Says(intent)),
        _ => ProviderResult.Indeterminate(ProviderFault.NotFound, null, Says(intent)),
    };

    private ProviderResult VoidOf(Intent intent) => intent switch
    {
        { IsCanceled: true } => ProviderResult.Succeeded(Says(intent)),
        { Hold: Hold.Captured } => ProviderResult.Declined("captured", Says(intent)),
        _ => ProviderResult.Indeterminate(ProviderFault.NotFound, null, Says(intent)),
    };

    /// <summary>There is no void: what is held is said to lapse.</summary>
    private ProviderResult LapseOf(Intent intent, bool isRead)
    {
        if (intent.Captured > intent.Refunded)
            return isRead ? ProviderResult.Declined("captured", Says(intent)) : ProviderResult.Indeterminate(ProviderFault.AlreadyDone, null, Says(intent));
        var lapsing = Says(intent).Payments.Select(payment =>
            payment.State == PaymentState.Authorized ? payment with { ReleaseDueAt = payment.CaptureBefore } : payment);
        return ProviderResult.Succeeded(Says(intent) with { Payments = [.. lapsing] });
    }

    private ProviderResult FoundRefundOf(Intent intent, Call call) => intent.Refunds.FirstOrDefault(refund => refund.Operation == call.Operation) switch
    {
        null => ProviderResult.Indeterminate(ProviderFault.NotFound, null, Says(intent)),
        { HasBounced: true } => ProviderResult.Declined("refund_failed", Says(intent)),
        _ => ProviderResult.Succeeded(Says(intent)),
    };

    private ChargePayment PaymentOf(Intent intent) => new()
    {
        Reference = intent.Reference.Replace("pi", "ch", StringComparison.Ordinal),
        State = intent.Hold switch
        {
            Hold.Held => PaymentState.Authorized,
            Hold.Captured => PaymentState.Captured,
            _ => PaymentState.Voided,
        },
        Amount = Facts.Usd(Engine.Full),
        Captured = Facts.Usd(intent.Captured),
        CaptureBefore = voids ? null : Clock.LapsesAt,
    };

    private static ChargeRefund RefundOf(Intent intent, LedgerRefund refund) => new()
    {
        Reference = "re_" + refund.Key,
        State = refund.HasBounced ? RefundState.Failed : RefundState.Succeeded,
        Amount = Facts.Usd(refund.Amount),
        PaymentReference = intent.Reference.Replace("pi", "ch", StringComparison.Ordinal),
        OperationId = Names.Operation(intent.Charge, refund.Operation),
    };

    private static ClientAction Action { get; } = new()
    {
        Provider = Name,
        ScriptUrl = new Uri("https://provider.example/script.js"),
        Parameters = ImmutableDictionary<string, string>.Empty,
    };
}
