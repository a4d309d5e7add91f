namespace Curaway.Payments.ContractTests.Stripe;

/// <summary>Cards kept by Stripe: what is asked, and what an answer proves.</summary>
public sealed class StripeVaultTests : ProviderTests
{
    private const string Customer = "cus_1Contract";
    private const string Token = "pm_1Contract";

    private static readonly OpaqueId Id = OpaqueId.Parse("0194-customer");

    private StripeHarness Stripe => (StripeHarness)World;

    [Fact]
    [Trait("Promise", "P22")]
    public async Task A_customer_is_made_of_our_id_and_nothing_else_under_a_stable_key()
    {
        Stripe.Answer("POST", "/v1/customers", 200, """{"id":"cus_1Contract","object":"customer"}""");

        var first = await Stripe.Vault.CreateCustomerAsync("default", Id, Ct);
        var second = await Stripe.Vault.CreateCustomerAsync("default", Id, Ct);

        Assert.Equal((new VaultAnswer<string>(Customer), first), (first, second));
        var expected = new WireRequest(
            "POST", "/v1/customers", $"Bearer {StripeHarness.SecretKey}", "customer-0194-customer", ("metadata[customer_id]", "0194-customer"));
        Assert.Equal([expected.ToString(), expected.ToString()], World.Sent.Select(sent => sent.ToString()));
    }

    [Theory]
    [InlineData(500, """{"error":{"type":"api_error"}}""", ProviderFault.ServerError)]
    [InlineData(429, """{"error":{"type":"invalid_request_error","code":"rate_limit"}}""", ProviderFault.Throttled)]
    [InlineData(401, """{"error":{"type":"invalid_request_error"}}""", ProviderFault.Configuration)]
    [InlineData(200, "{}", ProviderFault.Unreadable)]
    [InlineData(200, """{"id":"cus_../x","object":"customer"}""", ProviderFault.Unreadable)]
    [InlineData(200, """{"id":"pm_1","object":"payment_method"}""", ProviderFault.Unreadable)]
    public async Task What_is_no_customer_is_a_fault(int status, string body, ProviderFault fault)
    {
        Stripe.Answer("POST", "/v1/customers", status, body);

        Assert.Equal(new VaultAnswer<string>(null, fault), await Stripe.Vault.CreateCustomerAsync("default", Id, Ct));
    }

    [Fact]
    public async Task A_checkout_that_saves_asks_for_a_card_under_the_customer()
    {
        var request = Saving();
        Stripe.StubSuccess(request);

        var result = await World.Provider.AuthorizeAsync(request, Ct);

        Assert.Equal(OperationOutcome.RequiresAction, result.Outcome);
        var sent = Assert.Single(World.Sent);
        Assert.Equal(Stripe.Expected(request).ToString(), sent.ToString());
        Assert.Equal((Customer, "off_session", "card"), (sent.Fields["customer"], sent.Fields["setup_future_usage"], sent.Fields["allowed_payment_method_types[0]"]));
    }

    [Fact]
    public async Task A_kept_card_is_read_from_the_card_itself()
    {
        StubIntent($"\"{Token}\"");
        StubCard();

        var kept = await FindAsync();

        Assert.Equal(new KeptPaymentMethod(new SavedPaymentMethod("stripe", Token, Customer), "visa", "4242", 2034, 12), kept.Value);
        Assert.All(World.Sent, sent => Assert.Equal("GET", sent.Method));
    }

    [Theory]
    [InlineData("null", Customer, "card")]
    [InlineData("\"pm_1Contract\"", "cus_Another", "card")]
    [InlineData("\"pm_1Contract\"", null, "card")]
    [InlineData("\"pm_1Contract\"", Customer, "sepa_debit")]
    public async Task What_is_not_a_card_under_that_customer_is_not_kept(string method, string? customer, string type)
    {
        StubIntent(method);
        StubCard(customer, type);

        Assert.Equal(new VaultAnswer<KeptPaymentMethod>(null), await FindAsync());
    }

    [Theory]
    [InlineData("42", ProviderFault.Unreadable)]
    [InlineData("Jane", ProviderFault.Unreadable)]
    public async Task A_card_that_cannot_be_shown_is_a_fault(string lastFour, ProviderFault fault)
    {
        StubIntent($"\"{Token}\"");
        StubCard(lastFour: lastFour);

        Assert.Equal(new VaultAnswer<KeptPaymentMethod>(null, fault), await FindAsync());
    }

    [Fact]
    public async Task A_card_without_a_date_is_kept_without_one_and_an_unknown_brand_is_a_machine_word()
    {
        StubIntent($"\"{Token}\"");
        StubCard(brand: "Jane Canary", month: 13);

        var kept = (await FindAsync()).Value!;

        Assert.Equal(("other", null, null), (kept.Brand, kept.ExpiryYear, kept.ExpiryMonth));
    }

