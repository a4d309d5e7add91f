using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>One answer, as it came over the wire.</summary>
public sealed record HostAnswer(string Request, int Status, string? ContentType, string Headers, string Text)
{
    public JsonObject Json => JsonNode.Parse(Text)!.AsObject();

    /// <summary>Our code of an error.</summary>
    public string? Code => this["code"];

    public string Id => this["id"]!;

    public string? this[string name] => Json[name]?.ToString();

    public string CheckoutUrl => Json["checkout"]!["url"]!.ToString();

    /// <summary>The body without what differs between any two answers.</summary>
    public string Comparable
    {
        get
        {
            var body = Json;
            body.Remove("trace_id");
            return $"{Status} {ContentType} {body.ToJsonString()}";
        }
    }

    public HostAnswer Expect(int status, string? code = null)
    {
        if (Status != status || (code is not null && Code != code))
            Assert.Fail($"{Request}: expected {status} {code}, got {Status} {Text}");
        return this;
    }
}

/// <summary>Somebody with a token (or without one) at the other end of a socket. Remembers every answer.</summary>
public sealed class HostCaller(HttpClient http, string? token)
{
    public const string Consultations = "/api/v1/mso/consultations";

    public ConcurrentQueue<HostAnswer> Answers { get; } = new();

    public string Token => token!;

    public Task<HostAnswer> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    public Task<HostAnswer> PostAsync(string path, JsonObject? body = null, string? key = null) => SendAsync(HttpMethod.Post, path, body, key);

    public Task<HostAnswer> SendAsync(HttpMethod method, string path, JsonObject? body, string? key = null)
    {
        var content = body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        return SendRawAsync(method, path, content, key is null ? [] : [("Idempotency-Key", key)]);
    }

    public async Task<HostAnswer> SendRawAsync(HttpMethod method, string path, HttpContent? content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = content };
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await http.SendAsync(request, HostFixture.Ct);
        var answer = new HostAnswer(
            $"{method} {path}", (int)response.StatusCode, response.Content.Headers.ContentType?.MediaType,
            response.Headers + response.Content.Headers.ToString(), await response.Content.ReadAsStringAsync(HostFixture.Ct));
        Answers.Enqueue(answer);
        return answer;
    }

    /// <summary>A body that is fine as it stands; tests change what they are about.</summary>
    public static JsonObject Consultation(long amount = 50_00, string currency = "USD", string country = "USA", TimeSpan? startsIn = null) => new()
    {
        ["amount_cents"] = amount,
        ["currency"] = currency,
        ["country_of_residence"] = country,
        ["starts_at"] = (DateTimeOffset.UtcNow + (startsIn ?? TimeSpan.FromHours(2))).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null),
    };

    /// <summary>A new consultation, paid through the cross-border provider unless a test says otherwise.</summary>
    public async Task<string> RequestAsync(JsonObject? body = null) => (await PostAsync(Consultations, body ?? Consultation())).Expect(201).Id;

    public Task<string> RequestInIndiaAsync() => RequestAsync(Consultation(500_00, "INR", "IND"));

    public Task<HostAnswer> ScheduleAsync(string id, string? method = null, string? key = null) =>
        PostAsync($"{Consultations}/{id}/schedule", method is null ? null : new JsonObject { ["payment_method"] = method }, key);

    public Task<HostAnswer> ReadAsync(string id) => GetAsync($"{Consultations}/{id}");

    public Task<HostAnswer> StartAsync(string id) => PostAsync($"{Consultations}/{id}/start");

    public Task<HostAnswer> EndAsync(string id) => PostAsync($"{Consultations}/{id}/end");

    public Task<HostAnswer> CancelAsync(string id) => PostAsync($"{Consultations}/{id}/cancel");

    public Task<HostAnswer> CompleteAsync(string id, JsonObject? proof) => PostAsync($"{Consultations}/{id}/checkout/complete", proof);

    /// <summary>A consultation whose money is held.</summary>
    public async Task<string> BookAsync()
    {
        var id = await RequestAsync();
        Assert.Equal("scheduled", (await ScheduleAsync(id, "test_ok")).Expect(200)["status"]);
        return id;
    }

    /// <summary>What the checkout document gives its script: the keys the patient's browser pays with.</summary>
    public async Task<JsonObject> OpenCheckoutAsync(HostAnswer scheduled) => CheckoutOf((await GetAsync(scheduled.CheckoutUrl)).Expect(200));

    public static JsonObject CheckoutOf(HostAnswer page)
    {
        const string Mark = "id=\"checkout-data\">";
        var from = page.Text.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length;
        return JsonNode.Parse(page.Text[from..page.Text.IndexOf("</script>", from, StringComparison.Ordinal)])!["parameters"]!.AsObject();
    }
}
