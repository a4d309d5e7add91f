namespace Curaway.Payments.Tests.Model;

/// <summary>One thing that can happen, and the world after it.</summary>
internal readonly record struct Move(string What, World Next, string? Broken = null);

/// <summary>What there is to play with.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Voids">The provider has idempotency keys and a void (Stripe), or neither (Razorpay).</param>
/// <param name="IsSaved">A saved method is charged at once; else the patient pays at checkout.</param>
/// <param name="Commands">What users do beside booking.</param>
/// <param name="ChargeCountMax">How many charges the consultation may see.</param>
/// <param name="OperationCountMax">How many operations a charge may see while there are faults.</param>
/// <param name="HostCount">One host or two.</param>
/// <param name="WireCountMax">How many requests may be on the wire at once.</param>
internal sealed record Scene(string Name, bool Voids, bool IsSaved, string[] Commands, int ChargeCountMax, int OperationCountMax, int HostCount, int WireCountMax)
{
    /// <summary>What has happened before, move by move.</summary>
    public string[] Prologue { get; init; } = [];

    /// <summary>It lasts for days: the provider forgets keys and lets holds lapse. Calm always may.</summary>
    public bool IsLong { get; init; } = true;

    public override string ToString() => Name;
}

/// <summary>
/// The protocol as a machine: users who book, end, cancel, refund and retry; two hosts, each of which may die between any two
/// steps; a wire that delays, loses and cuts; a provider that executes and then breaks, forgets keys, lets holds lapse and
/// bounces refunds; webhooks in any order, any number of times, or never; and time. Bounded only by what the scene says.
/// </summary>
internal sealed class MoneyModel(Scene scene, PlantedFault fault = PlantedFault.None)
{
    private readonly Provider _provider = new(scene.Voids, scene.IsSaved);
    private readonly Engine _engine = new(new Provider(scene.Voids, scene.IsSaved), fault);
    private readonly Cells<Ledger> _ledgers = new(ledger => ledger);
    private readonly Cells<Activity> _activities = new(activity => activity);
    private readonly Cells<Values<Call>> _wires = new(wire => wire);
    private bool _isCalm;

    /// <summary>Where the scene begins: nothing has happened but its prologue.</summary>
    public World Start
    {
        get
        {
            var world = new World(null, null, _ledgers[Ledger.Empty], _activities[Activity.Nothing], _activities[Activity.Nothing], _wires[Values<Call>.None]);
            var moves = new List<Move>();
            foreach (var what in scene.Prologue)
            {
                Moves(world, moves);
                world = moves.First(move => move.What == what).Next;
            }

            return world;
        }
    }

    public int RowCount => _engine.RowCount;

    /// <summary>Everything that can happen next.</summary>
    public void Moves(World world, List<Move> moves)
    {
        _isCalm = false;
        moves.Clear();
        var other = world with { A = world.B, B = world.A };
        if (scene.HostCount > 1 || other.A.Value.Doing == Doing.Nothing)
            HostMoves(world, moves);
        if (world.A != world.B)
            HostMoves(other, moves);
        foreach (var call in world.Wire.Value.Distinct())
            WireMoves(world, call, moves);
        foreach (var intent in world.Ledger.Value.Intents)
            ProviderMoves(world, intent, moves);
        TimeMoves(world, moves);
    }

    /// <summary>
    /// What may happen when faults have stopped and users rest, the likelier first: what is under way goes on, then what is due
    /// is done, then time passes.
    /// </summary>
    public void Calm(World world, List<Move> moves)
    {
        _isCalm = true;
        moves.Clear();
        if (world.Wire.Value is [var call, ..])
            moves.Add(Arrive("executes", world, call));
        if (moves.Count == 0 && world.A.Value.Doing != Doing.Nothing)
            GoOn(world, moves);
        if (moves.Count == 0 && world.B.Value.Doing != Doing.Nothing)
            GoOn(world with { A = world.B, B = world.A }, moves);
        if (moves.Count == 0)
            Reconcile(world, moves);
        if (moves.Count == 0)
            CalmTime(world, moves);
    }

    private void HostMoves(World world, List<Move> moves)
    {
        if (world.A.Value.Doing == Doing.Nothing)
        {
            Schedule(world, moves);
            Settle(world, moves);
            Reconcile(world, moves);
            return;
        }

        GoOn(world, moves);
        GoWrong(world, moves);
        moves.Add(new Move("a host dies", Doing_(world, Activity.Nothing)));
    }

