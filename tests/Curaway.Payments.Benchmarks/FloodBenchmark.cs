using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Curaway.Payments.Benchmarks;

/// <summary>A flood of forged deliveries and slow bodies from another process, and one genuine delivery each second beside it.</summary>
internal sealed class FloodBenchmark(BenchOptions options, Lab lab, Figures figures)
{
    private const int Connections = 32;
    private const int SlowCount = 200;

    public static async Task<int> RunAsync(BenchOptions options)
    {
        await using var lab = await Lab.StartAsync();
        var figures = new Figures();
        await new FloodBenchmark(options, lab, figures).RunAsync();
        figures.Print();
        return figures.ExitCode;
    }

    private async Task RunAsync()
    {
        var validCount = options.Rounds * 20;
        await using var database = await lab.CreateDatabaseAsync("bench_flood");
        await Machine.DescribeAsync(lab, database);
        await using var ours = await Contestant.StartAsync("ours", database);
        await ours.TellAsync(await database.AddChargesAsync(1000), 1000, Connections);
        var first = await database.AddChargesAsync(validCount);
        var (stored, transactions) = (await database.CountAsync("SELECT count(*) FROM webhook_events"), await TransactionsAsync(database));

        using var flood = Child.Start("flood-load", JsonSerializer.Serialize(new LoadPlan
        {
            Url = ours.Server.Url,
            First = first,
            Count = 1000,
            Connections = Connections,
            DuplicateEvery = 0,
            Secret = BenchEvents.OtherSecret,
        }));
        var times = new List<double>();
        using (var connection = new RawConnection(new IPEndPoint(IPAddress.Loopback, ours.Server.Address.Port)))
        {
            for (var i = 0; i < validCount; i++)
            {
                await Task.Delay(TimeSpan.FromSeconds(1));
                var request = BenchEvents.RequestOf(first + i, ours.Server.Address.Authority, Servers.Path, BenchEvents.Secret, DateTimeOffset.UtcNow);
                var started = Stopwatch.GetTimestamp();
                var answer = await connection.SendAsync(request, CancellationToken.None);
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                if (answer.Status != 200)
                    throw new InvalidOperationException($"A genuine delivery was answered {answer.Status}.");
            }
        }

        flood.StandardInput.Close();
        var result = JsonSerializer.Deserialize<FloodResult>(await flood.StandardOutput.ReadToEndAsync())!;
        await flood.WaitForExitAsync();
        times.Sort();
        var rate = result.Refused / result.Seconds;
        figures.AtMost("p99 of one genuine delivery a second beside the flood", times[(int)(times.Count * 0.99)], "ms", 250, 50, $"p50 {times[times.Count / 2]:N1} ms over {times.Count}; {rate:N0} forged/s refused on {Connections} connections");
        figures.AtMost("slow bodies closed within", result.SlowSecondsMax, "s", 10, 6, $"{result.SlowClosed} of {SlowCount} closed; the limit is 5 s, checked at this end");
        var more = await database.CountAsync("SELECT count(*) FROM webhook_events") - stored - validCount;
        figures.AtMost("rows written for the flood", more, "", 0, 0, $"{(await TransactionsAsync(database) - transactions) / (double)validCount:N1} writing transactions for each genuine delivery");
        if (await database.HeldCountAsync(first, validCount) != validCount)
            throw new InvalidOperationException("Not every genuine delivery was applied.");
    }

    private static Task<long> TransactionsAsync(BenchDatabase database) => database.CountAsync("SELECT pg_snapshot_xmax(pg_current_snapshot())::text");

    /// <summary>What the flood's own process saw.</summary>
    internal sealed record FloodResult(int Refused, double Seconds, int SlowClosed, double SlowSecondsMax);

    /// <summary>The flood itself, in a process of its own, until its input ends.</summary>
    internal static async Task<int> RunLoadAsync(string text)
    {
        var plan = JsonSerializer.Deserialize<LoadPlan>(text)!;
        var url = new Uri(plan.Url);
        var server = new IPEndPoint(IPAddress.Loopback, url.Port);
        using var ending = new CancellationTokenSource();
        _ = Task.Run(async () =>
        {
            await Console.In.ReadToEndAsync();
            await ending.CancelAsync();
        });
        var started = Stopwatch.GetTimestamp();
        var slow = Enumerable.Range(0, SlowCount).Select(i => SendSlowlyAsync(server, isDripping: i % 2 == 0)).ToList();
        var refused = 0;
        await Task.WhenAll(Enumerable.Range(0, plan.Connections).Select(i => Task.Run(async () =>
        {
            using var connection = new RawConnection(server);
            var forged = BenchEvents.RequestOf(plan.First + i, url.Authority, url.AbsolutePath, plan.Secret, DateTimeOffset.UtcNow);
            while (!ending.IsCancellationRequested)
            {
                if ((await connection.SendAsync(forged, CancellationToken.None)).Status == 400)
                    Interlocked.Increment(ref refused);
            }
        })));
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var closed = await Task.WhenAll(slow);
        Console.WriteLine(JsonSerializer.Serialize(new FloodResult(refused, seconds, closed.Count(time => time > 0), closed.Max())));
        return 0;
    }

    /// <summary>Promises a body and gives little of it, or nothing more. After how many seconds the server closed; 0 when it did not within 30 s.</summary>
    private static async Task<double> SendSlowlyAsync(IPEndPoint server, bool isDripping)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(server);
        await using var stream = client.GetStream();
        var started = Stopwatch.GetTimestamp();
        var length = 200_000.ToString(CultureInfo.InvariantCulture);
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"POST {Servers.Path} HTTP/1.1\r\nHost: x\r\nStripe-Signature: t=1,v1=00\r\nContent-Length: {length}\r\n\r\n{{"));
        var answer = new byte[4096];
        var reading = stream.ReadAsync(answer).AsTask();
        try
        {
            // Above the slowest rate that Kestrel lets pass, so that only our own limit ends it.
            while (await Task.WhenAny(reading, Task.Delay(500)) != reading && Stopwatch.GetElapsedTime(started).TotalSeconds < 30)
            {
                if (isDripping)
                    await stream.WriteAsync(new byte[250]);
            }

            return reading.IsCompleted ? Stopwatch.GetElapsedTime(started).TotalSeconds : 0;
        }
        catch (IOException)
        {
            return Stopwatch.GetElapsedTime(started).TotalSeconds;
        }
    }
}
