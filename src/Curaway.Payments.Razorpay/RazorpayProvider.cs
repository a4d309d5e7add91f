using System.Collections.Immutable;
using System.Text;

namespace Curaway.Payments.Razorpay;

/// <summary>
/// Razorpay: an order paid in Checkout, captured by hand. Reads top-down: the verbs, what they send, how an answer is read.
/// Only refunds have an idempotency key, so every other verb reads back before it is sent again.
/// </summary>
internal sealed partial class RazorpayProvider(RazorpayClient client) : IPaymentProvider
{
    public const string ProviderName = "razorpay";

    public string Name => ProviderName;

    public IReadOnlyCollection<string> Accounts => client.Names;

    public bool IsConfigured(string account) => client.Find(account) is not null;

    public bool? IsLiveMode(string account) => client.OptionsOf(account)?.IsLiveMode;

    // The window counts from the payment's creation: https://razorpay.com/docs/payments/payments/capture-settings
    // For how long refund keys are kept is not documented; a day is what others promise.
    public ProviderCapabilities CapabilitiesOf(string account) => new()
    {
        Currencies = RazorpayMapping.Currencies,
        AuthorizationWindow = (client.OptionsOf(account) ?? new RazorpayOptions()).ManualExpiry,
        CanCapturePartially = false,
        VoidsAtOnce = false,
        VoidsByCapture = client.OptionsOf(account)?.VoidPolicy == RazorpayVoidPolicy.CaptureThenRefund,
        ReplayLifetime = kind => kind == OperationKind.Refund ? TimeSpan.FromHours(24) : null,
    };

    public Task<ProviderResult> AuthorizeAsync(ProviderRequest request, CancellationToken ct) => AskAsync(request, async ask =>
    {
        if (request.RequiredOperation.SendCount > 1)
        {
            var earlier = await ReadOrderAsync(ask, ct).ConfigureAwait(false);
            if (earlier.Value is { } adopted)
                return RazorpayOutcomes.Authorized(ask, adopted);
            // An empty list is no proof. A second order is harmless, though: the first was never handed out.
            if (earlier.Failure is { Fault: not ProviderFault.NotFound } failure)
                return RazorpayErrors.OfRead(failure);
        }

        var reply = await client.CreateOrderAsync(ask.Account, BuildAuthorize(ask), ct).ConfigureAwait(false);
        return reply.Value is { } order ? RazorpayOutcomes.Authorized(ask, order) : RazorpayErrors.OfAuthorize(reply.Failure!);
    });

    public Task<ProviderResult> CaptureAsync(ProviderRequest request, CancellationToken ct) => AskAsync(request, async ask =>
    {
        if (request.Charge.PrincipalPayment?.Reference is not { } paymentId)
            return ProviderResult.Indeterminate(ProviderFault.NotFound);
        if (request.RequiredOperation.SendCount > 1)
        {
            var earlier = await client.GetPaymentAsync(ask.Account, paymentId, ct).ConfigureAwait(false);
            if (earlier.Failure is { } failure)
                return RazorpayErrors.OfRead(failure);
            var found = RazorpayOutcomes.Captured(ask, paymentId, earlier.Value!);
            if (!RazorpayOutcomes.IsStillHeld(found))
                return found;
        }

        var reply = await client.CaptureAsync(ask.Account, paymentId, BuildCapture(request), ct).ConfigureAwait(false);
        return reply.Value is { } payment ? RazorpayOutcomes.Captured(ask, paymentId, payment) : RazorpayErrors.OfCapture(reply.Failure!);
    });

    /// <summary>
    /// There is no void: it reads what the order holds, and does what the account's policy says until that is let go or lapses. So
    /// a first try, and the finish of one that broke off anywhere, are the same. The order stays payable, so what is paid later is
    /// the engine's to release.
    /// </summary>
    public Task<ProviderResult> VoidAsync(ProviderRequest request, CancellationToken ct) => AskAsync(request, async ask =>
    {
        if (request.Charge.Reference is not { } orderId)
            return RazorpayOutcomes.VoidedNothing(ask);
        var tried = ImmutableHashSet<string>.Empty;
        while (true)
        {
            var facts = await ReadFactsAsync(ask, orderId, order: null, ct).ConfigureAwait(false);
            if (facts.Failure is { } failure)
                return RazorpayErrors.OfVoid(failure);
            var (result, step) = RazorpayRelease.NextOf(ask, facts.Value!, tried);
            if (step is null || tried.Contains(step.Key))
                return result;
            tried = tried.Add(step.Key);
            if (await SendAsync(ask, step, ct).ConfigureAwait(false) is { } broken)
                return broken;
        }
    });

