using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;

namespace Curaway.Payments.Simulators;

/// <summary>
/// Stripe as a loopback HTTP server with a ledger, signed webhooks, faults and a clock. Independent of every other
/// package here: it knows the wire only. Any number can run side by side; all members are thread-safe.
/// </summary>
public sealed class StripeSimulator : IAsyncDisposable
{
    private readonly SimulatorServer _server;
    private readonly SimulatorWebhookSender _sender;
    private readonly StripePatient _patient;
    private readonly StripeAccount _account;
    private readonly StripeEvents _events;

    private StripeSimulator(
        SimulatorServer server, StripeSimulatorOptions options, StripeLedger ledger, SimulatorFaults<StripeCall> faults,
        SimulatorWebhooks webhooks, SimulatorClock clock, StripePatient patient, StripeAccount account, StripeEvents events)
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
        BaseAddress = server.Address;
        clock.Advanced += SettleNow;
        _sender = new SimulatorWebhookSender(webhooks, SettleNow);
    }

    /// <summary><c>http://127.0.0.1:{port}</c>, with an empty path. Control endpoints are at <c>/_sim/</c>.</summary>
    public Uri BaseAddress { get; }

    /// <summary><see cref="BaseAddress"/> without a trailing slash, as Stripe.net's <c>ApiBase</c> wants it.</summary>
    public string ApiBase => BaseAddress.GetLeftPart(UriPartial.Authority);

    /// <summary>Address of the browser script, which stands in for Stripe.js.</summary>
    public Uri ScriptAddress => new(BaseAddress, "/v3/");

    /// <summary>What it was started with.</summary>
    public StripeSimulatorOptions Options { get; }

    /// <summary>Every object and every call.</summary>
    public StripeLedger Ledger { get; }

    /// <summary>What goes wrong next.</summary>
    public SimulatorFaults<StripeCall> Faults { get; }

    /// <summary>Events on their way to the host.</summary>
    public SimulatorWebhooks Webhooks { get; }

    /// <summary>The account's time.</summary>
    public SimulatorClock Clock { get; }

    /// <summary>Starts listening on 127.0.0.1.</summary>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="ct">Ends the start.</param>
    /// <exception cref="IOException">The port asked for is taken.</exception>
    public static async Task<StripeSimulator> StartAsync(StripeSimulatorOptions? options = null, CancellationToken ct = default)
    {
        options ??= new StripeSimulatorOptions();
        var clock = new SimulatorClock(options.TimeProvider);
        var log = new SimulatorCallLog(clock);
        var ledger = new StripeLedger(log);
        var faults = new SimulatorFaults<StripeCall>();
        var webhooks = new SimulatorWebhooks(
            new WebhookRules
            {
                Sign = StripeEvents.Sign,
                EventIdPrefix = "evt_",
                GiveUpAfter = TimeSpan.FromDays(3),
                DisablesOnGiveUp = false,
                AnswerTimeout = options.WebhookAnswerTimeout,
                Retries = options.WebhookRetries,
            },
            clock, options.WebhookSecret, options.WebhookTarget);
        var events = new StripeEvents(options, clock, webhooks);
        var vault = new StripeVaultCalls(options, clock);
        var account = new StripeAccount(options, clock, ledger, events, vault);
        ledger.Settle = account.Settle;
        var intents = new StripeIntentCalls(options, clock, ledger, account, events, vault);
        var patient = new StripePatient(ledger, account, intents);
        var keys = new SimulatorKeys(clock, options.KeyLifetime);
        var calls = new StripeCalls(options, ledger, keys, intents, new StripeRefundCalls(ledger, account), vault);
        StripeSimulator? started = null;
        var server = await SimulatorServer.StartAsync(
            options.Port,
            (app, stopping) =>
            {
                calls.Map(app, new SimulatorPipeline<StripeCall>(calls, faults, log, stopping));
                app.MapControl(faults, clock, webhooks, () => Describe(ledger));
                MapPatient(app, patient, () => started!);
                app.MapScript("/v3/", "Curaway.Payments.Simulators.Scripts.stripe.js");
            },
            ct).ConfigureAwait(false);
        return started = new StripeSimulator(server, options, ledger, faults, webhooks, clock, patient, account, events);
    }

    /// <summary>The patient enters a card and presses "pay", as the browser script does.</summary>
    /// <param name="clientSecret">Of the intent.</param>
    /// <param name="methodOrNumber"><c>pm_card_visa</c> or a test card number.</param>
    /// <exception cref="ArgumentException">Unknown secret or card, or the intent cannot be paid in its state.</exception>
    public StripePatientResult PayAsPatient(string clientSecret, string methodOrNumber = "pm_card_visa") =>
        Guarded(() => StripePatient.ResultOf(_patient.Confirm(clientSecret, methodOrNumber, null)));

    /// <summary>The patient completes or fails the bank's authentication.</summary>
    /// <param name="clientSecret">Of an intent in <c>requires_action</c>.</param>
    /// <param name="succeeds">False fails it.</param>
    /// <exception cref="ArgumentException">Unknown secret, or nothing to authenticate.</exception>
    public StripePatientResult AuthenticateAsPatient(string clientSecret, bool succeeds = true) =>
        Guarded(() => StripePatient.ResultOf(_patient.Authenticate(clientSecret, succeeds)));

    /// <summary>The bank's word on a refund: settles a pending one, or bounces one that had succeeded.</summary>
    /// <param name="refundId"><c>re_…</c>.</param>
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

    /// <summary>Sends an event of any type about any object: disputes, invoices, unknown types. The ledger does not change.</summary>
    /// <param name="type">Such as <c>charge.dispute.created</c>.</param>
    /// <param name="objectJson">The <c>data.object</c>, a JSON object.</param>
    /// <exception cref="ArgumentException">Not a JSON object.</exception>
    public void EmitEvent(string type, string objectJson)
    {
        var subject = SimulatorJson.TryObject(System.Text.Encoding.UTF8.GetBytes(objectJson))
            ?? throw new ArgumentException("A JSON object is required.", nameof(objectJson));
        _events.Publish(StripeCause.Nobody, type, subject);
    }

    /// <summary>Stops listening and sending; held answers are cut off.</summary>
    public async ValueTask DisposeAsync()
    {
        Clock.Advanced -= SettleNow;
        await _sender.DisposeAsync().ConfigureAwait(false);
        await _server.DisposeAsync().ConfigureAwait(false);
    }

    private static void MapPatient(WebApplication app, StripePatient patient, Func<StripeSimulator> simulator)
    {
        app.MapGet("/_sim/cards", (Microsoft.AspNetCore.Http.RequestDelegate)(context =>
            SimulatorControl.WriteAsync(context, 200, new JsonObject { ["cards"] = StripeTestCards.ForBrowser() })));
        app.MapPostJson("/_sim/retrieve", body =>
        {
            DemandKey(body, simulator().Options);
            return patient.Render(patient.Find(body.Text("client_secret") ?? ""), null);
        });
        app.MapPostJson("/_sim/confirm", body =>
        {
            DemandKey(body, simulator().Options);
            var (intent, error) = patient.Confirm(body.Text("client_secret") ?? "", body.Text("card") ?? "pm_card_visa", body.Text("return_url"));
            return patient.Render(intent, error);
        });
        app.MapPostJson("/_sim/authenticate", body =>
        {
            var (intent, error) = patient.Authenticate(body.Text("client_secret") ?? "", body.Flag("succeeds"));
            return patient.Render(intent, error);
        });
        app.MapPostJson("/_sim/refunds/settle", body =>
        {
            simulator().SettleRefund(body.Text("refund") ?? "", body.Flag("succeeds"));
            return new JsonObject { ["settled"] = true };
        });
        app.MapPostJson("/_sim/events", body =>
        {
            simulator().EmitEvent(body.Text("type") ?? "", SimulatorJson.ToText(body["object"]));
            return new JsonObject { ["emitted"] = true };
        });
    }

    /// <summary>A page that was given another account's key must fail; a curl without any key need not.</summary>
    private static void DemandKey(JsonObject body, StripeSimulatorOptions options)
    {
        if (body.Text("key") is { } key && key != options.PublishableKey) throw new ControlException("unknown publishable key");
    }

    private static JsonObject Describe(StripeLedger ledger)
    {
        lock (ledger.Gate)
        {
            ledger.Settle();
            return new JsonObject
            {
                ["payment_intents"] = SimulatorJson.Array(ledger.Intents.Values.Select(intent => intent.ToJson())),
                ["charges"] = SimulatorJson.Array(ledger.ChargesMade.Values.Select(charge => charge.ToJson())),
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
