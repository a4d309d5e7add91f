using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>
/// Every way an answer breaks, at every verb, before and after the money moved, with and without webhooks afterwards: in
/// the end our row says what the provider's ledger says.
/// </summary>
[Trait("Promise", "P06")]
public abstract class OutcomeMatrixTests(SimulatedEngine engine, SimulatedProvider provider)
{
    private const long RefundMinorUnits = 40_00;

    /// <summary>The call of a void that is struck.</summary>
    protected virtual StruckCall VoidCall => StruckCall.Void;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Runs one cell.</summary>
    protected async Task RunAsync(MatrixCell cell)
    {
        // The cell before it may have opened the breaker or met a 429.
        engine.Advance(TimeSpan.FromMinutes(3));
        var bookedCount = 0;
        var command = engine.Booking(provider, onBooked: (_, _, _) => Task.FromResult(bookedCount++));
        var charge = await PrepareAsync(cell);
        if (cell.IsTimed)
            engine.Deadline = MatrixCell.ShortDeadline;

        var struck = await ActAsync(cell, charge, command);
        charge = struck.Charge!;
        AssertUnknown(cell, struck, bookedCount);
        engine.Heal();

        // The first look may come while the provider still works on the call.
        await engine.SweepAsync();
        await provider.QuiesceAsync(Ct);
        await TellAsync(cell);
        if (cell.Verb == MatrixVerb.AuthorizeAgain && !struck.IsSuccess)
            charge = await RepeatAsync(cell, command, charge);
        await ConvergeAsync(cell, charge.Id);

        await AssertAgreesAsync(cell, struck, charge.Id);
        await AssertBookingAsync(cell, struck, command, bookedCount);
        await LapseAsync(charge.Id);
    }

    private async Task<Charge?> PrepareAsync(MatrixCell cell) => cell.Verb switch
    {
        MatrixVerb.Authorize or MatrixVerb.AuthorizeAgain => null,
        MatrixVerb.Refund => await engine.CapturedAsync(provider),
        _ => await engine.AuthorizedAsync(provider),
    };

    private async Task<ChargeResult> ActAsync(MatrixCell cell, Charge? charge, AuthorizeCharge command)
    {
        var fault = cell.Fault;
        switch (cell.Verb)
        {
            case MatrixVerb.Capture:
                provider.Strike(StruckCall.Capture, fault);
                return await engine.Charges.CaptureAsync(charge!.Id, "clinician-1", Ct);
            case MatrixVerb.Void:
                provider.Strike(VoidCall, fault);
                return await engine.Charges.VoidAsync(charge!.Id, "canceled_by_patient", "patient-1", Ct);
            case MatrixVerb.Refund:
                provider.Strike(StruckCall.Refund, Crossed(cell) ?? fault);
                return await engine.Charges.RefundAsync(SimulatedEngine.Refund(charge!, "request-1", RefundMinorUnits), Ct);
            case MatrixVerb.Find:
                var broken = SimulatorFault.ServerErrorHtml;
                provider.Strike(StruckCall.Capture, cell.Striking == Striking.BeforeExecution ? broken.BeforeExecution() : broken.AfterExecution());
                provider.Strike(StruckCall.Find, fault);
                var result = await engine.Charges.CaptureAsync(charge!.Id, "clinician-1", Ct);
                engine.Advance(TimeSpan.FromMinutes(1));
                await engine.SweepAsync();
                return result;
            default:
                provider.Strike(StruckCall.Authorize, Crossed(cell) ?? fault);
                return await engine.Charges.AuthorizeAsync(command, Ct);
        }
    }

    /// <summary>Another object's answer, where an id of its own would prove nothing: what is created names its owner only by links.</summary>
    private SimulatorFault? Crossed(MatrixCell cell) => cell.Breakage == Breakage.OtherId
        ? SimulatorFault.Answer(200, AnotherAnswer(cell.Verb == MatrixVerb.Refund)).AfterExecution()
        : null;

    /// <summary>An intent, order or refund of the same amount that belongs to somebody else.</summary>
    protected abstract string AnotherAnswer(bool isRefund);

