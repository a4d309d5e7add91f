using System.Net;
using System.Text;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Simulators;

public sealed class SimulatorFaultsTests : IAsyncLifetime
{
    private StripeSimulator _stripe = null!;
    private StripeWire _wire = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _stripe = await StripeSimulator.StartAsync(ct: Ct);
        _wire = new StripeWire(_stripe);
    }

    public async ValueTask DisposeAsync()
    {
        _wire.Dispose();
        await _stripe.DisposeAsync();
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 150_000)]
    public async Task Placement_decides_whether_the_money_has_moved(bool isAfter, long held)
    {
        var id = (await _wire.Create())["id"];
        var fault = isAfter ? SimulatorFault.ServerErrorHtml.AfterExecution() : SimulatorFault.ServerErrorHtml;
        _stripe.Faults.Next(StripeCall.Confirm, fault);
        var answer = await _wire.Post($"/v1/payment_intents/{id}/confirm", "payment_method=pm_card_visa");
        Assert.Equal(HttpStatusCode.InternalServerError, answer.Status);
        Assert.Contains("<html>", answer.Body, StringComparison.Ordinal);
        Assert.Equal(held, _stripe.Ledger.HeldAmount("c1"));
        Assert.Equal(0, _stripe.Faults.Count);
    }

    [Fact]
    public async Task A_reset_before_execution_moves_nothing_and_one_after_does()
    {
        var id = await _wire.Authorized();
        _stripe.Faults.Next(StripeCall.Capture, SimulatorFault.Reset);
        await Assert.ThrowsAsync<HttpRequestException>(() => _wire.Post($"/v1/payment_intents/{id}/capture", "", "k1"));
        Assert.Equal(0, _stripe.Ledger.CapturedAmount("c1"));
        _stripe.Faults.Next(StripeCall.Capture, SimulatorFault.Reset.AfterExecution());
        await Assert.ThrowsAsync<HttpRequestException>(() => _wire.Post($"/v1/payment_intents/{id}/capture", "", "k1"));
        Assert.Equal(150_000, _stripe.Ledger.CapturedAmount("c1"));
        Assert.Equal("succeeded", (await _wire.Post($"/v1/payment_intents/{id}/capture", "", "k1"))["status"]);
    }

    [Fact]
    public async Task A_reset_is_not_sent_again_behind_the_callers_back()
    {
        await _wire.Create();
        _stripe.Faults.Next(StripeCall.List, SimulatorFault.Reset);
        await Assert.ThrowsAsync<HttpRequestException>(() => _wire.Get("/v1/payment_intents"));
        Assert.Equal(2, _stripe.Ledger.Calls.Count);
    }

    [Fact]
    public async Task A_truncated_body_breaks_off_and_a_slow_one_arrives_whole()
    {
        _stripe.Faults.Next(StripeCall.Create, SimulatorFault.TruncatedBody);
        await Assert.ThrowsAnyAsync<Exception>(() => _wire.Create());
        _stripe.Faults.Next(StripeCall.Create, SimulatorFault.SlowBody(TimeSpan.FromMilliseconds(200)));
        Assert.Equal("requires_payment_method", (await _wire.Create())["status"]);
        Assert.Equal(2, _stripe.Ledger.PaymentIntents.Count);
    }

    [Fact]
    public async Task Wrong_amount_currency_and_id_stay_valid_answers()
    {
        _stripe.Faults.Next(StripeCall.Create, SimulatorFault.WrongAmount);
        _stripe.Faults.Next(StripeCall.Create, SimulatorFault.WrongCurrency);
        _stripe.Faults.Next(StripeCall.Create, SimulatorFault.WrongId);
        Assert.Equal("150001", (await _wire.Create())["amount"]);
        Assert.Equal("eur", (await _wire.Create())["currency"]);
        var wrong = (await _wire.Create())["id"];
        Assert.DoesNotContain(_stripe.Ledger.PaymentIntents, intent => intent.Id == wrong);
        Assert.All(_stripe.Ledger.PaymentIntents, intent => Assert.Equal(150_000, intent.Amount));
    }

    [Fact]
    public async Task A_call_delayed_before_execution_executes_although_the_client_has_gone()
    {
        var id = (await _wire.Create())["id"];
        _stripe.Faults.Next(StripeCall.Confirm, SimulatorFault.Delay(TimeSpan.FromSeconds(2)).BeforeExecution());
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        using var impatient = new HttpClient { BaseAddress = _stripe.BaseAddress };
        impatient.DefaultRequestHeaders.Authorization = new("Bearer", _stripe.Options.SecretKey);
        using var form = new StringContent("payment_method=pm_card_visa", Encoding.UTF8, "application/x-www-form-urlencoded");
        var call = impatient.PostAsync($"/v1/payment_intents/{id}/confirm", form, gone.Token);
        while (_stripe.Ledger.Calls[^1].Operation != nameof(StripeCall.Confirm)) await Task.Delay(5, Ct);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal(0, _stripe.Ledger.HeldAmount("c1"));
        for (var i = 0; i < 1000 && _stripe.Ledger.HeldAmount("c1") == 0; i++) await Task.Delay(20, Ct);
        Assert.Equal(150_000, _stripe.Ledger.HeldAmount("c1"));
    }

    [Fact]
    public async Task Faults_match_calls_or_content_and_standing_ones_last_until_cleared()
    {
        _stripe.Faults.Next(call => call.Body.Contains("amount=777", StringComparison.Ordinal), SimulatorFault.BadGatewayEmpty);
        _stripe.Faults.Always(StripeCall.Read | StripeCall.List, SimulatorFault.Answer(201, "{}"));
        Assert.Equal(HttpStatusCode.OK, (await _wire.Create()).Status);
        Assert.Equal(HttpStatusCode.BadGateway, (await _wire.Create(amount: 777)).Status);
        for (var i = 0; i < 3; i++) Assert.Equal(HttpStatusCode.Created, (await _wire.Get("/v1/payment_intents")).Status);
        _stripe.Faults.Clear();
        Assert.Equal(HttpStatusCode.OK, (await _wire.Get("/v1/payment_intents")).Status);
    }

    [Fact]
    public async Task Control_endpoints_set_faults_and_refuse_foreign_pages()
    {
        using var http = new HttpClient { BaseAddress = _stripe.BaseAddress };
        using var fault = new StringContent("""{"call":"Create","kind":"answer","status":503,"body":"[]"}""", Encoding.UTF8, "application/json");
        Assert.Equal(HttpStatusCode.OK, (await http.PostAsync("/_sim/faults", fault, Ct)).StatusCode);
        var struck = await _wire.Create();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, struck.Status);
        Assert.Equal("[]", struck.Body);

        using var foreign = new HttpRequestMessage(HttpMethod.Get, "/_sim/ledger");
        foreign.Headers.Add("Origin", "https://evil.example");
        Assert.Equal(HttpStatusCode.Forbidden, (await http.SendAsync(foreign, Ct)).StatusCode);
        using var rebound = new HttpRequestMessage(HttpMethod.Get, "/_sim/ledger");
        rebound.Headers.Host = "evil.example";
        Assert.Equal(HttpStatusCode.Forbidden, (await http.SendAsync(rebound, Ct)).StatusCode);
        using var local = new HttpRequestMessage(HttpMethod.Get, "/_sim/ledger");
        local.Headers.Add("Origin", "http://localhost:5000");
        var allowed = await http.SendAsync(local, Ct);
        Assert.Equal("http://localhost:5000", Assert.Single(allowed.Headers.GetValues("Access-Control-Allow-Origin")));
    }
}
