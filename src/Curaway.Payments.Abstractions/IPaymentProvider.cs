namespace Curaway.Payments;

/// <summary>
/// All remote I/O of one provider. Stateless and thread-safe. Nothing expected throws: every answer, also none, becomes a
/// <see cref="ProviderResult"/>, and what a provider cannot be sure of is <see cref="OperationOutcome.Indeterminate"/>.
/// A second call with the same operation is a replay: it must not act twice. A provider without an idempotency header for
/// the verb reads back first when <see cref="ChargeOperation.SendCount"/> is above 1.
/// </summary>
public interface IPaymentProvider
{
    /// <summary>The name in routing, the database and URLs: lower case, such as <c>stripe</c>.</summary>
    string Name { get; }

    /// <summary>Our names of the accounts that were added, configured or not; <c>default</c> is among them when it was.</summary>
    IReadOnlyCollection<string> Accounts { get; }

    /// <summary>True when the account has credentials.</summary>
    bool IsConfigured(string account);

    /// <summary>True when the account's key moves real money, false for the provider's test mode, null when the key does not tell.</summary>
    bool? IsLiveMode(string account);

    /// <summary>What it can do with the account, and its limits; its defaults for an account nobody added.</summary>
    ProviderCapabilities CapabilitiesOf(string account);

    /// <summary>Holds the money with a saved method, or sets up what the patient pays at checkout.</summary>
    Task<ProviderResult> AuthorizeAsync(ProviderRequest request, CancellationToken ct);

    /// <summary>Takes the held money.</summary>
    Task<ProviderResult> CaptureAsync(ProviderRequest request, CancellationToken ct);

    /// <summary>Lets the held money go, or promises when it goes by itself.</summary>
    Task<ProviderResult> VoidAsync(ProviderRequest request, CancellationToken ct);

    /// <summary>Sends captured money back.</summary>
    Task<ProviderResult> RefundAsync(ProviderRequest request, CancellationToken ct);

    /// <summary>Checks what the checkout page brought back, against what the provider itself says.</summary>
    Task<ProviderResult> VerifyCheckoutAsync(ProviderRequest request, CheckoutProof proof, CancellationToken ct);

    /// <summary>
    /// What really happened? Reads the provider's truth about the charge, and answers how the request's operation came out.
    /// Without an operation it just reads. "Not found" is <see cref="OperationOutcome.Indeterminate"/>, not a failure.
    /// </summary>
    Task<ProviderResult> FindAsync(ProviderRequest request, CancellationToken ct);
}

/// <summary>One question to a provider.</summary>
/// <param name="Charge">The charge.</param>
/// <param name="Operation">The operation; null for a plain read.</param>
public sealed record ProviderRequest(Charge Charge, ChargeOperation? Operation)
{
    /// <summary>The operation of a verb.</summary>
    /// <exception cref="InvalidOperationException">The request is a plain read.</exception>
    public ChargeOperation RequiredOperation => Operation ?? throw new InvalidOperationException("A verb needs an operation.");
}

/// <summary>What a provider can do, and its limits.</summary>
public sealed record ProviderCapabilities
{
    /// <summary>How it writes amounts.</summary>
    public required CurrencyRules Currencies { get; init; }

    /// <summary>How long a hold lasts that the patient confirmed at checkout.</summary>
    public required TimeSpan AuthorizationWindow { get; init; }

    /// <summary>How long a hold lasts on a saved method without the patient; null when it cannot charge saved methods.</summary>
    public TimeSpan? SavedMethodAuthorizationWindow { get; init; }

    /// <summary>True when less than the held amount can be captured.</summary>
    public bool CanCapturePartially { get; init; }

    /// <summary>True when a void releases at once; false when the hold lapses later (see <see cref="Charge.ReleaseDueAt"/>).</summary>
    public bool VoidsAtOnce { get; init; }

    /// <summary>True when a void takes the money and sends it back at once, because the provider has no void.</summary>
    public bool VoidsByCapture { get; init; }

    /// <summary>
    /// For how long after the first send the verb may be sent again under the same key. Null: for ever, because the
    /// adapter reads back before it acts.
    /// </summary>
    public required Func<OperationKind, TimeSpan?> ReplayLifetime { get; init; }
}

/// <summary>What the browser must do next. Handed out by the checkout page only; it names the provider.</summary>
public sealed record ClientAction
{
    /// <summary>The provider's name.</summary>
    public required string Provider { get; init; }

    /// <summary>The provider's browser script.</summary>
    public required Uri ScriptUrl { get; init; }

    /// <summary>What the script needs, such as <c>client_secret</c> and <c>publishable_key</c>, or <c>order_id</c> and <c>key_id</c>.</summary>
    public required IReadOnlyDictionary<string, string> Parameters { get; init; }

    /// <summary>The names of the parameters; the values stay out of logs.</summary>
    public override string ToString() => $"{Provider}: {string.Join(", ", Parameters.Keys)}";
}

/// <summary>What the checkout page brought back from the provider's script, as it is: names and values.</summary>
/// <param name="Fields">The fields; at most <see cref="FieldCountMax"/> of at most <see cref="FieldLengthMax"/> characters.</param>
public sealed record CheckoutProof(IReadOnlyDictionary<string, string> Fields)
{
    /// <summary>The most fields a proof may have.</summary>
    public const int FieldCountMax = 16;

    /// <summary>The longest value, in characters.</summary>
    public const int FieldLengthMax = 512;
}