    private async Task TellAsync(MatrixCell cell)
    {
        if (cell.Aftermath == Aftermath.Webhooks)
            await engine.DeliverAsync(provider);
        else
            provider.Webhooks.TakePending();
    }

    /// <summary>The patient tries again until there is an answer; every time under the same key while the first is open.</summary>
    private async Task<Charge> RepeatAsync(MatrixCell cell, AuthorizeCharge command, Charge first)
    {
        for (var attempt = 0; attempt < 20; attempt++)
        {
            engine.Advance(TimeSpan.FromSeconds(20));
            var again = await engine.Charges.AuthorizeAsync(command, Ct);
            Assert.NotEqual(OperationOutcome.Declined, again.Outcome);
            await TellAsync(cell);
            await engine.SweepAsync();
            if (again.IsSuccess)
                return again.Charge!;
            if (cell.EndsInReview)
                return first;
        }

        Assert.Fail("Twenty tries and no booking.");
        return first;
    }

    private async Task ConvergeAsync(MatrixCell cell, ChargeId id)
    {
        for (var step = 0; step < 24; step++)
        {
            await TellAsync(cell);
            await engine.SweepAsync();
            var state = await engine.StateAsync(id);
            var charge = state.Charge!;
            var isUnbooked = charge is { IsLive: true, BookedAt: null } or { IsLive: true, ClosingAt: not null };
            if (state.Operations.All(o => o.State == OperationState.Closed) && !isUnbooked && (charge.RefreshDueAt is null || charge.ReleaseDueAt is not null))
                return;
            if (state.Operations.Any(operation => operation.State == OperationState.Review))
                return;
            engine.Advance(step < 12 ? TimeSpan.FromMinutes(6) : TimeSpan.FromHours(12));
        }
    }

    /// <summary>Right after the broken answer: nobody claims to know, unless the provider's own truth was read.</summary>
    private void AssertUnknown(MatrixCell cell, ChargeResult struck, int bookedCount)
    {
        // A void of several calls reads what each of them did, whatever its answer was.
        var mayHaveRead = cell is { Breakage: Breakage.InUse } || VoidCall != StruckCall.Void;
        OperationOutcome[] expected = cell switch
        {
            { Verb: MatrixVerb.Find } => [OperationOutcome.Indeterminate],
            { Breakage: Breakage.Throttled } => [OperationOutcome.NotSent],
            _ when mayHaveRead => [OperationOutcome.Indeterminate, OperationOutcome.Succeeded, OperationOutcome.RequiresAction],
            _ => [OperationOutcome.Indeterminate],
        };
        Assert.Contains(struck.Outcome, expected);
        if (!struck.IsSuccess)
        {
            Assert.Equal(ErrorCodes.ProviderUnavailable, struck.Error?.Code);
            Assert.Equal(0, bookedCount);
        }
    }

    private async Task AssertAgreesAsync(MatrixCell cell, ChargeResult struck, ChargeId id)
    {
        var state = await engine.StateAsync(id);
        var charge = state.Charge!;
        var ledger = provider.LedgerOf(id);
        Assert.Equal(ExpectedStatus(cell, struck), charge.Status);
        Assert.Equal(charge.Status, charge.RecordedStatus);
        var returned = charge.Payments.Where(payment => payment.ReleasesByCapture).Sum(payment => payment.Captured.MinorUnits);
        Assert.Equal((charge.Captured.MinorUnits + returned, charge.Refunded.MinorUnits + returned), (ledger.Captured, ledger.Refunded));
        var mayHold = charge.Status == ChargeStatus.Authorized || charge is { Status: ChargeStatus.Voided, ReleaseDueAt: not null };
        Assert.Equal(mayHold ? charge.Amount.MinorUnits : 0, ledger.Held);
        Assert.True(ledger is { Authorizations: <= 1, Captures: <= 1, Refunds: <= 1 }, $"{ledger}");
        Assert.Equal(provider.ObjectsOf(id).Order(), SimulatedEngine.ObjectsOf(charge).Order());

        var openStates = state.Operations.Select(operation => operation.State).Where(operation => operation != OperationState.Closed);
        Assert.Equal(cell.EndsInReview ? [OperationState.Review] : [], openStates);
        var alerts = await engine.AlertsAsync(id);
        Assert.Equal(cell.EndsInReview ? 1 : 0, alerts.Count(alert => alert is { Category: "operation_review", Severity: AlertSeverity.Critical }));
    }

