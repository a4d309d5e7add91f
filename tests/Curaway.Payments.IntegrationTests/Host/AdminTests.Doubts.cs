using System.Text.Json.Nodes;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Host;

// What an admin does about a charge in doubt: looks, and settles what is in review.
public abstract partial class AdminTests
{
    [Fact]
    public async Task Whoever_looks_at_a_charge_in_doubt_is_told_the_truth_and_another_clinic_does_not_even_ask()
    {
        var (admin, patient) = (await AdminAsync(), await host.AsAsync("patient", _clinic));
        var scheduled = (await patient.ScheduleAsync(await patient.RequestAsync())).Expect(200);
        var charge = scheduled.Json["charge"]!["id"]!.ToString();
        var checkout = await patient.OpenCheckoutAsync(scheduled);
        // Its checkout is over, the money came in the last second, no webhook tells, and the reconciler thinks it has half an hour.
        await host.ExecuteAsync($"UPDATE consultation_charges SET checkout_expires_at = created_at WHERE id = '{charge}'");
        host.Stripe.Webhooks.Script = _ => WebhookStep.Drop;
        host.Stripe.PayAsPatient(checkout["client_secret"]!.ToString());
        var callCount = host.Stripe.Ledger.Calls.Count;

        (await (await host.AsAsync("admin", HostFixture.NewName("clinic"))).GetAsync($"{Charges}/{charge}")).Expect(404, ErrorCodes.NotFound);
        Assert.Equal(callCount, host.Stripe.Ledger.Calls.Count);
        var read = (await admin.GetAsync($"{Charges}/{charge}")).Expect(200);
        Assert.Equal("authorized", read["status"]);
        Assert.Equal(["pending", "authorized"], read.Json["timeline"]!["transitions"]!.AsArray().Select(transition => transition!["to"]!.ToString()));
        host.Stripe.Webhooks.Script = null;
    }

    [Fact]
    public async Task What_is_in_review_is_settled_by_an_admin_of_the_clinic_once_and_audited()
    {
        var (admin, stranger) = (await AdminAsync("admin-7"), await host.AsAsync("admin", HostFixture.NewName("clinic")));
        var charge = await CapturedAsync();
        for (var send = 0; send < 20; send++)
            host.Stripe.Faults.Next(call => call.Path == "/v1/refunds" && call.Body.Contains(charge, StringComparison.Ordinal), SimulatorFault.Reset);
        (await admin.PostAsync($"{Charges}/{charge}/refund", AdminCalls.Refund(20_00), "r1")).Expect(503);
        await host.ExecuteAsync($"UPDATE charge_operations SET state = 'review' WHERE charge_id = '{charge}' AND kind = 'refund'");
        host.Stripe.Faults.Clear();
        var operations = (await admin.GetAsync($"{Charges}/{charge}")).Expect(200).Json["timeline"]!["operations"]!.AsArray();
        var path = $"{Charges}/{charge}/operations/{operations.Single(one => one!["kind"]!.ToString() == "refund")!["idempotency_key"]}/settle";
        JsonObject Said(string? verdict, string? reason) => new() { ["verdict"] = verdict, ["reason"] = reason };

        (await stranger.PostAsync(path, Said("did_not_happen", "checked"))).Expect(404, ErrorCodes.NotFound);
        (await admin.PostAsync(path, Said("maybe", "checked"))).Expect(422, ErrorCodes.ValidationFailed);
        (await admin.PostAsync(path, Said("did_not_happen", "Mrs Smith called"))).Expect(422, ErrorCodes.ValidationFailed);
        (await admin.PostAsync(path, Said("happened", "checked"))).Expect(409, ErrorCodes.StateConflict);
        var settled = (await admin.PostAsync(path, Said("did_not_happen", "checked"))).Expect(200);
        Assert.Contains(settled.Json["timeline"]!["operations"]!.AsArray(), one => $"{one!["kind"]} {one["state"]} {one["outcome"]}" == "refund closed not_sent");
        (await admin.PostAsync(path, Said("did_not_happen", "checked"))).Expect(409, ErrorCodes.StateConflict);

        var audit = (await admin.GetAsync($"/api/v1/admin/audit?charge_id={charge}")).Expect(200).Json["items"]!.AsArray();
        Assert.Equal(2, audit.Count(row => $"{row!["action"]} {row["actor_id"]}" == "review_verdict admin-7"));
        Assert.Contains(audit, row => $"{row!["action"]} {row["actor_id"]} {row["details"]!["note"]}" == "settle_review admin-7 did_not_happen");
        (await admin.PostAsync($"{Charges}/{charge}/refund", AdminCalls.Refund(20_00), "r2")).Expect(200);
        Assert.Equal(1, host.Stripe.Ledger.RefundCount(charge));
    }
}