    public Task<ProviderResult> RefundAsync(ProviderRequest request, CancellationToken ct) => AskAsync(request, async ask =>
    {
        if (PaymentToRefund(request)?.Reference is not { } paymentId)
            return ProviderResult.Indeterminate(ProviderFault.NotFound);
        var key = request.RequiredOperation.IdempotencyKey;
        var reply = await client.RefundAsync(ask.Account, paymentId, BuildRefund(request), key, ct).ConfigureAwait(false);
        return reply.Value is { } refund ? RazorpayOutcomes.Refunded(ask, paymentId, refund) : RazorpayErrors.OfRefund(reply.Failure!);
    });

    public Task<ProviderResult> VerifyCheckoutAsync(ProviderRequest request, CheckoutProof proof, CancellationToken ct) =>
        AskAsync(request, async ask =>
        {
            if (request.Charge.Reference is not { } orderId)
                return ProviderResult.Declined("invalid_proof");
            var paymentId = proof.Fields.GetValueOrDefault("razorpay_payment_id");
            if (proof.Fields.ContainsKey("error") || string.IsNullOrEmpty(paymentId))
            {
                // The attempt failed in the dialog, says the browser. Razorpay knows.
                var list = await client.ListPaymentsAsync(ask.Account, orderId, ct).ConfigureAwait(false);
                return ReadableOf(list).Value is { } payments
                    ? RazorpayOutcomes.CheckedOut(ask, payments)
                    : RazorpayErrors.OfRead(ReadableOf(list).Failure!);
            }

            if (!IsGenuine(ask, proof, orderId, paymentId))
                return ProviderResult.Declined("invalid_proof");
            var reply = await client.GetPaymentAsync(ask.Account, paymentId, ct).ConfigureAwait(false);
            if (reply.Failure is { } failure)
                return RazorpayErrors.OfRead(failure);
            return reply.Value!.Id == paymentId
                ? RazorpayOutcomes.CheckedOut(ask, [reply.Value])
                : ProviderResult.Indeterminate(ProviderFault.Mismatch, "payment_id");
        });

    public async Task<ProviderResult> FindAsync(ProviderRequest request, CancellationToken ct)
    {
        if (client.Find(request.Charge.ProviderAccount) is not { } account)
            return ProviderResult.Indeterminate(ProviderFault.Configuration);
        var ask = new RazorpayAsk(request, account);
        var order = await ReadOrderAsync(ask, ct).ConfigureAwait(false);
        if (order.Failure is { } failure)
            return RazorpayErrors.OfRead(failure);
        if (RazorpayOutcomes.MismatchOf(request, order.Value!) is { } mismatch)
            return mismatch;
        var facts = await ReadFactsAsync(ask, order.Value!.Id!, order.Value, ct).ConfigureAwait(false);
        return facts.Value is { } read ? RazorpayOutcomes.Found(ask, read) : RazorpayErrors.OfRead(facts.Failure!);
    }

    private static OrderRequest BuildAuthorize(RazorpayAsk ask)
    {
        var operation = ask.Request.RequiredOperation;
        var expiryMinutes = (int)ask.Account.Options.ManualExpiry.TotalMinutes;
        return new OrderRequest(
            RazorpayMapping.Currencies.ToProvider(operation.Amount),
            operation.Amount.Currency.Code,
            operation.IdempotencyKey,
            BuildNotes(ask.Request),
            new OrderPayment("manual", new CaptureOptions(expiryMinutes, "normal")));
    }

    // In full: there is no other capture.
    private static CaptureRequest BuildCapture(ProviderRequest request)
    {
        var amount = request.RequiredOperation.Amount;
        return new CaptureRequest(RazorpayMapping.Currencies.ToProvider(amount), amount.Currency.Code);
    }

    // The receipt is a second guard beside the idempotency key, and finds the refund again.
    private static RefundRequest BuildRefund(ProviderRequest request)
    {
        var operation = request.RequiredOperation;
        return new RefundRequest(
            RazorpayMapping.Currencies.ToProvider(operation.Amount), "normal", operation.IdempotencyKey, BuildNotes(request));
    }

