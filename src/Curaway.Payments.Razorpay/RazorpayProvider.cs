using System.Collections.Immutable;
using System.Text;
using Microsoft.Extensions.Options;

namespace Curaway.Payments.Razorpay;

/// <summary>
/// Razorpay: an order paid in Checkout, captured by hand. Only refunds have an idempotency key, so every other verb reads
/// back before it is sent again. There is no void: a hold that is let go lapses, and the patient's bank takes days to show it.
/// </summary>
internal sealed class RazorpayProvider(RazorpayClient client, IOptionsMonitor<RazorpayOptions> options) : IPaymentProvider
{
    public string Name => RazorpayMapping.Provider;

    public ProviderCapabilities Capabilities => new()
    {
        Currencies = RazorpayMapping.Currencies,
        AuthorizationWindow = options.CurrentValue.ManualExpiry,
        CanCapturePartially = false,
        VoidsAtOnce = false,
        // Razorpay does not say for how long it keeps refund keys; a day is what others promise.
        ReplayLifetime = kind => kind == OperationKind.Refund ? TimeSpan.FromHours(24) : null,
    };

    public bool IsConfigured(string account) => OptionsOf(options, account).IsConfigured;

    public async Task<ProviderResult> AuthorizeAsync(ProviderRequest request, CancellationToken ct)
    {
        var account = AccountOf(request);
        if (request.RequiredOperation.SendCount > 1)
        {
            var earlier = await ReadOrderAsync(account, request, ct).ConfigureAwait(false);
            if (earlier.Value is { } adopted)
                return RazorpayOutcomes.OfOrder(account, request, adopted);
            // An empty list is no proof. A second order is harmless, though: the first was never handed out.
            if (earlier.Failure is { Fault: not ProviderFault.NotFound } failure)
                return RazorpayErrors.OfRead(failure);
        }

        var order = RazorpayMapping.OrderOf(request, account.Options.ManualExpiry);
        var reply = await client.CreateOrderAsync(account.Options, order, ct).ConfigureAwait(false);
        return reply.Value is { } made
            ? RazorpayOutcomes.OfOrder(account, request, made)
            : RazorpayErrors.OfOrder(reply.Failure!);
    }

    public async Task<ProviderResult> CaptureAsync(ProviderRequest request, CancellationToken ct)
    {
        var (account, operation) = (AccountOf(request), request.RequiredOperation);
        if (request.Charge.PrincipalPayment is not { } payment)
            return ProviderResult.Indeterminate(ProviderFault.NotFound);
        if (operation.SendCount > 1)
        {
            var earlier = await client.GetPaymentAsync(account.Options, payment.Reference, ct).ConfigureAwait(false);
            if (earlier.Failure is { } failure)
                return RazorpayErrors.OfRead(failure);
            var found = RazorpayOutcomes.OfPayment(account, request, payment.Reference, earlier.Value!);
            if (!RazorpayOutcomes.IsStillHeld(found))
                return found;
        }

        var capture = RazorpayMapping.CaptureOf(operation);
        var reply = await client.CaptureAsync(account.Options, payment.Reference, capture, ct).ConfigureAwait(false);
        return reply.Value is { } captured
            ? RazorpayOutcomes.OfPayment(account, request, payment.Reference, captured)
            : RazorpayErrors.OfCapture(reply.Failure!);
    }

    /// <summary>
    /// Sends nothing: it reads what the order holds and says when that lapses. The order stays payable, so what is paid later
    /// is the engine's to release.
    /// </summary>
    public async Task<ProviderResult> VoidAsync(ProviderRequest request, CancellationToken ct)
    {
        var account = AccountOf(request);
        if (!account.Options.IsConfigured)
            return RazorpayErrors.OfRead(RazorpayFailure.NotConfigured);
        if (request.Charge.Reference is not { } orderId)
            return ProviderResult.Succeeded(RazorpayOutcomes.Nothing(account, request.Charge));
        var facts = await ReadPaymentsAsync(account, orderId, order: null, ct).ConfigureAwait(false);
        return facts.Value is { } read
            ? RazorpayOutcomes.OfFacts(account, request, read)
            : RazorpayErrors.OfRead(facts.Failure!);
    }

    public async Task<ProviderResult> RefundAsync(ProviderRequest request, CancellationToken ct)
    {
        var account = AccountOf(request);
        if (RazorpayMapping.PaymentToRefund(request) is not { } payment)
            return ProviderResult.Indeterminate(ProviderFault.NotFound);
        var refund = RazorpayMapping.RefundOf(request);
        var key = request.RequiredOperation.IdempotencyKey;
        var reply = await client.RefundAsync(account.Options, payment.Reference, refund, key, ct).ConfigureAwait(false);
        return reply.Value is { } made
            ? RazorpayOutcomes.OfRefund(account, request, payment.Reference, made)
            : RazorpayErrors.OfRefund(reply.Failure!);
    }

