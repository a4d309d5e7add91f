namespace Curaway.Payments.ContractTests.Stripe;

/// <summary>A card's whole life against the simulator: kept at checkout, charged without the patient, forgotten.</summary>
public sealed class StripeVaultSimulatorTests : ProviderTests
{
    private StripeSimulatorHarness Stripe => (StripeSimulatorHarness)World;

    [Theory]
    [InlineData("pm_card_visa", "4242")]
    [InlineData("pm_card_authenticationRequiredOnSetup", "3155")]
    public async Task A_card_is_kept_once_it_has_paid_and_pays_off_session_until_it_is_forgotten(string card, string lastFour)
    {
        var customer = await CustomerAsync("patient_1");
        var paid = await AuthorizeAsync(customer, null);
        var charge = paid.Request.Charge with { Reference = paid.Result.Snapshot!.Reference };
        Assert.Null((await Stripe.Vault.FindKeptAsync(charge, customer, Ct)).Value);

        Stripe.PayAndAuthenticate(paid.Result.NextAction!.Parameters["client_secret"], card);
        var kept = (await Stripe.Vault.FindKeptAsync(charge, customer, Ct)).Value!;
        Assert.Equal(("visa", lastFour, 2034, 12), (kept.Brand, kept.LastFour, kept.ExpiryYear, kept.ExpiryMonth));
        Assert.Null((await Stripe.Vault.FindKeptAsync(charge, await CustomerAsync("patient_2"), Ct)).Value);

        Assert.Equal(OperationOutcome.Succeeded, (await AuthorizeAsync(customer, kept.Method.Token)).Result.Outcome);
        Assert.Equal((ProviderFault.None, ProviderFault.None), (await Stripe.Vault.ForgetAsync(kept.Method, Ct), await Stripe.Vault.ForgetAsync(kept.Method, Ct)));
        Assert.Null((await Stripe.Vault.FindKeptAsync(charge, customer, Ct)).Value);
        Assert.Equal(OperationOutcome.Declined, (await AuthorizeAsync(customer, kept.Method.Token)).Result.Outcome);
    }

    [Fact]
    public async Task A_bank_that_always_asks_declines_what_is_kept_when_nobody_is_there()
    {
        var customer = await CustomerAsync("patient_1");
        var paid = await AuthorizeAsync(customer, null);
        Stripe.PayAndAuthenticate(paid.Result.NextAction!.Parameters["client_secret"], "pm_card_authenticationRequired");
        var charge = paid.Request.Charge with { Reference = paid.Result.Snapshot!.Reference };
        var kept = (await Stripe.Vault.FindKeptAsync(charge, customer, Ct)).Value!;

        var (_, result) = await AuthorizeAsync(customer, kept.Method.Token);

        Assert.Equal((OperationOutcome.Declined, "authentication_required"), (result.Outcome, result.Reason));
        Assert.Equal(PaymentState.Failed, Assert.Single(result.Snapshot!.Payments).State);
    }

    [Fact]
    public async Task The_same_id_is_the_same_customer_and_nothing_of_another_customer_pays()
    {
        var (first, again, second) = (await CustomerAsync("patient_1"), await CustomerAsync("patient_1"), await CustomerAsync("patient_2"));
        Assert.Equal(first, again);
        Assert.NotEqual(first, second);
        var paid = await AuthorizeAsync(first, null);
        Stripe.PayAndAuthenticate(paid.Result.NextAction!.Parameters["client_secret"], "pm_card_visa");
        var kept = (await Stripe.Vault.FindKeptAsync(paid.Request.Charge with { Reference = paid.Result.Snapshot!.Reference }, first, Ct)).Value!;

        var (_, swapped) = await AuthorizeAsync(second, kept.Method.Token);

        Assert.Equal((OperationOutcome.Declined, "payment_method_customer_mismatch"), (swapped.Outcome, swapped.Reason));
    }

    protected override ProviderHarness CreateHarness() => new StripeSimulatorHarness();

    private async Task<string> CustomerAsync(string id) => (await Stripe.Vault.CreateCustomerAsync("default", OpaqueId.Parse(id), Ct)).Value!;

    private async Task<(ProviderRequest Request, ProviderResult Result)> AuthorizeAsync(string customer, string? method)
    {
        var request = RequestFor(OperationKind.Authorize, paymentMethod: method);
        var charge = request.Charge with { Id = new ChargeId(Guid.CreateVersion7()) };
        request = new ProviderRequest(charge, request.Operation! with { Id = new OperationId(Guid.CreateVersion7()), ChargeId = charge.Id, Customer = customer });
        return (request, await World.Provider.AuthorizeAsync(request, Ct));
    }
}
