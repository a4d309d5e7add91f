using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Simulators;

/// <summary>The scripts are served, and the endpoints they call answer as the providers' browser libraries do.</summary>
public sealed class BrowserScriptTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_scripts_are_served_as_javascript()
    {
        await using var stripe = await StripeSimulator.StartAsync(ct: Ct);
        await using var razorpay = await RazorpaySimulator.StartAsync(ct: Ct);
        using var http = new HttpClient();
        foreach (var (address, global) in new[] { (stripe.ScriptAddress, "window.Stripe"), (razorpay.ScriptAddress, "window.Razorpay") })
        {
            using var response = await http.GetAsync(address, Ct);
            Assert.Equal("text/javascript", response.Content.Headers.ContentType!.MediaType);
            Assert.Contains(global, await response.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Confirming_declines_then_asks_the_bank_then_holds_the_money()
    {
        await using var stripe = await StripeSimulator.StartAsync(ct: Ct);
        using var wire = new StripeWire(stripe);
        var secret = (await wire.Create())["client_secret"]!;
        using var http = new HttpClient { BaseAddress = stripe.BaseAddress };
        var declined = await Ask(http, "confirm", new() { ["key"] = "pk_test_simulator", ["client_secret"] = secret, ["card"] = "4000 0000 0000 0002" });
        var asked = await Ask(http, "confirm", new() { ["client_secret"] = secret, ["card"] = "4000002500003155" });
        var paid = await Ask(http, "authenticate", new() { ["client_secret"] = secret, ["succeeds"] = true });
        var read = await Ask(http, "retrieve", new() { ["client_secret"] = secret });
        Assert.Equal("card_declined", declined["error"]!["code"]!.ToString());
        Assert.Equal("requires_action", asked["paymentIntent"]!["status"]!.ToString());
        Assert.Equal("requires_capture", paid["paymentIntent"]!["status"]!.ToString());
        Assert.Equal(read.ToJsonString(), paid.ToJsonString());
        Assert.Null(paid["paymentIntent"]!["metadata"]);
        Assert.Equal("unknown client secret", (await Ask(http, "confirm", new() { ["client_secret"] = secret + "x" }))["error"]!.ToString());
        Assert.Equal("unknown publishable key", (await Ask(http, "confirm", new() { ["key"] = "pk_other", ["client_secret"] = secret }))["error"]!.ToString());
    }

    [Fact]
    public async Task Checkout_declines_then_returns_the_three_fields()
    {
        await using var razorpay = await RazorpaySimulator.StartAsync(ct: Ct);
        using var wire = new RazorpayWire(razorpay);
        var order = (await wire.Create())["id"]!;
        using var http = new HttpClient { BaseAddress = razorpay.BaseAddress };
        var declined = await Ask(http, "pay", new() { ["order_id"] = order, ["method"] = "failure@razorpay" });
        var paid = await Ask(http, "pay", new() { ["key_id"] = "rzp_test_simulator", ["order_id"] = order, ["key"] = 0 });
        Assert.Equal("payment_failed", declined["error"]!["reason"]!.ToString());
        Assert.Equal(["razorpay_order_id", "razorpay_payment_id", "razorpay_signature"], paid.Select(field => field.Key).Order());
        var mac = HMACSHA256.HashData("simulator_key_secret"u8, Encoding.UTF8.GetBytes($"{order}|{paid["razorpay_payment_id"]}"));
        Assert.Equal(Convert.ToHexStringLower(mac), paid["razorpay_signature"]!.ToString());
    }

    [Fact]
    public async Task A_form_post_from_a_page_cannot_reach_the_control_endpoints()
    {
        await using var stripe = await StripeSimulator.StartAsync(ct: Ct);
        using var http = new HttpClient { BaseAddress = stripe.BaseAddress };
        using var simple = new StringContent("""{"seconds":3600}""", Encoding.UTF8, "text/plain");
        var before = stripe.Clock.GetUtcNow();
        Assert.Equal(HttpStatusCode.BadRequest, (await http.PostAsync("/_sim/clock/advance", simple, Ct)).StatusCode);
        Assert.True(stripe.Clock.GetUtcNow() - before < TimeSpan.FromMinutes(1));
    }

    private static async Task<JsonObject> Ask(HttpClient http, string path, JsonObject body)
    {
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await http.PostAsync("/_sim/" + path, content, Ct);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync(Ct))!.AsObject();
    }
}
