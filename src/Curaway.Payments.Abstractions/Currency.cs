using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace Curaway.Payments;

/// <summary>An ISO 4217 currency and its exponent: how many decimals its minor unit has. Codes are upper case.</summary>
public readonly record struct Currency
{
    // ISO 4217 active national currencies, grouped by exponent. Funds codes, metals and testing codes are left out.
    private const string WithoutDecimals = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
    private const string WithThreeDecimals = "BHD IQD JOD KWD LYD OMR TND";
    private const string WithTwoDecimals =
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK " +
        "DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD " +
        "KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP " +
        "PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH " +
        "USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";

    private static readonly FrozenDictionary<string, Currency> Known =
        new[] { (WithoutDecimals, 0), (WithTwoDecimals, 2), (WithThreeDecimals, 3) }
            .SelectMany(group => group.Item1.Split(' ').Select(code => new Currency(code, group.Item2)))
            .ToFrozenDictionary(currency => currency.Code, StringComparer.OrdinalIgnoreCase);

    private readonly string? _code;

    private Currency(string code, int exponent)
    {
        _code = code;
        Exponent = exponent;
    }

    /// <summary>The three-letter code in upper case; empty for <c>default</c>.</summary>
    public string Code => _code ?? "";

    /// <summary>The number of decimals: 0, 2 or 3. 100 minor units are 1.00 USD, 100 JPY, 0.100 KWD.</summary>
    public int Exponent { get; }

    /// <summary>Every currency we know, in no order.</summary>
    public static IReadOnlyCollection<Currency> All => Known.Values;

    /// <summary>Reads a code in any case; false for a code that is not an active ISO 4217 national currency.</summary>
    public static bool TryParse([NotNullWhen(true)] string? code, out Currency currency)
    {
        currency = default;
        return code is { Length: 3 } && Known.TryGetValue(code, out currency);
    }

    /// <summary>Reads a code in any case.</summary>
    /// <exception cref="FormatException">The code is not an active ISO 4217 national currency.</exception>
    public static Currency Parse(string code) =>
        TryParse(code, out var currency) ? currency : throw new FormatException("Not an ISO 4217 currency code.");

    /// <summary>The code.</summary>
    public override string ToString() => Code;
}
