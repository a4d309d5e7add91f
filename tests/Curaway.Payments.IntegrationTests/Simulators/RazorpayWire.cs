using System.Net.Http.Headers;
using System.Text;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Simulators;

/// <summary>Plain HTTP to a Razorpay simulator.</summary>
internal sealed class RazorpayWire(RazorpaySimulator simulator) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = simulator.BaseAddress };
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _http.Dispose();

    public Task<WireAnswer> Post(string path, string json, string? key = null, string scheme = "Basic")
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        if (key is not null) request.Headers.Add("X-Refund-Idempotency", key);
        return Send(request, scheme);
    }

    public Task<WireAnswer> Get(string path) => Send(new HttpRequestMessage(HttpMethod.Get, path), "Basic");

    public Task<WireAnswer> Create(string receipt = "r1", string more = "") => Post("orders", $$$"""
        {"amount":50000,"currency":"INR","receipt":"{{{receipt}}}","notes":{"charge_id":"c1"},
         "payment":{"capture":"manual","capture_options":{"manual_expiry_period":4320,"refund_speed":"normal"}}{{{more}}}}
        """);

    /// <summary>An authorized payment on an order of its own.</summary>
    public async Task<string> Authorized(string receipt = "r1")
    {
        var order = await Create(receipt);
        return simulator.PayAsPatient(order["id"]!).PaymentId;
    }

    public async Task<string> Captured(string receipt = "r1")
    {
        var payment = await Authorized(receipt);
        var answer = await Capture(payment);
        Assert.Equal("captured", answer["status"]);
        return payment;
    }

    public Task<WireAnswer> Capture(string payment, long amount = 50_000, string currency = "INR") =>
        Post($"payments/{payment}/capture", $$"""{"amount":{{amount}},"currency":"{{currency}}"}""");

    private async Task<WireAnswer> Send(HttpRequestMessage request, string scheme)
    {
        using (request)
        {
            var pair = Encoding.UTF8.GetBytes($"{simulator.Options.KeyId}:{simulator.Options.KeySecret}");
            request.Headers.Authorization = new AuthenticationHeaderValue(scheme, Convert.ToBase64String(pair));
            using var response = await _http.SendAsync(request, Ct);
            return new WireAnswer(response.StatusCode, await response.Content.ReadAsStringAsync(Ct), response.Headers);
        }
    }
}
