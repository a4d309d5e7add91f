using System.Text.Json.Nodes;

namespace Curaway.Payments.Simulators;

/// <summary>What moves money: authorize, capture, release, refund, expire. Every method runs under the ledger's gate.</summary>
internal sealed class StripeAccount(
    StripeSimulatorOptions options, SimulatorClock clock, StripeLedger ledger, StripeEvents events, StripeVaultCalls vault)
{
    // Unix seconds; no hold ends before this, so most calls need not look.
    private long _nextExpiry = long.MaxValue;

    public void Authorize(StripeIntent intent, StripeTestCard card, StripeCause cause)
    {
        var isManual = intent.CaptureMethod == "manual";
        var window = intent.IsOffSession ? options.OffSessionAuthorizationWindow : options.AuthorizationWindow;
        var charge = AddCharge(intent, card, isPaid: true, isManual ? clock.UnixSeconds + (long)window.TotalSeconds : null);
        intent.AwaitingAuthentication = null;
        intent.LastPaymentError = null;
        if (intent is { SetupFutureUsage: not null, Customer: { } customer } && vault.Keep(card, customer, intent.PaymentMethod) is { } kept)
        {
            intent.PaymentMethod = kept.Text("id");
            events.Publish(cause, "payment_method.attached", kept);
        }

        if (isManual)
        {
            intent.Status = "requires_capture";
            events.Publish(cause, "charge.succeeded", charge.ToJson());
            events.Publish(cause, "payment_intent.amount_capturable_updated", intent.ToJson());
            return;
        }

        intent.Status = "succeeded";
        intent.AmountReceived = charge.AmountCaptured = intent.Amount;
        charge.IsCaptured = true;
        events.Publish(cause, "charge.succeeded", charge.ToJson());
        events.Publish(cause, "payment_intent.succeeded", intent.ToJson());
    }

    /// <summary>A failed attempt leaves a failed charge and an intent that can be tried again.</summary>
    /// <returns>The card error as the API and the browser report it.</returns>
    public JsonObject Decline(StripeIntent intent, StripeTestCard card, StripeCause cause)
    {
        var charge = AddCharge(intent, card, isPaid: false, captureBefore: null);
        var error = StripeTestCards.Error(card, charge.Id);
        FailAttempt(intent, error, cause);
        events.Publish(cause, "charge.failed", charge.ToJson());
        return error;
    }

    public void RequireAction(StripeIntent intent, StripeTestCard card, StripeCause cause)
    {
        intent.Status = "requires_action";
        intent.AwaitingAuthentication = card;
        events.Publish(cause, "payment_intent.requires_action", intent.ToJson());
    }

    public JsonObject FailAuthentication(StripeIntent intent, StripeCause cause)
    {
        var error = new JsonObject
        {
            ["type"] = "card_error",
            ["code"] = "payment_intent_authentication_failure",
            ["message"] = "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
        };
        intent.AwaitingAuthentication = null;
        FailAttempt(intent, error, cause);
        return error;
    }

    public void Capture(StripeIntent intent, long amount, StripeCause cause)
    {
        var charge = intent.LatestCharge!;
        charge.IsCaptured = true;
        intent.AmountReceived = charge.AmountCaptured = amount;
        intent.Status = "succeeded";
        events.Publish(cause, "charge.captured", charge.ToJson());
        events.Publish(cause, "payment_intent.succeeded", intent.ToJson());
        if (amount < intent.Amount) PublishPreBasilRelease(charge, intent.Amount - amount, cause);
    }

    public void Cancel(StripeIntent intent, string? reason, StripeCause cause)
    {
        intent.Status = "canceled";
        intent.CanceledAt = clock.UnixSeconds;
        intent.CancellationReason = reason;
        intent.AwaitingAuthentication = null;
        var released = intent.LatestCharge is { IsPaid: true } charge ? charge : null;
        if (released is not null) released.IsReleased = true;
        events.Publish(cause, "payment_intent.canceled", intent.ToJson());
        if (released is not null) PublishPreBasilRelease(released, intent.Amount, cause);
    }

    public StripeRefund Refund(
        StripeCharge charge, long amount, string? reason, IReadOnlyDictionary<string, string> metadata, StripeCause cause)
    {
        var refund = new StripeRefund
        {
            Id = SimulatorSecrets.NewId("re_", 24),
            Charge = charge,
            Amount = amount,
            Created = clock.UnixSeconds,
            Metadata = metadata,
            Reason = reason,
            Status = options.RefundsStartPending ? "pending" : "succeeded",
        };
        ledger.RefundsMade.Add(refund.Id, refund);
        var before = charge.AmountRefunded;
        charge.AmountRefunded += amount;
        events.Publish(cause, "refund.created", refund.ToJson());
        events.Publish(cause, "charge.refunded", charge.ToJson(), new JsonObject { ["amount_refunded"] = before });
        events.Publish(cause, "refund.updated", refund.ToJson());
        return refund;
    }

    /// <summary>The bank's word on a refund. A failure gives the money back to the account, also after an earlier success.</summary>
    public void SettleRefund(StripeRefund refund, bool hasSucceeded)
    {
        if (refund.Status == "failed") throw new ArgumentException("The refund has failed already.", nameof(refund));
        refund.Status = hasSucceeded ? "succeeded" : "failed";
        if (!hasSucceeded)
        {
            refund.FailureReason = "declined";
            refund.Charge.AmountRefunded -= refund.Amount;
            events.Publish(StripeCause.Nobody, "refund.failed", refund.ToJson());
        }

        events.Publish(StripeCause.Nobody, "refund.updated", refund.ToJson());
    }

    /// <summary>Ends every hold whose <c>capture_before</c> has passed.</summary>
    public void Settle()
    {
        var now = clock.UnixSeconds;
        if (now < _nextExpiry) return;
        _nextExpiry = long.MaxValue;
        foreach (var charge in ledger.ChargesMade.Values)
        {
            if (!charge.IsHeld || charge.CaptureBefore is not { } last) continue;
            if (last > now)
            {
                _nextExpiry = Math.Min(_nextExpiry, last);
                continue;
            }

            charge.IsReleased = true;
            events.Publish(StripeCause.Nobody, "charge.expired", charge.ToJson());
            Cancel(charge.Intent, "expired", StripeCause.Nobody);
        }
    }

    /// <summary>What older endpoints still send when held money is let go: a "refund" of money never taken.</summary>
    private void PublishPreBasilRelease(StripeCharge charge, long released, StripeCause cause)
    {
        if (!options.SendsPreBasilEvents) return;
        var old = charge.ToJson();
        old["amount_refunded"] = released;
        old["refunded"] = !charge.IsCaptured;
        events.Publish(cause, "charge.refunded", old, new JsonObject { ["amount_refunded"] = 0 });
    }

    private void FailAttempt(StripeIntent intent, JsonObject error, StripeCause cause)
    {
        intent.Status = "requires_payment_method";
        intent.PaymentMethod = null;
        intent.LastPaymentError = error.DeepClone().AsObject();
        events.Publish(cause, "payment_intent.payment_failed", intent.ToJson());
    }

    private StripeCharge AddCharge(StripeIntent intent, StripeTestCard card, bool isPaid, long? captureBefore)
    {
        var charge = new StripeCharge
        {
            Id = SimulatorSecrets.NewId("ch_", 24),
            Intent = intent,
            Card = card,
            Created = clock.UnixSeconds,
            IsPaid = isPaid,
            CaptureBefore = captureBefore,
        };
        ledger.ChargesMade.Add(charge.Id, charge);
        if (captureBefore < _nextExpiry) _nextExpiry = captureBefore.Value;
        intent.LatestCharge = charge;
        return charge;
    }
}
