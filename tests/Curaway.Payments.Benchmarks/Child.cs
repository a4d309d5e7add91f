using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace Curaway.Payments.Benchmarks;

/// <summary>This program again, in a process of its own.</summary>
internal static class Child
{
    /// <summary>Starts one of its modes with its input and output at our end.</summary>
    public static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Environment.ProcessPath is { } path && !path.EndsWith("dotnet", StringComparison.Ordinal) ? typeof(Child).Assembly.Location : Environment.GetCommandLineArgs()[0], .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        // As a web project is built.
        start.Environment["DOTNET_gcServer"] = arguments[0] == "serve" ? "1" : "0";
        if (arguments[0] == "load")
            start.Environment["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1";
        return Process.Start(start)!;
    }

    /// <summary>One run of load, to its end.</summary>
    public static async Task<LoadResult> LoadAsync(LoadPlan plan)
    {
        using var process = Start("load", JsonSerializer.Serialize(plan));
        var answer = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? JsonSerializer.Deserialize<LoadResult>(answer)!
            : throw new InvalidOperationException($"The load ended with {process.ExitCode}.");
    }
}

/// <summary>A server under test.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly HttpClient _http = new();
    private readonly string _kind;
    private readonly string _connectionString;
    private Process _process;

    private ServerProcess(string kind, string connectionString)
    {
        _kind = kind;
        _connectionString = connectionString;
        _process = null!;
    }

    public Uri Address { get; private set; } = null!;

    public string Url => new Uri(Address, Servers.Path).ToString();

    public static async Task<ServerProcess> StartAsync(string kind, string connectionString)
    {
        var server = new ServerProcess(kind, connectionString);
        await server.StartAsync(port: 0);
        return server;
    }

    /// <summary>Ends it as a crash would, and starts it again at the same address.</summary>
    public async Task KillAndRestartAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        await StartAsync(Address.Port);
    }

    /// <param name="collect">Collects all garbage first, so that what is left is in use.</param>
    public async Task<ServerStats> StatsAsync(bool collect = false) =>
        (await _http.GetFromJsonAsync<ServerStats>(new Uri(Address, $"{Servers.StatsPath}?collect={(collect ? "true" : "false")}")))!;

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task StartAsync(int port)
    {
        _process = Child.Start("serve", _kind, _connectionString, port.ToString(CultureInfo.InvariantCulture));
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith(Servers.Ready, StringComparison.Ordinal))
            {
                Address = new Uri(line[Servers.Ready.Length..]);
                _ = _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
                return;
            }

            Console.Error.WriteLine(line);
        }

        throw new InvalidOperationException($"The server ended with {_process.ExitCode} before it listened.");
    }
}
