using System.Text.Json.Nodes;
using Curaway.Payments.Simulators;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>What an admin sees and does, in a clinic of the test's own.</summary>
public abstract partial class AdminTests(IAdminClinic host)
{
    private const string Charges = "/api/v1/admin/charges";
    private const string Webhooks = "/api/v1/admin/webhooks";
    private const string Unknown = "01999999-0000-7000-8000-000000000000";

    private readonly string _clinic = HostFixture.NewName("clinic");

    [Fact]
    public async Task Charges_are_listed_newest_first_by_status_provider_and_consultation_a_page_at_a_time()
    {
        var (admin, patient) = (await AdminAsync(), await host.AsAsync("patient", _clinic));
        string[] ids = [await patient.BookAsync(), await patient.BookAsync(), await patient.BookAsync()];
        (await patient.CancelAsync(ids[0])).Expect(200);
        await patient.ScheduleAsync(await patient.RequestInIndiaAsync());

        Assert.Equal(4, (await admin.GetAsync(Charges)).Expect(200).Json["items"]!.AsArray().Count);
        Assert.Equal([ids[2], ids[1]], ConsultationsOf(await admin.GetAsync(Charges + "?status=authorized&provider=stripe")));
        Assert.Equal([ids[0]], ConsultationsOf(await admin.GetAsync($"{Charges}?consultation_id={ids[0]}")));
        Assert.Empty(ConsultationsOf(await admin.GetAsync(Charges + "?status=captured")));

        var (seen, cursor) = (new List<string>(), "");
        while (cursor is not null)
        {
            var page = (await admin.GetAsync($"{Charges}?provider=stripe&limit=1{cursor}")).Expect(200);
            seen.Add(Assert.Single(ConsultationsOf(page)));
            cursor = page["next_cursor"] is { } next ? "&cursor=" + next : null;
        }

        Assert.Equal([ids[2], ids[1], ids[0]], seen);
        foreach (var query in new[] { "status=paid", "limit=0", "limit=101", "limit=x", "cursor=1", "provider=a%20b", "consultation_id=%27" })
            (await admin.GetAsync($"{Charges}?{query}")).Expect(422, ErrorCodes.ValidationFailed);
    }

    [Fact]
    public async Task A_charge_tells_its_whole_story()
    {
        var admin = await AdminAsync();
        var charge = await CapturedAsync();
        await host.DrainAsync();
        var delivery = host.Stripe.Webhooks.Deliveries.Last(delivery => delivery.Type == "payment_intent.succeeded");
        host.Stripe.Webhooks.Resend(delivery.EventId);
        await host.DrainAsync();
        await host.Services.GetRequiredService<IChargeStore>().EnqueueAlertAsync(
            new PaymentAlert("test", AlertSeverity.Info, "about_one_charge", ChargeId.TryParse(charge, out var id) ? id : default), HostFixture.Ct);

        var read = (await admin.GetAsync($"{Charges}/{charge}")).Expect(200);
        Assert.Equal("stripe captured 5000", $"{read["provider"]} {read["status"]} {read["captured_cents"]}");
        Assert.StartsWith("pi_", read["provider_reference"], StringComparison.Ordinal);
        var timeline = read.Json["timeline"]!;
        Assert.Equal(5, timeline["routing_trace"]!.AsArray().Count);
        var operations = timeline["operations"]!.AsArray();
        Assert.Equal(["authorize succeeded", "capture succeeded"], operations.Select(operation => $"{operation!["kind"]} {operation["outcome"]}"));
        Assert.All(operations, operation => Assert.True(Guid.TryParse(operation!["idempotency_key"]!.ToString(), out _)));
        Assert.All(operations, operation => Assert.StartsWith("req_", operation!["provider_request_id"]!.ToString(), StringComparison.Ordinal));
        var told = Assert.Single(timeline["webhooks"]!.AsArray(), webhook => webhook!["event_id"]!.ToString() == delivery.EventId)!;
        Assert.Equal("processed", told["state"]!.ToString());
        Assert.True(told["duplicate_count"]!.GetValue<int>() >= 1);
        Assert.Equal(["pending", "authorized", "captured"], timeline["transitions"]!.AsArray().Select(transition => transition!["to"]!.ToString()));
        Assert.Equal("about_one_charge", Assert.Single(timeline["alerts"]!.AsArray())!["text"]!.ToString());
        Assert.Equal("about_one_charge", Assert.Single((await admin.GetAsync("/api/v1/admin/alerts")).Expect(200).Json["items"]!.AsArray())!["text"]!.ToString());
        Assert.Empty((await (await host.AsAsync("admin", HostFixture.NewName("clinic"))).GetAsync("/api/v1/admin/alerts")).Expect(200).Json["items"]!.AsArray());
    }

