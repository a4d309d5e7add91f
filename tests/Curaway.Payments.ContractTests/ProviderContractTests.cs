namespace Curaway.Payments.ContractTests;

/// <summary>
/// What the engine relies on, the same for every provider. A provider's class brings its harness and adds its quirks.
/// </summary>
public abstract class ProviderContractTests : ProviderTests
{
    public static TheoryData<OperationKind> Verbs => [.. Enum.GetValues<OperationKind>()];

    /// <summary>Every fault of every verb; a class whose provider cannot answer some verb so hides it with <see cref="FaultsThat"/>.</summary>
    public static TheoryData<OperationKind, WireFault> Faults => FaultsThat((_, _) => true);

    protected static TheoryData<OperationKind, WireFault> FaultsThat(Func<OperationKind, WireFault, bool> canHappen) =>
        [.. Enum.GetValues<OperationKind>().SelectMany(_ => Enum.GetValues<WireFault>(), (kind, fault) => (kind, fault)).Where(cell => canHappen(cell.kind, cell.fault))];

    [Fact]
    public void The_name_is_lower_case_and_the_account_is_configured()
    {
        Assert.Equal(World.Provider.Name.ToLowerInvariant(), World.Provider.Name);
        Assert.True(World.Provider.IsConfigured("default"));
        Assert.False(World.Provider.IsConfigured("no_such_account"));
        Assert.Null(World.Provider.CapabilitiesOf("default").Currencies.Check(World.Amount));
        Assert.True(World.Provider.CapabilitiesOf("default").AuthorizationWindow >= TimeSpan.FromDays(1));
    }

    [Theory, MemberData(nameof(Verbs))]
    public async Task A_verb_acts_by_exactly_one_request(OperationKind kind)
    {
        var request = RequestFor(kind);
        World.StubSuccess(request);

        await SendAsync(request);

        var expected = World.Expected(request);
        var acting = World.Sent.Where(sent => sent.Method != "GET").Select(sent => sent.ToString());
        Assert.Equal(expected is null ? [] : [expected.ToString()], acting);
    }

    [Fact]
    public async Task A_partial_refund_sends_its_own_amount()
    {
        var request = RequestFor(OperationKind.Refund, World.Amount.MinorUnits / 3 / 10 * 10);
        World.StubSuccess(request);

        var result = await SendAsync(request);

        Assert.Equal(World.Expected(request)!.ToString(), World.Sent.Single(sent => sent.Method != "GET").ToString());
        Assert.Equal(ChargeStatus.PartiallyRefunded, StatusAfter(request, result));
    }

    [Theory]
    [InlineData(OperationKind.Authorize, ChargeStatus.Pending)]
    [InlineData(OperationKind.Capture, ChargeStatus.Captured)]
    [InlineData(OperationKind.Void, ChargeStatus.Voided)]
    [InlineData(OperationKind.Refund, ChargeStatus.Refunded)]
    public async Task A_success_tells_enough_to_move_the_charge(OperationKind kind, ChargeStatus status)
    {
        var request = RequestFor(kind);
        World.StubSuccess(request);

        var result = await SendAsync(request);

        Assert.Equal(ProviderFault.None, result.Fault);
        Assert.Equal(kind == OperationKind.Authorize ? OperationOutcome.RequiresAction : OperationOutcome.Succeeded, result.Outcome);
        Assert.Equal(status, StatusAfter(request, result));
        Assert.Equal(World.Reference, result.Snapshot!.Reference);
    }

    [Fact]
    public async Task The_refund_is_known_by_our_operation()
    {
        var request = RequestFor(OperationKind.Refund);
        World.StubSuccess(request);

        var refund = Assert.Single((await SendAsync(request)).Snapshot!.Refunds);

        Assert.Equal(request.RequiredOperation.Id, refund.OperationId);
        Assert.Equal(World.PaymentReference, refund.PaymentReference);
        Assert.Equal(request.RequiredOperation.Amount, refund.Amount);
    }

    [Theory, MemberData(nameof(Verbs))]
    public async Task A_second_send_goes_out_under_the_same_key_or_reads_back_first(OperationKind kind)
    {
        var request = RequestFor(kind);
        World.StubReplay(request);

        var first = await SendAsync(request);
        var second = await SendAsync(request with { Operation = request.Operation! with { SendCount = 2 } });

        Assert.Equal(first.Outcome, second.Outcome);
        var acting = World.Sent.Where(sent => sent.Method != "GET").ToList();
        if (World.Expected(request)?.IdempotencyKey is { } key)
            Assert.Equal([key, key], acting.Select(sent => sent.IdempotencyKey));
        else
            Assert.True(acting.Count <= 1, "A verb without an idempotency key was sent twice.");
    }

