using System.Text.Json.Nodes;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>Journeys in which the patient pays in the browser, through both providers.</summary>
public sealed class CheckoutTests(HostFixture host) : IClassFixture<HostFixture>
{
    [Fact]
    public async Task A_patient_pays_abroad_and_is_billed_after_the_session()
    {
        var patient = host.Patient();
        var id = await patient.RequestAsync();
        var scheduled = (await patient.ScheduleAsync(id)).Expect(200);
        Assert.Equal("awaiting_payment", scheduled["status"]);
        Assert.Equal("pending", scheduled.Json["charge"]!["status"]!.ToString());
        var parameters = await patient.OpenCheckoutAsync(scheduled);
        var paid = host.Stripe.PayAsPatient(parameters["client_secret"]!.ToString());
        Assert.Equal("scheduled", (await patient.CompleteAsync(id, new JsonObject { ["payment_intent"] = paid.PaymentIntentId })).Expect(200)["status"]);
        await SessionAsync(patient, id);
        Assert.Equal(50_00, host.Stripe.Ledger.CapturedAmount(await host.ChargeIdOfAsync(id)));
    }

    [Fact]
    public async Task A_patient_pays_in_india_and_is_billed_after_the_session()
    {
        var patient = host.Patient();
        var id = await patient.RequestInIndiaAsync();
        var scheduled = (await patient.ScheduleAsync(id)).Expect(200);
        Assert.Equal("awaiting_payment", scheduled["status"]);
        var proof = Pay((await patient.OpenCheckoutAsync(scheduled))["order_id"]!.ToString());
        Assert.Equal("scheduled", (await patient.CompleteAsync(id, proof)).Expect(200)["status"]);
        await SessionAsync(patient, id);
        Assert.Equal(500_00, host.Razorpay.Ledger.CapturedAmount(await host.ChargeIdOfAsync(id)));
    }

    [Fact]
    public async Task A_decline_at_checkout_in_india_is_a_402_and_may_be_tried_again_there()
    {
        var patient = host.Patient();
        var id = await patient.RequestInIndiaAsync();
        var scheduled = (await patient.ScheduleAsync(id)).Expect(200);
        var order = (await patient.OpenCheckoutAsync(scheduled))["order_id"]!.ToString();
        var declined = host.Razorpay.PayAsPatient(order, "failure@razorpay");
        Assert.Equal("failed", declined.Status);
        var proof = new JsonObject { ["razorpay_payment_id"] = declined.PaymentId, ["razorpay_order_id"] = order };
        var answer = await patient.CompleteAsync(id, proof);
        Assert.Contains(answer.Status, new[] { 402, 422 });
        await host.DrainAsync();
        Assert.Equal("awaiting_payment", await host.StatusOfAsync(id));
        Assert.Equal("pending", await host.ChargeStatusOfAsync(id));

        var again = (await patient.OpenCheckoutAsync(scheduled))["order_id"]!.ToString();
        Assert.Equal(order, again);
        Assert.Equal("scheduled", (await patient.CompleteAsync(id, Pay(again))).Expect(200)["status"]);
        Assert.Equal(1, await host.ChargesOfAsync(id));
        Assert.Equal(500_00, host.Razorpay.Ledger.HeldAmount(await host.ChargeIdOfAsync(id)));
    }

    [Fact]
    public async Task A_decline_at_checkout_abroad_is_a_402_and_may_be_tried_again_there()
    {
        var patient = host.Patient();
        var id = await patient.RequestAsync();
        var scheduled = (await patient.ScheduleAsync(id)).Expect(200);
        var secret = (await patient.OpenCheckoutAsync(scheduled))["client_secret"]!.ToString();
        var declined = host.Stripe.PayAsPatient(secret, "4000000000000002");
        Assert.Equal("card_declined", declined.ErrorCode);
        (await patient.CompleteAsync(id, new JsonObject { ["payment_intent"] = declined.PaymentIntentId })).Expect(402, ErrorCodes.ChargeFailed);
        Assert.Equal("awaiting_payment", await host.StatusOfAsync(id));

        Assert.Equal("requires_capture", host.Stripe.PayAsPatient(secret).Status);
        (await patient.CompleteAsync(id, new JsonObject { ["payment_intent"] = declined.PaymentIntentId })).Expect(200);
        Assert.Equal("scheduled", await host.StatusOfAsync(id));
    }

