using System.Text;
using System.Text.Json.Nodes;
using Curaway.Payments.Simulators;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>A host that remembers every line it logs, at the lowest level, of every category.</summary>
public sealed class TalkativeHost : HostFixture
{
    private readonly LogRecorder _recorder;

    public TalkativeHost()
        : this(new LogRecorder())
    {
    }

    private TalkativeHost(LogRecorder recorder)
        : base([], services => services.AddLogging(logging => logging.AddProvider(recorder).AddFilter<LogRecorder>(null, LogLevel.Trace))) =>
        _recorder = recorder;

    public IReadOnlyCollection<string> Lines => _recorder.Lines;
}

/// <summary>What must stay inside stays inside: secrets out of logs and the database, providers' names out of patients' sight.</summary>
public sealed class DiscretionTests(TalkativeHost host) : IClassFixture<TalkativeHost>
{
    [Fact]
    [Trait("Promise", "P22")]
    public async Task No_secret_card_number_or_patients_address_is_logged_or_kept()
    {
        var journey = await LiveAsync();
        var canaries = new Dictionary<string, string>
        {
            ["the secret key"] = host.Stripe.Options.SecretKey,
            ["the other secret key"] = host.Razorpay.Options.KeySecret,
            ["the webhook secret"] = host.Stripe.Options.WebhookSecret,
            ["the other webhook secret"] = host.Razorpay.Options.WebhookSecret,
            ["the key of the tokens"] = host.SigningKey,
            ["a token"] = journey.Token.Split('.')[2],
            ["a checkout link's token"] = journey.CheckoutToken,
            ["a client secret"] = journey.ClientSecret,
            ["a card number"] = "4242424242424242",
            ["a card number with spaces"] = "4242 4242 4242 4242",
            ["an e-mail address out of a webhook"] = "void@razorpay.com",
            ["a telephone number out of a webhook"] = "+919999999999",
        };
        var lines = host.Lines;
        var database = await ReadDatabaseAsync();
        // The harness sees what is there: it would see a canary too.
        Assert.Contains(lines, line => line.Contains(journey.ChargeId, StringComparison.Ordinal));
        Assert.True(Holds(database, journey.ChargeId));

        foreach (var (what, canary) in canaries)
        {
            // The framework's own trace of a request names its path, and so a checkout link; operators keep it off.
            var told = lines.Where(line => line.Contains(canary, StringComparison.Ordinal)
                && !(what == "a checkout link's token" && line.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal)));
            Assert.True(!told.Any(), $"{what} was logged: {told.FirstOrDefault()}");
            Assert.False(Holds(database, canary), $"{what} is in the database");
        }
    }

    [Fact]
    public async Task No_answer_to_a_patient_or_clinician_names_a_provider()
    {
        var journey = await LiveAsync();
        var seen = journey.Answers.Where(answer => !answer.Request.StartsWith("GET /checkout/", StringComparison.Ordinal)).ToList();
        Assert.True(seen.Count > 20, "A whole journey has many answers.");
        Assert.Contains(seen, answer => answer.Status == 402);
        Assert.Contains(seen, answer => answer.Status == 503);
        foreach (var answer in seen)
        {
            AssertDiscreet(answer, answer.Text);
            AssertDiscreet(answer, answer.Headers);
        }
    }

    [Fact]
    public async Task No_page_or_script_of_the_patient_names_a_provider()
    {
        var anonymous = host.Anonymous();
        foreach (var path in new[] { "/", "/app.js", "/api.js", "/app.css", "/favicon.svg", "/checkout/return", "/checkout/return.js" })
        {
            var answer = await anonymous.GetAsync(path);
            Assert.Equal(200, answer.Status);
            AssertDiscreet(answer, answer.Text);
            AssertDiscreet(answer, answer.Headers);
        }
    }

    [Fact]
    public async Task Every_answer_carries_its_security_headers()
    {
        foreach (var path in new[] { "/", "/checkout/return", HostCaller.Consultations, "/health/live" })
        {
            var answer = await host.Anonymous().GetAsync(path);
            foreach (var header in new[] { "X-Content-Type-Options: nosniff", "Content-Security-Policy:", "Referrer-Policy:" })
                Assert.Contains(header, answer.Headers, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("Server:", answer.Headers, StringComparison.Ordinal);
        }
    }

    private static void AssertDiscreet(HostAnswer answer, string text)
    {
        foreach (var name in new[] { "stripe", "razorpay" })
            Assert.False(text.Contains(name, StringComparison.OrdinalIgnoreCase), $"{answer.Request} names a provider: {text}");
    }

    /// <summary>Both providers, good ends and bad: booked, declined, paid, cancelled, forged, refused, unavailable.</summary>
    private async Task<Journey> LiveAsync()
    {
        var patient = host.Patient();
        var clinician = host.Clinician();
        (await patient.GetAsync("/api/v1/mso/payment-methods")).Expect(200);
        var first = await patient.RequestAsync();
        (await patient.ScheduleAsync(first, "test_declined", "key-" + first)).Expect(402);
        (await patient.ScheduleAsync(first, "test_declined", "key-" + first)).Expect(402);
        var scheduled = (await patient.PostAsync($"{HostCaller.Consultations}/{first}/schedule", new JsonObject { ["save_method"] = true })).Expect(200);
        var secret = (await patient.OpenCheckoutAsync(scheduled))["client_secret"]!.ToString();
        host.Stripe.PayAsPatient(secret, "4000000000000002");
        (await patient.CompleteAsync(first, [])).Expect(402);
        host.Stripe.PayAsPatient(secret, "4242424242424242");
        (await patient.CompleteAsync(first, [])).Expect(200);

        var second = await patient.RequestInIndiaAsync();
        var waiting = (await patient.ScheduleAsync(second, key: "key-" + second)).Expect(200);
        var order = (await patient.OpenCheckoutAsync(waiting))["order_id"]!.ToString();
        host.Razorpay.PayAsPatient(order, "failure@razorpay");
        var paid = host.Razorpay.PayAsPatient(order, "4100280000001007");
        (await patient.CompleteAsync(second, new JsonObject
        {
            ["razorpay_payment_id"] = paid.PaymentId,
            ["razorpay_order_id"] = order,
            ["razorpay_signature"] = paid.Signature,
        })).Expect(200);

        var third = await patient.RequestAsync();
        host.Stripe.Faults.Next(call => call.Body.Contains(third, StringComparison.Ordinal), SimulatorFault.ServerErrorHtml);
        host.Stripe.Faults.Next(call => call.Method == "GET" && call.Path.Contains("created", StringComparison.Ordinal), SimulatorFault.ServerErrorHtml);
        (await patient.ScheduleAsync(third, "test_ok")).Expect(503, ErrorCodes.ProviderUnavailable);
        var fourth = await patient.RequestAsync();
        (await patient.PostAsync($"{HostCaller.Consultations}/{fourth}/cancel", new JsonObject { ["reason"] = "4242 4242 4242 4242" })).Expect(422);
        (await patient.PostAsync($"{HostCaller.Consultations}/{fourth}/schedule", new JsonObject { ["explicit_override"] = "stripe" })).Expect(403);
        (await patient.PostAsync($"{HostCaller.Consultations}/{fourth}/schedule", new JsonObject { ["payment_method"] = "razorpay" })).Expect(422);
        (await patient.ReadAsync("unknown")).Expect(404);
        (await patient.StartAsync(first)).Expect(403);
        (await host.WithToken(patient.Token + "x").ReadAsync(first)).Expect(401);
        (await host.Anonymous().PostAsync("/api/v1/webhooks/stripe", new JsonObject { ["card"] = "4242424242424242" })).Expect(400);

        (await clinician.StartAsync(first)).Expect(200);
        (await clinician.EndAsync(first)).Expect(200);
        (await clinician.EndAsync(second)).Expect(200);
        (await patient.GetAsync($"{HostCaller.Consultations}/{first}/receipt")).Expect(200);
        (await patient.SendRawAsync(HttpMethod.Get, $"{HostCaller.Consultations}/{first}/receipt", null, ("Accept", "text/plain"))).Expect(200);
        (await patient.GetAsync($"{HostCaller.Consultations}/{third}/receipt")).Expect(409);
        await HostFixture.EventuallyAsync("True", async () => $"{(await patient.GetAsync("/api/v1/mso/payment-methods")).Text.Contains("4242", StringComparison.Ordinal)}");
        (await clinician.GetAsync(HostCaller.Consultations)).Expect(200);
        (await patient.CancelAsync(fourth)).Expect(200);
        (await patient.CancelAsync(first)).Expect(409);
        (await patient.GetAsync(HostCaller.Consultations)).Expect(200);
        await host.DrainAsync();
        await HostFixture.EventuallyAsync("0", async () => $"{await host.CountAsync("SELECT count(*) FROM webhook_events WHERE state NOT IN ('processed', 'ignored')")}");
        return new Journey(
            [.. patient.Answers, .. clinician.Answers], patient.Token, scheduled.CheckoutUrl["/checkout/".Length..], secret, await host.ChargeIdOfAsync(first));
    }

    /// <summary>The file and what stands beside it, as a thief would copy them.</summary>
    private async Task<byte[]> ReadDatabaseAsync()
    {
        using var all = new MemoryStream();
        foreach (var path in Directory.EnumerateFiles(Path.GetDirectoryName(host.DatabasePath)!))
        {
            await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            await file.CopyToAsync(all, HostFixture.Ct);
        }

        return all.ToArray();
    }

    private static bool Holds(byte[] bytes, string text) => bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;

    private sealed record Journey(IReadOnlyList<HostAnswer> Answers, string Token, string CheckoutToken, string ClientSecret, string ChargeId);
}
