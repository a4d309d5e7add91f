using System.Collections.Concurrent;
using System.Diagnostics;
using Curaway.Payments.IntegrationTests.Docs;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>A host in a process of its own, as it was built beside the tests, and a client of it.</summary>
internal sealed class HostProcess : IAsyncDisposable
{
    private const string Mark = "Now listening on: ";
    private const int LineCountMax = 200;

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines;

    private HostProcess(Process process, Uri address, ConcurrentQueue<string> lines, TimeSpan timeout)
    {
        _process = process;
        _lines = lines;
        Http = new HttpClient { BaseAddress = address, Timeout = timeout };
    }

    public HttpClient Http { get; }

    public bool HasExited => _process.HasExited;

    /// <summary>What it last printed.</summary>
    public IEnumerable<string> Lines => _lines;

    /// <summary>Starts a project's program, and waits until it listens. Null when it ended before.</summary>
    /// <param name="project">Its folder, from the root of the repository.</param>
    /// <param name="settings">Its environment, with colons in the names.</param>
    /// <param name="timeout">Of one request.</param>
    /// <param name="ct">Ends the wait.</param>
    public static async Task<HostProcess?> StartAsync(
        string project, IEnumerable<KeyValuePair<string, string?>> settings, TimeSpan timeout, CancellationToken ct)
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        var folder = Path.Combine(Repository.Root, project);
        var start = new ProcessStartInfo("dotnet", [Path.Combine(folder, "bin", configuration, "net10.0", Path.GetFileName(folder) + ".dll")])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in settings)
            start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = value;
        var process = Process.Start(start)!;
        var lines = new ConcurrentQueue<string>();
        _ = KeepReadingAsync(process.StandardError, lines);
        try
        {
            while (await process.StandardOutput.ReadLineAsync(ct) is { } line)
            {
                Keep(lines, line);
                if (!line.Contains(Mark, StringComparison.Ordinal))
                    continue;
                _ = KeepReadingAsync(process.StandardOutput, lines);
                var address = new Uri(line[(line.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length)..].Trim());
                return new HostProcess(process, address, lines, timeout);
            }
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }

        process.Dispose();
        return null;
    }

    /// <summary>kill -9.</summary>
    public void Kill() => _process.Kill();

    public Task WaitForExitAsync(CancellationToken ct) => _process.WaitForExitAsync(ct);

    public async ValueTask DisposeAsync()
    {
        Kill();
        Http.Dispose();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static async Task KeepReadingAsync(StreamReader output, ConcurrentQueue<string> lines)
    {
        while (await output.ReadLineAsync() is { } line)
            Keep(lines, line);
    }

    private static void Keep(ConcurrentQueue<string> lines, string line)
    {
        lines.Enqueue(line);
        while (lines.Count > LineCountMax)
            lines.TryDequeue(out _);
    }
}