    private static RequestNotes BuildNotes(ProviderRequest request) => new(
        request.Charge.Id.ToString(),
        request.RequiredOperation.Id.ToString(),
        request.Charge.ConsultationId.Value,
        request.Charge.TenantId.Value);

    /// <summary>
    /// The extra payment the operation is bound to, else the one it refunded before, else the first captured one with enough left: a replay has to name the same
    /// payment, or the idempotency key would not protect it.
    /// </summary>
    private static ChargePayment? PaymentToRefund(ProviderRequest request)
    {
        var (charge, operation) = (request.Charge, request.RequiredOperation);
        var own = charge.Refunds.FirstOrDefault(refund => refund.OperationId == operation.Id)?.PaymentReference;
        return charge.Payments.FirstOrDefault(payment => ExtraPayments.IsReturnOf(operation, payment))
            ?? charge.Payments.FirstOrDefault(payment => payment.Reference == own)
            ?? charge.Payments.FirstOrDefault(payment => !payment.ReleasesByCapture && payment.RemainingOf(charge.Refunds) >= operation.Amount)
            ?? charge.PrincipalPayment;
    }

    // The order id is the one we stored, not the one the browser sent: a proof of another order is no proof of this one.
    private static bool IsGenuine(RazorpayAsk ask, CheckoutProof proof, string orderId, string paymentId) =>
        RazorpayMapping.IsId(paymentId, "pay_")
        && proof.Fields.GetValueOrDefault("razorpay_order_id", orderId) == orderId
        && RazorpayWebhook.IsSignedBy(
            ask.Account.Options.KeySecret!,
            Encoding.UTF8.GetBytes($"{orderId}|{paymentId}"),
            proof.Fields.GetValueOrDefault("razorpay_signature"));

    private Task<ProviderResult> AskAsync(ProviderRequest request, Func<RazorpayAsk, Task<ProviderResult>> act) =>
        client.Find(request.Charge.ProviderAccount) is { } account
            ? act(new RazorpayAsk(request, account))
            : Task.FromResult(ProviderResult.NotSent(ProviderFault.Configuration));

    /// <summary>The charge's order; while we do not know its id, the oldest with the operation's receipt.</summary>
    private async Task<RazorpayReply<WireOrder>> ReadOrderAsync(RazorpayAsk ask, CancellationToken ct)
    {
        if (ask.Request.Charge.Reference is { } orderId)
            return await client.GetOrderAsync(ask.Account, orderId, ct).ConfigureAwait(false);
        if (ask.Request.Operation is not { Kind: OperationKind.Authorize } operation)
            return new RazorpayFailure(ProviderFault.NotFound);
        var list = await client.ListOrdersAsync(ask.Account, operation.IdempotencyKey, ct).ConfigureAwait(false);
        if (list.Failure is { } failure)
            return failure;
        if (list.Value!.Items is not { } orders)
            return new RazorpayFailure(ProviderFault.Unreadable);
        return RazorpayOutcomes.OldestOf(ask.Request, orders) is { } oldest ? oldest : new RazorpayFailure(ProviderFault.NotFound);
    }

    /// <summary>The order's payments, and the refunds of those that may have some.</summary>
    private async Task<RazorpayReply<RazorpayFacts>> ReadFactsAsync(RazorpayAsk ask, string orderId, WireOrder? order, CancellationToken ct)
    {
        var payments = ReadableOf(await client.ListPaymentsAsync(ask.Account, orderId, ct).ConfigureAwait(false));
        if (payments.Failure is { } failure)
            return failure;
        var refunds = ImmutableArray.CreateBuilder<WireRefund>();
        foreach (var payment in payments.Value!.Where(payment => payment.Status is "captured" or "refunded"))
        {
            var list = await client.ListRefundsAsync(ask.Account, payment.Id!, ct).ConfigureAwait(false);
            if (list.Failure is { } listFailure)
                return listFailure;
            if (list.Value!.Items is not { } made || made.Contains(null))
                return new RazorpayFailure(ProviderFault.Unreadable);
            refunds.AddRange(made);
        }

        return new RazorpayFacts(order, payments.Value!, refunds.ToImmutable());
    }

    private static RazorpayReply<WirePayment[]> ReadableOf(RazorpayReply<WireList<WirePayment>> list)
    {
        if (list.Failure is { } failure)
            return failure;
        return list.Value!.Items is { } payments && payments.All(payment => RazorpayMapping.IsId(payment?.Id, "pay_"))
            ? payments
            : new RazorpayFailure(ProviderFault.Unreadable);
    }
}
