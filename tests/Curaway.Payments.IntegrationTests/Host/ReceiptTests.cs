using System.Text.Json.Nodes;
using Curaway.Payments.SampleHost.Consultations;
using Curaway.Payments.SampleHost.Receipts;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>What a patient gets for their money, in writing.</summary>
public sealed class ReceiptTests(HostFixture host) : IClassFixture<HostFixture>
{
    [Fact]
    public async Task A_captured_charge_has_a_receipt_for_its_patient_and_the_clinics_admins_as_html_or_text()
    {
        var clinic = HostFixture.NewName("clinic");
        await host.TextAsync("INSERT INTO tenants (id, name) VALUES (@id, '<b>Clinic</b> & \"Sons\"') RETURNING id", clinic);
        var patient = host.Patient(clinic);
        var id = await patient.BookAsync();
        (await host.Clinician(clinic).EndAsync(id)).Expect(200);
        foreach (var reader in new[] { patient, host.Admin(clinic) })
        {
            var html = (await reader.GetAsync(PathOf(id))).Expect(200);
            Assert.Equal("text/html", html.ContentType);
            Assert.Contains("&lt;b&gt;Clinic&lt;/b&gt; &amp; &quot;Sons&quot;", html.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("<b>", html.Text, StringComparison.Ordinal);
            Assert.Contains("Content-Security-Policy: default-src 'none'; style-src 'sha256-", html.Headers, StringComparison.Ordinal);
            Assert.Contains("no-store", html.Headers, StringComparison.Ordinal);
            var text = (await TextAsync(reader, id)).Expect(200);
            Assert.Equal("text/plain", text.ContentType);
            foreach (var shown in new[] { "50.00 USD", await host.ChargeIdOfAsync(id), id })
            {
                Assert.Contains(shown, html.Text, StringComparison.Ordinal);
                Assert.Contains(shown, text.Text, StringComparison.Ordinal);
            }

            foreach (var hidden in new[] { "stripe", "razorpay", "pi_", "ch_", "re_" })
                Assert.DoesNotContain(hidden, html.Text + text.Text + html.Headers, StringComparison.OrdinalIgnoreCase);
        }

        (await host.Clinician(clinic).GetAsync(PathOf(id))).Expect(403, ErrorCodes.Forbidden);
        (await host.Patient(clinic).GetAsync(PathOf(id))).Expect(404, ErrorCodes.NotFound);
        (await host.Admin(HostFixture.NewName("clinic")).GetAsync(PathOf(id))).Expect(404, ErrorCodes.NotFound);
    }

    [Fact]
    public async Task Before_anything_is_taken_there_is_none_and_after_a_release_there_never_will_be()
    {
        var patient = host.Patient();
        var id = await patient.RequestAsync();
        (await patient.GetAsync(PathOf(id))).Expect(409, ErrorCodes.PaymentRequired);
        (await patient.ScheduleAsync(id, "test_ok")).Expect(200);
        (await patient.GetAsync(PathOf(id))).Expect(409, ErrorCodes.PaymentRequired);
        (await patient.CancelAsync(id)).Expect(200);
        (await patient.GetAsync(PathOf(id))).Expect(404, ErrorCodes.NotFound);
        (await patient.GetAsync(PathOf("unknown"))).Expect(404, ErrorCodes.NotFound);
    }

    [Theory]
    [InlineData(5000, "JPY", "5000 JPY")]
    [InlineData(12_34, "USD", "12.34 USD")]
    [InlineData(12_340, "KWD", "12.340 KWD")]
    public async Task Amounts_have_the_decimals_of_their_currency(long amount, string currency, string shown)
    {
        var patient = host.Patient();
        var id = await patient.RequestAsync(HostCaller.Consultation(amount, currency));
        (await patient.ScheduleAsync(id, "test_ok")).Expect(200);
        (await host.Clinician().EndAsync(id)).Expect(200);
        Assert.Contains($" {shown}\n", (await TextAsync(patient, id)).Expect(200).Text, StringComparison.Ordinal);
        Assert.Contains($"<td>{shown}</td>", (await patient.GetAsync(PathOf(id))).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_part_that_was_taken_and_what_was_sent_back_of_it_are_both_shown()
    {
        var patient = host.Patient();
        var id = await patient.BookAsync();
        Assert.True(ChargeId.TryParse(await host.ChargeIdOfAsync(id), out var charge));
        var taken = await host.Services.GetRequiredService<ChargeService>().CaptureAsync(
            new CaptureCharge { ChargeId = charge, Amount = new Money(30_00, Currency.Parse("USD")), ActorId = "admin-1" }, HostFixture.Ct);
        Assert.Equal((OperationOutcome.Succeeded, 0), (taken.Outcome, host.Stripe.Ledger.HeldAmount(charge.ToString())));
        (await host.Admin().PostAsync($"/api/v1/admin/charges/{charge}/refund", new JsonObject { ["amount_cents"] = 12_50, ["reason"] = "goodwill" }, "key-" + id)).Expect(200);
        (await host.Clinician().EndAsync(id)).Expect(200);
        Assert.Equal("done", (await patient.ReadAsync(id))["settlement"]);

        var text = (await TextAsync(patient, id)).Expect(200).Text;
        foreach (var line in new[] { " 30.00 USD\n", " -12.50 USD\n", " 17.50 USD\n", "50.00 USD were reserved and 30.00 USD taken; the rest was released.\n" })
            Assert.Contains(line, text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refund_that_bounced_or_released_what_was_never_taken_is_no_part_of_what_was_paid()
    {
        var dollars = Currency.Parse("USD");
        var now = DateTimeOffset.UtcNow;
        var charge = new Charge
        {
            Id = ChargeId.New(TimeProvider.System),
            TenantId = OpaqueId.Parse("clinic"),
            ConsultationId = OpaqueId.Parse("c1"),
            Amount = new Money(50_00, dollars),
            Routing = new RoutingDecision("stripe", "default", []),
            BookBy = now,
            CreatedAt = now,
            Payments =
            [
                new ChargePayment { Reference = "ch_1", State = PaymentState.Captured, Amount = new Money(50_00, dollars), Captured = new Money(50_00, dollars) },
                new ChargePayment { Reference = "ch_2", State = PaymentState.Voided, Amount = new Money(50_00, dollars), Captured = Money.Zero(dollars) },
            ],
            Refunds =
            [
                Refund("re_1", RefundState.Failed, 50_00, "ch_1"), Refund("re_2", RefundState.Succeeded, 50_00, "ch_2"),
                Refund("re_3", RefundState.Pending, 10_00, "ch_1"),
            ],
        };
        var receipt = Receipt.Of(Consultation(), charge, "Clinic")!;
        Assert.Equal((10_00, true), (Assert.Single(receipt.Refunds).Amount.MinorUnits, receipt.Refunds[0].IsPending));
        Assert.Equal(40_00, receipt.Total.MinorUnits);
        Assert.Contains(", on its way", ReceiptPage.Text(receipt), StringComparison.Ordinal);
        Assert.Null(Receipt.Of(Consultation(), charge with { Payments = [charge.Payments[1]] }, "Clinic"));

        ChargeRefund Refund(string reference, RefundState state, long amount, string of) =>
            new() { Reference = reference, State = state, Amount = new Money(amount, dollars), PaymentReference = of };

        Consultation Consultation() => new()
        {
            Id = OpaqueId.Parse("c1"),
            TenantId = OpaqueId.Parse("clinic"),
            PatientId = "patient",
            Status = ConsultationStatus.Ended,
            Amount = new Money(50_00, dollars),
            CountryOfResidence = "USA",
            StartsAt = now,
            DurationMinutes = 30,
            CreatedAt = now,
        };
    }

    private static string PathOf(string id) => $"{HostCaller.Consultations}/{id}/receipt";

    private static Task<HostAnswer> TextAsync(HostCaller caller, string id) => caller.SendRawAsync(HttpMethod.Get, PathOf(id), null, ("Accept", "text/plain"));
}
