using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Curaway.Payments.IntegrationTests.Postgres;

/// <summary>
/// A server of our own: on a free port of the loopback address, in a new directory, with a new password. A small shell
/// watches over it from the other end of a pipe, so it also stops when the test process is killed.
/// </summary>
public sealed class PostgresProcess : IAsyncDisposable
{
    // cat ends when the test process closes the pipe, or dies.
    private const string Watchdog =
        """
        dir=$1 bin=$2 port=$3
        "$bin/initdb" -D "$dir/data" -U curaway -E UTF8 --no-locale --no-sync --auth-local=trust --auth-host=scram-sha-256 \
            --pwfile="$dir/password" >"$dir/initdb.log" 2>&1 || exit 1
        {
            echo "listen_addresses = '127.0.0.1'"
            echo "port = $port"
            echo "unix_socket_directories = '$dir'"
            echo "max_connections = 300"
            echo "shared_buffers = 128MB"
            echo "fsync = on"
            echo "timezone = 'UTC'"
        } >>"$dir/data/postgresql.conf"
        "$bin/pg_ctl" -D "$dir/data" -l "$dir/server.log" -w -t 60 start >"$dir/start.log" 2>&1 </dev/null || exit 1
        echo started
        cat >/dev/null
        "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1
        rm -rf "$dir"
        """;

    private readonly Process _watchdog;
    private readonly string _folder;
    private readonly string _binaries;

    private PostgresProcess(Process watchdog, string folder, string binaries, string connectionString)
    {
        _watchdog = watchdog;
        _folder = folder;
        _binaries = binaries;
        ConnectionString = connectionString;
    }

    public string ConnectionString { get; }

    /// <summary>Whether this machine has the binaries of a server.</summary>
    public static bool IsInstalled => FindBinaries() is not null;

    /// <summary>The folder of <c>postgres</c>, <c>pg_ctl</c> and <c>pgbench</c>.</summary>
    public string Binaries => _binaries;

    public static async Task<PostgresProcess> StartAsync()
    {
        var binaries = FindBinaries()!;
        var folder = Directory.CreateTempSubdirectory("curaway-pg-").FullName;
        var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        await File.WriteAllTextAsync(Path.Combine(folder, "password"), password);
        if (Environment.IsPrivilegedProcess)
            await RunAsync("chown", ["-R", "nobody", folder]);

        var port = FreePort();
        var watchdog = Start([.. AsUser(), "/bin/sh", "-c", Watchdog, "watchdog", folder, binaries, port.ToString(CultureInfo.InvariantCulture)], folder);
        if (await watchdog.StandardOutput.ReadLineAsync() != "started")
        {
            var logs = Directory.GetFiles(folder, "*.log").Select(File.ReadAllText);
            throw new InvalidOperationException("PostgreSQL did not start.\n" + string.Join('\n', logs));
        }

        var connectionString = $"Host=127.0.0.1;Port={port};Username=curaway;Password={password};Database=postgres";
        return new PostgresProcess(watchdog, folder, binaries, connectionString);
    }

    /// <summary>Ends the server as a crash would: no checkpoint, no goodbye.</summary>
    public Task CrashAsync() => ControlAsync("stop", "-s", "-m", "immediate", "-w");

    /// <summary>Starts it again; returns when it has recovered.</summary>
    public Task RestartAsync() => ControlAsync("start", "-s", "-w", "-t", "60", "-l", Path.Combine(_folder, "server.log"));

    public async ValueTask DisposeAsync()
    {
        _watchdog.StandardInput.Close();
        await _watchdog.WaitForExitAsync();
        _watchdog.Dispose();
    }

    private Task ControlAsync(string verb, params string[] arguments)
    {
        string[] command = [.. AsUser(), Path.Combine(_binaries, "pg_ctl"), verb, "-D", Path.Combine(_folder, "data"), .. arguments];
        return RunAsync(command[0], command[1..]);
    }

    // initdb and postgres refuse to run as root.
    private static string[] AsUser()
    {
        if (!Environment.IsPrivilegedProcess)
            return [];
        if (FindProgram("setpriv") is { } setpriv)
            return [setpriv, "--reuid=nobody", "--clear-groups", "--"];
        return FindProgram("runuser") is { } runuser ? [runuser, "-u", "nobody", "--"] : throw new InvalidOperationException("Neither setpriv nor runuser is there.");
    }

    private static string? FindBinaries()
    {
        var installed = new[] { "/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt", "/usr/local/opt" }
            .Where(Directory.Exists).SelectMany(Directory.GetDirectories).Select(folder => Path.Combine(folder, "bin"))
            .OrderByDescending(folder => folder, StringComparer.Ordinal);
        return installed.Concat(Paths()).FirstOrDefault(folder => new[] { "initdb", "pg_ctl", "postgres" }.All(name => File.Exists(Path.Combine(folder, name))));
    }

    private static string? FindProgram(string name) => Paths().Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    private static IEnumerable<string> Paths() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Append("/usr/bin").Append("/usr/sbin");

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static Process Start(string[] command, string folder) => Process.Start(new ProcessStartInfo(command[0], command[1..])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        WorkingDirectory = folder,
    })!;

    private static async Task RunAsync(string program, string[] arguments)
    {
        // Not redirected: a server that is started here would hold the pipes open.
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = "/" })!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {arguments.FirstOrDefault()} ended with {process.ExitCode}.");
    }
}
