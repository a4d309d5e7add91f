using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Threading.Channels;

namespace Curaway.Payments.Benchmarks;

/// <summary>What one run of load sends.</summary>
internal sealed record LoadPlan
{
    public required string Url { get; init; }

    public required long First { get; init; }

    /// <summary>How many different events.</summary>
    public required int Count { get; init; }

    /// <summary>How many of the first deliveries are sent before the clock starts: connections open, and code gets compiled, here too.</summary>
    public int WarmupCount { get; init; }

    public required int Connections { get; init; }

    /// <summary>After so many events an earlier one comes again; 0 for never.</summary>
    public int DuplicateEvery { get; init; } = 10;

    /// <summary>Deliveries per second, whether answered or not; 0 for as fast as answers come.</summary>
    public int Rate { get; init; }

    public string Secret { get; init; } = BenchEvents.Secret;

    /// <summary>Where the numbers of acknowledged events are written; empty for nowhere.</summary>
    public string AcknowledgedPath { get; init; } = "";
}

/// <summary>What became of it. Times in milliseconds, measured from the moment a delivery was due.</summary>
internal sealed record LoadResult
{
    public int Accepted { get; init; }

    public int Duplicates { get; init; }

    public int Refused { get; init; }

    /// <summary>Deliveries without an answer.</summary>
    public int Lost { get; init; }

    public double Seconds { get; init; }

    public double P50 { get; init; }

    public double P99 { get; init; }

    public double Max { get; init; }

    /// <summary>How late the load itself was, 99 % of the time.</summary>
    public double OwnDelayP99 { get; init; }

    /// <summary>Of all deliveries, those before the clock too.</summary>
    public int Sent => Accepted + Duplicates + Refused + Lost;

    /// <summary>Deliveries within the time measured.</summary>
    public int Measured { get; init; }
}

/// <summary>Sends deliveries over raw connections and measures. Runs in a process of its own.</summary>
internal sealed class Load(LoadPlan plan)
{
    private readonly ConcurrentBag<long> _acknowledged = [];
    private readonly Uri _url = new(plan.Url);
    private readonly long[] _numbers = [.. NumbersOf(plan)];
    private ReadOnlyMemory<byte>[] _requests = [];
    private long[] _ticks = [];
    private long[] _delays = [];
    private int _accepted;
    private int _duplicates;
    private int _refused;
    private int _lost;

    public static async Task<int> RunAsync(string plan)
    {
        var result = await new Load(JsonSerializer.Deserialize<LoadPlan>(plan)!).MeasureAsync();
        Console.WriteLine(JsonSerializer.Serialize(result));
        return 0;
    }

    private static IEnumerable<long> NumbersOf(LoadPlan plan)
    {
        for (var i = 0; i < plan.Count; i++)
        {
            yield return plan.First + i;
            // Half of the copies come while the first may still be in flight.
            if (plan.DuplicateEvery > 0 && i % plan.DuplicateEvery == plan.DuplicateEvery - 1)
                yield return plan.First + i - (i / plan.DuplicateEvery % 2 == 0 ? 0 : plan.DuplicateEvery / 2);
        }
    }

    private async Task<LoadResult> MeasureAsync()
    {
        // Signed before the clock starts: the provider's work is not the server's.
        var now = DateTimeOffset.UtcNow;
        _requests = new ReadOnlyMemory<byte>[_numbers.Length];
        Parallel.For(0, _numbers.Length, i => _requests[i] = BenchEvents.RequestOf(_numbers[i], _url.Authority, _url.AbsolutePath, plan.Secret, now));
        _ticks = new long[_numbers.Length];
        _delays = new long[_numbers.Length];

        using var connections = new Connections(plan.Connections, Server());
        await ClosedLoopAsync(connections, 0, plan.WarmupCount);
        var started = Stopwatch.GetTimestamp();
        await (plan.Rate > 0 ? OpenLoopAsync(connections) : ClosedLoopAsync(connections, plan.WarmupCount, _requests.Length));
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        if (plan.AcknowledgedPath.Length > 0)
            await File.WriteAllLinesAsync(plan.AcknowledgedPath, _acknowledged.Select(number => number.ToString(CultureInfo.InvariantCulture)));
        _ticks = [.. _ticks.Skip(plan.WarmupCount).Order()];
        _delays = [.. _delays.Skip(plan.WarmupCount).Order()];
        return new LoadResult
        {
            Measured = _ticks.Length,
            Accepted = _accepted,
            Duplicates = _duplicates,
            Refused = _refused,
            Lost = _lost,
            Seconds = seconds,
            P50 = MillisecondsAt(_ticks, 0.5),
            P99 = MillisecondsAt(_ticks, 0.99),
            Max = MillisecondsAt(_ticks, 1),
            OwnDelayP99 = MillisecondsAt(_delays, 0.99),
        };
    }