    private ChargeStatus ExpectedStatus(MatrixCell cell, ChargeResult struck) => cell.Verb switch
    {
        MatrixVerb.Authorize or MatrixVerb.AuthorizeAgain when cell.EndsInReview => ChargeStatus.Pending,
        MatrixVerb.Refund when cell.EndsInReview => ChargeStatus.Captured,
        MatrixVerb.Authorize when struck.Outcome == OperationOutcome.NotSent => ChargeStatus.Failed,
        MatrixVerb.Authorize when struck.Outcome == OperationOutcome.Succeeded => ChargeStatus.Authorized,
        MatrixVerb.Authorize => struck.IsSuccess ? ChargeStatus.Pending : ChargeStatus.Voided,
        MatrixVerb.AuthorizeAgain => provider.SavedMethod is null ? ChargeStatus.Pending : ChargeStatus.Authorized,
        MatrixVerb.Capture or MatrixVerb.Find => ChargeStatus.Captured,
        MatrixVerb.Void => ChargeStatus.Voided,
        _ => ChargeStatus.PartiallyRefunded,
    };

    /// <summary>One session row for a booking that was answered, none for one that was not; and at most one live hold.</summary>
    private async Task AssertBookingAsync(MatrixCell cell, ChargeResult struck, AuthorizeCharge command, int bookedCount)
    {
        if (cell.Verb is not (MatrixVerb.Authorize or MatrixVerb.AuthorizeAgain))
            return;
        var isBooked = struck.IsSuccess || (cell.Verb == MatrixVerb.AuthorizeAgain && !cell.EndsInReview);
        Assert.Equal(isBooked ? 1 : 0, bookedCount);
        var latest = await engine.Store.FindAsync(new ChargeSelector.LatestOf(command.TenantId, command.ConsultationId), Ct);
        Assert.Equal(isBooked, latest.Charge!.BookedAt is not null);
        var keys = provider.Calls
            .Where(call => call.Operation == "Create" && call.Body.Contains(command.ConsultationId.Value + "\"", StringComparison.Ordinal))
            .Select(call => call.IdempotencyKey).Distinct();
        Assert.True(keys.Count() <= (struck.Outcome == OperationOutcome.NotSent ? 2 : 1));

        // A checkout that was booked after all can be paid, once.
        if (isBooked && latest.Charge.Status == ChargeStatus.Pending)
        {
            var action = await engine.Charges.GetNextActionAsync(latest.Charge.Id, Ct);
            var paid = await engine.CompleteAsync(latest.Charge, provider.Pay(action!));
            Assert.Equal((OperationOutcome.Succeeded, ChargeStatus.Authorized), (paid.Outcome, paid.Charge!.Status));
            Assert.Equal(new LedgerFigures(100_00, 0, 0, 1, 0, 0), provider.LedgerOf(latest.Charge.Id));
        }
    }

    /// <summary>A promised release has come when it is due, and our row says so.</summary>
    private async Task LapseAsync(ChargeId id)
    {
        var charge = await engine.ChargeAsync(id);
        if (charge is not { Status: ChargeStatus.Voided, ReleaseDueAt: { } dueAt })
            return;
        engine.Advance(dueAt - engine.Time.GetUtcNow() + TimeSpan.FromMinutes(5));
        await engine.SweepAsync();
        charge = await engine.ChargeAsync(id);
        Assert.Equal((ChargeStatus.Voided, null), (charge.Status, charge.ReleaseDueAt));
        Assert.Equal(PaymentState.Voided, Assert.Single(charge.Payments).State);
        Assert.Equal(0, provider.LedgerOf(id).Held);
    }
}
