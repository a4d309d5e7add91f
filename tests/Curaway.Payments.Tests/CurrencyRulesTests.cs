using Xunit;

namespace Curaway.Payments.Tests;

public sealed class CurrencyRulesTests
{
    // ISK: no ISO decimals, two at the provider. KWD: three, the last always 0. MGA: two ISO decimals, none at the provider.
    private static readonly CurrencyRules Rules = new(
        new Dictionary<string, int> { ["ISK"] = 2, ["UGX"] = 2, ["KWD"] = 3, ["MGA"] = 0 },
        new Dictionary<string, long> { ["ISK"] = 100, ["UGX"] = 100, ["KWD"] = 10 },
        new Dictionary<string, long> { ["USD"] = 50, ["INR"] = 100 });

    [Theory]
    [InlineData("USD", 1500, 1500)]
    [InlineData("JPY", 1500, 1500)]
    [InlineData("ISK", 1500, 150_000)]
    [InlineData("KWD", 1500, 1500)]
    [InlineData("MGA", 1500, 15)]
    public void An_amount_is_written_in_the_providers_units_and_read_back(string code, long minorUnits, long provider)
    {
        var amount = new Money(minorUnits, Currency.Parse(code));

        Assert.Null(Rules.Check(amount));
        Assert.Equal(provider, Rules.ToProvider(amount));
        Assert.Equal(amount, Rules.FromProvider(provider, code));
        Assert.Equal(amount, Rules.FromProvider(provider, code.ToLowerInvariant()));
    }

    [Theory]
    [InlineData("USD", 49, "minimum")]
    [InlineData("USD", 0, "range")]
    [InlineData("USD", -100, "range")]
    [InlineData("USD", CurrencyRules.ProviderAmountMax + 1, "range")]
    [InlineData("ISK", CurrencyRules.ProviderAmountMax, "range")]
    [InlineData("USD", long.MaxValue, "range")]
    [InlineData("USD", long.MinValue, "range")]
    [InlineData("KWD", 1505, "multiple")]
    [InlineData("MGA", 1550, "range")]
    public void An_amount_the_provider_does_not_take_is_refused(string code, long minorUnits, string reason)
    {
        var error = Rules.Check(new Money(minorUnits, Currency.Parse(code)));

        Assert.Equal(new PaymentError(ErrorCodes.AmountInvalid, reason), error);
    }

    [Theory]
    [InlineData("USD", 50)]
    [InlineData("USD", CurrencyRules.ProviderAmountMax)]
    [InlineData("INR", 100)]
    [InlineData("EUR", 1)]
    public void The_bounds_are_taken(string code, long minorUnits) => Assert.Null(Rules.Check(new Money(minorUnits, Currency.Parse(code))));

    [Fact]
    public void A_currency_with_three_decimals_that_the_provider_does_not_list_is_refused()
    {
        var dinars = new Money(1500, Currency.Parse("BHD"));

        Assert.Equal(new PaymentError(ErrorCodes.CurrencyUnsupported, "BHD"), Rules.Check(dinars));
        Assert.Throws<ArgumentException>(() => Rules.ToProvider(dinars));
        Assert.Null(Rules.FromProvider(1500, "BHD"));
    }

    [Fact]
    public void No_currency_at_all_is_refused() =>
        Assert.Equal(ErrorCodes.CurrencyUnsupported, Rules.Check(default)?.Code);

    [Theory]
    [InlineData(-1, "USD")]
    [InlineData(100, "BTC")]
    [InlineData(100, null)]
    [InlineData(150, "ISK")]
    [InlineData(long.MaxValue, "MGA")]
    public void What_the_provider_cannot_mean_is_not_guessed(long amount, string? code) => Assert.Null(Rules.FromProvider(amount, code));

    [Theory]
    [InlineData("JPY", 1, 15, 150)]
    [InlineData("JPY", 3, 15, 15_000)]
    [InlineData("KWD", 0, 15_000, 15)]
    [InlineData("KWD", 2, 150, 15)]
    public void Any_number_of_decimals_is_written_and_read_back(string code, int exponent, long minorUnits, long provider)
    {
        var rules = new CurrencyRules(new Dictionary<string, int> { [code] = exponent }, new Dictionary<string, long>(), new Dictionary<string, long>());
        var amount = new Money(minorUnits, Currency.Parse(code));

        Assert.Equal((provider, amount), (rules.ToProvider(amount), rules.FromProvider(provider, code)));
    }

    [Fact]
    public void More_than_the_provider_documents_is_never_written() =>
        Assert.Throws<ArgumentException>(() => Rules.ToProvider(new Money(CurrencyRules.ProviderAmountMax + 1, Currency.Parse("USD"))));

    [Fact]
    public void The_largest_amount_that_fits_is_read() =>
        Assert.Equal(new Money(long.MaxValue / 100 * 100, Currency.Parse("MGA")), Rules.FromProvider(long.MaxValue / 100, "MGA"));

    [Fact]
    public void Nothing_is_read_as_nothing() => Assert.Equal(Money.Zero(Currency.Parse("USD")), Rules.FromProvider(0, "USD"));

    [Fact]
    public void Every_supported_currency_round_trips()
    {
        foreach (var currency in Currency.All.Where(currency => currency.Exponent < 3))
        {
            var amount = new Money(1_000_000, currency);
            Assert.Equal(amount, Rules.FromProvider(Rules.ToProvider(amount), currency.Code));
        }
    }
}
