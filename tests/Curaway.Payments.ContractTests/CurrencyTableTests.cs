using Curaway.Payments.Razorpay;
using Curaway.Payments.Stripe;

namespace Curaway.Payments.ContractTests;

/// <summary>
/// Every currency against the providers' own tables, typed off their pages (https://docs.stripe.com/currencies,
/// https://razorpay.com/docs/payments/international-payments) and calculated in decimals: nothing here knows
/// <see cref="CurrencyRules"/>' tables.
/// </summary>
public sealed class CurrencyTableTests
{
    private const int SampleCount = 200;

    private static readonly Table StripesTable = new(
        StripeMapping.Currencies,
        WithoutDecimals: "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF",
        WithThreeDecimals: "BHD JOD KWD OMR TND",
        MultiplesOfHundred: "ISK UGX",
        Minimums: []);

    private static readonly Table RazorpaysTable = new(
        RazorpayMapping.Currencies,
        WithoutDecimals: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
        WithThreeDecimals: "BHD IQD JOD KWD OMR TND",
        MultiplesOfHundred: "",
        Minimums: new() { ["INR"] = 100 });

    public static TheoryData<string> Providers => ["stripe", "razorpay"];

    [Theory, MemberData(nameof(Providers))]
    public void Every_amount_of_every_currency_is_written_as_the_table_says_and_read_back_or_refused(string provider)
    {
        var table = TableOf(provider);
        foreach (var currency in Currency.All)
        {
            foreach (var minorUnits in AmountsOf(currency))
            {
                var amount = new Money(minorUnits, currency);
                var written = table.Write(amount);
                Assert.True(written is null == table.Rules.Check(amount) is not null, $"{amount}: {table.Rules.Check(amount)}");
                if (written is not { } wire)
                    continue;
                Assert.Equal(wire, table.Rules.ToProvider(amount));
                Assert.Equal(amount, table.Rules.FromProvider(wire, currency.Code.ToLowerInvariant()));
            }
        }
    }

    [Theory, MemberData(nameof(Providers))]
    public void Whatever_the_provider_says_is_read_as_the_table_says_or_not_at_all(string provider)
    {
        var table = TableOf(provider);
        foreach (var currency in Currency.All)
        {
            foreach (var wire in AmountsOf(currency).Append(0))
                Assert.Equal(table.Read(wire, currency), table.Rules.FromProvider(wire, currency.Code));
        }
    }

    [Theory]
    [InlineData("stripe", "USD", 1050, 1050)]
    [InlineData("stripe", "JPY", 500, 500)]
    [InlineData("stripe", "ISK", 5, 500)]
    [InlineData("stripe", "UGX", 5, 500)]
    [InlineData("stripe", "MGA", 1500, 15)]
    [InlineData("stripe", "HUF", 1050, 1050)]
    [InlineData("stripe", "TWD", 1050, 1050)]
    [InlineData("stripe", "KWD", 5120, 5120)]
    [InlineData("razorpay", "INR", 100, 100)]
    [InlineData("razorpay", "JPY", 500, 500)]
    [InlineData("razorpay", "ISK", 5, 5)]
    [InlineData("razorpay", "UGX", 5, 5)]
    [InlineData("razorpay", "MGA", 1550, 1550)]
    [InlineData("razorpay", "IQD", 5120, 5120)]
    public void The_oracle_knows_the_odd_ones(string provider, string currency, long minorUnits, long wire) =>
        Assert.Equal(wire, TableOf(provider).Write(new Money(minorUnits, Currency.Parse(currency))));

    [Theory]
    [InlineData("stripe", "KWD", 1234)]
    [InlineData("stripe", "MGA", 1550)]
    [InlineData("stripe", "IQD", 1000)]
    [InlineData("stripe", "LYD", 1000)]
    [InlineData("razorpay", "BHD", 1)]
    [InlineData("razorpay", "LYD", 1000)]
    [InlineData("razorpay", "INR", 99)]
    public void The_oracle_refuses_what_cannot_be_charged(string provider, string currency, long minorUnits) =>
        Assert.Null(TableOf(provider).Write(new Money(minorUnits, Currency.Parse(currency))));

    private static Table TableOf(string provider) => provider == "stripe" ? StripesTable : RazorpaysTable;

    /// <summary>Small ones, all around the limits, and the same pseudo-random ones in every run.</summary>
    private static IEnumerable<long> AmountsOf(Currency currency)
    {
        const long Max = CurrencyRules.ProviderAmountMax;
        var random = new Random(currency.Code[0] * 1000 + currency.Code[1] * 100 + currency.Code[2]);
        long[] edges = [1, 5, 9, 10, 49, 50, 99, 100, 101, 110, 550, 999, 1000, 1234, Max / 100, Max / 100 + 1, Max - 9, Max - 99, Max, Max + 1];
        return edges.Concat(Enumerable.Range(0, SampleCount).Select(i => random.NextInt64(1, i % 2 == 0 ? 100_000 : Max)));
    }

    private sealed record Table(
        CurrencyRules Rules, string WithoutDecimals, string WithThreeDecimals, string MultiplesOfHundred, Dictionary<string, long> Minimums)
    {
        /// <summary>The amount in the provider's units; null when the provider does not take it.</summary>
        public long? Write(Money amount)
        {
            var wire = amount.MinorUnits / Power(amount.Currency.Exponent) * Power(DecimalsOf(amount.Currency));
            var isTaken = wire == decimal.Truncate(wire) && wire <= 999_999_999_999 && wire >= Minimums.GetValueOrDefault(amount.Currency.Code, 1)
                && IsListed(amount.Currency) && wire % MultipleOf(amount.Currency) == 0;
            return isTaken ? (long)wire : null;
        }

        /// <summary>What the provider's number means; null when it is no whole number of minor units, or a currency it cannot mean.</summary>
        public Money? Read(long wire, Currency currency)
        {
            var minorUnits = wire / Power(DecimalsOf(currency)) * Power(currency.Exponent);
            return IsListed(currency) && minorUnits == decimal.Truncate(minorUnits) ? new Money((long)minorUnits, currency) : null;
        }

        // A currency that ISO gives three decimals is taken only where the provider's page names it.
        private bool IsListed(Currency currency) => currency.Exponent < 3 || WithThreeDecimals.Contains(currency.Code, StringComparison.Ordinal);

        private int DecimalsOf(Currency currency) =>
            WithoutDecimals.Contains(currency.Code, StringComparison.Ordinal) ? 0
            : WithThreeDecimals.Contains(currency.Code, StringComparison.Ordinal) ? 3
            : 2;

        private decimal MultipleOf(Currency currency) =>
            MultiplesOfHundred.Contains(currency.Code, StringComparison.Ordinal) ? 100
            : WithThreeDecimals.Contains(currency.Code, StringComparison.Ordinal) ? 10
            : 1;

        private static decimal Power(int exponent) => exponent switch { 0 => 1m, 2 => 100m, _ => 1000m };
    }
}
