using Curaway.Payments.IntegrationTests.Providers;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Model;

/// <summary>
/// One consultation, led at random by one seed through the real engine: users, webhooks, faults, deaths and time. After every
/// step the rows are held against the simulator's ledger, and when calm has come they must be its equal.
/// </summary>
public sealed class Walk(SimulatedEngine engine, Death death, int seed)
{
    private const int StepCount = 12;
    private static readonly StruckCall[] Struck = [StruckCall.Authorize, StruckCall.Capture, StruckCall.Void, StruckCall.Refund];

    private static readonly SimulatorFault[] Faults =
    [
        SimulatorFault.Reset, SimulatorFault.Reset.AfterExecution(), SimulatorFault.TruncatedBody, SimulatorFault.ServerErrorHtml,
        SimulatorFault.ServerErrorHtml.AfterExecution(), SimulatorFault.RateLimited(), SimulatorFault.InUse, SimulatorFault.OkHtml.AfterExecution(),
    ];

    private static readonly TimeSpan[] Waits =
        [TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(40), TimeSpan.FromMinutes(6), TimeSpan.FromMinutes(11), TimeSpan.FromMinutes(31), TimeSpan.FromHours(25)];

    private readonly Random _random = new(seed);
    private readonly SimulatedProvider _provider = engine.ProviderOf(seed % 2 == 0 ? "stripe" : "razorpay");
    private readonly List<string> _story = [];
    private readonly List<SimulatorWebhook> _webhooks = [];
    private readonly HashSet<ChargeId> _charges = [];
    private readonly HashSet<ChargeId> _paidLate = [];
    private AuthorizeCharge _command = null!;

    /// <summary>Runs the walk; null, or what went wrong and how.</summary>
    public async Task<string?> RunAsync()
    {
        _command = seed % 3 == 0 ? engine.Checkout(_provider) : engine.Booking(_provider);
        var breach = _random.Next(2) == 0 ? await StrikeAsync() : null;
        breach ??= await StepAsync("book", BookAsync);
        for (var step = 0; breach is null && step < StepCount; step++)
            breach = await TakeAsync();
        breach ??= await CalmAsync();
        return breach is null ? null : $"seed {seed} ({_provider.Name}): {breach}\n{string.Join('\n', _story)}";
    }

    private Task<string?> TakeAsync() => _random.Next(15) switch
    {
        0 or 1 => StepAsync("book", BookAsync),
        2 or 3 => StepAsync("the patient pays", PayAsync),
        4 => StepAsync("end", charge => engine.Charges.CaptureAsync(charge.Id, "clinician-1", Ct)),
        5 => StepAsync("cancel", charge => engine.Charges.ReleaseAsync(new ReleaseCharge(charge.Id, "canceled_by_patient", "patient-1"), Ct)),
        6 => StepAsync("refund a part", charge => engine.Charges.RefundAsync(SimulatedEngine.Refund(charge, "part", 40_00), Ct)),
        7 => StepAsync("refund the most of it", charge => engine.Charges.RefundAsync(SimulatedEngine.Refund(charge, "most", 70_00), Ct)),
        8 or 9 => StepAsync("a webhook", HearAsync),
        10 => StrikeAsync(),
        11 => DieAsync(),
        12 => StepAsync("sweep", engine.SweepAsync),
        _ => WaitAsync(),
    };

    private async Task<string?> StepAsync(string what, Func<Task> act)
    {
        _story.Add(what);
        try
        {
            await act();
        }
        catch (HostDiedException)
        {
            _story.Add("  the host died");
        }

        if (death.CommitsLeft < 0)
        {
            death.CommitsLeft = null;
            await engine.RestartAsync();
        }

        _webhooks.AddRange(_provider.Webhooks.TakePending());
        return await BreachAsync();
    }

    private Task<string?> StepAsync(string what, Func<Charge, Task> act) => StepAsync(what, async () =>
    {
        if ((await ChargesAsync()).LastOrDefault(charge => charge.BookedAt is not null) is { } booked)
            await act(booked);
    });

