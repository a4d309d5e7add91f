namespace Curaway.Payments.Tests.Model;

/// <summary>What transaction 1 decided, and the row as it then stands.</summary>
internal sealed record Begun(StartStep Step, Cell<ChargeState>? Row, Call? Call, string? Broken);

/// <summary>A row after a commit, and the rule of commits that was broken.</summary>
internal sealed record Written(Cell<ChargeState> Row, string? Broken);

/// <summary>What the reconciler would do for a row.</summary>
internal enum Visit
{
    None,
    Resolve,
    Refresh,
    Release,
    Close,
    Expire,
}

/// <summary>
/// The engine's commits. Every decision is the product's own pure code: <see cref="OperationStart"/>, <see cref="ChargeRecorder"/>,
/// <see cref="ChargeLifecycle"/>, <see cref="ChargeSchedule"/>; planted faults bend them here. Each commit is computed once.
/// </summary>
internal sealed class Engine
{
    public const long Full = 2;
    public const string Book = "book", End = "end", Cancel = "cancel", RefundHalf = "refund half", RefundAll = "refund all", Release = "release";

    private static readonly ChargeCause Cause = new("model", "api", "somebody");

    private readonly Provider _provider;
    private readonly PlantedFault _fault;
    private readonly ModelStore _store;
    private readonly OperationStart _start;
    private readonly ChargeRecorder _recorder;
    private readonly RoutingDecision _routing = new(Provider.Name, "default", []);
    private readonly Cells<ChargeState> _rows = new(Text.KeyOf);
    private readonly Dictionary<(Cell<ChargeState>?, int, string), Begun> _begun = [];
    private readonly Dictionary<(Cell<ChargeState>, object), Written> _written = [];
    private readonly Dictionary<Cell<ChargeState>, Visit> _visits = [];

    public Engine(Provider provider, PlantedFault fault)
    {
        var (options, clock) = (new PaymentsOptions(), new Clock());
        (_provider, _fault) = (provider, fault);
        (var store, _store) = ModelStore.Create();
        _start = new OperationStart(options, _ => _provider.Capabilities, clock);
        _recorder = new ChargeRecorder(store, new PaymentsSignal(), options, _ => _provider.Capabilities, clock);
    }

    public int RowCount => _begun.Values.Select(begun => begun.Row).Concat(_written.Values.Select(written => written.Row)).Distinct().Count();

    /// <summary>Transaction 1 of a command, or of the reconciler's hold on an open operation ("resolve 2").</summary>
    public Begun Begin(Cell<ChargeState>? row, int charge, string command)
    {
        if (_begun.TryGetValue((row, charge, command), out var known))
            return known;
        var before = row?.Value ?? new ChargeState(null, [], Clock.Now);
        var start = StartOf(before, charge, command);
        if (start.Step != StartStep.Send)
            return _begun[(row, charge, command)] = new Begun(start.Step, row, null, null);
        var after = ModelStore.Apply(before, start.Commit);
        var number = after.Operations.IndexOf(after.Operations.Single(operation => operation.Id == start.Operation!.Id)) + 1;
        var (written, broken) = (_rows[Clock.Round(after, charge)], Rules.BrokenBy(before, start.Commit, after));
        return _begun[(row, charge, command)] = new Begun(StartStep.Send, written, CallOf(written.Value, charge, number), broken);
    }

    /// <summary>A refund decided on a row that was read without a lock, written into the row as it is now.</summary>
    public Begun BeginBlindly(Cell<ChargeState> read, Cell<ChargeState> row, int charge, string command)
    {
        var start = StartOf(read.Value, charge, command);
        if (start.Step != StartStep.Send || start.Operation!.SendCount > 1)
            return new Begun(start.Step, row, null, null);
        var after = row.Value with { Operations = row.Value.Operations.Add(start.Operation) };
        var written = _rows[Clock.Round(after, charge)];
        return new Begun(StartStep.Send, written, CallOf(written.Value, charge, after.Operations.Length), null);
    }

