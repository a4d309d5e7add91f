using System.Reflection;
using Xunit;

namespace Curaway.Payments.Tests;

public sealed class ErrorCatalogueTests
{
    /// <summary>The table of the HTTP contract. A new code is added there, in the catalogue, in the docs and here together.</summary>
    private static readonly Dictionary<string, int> Contract = new()
    {
        ["MSO_CHARGE_FAILED_001"] = 402,
        ["MSO_PROVIDER_UNAVAILABLE_001"] = 503,
        ["MSO_PROVIDER_NOT_CONFIGURED_001"] = 503,
        ["MSO_WEBHOOK_INVALID_SIGNATURE_001"] = 400,
        ["MSO_WEBHOOK_DUPLICATE_001"] = 200,
        ["MSO_WEBHOOK_TOO_LARGE_001"] = 413,
        ["MSO_STATE_CONFLICT_001"] = 409,
        ["MSO_PAYMENT_REQUIRED_001"] = 409,
        ["MSO_AUTHORIZATION_WINDOW_001"] = 422,
        ["MSO_REFUND_EXCEEDS_CAPTURED_001"] = 422,
        ["MSO_CURRENCY_UNSUPPORTED_001"] = 422,
        ["MSO_AMOUNT_INVALID_001"] = 422,
        ["MSO_VALIDATION_FAILED_001"] = 422,
        ["MSO_CARD_NUMBER_REJECTED_001"] = 422,
        ["MSO_MALFORMED_REQUEST_001"] = 400,
        ["MSO_UNAUTHENTICATED_001"] = 401,
        ["MSO_FORBIDDEN_001"] = 403,
        ["MSO_DISABLED_001"] = 403,
        ["MSO_NOT_FOUND_001"] = 404,
        ["MSO_IDEMPOTENCY_IN_PROGRESS_001"] = 409,
        ["MSO_IDEMPOTENCY_MISMATCH_001"] = 422,
        ["MSO_IDEMPOTENCY_REQUIRED_001"] = 400,
        ["MSO_RATE_LIMITED_001"] = 429,
        ["MSO_STORE_UNAVAILABLE_001"] = 503,
        ["MSO_INTERNAL_001"] = 500,
    };

    private static readonly string[] Codes =
        [.. typeof(ErrorCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!)];

    [Fact]
    public void The_constants_are_the_contracts_codes() => Assert.Equal(Contract.Keys.Order(), Codes.Order());

    [Fact]
    public void The_catalogue_has_every_code_once_with_the_contracts_status()
    {
        Assert.Equal(Contract.Count, ErrorCatalogue.All.Count);
        foreach (var (code, status) in Contract)
            Assert.Equal((code, status), (ErrorCatalogue.Get(code).Code, ErrorCatalogue.Get(code).HttpStatus));
    }

    [Fact]
    public void Every_definition_has_both_texts_and_a_runbook_link() => Assert.All(ErrorCatalogue.All, definition =>
    {
        Assert.NotEqual("", definition.UserText);
        Assert.NotEqual("", definition.OperatorText);
        Assert.Equal("docs/runbook/errors.md#" + definition.Code.ToLowerInvariant(), definition.RunbookLink);
    });

    [Fact]
    public void No_text_for_patients_names_a_provider() => Assert.All(ErrorCatalogue.All, definition =>
    {
        Assert.DoesNotContain("stripe", definition.UserText, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("razorpay", definition.UserText, StringComparison.OrdinalIgnoreCase);
    });

    [Theory]
    [InlineData(ErrorCodes.ProviderUnavailable, true)]
    [InlineData(ErrorCodes.StoreUnavailable, true)]
    [InlineData(ErrorCodes.IdempotencyInProgress, true)]
    [InlineData(ErrorCodes.RateLimited, true)]
    [InlineData(ErrorCodes.ChargeFailed, false)]
    [InlineData(ErrorCodes.StateConflict, false)]
    [InlineData(ErrorCodes.WebhookInvalidSignature, false)]
    [InlineData(ErrorCodes.IdempotencyMismatch, false)]
    public void What_can_be_repeated_unchanged_is_retryable(string code, bool retryable) =>
        Assert.Equal(retryable, ErrorCatalogue.Get(code).Retryable);

    [Fact]
    public void An_error_finds_its_definition_and_an_unknown_code_is_a_bug()
    {
        Assert.Equal(402, new PaymentError(ErrorCodes.ChargeFailed, "insufficient_funds").Definition.HttpStatus);
        Assert.Throws<KeyNotFoundException>(() => ErrorCatalogue.Get("MSO_NONSENSE_001"));
    }
}
