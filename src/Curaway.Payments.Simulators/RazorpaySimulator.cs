using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Curaway.Payments.Simulators;

/// <summary>
/// Razorpay as a loopback HTTP server with a ledger, signed webhooks, faults and a clock. Independent of every other
/// package here: it knows the wire only. Any number can run side by side; all members are thread-safe.
/// </summary>
public sealed class RazorpaySimulator : IAsyncDisposable
{
    private readonly SimulatorServer _server;
    private readonly SimulatorWebhookSender _sender;
    private readonly RazorpayPatient _patient;
    private readonly RazorpayAccount _account;
    private readonly RazorpayEvents _events;

    private RazorpaySimulator(
        SimulatorServer server, RazorpaySimulatorOptions options, RazorpayLedger ledger, SimulatorFaults<RazorpayCall> faults,
        SimulatorWebhooks webhooks, SimulatorClock clock, RazorpayPatient patient, RazorpayAccount account, RazorpayEvents events)
    {
        _server = server;
        _patient = patient;
        _account = account;
        _events = events;
        Options = options;
        Ledger = ledger;
        Faults = faults;
        Webhooks = webhooks;
        Clock = clock;
        BaseAddress = new Uri(server.Address, "/v1/");
        clock.Advanced += SettleNow;
        _sender = new SimulatorWebhookSender(webhooks, SettleNow);
    }

    /// <summary>
    /// <c>http://127.0.0.1:{port}/v1/</c>: stands for <c>https://api.razorpay.com/v1/</c>. Control endpoints are at <c>/_sim/</c> of the same origin.
    /// </summary>
    public Uri BaseAddress { get; }

    /// <summary>Address of the browser script, which stands in for Checkout.</summary>
    public Uri ScriptAddress => new(BaseAddress, "/v1/checkout.js");

    /// <summary>What it was started with.</summary>
    public RazorpaySimulatorOptions Options { get; }

    /// <summary>Every object and every call.</summary>
    public RazorpayLedger Ledger { get; }

    /// <summary>What goes wrong next.</summary>
    public SimulatorFaults<RazorpayCall> Faults { get; }

    /// <summary>Events on their way to the host.</summary>
    public SimulatorWebhooks Webhooks { get; }

    /// <summary>The account's time.</summary>
    public SimulatorClock Clock { get; }

    /// <summary>Starts listening on 127.0.0.1.</summary>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="ct">Ends the start.</param>
    /// <exception cref="IOException">The port asked for is taken.</exception>
    public static async Task<RazorpaySimulator> StartAsync(RazorpaySimulatorOptions? options = null, CancellationToken ct = default)
    {
        options ??= new RazorpaySimulatorOptions();
        var clock = new SimulatorClock(options.TimeProvider);
        var log = new SimulatorCallLog(clock);
        var ledger = new RazorpayLedger(log);
        var faults = new SimulatorFaults<RazorpayCall>();
        var webhooks = new SimulatorWebhooks(
            new WebhookRules
            {
                Sign = RazorpayEvents.Sign,
                EventIdPrefix = "",
                GiveUpAfter = TimeSpan.FromHours(24),
                DisablesOnGiveUp = true,
                AnswerTimeout = options.WebhookAnswerTimeout,
                Retries = options.WebhookRetries,
            },
            clock, options.WebhookSecret, options.WebhookTarget);
        var events = new RazorpayEvents(options, clock, webhooks);
        var account = new RazorpayAccount(options, clock, ledger, events);
        ledger.Settle = account.Settle;
        var patient = new RazorpayPatient(options, ledger, account);
        var keys = new SimulatorKeys(clock, lifetime: null);
        var calls = new RazorpayCalls(
            options, ledger, keys, new RazorpayOrderCalls(options, clock, ledger), new RazorpayPaymentCalls(options, ledger, account));
        RazorpaySimulator? started = null;
        var server = await SimulatorServer.StartAsync(
            options.Port,
            (app, stopping) =>
            {
                calls.Map(app, new SimulatorPipeline<RazorpayCall>(calls, faults, log, stopping));
                app.MapControl(faults, clock, webhooks, () => Describe(ledger));
                MapPatient(app, () => started!);
                app.MapScript("/v1/checkout.js", "Curaway.Payments.Simulators.Scripts.checkout.js");
            },
            ct).ConfigureAwait(false);
        return started = new RazorpaySimulator(server, options, ledger, faults, webhooks, clock, patient, account, events);
    }

    /// <summary>The patient pays an order in Checkout, as the browser script does.</summary>
    /// <param name="orderId"><c>order_…</c>.</param>
    /// <param name="cardOrUpi">A test card number or UPI address: <c>success@razorpay</c>, <c>failure@razorpay</c>, …</param>
    /// <exception cref="ArgumentException">Unknown order or payment, or the order is paid or being paid.</exception>
    public RazorpayPatientResult PayAsPatient(string orderId, string cardOrUpi = "success@razorpay") =>
        Guarded(() => _patient.Pay(orderId, RazorpayTestPayments.Find(cardOrUpi)));

    /// <summary>The bank authorizes a failed payment after all.</summary>
    /// <param name="paymentId">A payment in <c>failed</c>.</param>
    /// <exception cref="ArgumentException">No such payment, or it has not failed.</exception>
    public void LateAuthorize(string paymentId) => Guarded(() => _patient.Change(paymentId, "failed", _account.LateAuthorize));

    /// <summary>The provider captures a payment by itself, whatever the order asked for.</summary>
    /// <param name="paymentId">A payment in <c>authorized</c>.</param>
    /// <exception cref="ArgumentException">No such payment, or it is not authorized.</exception>
    public void AutoCapture(string paymentId) => Guarded(() => _patient.Change(paymentId, "authorized", _account.Capture));