    public async Task<ProviderResult> VerifyCheckoutAsync(ProviderRequest request, CheckoutProof proof, CancellationToken ct)
    {
        var account = AccountOf(request);
        if (!account.Options.IsConfigured)
            return RazorpayErrors.OfRead(RazorpayFailure.NotConfigured);
        if (request.Charge.Reference is not { } orderId)
            return ProviderResult.Declined("invalid_proof");
        var paymentId = proof.Fields.GetValueOrDefault("razorpay_payment_id");
        if (proof.Fields.ContainsKey("error") || string.IsNullOrEmpty(paymentId))
        {
            var facts = await ReadPaymentsAsync(account, orderId, order: null, ct).ConfigureAwait(false);
            return facts.Value is { } read
                ? RazorpayOutcomes.OfCheckout(account, request, read.Payments)
                : RazorpayErrors.OfRead(facts.Failure!);
        }

        if (!IsGenuine(proof, orderId, paymentId, account.Options.KeySecret))
            return ProviderResult.Declined("invalid_proof");
        var payment = await client.GetPaymentAsync(account.Options, paymentId, ct).ConfigureAwait(false);
        if (payment.Failure is { } failure)
            return RazorpayErrors.OfRead(failure);
        return payment.Value!.Id == paymentId
            ? RazorpayOutcomes.OfCheckout(account, request, [payment.Value])
            : ProviderResult.Indeterminate(ProviderFault.Mismatch);
    }

    public async Task<ProviderResult> FindAsync(ProviderRequest request, CancellationToken ct)
    {
        var account = AccountOf(request);
        var order = await ReadOrderAsync(account, request, ct).ConfigureAwait(false);
        if (order.Failure is { } failure)
            return RazorpayErrors.OfRead(failure);
        if (RazorpayOutcomes.MismatchOf(request, order.Value!) is { } mismatch)
            return mismatch;
        var facts = await ReadPaymentsAsync(account, order.Value!.Id!, order.Value, ct).ConfigureAwait(false);
        return facts.Value is { } read
            ? RazorpayOutcomes.OfFacts(account, request, read)
            : RazorpayErrors.OfRead(facts.Failure!);
    }

    /// <summary>The account's options; those of <c>default</c> have no name.</summary>
    public static RazorpayOptions OptionsOf(IOptionsMonitor<RazorpayOptions> options, string account) =>
        options.Get(account == "default" ? Options.DefaultName : account);

    private RazorpayAccount AccountOf(ProviderRequest request) =>
        new(request.Charge.ProviderAccount, OptionsOf(options, request.Charge.ProviderAccount));

    // The order id is the one we stored, not the one the browser sent: a proof of another order is no proof of this one.
    private static bool IsGenuine(CheckoutProof proof, string orderId, string paymentId, string keySecret) =>
        RazorpayMapping.IsId(paymentId, "pay_")
        && proof.Fields.GetValueOrDefault("razorpay_order_id", orderId) == orderId
        && RazorpayWebhook.IsSignedBy(
            keySecret, Encoding.UTF8.GetBytes($"{orderId}|{paymentId}"), proof.Fields.GetValueOrDefault("razorpay_signature"));

    /// <summary>The charge's order; the oldest with the operation's receipt while we do not know its id.</summary>
    private async Task<RazorpayReply<WireOrder>> ReadOrderAsync(RazorpayAccount account, ProviderRequest request, CancellationToken ct)
    {
        if (request.Charge.Reference is { } orderId)
            return await client.GetOrderAsync(account.Options, orderId, ct).ConfigureAwait(false);
        if (request.Operation is not { Kind: OperationKind.Authorize } operation)
            return new RazorpayFailure(ProviderFault.NotFound);
        var list = await client.ListOrdersAsync(account.Options, operation.IdempotencyKey, ct).ConfigureAwait(false);
        if (list.Failure is { } failure)
            return failure;
        if (list.Value!.Items is not { } orders)
            return new RazorpayFailure(ProviderFault.Unreadable);
        return RazorpayOutcomes.OldestOf(request, orders) is { } oldest ? oldest : new RazorpayFailure(ProviderFault.NotFound);
    }

    /// <summary>The order's payments, and the refunds of those that may have some.</summary>
    private async Task<RazorpayReply<RazorpayFacts>> ReadPaymentsAsync(
        RazorpayAccount account, string orderId, WireOrder? order, CancellationToken ct)
    {
        var payments = await client.ListPaymentsAsync(account.Options, orderId, ct).ConfigureAwait(false);
        if (payments.Failure is { } failure)
            return failure;
        if (payments.Value!.Items is not { } items || !items.All(payment => RazorpayMapping.IsId(payment?.Id, "pay_")))
            return new RazorpayFailure(ProviderFault.Unreadable);
        var refunds = ImmutableArray.CreateBuilder<WireRefund>();
        foreach (var payment in items.Where(payment => payment.Status is "captured" or "refunded"))
        {
            var list = await client.ListRefundsAsync(account.Options, payment.Id!, ct).ConfigureAwait(false);
            if (list.Failure is { } listFailure)
                return listFailure;
            if (list.Value!.Items is not { } made || made.Contains(null))
                return new RazorpayFailure(ProviderFault.Unreadable);
            refunds.AddRange(made);
        }

        return new RazorpayFacts(order, items, refunds.ToImmutable());
    }
}
