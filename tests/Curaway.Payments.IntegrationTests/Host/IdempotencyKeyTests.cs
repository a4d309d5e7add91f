using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary><c>Idempotency-Key</c> over HTTP: the same key is the same request.</summary>
public sealed class IdempotencyKeyTests(HostFixture host) : IClassFixture<HostFixture>
{
    private static string NewKey() => Guid.CreateVersion7().ToString("N");

    [Fact]
    public async Task A_booking_is_answered_again_word_for_word()
    {
        var patient = host.Patient();
        var key = NewKey();
        var body = HostCaller.Consultation();
        var made = (await patient.PostAsync(HostCaller.Consultations, body, key)).Expect(201);
        AssertReplayed(made, await patient.PostAsync(HostCaller.Consultations, body, key));
        var paying = NewKey();
        var scheduled = (await patient.ScheduleAsync(made.Id, "test_ok", paying)).Expect(200);
        AssertReplayed(scheduled, await patient.ScheduleAsync(made.Id, "test_ok", paying));
        Assert.Equal(1, host.Stripe.Ledger.AuthorizationCount(await host.ChargeIdOfAsync(made.Id)));
        Assert.Single((await patient.GetAsync(HostCaller.Consultations)).Json["items"]!.AsArray());
    }

    [Fact]
    public async Task A_decline_is_answered_again_and_no_second_attempt_is_made()
    {
        var patient = host.Patient();
        var id = await patient.RequestAsync();
        var key = NewKey();
        var declined = (await patient.ScheduleAsync(id, "test_declined", key)).Expect(402);
        AssertReplayed(declined, await patient.ScheduleAsync(id, "test_declined", key));
        Assert.Single(host.Stripe.Ledger.PaymentIntents, intent => intent.Metadata.Values.Contains(id));
    }

    [Fact]
    public async Task A_refused_field_is_answered_again()
    {
        var patient = host.Patient();
        var key = NewKey();
        var body = HostCaller.Consultation(currency: "XXQ");
        var refused = (await patient.PostAsync(HostCaller.Consultations, body, key)).Expect(422, ErrorCodes.CurrencyUnsupported);
        AssertReplayed(refused, await patient.PostAsync(HostCaller.Consultations, body, key));
    }

    [Fact]
    public async Task The_same_key_with_another_body_is_a_422()
    {
        var patient = host.Patient();
        var key = NewKey();
        (await patient.PostAsync(HostCaller.Consultations, HostCaller.Consultation(), key)).Expect(201);
        (await patient.PostAsync(HostCaller.Consultations, HostCaller.Consultation(amount: 60_00), key)).Expect(422, ErrorCodes.IdempotencyMismatch);
        Assert.Single((await patient.GetAsync(HostCaller.Consultations)).Json["items"]!.AsArray());
    }

    [Fact]
    public async Task The_same_key_while_the_first_request_runs_is_a_409()
    {
        var patient = host.Patient();
        var id = await patient.RequestAsync();
        var key = NewKey();
        host.Stripe.Faults.Next(
            call => call.Method == "POST" && call.Body.Contains(id, StringComparison.Ordinal), SimulatorFault.Delay(TimeSpan.FromSeconds(4)));
        var first = patient.ScheduleAsync(id, "test_ok", key);
        await HostFixture.EventuallyAsync("1", async () => $"{await host.ChargesOfAsync(id)}");
        (await patient.ScheduleAsync(id, "test_ok", key)).Expect(409, ErrorCodes.IdempotencyInProgress);
        Assert.False(first.IsCompleted);
        AssertReplayed((await first).Expect(200), await patient.ScheduleAsync(id, "test_ok", key));
    }