    [Fact]
    public async Task A_refund_needs_a_key_and_the_key_is_the_refund()
    {
        var admin = await AdminAsync("admin-7");
        var charge = await CapturedAsync();
        var path = $"{Charges}/{charge}/refund";
        (await admin.PostAsync(path, AdminCalls.Refund(10_00))).Expect(400, ErrorCodes.IdempotencyRequired);
        (await admin.PostAsync(path, AdminCalls.Refund(10_00, "Mr Smith was unhappy"), "k0")).Expect(422, ErrorCodes.ValidationFailed);
        (await admin.PostAsync(path, [], "k01")).Expect(422, ErrorCodes.ValidationFailed);
        (await admin.PostAsync(path, AdminCalls.Refund(0), "k02")).Expect(422, ErrorCodes.AmountInvalid);
        (await admin.PostAsync(path, AdminCalls.Refund(60_00), "k03")).Expect(422, ErrorCodes.RefundExceedsCaptured);
        Assert.Equal(0, host.Stripe.Ledger.RefundCount(charge));

        var first = (await admin.PostAsync(path, AdminCalls.Refund(10_00), "k1")).Expect(200);
        Assert.Equal("partially_refunded 1000", $"{first.Json["charge"]!["status"]} {first.Json["charge"]!["refunded_cents"]}");
        Assert.Equal("refund succeeded k1", $"{first.Json["refund"]!["kind"]} {first.Json["refund"]!["outcome"]} {first.Json["refund"]!["request_id"]}");
        var again = (await admin.PostAsync(path, AdminCalls.Refund(10_00), "k1")).Expect(200);
        Assert.Equal(first.Text, again.Text);
        (await admin.PostAsync(path, AdminCalls.Refund(11_00), "k1")).Expect(422, ErrorCodes.IdempotencyMismatch);
        // Another admin, so another kept answer, but the charge knows the refund.
        (await (await AdminAsync()).PostAsync(path, AdminCalls.Refund(10_00), "k1")).Expect(200);
        Assert.Equal(1, host.Stripe.Ledger.RefundCount(charge));

        Assert.Equal("refunded", (await admin.PostAsync(path, AdminCalls.Refund(null), "rest/of:it!")).Expect(200).Json["charge"]!["status"]!.ToString());
        Assert.Equal(50_00, host.Stripe.Ledger.RefundedAmount(charge));
        (await admin.PostAsync(path, AdminCalls.Refund(1_00), "k3")).Expect(409, ErrorCodes.StateConflict);

        var audit = (await admin.GetAsync($"/api/v1/admin/audit?charge_id={charge}")).Expect(200).Json["items"]!.AsArray();
        Assert.Contains(audit, row => $"{row!["action"]} {row["actor_id"]} {row["to"]}" == "refund admin-7 partially_refunded");
        Assert.Equal(audit.Count, (await admin.GetAsync("/api/v1/admin/audit?limit=100")).Json["items"]!.AsArray().Count);
        var second = (await admin.GetAsync("/api/v1/admin/audit?limit=1")).Expect(200);
        Assert.Equal(audit[1]!["id"]!.ToString(), Assert.Single((await admin.GetAsync("/api/v1/admin/audit?limit=1&cursor=" + second["next_cursor"])).Json["items"]!.AsArray())!["id"]!.ToString());
    }