    [Fact]
    public async Task A_proof_that_is_forged_or_another_orders_books_nothing()
    {
        var patient = host.Patient();
        var id = await patient.RequestInIndiaAsync();
        var scheduled = (await patient.ScheduleAsync(id)).Expect(200);
        var order = (await patient.OpenCheckoutAsync(scheduled))["order_id"]!.ToString();
        var other = await patient.RequestInIndiaAsync();
        var otherOrder = (await patient.OpenCheckoutAsync((await patient.ScheduleAsync(other)).Expect(200)))["order_id"]!.ToString();
        var othersProof = Pay(otherOrder);
        var forged = othersProof.DeepClone().AsObject();
        forged["razorpay_order_id"] = order;

        foreach (var proof in new[] { othersProof, forged, new JsonObject(), null })
        {
            var answer = await patient.CompleteAsync(id, proof);
            Assert.NotEqual("scheduled", answer["status"]);
            Assert.True(answer.Status < 500 || answer.Code == ErrorCodes.ProviderUnavailable, answer.Text);
        }

        await host.DrainAsync();
        Assert.Equal("awaiting_payment", await host.StatusOfAsync(id));
        Assert.Equal(0, host.Razorpay.Ledger.HeldAmount(await host.ChargeIdOfAsync(id)));
    }

    [Fact]
    public async Task The_checkout_link_needs_no_account_and_dies_with_the_payment()
    {
        var patient = host.Patient();
        var id = await patient.RequestInIndiaAsync();
        var scheduled = (await patient.ScheduleAsync(id)).Expect(200);
        var anonymous = host.Anonymous();
        var order = (await anonymous.OpenCheckoutAsync(scheduled))["order_id"]!.ToString();
        var proof = Pay(order);
        var token = scheduled.CheckoutUrl["/checkout/".Length..];
        using var content = new StringContent(proof.ToJsonString(), System.Text.Encoding.UTF8, "application/json");
        var path = $"{HostCaller.Consultations}/{id}/checkout/complete";
        (await anonymous.SendRawAsync(HttpMethod.Post, path, content, ("Checkout-Token", token))).Expect(200);
        Assert.Equal(410, (await anonymous.GetAsync(scheduled.CheckoutUrl)).Status);
        Assert.Equal(404, (await anonymous.GetAsync("/checkout/" + new string('A', 43))).Status);
        Assert.Equal(200, (await anonymous.GetAsync("/checkout/return")).Status);
    }

    [Fact]
    public async Task A_checkout_token_opens_no_other_consultation()
    {
        var patient = host.Patient();
        var id = await patient.RequestInIndiaAsync();
        var scheduled = (await patient.ScheduleAsync(id)).Expect(200);
        var other = await patient.RequestInIndiaAsync();
        var token = ("Checkout-Token", scheduled.CheckoutUrl["/checkout/".Length..]);
        var anonymous = host.Anonymous();
        (await anonymous.SendRawAsync(HttpMethod.Post, $"{HostCaller.Consultations}/{other}/checkout/complete", null, token)).Expect(404, ErrorCodes.NotFound);
        (await anonymous.SendRawAsync(HttpMethod.Get, $"{HostCaller.Consultations}/{id}", null, token)).Expect(401, ErrorCodes.Unauthenticated);
        (await anonymous.SendRawAsync(HttpMethod.Post, $"{HostCaller.Consultations}/{id}/cancel", null, token)).Expect(401, ErrorCodes.Unauthenticated);
    }

    private JsonObject Pay(string order)
    {
        var paid = host.Razorpay.PayAsPatient(order);
        return new JsonObject
        {
            ["razorpay_payment_id"] = paid.PaymentId,
            ["razorpay_order_id"] = paid.OrderId,
            ["razorpay_signature"] = paid.Signature,
        };
    }

    private async Task SessionAsync(HostCaller patient, string id)
    {
        Assert.Equal("authorized", (await patient.ReadAsync(id)).Json["charge"]!["status"]!.ToString());
        Assert.Equal("in_session", (await host.Clinician().StartAsync(id)).Expect(200)["status"]);
        var ended = (await host.Clinician().EndAsync(id)).Expect(200);
        Assert.Equal("done", ended["settlement"]);
        Assert.Equal("captured", ended.Json["charge"]!["status"]!.ToString());
    }
}
