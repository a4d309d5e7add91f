using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>What a provider's ledger says of one charge, in minor units and counts.</summary>
public sealed record LedgerFigures(long Held, long Captured, long Refunded, int Authorizations, int Captures, int Refunds);

/// <summary>What a test strikes: the four verbs, or every read.</summary>
public enum StruckCall
{
    Authorize,
    Capture,
    Void,
    Refund,
    Find,
}

/// <summary>One provider's simulator in words that both have in common.</summary>
public abstract class SimulatedProvider
{
    public abstract string Name { get; }

    public abstract Currency Currency { get; }

    /// <summary>The saved method that pays without the patient; null where there are none.</summary>
    public abstract SavedPaymentMethod? SavedMethod { get; }

    public abstract SimulatorWebhooks Webhooks { get; }

    public abstract SimulatorClock Clock { get; }

    public abstract IReadOnlyList<SimulatorCall> Calls { get; }

    /// <summary>Strikes the next call by which the verb acts; for reads or an outage, every one until <see cref="Heal"/>.</summary>
    public abstract void Strike(StruckCall call, SimulatorFault fault, bool isOutage = false);

    public abstract void Heal();

    public abstract LedgerFigures LedgerOf(ChargeId id);

    /// <summary>Every payment and refund of the charge that the ledger knows, with its amount.</summary>
    public abstract IEnumerable<(string Reference, long Amount)> ObjectsOf(ChargeId id);

    /// <summary>The bank's word on every refund of the charge.</summary>
    public abstract void Settle(ChargeId id, bool hasSucceeded);

    /// <summary>The patient pays at checkout; what the page brings back.</summary>
    public abstract CheckoutProof Pay(ClientAction action);

    /// <summary>Waits for calls whose client hung up but which the provider still works on.</summary>
    public async Task QuiesceAsync(CancellationToken ct)
    {
        while (Calls.Any(call => call.Outcome == "pending"))
            await Task.Delay(10, ct);
    }
}

/// <summary>Stripe's simulator.</summary>
public sealed class SimulatedStripe(StripeSimulator simulator) : SimulatedProvider
{
    public StripeSimulator Simulator => simulator;

    public override string Name => "stripe";

    public override Currency Currency { get; } = Currency.Parse("USD");

    public override SavedPaymentMethod? SavedMethod { get; } = new("stripe", "pm_card_visa");

    public override SimulatorWebhooks Webhooks => simulator.Webhooks;

    public override SimulatorClock Clock => simulator.Clock;

    public override IReadOnlyList<SimulatorCall> Calls => simulator.Ledger.Calls;

    public override void Strike(StruckCall call, SimulatorFault fault, bool isOutage = false)
    {
        if (isOutage || call == StruckCall.Find)
            simulator.Faults.Always(CallOf(call), fault);
        else
            simulator.Faults.Next(CallOf(call), fault);
    }

    public override void Heal() => simulator.Faults.Clear();

    public override LedgerFigures LedgerOf(ChargeId id)
    {
        var (ledger, key) = (simulator.Ledger, id.ToString());
        return new LedgerFigures(
            ledger.HeldAmount(key), ledger.CapturedAmount(key), ledger.RefundedAmount(key),
            ledger.AuthorizationCount(key), ledger.CaptureCount(key), ledger.RefundCount(key));
    }

    public override IEnumerable<(string Reference, long Amount)> ObjectsOf(ChargeId id)
    {
        var charges = simulator.Ledger.Charges.Where(charge => charge.Metadata.GetValueOrDefault("charge_id") == id.ToString()).ToList();
        var refunds = simulator.Ledger.Refunds.Where(refund => charges.Any(charge => charge.PaymentIntent == refund.PaymentIntent));
        return charges.Select(charge => (charge.Id, charge.Amount)).Concat(refunds.Select(refund => (refund.Id, refund.Amount)));
    }