    [Fact]
    [Trait("Promise", "P11")]
    public async Task A_refund_whose_answer_is_lost_is_made_once_when_it_is_asked_for_again()
    {
        var admin = await AdminAsync();
        var charge = await CapturedAsync();
        host.Stripe.Faults.Next(call => call.Path == "/v1/refunds" && call.Body.Contains(charge, StringComparison.Ordinal), SimulatorFault.Reset.AfterExecution());
        var lost = await admin.PostAsync($"{Charges}/{charge}/refund", AdminCalls.Refund(20_00), "k1");
        if (lost.Status != 200)
            Assert.Equal("unknown", lost.Expect(503, ErrorCodes.ProviderUnavailable)["outcome"]);
        await HostFixture.EventuallyAsync("200", async () => $"{(await admin.PostAsync($"{Charges}/{charge}/refund", AdminCalls.Refund(20_00), "k1")).Status}");
        Assert.Equal(1, host.Stripe.Ledger.RefundCount(charge));
    }

    [Fact]
    public async Task Reconciling_heals_a_status_edited_by_hand_and_says_when_the_provider_is_away()
    {
        var admin = await AdminAsync("admin-8");
        var charge = await CapturedAsync();
        var path = $"{Charges}/{charge}/reconcile";
        host.Stripe.Faults.Always(StripeCall.Read | StripeCall.List, SimulatorFault.ServerErrorHtml);
        Assert.Equal("unknown", (await admin.PostAsync(path)).Expect(503, ErrorCodes.ProviderUnavailable)["outcome"]);
        host.Stripe.Faults.Clear();
        await host.ExecuteAsync($"UPDATE consultation_charges SET charge_status = 'refunded', refund_reason = 'manual_dispute' WHERE id = '{charge}'");
        Assert.Equal("captured", (await admin.PostAsync(path)).Expect(200)["status"]);
        Assert.Equal(charge, Assert.Single((await admin.GetAsync($"{Charges}?status=captured")).Json["items"]!.AsArray())!["id"]!.ToString());
        var rows = (await admin.GetAsync($"/api/v1/admin/audit?charge_id={charge}")).Json["items"]!.AsArray();
        Assert.Contains(rows, row => row!["from"]?.ToString() == "refunded" && row["to"]!.ToString() == "captured");
    }

    [Fact]
    public async Task An_event_that_was_given_up_is_replayed_and_one_that_is_done_is_not()
    {
        var admin = await AdminAsync();
        var charge = await CapturedAsync();
        await host.DrainAsync();
        var listed = (await admin.GetAsync($"{Webhooks}?state=processed&provider=stripe")).Expect(200).Json["items"]!.AsArray();
        Assert.NotEmpty(listed);
        Assert.All(listed, webhook => Assert.Equal(charge, webhook!["charge_id"]!.ToString()));
        var id = listed[0]!["id"]!.ToString();
        (await admin.PostAsync($"{Webhooks}/{id}/replay")).Expect(409, ErrorCodes.StateConflict);

        await host.ExecuteAsync($"UPDATE webhook_events SET state = 'failed', processed_at = NULL, reason = 'by_hand' WHERE id = '{id}'");
        Assert.Equal("by_hand", Assert.Single((await admin.GetAsync(Webhooks + "?state=failed")).Expect(200).Json["items"]!.AsArray())!["reason"]!.ToString());
        (await (await host.AsAsync("admin", HostFixture.NewName("clinic"))).PostAsync($"{Webhooks}/{id}/replay")).Expect(404, ErrorCodes.NotFound);
        (await admin.PostAsync($"{Webhooks}/{id}/replay")).Expect(202);
        await HostFixture.EventuallyAsync("processed", async () => Assert.Single(
            (await admin.GetAsync(Webhooks)).Json["items"]!.AsArray(), webhook => webhook!["id"]!.ToString() == id)!["state"]!.ToString());
        Assert.Equal("captured", (await admin.GetAsync($"{Charges}/{charge}"))["status"]);
        (await admin.GetAsync(Webhooks + "?state=lost")).Expect(422, ErrorCodes.ValidationFailed);
    }

