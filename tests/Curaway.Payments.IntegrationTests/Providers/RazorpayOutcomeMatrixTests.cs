namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>The matrix at Razorpay.</summary>
public sealed class RazorpayOutcomeMatrixTests(SimulatedEngine engine) : OutcomeMatrixTests(engine, engine.Razorpay), IClassFixture<SimulatedEngine>
{
    public static TheoryData<MatrixVerb, Breakage, Striking, Aftermath> Cells =>
        [.. MatrixCell.All("razorpay").Select(cell => (cell.Verb, cell.Breakage, cell.Striking, cell.Aftermath))];

    [Fact]
    public void No_cell_is_left_out() => Assert.Equal(228, Cells.Count);

    [Theory, MemberData(nameof(Cells))]
    public Task Our_row_equals_the_ledger(MatrixVerb verb, Breakage breakage, Striking striking, Aftermath aftermath) =>
        RunAsync(new MatrixCell(verb, breakage, striking, aftermath));

    protected override string AnotherAnswer(bool isRefund) => isRefund
        ? """
          {"id":"rfnd_AnotherRefund1","entity":"refund","amount":4000,"currency":"INR","payment_id":"pay_AnotherPaymnt","status":"processed",
           "receipt":"01940000-0000-7000-8000-0000000000aa","notes":[],"created_at":1795165200}
          """
        : """
          {"id":"order_AnotherOrder01","entity":"order","amount":10000,"currency":"INR","status":"created","attempts":0,
           "receipt":"01940000-0000-7000-8000-0000000000aa","notes":{"charge_id":"01940000-0000-7000-8000-0000000000cc"},"created_at":1795165200}
          """;
}
