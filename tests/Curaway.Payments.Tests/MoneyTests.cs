using Xunit;

namespace Curaway.Payments.Tests;

public sealed class MoneyTests
{
    private static readonly Currency Usd = Currency.Parse("USD");
    private static readonly Currency Inr = Currency.Parse("INR");

    [Fact]
    public void Amounts_of_one_currency_add_subtract_and_compare()
    {
        var large = new Money(1500, Usd);
        var small = new Money(499, Usd);

        Assert.Equal(new Money(1999, Usd), large + small);
        Assert.Equal(new Money(1001, Usd), large - small);
        Assert.Equal(new Money(-1001, Usd), small - large);
        Assert.True(large > small && large >= small && small < large && small <= large);
        Assert.True(large >= new Money(1500, Usd) && large <= new Money(1500, Usd));
        Assert.False(large > new Money(1500, Usd) || large < new Money(1500, Usd));
        Assert.Equal(large, Money.Max(small, large));
        Assert.Equal(new Money(2498, Usd), Money.Sum([large, small, small], Usd));
    }

    [Fact]
    public void The_sum_of_nothing_is_nothing()
    {
        Assert.Equal(Money.Zero(Usd), Money.Sum([], Usd));
        Assert.False(Money.Zero(Usd).IsPositive);
        Assert.True(new Money(1, Usd).IsPositive);
        Assert.False(new Money(-1, Usd).IsPositive);
    }

    [Fact]
    public void Overflow_throws_and_never_wraps()
    {
        var most = new Money(long.MaxValue, Usd);
        var one = new Money(1, Usd);

        Assert.Throws<OverflowException>(() => most + one);
        Assert.Throws<OverflowException>(() => new Money(long.MinValue, Usd) - one);
        Assert.Throws<OverflowException>(() => Money.Sum([most, one], Usd));
    }

    [Fact]
    public void Two_currencies_do_not_mix()
    {
        var dollars = new Money(100, Usd);
        var rupees = new Money(100, Inr);

        Assert.Throws<InvalidOperationException>(() => dollars + rupees);
        Assert.Throws<InvalidOperationException>(() => dollars - rupees);
        Assert.Throws<InvalidOperationException>(() => dollars < rupees);
        Assert.Throws<InvalidOperationException>(() => dollars > rupees);
        Assert.Throws<InvalidOperationException>(() => dollars <= rupees);
        Assert.Throws<InvalidOperationException>(() => dollars >= rupees);
        Assert.Throws<InvalidOperationException>(() => Money.Max(dollars, rupees));
        Assert.Throws<InvalidOperationException>(() => Money.Sum([dollars, rupees], Usd));
        Assert.NotEqual(dollars, rupees);
    }

    [Theory]
    [InlineData(1500, "USD", "15.00 USD")]
    [InlineData(1, "USD", "0.01 USD")]
    [InlineData(1500, "JPY", "1500 JPY")]
    [InlineData(1500, "KWD", "1.500 KWD")]
    [InlineData(-250, "INR", "-2.50 INR")]
    public void It_is_written_with_the_decimals_of_its_currency(long minorUnits, string currency, string text) =>
        Assert.Equal(text, new Money(minorUnits, Currency.Parse(currency)).ToString());
}
