using System.Net.Http.Headers;
using System.Text;
using Curaway.Payments.SampleHost.Tenants;
using Curaway.Payments.Simulators;
using Microsoft.Extensions.Configuration;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>A host in which one clinic has accounts of its own at both providers, each a second simulator.</summary>
public sealed class TwoAccountsHost : HostFixture
{
    public const string North = "clinic-north";

    public const string Keyless = "clinic-keyless";

    public StripeSimulator NorthStripe { get; private set; } = null!;

    public RazorpaySimulator NorthRazorpay { get; private set; } = null!;

    public override async ValueTask InitializeAsync()
    {
        NorthStripe = await StripeSimulator.StartAsync(
            new StripeSimulatorOptions { SecretKey = "sk_test_north", PublishableKey = "pk_test_north", WebhookSecret = "whsec_north" }, Ct);
        NorthRazorpay = await RazorpaySimulator.StartAsync(
            new RazorpaySimulatorOptions { KeyId = "rzp_test_north", KeySecret = "north_secret", WebhookSecret = "north_hook" }, Ct);
        const string Stripe = "Curaway:Payments:Stripe:Accounts:north:", Razorpay = "Curaway:Payments:Razorpay:Accounts:north:";
        Settings[Stripe + "SecretKey"] = NorthStripe.Options.SecretKey;
        Settings[Stripe + "PublishableKey"] = NorthStripe.Options.PublishableKey;
        Settings[Stripe + "WebhookSecrets"] = NorthStripe.Options.WebhookSecret;
        Settings[Stripe + "ApiBase"] = NorthStripe.ApiBase;
        Settings[Razorpay + "KeyId"] = NorthRazorpay.Options.KeyId;
        Settings[Razorpay + "KeySecret"] = NorthRazorpay.Options.KeySecret;
        Settings[Razorpay + "WebhookSecrets"] = NorthRazorpay.Options.WebhookSecret;
        Settings[Razorpay + "ApiBase"] = NorthRazorpay.BaseAddress.ToString();
        Settings["Curaway:Payments:Stripe:Accounts:keyless:PublishableKey"] = "pk_test_keyless";
        Settings["Curaway:Payments:Accounts:stripe:north"] = "clinic-elsewhere, " + North;
        Settings["Curaway:Payments:Accounts:stripe:keyless"] = Keyless;
        Settings["Curaway:Payments:Accounts:razorpay:north"] = North;
        await base.InitializeAsync();
        NorthStripe.Webhooks.Target = new Uri(Address, "/api/v1/webhooks/stripe/north");
        NorthRazorpay.Webhooks.Target = new Uri(Address, "/api/v1/mso/webhooks/razorpay/north");
    }

    public async Task DrainAllAsync()
    {
        await DrainAsync();
        await NorthStripe.Webhooks.DrainAsync(ct: Ct);
        await NorthRazorpay.Webhooks.DrainAsync(ct: Ct);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await NorthStripe.DisposeAsync();
        await NorthRazorpay.DisposeAsync();
    }
}

/// <summary>Two Stripe and two Razorpay accounts behind one host: money, keys, secrets and events stay apart.</summary>
public sealed class AccountTests(TwoAccountsHost host) : IClassFixture<TwoAccountsHost>
{
    [Theory]
    [InlineData("stripe")]
    [InlineData("razorpay")]
    public async Task A_clinics_money_goes_through_its_own_account_from_checkout_to_capture(string provider)
    {
        var (consultation, charge, reference) = await PaidAsync(provider, TwoAccountsHost.North);
        await HostFixture.EventuallyAsync("scheduled", () => host.StatusOfAsync(consultation));
        await host.DrainAllAsync();

        Assert.Equal("north", await host.TextAsync("SELECT provider_account FROM consultation_charges WHERE id = @id", charge));
        Assert.Equal((0, 1), (Authorizations(provider, isNorth: false, charge), Authorizations(provider, isNorth: true, charge)));
        var told = await host.TextAsync("SELECT provider_event_id FROM webhook_events WHERE provider_reference = @id AND state = 'processed'", reference);
        Assert.EndsWith("@north", told, StringComparison.Ordinal);

        var clinician = host.Clinician(TwoAccountsHost.North);
        (await clinician.StartAsync(consultation)).Expect(200);
        Assert.Equal("done", (await clinician.EndAsync(consultation)).Expect(200)["settlement"]);
        Assert.Equal("captured", await host.ChargeStatusOfAsync(consultation));
        Assert.Equal(0, provider == "stripe" ? host.Stripe.Ledger.CaptureCount(charge) : host.Razorpay.Ledger.CaptureCount(charge));
        Assert.Equal(1, provider == "stripe" ? host.NorthStripe.Ledger.CaptureCount(charge) : host.NorthRazorpay.Ledger.CaptureCount(charge));
    }

