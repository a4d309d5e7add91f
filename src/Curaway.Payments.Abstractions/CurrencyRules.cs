using System.Collections.Frozen;

namespace Curaway.Payments;

/// <summary>
/// How one provider writes amounts: its exponents where they differ from ISO 4217, the multiples it insists on and the
/// least it takes. Nobody multiplies by 100 by hand. Immutable and thread-safe.
/// </summary>
public sealed class CurrencyRules
{
    /// <summary>The largest amount we send, in the provider's units: 12 digits, the largest either provider documents.</summary>
    public const long ProviderAmountMax = 999_999_999_999;

    private readonly FrozenDictionary<string, int> _exponents;
    private readonly FrozenDictionary<string, long> _multiples;
    private readonly FrozenDictionary<string, long> _minimums;

    /// <summary>
    /// Rules from a provider's tables. A currency with three ISO decimals must be listed in <paramref name="exponents"/>,
    /// or it is refused: "all others have two decimals" in a provider's text is not proof enough to charge a card.
    /// </summary>
    /// <param name="exponents">The provider's exponent by currency code, where it differs from ISO 4217 or has three decimals.</param>
    /// <param name="multiples">What an amount in the provider's units must be a multiple of, by currency code.</param>
    /// <param name="minimums">The least amount in the provider's units, by currency code.</param>
    public CurrencyRules(
        IReadOnlyDictionary<string, int> exponents,
        IReadOnlyDictionary<string, long> multiples,
        IReadOnlyDictionary<string, long> minimums)
    {
        _exponents = exponents.ToFrozenDictionary();
        _multiples = multiples.ToFrozenDictionary();
        _minimums = minimums.ToFrozenDictionary();
    }

    /// <summary>
    /// Null when the provider takes the amount; else <see cref="ErrorCodes.CurrencyUnsupported"/> or
    /// <see cref="ErrorCodes.AmountInvalid"/>.
    /// </summary>
    public PaymentError? Check(Money amount)
    {
        if (!Supports(amount.Currency))
            return new PaymentError(ErrorCodes.CurrencyUnsupported, amount.Currency.Code);
        if (!amount.IsPositive || TryScale(amount) is not { } scaled || scaled > ProviderAmountMax)
            return new PaymentError(ErrorCodes.AmountInvalid, "range");
        if (scaled % _multiples.GetValueOrDefault(amount.Currency.Code, 1) != 0)
            return new PaymentError(ErrorCodes.AmountInvalid, "multiple");
        return scaled < _minimums.GetValueOrDefault(amount.Currency.Code, 1)
            ? new PaymentError(ErrorCodes.AmountInvalid, "minimum")
            : null;
    }

    /// <summary>The amount in the provider's units.</summary>
    /// <exception cref="ArgumentException">The currency or the amount cannot be written in the provider's units.</exception>
    public long ToProvider(Money amount) =>
        Supports(amount.Currency) && TryScale(amount) is { } scaled
            ? scaled
            : throw new ArgumentException("The provider cannot be asked for this amount.", nameof(amount));

    /// <summary>
    /// What the provider's amount means; null for a currency we do not take from it, a negative amount, or one that is no
    /// whole number of our minor units.
    /// </summary>
    public Money? FromProvider(long amount, string? currencyCode)
    {
        if (amount < 0 || !Currency.TryParse(currencyCode, out var currency) || !Supports(currency))
            return null;
        var shift = ExponentOf(currency) - currency.Exponent;
        var factor = Factor(shift);
        if (shift >= 0)
            return amount % factor == 0 ? new Money(amount / factor, currency) : null;
        return amount <= long.MaxValue / factor ? new Money(amount * factor, currency) : null;
    }

    private bool Supports(Currency currency) =>
        currency.Code.Length == 3 && (currency.Exponent < 3 || _exponents.ContainsKey(currency.Code));

    private int ExponentOf(Currency currency) => _exponents.GetValueOrDefault(currency.Code, currency.Exponent);

    private long? TryScale(Money amount)
    {
        var shift = ExponentOf(amount.Currency) - amount.Currency.Exponent;
        var factor = Factor(shift);
        if (shift < 0)
            return amount.MinorUnits % factor == 0 ? amount.MinorUnits / factor : null;
        return Math.Abs(amount.MinorUnits) <= ProviderAmountMax ? amount.MinorUnits * factor : null;
    }

    private static long Factor(int shift) => Math.Abs(shift) switch { 0 => 1, 1 => 10, 2 => 100, _ => 1000 };
}