    private Task<string?> StrikeAsync()
    {
        var (call, fault) = (Struck[_random.Next(Struck.Length)], Faults[_random.Next(Faults.Length)]);
        return StepAsync($"the next {call} meets {fault.Name} {fault.Placement}", () =>
        {
            _provider.Strike(call, fault);
            return Task.CompletedTask;
        });
    }

    private Task<string?> DieAsync()
    {
        var (commits, isWritten) = (_random.Next(3), _random.Next(2) == 0);
        return StepAsync($"the host will die {(isWritten ? "after" : "before")} commit {commits}", () =>
        {
            (death.CommitsLeft, death.IsWritten) = (commits, isWritten);
            return Task.CompletedTask;
        });
    }

    private Task<string?> WaitAsync()
    {
        var wait = Waits[_random.Next(Waits.Length)];
        return StepAsync($"{wait} pass", () =>
        {
            engine.Advance(wait);
            return Task.CompletedTask;
        });
    }

    private async Task BookAsync()
    {
        var result = await engine.Charges.AuthorizeAsync(_command with { CaptureBy = engine.Time.GetUtcNow() }, Ct);
        _story.Add($"  {result.Outcome} {result.Error?.Code}");
    }

    /// <summary>At the newest checkout, or at an old one that is still open in another tab.</summary>
    private async Task PayAsync()
    {
        var charges = await ChargesAsync();
        if (charges.Count == 0)
            return;
        var charge = charges[_random.Next(charges.Count)];
        if (charge.Reference is null || charge.Payments.Length > 0 || _provider.LedgerOf(charge.Id).Authorizations > 0)
            return;
        var isLate = charge is { ClosingAt: not null } or { Status: not ChargeStatus.Pending }
            || (await engine.StateAsync(charge.Id)).Operations.Any(operation => operation.Kind == OperationKind.Void);
        if (!TryPay(charge.Reference))
            return;
        if (isLate)
            _paidLate.Add(charge.Id);
        _story.Add(isLate ? "  late" : "  in time");
    }

