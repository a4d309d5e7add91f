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
internal sealed class CliProcess : IAsyncDisposable
{
    private static readonly TimeSpan InterruptTimeout = TimeSpan.FromSeconds(30);

    private static readonly string[] Inherited = ["PATH", "HOME", "DOTNET_ROOT", "SYSTEMROOT", "TEMP", "TMPDIR"];

    private readonly Process _process;

    private CliProcess(Process process) => _process = process;

    /// <summary>A run that ends by itself.</summary>
    public static async Task<CliAnswer> RunAsync(IEnumerable<KeyValuePair<string, string?>> settings, params string[] arguments)
    {
        await using var run = Start(settings, arguments);
        var process = run._process;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new CliAnswer(process.ExitCode, await output, await errors);
    }

    /// <summary>A run that goes on until it is interrupted, or disposed of.</summary>
    public static CliProcess Start(IEnumerable<KeyValuePair<string, string?>> settings, params string[] arguments)
    {
        // Built beside the tests, in the same configuration.
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        var path = Path.Combine(Repository.Root, "src", "Curaway.Payments.Cli", "bin", configuration, "net10.0", "Curaway.Payments.Cli.dll");
        var start = new ProcessStartInfo("dotnet", [path, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var name in start.Environment.Keys.Except(Inherited).ToList())
            start.Environment.Remove(name);
        foreach (var (name, value) in settings)
            start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = value;
        return new CliProcess(Process.Start(start)!);
    }

    public ValueTask<string?> ReadLineAsync(CancellationToken ct) => _process.StandardOutput.ReadLineAsync(ct);

    /// <summary>
    /// Ctrl-C, and the exit code it ends with. A run of the tests that a shell put into the background ignores Ctrl-C, and so do its
    /// children: then this fails.
    /// </summary>
    public async Task<int> InterruptAsync(CancellationToken ct)
    {
        using var kill = Process.Start("kill", ["-INT", $"{_process.Id}"]);
        await _process.WaitForExitAsync(ct).WaitAsync(InterruptTimeout, ct);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
