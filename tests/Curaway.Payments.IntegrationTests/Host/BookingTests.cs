using System.Text.Json.Nodes;
using Curaway.Payments.Simulators;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>Schedule, start, end and cancel over HTTP, as a clinic lives them, through both providers.</summary>
public sealed class BookingTests(HostFixture host) : IClassFixture<HostFixture>
{
    [Fact]
    [Trait("Promise", "P09")]
    public async Task A_declined_card_is_a_402_and_leaves_no_session_row()
    {
        var patient = host.Patient();
        var id = await patient.RequestAsync();
        var answer = (await patient.ScheduleAsync(id, "test_declined")).Expect(402, ErrorCodes.ChargeFailed);
        Assert.Equal("application/problem+json", answer.ContentType);
        Assert.Equal(0, await host.SessionsOfAsync(id));
        Assert.Equal("requested", await host.StatusOfAsync(id));
        Assert.Equal("failed", await host.ChargeStatusOfAsync(id));
        Assert.Equal(1, await host.CountAsync("SELECT count(*) FROM charge_operations o JOIN consultation_charges c ON c.id = o.charge_id WHERE c.consultation_id = @id", id));
    }

    [Fact]
    public async Task After_a_decline_another_card_pays()
    {
        var patient = host.Patient();
        var id = await patient.RequestAsync();
        (await patient.ScheduleAsync(id, "test_declined")).Expect(402);
        var answer = (await patient.ScheduleAsync(id, "test_ok")).Expect(200);
        Assert.Equal("scheduled", answer["status"]);
        Assert.Null(answer.Json["checkout"]);
        Assert.Equal("authorized", answer.Json["charge"]!["status"]!.ToString());
        Assert.Equal(2, await host.ChargesOfAsync(id));
        Assert.Equal(50_00, host.Stripe.Ledger.HeldAmount(await host.ChargeIdOfAsync(id)));
    }

