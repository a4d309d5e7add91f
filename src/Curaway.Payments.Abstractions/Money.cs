using System.Globalization;

namespace Curaway.Payments;

/// <summary>
/// An amount of one currency in ISO 4217 minor units: <c>new Money(1500, Currency.Parse("USD"))</c> is 15.00 USD,
/// <c>new Money(1500, Currency.Parse("JPY"))</c> is 1500 JPY. Arithmetic is checked: it throws instead of wrapping.
/// </summary>
/// <param name="MinorUnits">The amount in minor units; negative only as the result of a subtraction.</param>
/// <param name="Currency">The currency.</param>
public readonly record struct Money(long MinorUnits, Currency Currency)
{
    /// <summary>Nothing, in a currency.</summary>
    public static Money Zero(Currency currency) => new(0, currency);

    /// <summary>True when more than nothing.</summary>
    public bool IsPositive => MinorUnits > 0;

    /// <summary>The sum.</summary>
    /// <exception cref="InvalidOperationException">The currencies differ.</exception>
    /// <exception cref="OverflowException">The sum does not fit.</exception>
    public static Money operator +(Money left, Money right) => left with { MinorUnits = left.MinorUnits + right.In(left.Currency) };

    /// <summary>The difference.</summary>
    /// <exception cref="InvalidOperationException">The currencies differ.</exception>
    /// <exception cref="OverflowException">The difference does not fit.</exception>
    public static Money operator -(Money left, Money right) => left with { MinorUnits = left.MinorUnits - right.In(left.Currency) };

    /// <summary>True when the left amount is smaller.</summary>
    /// <exception cref="InvalidOperationException">The currencies differ.</exception>
    public static bool operator <(Money left, Money right) => left.MinorUnits < right.In(left.Currency);

    /// <summary>True when the left amount is larger.</summary>
    /// <exception cref="InvalidOperationException">The currencies differ.</exception>
    public static bool operator >(Money left, Money right) => left.MinorUnits > right.In(left.Currency);

    /// <summary>True when the left amount is not larger.</summary>
    /// <exception cref="InvalidOperationException">The currencies differ.</exception>
    public static bool operator <=(Money left, Money right) => left.MinorUnits <= right.In(left.Currency);

    /// <summary>True when the left amount is not smaller.</summary>
    /// <exception cref="InvalidOperationException">The currencies differ.</exception>
    public static bool operator >=(Money left, Money right) => left.MinorUnits >= right.In(left.Currency);

    /// <summary>The larger of two amounts.</summary>
    /// <exception cref="InvalidOperationException">The currencies differ.</exception>
    public static Money Max(Money left, Money right) => left >= right ? left : right;

    /// <summary>The sum of amounts of one currency; nothing for no amounts.</summary>
    /// <exception cref="InvalidOperationException">The currencies differ.</exception>
    /// <exception cref="OverflowException">The sum does not fit.</exception>
    public static Money Sum(IEnumerable<Money> amounts, Currency currency) =>
        amounts.Aggregate(Zero(currency), (sum, amount) => sum + amount);

    /// <summary>The amount with the currency's decimals and code, such as <c>15.00 USD</c>; the same in every culture.</summary>
    public override string ToString()
    {
        var scale = Currency.Exponent switch { 0 => 1m, 2 => 100m, _ => 1000m };
        return (MinorUnits / scale).ToString("F" + Currency.Exponent, CultureInfo.InvariantCulture) + " " + Currency;
    }

    private long In(Currency currency) =>
        Currency == currency ? MinorUnits : throw new InvalidOperationException("Amounts of two currencies do not mix.");
}