    /// <summary>A user schedules, or tries again.</summary>
    private void Schedule(World world, List<Move> moves)
    {
        // The charge that may hold money: one not closing before one that is, then the newest.
        var live = new[] { 2, 1 }.Where(charge => world.Row(charge) is { } row && row.Value.Charge!.IsLive)
            .OrderBy(charge => world.Row(charge)!.Value.Charge!.ClosingAt is not null).FirstOrDefault();
        var isDoubled = fault == PlantedFault.TwoSchedulesWithoutAKey && world.Second is null;
        var charge = live != 0 && !isDoubled ? live : world.First is null ? 1 : world.Second is null ? 2 : 0;
        if (charge == 0 || charge > scene.ChargeCountMax)
            return;
        if (world.Row(charge) is null && !isDoubled && world.Rows.Any(row => Rules.IsInTheWay(row.Charge!)))
            return;
        if (fault == PlantedFault.RowAfterTheAnswer && world.Row(charge) is null)
        {
            var begun = _engine.Begin(null, charge, Engine.Book);
            moves.Add(new Move("a host sends a booking without a row", Doing_(world, new Activity(Doing.Sending, charge, begun.Call, Books: true))));
            return;
        }

        Begin("a user books", world, charge, Engine.Book, moves, books: true);
    }

    /// <summary>The session ends, is canceled, or money is asked back.</summary>
    private void Settle(World world, List<Move> moves)
    {
        for (var charge = 1; charge <= World.ChargeCountMax; charge++)
        {
            if (world.Row(charge) is not { Value.Charge.BookedAt: not null } row)
                continue;
            foreach (var command in scene.Commands)
            {
                if (fault == PlantedFault.RefundWithoutLock && command.StartsWith("refund", StringComparison.Ordinal))
                    moves.Add(new Move($"a host reads the row for '{command}'", Doing_(world, new Activity(Doing.Deciding, charge, Read: row, Request: command))));
                else
                    Begin(command, world, charge, command, moves);
            }
        }
    }

