namespace Curaway.Payments;

/// <summary>Every error code. What each means stands in <see cref="ErrorCatalogue"/>.</summary>
public static class ErrorCodes
{
    /// <summary>402: the card was declined, or our configuration at the provider is wrong.</summary>
    public const string ChargeFailed = "MSO_CHARGE_FAILED_001";

    /// <summary>503: the provider could not be reached (<c>not_sent</c>) or did not say what happened (<c>unknown</c>).</summary>
    public const string ProviderUnavailable = "MSO_PROVIDER_UNAVAILABLE_001";

    /// <summary>503: the provider's credentials are missing.</summary>
    public const string ProviderNotConfigured = "MSO_PROVIDER_NOT_CONFIGURED_001";

    /// <summary>400: no configured secret made this webhook's signature, or it is too old.</summary>
    public const string WebhookInvalidSignature = "MSO_WEBHOOK_INVALID_SIGNATURE_001";

    /// <summary>200: the webhook was stored before.</summary>
    public const string WebhookDuplicate = "MSO_WEBHOOK_DUPLICATE_001";

    /// <summary>413: the webhook's body is larger than we read.</summary>
    public const string WebhookTooLarge = "MSO_WEBHOOK_TOO_LARGE_001";

    /// <summary>409: the charge or consultation is not in a state that allows this.</summary>
    public const string StateConflict = "MSO_STATE_CONFLICT_001";

    /// <summary>409: the money is not authorized yet.</summary>
    public const string PaymentRequired = "MSO_PAYMENT_REQUIRED_001";

    /// <summary>422: the session ends after the provider would drop the hold.</summary>
    public const string AuthorizationWindow = "MSO_AUTHORIZATION_WINDOW_001";

    /// <summary>422: more than what was captured and is not refunded yet.</summary>
    public const string RefundExceedsCaptured = "MSO_REFUND_EXCEEDS_CAPTURED_001";

    /// <summary>422: a currency we or the provider do not take.</summary>
    public const string CurrencyUnsupported = "MSO_CURRENCY_UNSUPPORTED_001";

    /// <summary>422: an amount that is not positive, too large, or that the provider does not take.</summary>
    public const string AmountInvalid = "MSO_AMOUNT_INVALID_001";

    /// <summary>422: a field is missing, unknown or out of range.</summary>
    public const string ValidationFailed = "MSO_VALIDATION_FAILED_001";

    /// <summary>422: something that looks like a card number; it was not stored.</summary>
    public const string CardNumberRejected = "MSO_CARD_NUMBER_REJECTED_001";

    /// <summary>400: the body is not JSON, or not JSON we read.</summary>
    public const string MalformedRequest = "MSO_MALFORMED_REQUEST_001";

    /// <summary>401: no valid token.</summary>
    public const string Unauthenticated = "MSO_UNAUTHENTICATED_001";

    /// <summary>403: the role may not do this.</summary>
    public const string Forbidden = "MSO_FORBIDDEN_001";

    /// <summary>403: the tenant has switched this off.</summary>
    public const string Disabled = "MSO_DISABLED_001";

    /// <summary>404: unknown, or another tenant's.</summary>
    public const string NotFound = "MSO_NOT_FOUND_001";

    /// <summary>409: a request with the same idempotency key is still running.</summary>
    public const string IdempotencyInProgress = "MSO_IDEMPOTENCY_IN_PROGRESS_001";

    /// <summary>422: the idempotency key was used with another body.</summary>
    public const string IdempotencyMismatch = "MSO_IDEMPOTENCY_MISMATCH_001";

    /// <summary>400: this request needs an idempotency key.</summary>
    public const string IdempotencyRequired = "MSO_IDEMPOTENCY_REQUIRED_001";

    /// <summary>429: too many requests.</summary>
    public const string RateLimited = "MSO_RATE_LIMITED_001";

    /// <summary>503: our database did not answer.</summary>
    public const string StoreUnavailable = "MSO_STORE_UNAVAILABLE_001";

    /// <summary>500: a bug.</summary>
    public const string Internal = "MSO_INTERNAL_001";
}
