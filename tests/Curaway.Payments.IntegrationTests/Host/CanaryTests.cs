using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>
/// People write about people wherever they can: in every field, header and token a caller has. None of it reaches a provider, a
/// log, a span, an alert, an error, or a column but the one that is meant for it.
/// </summary>
public sealed class CanaryTests(TalkativeHost host) : IClassFixture<TalkativeHost>
{
    [Fact]
    [Trait("Promise", "P22")]
    public async Task No_name_address_telephone_doctor_or_diagnosis_leaves_the_clinics_own_record()
    {
        using var spans = new SpanRecorder();
        var callers = new[] { host.Patient(name: Canary.Address), host.As("clinician", null, Canary.Doctor), host.As("admin", null, Canary.Doctor) };
        var (patient, clinician, admin) = (callers[0], callers[1], callers[2]);

        var abroad = await PayAbroadAsync(patient);
        (await clinician.StartAsync(abroad)).Expect(200);
        (await clinician.EndAsync(abroad)).Expect(200);
        await RefundAsync(admin, abroad);
        var india = await PayInIndiaAsync(patient);
        (await patient.PostAsync($"{HostCaller.Consultations}/{india}/cancel", new JsonObject { ["reason"] = Canary.Everything })).Expect(200);
        await WriteWhereNothingIsTakenAsync(patient, admin);
        TellByWebhook();
        await host.DrainAsync();
        await HostFixture.EventuallyAsync("0", async () => $"{await host.CountAsync("SELECT count(*) FROM webhook_events WHERE state NOT IN ('processed', 'ignored')")}");

        var calls = host.Stripe.Ledger.Calls.Concat(host.Razorpay.Ledger.Calls).Select(call => $"{call.Method} {call.Path} {call.IdempotencyKey} {call.UserAgent}\n{call.Body}");
        Assert.DoesNotContain(calls, Canary.IsIn);
        // The framework's own categories trace what came in; operators keep them off.
        Assert.DoesNotContain(host.Lines, line => !line.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal) && Canary.IsIn(line));
        // So does the test's own client, whose URLs hold some.
        var ofTheCaller = $"server.port={host.Address.Port}";
        Assert.DoesNotContain(spans.Spans, span => span.Source != "Microsoft.AspNetCore" && Canary.IsIn(span.Text)
            && !span.Text.Contains(ofTheCaller, StringComparison.Ordinal));
        Assert.DoesNotContain(callers.SelectMany(caller => caller.Answers), answer => answer.Status >= 400 && Canary.IsIn(answer.Text + answer.Headers));
        Assert.Equal(["consultations.cancel_reason"], await Canary.ColumnsWithAsync(host.DatabasePath, HostFixture.Ct));

