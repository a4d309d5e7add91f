using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Curaway.Payments.Benchmarks;

/// <summary>What the figures were measured on.</summary>
internal static partial class Machine
{
    public static async Task DescribeAsync(Lab lab, BenchDatabase database)
    {
        Console.WriteLine($"date      {DateTimeOffset.UtcNow.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC");
        Console.WriteLine($"machine   {Cpu()}, {Environment.ProcessorCount} cores, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GB, load {LoadAverage()}");
        Console.WriteLine($"system    {RuntimeInformation.OSDescription}, .NET {Environment.Version}");
        var settings = await database.ListAsync(
            "SELECT name || '=' || setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'server_version') ORDER BY name");
        Console.WriteLine($"postgres  {string.Join(' ', settings)}, one fdatasync takes {SyncMicroseconds():N0} us");
        Console.WriteLine($"event     {BenchEvents.BodyLength} bytes; binaries {lab.Process.Binaries}");
    }

    /// <summary>CPU time that a process and its children have used; 0 where there is no /proc.</summary>
    public static double CpuMillisecondsOfChildren(long parent)
    {
        if (!Directory.Exists("/proc/self"))
            return 0;
        var ticks = 0L;
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(folder => char.IsAsciiDigit(folder[^1])))
        {
            try
            {
                // Behind the name in brackets: state, parent, … user and system time are the 12th and 13th; of ended children the 14th and 15th.
                var text = File.ReadAllText(Path.Combine(folder, "stat"));
                var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
                var isParent = Path.GetFileName(folder) == parent.ToString(CultureInfo.InvariantCulture);
                if (fields[1] == parent.ToString(CultureInfo.InvariantCulture) || isParent)
                    ticks += long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
                if (isParent)
                    ticks += long.Parse(fields[13], CultureInfo.InvariantCulture) + long.Parse(fields[14], CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                // It ended meanwhile.
            }
        }

        return ticks * 10;
    }

    /// <summary>The parent of a process.</summary>
    public static long ParentOf(long process)
    {
        var path = $"/proc/{process}/stat";
        if (!File.Exists(path))
            return 0;
        var text = File.ReadAllText(path);
        return long.Parse(text[(text.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
    }

    private static double SyncMicroseconds()
    {
        var path = Path.Combine(Path.GetTempPath(), $"curaway-fsync-{Environment.ProcessId}");
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            BufferSize = 0,
            Options = FileOptions.DeleteOnClose,
        });
        var block = new byte[8192];
        var times = new List<double>();
        for (var i = 0; i < 60; i++)
        {
            var started = Stopwatch.GetTimestamp();
            file.Position = 0;
            file.Write(block);
            file.Flush(flushToDisk: true);
            times.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
        }

        times.Sort();
        return times[times.Count / 2];
    }

    private static string Cpu() => File.Exists("/proc/cpuinfo") && CpuName().Match(File.ReadAllText("/proc/cpuinfo")) is { Success: true } name
        ? name.Groups["name"].Value.Trim()
        : RuntimeInformation.ProcessArchitecture.ToString();

    private static string LoadAverage() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";

    [GeneratedRegex(@"model name\s*:(?<name>[^\n]*)")]
    private static partial Regex CpuName();
}
