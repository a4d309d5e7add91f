namespace Curaway.Payments.IntegrationTests.Engine;

/// <summary>Text of a caller's is an id or a machine word; what could tell of a person is refused before anything is written.</summary>
public sealed class CallerTextTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string> Persons => ["Jane Roe", "jane@example.org", "+44 20 7946 0000", "Žofie", "", "line\nbreak", new string('x', 129), "4242 4242 4242 4242"];

    [Theory, MemberData(nameof(Persons))]
    [Trait("Promise", "P22")]
    public async Task An_actor_that_is_no_id_is_refused_by_every_verb(string actor)
    {
        await using var engine = await EngineFixture.StartAsync();
        var held = await engine.AuthorizedAsync();
        var sends = engine.Stripe.Sends.Count;
        ChargeResult[] refused =
        [
            await engine.Charges.AuthorizeAsync(engine.Authorize("c2") with { ActorId = actor }, Ct),
            await engine.Charges.CaptureAsync(held.Id, actor, Ct),
            await engine.Charges.VoidAsync(held.Id, "canceled", actor, Ct),
            await engine.Charges.ReleaseAsync(new ReleaseCharge(held.Id, "canceled", actor), Ct),
            await engine.Charges.RefundAsync(EngineFixture.Refund(held.Id, "r1") with { ActorId = actor }, Ct),
            await engine.Charges.RefreshAsync(held.Id, actor, Ct),
            await engine.Charges.CompleteCheckoutAsync(new CompleteCheckout(held.Id, new CheckoutProof(new Dictionary<string, string>()), actor), Ct),
        ];

        Assert.All(refused, result => Assert.Equal(
            (OperationOutcome.Refused, ErrorCodes.ValidationFailed, "actor_id"), (result.Outcome, result.Error?.Code, result.Error?.Reason)));
        Assert.Equal(sends, engine.Stripe.Sends.Count);
        Assert.Equal(held.Version, (await engine.StateAsync(held.Id)).Charge!.Version);
    }

    [Theory, MemberData(nameof(Persons))]
    [InlineData("Diagnosis: F32.1")]
    [Trait("Promise", "P22")]
    public async Task A_reason_that_is_no_machine_word_is_refused(string reason)
    {
        await using var engine = await EngineFixture.StartAsync();
        var held = await engine.AuthorizedAsync();
        var taken = await engine.CapturedAsync("c2");
        ChargeResult[] refused =
        [
            await engine.Charges.VoidAsync(held.Id, reason, "patient-1", Ct),
            await engine.Charges.ReleaseAsync(new ReleaseCharge(held.Id, reason, "patient-1"), Ct),
            await engine.Charges.ReleaseAsync(new ReleaseCharge(taken.Id, reason, "patient-1"), Ct),
            await engine.Charges.RefundAsync(EngineFixture.Refund(taken.Id, "r1") with { Reason = reason }, Ct),
        ];

        Assert.All(refused, result => Assert.Equal((ErrorCodes.ValidationFailed, "reason"), (result.Error?.Code, result.Error?.Reason)));
        Assert.Equal(0, engine.Stripe.RefundCount + engine.Stripe.VoidCount);
    }

    [Theory, MemberData(nameof(Persons))]
    [Trait("Promise", "P22")]
    public async Task A_token_that_is_none_never_reaches_a_provider(string text)
    {
        await using var engine = await EngineFixture.StartAsync();
        foreach (var method in new[] { new SavedPaymentMethod("stripe", text + " "), new SavedPaymentMethod("stripe", "pm_ok", text + " ") })
        {
            var result = await engine.Charges.AuthorizeAsync(engine.Authorize() with { PaymentMethods = [method] }, Ct);
            Assert.Equal((ErrorCodes.ValidationFailed, "payment_method"), (result.Error?.Code, result.Error?.Reason));
        }

        Assert.Empty(engine.Stripe.Sends);
    }

    [Theory]
    [InlineData("patient-1")]
    [InlineData("auth0|5f7c8ec7c33c6c004bbafe82")]
    [InlineData("urn:clinic/staff.7")]
    public async Task What_issuers_call_people_is_an_actor(string actor)
    {
        await using var engine = await EngineFixture.StartAsync();

        Assert.Equal(OperationOutcome.Succeeded, (await engine.Charges.AuthorizeAsync(engine.Authorize() with { ActorId = actor }, Ct)).Outcome);
    }
}
