namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>An engine whose voids capture and refund.</summary>
public sealed class CaptureThenRefundEngine : SimulatedEngine
{
    public CaptureThenRefundEngine() => VoidPolicy = RazorpayVoidPolicy.CaptureThenRefund;
}

/// <summary>An engine whose voids refund what is authorized, at an account that allows it.</summary>
public sealed class RefundAuthorizedEngine : SimulatedEngine
{
    public RefundAuthorizedEngine()
    {
        VoidPolicy = RazorpayVoidPolicy.RefundAuthorized;
        RazorpaySettings.AllowsRefundOfAuthorized = true;
    }
}

/// <summary>The matrix of the first call of <see cref="RazorpayVoidPolicy.CaptureThenRefund"/>.</summary>
public sealed class RazorpayVoidCaptureMatrixTests(CaptureThenRefundEngine engine)
    : OutcomeMatrixTests(engine, engine.Razorpay), IClassFixture<CaptureThenRefundEngine>
{
    public static TheoryData<Breakage, Striking, Aftermath> Cells => [.. VoidCells()];

    protected override StruckCall VoidCall => StruckCall.Capture;

    [Theory, MemberData(nameof(Cells))]
    public Task Our_row_equals_the_ledger(Breakage breakage, Striking striking, Aftermath aftermath) =>
        RunAsync(new MatrixCell(MatrixVerb.Void, breakage, striking, aftermath));

    internal static IEnumerable<(Breakage Breakage, Striking Striking, Aftermath Aftermath)> VoidCells() => MatrixCell.All("razorpay")
        .Where(cell => cell.Verb == MatrixVerb.Void)
        .Select(cell => (cell.Breakage, cell.Striking, cell.Aftermath));

    protected override string AnotherAnswer(bool isRefund) => throw new InvalidOperationException("A void is not crossed.");
}

/// <summary>The matrix of its second call.</summary>
public sealed class RazorpayVoidRefundMatrixTests(CaptureThenRefundEngine engine)
    : OutcomeMatrixTests(engine, engine.Razorpay), IClassFixture<CaptureThenRefundEngine>
{
    public static TheoryData<Breakage, Striking, Aftermath> Cells => [.. RazorpayVoidCaptureMatrixTests.VoidCells()];

    protected override StruckCall VoidCall => StruckCall.Refund;

    [Theory, MemberData(nameof(Cells))]
    public Task Our_row_equals_the_ledger(Breakage breakage, Striking striking, Aftermath aftermath) =>
        RunAsync(new MatrixCell(MatrixVerb.Void, breakage, striking, aftermath));

    protected override string AnotherAnswer(bool isRefund) => throw new InvalidOperationException("A void is not crossed.");
}

/// <summary>The matrix of <see cref="RazorpayVoidPolicy.RefundAuthorized"/>.</summary>
public sealed class RazorpayVoidUncapturedMatrixTests(RefundAuthorizedEngine engine)
    : OutcomeMatrixTests(engine, engine.Razorpay), IClassFixture<RefundAuthorizedEngine>
{
    public static TheoryData<Breakage, Striking, Aftermath> Cells => [.. RazorpayVoidCaptureMatrixTests.VoidCells()];

    protected override StruckCall VoidCall => StruckCall.Refund;

    [Theory, MemberData(nameof(Cells))]
    public Task Our_row_equals_the_ledger(Breakage breakage, Striking striking, Aftermath aftermath) =>
        RunAsync(new MatrixCell(MatrixVerb.Void, breakage, striking, aftermath));

    protected override string AnotherAnswer(bool isRefund) => throw new InvalidOperationException("A void is not crossed.");
}