    [Theory]
    [InlineData("stripe", "default", "north")]
    [InlineData("stripe", "north", "default")]
    [InlineData("razorpay", "default", "north")]
    [InlineData("razorpay", "north", "default")]
    public async Task A_webhook_of_one_account_never_moves_a_charge_of_the_other(string provider, string own, string other)
    {
        var (consultation, charge, reference) = await PaidAsync(provider, own == "north" ? TwoAccountsHost.North : HostFixture.NewName("clinic"));
        await HostFixture.EventuallyAsync("scheduled", () => host.StatusOfAsync(consultation));
        await host.DrainAllAsync();
        const string Facts = """
            SELECT charge_status || charge.captured_cents || count(payment.reference) || max(payment.state)
            FROM consultation_charges AS charge JOIN charge_payments AS payment ON payment.charge_id = charge.id WHERE charge.id = @id
            """;
        var facts = await host.TextAsync(Facts, charge);

        // Signed by the other account, as that account would send it, about our charge.
        var webhook = WebhooksOf(provider, other).Sign(Encoding.UTF8.GetBytes(CaptureEvent(provider, charge, reference)));
        (await PostAsync(provider, other, webhook)).Expect(200);
        Assert.Equal(ErrorCodes.WebhookDuplicate, (await PostAsync(provider, other, webhook)).Expect(200).Code);

        Assert.Equal(("authorized", facts), (await host.ChargeStatusOfAsync(consultation), await host.TextAsync(Facts, charge)));
        Assert.Equal(1, await host.CountAsync("SELECT count(*) FROM audit_log WHERE charge_id = @id AND details LIKE '%other_account%'", charge));
        Assert.Equal(1, await host.CountAsync(
            "SELECT count(*) FROM alert_outbox WHERE charge_id = @id AND category = 'money_conflict' AND severity = 'critical'", charge));
        // At the right URL the same bytes have no valid signature.
        (await PostAsync(provider, own, webhook)).Expect(400, ErrorCodes.WebhookInvalidSignature);
    }

    [Theory]
    [InlineData("stripe")]
    [InlineData("razorpay")]
    public async Task The_same_event_id_from_two_accounts_is_two_events(string provider)
    {
        var ours = await PaidAsync(provider, HostFixture.NewName("clinic"));
        var north = await PaidAsync(provider, TwoAccountsHost.North);
        await host.DrainAllAsync();
        var id = "evt_" + Guid.CreateVersion7().ToString("N");
        foreach (var (account, paid) in new[] { ("default", ours), ("north", north) })
        {
            var body = Encoding.UTF8.GetBytes(CaptureEvent(provider, paid.Charge, paid.Reference, id));
            var signed = WebhooksOf(provider, account).Sign(body);
            if (provider == "razorpay")
                signed = signed with { Headers = signed.Headers.ToDictionary(header => header.Key, header => header.Key.Contains("event-id", StringComparison.OrdinalIgnoreCase) ? id : header.Value) };
            Assert.Null((await PostAsync(provider, account, signed)).Expect(200).Code);
            Assert.Equal(ErrorCodes.WebhookDuplicate, (await PostAsync(provider, account, signed)).Expect(200).Code);
            Assert.Equal("captured", await host.ChargeStatusOfAsync(paid.Consultation));
        }

        Assert.Equal(1, await host.CountAsync("SELECT count(*) FROM webhook_events WHERE provider_event_id = @id AND provider_account = 'default'", id));
        Assert.Equal(1, await host.CountAsync("SELECT count(*) FROM webhook_events WHERE provider_event_id = @id || '@north' AND provider_account = 'north'", id));
    }

    [Fact]
    public async Task A_clinic_whose_account_has_no_keys_is_refused_and_pays_nobody_else()
    {
        var patient = host.Patient(TwoAccountsHost.Keyless);
        var id = await patient.RequestAsync();
        (await patient.ScheduleAsync(id)).Expect(503, ErrorCodes.ProviderNotConfigured);
        Assert.Equal((0, 0), (await host.SessionsOfAsync(id), await host.ChargesOfAsync(id)));
    }

