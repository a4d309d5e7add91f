using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>A host that waits for nothing long: one second for a provider, two for a booking, two for a checkout.</summary>
public sealed class ImpatientHost() : HostFixture(
[
    new("Curaway:Payments:ProviderDeadline", "00:00:01"),
    new("Curaway:Payments:HoldTime", "00:00:02"),
    new("Curaway:Payments:CheckoutTime", "00:00:02"),
]);

/// <summary>What becomes of money and slots when somebody does not answer in time: the provider, or the patient.</summary>
public sealed class TimeoutTests(ImpatientHost host) : IClassFixture<ImpatientHost>
{
    [Fact]
    [Trait("Promise", "P09")]
    public async Task A_provider_that_does_not_answer_is_a_503_and_a_retry_makes_no_second_authorization()
    {
        var patient = host.Patient();
        var id = await patient.RequestAsync();
        var answer = (await patient.ScheduleAsync(id, "test_timeout")).Expect(503, ErrorCodes.ProviderUnavailable);
        Assert.Equal("unknown", answer["outcome"]);
        Assert.Equal("true", answer["retryable"]);
        Assert.Contains("Retry-After", answer.Headers, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(0, await host.SessionsOfAsync(id));
        Assert.Equal("requested", await host.StatusOfAsync(id));

        var retried = (await patient.ScheduleAsync(id, "test_timeout")).Expect(200);
        Assert.Equal("scheduled", retried["status"]);
        Assert.Equal(1, await host.SessionsOfAsync(id));
        Assert.Equal(1, await host.ChargesOfAsync(id));
        Assert.Equal(1, host.Stripe.Ledger.AuthorizationCount(await host.ChargeIdOfAsync(id)));
        Assert.Single(host.Stripe.Ledger.PaymentIntents, intent => intent.Metadata.Values.Contains(id));
    }

    [Fact]
    [Trait("Promise", "P07")]
    public async Task Money_held_after_a_timeout_that_nobody_retries_is_let_go()
    {
        var patient = host.Patient();
        var id = await patient.RequestAsync();
        (await patient.ScheduleAsync(id, "test_timeout")).Expect(503);
        var charge = await host.ChargeIdOfAsync(id);
        Assert.Equal(1, host.Stripe.Ledger.AuthorizationCount(charge));
        await HostFixture.EventuallyAsync("voided", () => host.ChargeStatusOfAsync(id));
        Assert.Equal(0, host.Stripe.Ledger.HeldAmount(charge));
        Assert.Equal(0, await host.SessionsOfAsync(id));
        Assert.Equal("requested", await host.StatusOfAsync(id));
        Assert.Equal("scheduled", (await patient.ScheduleAsync(id, "test_ok")).Expect(200)["status"]);
    }

    [Fact]
    public async Task A_checkout_that_nobody_pays_frees_its_slot_and_can_be_booked_again()
    {
        var patient = host.Patient();
        var id = await patient.RequestAsync();
        var scheduled = (await patient.ScheduleAsync(id)).Expect(200);
        var secret = (await patient.OpenCheckoutAsync(scheduled))["client_secret"]!.ToString();
        await HostFixture.EventuallyAsync("requested", () => host.StatusOfAsync(id));
        Assert.Equal(0, await host.SessionsOfAsync(id));
        Assert.Equal("voided", await host.ChargeStatusOfAsync(id));
        Assert.Throws<ArgumentException>(() => host.Stripe.PayAsPatient(secret));
        Assert.Contains((await patient.GetAsync(scheduled.CheckoutUrl)).Status, new[] { 404, 410 });

        Assert.Equal("scheduled", (await patient.ScheduleAsync(id, "test_ok")).Expect(200)["status"]);
        Assert.Equal(2, await host.ChargesOfAsync(id));
    }

    [Fact]
    public async Task A_checkout_paid_in_time_is_not_freed_when_its_time_is_over()
    {
        var patient = host.Patient();
        var id = await patient.RequestAsync();
        var secret = (await patient.OpenCheckoutAsync((await patient.ScheduleAsync(id)).Expect(200)))["client_secret"]!.ToString();
        host.Stripe.PayAsPatient(secret);
        await HostFixture.EventuallyAsync("scheduled", () => host.StatusOfAsync(id));
        await Task.Delay(TimeSpan.FromSeconds(3), HostFixture.Ct);
        Assert.Equal("scheduled", await host.StatusOfAsync(id));
        Assert.Equal(50_00, host.Stripe.Ledger.HeldAmount(await host.ChargeIdOfAsync(id)));
    }

    [Fact]
    public async Task An_end_whose_answer_is_lost_says_processing_and_is_finished_by_itself()
    {
        var patient = host.Patient();
        var id = await patient.BookAsync();
        var intent = Assert.Single(host.Stripe.Ledger.PaymentIntents, intent => intent.Metadata.Values.Contains(id)).Id;
        host.Stripe.Faults.Next(
            call => call.Path.Contains(intent + "/capture", StringComparison.Ordinal), SimulatorFault.Delay(TimeSpan.FromSeconds(5)).BeforeExecution());
        (await host.Clinician().StartAsync(id)).Expect(200);
        var ended = (await host.Clinician().EndAsync(id)).Expect(200);
        Assert.Equal("ended", ended["status"]);
        Assert.Equal("processing", ended["settlement"]);
        await HostFixture.EventuallyAsync("done", async () => (await patient.ReadAsync(id))["settlement"]!);
        Assert.Equal(1, host.Stripe.Ledger.CaptureCount(await host.ChargeIdOfAsync(id)));
    }
}
