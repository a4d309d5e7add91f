using System.Text.Json.Nodes;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>Cards that patients let us keep: saved at checkout, charged at once, forgotten, and nobody else's.</summary>
public sealed class SavedMethodTests(HostFixture host) : IClassFixture<HostFixture>
{
    private const string Methods = "/api/v1/mso/payment-methods";
    private const string AlwaysAsks = "4000002760003184";
    private const string AsksOnce = "4000002500003155";

    [Fact]
    public async Task A_card_saved_at_checkout_is_listed_pays_at_once_and_is_gone_when_it_is_deleted()
    {
        var patient = host.Patient();
        var id = await SaveAsync(patient);
        var item = Assert.Single((await patient.GetAsync(Methods)).Expect(200).Json["items"]!.AsArray(), item => item!["id"]!.ToString() == id)!;
        Assert.Equal(("Visa •••• 4242", "2034-12"), (item["label"]!.ToString(), item["expires"]!.ToString()));

        var consultation = await patient.RequestAsync();
        var scheduled = (await patient.ScheduleAsync(consultation, id)).Expect(200);
        Assert.Equal(("scheduled", null), (scheduled["status"], scheduled.Json["checkout"]));
        Assert.Equal(50_00, host.Stripe.Ledger.HeldAmount(await host.ChargeIdOfAsync(consultation)));

        Assert.Equal(204, (await patient.SendAsync(HttpMethod.Delete, $"{Methods}/{id}", null)).Status);
        Assert.Empty(await OwnAsync(patient));
        (await patient.SendAsync(HttpMethod.Delete, $"{Methods}/{id}", null)).Expect(404, ErrorCodes.NotFound);
        (await patient.ScheduleAsync(await patient.RequestAsync(), id)).Expect(404, ErrorCodes.NotFound);
        await HostFixture.EventuallyAsync("", async () => await host.TextAsync("SELECT forget_due_at FROM payment_methods WHERE id = @id", id) ?? "");
        var token = await TokenOfAsync(id);
        Assert.Single(host.Stripe.Ledger.Calls, call => call.Path == $"/v1/payment_methods/{token}/detach");
    }