    private void Reconcile(World world, List<Move> moves)
    {
        if (fault == PlantedFault.NoSweeper)
            return;
        for (var charge = 1; charge <= World.ChargeCountMax; charge++)
        {
            if (world.Row(charge) is not { } row)
                continue;
            switch (_engine.VisitOf(row))
            {
                case Visit.Resolve:
                    var due = row.Value.Operations.TakeWhile(operation => !(operation.IsOpen && operation.NextAttemptAt <= Clock.Now)).Count() + 1;
                    Begin("the reconciler takes an operation", world, charge, $"resolve {due}", moves);
                    break;
                case Visit.Refresh:
                    moves.Add(new Move("the reconciler looks", Doing_(world, Plain(Doing.Refreshing, charge, row))));
                    break;
                case Visit.Release:
                    Begin("the reconciler releases", world, charge, Engine.Release, moves);
                    break;
                case Visit.Close when fault == PlantedFault.ReleaseWithoutClosing:
                    Begin("the reconciler releases without a claim", world, charge, Engine.Release, moves);
                    break;
                case Visit.Close:
                    Close(world, charge, row, "hold_expired", moves);
                    break;
                case Visit.Expire:
                    moves.Add(new Move("the reconciler looks at an expired checkout", Doing_(world, Plain(Doing.Expiring, charge, row))));
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>The next step of what a host is doing, when nothing goes wrong.</summary>
    private void GoOn(World world, List<Move> moves)
    {
        var activity = world.A.Value;
        var (ledger, row) = (world.Ledger.Value, world.Row(activity.Charge));
        switch (activity.Doing)
        {
            case Doing.Sending:
                Send(world, activity, moves);
                break;
            case Doing.Reading:
                Told_("the provider is read", world, activity, Provider.Read(ledger, activity.Call!), moves);
                break;
            case Doing.Answered when row is null:
                break;
            case Doing.Answered when fault == PlantedFault.FailoverOnUnknown && activity is { Call: { Kind: OperationKind.Authorize, Provider: Provider.Name }, Answer.Told: Told.Timeout }:
                moves.Add(new Move("the booking is sent to the other provider", Doing_(world, activity with
                {
                    Doing = Doing.Sending,
                    Answer = null,
                    Call = activity.Call with { Provider = Provider.Other, Key = activity.Call.Key + " elsewhere" },
                })));
                break;
            case Doing.Answered:
                Commit("transaction 2", world, activity.Charge, _engine.Record(row!, activity.Call!, activity.Answer!, activity.Books, throws: false), moves);
                break;
            case Doing.Booking:
                Commit("the session row is written", world, activity.Charge, _engine.BookRow(row!, throws: false), moves);
                break;
            case Doing.Releasing:
                Begin("the release begins", world, activity.Charge, Engine.Release, moves, orElse: Activity.Nothing);
                break;
            case Doing.Refreshing or Doing.Expiring:
                moves.Add(new Move("the provider is read", Doing_(world, activity with
                {
                    Doing = activity.Doing == Doing.Refreshing ? Doing.Refreshed : Doing.Expired,
                    Answer = Provider.Read(ledger, activity.Call!),
                })));
                break;
            case Doing.Refreshed:
                Commit("what was read is committed", world, activity.Charge, _engine.Refresh(row!, activity.Answer!), moves);
                break;
            case Doing.Expired:
                Expire(world, activity, row!, moves);
                break;
            case Doing.Deciding:
                var begun = _engine.BeginBlindly(activity.Read!, row!, activity.Charge, activity.Request!);
                moves.Add(new Move("the refund is written without looking again", Doing_(world.With(activity.Charge, begun.Row), Next(begun, books: false) ?? Activity.Nothing), begun.Broken));
                break;
            default:
                break;
        }
    }

    private void GoWrong(World world, List<Move> moves)
    {
        var activity = world.A.Value;
        var row = world.Row(activity.Charge);
        switch (activity.Doing)
        {
            case Doing.Sending:
                Told_("nothing is sent", world, activity, new Answer(Told.NotSent), moves);
                break;
            case Doing.Waiting:
                Told_("a host gives up waiting", world, activity, new Answer(Told.Timeout), moves);
                break;
            case Doing.Reading:
                Told_("the read fails", world, activity, new Answer(Told.Timeout, null, IsRead: true), moves);
                if (activity.Call!.Reference is null)
                    Told_("the list does not show it", world, activity, new Answer(Told.NotFound, null, IsRead: true), moves);
                break;
            case Doing.Refreshing or Doing.Expiring:
                moves.Add(new Move("the read fails", Doing_(world, activity with
                {
                    Doing = activity.Doing == Doing.Refreshing ? Doing.Refreshed : Doing.Expired,
                    Answer = new Answer(Told.Timeout, null, IsRead: true),
                })));
                break;
            case Doing.Answered when row is not null && activity.Books:
                Commit("transaction 2, and the session row throws", world, activity.Charge, _engine.Record(row, activity.Call!, activity.Answer!, books: true, throws: true), moves);
                break;
            case Doing.Booking:
                Commit("the session row throws", world, activity.Charge, _engine.BookRow(row!, throws: true), moves);
                break;
            default:
                break;
        }
    }

    /// <summary>What leaves the host. Without keys the adapter reads back first, and a void only reads.</summary>
    private void Send(World world, Activity activity, List<Move> moves)
    {
        var call = activity.Call!;
        if (!_provider.IsKeyed(call.Kind) && (call.IsReplay || call.Kind == OperationKind.Void))
        {
            var read = Provider.Read(world.Ledger.Value, call) with { IsRead = false };
            if (call.Kind == OperationKind.Void || (read.Told == Told.Truth && (call.Kind == OperationKind.Authorize || read.Seen!.Hold != Hold.Held)))
            {
                Told_("the adapter reads back", world, activity, read, moves);
                return;
            }
        }

        if (call.Reference is null && call.Kind != OperationKind.Authorize)
            Told_("there is nothing to name", world, activity, new Answer(Told.NotSent), moves);
        else if (world.Wire.Value.Count < scene.WireCountMax)
            moves.Add(new Move("a request leaves", Doing_(world, activity with { Doing = Doing.Waiting }) with { Wire = _wires[world.Wire.Value.Add(call)] }));
    }

    /// <summary>What may become of a request on the wire.</summary>
    private void WireMoves(World world, Call call, List<Move> moves)
    {
        moves.Add(Arrive("executes", world, call));
        var isAwaited = Waits(world.A, call) || Waits(world.B, call);
        if (isAwaited)
        {
            moves.Add(Arrive("executes and does not answer", world, call, new Answer(Told.Timeout)));
            moves.Add(Arrive("executes and answers 5xx", world, call, new Answer(Told.ServerError)));
            moves.Add(Arrived("answers 5xx and does nothing", world, call, world.Ledger.Value, new Answer(Told.ServerError)));
        }

        moves.Add(Arrived("is lost", world, call, world.Ledger.Value, new Answer(Told.Timeout)));
        if (_provider.IsKeyed(call.Kind))
            moves.Add(Arrived("answers 5xx for good and does nothing", world, call, _provider.Refuse(world.Ledger.Value, call, Told.ServerError), new Answer(Told.ServerError)));
        if (call.Kind == OperationKind.Authorize && _provider.IsKeyed(call.Kind) && !world.Ledger.Value.Keys.Any(stored => stored.Key == call.Key))
            moves.Add(Arrived("is declined", world, call, _provider.Refuse(world.Ledger.Value, call, Told.Declined), new Answer(Told.Declined)));
    }

    /// <summary>The patient pays; the provider lets a hold lapse, bounces a refund, and tells of everything whenever it likes.</summary>
    private void ProviderMoves(World world, Intent intent, List<Move> moves)
    {
        var ledger = world.Ledger.Value;
        if (world.Row(intent.Charge) is not { } row)
            return;
        if (intent is { IsPayable: true, Hold: Hold.None } && row.Value.Charge!.Reference == intent.Reference)
        {
            var isLate = row.Value.Charge is { ClosingAt: not null } or { IsLive: false } || row.Value.Operations.Any(operation => operation.Kind == OperationKind.Void);
            moves.Add(new Move("the patient pays", world with { Ledger = _ledgers[ledger.With(intent, intent with { Hold = Hold.Held, IsPayable = false, IsPaidLate = isLate })] }));
        }

        if (intent.Hold == Hold.Held && scene.IsLong)
            moves.Add(new Move("the hold lapses", world with { Ledger = _ledgers[ledger.With(intent, _provider.Canceled(intent) with { HasLapsed = true })] }));
        if (intent.Refunds is [{ HasBounced: false }, ..])
            moves.Add(new Move("the refund bounces", world with
            {
                Ledger = _ledgers[ledger.With(intent, intent with { Refunds = intent.Refunds.Replace(intent.Refunds[0], intent.Refunds[0] with { HasBounced = true }) })],
            }));
        Hear(world, row, intent, moves);
    }

    private void Hear(World world, Cell<ChargeState> row, Intent intent, List<Move> moves)
    {
        var count = _provider.Webhooks(intent).Count();
        for (var webhook = 0; webhook < count; webhook++)
        {
            var heard = _engine.Hear(row, intent, webhook);
            if (heard.Row != row || heard.Broken is not null)
                moves.Add(new Move("a webhook comes", world.With(intent.Charge, heard.Row), heard.Broken));
        }
    }

    /// <summary>Any deadline may pass at any moment; days only when nothing is on the wire: a request arrives within the hour, or never.</summary>
    private void TimeMoves(World world, List<Move> moves)
    {
        Pass("minutes pass", world, Clock.MinutesPass, moves);
        Pass("the hold time passes", world, Clock.HoldTimePasses, moves);
        Pass("the checkout expires", world, Clock.CheckoutExpires, moves);
        Pass("the lapse is due", world, Clock.LapseIsDue, moves);
        if (scene.IsLong && world.Wire.Value.Count == 0 && world.A.Value.Doing != Doing.Sending && world.B.Value.Doing != Doing.Sending
            && DaysAfter(world) is var next && next != world)
            moves.Add(new Move("days pass", next));
    }

    /// <summary>Days later: every deadline but a promised lapse has passed, and the provider has forgotten its keys.</summary>
    private World DaysAfter(World world)
    {
        var next = world with { Ledger = _ledgers[world.Ledger.Value with { Keys = Values<StoredAnswer>.None }] };
        for (var charge = 1; charge <= World.ChargeCountMax; charge++)
        {
            if (next.Row(charge) is { } row)
                next = next.With(charge, _engine.Pass(row, Clock.DaysPass).Row);
        }

        return next;
    }

    private void Pass(string what, World world, Func<ChargeState, ChargeState> time, List<Move> moves)
    {
        for (var charge = 1; charge <= World.ChargeCountMax; charge++)
        {
            if (world.Row(charge) is { } row && _engine.Pass(row, time).Row is var later && later != row)
                moves.Add(new Move(what, world.With(charge, later)));
        }
    }

    /// <summary>
    /// Time when nobody has anything to do. A promised lapse comes, and what only the provider can tell is told: that a hold
    /// lapsed, a refund bounced, or somebody paid after all. For everything else no webhook is needed.
    /// </summary>
    private void CalmTime(World world, List<Move> moves)
    {
        Pass("minutes pass", world, Clock.MinutesPass, moves);
        Pass("the hold time passes", world, Clock.HoldTimePasses, moves);
        Pass("the checkout expires", world, Clock.CheckoutExpires, moves);
        foreach (var intent in world.Ledger.Value.Intents)
        {
            if (world.Row(intent.Charge) is not { } row)
                continue;
            if (intent.HasLapsed || intent.IsPaidLate || intent.Refunds.Any(refund => refund.HasBounced))
                Hear(world, row, intent, moves);
            if (row.Value.Charge is { Status: ChargeStatus.Voided, ReleaseDueAt: not null } && intent.Hold == Hold.Held)
                moves.Add(new Move("the hold lapses", world with { Ledger = _ledgers[world.Ledger.Value.With(intent, _provider.Canceled(intent))] }));
        }

        Pass("the lapse is due", world, Clock.LapseIsDue, moves);
        if (DaysAfter(world) is var next && next != world)
            moves.Add(new Move("days pass", next));
    }

    private void Begin(string what, World world, int charge, string command, List<Move> moves, bool books = false, Activity? orElse = null)
    {
        var begun = _engine.Begin(world.Row(charge), charge, command);
        if (!_isCalm && begun.Row is { } row && row.Value.Operations.Length > scene.OperationCountMax)
            return;
        if (Next(begun, books) is { } next)
            moves.Add(new Move(what, Doing_(world.With(charge, begun.Row), next with { Charge = charge }), begun.Broken));
        else if (orElse is not null)
            moves.Add(new Move(what, Doing_(world, orElse)));
    }

    private static Activity? Next(Begun begun, bool books) => begun.Step switch
    {
        StartStep.Send => new Activity(begun.Call!.IsRead ? Doing.Reading : Doing.Sending, begun.Call.Charge, begun.Call, books),
        StartStep.Book => new Activity(Doing.Booking),
        _ => null,
    };

    private static Activity Plain(Doing doing, int charge, Cell<ChargeState> row) => new(doing, charge, new Call(
        charge, 0, OperationKind.Authorize, 0, Provider.Name, "", row.Value.Charge!.Reference, IsReplay: false, IsKeyOld: false, IsRead: true));

    private void Close(World world, int charge, Cell<ChargeState> row, string reason, List<Move> moves)
    {
        var closed = _engine.Close(row, reason);
        var next = closed.Row.Value.Charge!.ClosingAt is null ? Activity.Nothing : new Activity(Doing.Releasing, charge);
        moves.Add(new Move($"the charge is closed ({reason})", Doing_(world.With(charge, closed.Row), next), closed.Broken));
    }

    private void Expire(World world, Activity activity, Cell<ChargeState> row, List<Move> moves)
    {
        var refreshed = _engine.Refresh(row, activity.Answer!);
        var next = world.With(activity.Charge, refreshed.Row);
        if (activity.Answer!.Seen is not null && refreshed.Row.Value.Charge!.Status == ChargeStatus.Pending)
            Close(next, activity.Charge, refreshed.Row, "checkout_expired", moves);
        else
            moves.Add(new Move("what was read is committed", Doing_(next, Activity.Nothing), refreshed.Broken));
    }

    private void Commit(string what, World world, int charge, Written written, List<Move> moves) =>
        moves.Add(new Move(what, Doing_(world.With(charge, written.Row), Activity.Nothing), written.Broken));

    private void Told_(string what, World world, Activity activity, Answer answer, List<Move> moves) =>
        moves.Add(new Move(what, Doing_(world, Heard(activity, answer))));

    /// <summary>"Already done" is no answer: the truth is read.</summary>
    private static Activity Heard(Activity activity, Answer answer)
    {
        var isLapseOfTaken = answer is { Told: Told.Truth, IsRead: false } && activity.Call!.Kind == OperationKind.Void && answer.Seen!.Captured > answer.Seen.Refunded;
        return answer.Told == Told.AlreadyDone || isLapseOfTaken
            ? activity with { Doing = Doing.Reading, Answer = null }
            : activity with { Doing = Doing.Answered, Answer = answer };
    }

    private Move Arrive(string what, World world, Call call, Answer? heard = null)
    {
        var (ledger, answer) = _provider.Execute(world.Ledger.Value, call);
        return Arrived(what, world, call, ledger, heard ?? answer);
    }

    private Move Arrived(string what, World world, Call call, Ledger ledger, Answer answer)
    {
        var next = world with { Ledger = _ledgers[ledger], Wire = _wires[world.Wire.Value.Remove(call)] };
        if (Waits(world.A, call))
            next = next with { A = _activities[Heard(world.A.Value, answer)] };
        else if (Waits(world.B, call))
            next = next with { B = _activities[Heard(world.B.Value, answer)] };
        return new Move($"the {call.Kind} {what}", next.Sorted());
    }

    private static bool Waits(Cell<Activity> host, Call call) => host.Value.Doing == Doing.Waiting && host.Value.Call == call;

    private World Doing_(World world, Activity activity) => (world with { A = _activities[activity] }).Sorted();
}
