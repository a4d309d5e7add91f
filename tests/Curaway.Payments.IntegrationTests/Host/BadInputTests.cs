using System.Text;
using System.Text.Json.Nodes;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>Every bad input gets its code, and nothing is written for it.</summary>
public sealed class BadInputTests(HostFixture host) : IClassFixture<HostFixture>
{
    private const string Good = """{"amount_cents":5000,"currency":"USD","country_of_residence":"USA","starts_at":"{soon}","duration_minutes":30}""";

    [Theory]
    [InlineData("unknown currency", "\"USD\"", "\"XXQ\"", 422, ErrorCodes.CurrencyUnsupported)]
    [InlineData("currency with a NUL", "\"USD\"", "\"US\\u0000\"", 422, ErrorCodes.CurrencyUnsupported)]
    [InlineData("currency as a number", "\"USD\"", "840", 400, ErrorCodes.MalformedRequest)]
    [InlineData("no currency", "\"USD\"", "null", 422, ErrorCodes.ValidationFailed)]
    [InlineData("lone surrogate", "\"USD\"", "\"\\ud800\"", 400, ErrorCodes.MalformedRequest)]
    [InlineData("negative amount", "5000", "-1", 422, ErrorCodes.AmountInvalid)]
    [InlineData("zero amount", "5000", "0", 422, ErrorCodes.AmountInvalid)]
    [InlineData("huge amount", "5000", "9223372036854775807", 422, ErrorCodes.AmountInvalid)]
    [InlineData("amount beyond 64 bits", "5000", "92233720368547758080", 422, ErrorCodes.AmountInvalid)]
    [InlineData("fractional amount", "5000", "50.5", 400, ErrorCodes.MalformedRequest)]
    [InlineData("amount with an exponent", "5000", "5e3", 400, ErrorCodes.MalformedRequest)]
    [InlineData("amount beyond a double", "5000", "1e400", 400, ErrorCodes.MalformedRequest)]
    [InlineData("amount as text", "5000", "\"5000\"", 400, ErrorCodes.MalformedRequest)]
    [InlineData("no amount", "5000", "null", 422, ErrorCodes.ValidationFailed)]
    [InlineData("amount as a list", "5000", "[5000]", 400, ErrorCodes.MalformedRequest)]
    [InlineData("unknown field", "\"duration_minutes\"", "\"tip_cents\":1,\"duration_minutes\"", 400, ErrorCodes.MalformedRequest)]
    [InlineData("field in other case", "\"amount_cents\"", "\"Amount_Cents\"", 400, ErrorCodes.MalformedRequest)]
    [InlineData("duplicate key", "\"currency\"", "\"amount_cents\":1,\"currency\"", 400, ErrorCodes.MalformedRequest)]
    [InlineData("unclosed", "30}", "30", 400, ErrorCodes.MalformedRequest)]
    [InlineData("trailing text", "30}", "30}{}", 400, ErrorCodes.MalformedRequest)]
    [InlineData("trailing comma", "30}", "30,}", 400, ErrorCodes.MalformedRequest)]
    [InlineData("comment", "30}", "30/* */}", 400, ErrorCodes.MalformedRequest)]
    [InlineData("zero minutes", "30}", "0}", 422, ErrorCodes.ValidationFailed)]
    [InlineData("too many minutes", "30}", "481}", 422, ErrorCodes.ValidationFailed)]
    [InlineData("country of four letters", "\"USA\"", "\"USAA\"", 422, ErrorCodes.ValidationFailed)]
    [InlineData("country with a NUL", "\"USA\"", "\"U\\u0000A\"", 422, ErrorCodes.ValidationFailed)]
    [InlineData("card number as a country", "\"USA\"", "\"4242 4242 4242 4242\"", 422, ErrorCodes.CardNumberRejected)]
    [InlineData("card number in a field's name", "\"duration_minutes\"", "\"4242424242424242\":1,\"duration_minutes\"", 422, ErrorCodes.CardNumberRejected)]
    [InlineData("time without offset", "\"{soon}\"", "\"2027-01-01T10:00:00\"", 422, ErrorCodes.ValidationFailed)]
    [InlineData("time in the past", "\"{soon}\"", "\"2020-01-01T10:00:00Z\"", 422, ErrorCodes.ValidationFailed)]
    [InlineData("time as a number", "\"{soon}\"", "1799999999", 400, ErrorCodes.MalformedRequest)]
    [InlineData("time that is no date", "\"{soon}\"", "\"2027-02-30T10:00:00Z\"", 422, ErrorCodes.ValidationFailed)]
    [InlineData("SQL as a country", "\"USA\"", "\"';--\"", 422, ErrorCodes.ValidationFailed)]
    public async Task A_consultation_with_it_gets_its_code_and_is_not_written(string what, string good, string bad, int status, string code)
    {
        Assert.Contains(good, Good, StringComparison.Ordinal);
        var name = HostFixture.NewName("patient");
        await AssertRefusedAsync(name, Encoding.UTF8.GetBytes(With(good, bad)), "application/json", status, code, what);
    }

