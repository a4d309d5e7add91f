namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>The matrix at Stripe.</summary>
public sealed class StripeOutcomeMatrixTests(SimulatedEngine engine) : OutcomeMatrixTests(engine, engine.Stripe), IClassFixture<SimulatedEngine>
{
    public static TheoryData<MatrixVerb, Breakage, Striking, Aftermath> Cells =>
        [.. MatrixCell.All("stripe").Select(cell => (cell.Verb, cell.Breakage, cell.Striking, cell.Aftermath))];

    [Fact]
    public void No_cell_is_left_out() => Assert.Equal(248, Cells.Count);

    [Theory, MemberData(nameof(Cells))]
    public Task Our_row_equals_the_ledger(MatrixVerb verb, Breakage breakage, Striking striking, Aftermath aftermath) =>
        RunAsync(new MatrixCell(verb, breakage, striking, aftermath));

    protected override string AnotherAnswer(bool isRefund) => isRefund
        ? """
          {"id":"re_Another","object":"refund","amount":4000,"currency":"usd","status":"succeeded","payment_intent":"pi_Another",
           "charge":"ch_Another","metadata":{"operation_id":"01940000-0000-7000-8000-0000000000aa"},"created":1795165200}
          """
        : """
          {"id":"pi_Another","object":"payment_intent","amount":10000,"amount_received":0,"currency":"usd","status":"requires_capture",
           "livemode":false,"client_secret":"pi_Another_secret_1","latest_charge":"ch_Another",
           "metadata":{"charge_id":"01940000-0000-7000-8000-0000000000cc","operation_id":"01940000-0000-7000-8000-0000000000aa"}}
          """;
}