    /// <summary>Transaction 2: the answer becomes facts and an outcome, and the session row stands or its insert threw.</summary>
    public Written Record(Cell<ChargeState> row, Call call, Answer answer, bool books, bool throws) => Once(row, (call, answer, books, throws), before =>
    {
        var operation = before.Operations[call.Operation - 1];
        var result = Bent(_provider.ResultOf(answer, call), call, answer);
        if (_fault == PlantedFault.BreakerOpenAfterATimeoutIsNotSent)
            before = before with { Operations = before.Operations.SetItem(call.Operation - 1, operation with { IsUnresolved = false }) };
        var told = new ProviderAnswer(result, answer.IsRead, call.IsKeyOld && answer.IsRead);
        var (after, broken) = _store.Run(before, () =>
            _recorder.RecordAsync(operation, told, Cause, books ? facts => _recorder.BookingOf(facts, Command(throws)) : null));
        var isUnknown = result.Outcome == OperationOutcome.Indeterminate && after.Charge!.Status == ChargeStatus.Pending;
        return _fault == PlantedFault.SessionRowOnUnknown && books && isUnknown
            ? (after with { Charge = after.Charge! with { BookedAt = Clock.Now } }, broken)
            : (after, broken);
    });

    /// <summary>The session row of a charge whose money stands.</summary>
    public Written BookRow(Cell<ChargeState> row, bool throws) => Once(row, ("book", throws), before =>
        _fault == PlantedFault.BookingIgnoresClosing
            ? (before with { Charge = before.Charge! with { BookedAt = Clock.Now } }, null)
            : _store.Run(before, () => _recorder.BookAsync(before.Charge!, _recorder.BookingOf(before.Charge!, Command(throws)))));

    /// <summary>What a read of the charge found, and when it has to be asked again.</summary>
    public Written Refresh(Cell<ChargeState> row, Answer answer) => Once(row, ("refresh", answer), before => _store.Run(before, () =>
        _recorder.RefreshAsync(before.Charge!.Id, answer.Seen is { } seen ? _provider.Says(seen) : null, Cause)));

    /// <summary>What a webhook says.</summary>
    public Written Hear(Cell<ChargeState> row, Intent intent, int webhook) => Once(row, (intent, webhook), before =>
    {
        var snapshot = _provider.Webhooks(intent).ElementAt(webhook);
        if (_fault == PlantedFault.RefundEchoAdded)
            snapshot = snapshot with { Refunds = [.. snapshot.Refunds.Select(refund => refund with { Reference = "echo " + refund.Reference })] };
        var commit = ChargeCommit.OfSnapshot(before, snapshot, Cause);
        var after = ModelStore.Apply(before, commit);
        if (_fault == PlantedFault.BlindOverwrite && !snapshot.Payments.IsEmpty)
            after = after with { Charge = after.Charge! with { Payments = snapshot.Payments } };
        return (after, Rules.BrokenBy(before, commit, after));
    });

    /// <summary>Claims a charge that is due for release, unless it was booked in this moment.</summary>
    public Written Close(Cell<ChargeState> row, string reason) => Once(row, ("close", reason), before =>
    {
        var charge = before.Charge!;
        var isDue = charge.IsLive && (charge.BookedAt is null
            ? charge.BookBy <= Clock.Now
            : charge.Status == ChargeStatus.Pending && charge.CheckoutExpiresAt <= Clock.Now);
        var commit = isDue ? ChargeCommit.Of(before, ChargeLifecycle.Close(charge, reason, Clock.Now), Cause) : ChargeCommit.Nothing;
        var after = ModelStore.Apply(before, commit);
        return (after, Rules.BrokenBy(before, commit, after));
    });

    /// <summary>Time, as one row sees it.</summary>
    public Written Pass(Cell<ChargeState> row, Func<ChargeState, ChargeState> time) => Once(row, time, before => (time(before), null));

    /// <summary>What the reconciler finds due: nothing comes back that the schedule does not bring.</summary>
    public Visit VisitOf(Cell<ChargeState> row)
    {
        if (!_visits.TryGetValue(row, out var visit))
            _visits[row] = visit = VisitOf(row.Value);
        return visit;
    }

    private static Visit VisitOf(ChargeState state)
    {
        var charge = state.Charge!;
        if (!(ChargeSchedule.DueAt(charge, state.Operations) <= state.Now))
            return Visit.None;
        if (state.Operations.Any(operation => operation.IsOpen && operation.NextAttemptAt <= state.Now))
            return Visit.Resolve;
        if (charge.RefreshDueAt <= state.Now || ChargeSchedule.NextLookAt(charge) <= state.Now || charge is { Status: ChargeStatus.Voided, ReleaseDueAt: not null })
            return Visit.Refresh;
        if (state.Operations.Any(operation => operation.IsOpen))
            return Visit.None;
        if (charge is { IsLive: true, ClosingAt: not null })
            return Visit.Release;
        if (charge is { IsLive: true, BookedAt: null } && charge.BookBy <= state.Now)
            return Visit.Close;
        return charge.Status == ChargeStatus.Pending && charge.CheckoutExpiresAt <= state.Now ? Visit.Expire : Visit.None;
    }