    [Fact]
    [Trait("Promise", "P01")]
    public async Task Many_schedules_at_once_without_a_key_make_one_charge()
    {
        var patient = host.Patient();
        var id = await patient.RequestAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => patient.ScheduleAsync(id, "test_ok")));
        Assert.All(answers, answer => answer.Expect(200));
        Assert.Single(answers.Select(answer => answer.Json["charge"]!["id"]!.ToString()).Distinct());
        Assert.Equal(1, await host.ChargesOfAsync(id));
        Assert.Equal(1, await host.SessionsOfAsync(id));
        Assert.Equal(1, host.Stripe.Ledger.AuthorizationCount(await host.ChargeIdOfAsync(id)));
        Assert.Single(host.Stripe.Ledger.PaymentIntents, intent => intent.Metadata.Values.Contains(id));
    }

    [Fact]
    [Trait("Promise", "P01")]
    public async Task Many_schedules_at_once_make_one_order()
    {
        var patient = host.Patient();
        var id = await patient.RequestInIndiaAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => patient.ScheduleAsync(id)));
        Assert.All(answers, answer => Assert.Equal("awaiting_payment", answer.Expect(200)["status"]));
        Assert.Equal(1, await host.ChargesOfAsync(id));
        Assert.Single(host.Razorpay.Ledger.Orders, order => order.Notes.Values.Contains(id));
    }

    [Fact]
    public async Task A_session_that_was_long_enough_is_captured()
    {
        var patient = host.Patient();
        var id = await patient.BookAsync();
        Assert.Equal("in_session", (await host.Clinician().StartAsync(id)).Expect(200)["status"]);
        var ended = (await host.Clinician().EndAsync(id)).Expect(200);
        Assert.Equal("ended", ended["status"]);
        Assert.Equal("done", ended["settlement"]);
        Assert.Equal("captured", ended.Json["charge"]!["status"]!.ToString());
        Assert.Equal(50_00, host.Stripe.Ledger.CapturedAmount(await host.ChargeIdOfAsync(id)));
    }

    [Fact]
    public async Task A_session_shorter_than_the_clinics_minimum_lets_the_held_money_go()
    {
        var clinic = await ClinicWithMinimumAsync(10);
        var patient = host.Patient(clinic);
        var id = await patient.BookAsync();
        (await host.Clinician(clinic).StartAsync(id)).Expect(200);
        var ended = (await host.Clinician(clinic).EndAsync(id)).Expect(200);
        Assert.Equal("done", ended["settlement"]);
        Assert.Equal("voided", ended.Json["charge"]!["status"]!.ToString());
        var charge = await host.ChargeIdOfAsync(id);
        Assert.Equal(0, host.Stripe.Ledger.HeldAmount(charge));
        Assert.Equal(0, host.Stripe.Ledger.CapturedAmount(charge));
        Assert.Equal(1, host.Stripe.Ledger.AuthorizationCount(charge));
    }

    [Fact]
    public async Task A_session_shorter_than_the_clinics_minimum_refunds_money_that_was_taken_already()
    {
        var clinic = await ClinicWithMinimumAsync(10);
        var patient = host.Patient(clinic);
        var id = await CapturedByTheProviderAsync(patient);
        (await host.Clinician(clinic).StartAsync(id)).Expect(200);
        var ended = (await host.Clinician(clinic).EndAsync(id)).Expect(200);
        Assert.Equal("done", ended["settlement"]);
        Assert.Equal("refunded", ended.Json["charge"]!["status"]!.ToString());
        Assert.Equal(500_00, host.Razorpay.Ledger.RefundedAmount(await host.ChargeIdOfAsync(id)));
    }

    [Fact]
    public async Task Cancelling_lets_held_money_go()
    {
        var patient = host.Patient();
        var id = await patient.BookAsync();
        var cancelled = (await patient.CancelAsync(id)).Expect(200);
        Assert.Equal("cancelled", cancelled["status"]);
        Assert.Equal("done", cancelled["settlement"]);
        Assert.Equal("voided", cancelled.Json["charge"]!["status"]!.ToString());
        Assert.Equal(0, host.Stripe.Ledger.HeldAmount(await host.ChargeIdOfAsync(id)));
    }

    [Fact]
    public async Task Cancelling_refunds_money_that_was_taken()
    {
        var patient = host.Patient();
        var id = await CapturedByTheProviderAsync(patient);
        var cancelled = (await patient.CancelAsync(id)).Expect(200);
        Assert.Equal("done", cancelled["settlement"]);
        Assert.Equal("refunded", cancelled.Json["charge"]!["status"]!.ToString());
        var charge = await host.ChargeIdOfAsync(id);
        Assert.Equal(500_00, host.Razorpay.Ledger.RefundedAmount(charge));
        Assert.Equal(1, host.Razorpay.Ledger.RefundCount(charge));
    }

    [Theory]
    [InlineData("end")]
    [InlineData("cancel")]
    public async Task Repeating_it_changes_nothing_and_answers_the_same(string verb)
    {
        var patient = host.Patient();
        var id = await patient.BookAsync();
        var staff = host.Admin();
        Task<HostAnswer> CloseAsync() => staff.PostAsync($"{HostCaller.Consultations}/{id}/{verb}");
        var first = (await CloseAsync()).Expect(200);
        await host.DrainAsync();
        // The session row follows the charge: until it has heard of every change, it may still say what was true before.
        await HostFixture.EventuallyAsync("0", async () => $"{await host.CountAsync("SELECT count(*) FROM charge_transitions t JOIN consultation_charges c ON c.id = t.charge_id WHERE c.consultation_id = @id AND t.seen_at IS NULL", id)}");
        var calls = SendsAbout(id);
        var audits = await AuditCountAsync(id);
        var again = await Task.WhenAll(CloseAsync(), CloseAsync(), CloseAsync());
        Assert.All(again, answer => Assert.Equal(first.Text, answer.Text));
        Assert.Equal(audits, await AuditCountAsync(id));
        var charge = await host.ChargeIdOfAsync(id);
        Assert.Equal(verb == "end" ? 1 : 0, host.Stripe.Ledger.CaptureCount(charge));
        Assert.Equal(calls, SendsAbout(id));
        Assert.Equal(0, host.Stripe.Ledger.HeldAmount(charge));
    }

    [Fact]
    public async Task An_observer_that_is_told_late_does_not_take_the_session_row_back()
    {
        var patient = host.Patient();
        var id = await patient.BookAsync();
        var ended = (await host.Admin().EndAsync(id)).Expect(200);
        Assert.True(ChargeId.TryParse(ended.Json["charge"]!["id"]!.ToString(), out var charge));
        foreach (var observer in host.Services.GetServices<IChargeObserver>())
        {
            await observer.OnTransitionAsync(
                new ChargeTransition
                {
                    ChargeId = charge,
                    TenantId = OpaqueId.Parse("clinic-global"),
                    ConsultationId = OpaqueId.Parse(id),
                    From = ChargeStatus.Pending,
                    To = ChargeStatus.Authorized,
                    Source = "webhook",
                    At = DateTimeOffset.UnixEpoch,
                },
                HostFixture.Ct);
        }

        Assert.Equal("captured", await host.TextAsync("SELECT charge_status FROM consultation_sessions WHERE consultation_id = @id", id));
        Assert.Equal("ended", await host.StatusOfAsync(id));
    }

    [Fact]
    [Trait("Promise", "P10")]
    public async Task Of_end_and_cancel_at_once_one_wins_and_the_money_follows_it()
    {
        for (var round = 0; round < 10; round++)
        {
            var id = await host.Patient().BookAsync();
            var staff = host.Admin();
            var answers = await Task.WhenAll(staff.EndAsync(id), staff.CancelAsync(id));
            Assert.Single(answers, answer => answer.Status == 200);
            Assert.Single(answers, answer => answer.Status == 409 && answer.Code == ErrorCodes.StateConflict);
            var status = await host.StatusOfAsync(id);
            Assert.Equal(answers[0].Status == 200 ? "ended" : "cancelled", status);
            var charge = await host.ChargeIdOfAsync(id);
            Assert.Equal(status == "ended" ? 50_00 : 0, host.Stripe.Ledger.CapturedAmount(charge));
            Assert.Equal(0, host.Stripe.Ledger.HeldAmount(charge));
        }
    }

    [Fact]
    public async Task A_session_does_not_start_before_its_money_is_held()
    {
        var patient = host.Patient();
        var id = await patient.RequestAsync();
        (await host.Clinician().StartAsync(id)).Expect(409, ErrorCodes.PaymentRequired);
        (await patient.ScheduleAsync(id)).Expect(200);
        (await host.Clinician().StartAsync(id)).Expect(409, ErrorCodes.PaymentRequired);
        Assert.Equal("awaiting_payment", await host.StatusOfAsync(id));
    }

    [Fact]
    public async Task A_clinic_that_is_switched_off_schedules_nothing()
    {
        var clinic = HostFixture.NewName("clinic");
        (await host.Admin(clinic).SendAsync(HttpMethod.Put, "/api/v1/admin/tenant/settings", new JsonObject { ["mso_video_enabled"] = false })).Expect(200);
        var patient = host.Patient(clinic);
        var id = await patient.RequestAsync();
        (await patient.ScheduleAsync(id, "test_ok")).Expect(403, ErrorCodes.Disabled);
        Assert.Equal(0, await host.ChargesOfAsync(id));
    }

    [Fact]
    public async Task The_provider_takes_the_money_at_the_end_only_once_however_often_its_answer_is_lost()
    {
        var patient = host.Patient();
        var id = await patient.BookAsync();
        var charge = await host.ChargeIdOfAsync(id);
        var intent = Assert.Single(host.Stripe.Ledger.PaymentIntents, intent => intent.Metadata.Values.Contains(id)).Id;
        host.Stripe.Faults.Next(call => call.Path.Contains(intent + "/capture", StringComparison.Ordinal), SimulatorFault.Reset.AfterExecution());
        (await host.Clinician().StartAsync(id)).Expect(200);
        var ended = (await host.Clinician().EndAsync(id)).Expect(200);
        Assert.Equal("ended", ended["status"]);
        await HostFixture.EventuallyAsync("done", async () => (await patient.ReadAsync(id))["settlement"]!);
        Assert.Equal("captured", await host.ChargeStatusOfAsync(id));
        Assert.Equal(1, host.Stripe.Ledger.CaptureCount(charge));
    }

    private async Task<string> ClinicWithMinimumAsync(int minutes)
    {
        var clinic = HostFixture.NewName("clinic");
        (await host.Admin(clinic).SendAsync(
            HttpMethod.Put, "/api/v1/admin/tenant/settings", new JsonObject { ["mso_min_billable_minutes"] = minutes })).Expect(200);
        return clinic;
    }

    /// <summary>A direct-settlement account takes the money by itself; the webhook tells.</summary>
    private async Task<string> CapturedByTheProviderAsync(HostCaller patient)
    {
        var id = await patient.RequestInIndiaAsync();
        var scheduled = (await patient.ScheduleAsync(id)).Expect(200);
        var order = (await patient.OpenCheckoutAsync(scheduled))["order_id"]!.ToString();
        var paid = host.Razorpay.PayAsPatient(order);
        await HostFixture.EventuallyAsync("scheduled", () => host.StatusOfAsync(id));
        host.Razorpay.AutoCapture(paid.PaymentId);
        await HostFixture.EventuallyAsync("captured", () => host.ChargeStatusOfAsync(id));
        return id;
    }

    /// <summary>How often the provider was told to do something with the consultation's money.</summary>
    private int SendsAbout(string id)
    {
        var intent = Assert.Single(host.Stripe.Ledger.PaymentIntents, intent => intent.Metadata.Values.Contains(id)).Id;
        return host.Stripe.Ledger.Calls.Count(call => call.Method == "POST" && call.Path.Contains(intent, StringComparison.Ordinal));
    }

    private Task<long> AuditCountAsync(string id) =>
        host.CountAsync("SELECT count(*) FROM audit_log a JOIN consultation_charges c ON c.id = a.charge_id WHERE c.consultation_id = @id", id);
}
