using System.Globalization;

namespace Curaway.Payments.Benchmarks;

/// <summary>How much a run measures. Short by default; <c>--full</c> for all of it.</summary>
internal sealed record BenchOptions
{
    /// <summary>Interleaved rounds; a figure is the median of their ratios.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>About how long one measurement takes.</summary>
    public int Seconds { get; init; } = 3;

    /// <summary>Events that are there already when the rate is measured again.</summary>
    public int Stored { get; init; } = 100_000;

    /// <summary>Events over which memory has to stay flat.</summary>
    public int MemoryEvents { get; init; } = 60_000;

    /// <summary>How often PostgreSQL, and the host, is killed under load.</summary>
    public int Kills { get; init; } = 3;

    /// <summary>The sections to run; empty for all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    public bool Wants(string section) => Only.Count == 0 || Only.Contains(section);

    public static BenchOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = arguments.Contains("--full")
            ? new BenchOptions { Rounds = 5, Seconds = 5, Stored = 1_000_000, MemoryEvents = 1_000_000, Kills = 10 }
            : new BenchOptions();
        for (var i = 0; i < arguments.Count; i++)
        {
            options = arguments[i] switch
            {
                "--full" => options,
                "--rounds" => options with { Rounds = Number(arguments[++i]) },
                "--seconds" => options with { Seconds = Number(arguments[++i]) },
                "--stored" => options with { Stored = Number(arguments[++i]) },
                "--memory-events" => options with { MemoryEvents = Number(arguments[++i]) },
                "--kills" => options with { Kills = Number(arguments[++i]) },
                "--only" => options with { Only = arguments[++i].Split(',') },
                _ => throw new ArgumentException($"{arguments[i]} is no option."),
            };
        }

        return options;
    }

    private static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
