using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Curaway.Payments.IntegrationTests.Postgres;
using Npgsql;

namespace Curaway.Payments.Benchmarks;

/// <summary>Control B: pgbench, one statement and one commit for each event.</summary>
internal static partial class PgBench
{
    /// <summary>Writes the rows of <paramref name="countEach"/> events from each client. Events per second.</summary>
    public static async Task<double> RunAsync(PostgresProcess server, BenchDatabase database, string statement, long first, int clients, int countEach)
    {
        var script = Path.Combine(Path.GetTempPath(), $"curaway-pgbench-{Environment.ProcessId}.sql");
        await File.WriteAllTextAsync(script, $"\\set n :n + 1\n\\set i :first + :client_id * :each + :n\n{statement}\n");
        var settings = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        var start = new ProcessStartInfo(
            Path.Combine(server.Binaries, "pgbench"),
            [
                "-n", "-M", "prepared", "-f", script, "-c", Text(clients), "-j", "2", "-t", Text(countEach), "-D", "n=-1", "-D", $"first={Text(first)}",
                "-D", $"each={Text(countEach)}", "-h", settings.Host!, "-p", Text(settings.Port), "-U", settings.Username!, database.Name,
            ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PGPASSWORD"] = settings.Password;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        File.Delete(script);
        var rate = Rate().Match(output);
        if (process.ExitCode != 0 || !rate.Success)
            throw new InvalidOperationException($"pgbench ended with {process.ExitCode}.\n{output}\n{await errors}");
        return double.Parse(rate.Groups["rate"].Value, CultureInfo.InvariantCulture);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"tps = (?<rate>[\d.]+) \(without")]
    private static partial Regex Rate();
}