    [Fact]
    [Trait("Promise", "P22")]
    public async Task The_provider_learns_an_opaque_id_and_nothing_of_the_patient_and_has_one_customer_of_them()
    {
        var name = HostFixture.NewName("jane-canary");
        var patient = host.Patient(name: name);
        await SaveAsync(patient);
        await SaveAsync(patient);
        var ours = (await host.TextAsync("SELECT id FROM payment_customers WHERE patient_id = @id", name))!;
        var made = Assert.Single(host.Stripe.Ledger.Calls, call => call.Path == "/v1/customers" && call.Body.Contains(ours, StringComparison.Ordinal));
        Assert.Equal($"metadata[customer_id]={ours}", Uri.UnescapeDataString(made.Body));
        Assert.Equal("customer-" + ours, made.IdempotencyKey);
        Assert.DoesNotContain(host.Stripe.Ledger.Calls, call => call.Body.Contains(name, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Promise", "P20")]
    public async Task Another_patients_or_clinics_method_answers_like_an_unknown_one_and_charges_nothing()
    {
        var name = HostFixture.NewName("patient");
        var id = await SaveAsync(host.Patient(name: name));
        HostCaller[] strangers = [host.Patient(), host.Patient(HostFixture.NewName("clinic"), name), host.Admin()];
        foreach (var stranger in strangers)
        {
            Assert.Empty(await OwnAsync(stranger));
            var unknown = Guid.CreateVersion7().ToString();
            Assert.Equal(
                (await stranger.SendAsync(HttpMethod.Delete, $"{Methods}/{unknown}", null)).Expect(404).Comparable,
                (await stranger.SendAsync(HttpMethod.Delete, $"{Methods}/{id}", null)).Comparable);
            var consultation = await stranger.RequestAsync();
            Assert.Equal(
                (await stranger.ScheduleAsync(consultation, unknown)).Expect(404, ErrorCodes.NotFound).Comparable,
                (await stranger.ScheduleAsync(consultation, id)).Comparable);
            Assert.Equal(0, await host.ChargesOfAsync(consultation));
        }

        Assert.Single(await OwnAsync(host.Patient(name: name)));
    }

    [Fact]
    public async Task An_admin_books_for_a_patient_but_neither_keeps_nor_charges_their_card()
    {
        var patient = host.Patient();
        var id = await SaveAsync(patient);
        var consultation = await patient.RequestAsync();
        (await host.Admin().ScheduleAsync(consultation, id)).Expect(404, ErrorCodes.NotFound);
        (await ScheduleAndSaveAsync(host.Admin(), consultation)).Expect(403, ErrorCodes.Forbidden);
        Assert.Equal(0, await host.ChargesOfAsync(consultation));
    }

    [Fact]
    [Trait("Promise", "P20")]
    public async Task Patients_who_save_and_pay_at_the_same_moment_are_each_charged_on_their_own_card()
    {
        var patients = Enumerable.Range(0, 8).Select(_ => host.Patient(name: HostFixture.NewName("patient"))).ToArray();
        var ids = await Task.WhenAll(patients.Select(patient => SaveAsync(patient)));
        Assert.Equal(ids.Length, ids.Distinct().Count());

        // Everybody asks for everybody's card at once.
        await Parallel.ForEachAsync(
            Enumerable.Range(0, ids.Length * ids.Length), new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = HostFixture.Ct }, async (cell, _) =>
            {
                var (who, whose) = (cell / ids.Length, cell % ids.Length);
                var consultation = await patients[who].RequestAsync();
                var answer = await patients[who].ScheduleAsync(consultation, ids[whose]);
                answer.Expect(who == whose ? 200 : 404);
                var charged = Assert.IsAssignableFrom<IEnumerable<SimulatorCall>>(CreatedFor(consultation));
                if (who != whose)
                    Assert.Empty(charged);
                else
                    Assert.Contains($"payment_method={await TokenOfAsync(ids[who])}&", Assert.Single(charged).Body + "&", StringComparison.Ordinal);
            });
        var owners = await Task.WhenAll(patients.Select(async patient => Assert.Single(await OwnAsync(patient))));
        Assert.Equal(ids, owners);
    }

    [Fact]
    [Trait("Promise", "P20")]
    public async Task A_token_that_came_under_another_customer_in_the_database_is_refused_by_the_provider()
    {
        var (mine, theirs) = (await SaveAsync(host.Patient()), await SaveAsync(host.Patient()));
        var patient = host.Patient();
        var own = await SaveAsync(patient);
        var stolen = await TokenOfAsync(theirs);
        await host.TextAsync($"UPDATE payment_methods SET token = '{stolen}' WHERE id = @id RETURNING id", own);
        var consultation = await patient.RequestAsync();
        (await patient.ScheduleAsync(consultation, own)).Expect(402, ErrorCodes.ChargeFailed);
        Assert.Equal((0, 0), (await host.SessionsOfAsync(consultation), host.Stripe.Ledger.HeldAmount(await host.ChargeIdOfAsync(consultation))));
        Assert.NotEqual(stolen, await TokenOfAsync(mine));
    }

    [Fact]
    public async Task A_bank_that_always_asks_declines_a_saved_card_with_a_402_and_the_patient_pays_at_checkout()
    {
        var patient = host.Patient();
        var id = await SaveAsync(patient, AlwaysAsks);
        var consultation = await patient.RequestAsync();
        (await patient.ScheduleAsync(consultation, id)).Expect(402, ErrorCodes.ChargeFailed);
        Assert.Equal(("requested", 0), (await host.StatusOfAsync(consultation), await host.SessionsOfAsync(consultation)));
        Assert.Equal(0, host.Stripe.Ledger.HeldAmount(await host.ChargeIdOfAsync(consultation)));

        var secret = await CheckoutAsync(patient, (await patient.ScheduleAsync(consultation)).Expect(200));
        Assert.Equal("requires_action", host.Stripe.PayAsPatient(secret, AlwaysAsks).Status);
        Assert.Equal("awaiting_payment", (await patient.CompleteAsync(consultation, [])).Expect(200)["status"]);
        Assert.Equal(0, host.Stripe.Ledger.HeldAmount(await host.ChargeIdOfAsync(consultation)));
        host.Stripe.AuthenticateAsPatient(secret);
        Assert.Equal("scheduled", (await patient.CompleteAsync(consultation, [])).Expect(200)["status"]);
        Assert.Equal((2, 1), (await host.ChargesOfAsync(consultation), await host.SessionsOfAsync(consultation)));
        Assert.Equal(50_00, host.Stripe.Ledger.HeldAmount(await host.ChargeIdOfAsync(consultation)));
        Assert.Single(host.Stripe.Ledger.PaymentIntents, intent => intent.Status == "requires_capture" && intent.Metadata.Values.Contains(consultation));
    }

    [Fact]
    public async Task A_bank_that_asks_once_is_asked_while_saving_and_not_again()
    {
        var patient = host.Patient();
        var id = await SaveAsync(patient, AsksOnce);
        Assert.Equal("scheduled", (await patient.ScheduleAsync(await patient.RequestAsync(), id)).Expect(200)["status"]);
    }

    [Fact]
    public async Task An_authentication_that_fails_at_checkout_is_a_402_keeps_no_card_and_may_be_tried_again()
    {
        var patient = host.Patient();
        var consultation = await patient.RequestAsync();
        var secret = await CheckoutAsync(patient, (await ScheduleAndSaveAsync(patient, consultation)).Expect(200));
        host.Stripe.PayAsPatient(secret, AsksOnce);
        host.Stripe.AuthenticateAsPatient(secret, succeeds: false);
        (await patient.CompleteAsync(consultation, [])).Expect(402, ErrorCodes.ChargeFailed);
        Assert.Equal("awaiting_payment", await host.StatusOfAsync(consultation));
        await host.DrainAsync();
        Assert.Empty(await OwnAsync(patient));

        host.Stripe.PayAsPatient(secret);
        await HostFixture.EventuallyAsync("scheduled", () => host.StatusOfAsync(consultation));
        await KeptAsync(patient);
        Assert.Equal((1, 50_00), (await host.ChargesOfAsync(consultation), host.Stripe.Ledger.HeldAmount(await host.ChargeIdOfAsync(consultation))));
    }

    [Fact]
    public async Task Where_the_provider_keeps_nothing_the_patient_pays_at_checkout_and_nothing_is_promised()
    {
        var name = HostFixture.NewName("patient");
        var patient = host.Patient(name: name);
        var consultation = await patient.RequestInIndiaAsync();
        var scheduled = (await ScheduleAndSaveAsync(patient, consultation)).Expect(200);
        Assert.Equal("awaiting_payment", scheduled["status"]);
        Assert.DoesNotContain("Your card is saved", (await patient.GetAsync(scheduled.CheckoutUrl)).Text, StringComparison.Ordinal);
        Assert.Equal(0, await host.CountAsync("SELECT count(*) FROM payment_customers WHERE patient_id = @id", name));
        Assert.Equal(0, await host.CountAsync("SELECT count(*) FROM payment_method_saves WHERE charge_id = @id", await host.ChargeIdOfAsync(consultation)));
    }

    [Fact]
    public async Task A_saved_card_cannot_hold_as_long_as_a_patient_at_checkout_can()
    {
        var patient = host.Patient();
        var id = await SaveAsync(patient);
        var consultation = await patient.RequestAsync(HostCaller.Consultation(startsIn: TimeSpan.FromDays(5)));
        (await patient.ScheduleAsync(consultation, id)).Expect(422, ErrorCodes.AuthorizationWindow);
        Assert.Equal("awaiting_payment", (await patient.ScheduleAsync(consultation)).Expect(200)["status"]);
    }

    [Theory]
    [InlineData("reset")]
    [InlineData("html")]
    public async Task A_customer_that_could_not_be_made_charges_nothing_and_a_retry_books(string fault)
    {
        var name = HostFixture.NewName("patient");
        var patient = host.Patient(name: name);
        var consultation = await patient.RequestAsync();
        host.Stripe.Faults.Next(call => call.Path == "/v1/customers", fault == "html" ? SimulatorFault.ServerErrorHtml : SimulatorFault.Reset.AfterExecution());
        var before = host.Stripe.Ledger.Calls.Count(call => call.Path == "/v1/customers");
        var answer = (await ScheduleAndSaveAsync(patient, consultation)).Expect(503, ErrorCodes.ProviderUnavailable);
        Assert.Equal(("not_sent", "true"), (answer["outcome"], answer["retryable"]));
        Assert.Equal(0, await host.ChargesOfAsync(consultation));

        (await ScheduleAndSaveAsync(patient, consultation)).Expect(200);
        var keys = host.Stripe.Ledger.Calls.Where(call => call.Path == "/v1/customers").Skip(before).Select(call => call.IdempotencyKey).ToList();
        // A key under which Stripe stored a failure would repeat it for a day; any other question is the same question.
        Assert.Equal((2, fault == "html" ? 2 : 1), (keys.Count, keys.Distinct().Count()));
        Assert.Equal(1, await host.CountAsync("SELECT count(*) FROM payment_customers WHERE patient_id = @id", name));
    }

    [Fact]
    public async Task A_deletion_whose_answer_is_lost_is_finished_by_itself()
    {
        var patient = host.Patient();
        var id = await SaveAsync(patient);
        var token = await TokenOfAsync(id);
        host.Stripe.Faults.Next(call => call.Path.Contains(token + "/detach", StringComparison.Ordinal), SimulatorFault.Reset.AfterExecution());
        Assert.Equal(204, (await patient.SendAsync(HttpMethod.Delete, $"{Methods}/{id}", null)).Status);
        Assert.Empty(await OwnAsync(patient));
        await HostFixture.EventuallyAsync("1", () => Task.FromResult($"{Detaches(token)}"));
        Assert.NotNull(await host.TextAsync("SELECT forget_due_at FROM payment_methods WHERE id = @id", id));

        await host.TextAsync("UPDATE payment_methods SET forget_due_at = deleted_at WHERE id = @id RETURNING id", id);
        var other = await SaveAsync(patient);
        Assert.Equal(204, (await patient.SendAsync(HttpMethod.Delete, $"{Methods}/{other}", null)).Status);
        await HostFixture.EventuallyAsync("", async () => await host.TextAsync("SELECT forget_due_at FROM payment_methods WHERE id = @id", id) ?? "");
        Assert.Equal(2, Detaches(token));
    }

    [Fact]
    public async Task The_same_card_saved_again_takes_the_place_of_the_first()
    {
        var patient = host.Patient();
        var first = await SaveAsync(patient);
        var second = await SaveAsync(patient, not: first);
        Assert.Equal([second], await OwnAsync(patient));
        var token = await TokenOfAsync(first);
        await HostFixture.EventuallyAsync("1", () => Task.FromResult($"{Detaches(token)}"));
        Assert.Equal("scheduled", (await patient.ScheduleAsync(await patient.RequestAsync(), second)).Expect(200)["status"]);
    }

    [Fact]
    public async Task A_checkout_that_is_called_off_unpaid_keeps_nothing()
    {
        var patient = host.Patient();
        var consultation = await patient.RequestAsync();
        (await ScheduleAndSaveAsync(patient, consultation)).Expect(200);
        var charge = await host.ChargeIdOfAsync(consultation);
        (await patient.CancelAsync(consultation)).Expect(200);
        await HostFixture.EventuallyAsync("0", async () => $"{await host.CountAsync("SELECT count(*) FROM payment_method_saves WHERE charge_id = @id", charge)}");
        Assert.Empty(await OwnAsync(patient));
    }

    /// <summary>The patient saves the card they pay with, and never comes back to the page: the webhook tells.</summary>
    private async Task<string> SaveAsync(HostCaller patient, string card = "4242424242424242", string? not = null)
    {
        var consultation = await patient.RequestAsync();
        var scheduled = (await ScheduleAndSaveAsync(patient, consultation)).Expect(200);
        Assert.Contains("Your card is saved for your next payment.", (await patient.GetAsync(scheduled.CheckoutUrl)).Text, StringComparison.Ordinal);
        var secret = await CheckoutAsync(patient, scheduled);
        if (host.Stripe.PayAsPatient(secret, card).Status == "requires_action")
            host.Stripe.AuthenticateAsPatient(secret);
        return await KeptAsync(patient, not);
    }

    private static async Task<string> KeptAsync(HostCaller patient, string? not = null)
    {
        await HostFixture.EventuallyAsync("1", async () => $"{(await OwnAsync(patient)).Count(id => id != not)}");
        return (await OwnAsync(patient)).Single(id => id != not);
    }

    private static async Task<List<string>> OwnAsync(HostCaller caller) =>
    [
        .. (await caller.GetAsync(Methods)).Expect(200).Json["items"]!.AsArray()
            .Select(item => item!["id"]!.ToString()).Where(id => !id.StartsWith("test_", StringComparison.Ordinal)),
    ];

    private static Task<HostAnswer> ScheduleAndSaveAsync(HostCaller caller, string consultation) =>
        caller.PostAsync($"{HostCaller.Consultations}/{consultation}/schedule", new JsonObject { ["save_method"] = true });

    private static async Task<string> CheckoutAsync(HostCaller patient, HostAnswer scheduled) =>
        (await patient.OpenCheckoutAsync(scheduled))["client_secret"]!.ToString();

    private async Task<string> TokenOfAsync(string id) => (await host.TextAsync("SELECT token FROM payment_methods WHERE id = @id", id))!;

    private int Detaches(string token) => host.Stripe.Ledger.Calls.Count(call => call.Path == $"/v1/payment_methods/{token}/detach");

    private IEnumerable<SimulatorCall> CreatedFor(string consultation) => host.Stripe.Ledger.Calls.Where(call =>
        call is { Method: "POST", Path: "/v1/payment_intents" } && call.Body.Contains(consultation, StringComparison.Ordinal));
}
