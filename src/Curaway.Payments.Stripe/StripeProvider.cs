using System.Text.Json;
using Stripe;

namespace Curaway.Payments.Stripe;

/// <summary>Stripe: manual-capture payment intents. Reads top-down: the verbs, what they send, how an answer is read.</summary>
internal sealed class StripeProvider(StripeClientFactory clients) : IPaymentProvider
{
    public const string ProviderName = "stripe";

    private const int PageSize = 100;
    private const int PageCountMax = 20;

    // Our database's clock and Stripe's may differ; an intent must not fall out of the search for that.
    private static readonly TimeSpan ClockSkewMax = TimeSpan.FromMinutes(10);

    // Windows: facts of https://docs.stripe.com/payments/place-a-hold-on-a-payment-method; the saved-method one is Visa's,
    // the shortest. Keys may be pruned after 24 h: https://docs.stripe.com/api/idempotent_requests
    private static readonly ProviderCapabilities Capabilities = new()
    {
        Currencies = StripeMapping.Currencies,
        AuthorizationWindow = TimeSpan.FromDays(7),
        SavedMethodAuthorizationWindow = new TimeSpan(4, 18, 0, 0),
        CanCapturePartially = true,
        VoidsAtOnce = true,
        ReplayLifetime = _ => TimeSpan.FromHours(24),
    };

    public string Name => ProviderName;

    public IReadOnlyCollection<string> Accounts => clients.Names;

    public bool IsConfigured(string account) => clients.Find(account) is not null;

    public bool? IsLiveMode(string account) => clients.OptionsOf(account)?.IsLiveMode;

    public ProviderCapabilities CapabilitiesOf(string account) => Capabilities;

    public Task<ProviderResult> AuthorizeAsync(ProviderRequest request, CancellationToken ct) => SendAsync(
        request,
        account => request.RequiredOperation.PaymentMethod is not null || account.Options.HasCheckoutKey,
        (account, keyed) => account.Client.V1.PaymentIntents.CreateAsync(BuildAuthorize(request), keyed, ct),
        StripeOutcomes.Authorized);

    public Task<ProviderResult> CaptureAsync(ProviderRequest request, CancellationToken ct) => SendAsync(
        request,
        _ => HasReference(request),
        (account, keyed) => account.Client.V1.PaymentIntents.CaptureAsync(request.Charge.Reference, BuildCapture(request), keyed, ct),
        StripeOutcomes.Captured);

    public Task<ProviderResult> VoidAsync(ProviderRequest request, CancellationToken ct) => SendAsync(
        request,
        _ => HasReference(request),
        (account, keyed) => account.Client.V1.PaymentIntents.CancelAsync(request.Charge.Reference, BuildVoid(request), keyed, ct),
        StripeOutcomes.Voided);

    public Task<ProviderResult> RefundAsync(ProviderRequest request, CancellationToken ct) => SendAsync(
        request,
        _ => HasReference(request),
        (account, keyed) => account.Client.V1.Refunds.CreateAsync(BuildRefund(request), keyed, ct),
        StripeOutcomes.Refunded);

    public Task<ProviderResult> VerifyCheckoutAsync(ProviderRequest request, CheckoutProof proof, CancellationToken ct) =>
        ReadAsync(request, async ask =>
        {
            if (proof.Fields.TryGetValue("payment_intent", out var claimed) && claimed != request.Charge.Reference)
                return ProviderResult.Indeterminate(ProviderFault.Mismatch, "other_payment_intent");
            return HasReference(request)
                ? StripeOutcomes.CheckedOut(ask, await GetIntentAsync(ask, request.Charge.Reference!, ct).ConfigureAwait(false))
                : ProviderResult.Indeterminate(ProviderFault.NotFound);
        });

    public Task<ProviderResult> FindAsync(ProviderRequest request, CancellationToken ct) =>
        ReadAsync(request, async ask =>
        {
            var reference = request.Charge.Reference ?? await SearchIntentAsync(ask, ct).ConfigureAwait(false);
            if (!StripeMapping.IsId(reference, "pi_"))
                return ProviderResult.Indeterminate(ProviderFault.NotFound);

            var intent = await GetIntentAsync(ask, reference!, ct).ConfigureAwait(false);
            if (intent is not { Received.IsPositive: true })
                return StripeOutcomes.Found(ask, intent, []);
            var refunds = await ListRefundsAsync(ask, reference!, ct).ConfigureAwait(false);
            return refunds is null ? ProviderResult.Indeterminate(ProviderFault.Unreadable) : StripeOutcomes.Found(ask, intent, refunds);
        });

    private static bool HasReference(ProviderRequest request) => StripeMapping.IsId(request.Charge.Reference, "pi_");

    private static PaymentIntentCreateOptions BuildAuthorize(ProviderRequest request)
    {
        var operation = request.RequiredOperation;
        var options = new PaymentIntentCreateOptions
        {
            Amount = StripeMapping.Currencies.ToProvider(operation.Amount),
            Currency = operation.Amount.Currency.Code.ToLowerInvariant(),
            CaptureMethod = "manual",
            Metadata = BuildMetadata(request),
            Expand = ["latest_charge"],
        };
        if (operation.PaymentMethod is null)
        {
            options.AutomaticPaymentMethods = new PaymentIntentAutomaticPaymentMethodsOptions { Enabled = true };
            return options;
        }

        options.PaymentMethod = operation.PaymentMethod;
        options.Customer = operation.Customer;
        options.AllowedPaymentMethodTypes = ["card"];
        options.Confirm = true;
        options.OffSession = true;
        return options;
    }