    private bool TryPay(string reference)
    {
        try
        {
            if (_provider is SimulatedStripe stripe)
                stripe.Simulator.PayAsPatient(stripe.Simulator.Ledger.PaymentIntents.Single(intent => intent.Id == reference).ClientSecret);
            else
                ((SimulatedRazorpay)_provider).Simulator.PayAsPatient(reference);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <summary>
    /// Any webhook of this walk, in any order; one in four is lost, one in four comes again later. What only
    /// a webhook can tell (a hold that lapsed, a refund that bounced, money that came late) is late at most.
    /// </summary>
    private async Task HearAsync()
    {
        if (_webhooks.Count == 0)
            return;
        var webhook = _webhooks[_random.Next(_webhooks.Count)];
        var canBeLost = _paidLate.Count == 0 && webhook.Type is "payment_intent.amount_capturable_updated" or "payment_intent.succeeded" or "payment.authorized" or "payment.captured" or "order.paid";
        var fate = _random.Next(canBeLost ? 0 : 1, 4);
        if (fate != 1)
            _webhooks.Remove(webhook);
        if (fate != 0)
            await engine.ReceiveAsync(_provider, _provider.Webhooks.Sign(webhook.Body));
        _story.Add($"  {webhook.Type}{(fate == 0 ? " is lost" : "")}");
    }

    /// <summary>Faults stop and users rest. Every row must come to equal the ledger, or be with a human who was told.</summary>
    private async Task<string?> CalmAsync()
    {
        engine.Heal();
        death.CommitsLeft = null;
        _story.Add("calm");
        foreach (var wait in new[] { 1, 6, 6, 6, 6, 11, 31, 6, 61, 1500, 61, 61 })
        {
            engine.Advance(TimeSpan.FromMinutes(wait));
            await engine.SweepAsync();
        }

        foreach (var webhook in _webhooks.Concat(_provider.Webhooks.TakePending()))
            await engine.ReceiveAsync(_provider, _provider.Webhooks.Sign(webhook.Body));
        for (var sweep = 0; sweep < 3; sweep++)
        {
            engine.Advance(TimeSpan.FromMinutes(3));
            await engine.SweepAsync();
        }

        if (await BreachAsync() is { } breach)
            return breach;
        foreach (var charge in await ChargesAsync())
        {
            if (await EndBreachAsync(charge) is { } end)
                return $"{charge.Id}: {end}";
        }

        return null;
    }

    private async Task<string?> EndBreachAsync(Charge charge)
    {
        var operations = (await engine.StateAsync(charge.Id)).Operations;
        var ledger = _provider.LedgerOf(charge.Id);
        if (operations.Any(operation => operation.State == OperationState.Review))
        {
            return (await engine.AlertsAsync(charge.Id)).Any(alert => alert is { Category: "operation_review", Severity: AlertSeverity.Critical })
                ? null
                : "an operation is in review and nobody was told";
        }

        if (operations.Any(operation => operation.IsOpen))
            return "an operation stays open";
        if ((charge.Captured.MinorUnits, charge.Refunded.MinorUnits) != (ledger.Captured, ledger.Refunded))
            return $"the row says {charge.Captured} captured and {charge.Refunded} refunded, the ledger {ledger}";
        return (charge.Status, ledger.Held > 0) switch
        {
            (ChargeStatus.Pending, _) => "it stays pending",
            (ChargeStatus.Authorized, false) => "the row says authorized and nothing is held",
            (ChargeStatus.Authorized, true) => charge is { BookedAt: not null, ClosingAt: null } ? null : "money is held without a session",
            (ChargeStatus.Voided, true) => charge.ReleaseDueAt is null ? "money is held, the row says voided, and nothing is due" : null,
            (_, true) => $"money is held and the row says {charge.Status}",
            _ => null,
        };
    }

    /// <summary>The invariants that hold whenever anybody looks.</summary>
    private async Task<string?> BreachAsync()
    {
        var liveCount = 0;
        foreach (var charge in await ChargesAsync())
        {
            var ledger = _provider.LedgerOf(charge.Id);
            var holds = ledger.Held > 0 || ledger.Captured > ledger.Refunded;
            if (ledger.Authorizations > 1 || ledger.Captures > 1)
                return $"{ledger.Authorizations} authorizations, {ledger.Captures} captures of one charge";
            if (ledger.Refunded > ledger.Captured)
                return "more was refunded than captured";
            if (charge.Captured.MinorUnits > ledger.Captured || charge.Refunded.MinorUnits > ledger.Refunded)
                return "the row believes more than the provider did";
            if (charge.Status == ChargeStatus.Failed && (holds || charge.BookedAt is not null))
                return "a charge that we call failed holds money or a session";
            if (charge.Status == ChargeStatus.Voided && holds && charge.ReleaseDueAt is null && !_paidLate.Contains(charge.Id))
                return "a charge that we call voided holds money and nothing is due";
            if (charge.BookedAt is not null && charge.ClosingReason is "hold_expired" or "booking_failed")
                return "a session is booked on a charge that is released as unbooked";
            liveCount += holds && charge.ReleaseDueAt is null && !_paidLate.Contains(charge.Id) ? 1 : 0;
        }

        return liveCount > 1 ? "two payments of one consultation are held or taken at once" : null;
    }

    /// <summary>Every charge of the consultation, oldest first.</summary>
    private async Task<List<Charge>> ChargesAsync()
    {
        if ((await engine.Store.FindAsync(new ChargeSelector.LatestOf(_command.TenantId, _command.ConsultationId), Ct)).Charge is { } latest)
            _charges.Add(latest.Id);
        var charges = new List<Charge>();
        foreach (var id in _charges)
            charges.Add(await engine.ChargeAsync(id));
        return charges;
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
}
