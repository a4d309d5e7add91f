using System.Diagnostics;
using System.Text.Json.Nodes;
using Curaway.Payments.IntegrationTests.Docs;

namespace Curaway.Payments.IntegrationTests.Cli;

/// <summary>How a run of <c>curaway-payments</c> ended.</summary>
internal sealed record CliAnswer(int ExitCode, string Output, string Errors)
{
    public JsonNode Json => JsonNode.Parse(Output)!;

    public string Code => Json["error"]!["code"]!.ToString();
}

/// <summary>The tool as an operator starts it: a process of its own, that knows nothing but its environment variables.</summary>
internal static class CliProcess
{
    private static readonly string[] Inherited = ["PATH", "HOME", "DOTNET_ROOT", "SYSTEMROOT", "TEMP", "TMPDIR"];

    public static async Task<CliAnswer> RunAsync(IEnumerable<KeyValuePair<string, string?>> settings, params string[] arguments)
    {
        // Built beside the tests, in the same configuration.
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        var path = Path.Combine(Repository.Root, "src", "Curaway.Payments.Cli", "bin", configuration, "net10.0", "Curaway.Payments.Cli.dll");
        var start = new ProcessStartInfo("dotnet", [path, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var name in start.Environment.Keys.Except(Inherited).ToList())
            start.Environment.Remove(name);
        foreach (var (name, value) in settings)
            start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = value;

        using var process = Process.Start(start)!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return new CliAnswer(process.ExitCode, await output, await errors);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }
}
