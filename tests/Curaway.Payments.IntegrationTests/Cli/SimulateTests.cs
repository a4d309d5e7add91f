using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Curaway.Payments.IntegrationTests.Cli;

/// <summary>The simulators as a process, driven as a suite in any language would: over HTTP, and by nothing else.</summary>
public sealed class SimulateTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Both_providers_answer_keep_a_ledger_and_break_on_request_until_the_process_is_interrupted()
    {
        await using var process = CliProcess.Start([], "simulate", "--json", "--stripe-port", "0", "--razorpay-port", "0");
        var settings = JsonNode.Parse((await process.ReadLineAsync(Ct))!)!["environment"]!;
        using var http = new HttpClient();

        var stripe = new Uri(settings["STRIPE_API_BASE"]!.ToString());
        var create = new HttpRequestMessage(HttpMethod.Post, new Uri(stripe, "/v1/payment_intents"))
        {
            Content = new StringContent("amount=15000&currency=usd&capture_method=manual&automatic_payment_methods[enabled]=true&metadata[charge_id]=c1", Encoding.UTF8, "application/x-www-form-urlencoded"),
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", settings["STRIPE_SECRET_KEY"]!.ToString()) },
        };
        var intent = JsonNode.Parse(await (await http.SendAsync(create, Ct)).Content.ReadAsStringAsync(Ct))!;
        await PostAsync(http, stripe, "/_sim/confirm", new JsonObject { ["client_secret"] = intent["client_secret"]!.ToString(), ["card"] = "pm_card_visa" });
        var ledger = JsonNode.Parse(await http.GetStringAsync(new Uri(stripe, "/_sim/ledger"), Ct))!;
        Assert.Equal("requires_capture", ledger["payment_intents"]![0]!["status"]!.ToString());

        var razorpay = new Uri(settings["RAZORPAY_API_BASE"]!.ToString());
        await PostAsync(http, razorpay, "/_sim/faults", new JsonObject { ["call"] = "Create", ["kind"] = "answer", ["status"] = 502 });
        var order = new HttpRequestMessage(HttpMethod.Post, new Uri(razorpay, "/v1/orders"))
        {
            Content = new StringContent("""{"amount":50000,"currency":"INR"}""", Encoding.UTF8, "application/json"),
            Headers =
            {
                Authorization = new AuthenticationHeaderValue(
                    "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{settings["RAZORPAY_KEY_ID"]}:{settings["RAZORPAY_KEY_SECRET"]}"))),
            },
        };
        Assert.Equal(502, (int)(await http.SendAsync(order, Ct)).StatusCode);

        Assert.Equal(0, await process.InterruptAsync(Ct));
    }

    [Fact]
    public async Task A_port_that_is_taken_is_an_error_with_a_code()
    {
        await using var process = CliProcess.Start([], "simulate", "--json", "--stripe-port", "0", "--razorpay-port", "0");
        var settings = JsonNode.Parse((await process.ReadLineAsync(Ct))!)!["environment"]!;
        var taken = new Uri(settings["RAZORPAY_API_BASE"]!.ToString()).Port;

        var second = await CliProcess.RunAsync([], "simulate", "--json", "--stripe-port", "0", "--razorpay-port", $"{taken}");
        Assert.Equal((2, ErrorCodes.ValidationFailed), (second.ExitCode, second.Code));

        var nonsense = await CliProcess.RunAsync([], "simulate", "--json", "--host", "nowhere");
        Assert.Equal((2, ErrorCodes.ValidationFailed), (nonsense.ExitCode, nonsense.Code));
    }

    private static async Task PostAsync(HttpClient http, Uri simulator, string path, JsonObject body)
    {
        var answer = await http.PostAsync(new Uri(simulator, path), new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"), Ct);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Ct));
    }
}