    [Fact]
    public async Task Given_up_events_are_replayed_by_a_filter_within_the_own_clinic()
    {
        var admin = await AdminAsync();
        var charge = await CapturedAsync();
        await host.DrainAsync();
        await host.ExecuteAsync($"UPDATE webhook_events SET state = 'failed', processed_at = NULL, next_attempt_at = NULL, reason = 'by_hand' WHERE charge_id = '{charge}'");
        var failed = (await admin.GetAsync(Webhooks + "?state=failed")).Expect(200).Json["items"]!.AsArray().Count;
        Assert.True(failed > 0);

        var stranger = await host.AsAsync("admin", HostFixture.NewName("clinic"));
        Assert.Equal("0", (await stranger.PostAsync(Webhooks + "/replay", new JsonObject { ["state"] = "failed" })).Expect(202)["replayed"]!.ToString());
        Assert.Equal("0", (await admin.PostAsync(Webhooks + "/replay", new JsonObject { ["state"] = "parked" })).Expect(202)["replayed"]!.ToString());
        Assert.Equal(
            $"{failed}", (await admin.PostAsync(Webhooks + "/replay", new JsonObject { ["state"] = "failed", ["charge_id"] = charge, ["limit"] = 100 })).Expect(202)["replayed"]!.ToString());

        await HostFixture.EventuallyAsync("0", async () => $"{(await admin.GetAsync(Webhooks + "?state=failed")).Json["items"]!.AsArray().Count}");
        (await admin.PostAsync(Webhooks + "/replay", new JsonObject { ["state"] = "processed" })).Expect(422, ErrorCodes.ValidationFailed);
        (await admin.PostAsync(Webhooks + "/replay", new JsonObject { ["received_from"] = "yesterday" })).Expect(422, ErrorCodes.ValidationFailed);
    }

    [Fact]
    public async Task An_event_that_waits_for_its_charge_stands_in_the_timeline()
    {
        var admin = await AdminAsync();
        var charge = await CapturedAsync();
        await host.DrainAsync();
        var webhook = (await admin.GetAsync(Webhooks)).Json["items"]!.AsArray()[0]!;
        await host.ExecuteAsync(
            $"""
            UPDATE webhook_events SET state = 'parked', charge_id = NULL, processed_at = NULL, next_attempt_at = '2999-01-01T00:00:00.000000Z',
                provider_reference = (SELECT provider_reference FROM consultation_charges WHERE id = '{charge}') WHERE id = '{webhook["id"]}'
            """);
        var timeline = (await admin.GetAsync($"{Charges}/{charge}")).Expect(200).Json["timeline"]!;
        Assert.Equal(webhook["id"]!.ToString(), Assert.Single(timeline["webhooks"]!.AsArray(), event_ => event_!["state"]!.ToString() == "parked")!["id"]!.ToString());
    }