    /// <summary>Every connection sends its next delivery when the last one is answered.</summary>
    private Task ClosedLoopAsync(Connections connections, int first, int end)
    {
        var next = first - 1;
        return Task.WhenAll(connections.All.Select(connection => Task.Run(async () =>
        {
            for (var i = Interlocked.Increment(ref next); i < end; i = Interlocked.Increment(ref next))
                await SendAsync(connection, i, Stopwatch.GetTimestamp());
        })));
    }

    /// <summary>Deliveries come when they are due, a millisecond's worth at a time, whether the earlier ones are answered or not.</summary>
    private async Task OpenLoopAsync(Connections connections)
    {
        var due = Channel.CreateUnbounded<(int Index, long DueAt)>(new UnboundedChannelOptions { SingleWriter = true });
        var pace = new Thread(() => Pace(due.Writer)) { Priority = ThreadPriority.AboveNormal };
        pace.Start();
        await Task.WhenAll(connections.All.Select(connection => Task.Run(async () =>
        {
            await foreach (var (index, dueAt) in due.Reader.ReadAllAsync())
                await SendAsync(connection, index, dueAt);
        })));
    }

    private void Pace(ChannelWriter<(int Index, long DueAt)> due)
    {
        var started = Stopwatch.GetTimestamp();
        for (var i = plan.WarmupCount; i < _requests.Length;)
        {
            var countDue = Math.Min(_requests.Length, plan.WarmupCount + 1 + (int)(Stopwatch.GetElapsedTime(started).TotalSeconds * plan.Rate));
            for (; i < countDue; i++)
            {
                var dueAt = started + (long)((double)(i - plan.WarmupCount) / plan.Rate * Stopwatch.Frequency);
                _delays[i] = Stopwatch.GetTimestamp() - dueAt;
                due.TryWrite((i, dueAt));
            }

            Thread.Sleep(1);
        }

        due.Complete();
    }

    private async Task SendAsync(RawConnection connection, int index, long dueAt)
    {
        try
        {
            var answer = await connection.SendAsync(_requests[index], CancellationToken.None);
            _ticks[index] = Stopwatch.GetTimestamp() - dueAt;
            if (answer.Status is < 200 or > 299)
            {
                Interlocked.Increment(ref _refused);
                return;
            }

            Interlocked.Increment(ref answer.IsDuplicate ? ref _duplicates : ref _accepted);
            if (plan.AcknowledgedPath.Length > 0)
                _acknowledged.Add(_numbers[index]);
        }
        catch (Exception failure) when (failure is IOException or System.Net.Sockets.SocketException)
        {
            // A host that was killed; it is back in a moment.
            _ticks[index] = Stopwatch.GetTimestamp() - dueAt;
            Interlocked.Increment(ref _lost);
            await Task.Delay(20);
        }
    }

    private IPEndPoint Server() => new(IPAddress.Parse(_url.Host), _url.Port);

    /// <summary>Opened one by one as they are first used; none outlives the run.</summary>
    private sealed class Connections(int count, IPEndPoint server) : IDisposable
    {
        public RawConnection[] All { get; } = [.. Enumerable.Range(0, count).Select(_ => new RawConnection(server))];

        public void Dispose()
        {
            foreach (var connection in All)
                connection.Dispose();
        }
    }

    private static double MillisecondsAt(long[] sorted, double share) =>
        sorted.Length == 0 ? 0 : Stopwatch.GetElapsedTime(0, sorted[(int)Math.Min(sorted.Length - 1, sorted.Length * share)]).TotalMilliseconds;
}
