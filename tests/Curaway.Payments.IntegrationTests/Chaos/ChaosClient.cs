using System.Text.Json;
using System.Text.Json.Nodes;
using Curaway.Payments.IntegrationTests.Host;
using Curaway.Payments.SampleHost.Simulation;

namespace Curaway.Payments.IntegrationTests.Chaos;

/// <summary>What the clients were told, and what they asked for: what must still be true when it is quiet again.</summary>
internal sealed class Promised
{
    public List<string> Scheduled { get; } = [];

    public List<string> Closed { get; } = [];

    public List<(string ChargeId, string Key, long Amount)> Refunds { get; } = [];

    /// <summary>How often each status and code was the answer.</summary>
    public Dictionary<string, int> Answers { get; } = [];

    /// <summary>How many answers were certain.</summary>
    public int CertainCount { get; set; }
}

/// <summary>
/// A patient with a browser, and the clinic's staff: they ask one host or the other, and when they hear nothing certain they ask
/// again under the same key. Now and then they give up, or click twice.
/// </summary>
internal sealed class ChaosClient(ChaosCluster cluster, ChaosTokens tokens, Promised promised, Random random, CancellationToken stop)
{
    private const int AmountMax = 200_00;

    public async Task RunAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await VisitAsync();
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Its browser was closed in the middle of it.
            }
        }
    }

    /// <summary>One consultation, as far as its people take it.</summary>
    private async Task VisitAsync()
    {
        var isIndian = random.Next(2) == 0;
        var body = HostCaller.Consultation(random.Next(1, AmountMax), isIndian ? "INR" : "USD", isIndian ? "IND" : "USA");
        if (await AskAsync(tokens.Patient, HostCaller.Consultations, body) is not { Status: 201 } created)
            return;
        if (await BookAsync(created.Id, isIndian) is not { } chargeId)
            return;
        lock (promised)
            promised.Scheduled.Add(created.Id);

        var fate = random.Next(10);
        if (fate < 2)
            return;
        lock (promised)
            promised.Closed.Add(created.Id);
        if (fate < 5)
        {
            await AskAsync(tokens.Patient, $"{HostCaller.Consultations}/{created.Id}/cancel", null);
            return;
        }

        if (random.Next(2) == 0)
            await AskAsync(tokens.Admin, $"{HostCaller.Consultations}/{created.Id}/start", null);
        var ended = await AskAsync(tokens.Admin, $"{HostCaller.Consultations}/{created.Id}/end", null);
        for (var refunds = random.Next(3); ended is { Status: 200 } && refunds > 0; refunds--)
            await RefundAsync(chargeId);
    }

    /// <summary>The charge's id when the patient was told that the consultation is scheduled.</summary>
    private async Task<string?> BookAsync(string id, bool isIndian)
    {
        var method = isIndian ? null : random.Next(10) switch { < 5 => "test_ok", < 6 => "test_declined", _ => null };
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var answer = await AskAsync(
                tokens.Patient, $"{HostCaller.Consultations}/{id}/schedule", method is null ? null : new JsonObject { ["payment_method"] = method });
            if (answer is { Status: 200 })
                return answer["status"] == "scheduled" ? ChargeOf(answer) : await PayAsync(id, answer, isIndian);
            // Declined: another try with a card that pays, under a key of its own.
            if (answer is not { Status: 402 })
                return null;
            method = method is null ? null : "test_ok";
        }

        return null;
    }

    private async Task<string?> PayAsync(string id, HostAnswer scheduled, bool isIndian)
    {
        if (await OpenCheckoutAsync(scheduled) is not { } checkout)
            return null;
        // One in ten goes away here, and one in ten pays and closes the window: only a webhook tells.
        var fate = random.Next(10);
        if (fate == 0 || Pay(checkout, isIndian) is not { } proof || fate == 1)
            return null;
        var completed = await AskAsync(tokens.Patient, $"{HostCaller.Consultations}/{id}/checkout/complete", proof);
        return completed is { Status: 200 } ? ChargeOf(completed) : null;
    }

    /// <summary>The patient confirms in the browser; what the page brings back.</summary>
    public static JsonObject PayAtStripe(DemoSimulators simulators, JsonObject checkout) =>
        new() { ["payment_intent"] = simulators.Stripe.PayAsPatient(checkout["client_secret"]!.ToString()).PaymentIntentId };

    /// <summary>The same at Razorpay.</summary>
    public static JsonObject PayAtRazorpay(DemoSimulators simulators, JsonObject checkout)
    {
        var paid = simulators.Razorpay.PayAsPatient(checkout["order_id"]!.ToString());
        return new JsonObject
        {
            ["razorpay_payment_id"] = paid.PaymentId,
            ["razorpay_order_id"] = paid.OrderId,
            ["razorpay_signature"] = paid.Signature,
        };
    }

    /// <summary>What the page brings back; null when there is nothing to pay any more.</summary>
    private JsonObject? Pay(JsonObject checkout, bool isIndian)
    {
        try
        {
            return isIndian ? PayAtRazorpay(cluster.Simulators, checkout) : PayAtStripe(cluster.Simulators, checkout);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private async Task RefundAsync(string chargeId)
    {
        var (key, amount) = ($"refund-{Guid.CreateVersion7():N}", random.Next(1, AmountMax / 2));
        var answer = await AskAsync(
            tokens.Admin, $"/api/v1/admin/charges/{chargeId}/refund", new JsonObject { ["amount_cents"] = amount, ["reason"] = "manual_dispute" }, key);
        if (answer is { Status: 200 })
        {
            lock (promised)
                promised.Refunds.Add((chargeId, key, amount));
        }
    }

    /// <summary>Asks until the answer is certain. Null when it never came: the client gave up, or everything is over.</summary>
    private async Task<HostAnswer?> AskAsync(string token, string path, JsonObject? body, string? key = null)
    {
        key ??= Guid.CreateVersion7().ToString("N");
        if (random.Next(10) == 0)
            _ = SendAsync(token, path, body, key);
        while (true)
        {
            var answer = await SendAsync(token, path, body, key);
            if (IsCertain(answer))
                return answer;
            if (random.Next(20) == 0)
                return null;
            await Task.Delay(random.Next(50, 400), stop);
        }
    }

    private async Task<JsonObject?> OpenCheckoutAsync(HostAnswer scheduled)
    {
        for (var attempt = 0; attempt < 20; attempt++)
        {
            if (await TryAsync(tokens.Patient, async caller => await caller.GetAsync(scheduled.CheckoutUrl)) is { Status: < 500 } page)
                return page.Status == 200 ? HostCaller.CheckoutOf(page) : null;
            await Task.Delay(random.Next(50, 400), stop);
        }

        return null;
    }

    private async Task<HostAnswer?> SendAsync(string token, string path, JsonObject? body, string key)
    {
        var answer = await TryAsync(token, caller => caller.PostAsync(path, body, key));
        var what = answer is null ? "no answer" : answer.Status < 400 ? $"{answer.Status}" : $"{answer.Status} {answer.Code}";
        lock (promised)
        {
            promised.Answers[what] = promised.Answers.GetValueOrDefault(what) + 1;
            promised.CertainCount += IsCertain(answer) ? 1 : 0;
        }

        return answer;
    }

    private static bool IsCertain(HostAnswer? answer) =>
        answer is { Status: < 500 and not (408 or 429) } && answer.Code != ErrorCodes.IdempotencyInProgress;

    /// <summary>Null when the connection broke, or nobody was there.</summary>
    private async Task<HostAnswer?> TryAsync(string token, Func<HostCaller, Task<HostAnswer>> ask)
    {
        stop.ThrowIfCancellationRequested();
        if (cluster.Any(random) is not { } http)
            return null;
        try
        {
            return await ask(new HostCaller(http, token));
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException or ObjectDisposedException or JsonException)
        {
            return null;
        }
    }

    private static string ChargeOf(HostAnswer answer) => answer.Json["charge"]!["id"]!.ToString();
}

/// <summary>Who asks. Both hosts take the tokens, also after they were killed.</summary>
internal sealed record ChaosTokens(string Patient, string Admin)
{
    public static async Task<ChaosTokens> FetchAsync(ChaosCluster cluster)
    {
        var anybody = new HostCaller(cluster.Any(new Random(0))!, null);
        async Task<string> TokenAsync(string role) => (await anybody.PostAsync(
            "/dev/token", new JsonObject { ["tenant_id"] = "clinic-global", ["role"] = role, ["sub"] = HostFixture.NewName(role) })).Expect(200)["access_token"]!;
        return new ChaosTokens(await TokenAsync("patient"), await TokenAsync("admin"));
    }
}
