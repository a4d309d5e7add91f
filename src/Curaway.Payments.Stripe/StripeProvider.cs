using Stripe;

namespace Curaway.Payments.Stripe;

/// <summary>Stripe: manual-capture payment intents. Reads top-down: the verbs, what they send, how an answer is read.</summary>
internal sealed class StripeProvider(StripeClientFactory clients) : IPaymentProvider
{
    public const string ProviderName = "stripe";

    private const string Intents = "/v1/payment_intents";
    private const string Refunds = "/v1/refunds";

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
        (account, key) => account.PostAsync(Intents, BuildAuthorize(request), key, ct),
        StripeOutcomes.Authorized);

    public Task<ProviderResult> CaptureAsync(ProviderRequest request, CancellationToken ct) => SendAsync(
        request,
        _ => HasReference(request),
        (account, key) => account.PostAsync($"{Intents}/{request.Charge.Reference}/capture", BuildCapture(request), key, ct),
        StripeOutcomes.Captured);

    public Task<ProviderResult> VoidAsync(ProviderRequest request, CancellationToken ct) => SendAsync(
        request,
        _ => HasReference(request),
        (account, key) => account.PostAsync($"{Intents}/{request.Charge.Reference}/cancel", BuildVoid(request), key, ct),
        StripeOutcomes.Voided);

    public Task<ProviderResult> RefundAsync(ProviderRequest request, CancellationToken ct) => SendAsync(
        request,
        _ => HasReference(request),
        (account, key) => account.PostAsync(Refunds, BuildRefund(request), key, ct),
        StripeOutcomes.Refunded);

    public Task<ProviderResult> VerifyCheckoutAsync(ProviderRequest request, CheckoutProof proof, CancellationToken ct) =>
        ReadAsync(request, async ask =>
        {
            if (proof.Fields.TryGetValue("payment_intent", out var claimed) && claimed != request.Charge.Reference)
                return ProviderResult.Declined("invalid_proof");
            if (!HasReference(request))
                return ProviderResult.Indeterminate(ProviderFault.NotFound);
            var intent = await GetIntentAsync(ask, request.Charge.Reference!, ct).ConfigureAwait(false);
            return intent.Failure ?? StripeOutcomes.CheckedOut(ask, intent.Value);
        });

    public Task<ProviderResult> FindAsync(ProviderRequest request, CancellationToken ct) =>
        ReadAsync(request, async ask =>
        {
            var reference = request.Charge.Reference is { } known ? known : await SearchIntentAsync(ask, ct).ConfigureAwait(false);
            if (reference.Failure is { } notFound)
                return notFound;
            var intent = await GetIntentAsync(ask, reference.Value!, ct).ConfigureAwait(false);
            if (intent is not { Value.Received.IsPositive: true })
                return intent.Failure ?? StripeOutcomes.Found(ask, intent.Value, []);
            var refunds = await ListRefundsAsync(ask, reference.Value!, ct).ConfigureAwait(false);
            return refunds.Failure ?? StripeOutcomes.Found(ask, intent.Value, refunds.Value!);
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
        options.Customer = operation.Customer;
        if (operation is { PaymentMethod: null, Customer: null })
        {
            options.AutomaticPaymentMethods = new PaymentIntentAutomaticPaymentMethodsOptions { Enabled = true };
            return options;
        }

        // Only a card is kept, since only a card is charged later without the patient.
        options.AllowedPaymentMethodTypes = ["card"];
        if (operation.PaymentMethod is null)
        {
            options.SetupFutureUsage = "off_session";
            return options;
        }

        options.PaymentMethod = operation.PaymentMethod;
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
        [WireName.Of(StripeField.ChargeId)] = request.Charge.Id.ToString(),
        [WireName.Of(StripeField.OperationId)] = request.RequiredOperation.Id.ToString(),
        ["consultation_id"] = request.Charge.ConsultationId.Value,
        ["tenant_id"] = request.Charge.TenantId.Value,
    };

    private Task<ProviderResult> SendAsync(
        ProviderRequest request,
        Func<StripeAccount, bool> canSend,
        Func<StripeAccount, string, Task<StripeAnswer>> call,
        Func<StripeAsk, StripeValue, ProviderResult> read)
    {
        if (clients.Find(request.Charge.ProviderAccount) is not { } account || !canSend(account))
            return Task.FromResult(ProviderResult.NotSent(ProviderFault.Configuration));
        return AskAsync(new StripeAsk(request, account), async ask =>
        {
            var answer = await call(account, request.RequiredOperation.IdempotencyKey).ConfigureAwait(false);
            return answer.IsSuccess
                ? read(ask, answer.Json) with { ProviderRequestId = answer.RequestId }
                : StripeErrors.OfVerb(ask, answer);
        });
    }

    private Task<ProviderResult> ReadAsync(ProviderRequest request, Func<StripeAsk, Task<ProviderResult>> read) =>
        clients.Find(request.Charge.ProviderAccount) is { } account
            ? AskAsync(new StripeAsk(request, account), read)
            : Task.FromResult(ProviderResult.Indeterminate(ProviderFault.Configuration));

    private static async Task<ProviderResult> AskAsync(StripeAsk ask, Func<StripeAsk, Task<ProviderResult>> act)
    {
        try
        {
            return await act(ask).ConfigureAwait(false);
        }
        // A text that is not Unicode throws only when it is asked for.
        catch (InvalidOperationException)
        {
            return ProviderResult.Indeterminate(ProviderFault.Unreadable);
        }
    }

    private static async Task<StripeReply<StripeIntent>> GetIntentAsync(StripeAsk ask, string reference, CancellationToken ct)
    {
        if (!StripeMapping.IsId(reference, "pi_"))
            return ProviderResult.Indeterminate(ProviderFault.NotFound);
        var options = new PaymentIntentGetOptions { Expand = ["latest_charge"] };
        var answer = await ask.Account.GetAsync($"{Intents}/{reference}", options, ct).ConfigureAwait(false);
        if (!answer.IsSuccess)
            return StripeErrors.OfRead(answer);
        return StripeMapping.ReadIntent(answer.Json, ask.Account.Name) is { } intent
            ? intent
            : ProviderResult.Indeterminate(ProviderFault.Unreadable);
    }

    /// <summary>The id of the intent that carries the ids of our operation or charge.</summary>
    private static async Task<StripeReply<string>> SearchIntentAsync(StripeAsk ask, CancellationToken ct)
    {
        if (ask.Request.Operation is not { } operation)
            return ProviderResult.Indeterminate(ProviderFault.NotFound);
        var since = (operation.FirstSentAt ?? operation.CreatedAt) - ClockSkewMax;
        var options = new PaymentIntentListOptions { Created = new DateRangeOptions { GreaterThanOrEqual = since.UtcDateTime } };
        await foreach (var page in ask.Account.ListAsync(Intents, options, ct).ConfigureAwait(false))
        {
            if (page.Failure is { } failure)
                return failure;
            var found = page.Value!.Items.Where(intent => StripeMapping.IsOurs(intent, ask.Request)).ToList();
            if (found.Count > 0)
                return found[0].Text(StripeField.Id) ?? "";
        }

        return ProviderResult.Indeterminate(ProviderFault.NotFound);
    }

    /// <summary>Every refund of the intent; a failure when one of them is unreadable.</summary>
    private static async Task<StripeReply<List<ChargeRefund>>> ListRefundsAsync(StripeAsk ask, string reference, CancellationToken ct)
    {
        var refunds = new List<ChargeRefund>();
        var options = new RefundListOptions { PaymentIntent = reference };
        await foreach (var page in ask.Account.ListAsync(Refunds, options, ct).ConfigureAwait(false))
        {
            if (page.Failure is { } failure)
                return failure;
            var read = page.Value!.Items.Select(item => StripeMapping.ReadRefund(item, ask.Account.Name)).ToList();
            if (!read.TrueForAll(refund => refund?.Reference == reference))
                return ProviderResult.Indeterminate(ProviderFault.Unreadable);
            refunds.AddRange(read.SelectMany(refund => refund!.Refunds));
        }

        return refunds;
    }
}