    private Start StartOf(ChargeState state, int charge, string command) => command switch
    {
        Book => _start.Authorize(state, Command(throws: false), _routing, "default"),
        End => _start.Capture(state, new CaptureCharge { ChargeId = Names.Charge(charge), ActorId = "clinician" }),
        Cancel => WithoutExclusion(state, open => _start.Release(open, new ReleaseCharge(Names.Charge(charge), "canceled", "patient"))),
        RefundHalf => _start.Refund(state, RefundOf(charge, "half", Full / 2)),
        RefundAll => _start.Refund(state, RefundOf(charge, "all", Full)),
        Release => _start.Release(state, new ReleaseCharge(Names.Charge(charge), state.Charge!.ClosingReason ?? "hold_expired", "reconciler")),
        _ => Take(state, int.Parse(command.AsSpan("resolve ".Length), System.Globalization.CultureInfo.InvariantCulture)),
    };

    private Start Take(ChargeState state, int number)
    {
        var operation = state.Operations[number - 1];
        return operation.IsOpen ? _start.Resume(state, state.Charge!, operation, "reconciler") : Start.Done(operation.Outcome!.Value);
    }

    private Start WithoutExclusion(ChargeState state, Func<ChargeState, Start> decide)
    {
        if (_fault != PlantedFault.VoidBesideCapture)
            return decide(state);
        var start = decide(state with { Operations = [.. state.Operations.Where(operation => operation.Kind != OperationKind.Capture)] });
        return start;
    }

    private static AuthorizeCharge Command(bool throws) => new()
    {
        TenantId = OpaqueId.Parse("clinic"),
        ConsultationId = OpaqueId.Parse("consultation"),
        Amount = Facts.Usd(Full),
        Routing = new RoutingContext { TenantId = OpaqueId.Parse("clinic") },
        CaptureBy = Clock.Now,
        ActorId = "patient",
        OnBooked = throws ? (_, _, _) => throw new InvalidOperationException("The session row could not be inserted.") : null,
    };

    private static RefundCharge RefundOf(int charge, string request, long amount) => new()
    {
        ChargeId = Names.Charge(charge),
        RequestId = OpaqueId.Parse(request),
        Amount = Facts.Usd(amount),
        Reason = "dispute",
        ActorId = "admin",
    };

    /// <summary>What <see cref="ProviderCaller"/> would send, or read, for an operation that was just taken.</summary>
    private Call CallOf(ChargeState state, int charge, int number)
    {
        var operation = state.Operations[number - 1];
        var isKeyOld = _provider.ReplayLifetime(operation.Kind) is { } lifetime && Clock.Now - operation.FirstSentAt >= lifetime - TimeSpan.FromHours(1);
        var key = $"{charge}.{number}" + (_fault == PlantedFault.FreshKeyPerRetry ? $" send {operation.SendCount}" : "");
        var mustRead = isKeyOld || operation.State == OperationState.Review || operation.Error is not null;
        return new Call(
            charge, number, operation.Kind, operation.Amount.MinorUnits, Provider.Name, key, state.Charge!.Reference, operation.SendCount > 1,
            _fault != PlantedFault.ReplayAfterTheKeyLifetime && isKeyOld, _fault == PlantedFault.ReplayAfterTheKeyLifetime ? false : mustRead);
    }

    private ProviderResult Bent(ProviderResult result, Call call, Answer answer) => _fault switch
    {
        PlantedFault.NotFoundIsFailed when answer is { Told: Told.NotFound, IsRead: true } => ProviderResult.Declined("not_found"),
        PlantedFault.TimeoutIsFailed when answer.Told == Told.Timeout && call.Kind == OperationKind.Authorize => ProviderResult.Declined("timeout"),
        _ => result,
    };

    private Written Once(Cell<ChargeState> row, object input, Func<ChargeState, (ChargeState After, string? Broken)> commit)
    {
        if (_written.TryGetValue((row, input), out var known))
            return known;
        var (after, broken) = commit(row.Value);
        var number = row.Value.Charge!.Id == Names.Charge(1) ? 1 : 2;
        return _written[(row, input)] = new Written(_rows[Clock.Round(after, number)], broken);
    }
}