    [Fact]
    public async Task Routing_is_explained_for_a_hypothetical_booking()
    {
        var admin = await AdminAsync();
        const string Explain = "/api/v1/admin/routing/explain";
        async Task<string> AskAsync(string query)
        {
            var answer = (await admin.GetAsync(Explain + query)).Expect(200);
            return $"{answer["provider"]} {answer["rule"]}";
        }

        Assert.Equal("stripe default", await AskAsync(""));
        Assert.Equal("razorpay patient_geography", await AskAsync("?country_of_residence=IND"));
        Assert.Equal("razorpay tenant_region", await AskAsync("?data_residency_region=ap-south-1"));
        Assert.Equal("stripe explicit_override", await AskAsync("?explicit_override=stripe&preferred_currency=INR"));
        (await admin.SendAsync(HttpMethod.Put, "/api/v1/admin/tenant/settings", new JsonObject { ["payments_provider"] = "razorpay" })).Expect(200);
        Assert.Equal("razorpay tenant_setting", await AskAsync("?country_of_residence=USA"));
        var told = (await admin.GetAsync(Explain)).Json;
        Assert.Equal(5, told["trace"]!.AsArray().Count);
        Assert.Equal("Decision: razorpay, by tenant_setting.", told["lines"]!.AsArray()[^1]!.ToString());
        (await admin.GetAsync(Explain + "?country_of_residence=%27--")).Expect(422, ErrorCodes.ValidationFailed);
    }

    [Fact]
    [Trait("Promise", "P20")]
    public async Task Another_clinic_sees_none_of_it_and_other_roles_may_not_ask()
    {
        var charge = await CapturedAsync();
        await host.DrainAsync();
        var admin = await AdminAsync();
        var webhook = (await admin.GetAsync(Webhooks)).Json["items"]!.AsArray()[0]!["id"]!.ToString();
        var before = (await admin.GetAsync($"{Charges}/{charge}")).Text;
        (HttpMethod Method, string Path, string? Id)[] doors =
        [
            (HttpMethod.Get, Charges, null), (HttpMethod.Get, Webhooks, null), (HttpMethod.Get, "/api/v1/admin/audit", null),
            (HttpMethod.Get, "/api/v1/admin/alerts", null), (HttpMethod.Get, Charges + "/{id}", charge),
            (HttpMethod.Post, Charges + "/{id}/refund", charge), (HttpMethod.Post, Charges + "/{id}/reconcile", charge),
            (HttpMethod.Post, Webhooks + "/{id}/replay", webhook),
        ];
        var stranger = await host.AsAsync("admin", HostFixture.NewName("clinic"));
        foreach (var (method, path, id) in doors)
        {
            Task<HostAnswer> AskAsync(HostCaller caller, string? asked) => caller.SendAsync(
                method, path.Replace("{id}", asked, StringComparison.Ordinal), method == HttpMethod.Post ? AdminCalls.Refund(1_00) : null, HostFixture.NewName("key"));
            foreach (var role in new[] { "patient", "clinician" })
                (await AskAsync(await host.AsAsync(role, _clinic), id)).Expect(403, ErrorCodes.Forbidden);
            if (id is null)
            {
                Assert.Empty((await AskAsync(stranger, null)).Expect(200).Json["items"]!.AsArray());
                continue;
            }

            var theirs = (await AskAsync(stranger, id)).Expect(404, ErrorCodes.NotFound);
            Assert.Equal((await AskAsync(stranger, Unknown)).Comparable, theirs.Comparable);
            Assert.Equal((await AskAsync(stranger, "no-id")).Comparable, theirs.Comparable);
        }

        Assert.Equal(before, (await admin.GetAsync($"{Charges}/{charge}")).Text);
        Assert.Equal(0, host.Stripe.Ledger.RefundCount(charge));
        Assert.Empty((await stranger.GetAsync($"/api/v1/admin/audit?charge_id={charge}")).Expect(200).Json["items"]!.AsArray());
    }

    private Task<HostCaller> AdminAsync(string? name = null) => host.AsAsync("admin", _clinic, name);

    private static IEnumerable<string> ConsultationsOf(HostAnswer answer) =>
        answer.Expect(200).Json["items"]!.AsArray().Select(charge => charge!["consultation_id"]!.ToString());

    /// <summary>The id of a charge whose session is over.</summary>
    private async Task<string> CapturedAsync()
    {
        var admin = await host.AsAsync("admin", _clinic);
        var id = await admin.BookAsync();
        return (await admin.EndAsync(id)).Expect(200).Json["charge"]!["id"]!.ToString();
    }
}