    [Theory]
    [InlineData("stripe:nobody", "clinic-1", false)]
    [InlineData("nobody:default", "clinic-1", false)]
    [InlineData("stripe:north", "clinic 1", true)]
    [InlineData("stripe:north", "clinic-1,clinic-1", true)]
    public void A_list_that_cannot_be_meant_is_refused_at_the_start(string account, string tenants, bool isUnreadable)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["Curaway:Payments:Accounts:" + account] = tenants })
            .Build();
        if (isUnreadable)
            Assert.Throws<InvalidOperationException>(() => TenantAccounts.Read(configuration));
        else
            Assert.Throws<InvalidOperationException>(() => TenantAccounts.Read(configuration).Require([]));
    }

    [Fact]
    public void A_list_may_be_one_text_or_many()
    {
        var read = TenantAccounts.Read(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Curaway:Payments:Accounts:Stripe:eu"] = "clinic-1, Clinic-2,",
            ["Curaway:Payments:Accounts:razorpay:goa:0"] = "clinic-1",
            ["Curaway:Payments:Accounts:razorpay:goa:1"] = "clinic-3",
        }).Build());
        string Of(string tenant, string provider) => read.Resolve(OpaqueId.Parse(tenant), provider);
        Assert.Equal(
            ["eu", "eu", "default", "default", "goa", "goa"],
            [Of("clinic-1", "stripe"), Of("Clinic-2", "stripe"), Of("clinic-2", "stripe"), Of("clinic-3", "stripe"), Of("clinic-1", "razorpay"), Of("clinic-3", "razorpay")]);
    }

    private SimulatorWebhooks WebhooksOf(string provider, string account) => (provider, account) switch
    {
        ("stripe", "north") => host.NorthStripe.Webhooks,
        ("stripe", _) => host.Stripe.Webhooks,
        (_, "north") => host.NorthRazorpay.Webhooks,
        _ => host.Razorpay.Webhooks,
    };

    private int Authorizations(string provider, bool isNorth, string charge) => (provider, isNorth) switch
    {
        ("stripe", true) => host.NorthStripe.Ledger.AuthorizationCount(charge),
        ("stripe", _) => host.Stripe.Ledger.AuthorizationCount(charge),
        (_, true) => host.NorthRazorpay.Ledger.AuthorizationCount(charge),
        _ => host.Razorpay.Ledger.AuthorizationCount(charge),
    };

    private async Task<(string Consultation, string Charge, string Reference)> PaidAsync(string provider, string clinic)
    {
        var patient = host.Patient(clinic);
        var id = provider == "stripe" ? await patient.RequestAsync() : await patient.RequestInIndiaAsync();
        var checkout = await patient.OpenCheckoutAsync((await patient.ScheduleAsync(id)).Expect(200));
        if (provider == "stripe")
            (clinic == TwoAccountsHost.North ? host.NorthStripe : host.Stripe).PayAsPatient(checkout["client_secret"]!.ToString());
        else
            (clinic == TwoAccountsHost.North ? host.NorthRazorpay : host.Razorpay).PayAsPatient(checkout["order_id"]!.ToString());
        await HostFixture.EventuallyAsync("authorized", () => host.ChargeStatusOfAsync(id));
        var charge = await host.ChargeIdOfAsync(id);
        return (id, charge, (await host.TextAsync("SELECT provider_reference FROM consultation_charges WHERE id = @id", charge))!);
    }

    /// <summary>"It was captured", in the provider's words, naming our charge by its own ids.</summary>
    private static string CaptureEvent(string provider, string charge, string reference, string? id = null) => provider == "stripe"
        ? $$"""
          {"id":"{{id ?? "evt_" + Guid.CreateVersion7().ToString("N")}}","object":"event","api_version":"2026-10-28.endive","livemode":false,
           "type":"payment_intent.succeeded","created":1795165200,"data":{"object":{"id":"{{reference}}","object":"payment_intent","amount":5000,
           "amount_capturable":0,"amount_received":5000,"capture_method":"manual","currency":"usd","livemode":false,"status":"succeeded",
           "metadata":{"charge_id":"{{charge}}"},"latest_charge":"ch_{{Guid.CreateVersion7():N}}" } } }
          """
        : $$"""
          {"entity":"event","account_id":"acc_1","event":"payment.captured","contains":["payment"],"created_at":1795165200,
           "payload":{"payment":{"entity":{"id":"pay_{{Guid.CreateVersion7():N}}","entity":"payment","amount":50000,"currency":"INR","status":"captured",
           "order_id":"{{reference}}","captured":true,"amount_refunded":0,"notes":{"charge_id":"{{charge}}"},"created_at":1795165200} } } }
          """;

    private Task<HostAnswer> PostAsync(string provider, string account, SimulatorWebhook webhook)
    {
        var content = new ByteArrayContent(webhook.Body.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var path = $"/api/v1/webhooks/{provider}{(account == "default" ? "" : "/" + account)}";
        return host.Anonymous().SendRawAsync(
            HttpMethod.Post, path, content, [.. webhook.Headers.Where(header => header.Key != "Content-Type").Select(header => (header.Key, header.Value))]);
    }
}
