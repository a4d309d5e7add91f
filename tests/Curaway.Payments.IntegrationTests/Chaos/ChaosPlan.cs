using System.Globalization;

namespace Curaway.Payments.IntegrationTests.Chaos;

/// <summary>What a run is to do. The seed repeats the choices; when the processes do what is theirs to say.</summary>
internal sealed record ChaosPlan
{
    public required int Seed { get; init; }

    /// <summary>For how long something goes wrong.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>It goes on until as many hosts were killed, on a slow machine too.</summary>
    public required int KillCountMin { get; init; }

    /// <summary>The hosts' project.</summary>
    public string Project { get; init; } = "samples/Curaway.Payments.SampleHost";

    /// <summary>Mistakes that the hosts make, for the negative control.</summary>
    public string? Mistakes { get; init; }

    public int ClientCount { get; init; } = 10;

    /// <summary>When the wait for the last row ends, and the row is reported.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>A minute and four kills, or what <c>CURAWAY_CHAOS_SECONDS</c>, <c>…_KILLS</c> (20 in CI) and <c>…_SEED</c> say.</summary>
    public static ChaosPlan FromEnvironment()
    {
        var seconds = Number("CURAWAY_CHAOS_SECONDS") ?? 60;
        return new ChaosPlan
        {
            Seed = Number("CURAWAY_CHAOS_SEED") ?? 1,
            Duration = TimeSpan.FromSeconds(seconds),
            KillCountMin = Number("CURAWAY_CHAOS_KILLS") ?? seconds / 15,
        };
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var value) ? value : null;
}
