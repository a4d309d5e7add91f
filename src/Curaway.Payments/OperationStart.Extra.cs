namespace Curaway.Payments;

// The refund of a payment that the charge does not keep.
internal sealed partial class OperationStart
{
    /// <summary>Sends back the next extra payment, whatever the charge's own status; the rest is the next visit's.</summary>
    public Start ReleaseExtra(ChargeState state, string actorId)
    {
        if (state.Charge is not { } charge || ExtraPayments.NextReturn(charge) is not var (payment, left))
            return Start.Done(OperationOutcome.Succeeded);
        if (state.Operations.FirstOrDefault(operation => operation.IsOpen && ExtraPayments.IsReturnOf(operation, payment)) is { } open)
            return Resume(state, charge, open, actorId);
        var fingerprint = Fingerprint(["refund", left.ToString(), payment.Reference]);
        return New(state, charge, Operation(state, charge, OperationKind.Refund, left, fingerprint, actorId) with
        {
            RequestId = ExtraPayments.ReturnIdOf(state.Operations, payment),
            Reason = "second_payment",
        });
    }
}