    [Theory, MemberData(nameof(Verbs))]
    public async Task Keys_receipts_and_ids_stay_within_both_providers_limits(OperationKind kind)
    {
        var longest = OpaqueId.Parse(new string('x', OpaqueId.LengthMax));
        var request = RequestFor(kind);
        request = request with { Charge = request.Charge with { TenantId = longest, ConsultationId = longest } };
        World.StubSuccess(request);

        await SendAsync(request);

        foreach (var sent in World.Sent.Where(sent => sent.Method != "GET"))
        {
            // Stripe: printable ASCII, at most 255. Razorpay: at least 10 of [A-Za-z0-9_-].
            Assert.Matches("^[A-Za-z0-9_-]{10,255}$", sent.IdempotencyKey ?? "no_key_for_this_verb");
            Assert.InRange(sent.Fields.GetValueOrDefault("receipt", "").Length, 0, 40);
            var texts = sent.Fields.Where(field => field.Key.StartsWith("notes[", StringComparison.Ordinal)
                || field.Key.StartsWith("metadata[", StringComparison.Ordinal)).ToList();
            Assert.InRange(texts.Count, 0, 15);
            Assert.All(texts, text => Assert.True(OpaqueId.TryParse(text.Value, out _) && text.Value.Length <= 256, text.ToString()));
        }
    }

    [Theory, MemberData(nameof(Faults))]
    [Trait("Promise", "P06")]
    public async Task A_fault_is_never_taken_for_success_or_failure(OperationKind kind, WireFault fault)
    {
        var request = RequestFor(kind);
        World.StubFault(request, fault);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        if (fault == WireFault.Slow)
            deadline.CancelAfter(TimeSpan.FromMilliseconds(500));

        var result = await SendAsync(request, deadline.Token);

        Assert.Equal(OutcomeOf(fault), (result.Outcome, result.Fault));
        Assert.Equal(fault == WireFault.Throttled ? TimeSpan.FromSeconds(7) : null, result.RetryAfter);
        Assert.True(World.Sent.Count(sent => sent.Method != "GET") <= 1, "It was sent again behind the engine's back.");
        Assert.False(string.IsNullOrEmpty(result.Reason));
    }

    [Theory, MemberData(nameof(Verbs))]
    public async Task Without_credentials_nothing_is_sent(OperationKind kind)
    {
        var provider = World.Unconfigured;

        Assert.False(provider.IsConfigured("default"));
        var result = await SendAsync(RequestFor(kind), Ct, provider);

        Assert.Equal((OperationOutcome.NotSent, ProviderFault.Configuration), (result.Outcome, result.Fault));
        Assert.Empty(World.Sent);
    }

    [Theory, MemberData(nameof(Verbs))]
    [Trait("Promise", "P07")]
    public async Task Find_sees_an_operation_that_was_carried_out(OperationKind kind)
    {
        var request = RequestFor(kind);
        World.StubFound(request);

        var result = await World.Provider.FindAsync(request, Ct);

        Assert.Equal(OperationOutcome.Succeeded, result.Outcome);
        Assert.All(World.Sent, sent => Assert.Equal("GET", sent.Method));
        Assert.Equal(kind == OperationKind.Authorize ? ChargeStatus.Authorized : StatusOfDone(kind), StatusAfter(request, result));
    }

    [Theory, MemberData(nameof(Verbs))]
    public async Task Find_does_not_take_absence_for_failure(OperationKind kind)
    {
        var request = RequestFor(kind);
        World.StubNotFound(request);

        var result = await World.Provider.FindAsync(request, Ct);

        Assert.Equal((OperationOutcome.Indeterminate, ProviderFault.NotFound), (result.Outcome, result.Fault));
        Assert.All(World.Sent, sent => Assert.Equal("GET", sent.Method));
    }

    private static ChargeStatus StatusOfDone(OperationKind kind) => kind switch
    {
        OperationKind.Capture => ChargeStatus.Captured,
        OperationKind.Void => ChargeStatus.Voided,
        _ => ChargeStatus.Refunded,
    };

    private static (OperationOutcome, ProviderFault) OutcomeOf(WireFault fault) => fault switch
    {
        WireFault.Refused => (OperationOutcome.Declined, ProviderFault.None),
        WireFault.BadRequest or WireFault.Unauthorized => (OperationOutcome.Declined, ProviderFault.Configuration),
        WireFault.Throttled => (OperationOutcome.NotSent, ProviderFault.Throttled),
        WireFault.ConnectionRefused => (OperationOutcome.NotSent, ProviderFault.ConnectFailed),
        WireFault.ServerError or WireFault.BadGatewayEmpty => (OperationOutcome.Indeterminate, ProviderFault.ServerError),
        WireFault.OtherAmount or WireFault.OtherCurrency or WireFault.OtherId => (OperationOutcome.Indeterminate, ProviderFault.Mismatch),
        WireFault.Slow => (OperationOutcome.Indeterminate, ProviderFault.Timeout),
        WireFault.ConnectionReset => (OperationOutcome.Indeterminate, ProviderFault.Reset),
        _ => (OperationOutcome.Indeterminate, ProviderFault.Unreadable),
    };
}
