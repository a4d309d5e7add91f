using System.Net;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Simulators;

public sealed class StripeIdempotencyTests : IAsyncLifetime
{
    private StripeSimulator _stripe = null!;
    private StripeWire _wire = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _stripe = await StripeSimulator.StartAsync(new StripeSimulatorOptions { SlowAnswer = TimeSpan.FromMinutes(2) }, Ct);
        _wire = new StripeWire(_stripe);
    }

    public async ValueTask DisposeAsync()
    {
        _wire.Dispose();
        await _stripe.DisposeAsync();
    }

    [Fact]
    public async Task The_same_key_replays_the_first_answer_and_executes_once()
    {
        const string Paid = "&confirm=true&payment_method=pm_card_visa";
        var first = await _wire.Create("key-1", Paid);
        var second = await _wire.Create("key-1", Paid);
        Assert.Equal(first.Body, second.Body);
        Assert.Null(first.Header("Idempotent-Replayed"));
        Assert.Equal("true", second.Header("Idempotent-Replayed"));
        Assert.Equal(1, _stripe.Ledger.AuthorizationCount("c1"));
        Assert.Equal(["executed", "replayed"], _stripe.Ledger.Calls.Select(call => call.Outcome));
    }

    [Fact]
    public async Task A_decline_is_replayed_as_the_same_decline()
    {
        const string Declined = "&confirm=true&payment_method=pm_card_chargeDeclined";
        var first = await _wire.Create("key-1", Declined);
        var second = await _wire.Create("key-1", Declined);
        Assert.Equal(HttpStatusCode.PaymentRequired, second.Status);
        Assert.Equal(first.Body, second.Body);
        Assert.Single(_stripe.Ledger.Charges);
    }

    [Fact]
    public async Task Other_parameters_or_another_endpoint_under_a_key_are_refused()
    {
        var created = await _wire.Create("key-1");
        var otherAmount = await _wire.Create("key-1", amount: 1_000);
        var otherPath = await _wire.Post($"/v1/payment_intents/{created["id"]}/cancel", "", "key-1");
        Assert.Equal(HttpStatusCode.BadRequest, otherAmount.Status);
        Assert.Equal("idempotency_error", otherAmount.Error["type"]!.ToString());
        Assert.Equal("idempotency_error", otherPath.Error["type"]!.ToString());
    }

    [Fact]
    public async Task A_key_in_flight_is_409_until_the_first_call_is_done()
    {
        _stripe.Faults.Next(StripeCall.Create, SimulatorFault.Delay(TimeSpan.FromSeconds(2)).BeforeExecution());
        var slow = _wire.Create("key-1");
        while (_stripe.Ledger.Calls.Count == 0) await Task.Delay(5, Ct);
        await Task.Delay(50, Ct);
        var busy = await _wire.Create("key-1");
        Assert.Equal(HttpStatusCode.Conflict, busy.Status);
        Assert.Equal("idempotency_key_in_use", busy.Error["code"]!.ToString());
        Assert.Equal((await slow)["id"], (await _wire.Create("key-1"))["id"]);
        Assert.Single(_stripe.Ledger.PaymentIntents);
    }

    [Fact]
    public async Task Validation_failures_401_and_429_leave_the_key_free()
    {
        await _wire.Create("key-1", "&colour=red");
        await _wire.Post("/v1/payment_intents", "amount=1", "key-1", "sk_test_other");
        _stripe.Faults.Next(StripeCall.Create, SimulatorFault.RateLimited(TimeSpan.FromSeconds(3), stripeShouldRetry: false));
        var limited = await _wire.Create("key-1");
        Assert.Equal(HttpStatusCode.TooManyRequests, limited.Status);
        Assert.Equal("3", limited.Header("Retry-After"));
        Assert.Equal("false", limited.Header("Stripe-Should-Retry"));
        Assert.Equal(HttpStatusCode.OK, (await _wire.Create("key-1")).Status);
    }

    [Fact]
    public async Task A_pruned_key_is_a_new_request()
    {
        var first = await _wire.Create("key-1");
        _stripe.Clock.Advance(TimeSpan.FromHours(23));
        Assert.Equal(first["id"], (await _wire.Create("key-1"))["id"]);
        _stripe.Clock.Advance(TimeSpan.FromHours(1));
        Assert.NotEqual(first["id"], (await _wire.Create("key-1"))["id"]);
        Assert.Equal(2, _stripe.Ledger.PaymentIntents.Count);
    }

    [Fact]
    public async Task A_slow_method_executes_hangs_and_is_replayed_at_once()
    {
        const string Slow = "&confirm=true&payment_method=pm_sim_timeout";
        var first = _wire.Create("key-1", Slow);
        while (_stripe.Ledger.HeldAmount("c1") == 0) await Task.Delay(5, Ct);
        var replay = await _wire.Create("key-1", Slow).WaitAsync(TimeSpan.FromSeconds(10), Ct);
        Assert.Equal("requires_capture", replay["status"]);
        Assert.False(first.IsCompleted);
        Assert.Equal(1, _stripe.Ledger.AuthorizationCount("c1"));
        await _stripe.DisposeAsync();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => first);
    }

    [Fact]
    public async Task However_many_captures_arrive_at_once_one_executes()
    {
        var id = await _wire.Authorized();
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => _wire.Post($"/v1/payment_intents/{id}/capture", "", $"key-{i % 4}")));
        Assert.Equal(1, _stripe.Ledger.CaptureCount("c1"));
        Assert.Single(answers.Where(answer => answer.Status == HttpStatusCode.OK).Select(answer => answer.Body).Distinct());
        Assert.Single(_stripe.Webhooks.Pending, e => e.Type == "charge.captured");
        Assert.Single(_stripe.Ledger.Calls, call => call is { Operation: nameof(StripeCall.Capture), Outcome: "executed", Status: 200 });
    }

    [Fact]
    public async Task A_stored_500_is_replayed_as_the_provider_does()
    {
        _stripe.Faults.Next(StripeCall.Create, SimulatorFault.ServerErrorHtml.AfterExecution().Stored());
        await _wire.Create("key-1", "&confirm=true&payment_method=pm_card_visa");
        var replay = await _wire.Create("key-1", "&confirm=true&payment_method=pm_card_visa");
        Assert.Equal(HttpStatusCode.InternalServerError, replay.Status);
        Assert.Equal(1, _stripe.Ledger.AuthorizationCount("c1"));
    }
}
