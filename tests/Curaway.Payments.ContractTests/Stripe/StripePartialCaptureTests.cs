namespace Curaway.Payments.ContractTests.Stripe;

/// <summary>Taking less than was authorized, the same against the stubs and the simulator.</summary>
public abstract class StripePartialCaptureTests : ProviderTests
{
    private const long Part = 100_000;

    [Fact]
    public async Task A_part_is_sent_by_its_own_amount_and_told_beside_what_was_authorized()
    {
        var request = RequestFor(OperationKind.Capture, Part);
        World.StubSuccess(request);

        var result = await World.Provider.CaptureAsync(request, Ct);

        Assert.True(World.Provider.CapabilitiesOf("default").CanCapturePartially);
        Assert.Equal(World.Expected(request)!.ToString(), Assert.Single(World.Sent).ToString());
        Assert.Equal(OperationOutcome.Succeeded, result.Outcome);
        var payment = Assert.Single(result.Snapshot!.Payments);
        Assert.Equal((World.Amount.MinorUnits, Part), (payment.Amount.MinorUnits, payment.Captured.MinorUnits));
        Assert.Empty(result.Snapshot.Refunds);
        Assert.Equal(ChargeStatus.Captured, StatusAfter(request, result));
    }

    [Fact]
    public async Task A_part_sent_again_under_its_key_answers_the_same()
    {
        var request = RequestFor(OperationKind.Capture, Part);
        World.StubReplay(request);

        var first = await World.Provider.CaptureAsync(request, Ct);
        var second = await World.Provider.CaptureAsync(request with { Operation = request.Operation! with { SendCount = 2 } }, Ct);

        Assert.Equal((OperationOutcome.Succeeded, OperationOutcome.Succeeded), (first.Outcome, second.Outcome));
        Assert.Equal(first.Snapshot!.Payments, second.Snapshot!.Payments);
        Assert.Equal([request.Operation.IdempotencyKey, request.Operation.IdempotencyKey], World.Sent.Select(sent => sent.IdempotencyKey));
    }

    [Fact]
    [Trait("Promise", "P07")]
    public async Task A_part_that_was_taken_is_found_and_does_not_pass_for_the_whole()
    {
        var request = RequestFor(OperationKind.Capture, Part);
        World.StubFound(request);

        var part = await World.Provider.FindAsync(request, Ct);
        var whole = await World.Provider.FindAsync(request with { Operation = request.Operation! with { Amount = World.Amount } }, Ct);

        Assert.Equal((OperationOutcome.Succeeded, Part), (part.Outcome, part.Snapshot!.Payments[0].Captured.MinorUnits));
        Assert.Equal((OperationOutcome.Indeterminate, ProviderFault.Mismatch), (whole.Outcome, whole.Fault));
    }

    /// <summary>Against the stubs.</summary>
    public sealed class WithStubs : StripePartialCaptureTests
    {
        protected override ProviderHarness CreateHarness() => new StripeHarness();
    }

    /// <summary>Against the simulator.</summary>
    public sealed class WithSimulator : StripePartialCaptureTests
    {
        protected override ProviderHarness CreateHarness() => new StripeSimulatorHarness();
    }
}
