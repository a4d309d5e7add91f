using System.Text.Json.Nodes;
using Curaway.Payments.IntegrationTests.Host;
using Curaway.Payments.IntegrationTests.Postgres;
using Curaway.Payments.SampleHost.Simulation;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Chaos;

/// <summary>One consultation from booking to refund, and a host that dies at a named moment of it.</summary>
public abstract class CrashPointTests(PostgresServer server)
{
    private const int Amount = 50_00;
    private const int RefundAmount = 7_00;

    /// <summary>Every named point once; <c>CURAWAY_CRASH_POINTS=all</c> takes each verb of that life at every point.</summary>
    public static TheoryData<string> Moments => Environment.GetEnvironmentVariable("CURAWAY_CRASH_POINTS") == "all"
        ?
        [
            "before_t1 authorize", "after_t1 authorize", "after_send authorize", "after_execution authorize", "before_t2 authorize", "after_t2 authorize",
            "before_t1 capture", "after_t1 capture", "after_send capture", "after_execution capture", "before_t2 capture", "after_t2 capture",
            "before_t1 refund", "after_t1 refund", "after_send refund", "after_execution refund", "before_t2 refund", "after_t2 refund",
            "in_processor", "in_reconciler",
        ]
        :
        [
            "before_t1 capture", "after_t1 authorize", "after_send capture", "after_execution authorize", "before_t2 refund", "after_t2 authorize",
            "in_processor", "in_reconciler",
        ];

    [Theory]
    [MemberData(nameof(Moments))]
    [Trait("Promise", "P02")]
    public async Task A_host_that_dies_there_leaves_one_authorization_one_capture_and_one_refund(string moment)
    {
        await using var clinic = await CrashClinic.StartAsync(server, moment);
        if (moment.StartsWith(CrashClinic.AfterSend, StringComparison.Ordinal))
            clinic.KillWhilePending(fault => Strike(clinic.Simulators, Enum.Parse<OperationKind>(moment.Split(' ')[1], ignoreCase: true), fault), () => Calls(clinic.Simulators));
        if (moment == "in_processor")
            await clinic.LeaveWebhooksToProcessorAsync();
        // The answer is lost and no webhook tells, so the reconciler has something to find out.
        if (moment == "in_reconciler")
        {
            clinic.PauseWebhooks();
            Strike(clinic.Simulators, OperationKind.Authorize, SimulatorFault.Reset.AfterExecution());
        }

        await LiveThroughAsync(clinic, isToldByWebhook: moment == "in_processor");

        Assert.True(clinic.IsRestarted, $"The host did not die: {clinic}");
        Assert.Empty((await clinic.FinishAsync()).AtRest());
        Assert.Equal((1, 1, 1), Count(clinic.Simulators));
    }

    private protected abstract string Currency { get; }

    private protected abstract string Country { get; }

    /// <summary>The saved method of the patient; null where checkout is the only way.</summary>
    private protected abstract string? Method { get; }

    private protected abstract void Strike(DemoSimulators simulators, OperationKind kind, SimulatorFault fault);

    private protected abstract IEnumerable<SimulatorCall> Calls(DemoSimulators simulators);

    /// <summary>The patient pays at checkout; what the page brings back.</summary>
    private protected abstract JsonObject Pay(DemoSimulators simulators, JsonObject checkout);

    /// <summary>Authorizations, captures and refunds of the ledger.</summary>
    private protected abstract (int Authorizations, int Captures, int Refunds) Count(DemoSimulators simulators);

    private async Task LiveThroughAsync(CrashClinic clinic, bool isToldByWebhook)
    {
        var (patient, admin) = (await clinic.TokenAsync("patient"), await clinic.TokenAsync("admin"));
        var id = (await clinic.AskAsync(patient, HostCaller.Consultations, HostCaller.Consultation(Amount, Currency, Country))).Expect(201).Id;
        var url = $"{HostCaller.Consultations}/{id}";
        var method = isToldByWebhook ? null : Method;
        var booked = (await clinic.AskAsync(patient, $"{url}/schedule", method is null ? null : new JsonObject { ["payment_method"] = method })).Expect(200);
        if (method is null)
        {
            var checkout = HostCaller.CheckoutOf((await clinic.GetAsync(patient, booked.CheckoutUrl)).Expect(200));
            var proof = Pay(clinic.Simulators, checkout);
            if (isToldByWebhook)
                await clinic.RestartAsync();
            else
                (await clinic.AskAsync(patient, $"{url}/checkout/complete", proof)).Expect(200);
            await HostFixture.EventuallyAsync("scheduled", async () => (await clinic.GetAsync(patient, url)).Expect(200)["status"]!);
        }

        (await clinic.AskAsync(admin, $"{url}/end")).Expect(200);
        await HostFixture.EventuallyAsync("done", async () => (await clinic.GetAsync(admin, url)).Expect(200)["settlement"]!);
        var charge = (await clinic.GetAsync(admin, url)).Json["charge"]!["id"]!.ToString();
        var refund = new JsonObject { ["amount_cents"] = RefundAmount, ["reason"] = "manual_dispute" };
        (await clinic.AskAsync(admin, $"/api/v1/admin/charges/{charge}/refund", refund)).Expect(200);
    }
}

/// <summary>Stripe, with a saved card.</summary>
[Collection(HostProcesses.OneAtATime)]
public sealed class StripeCrashPointTests(PostgresServer server) : CrashPointTests(server)
{
    private protected override string Currency => "USD";

    private protected override string Country => "USA";

    private protected override string? Method => "test_ok";

    private protected override void Strike(DemoSimulators simulators, OperationKind kind, SimulatorFault fault) => simulators.Stripe.Faults.Next(
        kind switch { OperationKind.Authorize => StripeCall.Create, OperationKind.Capture => StripeCall.Capture, _ => StripeCall.Refund }, fault);

    private protected override IEnumerable<SimulatorCall> Calls(DemoSimulators simulators) => simulators.Stripe.Ledger.Calls;

    private protected override JsonObject Pay(DemoSimulators simulators, JsonObject checkout) => ChaosClient.PayAtStripe(simulators, checkout);

    private protected override (int Authorizations, int Captures, int Refunds) Count(DemoSimulators simulators)
    {
        var ledger = simulators.Stripe.Ledger;
        return (ledger.AuthorizationCount(), ledger.CaptureCount(), ledger.RefundCount());
    }
}

/// <summary>Razorpay, at checkout.</summary>
[Collection(HostProcesses.OneAtATime)]
public sealed class RazorpayCrashPointTests(PostgresServer server) : CrashPointTests(server)
{
    private protected override string Currency => "INR";

    private protected override string Country => "IND";

    private protected override string? Method => null;

    private protected override void Strike(DemoSimulators simulators, OperationKind kind, SimulatorFault fault) => simulators.Razorpay.Faults.Next(
        kind switch { OperationKind.Authorize => RazorpayCall.Create, OperationKind.Capture => RazorpayCall.Capture, _ => RazorpayCall.Refund }, fault);

    private protected override IEnumerable<SimulatorCall> Calls(DemoSimulators simulators) => simulators.Razorpay.Ledger.Calls;

    private protected override JsonObject Pay(DemoSimulators simulators, JsonObject checkout) => ChaosClient.PayAtRazorpay(simulators, checkout);

    private protected override (int Authorizations, int Captures, int Refunds) Count(DemoSimulators simulators)
    {
        var ledger = simulators.Razorpay.Ledger;
        return (ledger.AuthorizationCount(), ledger.CaptureCount(), ledger.RefundCount());
    }
}
