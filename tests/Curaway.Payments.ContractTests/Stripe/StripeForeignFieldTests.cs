using System.Text.Json.Nodes;

namespace Curaway.Payments.ContractTests.Stripe;

/// <summary>
/// Fields that are none of ours may hold anything: Stripe adds values and shapes, and an account shares its list of intents
/// with other software. What we own is read strictly all the same.
/// </summary>
public sealed class StripeForeignFieldTests : ProviderTests
{
    // All but charges and unheard_of make Stripe.net 53.1.0 throw at the whole object.
    private const string Odd =
        """
        {"amount_capturable":null,"amount_details":7,"application_fee_amount":1.5,"automatic_payment_methods":"yes","canceled_at":"soon",
         "charges":false,"confirmation_method":[],"created":null,"next_action":[],"payment_method":9,"payment_method_types":{},
         "setup_future_usage":{},"shipping":"here","transfer_data":0,"unheard_of":{"of":[null]}}
        """;

    private StripeHarness Stripe => (StripeHarness)World;

    [Theory]
    [InlineData(OperationKind.Authorize, OperationOutcome.RequiresAction)]
    [InlineData(OperationKind.Capture, OperationOutcome.Succeeded)]
    [InlineData(OperationKind.Void, OperationOutcome.Succeeded)]
    [InlineData(OperationKind.Refund, OperationOutcome.Succeeded)]
    public async Task An_odd_value_in_a_foreign_field_does_not_make_an_answer_unreadable(OperationKind kind, OperationOutcome outcome)
    {
        var request = RequestFor(kind);
        Stripe.StubVerb(request, 200, WithOddFields(Answer(request)));

        var result = await SendAsync(request);

        Assert.Equal((outcome, ProviderFault.None), (result.Outcome, result.Fault));
    }

    [Fact]
    public async Task An_odd_intent_inside_a_decline_does_not_undo_the_decline()
    {
        var request = RequestFor(OperationKind.Authorize, paymentMethod: "pm_1Contract");
        var decline = JsonNode.Parse(StripeAnswers.Declined("insufficient_funds"))!;
        decline["error"]!["payment_intent"] = JsonNode.Parse(WithOddFields(decline["error"]!["payment_intent"]!.ToJsonString()));
        decline["error"]!["request_log_url"] = 7;
        decline["error"]!["payment_method"] = "pm_1Contract";
        Stripe.StubVerb(request, 402, decline.ToJsonString());

        var result = await SendAsync(request);

        Assert.Equal((OperationOutcome.Declined, "insufficient_funds"), (result.Outcome, result.Reason));
        Assert.Equal(PaymentState.Failed, Assert.Single(result.Snapshot!.Payments).State);
    }

    [Fact]
    public async Task A_stranger_on_the_same_account_does_not_hide_our_intent_from_a_search()
    {
        var request = RequestFor(OperationKind.Authorize);
        var ours = StripeAnswers.Intent("requires_capture", StripeAnswers.Metadata(request), latestCharge: StripeAnswers.Charge());
        Stripe.StubIntents("7", "null", """{"id":null,"metadata":[]}""", """{"metadata":{"charge_id":7,"operation_id":null}}""", WithOddFields(ours));
        Stripe.StubIntent(WithOddFields(ours));

        var result = await World.Provider.FindAsync(request, Ct);

        Assert.Equal((OperationOutcome.Succeeded, StripeAnswers.IntentId), (result.Outcome, result.Snapshot!.Reference));
    }

    [Theory]
    [InlineData("""{"object":"list","has_more":true,"data":[{"metadata":{}}]}""")]
    [InlineData("""{"object":"list","has_more":true,"data":[7]}""")]
    [InlineData("""{"object":"list","data":[]}""")]
    [InlineData("""{"object":"list","has_more":false,"data":{}}""")]
    [InlineData("""{"has_more":false,"data":[]}""")]
    public async Task A_list_whose_end_cannot_be_told_is_unreadable(string list)
    {
        Stripe.StubGet("/v1/payment_intents", 200, list);

        var result = await World.Provider.FindAsync(RequestFor(OperationKind.Authorize), Ct);

        Assert.Equal((OperationOutcome.Indeterminate, ProviderFault.Unreadable), (result.Outcome, result.Fault));
    }

    [Fact]
    public async Task An_odd_value_in_a_listed_refund_does_not_spoil_the_reading()
    {
        var request = RequestFor(OperationKind.Refund);
        Stripe.StubIntent(StripeAnswers.Intent(
            "succeeded", received: 150_000, latestCharge: StripeAnswers.Charge(captured: true, amountCaptured: 150_000)));
        Stripe.StubRefunds(WithOddFields(StripeAnswers.Refund(metadata: StripeAnswers.Metadata(request))));

        Assert.Equal(OperationOutcome.Succeeded, (await World.Provider.FindAsync(request, Ct)).Outcome);
    }

    [Theory]
    [InlineData("id", "\"\\ud800\"")]
    [InlineData("amount", "null")]
    [InlineData("amount", "150000.0")]
    [InlineData("currency", "7")]
    [InlineData("status", "null")]
    [InlineData("object", "\"payment_method\"")]
    public async Task An_odd_value_in_a_field_of_ours_is_never_guessed(string field, string value)
    {
        var request = RequestFor(OperationKind.Capture);
        var whole = Answer(request);
        var own = JsonNode.Parse(whole)![field]!.ToJsonString();
        Stripe.StubVerb(request, 200, whole.Replace($"\"{field}\":{own}", $"\"{field}\":{value}", StringComparison.Ordinal));

        var result = await SendAsync(request);

        Assert.Equal((OperationOutcome.Indeterminate, ProviderFault.Unreadable), (result.Outcome, result.Fault));
    }

    [Fact]
    public async Task An_answer_without_end_is_not_read()
    {
        var request = RequestFor(OperationKind.Capture);
        Stripe.StubVerb(request, 200, Answer(request) + new string(' ', 5 * 1024 * 1024));

        Assert.Equal(ProviderFault.Unreadable, (await SendAsync(request)).Fault);
    }

    protected override ProviderHarness CreateHarness() => new StripeHarness();

    private static string Answer(ProviderRequest request)
    {
        var metadata = StripeAnswers.Metadata(request);
        return request.RequiredOperation.Kind switch
        {
            OperationKind.Authorize => StripeAnswers.Intent("requires_payment_method", metadata),
            OperationKind.Capture => StripeAnswers.Intent(
                "succeeded", metadata, received: 150_000, latestCharge: WithOddFields(StripeAnswers.Charge(captured: true, amountCaptured: 150_000))),
            OperationKind.Void => StripeAnswers.Intent("canceled", metadata, latestCharge: WithOddFields(StripeAnswers.Charge())),
            _ => StripeAnswers.Refund(metadata: metadata),
        };
    }

    private static string WithOddFields(string json)
    {
        var whole = JsonNode.Parse(json)!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(Odd)!.AsObject())
            whole[name] = value?.DeepClone();
        return whole.ToJsonString();
    }
}