    [Theory]
    [InlineData("text/plain", 415)]
    [InlineData("application/x-www-form-urlencoded", 415)]
    [InlineData("", 415)]
    public async Task A_body_of_another_kind_is_refused(string contentType, int status) =>
        await AssertRefusedAsync(HostFixture.NewName("patient"), Encoding.UTF8.GetBytes(With("x", "x")), contentType, status, ErrorCodes.MalformedRequest, contentType);

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"text\"")]
    public async Task A_body_that_is_no_object_is_refused(string body)
    {
        var name = HostFixture.NewName("patient");
        var answer = await PostRawAsync(name, Encoding.UTF8.GetBytes(body), "application/json");
        Assert.InRange(answer.Status, 400, 422);
        Assert.StartsWith("MSO_", answer.Code, StringComparison.Ordinal);
        await AssertNothingOfAsync(name);
    }

    [Fact]
    public async Task Bytes_that_are_no_UTF8_and_a_nest_too_deep_are_refused()
    {
        byte[] bytes = [.. Encoding.UTF8.GetBytes("{\"currency\":\""), 0xC3, 0x28, .. "\"}"u8];
        await AssertRefusedAsync(HostFixture.NewName("patient"), bytes, "application/json", 400, ErrorCodes.MalformedRequest, "UTF-8");
        var deep = new string('[', 65) + new string(']', 65);
        await AssertRefusedAsync(HostFixture.NewName("patient"), Encoding.UTF8.GetBytes(deep), "application/json", 400, ErrorCodes.MalformedRequest, "depth");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_that_is_too_large_is_a_413_however_it_is_sent(bool isChunked)
    {
        var name = HostFixture.NewName("patient");
        var caller = host.Patient(name: name);
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(With("\"USD\"", $"\"{new string('A', 40_000)}\"")));
        content.Headers.ContentType = new("application/json");
        var headers = isChunked ? new[] { ("Transfer-Encoding", "chunked") } : [];
        (await caller.SendRawAsync(HttpMethod.Post, HostCaller.Consultations, content, headers)).Expect(413, ErrorCodes.MalformedRequest);
        await AssertNothingOfAsync(name);
    }

    [Fact]
    public async Task A_session_beyond_the_providers_window_is_refused_before_anything_is_written()
    {
        var patient = host.Patient();
        var id = await patient.RequestAsync(HostCaller.Consultation(startsIn: TimeSpan.FromDays(30)));
        (await patient.ScheduleAsync(id, "test_ok")).Expect(422, ErrorCodes.AuthorizationWindow);
        (await patient.ScheduleAsync(id)).Expect(422, ErrorCodes.AuthorizationWindow);
        var india = await patient.RequestAsync(HostCaller.Consultation(500_00, "INR", "IND", TimeSpan.FromDays(4)));
        (await patient.ScheduleAsync(india)).Expect(422, ErrorCodes.AuthorizationWindow);
        foreach (var refused in new[] { id, india })
        {
            Assert.Equal(0, await host.ChargesOfAsync(refused));
            Assert.Equal(0, await host.SessionsOfAsync(refused));
            Assert.Equal("requested", await host.StatusOfAsync(refused));
        }
    }

    [Theory]
    [InlineData("schedule", """{"payment_method":"pm_card_visa"}""", 422, ErrorCodes.ValidationFailed)]
    [InlineData("schedule", """{"payment_method":"test_ok","payment_method":"test_ok"}""", 400, ErrorCodes.MalformedRequest)]
    [InlineData("schedule", """{"payment_method":"4000 0000 0000 0002"}""", 422, ErrorCodes.CardNumberRejected)]
    [InlineData("schedule", """{"explicit_override":"razorpay"}""", 403, ErrorCodes.Forbidden)]
    [InlineData("schedule", """{"save_method":"yes"}""", 400, ErrorCodes.MalformedRequest)]
    [InlineData("cancel", """{"reason":"my card is 4242-4242-4242-4242"}""", 422, ErrorCodes.CardNumberRejected)]
    [InlineData("cancel", """{"reason":"a\u0000b"}""", 422, ErrorCodes.ValidationFailed)]
    [InlineData("cancel", """{"reason":"\udfff"}""", 400, ErrorCodes.MalformedRequest)]
    [InlineData("cancel", """{"reason":7}""", 400, ErrorCodes.MalformedRequest)]
    [InlineData("checkout/complete", """{"payment_intent":{}}""", 422, ErrorCodes.ValidationFailed)]
    public async Task A_call_of_a_patient_with_it_changes_nothing(string verb, string body, int status, string code)
    {
        var patient = host.Patient();
        var id = await patient.RequestAsync();
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        (await patient.SendRawAsync(HttpMethod.Post, $"{HostCaller.Consultations}/{id}/{verb}", content)).Expect(status, code);
        Assert.Equal("requested", await host.StatusOfAsync(id));
        Assert.Equal(0, await host.ChargesOfAsync(id));
    }

    [Theory]
    [InlineData("2020-01-01T00:00:00Z")]
    [InlineData("2100-01-01T00:00:00Z")]
    [InlineData("yesterday")]
    public async Task A_session_cannot_have_ended_before_it_began_or_later_than_now(string endedAt)
    {
        var id = await host.Patient().BookAsync();
        var clinician = host.Clinician();
        (await clinician.StartAsync(id)).Expect(200);
        (await clinician.PostAsync($"{HostCaller.Consultations}/{id}/end", new JsonObject { ["ended_at"] = endedAt })).Expect(422, ErrorCodes.ValidationFailed);
        Assert.Equal("in_session", await host.StatusOfAsync(id));
        Assert.Equal("authorized", await host.ChargeStatusOfAsync(id));
    }

    [Theory]
    [InlineData("?status=paid")]
    [InlineData("?limit=0")]
    [InlineData("?limit=101")]
    [InlineData("?limit=many")]
    [InlineData("?cursor=%00")]
    public async Task A_list_that_makes_no_sense_is_a_422(string query) =>
        (await host.Patient().GetAsync(HostCaller.Consultations + query)).Expect(422, ErrorCodes.ValidationFailed);

    [Fact]
    public async Task Without_a_good_token_there_is_a_401_and_nothing_is_written()
    {
        var name = HostFixture.NewName("patient");
        var hour = TimeSpan.FromHours(1);
        var good = host.TokenFor("patient", "clinic-global", name, hour);
        var parts = good.Split('.');
        string[] tokens =
        [
            host.TokenFor("patient", "clinic-global", name, TimeSpan.FromMinutes(-5)),
            host.TokenFor("patient", "clinic-global", name, hour, signingKey: new string('k', 64)),
            host.TokenFor("owner", "clinic-global", name, hour),
            host.TokenFor("patient", "", name, hour),
            host.TokenFor("patient", "clinic-global", "", hour),
            $"{Convert.ToBase64String("{\"alg\":\"none\",\"typ\":\"JWT\"}"u8).TrimEnd('=')}.{parts[1]}.",
            "rubbish",
        ];
        foreach (var token in tokens)
            (await host.WithToken(token).PostAsync(HostCaller.Consultations, HostCaller.Consultation())).Expect(401, ErrorCodes.Unauthenticated);
        (await host.Anonymous().PostAsync(HostCaller.Consultations, HostCaller.Consultation())).Expect(401, ErrorCodes.Unauthenticated);
        await AssertNothingOfAsync(name);
        (await host.WithToken(good).PostAsync(HostCaller.Consultations, HostCaller.Consultation())).Expect(201);
    }

    private static string With(string good, string bad) => Good.Replace(good, bad, StringComparison.Ordinal)
        .Replace("{soon}", DateTimeOffset.UtcNow.AddHours(2).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null), StringComparison.Ordinal);

    private Task<HostAnswer> PostRawAsync(string name, byte[] body, string contentType)
    {
        var content = new ByteArrayContent(body);
        if (contentType.Length > 0)
            content.Headers.ContentType = new(contentType);
        return host.Patient(name: name).SendRawAsync(HttpMethod.Post, HostCaller.Consultations, content);
    }

    private async Task AssertRefusedAsync(string name, byte[] body, string contentType, int status, string code, string what)
    {
        var answer = await PostRawAsync(name, body, contentType);
        Assert.True(answer.Status == status && answer.Code == code, $"{what}: {answer.Status} {answer.Text}");
        Assert.Equal("application/problem+json", answer.ContentType);
        await AssertNothingOfAsync(name);
    }

    private async Task AssertNothingOfAsync(string name) =>
        Assert.Equal(0, await host.CountAsync("SELECT count(*) FROM consultations WHERE patient_id = @id", name));
}
