using System.Security.Cryptography;
using Stripe;
using static Curaway.Payments.Stripe.StripeMapping;

namespace Curaway.Payments.Stripe;

/// <summary>
/// Cards that Stripe keeps under a customer: saved by <c>setup_future_usage</c> of the intent the patient pays at checkout, read
/// back from the card itself, forgotten by detaching it (https://docs.stripe.com/api/payment_methods).
/// </summary>
internal sealed class StripeVault(StripeClientFactory clients) : IPaymentMethodVault
{
    private const string Customers = "/v1/customers";
    private const string Methods = "/v1/payment_methods";

    public string Provider => StripeProvider.ProviderName;

    public Task<VaultAnswer<string>> CreateCustomerAsync(string account, OpaqueId id, CancellationToken ct) => AskAsync(account, async stripe =>
    {
        var options = new CustomerCreateOptions { Metadata = new Dictionary<string, string> { ["customer_id"] = id.Value } };
        var answer = await stripe.PostAsync(Customers, options, $"customer-{id}", ct).ConfigureAwait(false);
        if (!answer.IsSuccess)
            return new VaultAnswer<string>(null, FaultOf(answer));
        return IsObject(answer.Json, "customer") && answer.Json.Text(StripeField.Id) is { } customer && IsId(customer, "cus_")
            ? new VaultAnswer<string>(customer)
            : new VaultAnswer<string>(null, ProviderFault.Unreadable);
    });

    public Task<VaultAnswer<KeptPaymentMethod>> FindKeptAsync(Charge charge, string customer, CancellationToken ct) =>
        AskAsync(charge.ProviderAccount, async stripe =>
        {
            if (!IsId(charge.Reference, "pi_"))
                return new VaultAnswer<KeptPaymentMethod>(null, ProviderFault.NotFound);
            var intent = await stripe.GetAsync($"/v1/payment_intents/{charge.Reference}", new PaymentIntentGetOptions(), ct).ConfigureAwait(false);
            if (!intent.IsSuccess)
                return new VaultAnswer<KeptPaymentMethod>(null, FaultOf(intent));
            if (!IsObject(intent.Json, "payment_intent") || intent.Json.Text(StripeField.Id) != charge.Reference)
                return new VaultAnswer<KeptPaymentMethod>(null, ProviderFault.Mismatch);
            if (IdOf(intent.Json, StripeField.PaymentMethod) is not { } token || !IsId(token, "pm_"))
                return new VaultAnswer<KeptPaymentMethod>(null);
            var method = await stripe.GetAsync($"{Methods}/{token}", new PaymentMethodGetOptions(), ct).ConfigureAwait(false);
            return method.IsSuccess ? KeptOf(method.Json, token, customer, stripe.Name) : new VaultAnswer<KeptPaymentMethod>(null, FaultOf(method));
        });

    /// <summary>
    /// Each send has a key of its own: detaching twice does no harm, and an error that Stripe stored under a key would come back
    /// for a day.
    /// </summary>
    public async Task<ProviderFault> ForgetAsync(SavedPaymentMethod method, CancellationToken ct) => (await AskAsync(method.Account, async stripe =>
    {
        if (!IsId(method.Token, "pm_"))
            return new VaultAnswer<string>(null, ProviderFault.NotFound);
        var key = "detach-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var answer = await stripe.PostAsync($"{Methods}/{method.Token}/detach", new PaymentMethodDetachOptions(), key, ct).ConfigureAwait(false);
        if (answer.IsSuccess || answer.Status is not (400 or 404))
            return new VaultAnswer<string>(null, answer.IsSuccess ? ProviderFault.None : FaultOf(answer));

        // "Not attached" has no code of its own, so the method itself is asked.
        var read = await stripe.GetAsync($"{Methods}/{method.Token}", new PaymentMethodGetOptions(), ct).ConfigureAwait(false);
        var isGone = (read.IsSuccess && IsObject(read.Json, "payment_method") && IdOf(read.Json, StripeField.Customer) is null)
            || FaultOf(read) == ProviderFault.NotFound;
        return new VaultAnswer<string>(null, isGone ? ProviderFault.None : FaultOf(answer));
    }).ConfigureAwait(false)).Fault;

    /// <summary>Only a card under that very customer is what the patient let us keep.</summary>
    private static VaultAnswer<KeptPaymentMethod> KeptOf(StripeValue json, string token, string customer, string account)
    {
        if (!IsObject(json, "payment_method") || json.Text(StripeField.Id) != token)
            return new VaultAnswer<KeptPaymentMethod>(null, ProviderFault.Mismatch);
        if (json.Text(StripeField.Type) != "card" || IdOf(json, StripeField.Customer) != customer)
            return new VaultAnswer<KeptPaymentMethod>(null);
        var card = json[StripeField.Card];
        if (card.Text(StripeField.Last4) is not { Length: 4 } lastFour || !lastFour.All(char.IsAsciiDigit))
            return new VaultAnswer<KeptPaymentMethod>(null, ProviderFault.Unreadable);
        var (year, month) = (card.Number(StripeField.ExpYear), card.Number(StripeField.ExpMonth));
        var hasExpiry = year is >= 2000 and <= 9999 && month is >= 1 and <= 12;
        return new VaultAnswer<KeptPaymentMethod>(new KeptPaymentMethod(
            new SavedPaymentMethod(StripeProvider.ProviderName, token, customer, account),
            Code(card.Text(StripeField.Brand)),
            lastFour,
            hasExpiry ? (int)year!.Value : null,
            hasExpiry ? (int)month!.Value : null));
    }

    private static ProviderFault FaultOf(StripeAnswer answer) => StripeErrors.OfRead(answer).Fault;

    private async Task<VaultAnswer<T>> AskAsync<T>(string account, Func<StripeAccount, Task<VaultAnswer<T>>> ask)
        where T : class
    {
        if (clients.Find(account) is not { } stripe)
            return new VaultAnswer<T>(null, ProviderFault.Configuration);
        try
        {
            return await ask(stripe).ConfigureAwait(false);
        }
        // A text that is not Unicode throws only when it is asked for.
        catch (InvalidOperationException)
        {
            return new VaultAnswer<T>(null, ProviderFault.Unreadable);
        }
    }
}