    [Fact]
    public async Task A_caller_who_hangs_up_in_the_middle_finds_the_whole_answer_under_the_key()
    {
        var (id, staff, key) = (await host.Patient().BookAsync(), host.Admin(), NewKey());
        var charge = await host.ChargeIdOfAsync(id);
        var intent = host.Stripe.Ledger.PaymentIntents.Single(intent => intent.Metadata["charge_id"] == charge).Id;
        host.Stripe.Faults.Next(call => call.Path.Contains(intent + "/capture", StringComparison.Ordinal), SimulatorFault.Delay(TimeSpan.FromSeconds(4)));
        using var hungUp = new CancellationTokenSource();
        using var http = new HttpClient { BaseAddress = host.Address };
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{HostCaller.Consultations}/{id}/end")
        {
            Headers = { { "Authorization", "Bearer " + staff.Token }, { "Idempotency-Key", key } },
        };
        var first = http.SendAsync(request, hungUp.Token);
        await HostFixture.EventuallyAsync("ended", () => host.StatusOfAsync(id));
        await hungUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);

        Task<HostAnswer> AgainAsync() => staff.PostAsync($"{HostCaller.Consultations}/{id}/end", null, key);
        await HostFixture.EventuallyAsync("200", async () => $"{(await AgainAsync()).Status}");
        var again = (await AgainAsync()).Expect(200);
        Assert.Equal(("ended", "done"), (again["status"], again["settlement"]));
        Assert.Contains("Idempotency-Replayed: true", again.Headers, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(1, host.Stripe.Ledger.CaptureCount(charge));
    }

    [Fact]
    public async Task A_503_frees_the_key_so_a_retry_resumes_the_work()
    {
        var patient = host.Patient();
        var id = await patient.RequestAsync();
        var key = NewKey();
        host.Stripe.Faults.Next(
            call => call.Method == "POST" && call.Body.Contains(id, StringComparison.Ordinal), SimulatorFault.Reset.AfterExecution());
        host.Stripe.Faults.Next(call => call.Method == "GET", SimulatorFault.Reset);
        (await patient.ScheduleAsync(id, "test_ok", key)).Expect(503, ErrorCodes.ProviderUnavailable);
        var again = (await patient.ScheduleAsync(id, "test_ok", key)).Expect(200);
        Assert.Equal("scheduled", again["status"]);
        Assert.Equal(1, host.Stripe.Ledger.AuthorizationCount(await host.ChargeIdOfAsync(id)));
    }

    [Fact]
    public async Task Two_patients_and_two_paths_do_not_share_a_key()
    {
        var key = NewKey();
        var body = HostCaller.Consultation();
        var (one, two, elsewhere) = (host.Patient(), host.Patient(), host.Patient(HostFixture.NewName("clinic")));
        string[] ids = [.. (await Task.WhenAll(new[] { one, two, elsewhere }.Select(who => who.PostAsync(HostCaller.Consultations, body, key)))).Select(a => a.Expect(201).Id)];
        Assert.Equal(3, ids.Distinct().Count());
        Assert.Equal("scheduled", (await one.ScheduleAsync(ids[0], "test_ok", key)).Expect(200)["status"]);
        (await two.ReadAsync(ids[0])).Expect(404);
    }

    [Fact]
    public async Task A_key_that_is_none_is_a_400()
    {
        var patient = host.Patient();
        (await patient.PostAsync(HostCaller.Consultations, HostCaller.Consultation(), new string('k', 256))).Expect(400, ErrorCodes.MalformedRequest);
        (await patient.PostAsync(HostCaller.Consultations, HostCaller.Consultation(), "a key")).Expect(400, ErrorCodes.MalformedRequest);
        Assert.Empty((await patient.GetAsync(HostCaller.Consultations)).Json["items"]!.AsArray());
    }

    private static void AssertReplayed(HostAnswer first, HostAnswer again)
    {
        Assert.Equal((first.Status, first.ContentType, first.Text), (again.Status, again.ContentType, again.Text));
        Assert.Contains("Idempotency-Replayed: true", again.Headers, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Idempotency-Replayed", first.Headers, StringComparison.OrdinalIgnoreCase);
    }
}
