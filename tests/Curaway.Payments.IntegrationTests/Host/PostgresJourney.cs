using System.Text.Json.Nodes;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>What a clinic does in a week, through one host and the other in turn.</summary>
internal static class PostgresJourney
{
    /// <summary>A test card, a checkout abroad that saves a card, that card, and a checkout in India, each billed after its session; then one of each called off.</summary>
    public static async Task RunAsync(PostgresHosts hosts)
    {
        var (here, there) = (hosts[0], hosts[hosts.Count - 1]);
        var patient = await here.AsAsync("patient");
        var clinician = await there.AsAsync("clinician");

        foreach (var pay in new[] { ByCardAsync, AtStripesCheckoutAsync, BySavedCardAsync, AtRazorpaysCheckoutAsync })
        {
            var id = await pay(hosts, patient);
            Assert.Equal("scheduled", (await patient.ReadAsync(id)).Expect(200)["status"]);
            Assert.Equal("in_session", (await clinician.StartAsync(id)).Expect(200)["status"]);
            var ended = (await clinician.EndAsync(id)).Expect(200);
            Assert.Equal("ended done captured", $"{ended["status"]} {ended["settlement"]} {ended.Json["charge"]!["status"]}");
            await hosts.DrainAsync();
            Assert.Equal("captured", await hosts.ChargeStatusOfAsync(id));
            Assert.Equal("1", await hosts.Database.ScalarAsync($"SELECT count(*) FROM consultation_sessions WHERE consultation_id = '{id}'"));
            Assert.Equal(1, CaptureCount(hosts, await hosts.ChargeIdOfAsync(id)));
        }

        var called = await ByCardAsync(hosts, patient);
        Assert.Equal("done", (await patient.CancelAsync(called)).Expect(200)["settlement"]);
        Assert.Equal("voided", await hosts.ChargeStatusOfAsync(called));
        Assert.Equal(0, hosts.Simulators.Stripe.Ledger.HeldAmount(await hosts.ChargeIdOfAsync(called)));

        var declined = await patient.RequestAsync();
        (await patient.ScheduleAsync(declined, "test_declined")).Expect(402, ErrorCodes.ChargeFailed);
        Assert.Equal("requested", await hosts.StatusOfAsync(declined));
        Assert.Equal("0", await hosts.Database.ScalarAsync($"SELECT count(*) FROM consultation_sessions WHERE consultation_id = '{declined}'"));
    }

    public static async Task<string> ByCardAsync(PostgresHosts hosts, HostCaller patient) => await patient.BookAsync();

    private static async Task<string> AtStripesCheckoutAsync(PostgresHosts hosts, HostCaller patient)
    {
        var id = await patient.RequestAsync();
        var scheduled = (await patient.PostAsync($"{HostCaller.Consultations}/{id}/schedule", new JsonObject { ["save_method"] = true })).Expect(200);
        var secret = (await patient.OpenCheckoutAsync(scheduled))["client_secret"]!.ToString();
        var paid = hosts.Simulators.Stripe.PayAsPatient(secret);
        Assert.Equal("scheduled", (await patient.CompleteAsync(id, new JsonObject { ["payment_intent"] = paid.PaymentIntentId })).Expect(200)["status"]);
        return id;
    }

    /// <summary>The card that the checkout before this saved; deleted at once, it is forgotten by the provider too.</summary>
    private static async Task<string> BySavedCardAsync(PostgresHosts hosts, HostCaller patient)
    {
        await HostFixture.EventuallyAsync("1", () => hosts.Database.ScalarAsync("SELECT count(*)::text FROM payment_methods WHERE deleted_at IS NULL")!);
        var card = (await hosts.Database.ScalarAsync("SELECT id FROM payment_methods WHERE deleted_at IS NULL"))!;
        var id = await patient.RequestAsync();
        Assert.Equal("scheduled", (await patient.ScheduleAsync(id, card)).Expect(200)["status"]);
        Assert.Equal(204, (await patient.SendAsync(HttpMethod.Delete, "/api/v1/mso/payment-methods/" + card, null)).Status);
        (await patient.ScheduleAsync(await patient.RequestAsync(), card)).Expect(404, ErrorCodes.NotFound);
        await HostFixture.EventuallyAsync("0", () => hosts.Database.ScalarAsync("SELECT count(*)::text FROM payment_methods WHERE forget_due_at IS NOT NULL")!);
        return id;
    }

    private static async Task<string> AtRazorpaysCheckoutAsync(PostgresHosts hosts, HostCaller patient)
    {
        var id = await patient.RequestInIndiaAsync();
        var order = (await patient.OpenCheckoutAsync((await patient.ScheduleAsync(id)).Expect(200)))["order_id"]!.ToString();
        var paid = hosts.Simulators.Razorpay.PayAsPatient(order);
        var proof = new JsonObject
        {
            ["razorpay_payment_id"] = paid.PaymentId,
            ["razorpay_order_id"] = paid.OrderId,
            ["razorpay_signature"] = paid.Signature,
        };
        Assert.Equal("scheduled", (await patient.CompleteAsync(id, proof)).Expect(200)["status"]);
        return id;
    }

    private static int CaptureCount(PostgresHosts hosts, string charge) =>
        hosts.Simulators.Stripe.Ledger.CaptureCount(charge) + hosts.Simulators.Razorpay.Ledger.CaptureCount(charge);
}
