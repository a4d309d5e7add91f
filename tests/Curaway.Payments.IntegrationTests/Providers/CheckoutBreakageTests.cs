namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>The patient has paid and comes back, and the provider's answer to our question breaks.</summary>
[Trait("Promise", "P06")]
public sealed class CheckoutBreakageTests(SimulatedEngine engine) : IClassFixture<SimulatedEngine>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string, Breakage, bool> Cells =>
    [
        .. from provider in new[] { "stripe", "razorpay" }
           from breakage in Enum.GetValues<Breakage>()
           where breakage != Breakage.StoredServerError
           from isPaid in new[] { true, false }
           select (provider, breakage, isPaid),
    ];

    [Fact]
    public void No_cell_is_left_out() => Assert.Equal(48, Cells.Count);

    [Theory, MemberData(nameof(Cells))]
    public async Task A_broken_answer_at_the_return_is_no_answer(string name, Breakage breakage, bool isPaid)
    {
        var provider = engine.ProviderOf(name);
        engine.Advance(TimeSpan.FromMinutes(3));
        var waiting = await engine.Charges.AuthorizeAsync(engine.Checkout(provider), Ct);
        var proof = isPaid ? provider.Pay(waiting.NextAction!) : new CheckoutProof(new Dictionary<string, string>());
        var cell = new MatrixCell(MatrixVerb.Find, breakage, Striking.AfterExecution, Aftermath.Silence);
        provider.Strike(StruckCall.Find, cell.Fault);
        if (cell.IsTimed)
            engine.Deadline = MatrixCell.ShortDeadline;
        var broken = await engine.CompleteAsync(waiting.Charge!, proof);
        engine.Heal();

        // An order nobody has paid has an empty list, which nothing can falsify.
        var isEmptyList = provider.SavedMethod is null && !isPaid
            && breakage is Breakage.OtherAmount or Breakage.OtherCurrency or Breakage.OtherId;
        Assert.Equal(isEmptyList, broken.Outcome == OperationOutcome.Declined);
        Assert.True(isEmptyList || broken.Outcome is OperationOutcome.Indeterminate or OperationOutcome.NotSent, $"{broken.Outcome}");
        Assert.Equal(ChargeStatus.Pending, broken.Charge!.Status);
        Assert.Empty(broken.Charge.Payments);

        // What it was comes out at the latest when checkout ends.
        engine.Advance(TimeSpan.FromMinutes(31));
        await engine.SweepAsync();
        var charge = await engine.ChargeAsync(waiting.Charge!.Id);
        Assert.Equal(isPaid ? ChargeStatus.Authorized : ChargeStatus.Voided, charge.Status);
        Assert.Equal(new LedgerFigures(isPaid ? 100_00 : 0, 0, 0, isPaid ? 1 : 0, 0, 0), provider.LedgerOf(charge.Id));
        Assert.Equal(provider.ObjectsOf(charge.Id), SimulatedEngine.ObjectsOf(charge));
    }
}
