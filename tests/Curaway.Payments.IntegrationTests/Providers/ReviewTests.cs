using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>An operation nobody could resolve, and the human who can; at both providers where both can come to it.</summary>
public sealed class ReviewTests
{
    private const string EmptyList = """{"object":"list","url":"/v1/payment_intents","has_more":false,"data":[]}""";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string, StruckCall> Verbs { get; } = new()
    {
        { "stripe", StruckCall.Authorize }, { "stripe", StruckCall.Capture }, { "stripe", StruckCall.Void }, { "stripe", StruckCall.Refund },
        { "razorpay", StruckCall.Refund },
    };

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task What_never_happened_is_closed_by_a_human_and_what_is_asked_anew_is_done_once(string name, StruckCall call)
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var provider = engine.ProviderOf(name);
        var (command, operation) = await InReviewAsync(engine, provider, call, SimulatorFault.Reset);
        var before = provider.LedgerOf(operation.ChargeId);
        var callCount = SendCountOf(provider);

        var settled = await engine.Charges.SettleReviewAsync(Say(operation, ReviewVerdict.DidNotHappen), Ct);
        Assert.Equal((OperationOutcome.Succeeded, null), (settled.Outcome, settled.Error));
        Assert.Equal(call == StruckCall.Authorize ? ChargeStatus.Failed : call == StruckCall.Refund ? ChargeStatus.Captured : ChargeStatus.Authorized, settled.Charge!.Status);
        var closed = (await engine.StateAsync(operation.ChargeId)).Operations.Single(one => one.Id == operation.Id);
        Assert.Equal((OperationState.Closed, OperationOutcome.NotSent), (closed.State, closed.Outcome));
        Assert.Equal((before, callCount), (provider.LedgerOf(operation.ChargeId), SendCountOf(provider)));
        Assert.Equal("admin-7 did_not_happen checked_in_dashboard", await AuditAsync(engine, operation, "review_verdict"));
        Assert.Equal("admin-7 did_not_happen", await AuditAsync(engine, operation, "settle_review' AND details LIKE '%did_not_happen%"));

        var again = await command("second");
        Assert.True(again.IsSuccess, again.Error?.ToString());
        var after = provider.LedgerOf(again.Charge!.Id);
        Assert.Equal(
            call switch
            {
                StruckCall.Authorize => new LedgerFigures(100_00, 0, 0, 1, 0, 0),
                StruckCall.Capture => new LedgerFigures(0, 100_00, 0, 1, 1, 0),
                StruckCall.Void => new LedgerFigures(0, 0, 0, 1, 0, 0),
                _ => new LedgerFigures(0, 100_00, 40_00, 1, 1, 1),
            },
            after);
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task Nobody_can_declare_undone_what_the_provider_shows_as_done(string name, StruckCall call)
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var provider = engine.ProviderOf(name);
        var (_, operation) = await InReviewAsync(engine, provider, call, SimulatorFault.Reset.AfterExecution());
        var refused = await engine.Charges.SettleReviewAsync(Say(operation, ReviewVerdict.DidNotHappen), Ct);
        Assert.Equal((OperationOutcome.Refused, ErrorCodes.StateConflict), (refused.Outcome, refused.Error!.Code));
        Assert.StartsWith("provider_says_", refused.Error.Reason, StringComparison.Ordinal);

