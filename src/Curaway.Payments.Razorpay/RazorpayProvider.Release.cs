namespace Curaway.Payments.Razorpay;

// What a void sends: Stripe has a verb for it, Razorpay needs up to two.
internal sealed partial class RazorpayProvider
{
    /// <summary>One step of a void; null when it was carried out, or refused in a way that leaves the payment to lapse.</summary>
    private async Task<ProviderResult?> SendAsync(RazorpayAsk ask, ReleaseStep step, CancellationToken ct)
    {
        if (step.Kind == ReleaseStepKind.Capture)
        {
            var captured = await client.CaptureAsync(ask.Account, step.PaymentId, BuildCapture(ask.Request), ct).ConfigureAwait(false);
            return captured.Failure is { } failure ? RazorpayRelease.Broken(RazorpayErrors.OfCapture(failure)) : null;
        }

        var refund = BuildRefund(ask.Request) with { Amount = step.Amount is { } amount ? RazorpayMapping.Currencies.ToProvider(amount) : null };
        var key = $"{ask.Request.RequiredOperation.IdempotencyKey}-{step.PaymentId}";
        var refunded = await client.RefundAsync(ask.Account, step.PaymentId, refund, key, ct).ConfigureAwait(false);
        return refunded.Failure is null || (step.Kind == ReleaseStepKind.RefundAuthorized && RazorpayErrors.IsLeftToLapse(refunded.Failure))
            ? null
            : RazorpayRelease.Broken(RazorpayErrors.OfRefund(refunded.Failure));
    }
}