    /// <summary>The provider refunds an uncaptured payment now, as it does when the window has passed.</summary>
    /// <param name="paymentId">A payment in <c>authorized</c>.</param>
    /// <exception cref="ArgumentException">No such payment, or it is not authorized.</exception>
    public void AutoRefund(string paymentId) =>
        Guarded(() => _patient.Change(paymentId, "authorized", payment => _account.Release(payment)));

    /// <summary>The bank's word on a refund: settles a pending one, or bounces one that had been processed.</summary>
    /// <param name="refundId"><c>rfnd_…</c>.</param>
    /// <param name="hasSucceeded">False fails it.</param>
    /// <exception cref="ArgumentException">Unknown refund, or it has failed already.</exception>
    public void SettleRefund(string refundId, bool hasSucceeded)
    {
        lock (Ledger.Gate)
        {
            var refund = Ledger.RefundsMade.GetValueOrDefault(refundId) ?? throw new ArgumentException("No such refund.", nameof(refundId));
            _account.SettleRefund(refund, hasSucceeded);
        }
    }

    /// <summary>Sends an event of any type about any entity: invoices, disputes, unknown types. The ledger does not change.</summary>
    /// <param name="type">Such as <c>invoice.paid</c>.</param>
    /// <param name="payloadJson">The <c>payload</c>: an object of <c>{name: {entity: {…}}}</c>.</param>
    /// <exception cref="ArgumentException">Not such an object.</exception>
    public void EmitEvent(string type, string payloadJson)
    {
        var payload = SimulatorJson.TryObject(Encoding.UTF8.GetBytes(payloadJson));
        if (payload is null || payload.Any(part => part.Value?["entity"] is not JsonObject))
            throw new ArgumentException("An object of {name: {entity: {…}}} is required.", nameof(payloadJson));
        var entities = payload.Select(part => (part.Key, part.Value!["entity"]!.DeepClone().AsObject())).ToArray();
        _events.Publish(type, entities.Length == 0 ? "" : entities[0].Item2.Text("id") ?? "", entities);
    }

    /// <summary>Stops listening and sending; held answers are cut off.</summary>
    public async ValueTask DisposeAsync()
    {
        Clock.Advanced -= SettleNow;
        await _sender.DisposeAsync().ConfigureAwait(false);
        await _server.DisposeAsync().ConfigureAwait(false);
    }

    private static void MapPatient(WebApplication app, Func<RazorpaySimulator> simulator)
    {
        app.MapGet("/_sim/methods", (RequestDelegate)(context =>
            SimulatorControl.WriteAsync(context, 200, new JsonObject { ["methods"] = RazorpayTestPayments.ForBrowser() })));
        app.MapPostJson("/_sim/pay", body =>
        {
            if (body.Text("key_id") is { } keyId && keyId != simulator().Options.KeyId) throw new ControlException("unknown key id");
            var method = body.Number("key") is { } key ? RazorpayTestPayments.At(key)
                : RazorpayTestPayments.Find(body.Text("method") ?? "success@razorpay");
            return Render(simulator()._patient.Pay(body.Text("order_id") ?? "", method));
        });
        app.MapPostJson("/_sim/payments/late_authorize", body =>
            simulator()._patient.Change(body.Text("payment_id") ?? "", "failed", simulator()._account.LateAuthorize));
        app.MapPostJson("/_sim/payments/auto_capture", body =>
            simulator()._patient.Change(body.Text("payment_id") ?? "", "authorized", simulator()._account.Capture));
        app.MapPostJson("/_sim/payments/auto_refund", body =>
            simulator()._patient.Change(body.Text("payment_id") ?? "", "authorized", payment => simulator()._account.Release(payment)));
        app.MapPostJson("/_sim/refunds/settle", body =>
        {
            simulator().SettleRefund(body.Text("refund") ?? "", body.Flag("succeeds"));
            return new JsonObject { ["settled"] = true };
        });
        app.MapPostJson("/_sim/events", body =>
        {
            simulator().EmitEvent(body.Text("type") ?? "", SimulatorJson.ToText(body["payload"]));
            return new JsonObject { ["emitted"] = true };
        });
    }

    private static JsonObject Render(RazorpayPatientResult result) => result.Signature is { } signature
        ? new JsonObject
        {
            ["razorpay_payment_id"] = result.PaymentId,
            ["razorpay_order_id"] = result.OrderId,
            ["razorpay_signature"] = signature,
        }
        : new JsonObject
        {
            ["error"] = new JsonObject
            {
                ["code"] = "BAD_REQUEST_ERROR",
                ["description"] = result.Message,
                ["source"] = "bank",
                ["step"] = "payment_authorization",
                ["reason"] = "payment_failed",
                ["metadata"] = new JsonObject { ["payment_id"] = result.PaymentId, ["order_id"] = result.OrderId },
            },
        };

    private static JsonObject Describe(RazorpayLedger ledger)
    {
        lock (ledger.Gate)
        {
            ledger.Settle();
            return new JsonObject
            {
                ["orders"] = SimulatorJson.Array(ledger.OrdersMade.Values.Select(order => order.ToJson())),
                ["payments"] = SimulatorJson.Array(ledger.PaymentsMade.Values.Select(payment => payment.ToJson())),
                ["refunds"] = SimulatorJson.Array(ledger.RefundsMade.Values.Select(refund => refund.ToJson())),
                ["calls"] = ledger.Calls.Count,
            };
        }
    }

    private static T Guarded<T>(Func<T> step)
    {
        try
        {
            return step();
        }
        catch (ControlException error)
        {
            throw new ArgumentException(error.Message, error);
        }
    }

    private void SettleNow()
    {
        lock (Ledger.Gate) _account.Settle();
    }
}
