using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Simulators;

/// <summary>One answer as it came over the wire.</summary>
internal sealed record WireAnswer(HttpStatusCode Status, string Body, HttpResponseHeaders Headers)
{
    public JsonObject Json => JsonNode.Parse(Body)!.AsObject();
    public string? this[string name] => Json[name]?.ToString();
    public JsonObject Error => Json["error"]!.AsObject();
    public string? Header(string name) => Headers.TryGetValues(name, out var values) ? string.Join(",", values) : null;
}

/// <summary>Plain HTTP to a Stripe simulator: no client library, so that the wire itself is tested.</summary>
internal sealed class StripeWire(StripeSimulator simulator) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = simulator.BaseAddress };
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _http.Dispose();

    public Task<WireAnswer> Post(string path, string form = "", string? key = null, string? secret = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(form, Encoding.UTF8, "application/x-www-form-urlencoded"),
        };
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        return Send(request, secret);
    }

    public Task<WireAnswer> Get(string path) => Send(new HttpRequestMessage(HttpMethod.Get, path), null);

    public Task<WireAnswer> Create(string? key = null, string more = "", long amount = 150_000) =>
        Post("/v1/payment_intents", $"amount={amount}&capture_method=manual&currency=inr&metadata[charge_id]=c1{more}", key);

    /// <summary>An intent whose money is held.</summary>
    public async Task<string> Authorized(string method = "pm_card_visa")
    {
        var answer = await Create(more: $"&confirm=true&payment_method={method}");
        Assert.Equal("requires_capture", answer["status"]);
        return answer["id"]!;
    }

    private async Task<WireAnswer> Send(HttpRequestMessage request, string? secret)
    {
        using (request)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", secret ?? simulator.Options.SecretKey);
            using var response = await _http.SendAsync(request, Ct);
            return new WireAnswer(response.StatusCode, await response.Content.ReadAsStringAsync(Ct), response.Headers);
        }
    }
}
