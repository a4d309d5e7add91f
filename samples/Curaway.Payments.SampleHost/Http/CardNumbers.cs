namespace Curaway.Payments.SampleHost.Http;

/// <summary>Finds text that looks like a card number: 13 to 19 digits, also grouped by single spaces or hyphens, that pass the Luhn check.</summary>
internal static class CardNumbers
{
    private const int DigitCountMin = 13;
    private const int DigitCountMax = 19;

    public static bool AppearsIn(ReadOnlySpan<char> text)
    {
        for (var at = 0; at < text.Length; at++)
        {
            // A run starts where no letter or digit stands before it: the tail of a UUID or of a token is no card number.
            if (!char.IsAsciiDigit(text[at]) || (at > 0 && char.IsLetterOrDigit(text[at - 1])))
                continue;
            if (StartsAt(text[at..]))
                return true;
        }

        return false;
    }

    private static bool StartsAt(ReadOnlySpan<char> text)
    {
        Span<int> digits = stackalloc int[DigitCountMax];
        var count = 0;
        for (var at = 0; at < text.Length; at++)
        {
            var isSeparator = text[at] is ' ' or '-' && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1]);
            if (isSeparator)
                continue;
            if (!char.IsAsciiDigit(text[at]))
                return false;
            if (count == DigitCountMax)
                return false;
            digits[count++] = text[at] - '0';
            var isEnd = at + 1 == text.Length || !char.IsLetterOrDigit(text[at + 1]);
            if (isEnd && count >= DigitCountMin && PassesLuhn(digits[..count]))
                return true;
        }

        return false;
    }

    private static bool PassesLuhn(ReadOnlySpan<int> digits)
    {
        var sum = 0;
        for (var at = 0; at < digits.Length; at++)
        {
            var digit = digits[^(at + 1)];
            var weighted = at % 2 == 0 ? digit : digit * 2;
            sum += weighted > 9 ? weighted - 9 : weighted;
        }

        // Thirteen zeros pass the check and are no card.
        return sum > 0 && sum % 10 == 0;
    }
}
