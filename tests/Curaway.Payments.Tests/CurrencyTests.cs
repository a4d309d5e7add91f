using Xunit;

namespace Curaway.Payments.Tests;

public sealed class CurrencyTests
{
    [Fact]
    public void Every_currency_is_read_back_from_its_code_in_any_case()
    {
        Assert.True(Currency.All.Count > 150, $"{Currency.All.Count} currencies");
        foreach (var currency in Currency.All)
        {
            Assert.Equal(currency, Currency.Parse(currency.Code));
            Assert.Equal(currency, Currency.Parse(currency.Code.ToLowerInvariant()));
            Assert.Equal(currency.Code, currency.ToString());
            Assert.Equal(currency.Code.ToUpperInvariant(), currency.Code);
            Assert.InRange(currency.Exponent, 0, 3);
        }

        Assert.Equal(Currency.All.Count, Currency.All.Select(currency => currency.Code).Distinct().Count());
    }

    [Theory]
    [InlineData("USD", 2)]
    [InlineData("EUR", 2)]
    [InlineData("GBP", 2)]
    [InlineData("INR", 2)]
    [InlineData("AED", 2)]
    [InlineData("MGA", 2)]
    [InlineData("HUF", 2)]
    [InlineData("JPY", 0)]
    [InlineData("KRW", 0)]
    [InlineData("ISK", 0)]
    [InlineData("UGX", 0)]
    [InlineData("VND", 0)]
    [InlineData("CLP", 0)]
    [InlineData("KWD", 3)]
    [InlineData("BHD", 3)]
    [InlineData("JOD", 3)]
    [InlineData("OMR", 3)]
    [InlineData("TND", 3)]
    public void Exponents_are_those_of_ISO_4217(string code, int exponent) => Assert.Equal(exponent, Currency.Parse(code).Exponent);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("US")]
    [InlineData("USDT")]
    [InlineData(" USD")]
    [InlineData("XXX")]
    [InlineData("XAU")]
    [InlineData("XTS")]
    [InlineData("BTC")]
    [InlineData("U$D")]
    public void Other_text_is_no_currency(string? code)
    {
        Assert.False(Currency.TryParse(code, out var currency));
        Assert.Equal("", currency.Code);
        if (code is not null)
            Assert.Throws<FormatException>(() => Currency.Parse(code));
    }
}