        var state = await engine.StateAsync(operation.ChargeId);
        var ledger = provider.LedgerOf(operation.ChargeId);
        Assert.Equal(
            call switch
            {
                StruckCall.Authorize => ChargeStatus.Authorized,
                StruckCall.Capture => ChargeStatus.Captured,
                StruckCall.Void => ChargeStatus.Voided,
                _ => ChargeStatus.PartiallyRefunded,
            },
            state.Charge!.Status);
        Assert.Equal((ledger.Captured, ledger.Refunded), (state.Charge.Captured.MinorUnits, state.Charge.Refunded.MinorUnits));
        Assert.DoesNotContain(state.Operations, one => one.IsOpen);
        Assert.Equal("admin-7 did_not_happen checked_in_dashboard", await AuditAsync(engine, operation, "review_verdict"));
    }

    [Fact]
    public async Task While_the_provider_does_not_answer_nothing_is_settled_and_what_is_not_in_review_is_nobodys_to_settle()
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var (_, operation) = await InReviewAsync(engine, engine.Stripe, StruckCall.Refund, SimulatorFault.Reset);
        engine.Stripe.Strike(StruckCall.Find, SimulatorFault.BadGatewayEmpty, isOutage: true);
        var unknown = await engine.Charges.SettleReviewAsync(Say(operation, ReviewVerdict.DidNotHappen), Ct);
        Assert.Equal((OperationOutcome.Indeterminate, ErrorCodes.ProviderUnavailable), (unknown.Outcome, unknown.Error!.Code));
        Assert.Equal(OperationState.Review, (await engine.StateAsync(operation.ChargeId)).Operations[^1].State);
        engine.Heal();
        Assert.Equal($"{ErrorCodes.StateConflict} not_shown", await RefusalAsync(engine, Say(operation, ReviewVerdict.Happened)));
        Assert.Equal(OperationState.Review, (await engine.StateAsync(operation.ChargeId)).Operations[^1].State);

        var capture = (await engine.StateAsync(operation.ChargeId)).Operations[^2];
        Assert.Equal($"{ErrorCodes.StateConflict} not_in_review", await RefusalAsync(engine, Say(capture, ReviewVerdict.DidNotHappen)));
        Assert.Equal($"{ErrorCodes.NotFound} operation", await RefusalAsync(engine, Say(operation with { Id = OperationId.New(engine.Time) }, ReviewVerdict.DidNotHappen)));
        Assert.Equal($"{ErrorCodes.NotFound} charge", await RefusalAsync(engine, Say(operation with { ChargeId = ChargeId.New(engine.Time) }, ReviewVerdict.DidNotHappen)));
        Assert.Equal($"{ErrorCodes.ValidationFailed} reason", await RefusalAsync(engine, Say(operation, ReviewVerdict.DidNotHappen) with { Reason = "Mrs Smith called" }));
        Assert.Equal($"{ErrorCodes.ValidationFailed} provider_reference", await RefusalAsync(
            engine, Say(operation, ReviewVerdict.Happened) with { ProviderReference = OpaqueId.Parse("pi_1") }));
    }

    [Fact]
    public async Task An_authorization_that_no_list_shows_is_found_by_the_reference_a_human_names_and_never_by_another_charges()
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var other = await engine.AuthorizedAsync(engine.Stripe);
        engine.Stripe.Simulator.Faults.Always(StripeCall.List, SimulatorFault.Answer(200, EmptyList));
        var (_, operation) = await InReviewAsync(engine, engine.Stripe, StruckCall.Authorize, SimulatorFault.Reset.AfterExecution(), heals: false);
        engine.Stripe.Heal();
        engine.Stripe.Simulator.Faults.Always(StripeCall.List, SimulatorFault.Answer(200, EmptyList));
        var intent = engine.Stripe.Simulator.Ledger.PaymentIntents.Single(one => one.Metadata["charge_id"] == operation.ChargeId.ToString()).Id;

        Assert.Equal($"{ErrorCodes.StateConflict} not_shown", await RefusalAsync(
            engine, Say(operation, ReviewVerdict.Happened) with { ProviderReference = OpaqueId.Parse(other.Reference!) }));
        Assert.Null((await engine.ChargeAsync(operation.ChargeId)).Reference);
        var settled = await engine.Charges.SettleReviewAsync(Say(operation, ReviewVerdict.Happened) with { ProviderReference = OpaqueId.Parse(intent) }, Ct);
        Assert.Equal((OperationOutcome.Succeeded, ChargeStatus.Authorized, intent), (settled.Outcome, settled.Charge!.Status, settled.Charge.Reference));

        // Its session was never booked, so it goes back as all such money does.
        engine.Heal();
        engine.Advance(TimeSpan.FromMinutes(11));
        await engine.SweepAsync();
        Assert.Equal((ChargeStatus.Voided, 0L), ((await engine.ChargeAsync(operation.ChargeId)).Status, engine.Stripe.LedgerOf(operation.ChargeId).Held));
    }

    /// <summary>An operation that went to a human, and how a user asks for the same anew.</summary>
    private static async Task<(Func<string, Task<ChargeResult>> Ask, ChargeOperation Operation)> InReviewAsync(
        SimulatedEngine engine, SimulatedProvider provider, StruckCall call, SimulatorFault fault, bool heals = true)
    {
        var charge = call == StruckCall.Authorize ? null
            : call == StruckCall.Refund ? await engine.CapturedAsync(provider)
            : await engine.AuthorizedAsync(provider);
        var booking = engine.Booking(provider);
        Task<ChargeResult> AskAsync(string request) => call switch
        {
            StruckCall.Authorize => engine.Charges.AuthorizeAsync(booking with { CaptureBy = engine.Time.GetUtcNow() }, Ct),
            StruckCall.Capture => engine.Charges.CaptureAsync(charge!.Id, "clinician-1", Ct),
            StruckCall.Void => engine.Charges.VoidAsync(charge!.Id, "canceled_by_patient", "patient-1", Ct),
            _ => engine.Charges.RefundAsync(SimulatedEngine.Refund(charge!, request, 40_00), Ct),
        };
        provider.Strike(call, fault);
        var first = await AskAsync("first");
        Assert.Equal(OperationOutcome.Indeterminate, first.Outcome);
        if (heals)
            provider.Strike(StruckCall.Find, SimulatorFault.BadGatewayEmpty, isOutage: true);
        engine.Advance(TimeSpan.FromDays(3) + TimeSpan.FromHours(1));
        await engine.SweepAsync();
        if (heals)
            engine.Heal();
        provider.Webhooks.TakePending();
        var operation = (await engine.StateAsync(first.Charge!.Id)).Operations[^1];
        Assert.Equal(OperationState.Review, operation.State);
        return (AskAsync, operation);
    }

    private static SettleReview Say(ChargeOperation operation, ReviewVerdict verdict) => new()
    {
        ChargeId = operation.ChargeId,
        OperationId = operation.Id,
        Verdict = verdict,
        Reason = "checked_in_dashboard",
        ActorId = "admin-7",
    };

    private static async Task<string> RefusalAsync(SimulatedEngine engine, SettleReview command)
    {
        var refused = await engine.Charges.SettleReviewAsync(command, Ct);
        Assert.Equal(OperationOutcome.Refused, refused.Outcome);
        return $"{refused.Error!.Code} {refused.Error.Reason}";
    }

    private static async Task<string?> AuditAsync(SimulatedEngine engine, ChargeOperation operation, string action) => await engine.TextByHandAsync(
        $"SELECT actor_id || ' ' || (details ->> 'note') FROM audit_log WHERE charge_id = '{operation.ChargeId}' AND action = '{action}'");

    private static int SendCountOf(SimulatedProvider provider) => provider.Calls.Count(call => call.Method == "POST");
}