    private static PaymentIntentCaptureOptions BuildCapture(ProviderRequest request)
    {
        var amount = request.RequiredOperation.Amount;
        var authorized = request.Charge.PrincipalPayment?.Amount ?? request.Charge.Amount;
        return new PaymentIntentCaptureOptions
        {
            AmountToCapture = amount < authorized ? StripeMapping.Currencies.ToProvider(amount) : null,
            Expand = ["latest_charge"],
        };
    }

    private static PaymentIntentCancelOptions BuildVoid(ProviderRequest request) => new()
    {
        CancellationReason = request.RequiredOperation.Reason == "checkout_expired" ? "abandoned" : "requested_by_customer",
        Expand = ["latest_charge"],
    };

    // The reason is never "fraudulent": Stripe then puts the card and the e-mail address on its block list.
    private static RefundCreateOptions BuildRefund(ProviderRequest request) => new()
    {
        PaymentIntent = request.Charge.Reference,
        Amount = StripeMapping.Currencies.ToProvider(request.RequiredOperation.Amount),
        Reason = "requested_by_customer",
        Metadata = BuildMetadata(request),
    };

    private static Dictionary<string, string> BuildMetadata(ProviderRequest request) => new()
    {
        [StripeMapping.ChargeIdKey] = request.Charge.Id.ToString(),
        [StripeMapping.OperationIdKey] = request.RequiredOperation.Id.ToString(),
        ["consultation_id"] = request.Charge.ConsultationId.Value,
        ["tenant_id"] = request.Charge.TenantId.Value,
    };

    private async Task<ProviderResult> SendAsync<T>(
        ProviderRequest request,
        Func<StripeAccount, bool> canSend,
        Func<StripeAccount, RequestOptions, Task<T>> call,
        Func<StripeAsk, JsonElement, ProviderResult> read)
        where T : StripeEntity
    {
        if (clients.Find(request.Charge.ProviderAccount) is not { } account || !canSend(account))
            return ProviderResult.NotSent(ProviderFault.Configuration);
        var ask = new StripeAsk(request, account);
        try
        {
            var keyed = new RequestOptions { IdempotencyKey = request.RequiredOperation.IdempotencyKey };
            var answer = await call(account, keyed).ConfigureAwait(false);
            using var json = JsonDocument.Parse(answer.StripeResponse.Content);
            return read(ask, json.RootElement) with { ProviderRequestId = StripeErrors.RequestIdOf(answer.StripeResponse) };
        }
#pragma warning disable CA1031 // Stripe.net throws at least six types for transport and bodies; none of them may be taken for a failure.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return StripeErrors.OfException(ask, e);
        }
    }

    private async Task<ProviderResult> ReadAsync(ProviderRequest request, Func<StripeAsk, Task<ProviderResult>> read)
    {
        if (clients.Find(request.Charge.ProviderAccount) is not { } account)
            return ProviderResult.Indeterminate(ProviderFault.Configuration);
        try
        {
            return await read(new StripeAsk(request, account)).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // As above.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return StripeErrors.OfReadException(e);
        }
    }

    private static async Task<StripeIntent?> GetIntentAsync(StripeAsk ask, string reference, CancellationToken ct)
    {
        var options = new PaymentIntentGetOptions { Expand = ["latest_charge"] };
        var answer = await ask.Account.Client.V1.PaymentIntents.GetAsync(reference, options, null, ct).ConfigureAwait(false);
        using var json = JsonDocument.Parse(answer.StripeResponse.Content);
        return StripeMapping.ReadIntent(json.RootElement, ask.Account.Name);
    }

    /// <summary>The intent that carries the ids of our operation or charge; null when none was found.</summary>
    private static async Task<string?> SearchIntentAsync(StripeAsk ask, CancellationToken ct)
    {
        if (ask.Request.Operation is not { } operation)
            return null;
        var since = (operation.FirstSentAt ?? operation.CreatedAt) - ClockSkewMax;
        var options = new PaymentIntentListOptions
        {
            Created = new DateRangeOptions { GreaterThanOrEqual = since.UtcDateTime },
            Limit = PageSize,
        };
        for (var page = 0; page < PageCountMax; page++)
        {
            var list = await ask.Account.Client.V1.PaymentIntents.ListAsync(options, null, ct).ConfigureAwait(false);
            if (list.Data.Find(intent => StripeMapping.IsOurs(intent.Metadata, ask.Request)) is { } found)
                return found.Id;
            if (!list.HasMore || list.Data.Count == 0)
                return null;
            options.StartingAfter = list.Data[^1].Id;
        }

        return null;
    }

    /// <summary>Every refund of the intent; null when one of them is unreadable.</summary>
    private static async Task<List<ChargeRefund>?> ListRefundsAsync(StripeAsk ask, string reference, CancellationToken ct)
    {
        var refunds = new List<ChargeRefund>();
        var options = new RefundListOptions { PaymentIntent = reference, Limit = PageSize };
        for (var page = 0; page < PageCountMax; page++)
        {
            var list = await ask.Account.Client.V1.Refunds.ListAsync(options, null, ct).ConfigureAwait(false);
            using var json = JsonDocument.Parse(list.StripeResponse.Content);
            foreach (var item in json.RootElement.GetProperty("data").EnumerateArray())
            {
                if (StripeMapping.ReadRefund(item, ask.Account.Name) is not { } snapshot || snapshot.Reference != reference)
                    return null;
                refunds.AddRange(snapshot.Refunds);
            }

            if (!list.HasMore || list.Data.Count == 0)
                return refunds;
            options.StartingAfter = list.Data[^1].Id;
        }

        return null;
    }
}