    [Theory]
    [InlineData(404, ProviderFault.NotFound)]
    [InlineData(500, ProviderFault.ServerError)]
    public async Task A_read_that_fails_proves_nothing(int status, ProviderFault fault)
    {
        StubIntent($"\"{Token}\"");
        Stripe.Answer("GET", $"/v1/payment_methods/{Token}", status, ErrorBody(status));

        Assert.Equal(new VaultAnswer<KeptPaymentMethod>(null, fault), await FindAsync());
    }

    [Fact]
    public async Task Forgetting_detaches_the_card_and_each_send_has_its_own_key()
    {
        Stripe.Answer("POST", $"/v1/payment_methods/{Token}/detach", 200, Card(null));

        Assert.Equal((ProviderFault.None, ProviderFault.None), (await ForgetAsync(), await ForgetAsync()));

        Assert.All(World.Sent, sent => Assert.Empty(sent.Fields));
        Assert.Equal(2, World.Sent.Select(sent => sent.IdempotencyKey).Distinct().Count());
    }

    [Theory]
    [InlineData(400, null, ProviderFault.None)]
    [InlineData(404, "missing", ProviderFault.None)]
    [InlineData(400, Customer, ProviderFault.Configuration)]
    public async Task What_cannot_be_detached_is_forgotten_only_when_the_card_says_so(int status, string? customer, ProviderFault fault)
    {
        Stripe.Answer("POST", $"/v1/payment_methods/{Token}/detach", status, ErrorBody(status));
        Stripe.Answer("GET", $"/v1/payment_methods/{Token}", customer == "missing" ? 404 : 200, customer == "missing" ? ErrorBody(404) : Card(customer));

        Assert.Equal(fault, await ForgetAsync());
    }

    [Fact]
    public async Task A_provider_that_breaks_has_not_forgotten()
    {
        Stripe.Answer("POST", $"/v1/payment_methods/{Token}/detach", 500, ErrorBody(500));

        Assert.Equal(ProviderFault.ServerError, await ForgetAsync());
    }

    [Theory]
    [InlineData("pm_1/../../v1/refunds")]
    [InlineData("card_1")]
    public async Task A_token_that_is_none_is_never_put_into_a_url(string token)
    {
        Assert.Equal(ProviderFault.NotFound, await Stripe.Vault.ForgetAsync(new SavedPaymentMethod("stripe", token), Ct));
        Assert.Empty(World.Sent);
    }

    [Fact]
    public async Task Another_account_has_no_vault_without_credentials()
    {
        Assert.Equal(ProviderFault.Configuration, (await Stripe.Vault.CreateCustomerAsync("no_such_account", Id, Ct)).Fault);
        Assert.Equal(ProviderFault.Configuration, await Stripe.Vault.ForgetAsync(new SavedPaymentMethod("stripe", Token, Customer, "no_such_account"), Ct));
        Assert.Empty(World.Sent);
    }

    protected override ProviderHarness CreateHarness() => new StripeHarness();

    private static string Card(string? customer, string type = "card", string brand = "visa", string lastFour = "4242", int month = 12) =>
        $$"""
        {"id":"{{Token}}","object":"payment_method","customer":{{(customer is null ? "null" : $"\"{customer}\"")}},"type":"{{type}}",
         "billing_details":{"name":"Jane Canary","email":"jane@canary.example"},
         "card":{"brand":"{{brand}}","exp_month":{{month}},"exp_year":2034,"last4":"{{lastFour}}"} }
        """;

    private static string ErrorBody(int status) =>
        StripeAnswers.Error(status == 500 ? "api_error" : "invalid_request_error", status == 404 ? "resource_missing" : null);

    private ProviderRequest Saving()
    {
        var request = RequestFor(OperationKind.Authorize);
        return request with { Operation = request.Operation! with { Customer = Customer } };
    }

    private void StubIntent(string method) => Stripe.StubIntent(
        StripeAnswers.Intent("requires_capture").Replace("\"object\"", $"\"customer\":\"{Customer}\",\"payment_method\":{method},\"object\"", StringComparison.Ordinal));

    private void StubCard(string? customer = Customer, string type = "card", string brand = "visa", string lastFour = "4242", int month = 12) =>
        Stripe.Answer("GET", $"/v1/payment_methods/{Token}", 200, Card(customer, type, brand, lastFour, month));

    private Task<VaultAnswer<KeptPaymentMethod>> FindAsync() =>
        Stripe.Vault.FindKeptAsync(ChargeBefore(OperationKind.Capture), Customer, Ct);

    private Task<ProviderFault> ForgetAsync() => Stripe.Vault.ForgetAsync(new SavedPaymentMethod("stripe", Token, Customer), Ct);
}
