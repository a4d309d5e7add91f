namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>By itself because it waits for half a minute: a release is not tried again at once.</summary>
public sealed class LatePaymentTests(ImpatientHost host) : IClassFixture<ImpatientHost>
{
    [Fact]
    [Trait("Promise", "P03")]
    public async Task A_payment_that_lands_after_its_checkout_expired_is_let_go_and_told()
    {
        var patient = host.Patient();
        var id = await patient.RequestInIndiaAsync();
        var order = (await patient.OpenCheckoutAsync((await patient.ScheduleAsync(id)).Expect(200)))["order_id"]!.ToString();
        await HostFixture.EventuallyAsync("requested", () => host.StatusOfAsync(id));
        var charge = await host.ChargeIdOfAsync(id);

        // An order stays payable for ever: nothing at the provider can close it.
        Assert.Equal("authorized", host.Razorpay.PayAsPatient(order).Status);
        await host.DrainAsync();
        await HostFixture.EventuallyAsync(
            "1", () => host.TextAsync("SELECT release_due_at IS NOT NULL FROM consultation_charges WHERE id = @id", charge)!);
        Assert.Equal("voided", await host.TextAsync("SELECT charge_status FROM consultation_charges WHERE id = @id", charge));
        Assert.Equal("requested", await host.StatusOfAsync(id));
        Assert.Equal(0, await host.SessionsOfAsync(id));
        Assert.NotEqual(0, await host.CountAsync("SELECT count(*) FROM alert_outbox WHERE charge_id = @id", charge));

        host.Razorpay.Clock.Advance(TimeSpan.FromDays(5));
        Assert.Equal(0, host.Razorpay.Ledger.HeldAmount(charge));
        Assert.Equal(0, host.Razorpay.Ledger.CapturedAmount(charge));
    }
}