    public override void Settle(ChargeId id, bool hasSucceeded)
    {
        foreach (var (reference, _) in ObjectsOf(id).Where(made => made.Reference.StartsWith("re_", StringComparison.Ordinal)))
            simulator.SettleRefund(reference, hasSucceeded);
    }

    public override CheckoutProof Pay(ClientAction action)
    {
        var paid = simulator.PayAsPatient(action.Parameters["client_secret"]);
        return new CheckoutProof(new Dictionary<string, string> { ["payment_intent"] = paid.PaymentIntentId });
    }

    private static StripeCall CallOf(StruckCall call) => call switch
    {
        StruckCall.Authorize => StripeCall.Create,
        StruckCall.Capture => StripeCall.Capture,
        StruckCall.Void => StripeCall.Cancel,
        StruckCall.Refund => StripeCall.Refund,
        _ => StripeCall.Read | StripeCall.List,
    };
}

/// <summary>Razorpay's simulator. A void sends nothing: it reads the order's payments, so that list is what is struck.</summary>
public sealed class SimulatedRazorpay(RazorpaySimulator simulator) : SimulatedProvider
{
    public RazorpaySimulator Simulator => simulator;

    public override string Name => "razorpay";

    public override Currency Currency { get; } = Currency.Parse("INR");

    public override SavedPaymentMethod? SavedMethod => null;

    public override SimulatorWebhooks Webhooks => simulator.Webhooks;

    public override SimulatorClock Clock => simulator.Clock;

    public override IReadOnlyList<SimulatorCall> Calls => simulator.Ledger.Calls;

    public override void Strike(StruckCall call, SimulatorFault fault, bool isOutage = false)
    {
        if (isOutage || call == StruckCall.Find)
            simulator.Faults.Always(CallOf(call), fault);
        else
            simulator.Faults.Next(CallOf(call), fault);
    }

    public override void Heal() => simulator.Faults.Clear();

    public override LedgerFigures LedgerOf(ChargeId id)
    {
        var (ledger, key) = (simulator.Ledger, id.ToString());
        return new LedgerFigures(
            ledger.HeldAmount(key), ledger.CapturedAmount(key), ledger.RefundedAmount(key),
            ledger.AuthorizationCount(key), ledger.CaptureCount(key), ledger.RefundCount(key));
    }

    public override IEnumerable<(string Reference, long Amount)> ObjectsOf(ChargeId id)
    {
        var payments = simulator.Ledger.Payments.Where(payment => payment.Notes.GetValueOrDefault("charge_id") == id.ToString()).ToList();
        var refunds = simulator.Ledger.Refunds.Where(refund => payments.Any(payment => payment.Id == refund.PaymentId));
        return payments.Select(payment => (payment.Id, payment.Amount)).Concat(refunds.Select(refund => (refund.Id, refund.Amount)));
    }

    public override void Settle(ChargeId id, bool hasSucceeded)
    {
        foreach (var (reference, _) in ObjectsOf(id).Where(made => made.Reference.StartsWith("rfnd_", StringComparison.Ordinal)))
            simulator.SettleRefund(reference, hasSucceeded);
    }

    public override CheckoutProof Pay(ClientAction action) => ProofOf(simulator.PayAsPatient(action.Parameters["order_id"]));

    /// <summary>What Checkout hands to the page.</summary>
    public static CheckoutProof ProofOf(RazorpayPatientResult paid) => new(paid.Signature is { } signature
        ? new Dictionary<string, string>
        {
            ["razorpay_order_id"] = paid.OrderId,
            ["razorpay_payment_id"] = paid.PaymentId,
            ["razorpay_signature"] = signature,
        }
        : new Dictionary<string, string> { ["error"] = "BAD_REQUEST_ERROR" });

    private static RazorpayCall CallOf(StruckCall call) => call switch
    {
        StruckCall.Authorize => RazorpayCall.Create,
        StruckCall.Capture => RazorpayCall.Capture,
        StruckCall.Void => RazorpayCall.List,
        StruckCall.Refund => RazorpayCall.Refund,
        _ => RazorpayCall.Read | RazorpayCall.List,
    };
}