        // The eyes see: our own ids are in all of these places.
        var chargeId = await host.ChargeIdOfAsync(abroad);
        Assert.Contains(calls, call => call.Contains(chargeId, StringComparison.Ordinal));
        Assert.Contains(host.Lines, line => line.Contains(chargeId, StringComparison.Ordinal));
        Assert.Contains(spans.Spans, span => span.Source == "Curaway.Payments");
    }

    [Theory]
    [InlineData("jane.canary@example.org")]
    [InlineData("Jane Canary")]
    [InlineData("+442079460958")]
    public async Task A_person_whose_token_names_them_is_the_same_person_every_time_under_a_hash(string subject)
    {
        var (first, again, other) = (host.Patient(name: subject), host.Patient(name: subject), host.Patient(name: subject + "x"));
        var id = await first.RequestAsync();

        (await again.ReadAsync(id)).Expect(200);
        (await other.ReadAsync(id)).Expect(404);
        Assert.StartsWith("sub-", await host.TextAsync("SELECT patient_id FROM consultations WHERE id = @id", id), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_subject_that_is_an_id_stays_as_it_is()
    {
        var name = "auth0|" + HostFixture.NewName("p");
        var id = await host.Patient(name: name).RequestAsync();

        Assert.Equal(name, await host.TextAsync("SELECT patient_id FROM consultations WHERE id = @id", id));
    }

    private async Task<string> PayAbroadAsync(HostCaller patient)
    {
        var id = await patient.RequestAsync();
        var scheduled = (await SendAsync(patient, $"{HostCaller.Consultations}/{id}/schedule", null)).Expect(200);
        var secret = (await patient.OpenCheckoutAsync(scheduled))["client_secret"]!.ToString();
        host.Stripe.PayAsPatient(secret, "4000000000000002");
        (await patient.CompleteAsync(id, Proof([]))).Expect(402);
        host.Stripe.PayAsPatient(secret);
        (await patient.CompleteAsync(id, Proof([]))).Expect(200);
        return id;
    }

    private async Task<string> PayInIndiaAsync(HostCaller patient)
    {
        var id = await patient.RequestInIndiaAsync();
        var scheduled = (await SendAsync(patient, $"{HostCaller.Consultations}/{id}/schedule", null)).Expect(200);
        var order = (await patient.OpenCheckoutAsync(scheduled))["order_id"]!.ToString();
        var paid = host.Razorpay.PayAsPatient(order);
        (await patient.CompleteAsync(id, Proof(new JsonObject
        {
            ["razorpay_payment_id"] = paid.PaymentId,
            ["razorpay_order_id"] = order,
            ["razorpay_signature"] = paid.Signature,
        }))).Expect(200);
        return id;
    }

    private async Task RefundAsync(HostCaller admin, string consultation)
    {
        var path = $"/api/v1/admin/charges/{await host.ChargeIdOfAsync(consultation)}/refund";
        (await admin.PostAsync(path, new JsonObject { ["reason"] = Canary.Everything }, "refund-1")).Expect(422, ErrorCodes.ValidationFailed);
        (await SendAsync(admin, path, new JsonObject { ["reason"] = "manual_dispute", ["amount_cents"] = 10_00 })).Expect(200);
    }

    private static async Task WriteWhereNothingIsTakenAsync(HostCaller patient, HostCaller admin)
    {
        foreach (var field in new[] { "currency", "country_of_residence", "preferred_currency", "starts_at", "duration_minutes", "patient_name" })
        {
            var body = HostCaller.Consultation();
            body[field] = Canary.Everything;
            Assert.InRange((await patient.PostAsync(HostCaller.Consultations, body)).Status, 400, 422);
        }

        var id = await patient.RequestAsync();
        Assert.InRange((await patient.ScheduleAsync(id, Canary.Patient)).Status, 400, 422);
        var forced = new JsonObject { ["explicit_override"] = Canary.Doctor };
        Assert.InRange((await admin.PostAsync($"{HostCaller.Consultations}/{id}/schedule", forced)).Status, 400, 503);
        foreach (var field in new[] { "payments_provider", "data_residency_region" })
            (await admin.SendAsync(HttpMethod.Put, "/api/v1/admin/tenant/settings", new JsonObject { [field] = Canary.Everything })).Expect(422);
        Assert.InRange((await admin.GetAsync($"/api/v1/admin/charges?status={Uri.EscapeDataString(Canary.Everything)}")).Status, 200, 422);
        (await admin.GetAsync($"/api/v1/admin/routing/explain?country_of_residence={Uri.EscapeDataString(Canary.Patient)}&tenant_id=x")).Expect(422);
        (await patient.ReadAsync(Uri.EscapeDataString(Canary.Patient))).Expect(404);
    }

    /// <summary>What providers know of a patient comes back in their webhooks, in fields that we do not read.</summary>
    private void TellByWebhook()
    {
        const string Person =
            $$"""
            "email":"{{Canary.Address}}","name":"{{Canary.Patient}}","contact":"{{Canary.Telephone}}","description":"{{Canary.Diagnosis}}",
            "receipt_email":"{{Canary.Address}}","shipping":{"name":"{{Canary.Doctor}}"}
            """;
        var intent = host.Stripe.Ledger.PaymentIntents[0].Id;
        host.Stripe.EmitEvent("customer.created", $$"""{"id":"cus_1","object":"customer",{{Person}}}""");
        host.Stripe.EmitEvent("refund.updated", $$"""{"id":"re_x","object":"refund","amount":100,"currency":"usd","status":"failed","payment_intent":"{{intent}}",{{Person}}}""");
        var payment = host.Razorpay.Ledger.Payments[0];
        host.Razorpay.EmitEvent("payment.authorized", $$"""
            {"payment":{"entity":{"id":"{{payment.Id}}","entity":"payment","amount":{{payment.Amount}},"currency":"INR","status":"authorized",
             "order_id":"{{payment.OrderId}}","captured":false,"created_at":1795165200,"notes":{"who":"{{Canary.Everything}}"},{{Person}}} } }
            """);
        host.Razorpay.EmitEvent("settlement.processed", $$"""{"settlement":{"entity":{"id":"setl_1",{{Person}}} } }""");
    }

    private static JsonObject Proof(JsonObject proof)
    {
        proof["name"] = Canary.Patient;
        proof["email"] = Canary.Address;
        proof["description"] = Canary.Diagnosis;
        return proof;
    }

    private static Task<HostAnswer> SendAsync(HostCaller caller, string path, JsonObject? body) => caller.SendRawAsync(
        HttpMethod.Post,
        path,
        body is null ? null : new StringContent(body.ToJsonString(), System.Text.Encoding.UTF8, "application/json"),
        ("Idempotency-Key", Canary.Address),
        ("User-Agent", "Canary/1.0"),
        ("X-Patient", Canary.Everything),
        ("baggage", "patient=" + Uri.EscapeDataString(Canary.Patient)),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("tracestate", "canary=1"));
}
