namespace Curaway.Payments.Benchmarks;

/// <summary>The hot path against what a team writes by hand (A) and against what the database can do at all (B).</summary>
internal sealed class WebhookBenchmark(BenchOptions options, Lab lab, Figures figures)
{
    private const int WarmupSlice = 3000;
    private const int WarmupSliceCountMax = 12;

    /// <summary>0 when every target that was measured is reached. Throws when anything was not applied exactly once.</summary>
    public static async Task<int> RunAsync(BenchOptions options)
    {
        await using var lab = await Lab.StartAsync();
        var figures = new Figures();
        var benchmark = new WebhookBenchmark(options, lab, figures);
        await benchmark.RunAsync();
        figures.Print();
        return figures.ExitCode;
    }

    private async Task RunAsync()
    {
        await using var database = await lab.CreateDatabaseAsync("bench_ours");
        await Machine.DescribeAsync(lab, database);
        await using (var ours = await Contestant.StartAsync("ours", database))
        {
            var charge = await database.AddChargesAsync(1);
            var before = await LearnedRows.ChargeAsync(database, charge);
            await ours.TellAsync(charge, 1, 1);
            var rate = await WarmAsync(ours);
            if (options.Wants("throughput"))
                await CompareAsync(ours, await LearnedRows.StatementAsync(database, charge, before), rate);
            if (options.Wants("open"))
                await OpenLoopAsync(ours);
            await CheckAsync(database);
        }

        var endurance = new EnduranceBenchmark(options, lab, figures);
        if (options.Wants("stored"))
            await endurance.StoredAsync();
        if (options.Wants("memory"))
            await endurance.MemoryAsync();
        if (options.Wants("crash"))
            await endurance.CrashAsync();
    }

    private async Task CompareAsync(Contestant ours, string statement, double rateOfOurs)
    {
        await using var databaseOfA = await lab.CreateDatabaseAsync("bench_a");
        await using var databaseOfB = await lab.CreateDatabaseAsync("bench_b");
        await using var control = await Contestant.StartAsync("control", databaseOfA);
        var rateOfA = await WarmAsync(control);
        var rateOfB = await WriteAsync(databaseOfB, statement, 32, WarmupSlice);

        var rounds = new List<Round>();
        for (var i = 0; i < options.Rounds; i++)
        {
            // Interleaved, so that what else happens on the machine happens to all of them.
            var at32 = await MeasureAsync(ours, 32, rateOfOurs);
            var ofA = await MeasureAsync(control, 32, rateOfA);
            var b32 = await WriteAsync(databaseOfB, statement, 32, (int)(rateOfB * options.Seconds));
            var at8 = await MeasureAsync(ours, 8, rateOfOurs / 2);
            var b8 = await WriteAsync(databaseOfB, statement, 8, (int)(rateOfB * options.Seconds / 2));
            var at64 = await MeasureAsync(ours, 64, rateOfOurs);
            var b64 = await WriteAsync(databaseOfB, statement, 64, (int)(rateOfB * options.Seconds));
            var round = new Round(at8, at32, at64, ofA, b8, b32, b64);
            rounds.Add(round);
            Console.WriteLine($"round {i + 1}: events/s ours 8/32/64 {at8.Rate:N0}/{at32.Rate:N0}/{at64.Rate:N0}, A {ofA.Rate:N0}, B {b8:N0}/{b32:N0}/{b64:N0}");
        }

        double Median(Func<Round, double> of) => rounds.Select(of).Order().ElementAt(rounds.Count / 2);
        var ratesAt32 = $"{Median(r => r.At32.Rate):N0} events/s against {Median(r => r.OfA.Rate):N0}";
        figures.AtLeast("applied ÷ A, 32 connections", Median(r => r.At32.Rate / r.OfA.Rate), "x", 4, 6.5, ratesAt32);
        figures.AtLeast("applied ÷ B, 8 connections", Median(r => r.At8.Rate / r.B8), "x", 0.55, 0.7, $"{Median(r => r.At8.Rate):N0} against {Median(r => r.B8):N0}");
        figures.AtLeast("applied ÷ B, 32 connections", Median(r => r.At32.Rate / r.B32), "x", 0.8, 1.05, $"{Median(r => r.At32.Rate):N0} against {Median(r => r.B32):N0}");
        figures.AtLeast("applied ÷ B, 64 connections", Median(r => r.At64.Rate / r.B64), "x", 1.0, 1.5, $"{Median(r => r.At64.Rate):N0} against {Median(r => r.B64):N0}");
        figures.AtMost("closed-loop p99 at 32 ÷ A", Median(r => r.At32.Load.P99 / r.OfA.Load.P99), "x", 1 / 3d, 0.25, $"{Median(r => r.At32.Load.P99):N1} ms against {Median(r => r.OfA.Load.P99):N1} ms");
        figures.AtMost("allocated per delivery, whole request", Median(r => r.At32.AllocatedBytes) / 1024, "KB", 4, 1.2, $"A: {Median(r => r.OfA.AllocatedBytes) / 1024:N1} KB");
        figures.AtMost("commits per event at 32", Median(r => r.At32.Commits), "", 0.15, 0.08, $"A: {Median(r => r.OfA.Commits):N2}");
        figures.Only("CPU of the server per delivery", Median(r => r.At32.ServerMicroseconds), "µs", $"A: {Median(r => r.OfA.ServerMicroseconds):N0} µs");
        figures.Only("CPU of PostgreSQL per event", Median(r => r.At32.DatabaseMicroseconds), "µs", $"A: {Median(r => r.OfA.DatabaseMicroseconds):N0} µs");
    }

    /// <summary>Until the code is compiled for speed: as long as a slice is spared a tenth of the CPU of the one before. The rate then.</summary>
    private static async Task<double> WarmAsync(Contestant contestant)
    {
        for (var (i, before) = (0, double.MaxValue); ; i++)
        {
            var slice = await contestant.TellAsync(await contestant.Database.AddChargesAsync(WarmupSlice), WarmupSlice, 32);
            Console.WriteLine($"warm {contestant.Database.Name}: {slice.Rate:N0}/s, server {slice.ServerMicroseconds:N0} us, database {slice.DatabaseMicroseconds:N0} us");
            if (i == WarmupSliceCountMax - 1 || (i > 3 && slice.ServerMicroseconds > before * 0.9))
                return slice.Rate;
            before = slice.ServerMicroseconds;
        }
    }

    private async Task<Measured> MeasureAsync(Contestant contestant, int connections, double rate)
    {
        var count = (int)(rate * options.Seconds);
        return await contestant.TellAsync(await contestant.Database.AddChargesAsync(count), count, connections);
    }

    private async Task<double> WriteAsync(BenchDatabase database, string statement, int clients, int count)
    {
        var countEach = Math.Max(count / clients, 10);
        var first = await database.AddChargesAsync(countEach * clients);
        var rate = await PgBench.RunAsync(lab.Process, database, statement, first, clients, countEach);
        if (await database.HeldCountAsync(first, countEach * clients) is var held && held != countEach * clients)
            throw new InvalidOperationException($"pgbench wrote {held} of {countEach * clients} events.");
        return rate;
    }

    private async Task OpenLoopAsync(Contestant ours)
    {
        foreach (var (rate, target, aim) in new[] { (1000, 5d, 3d), (4000, 10d, 6d) })
        {
            var count = rate * options.Seconds;
            var measured = await ours.TellAsync(await ours.Database.AddChargesAsync(count), count, 128, rate);
            var load = measured.Load;
            figures.AtMost(
                $"open-loop p99 at {rate:N0}/s", load.P99, "ms", target, aim,
                $"p50 {load.P50:N1}, max {load.Max:N0} ms; the load itself was {load.OwnDelayP99:N1} ms late; {load.Measured / load.Seconds:N0}/s answered");
        }
    }

    private static async Task CheckAsync(BenchDatabase database)
    {
        var wrong = await database.WrongAsync(database.Count);
        Console.WriteLine(wrong.Length == 0
            ? $"checked: {database.Count:N0} events, each applied exactly once"
            : $"WRONG after {database.Count:N0} events: {wrong}");
        if (wrong.Length > 0)
            throw new InvalidOperationException(wrong);
    }

    private sealed record Round(Measured At8, Measured At32, Measured At64, Measured OfA, double B8, double B32, double B64);
}

/// <summary>One run of load at one server.</summary>
/// <param name="Rate">Unique events applied per second.</param>
/// <param name="Load">What the load saw.</param>
/// <param name="AllocatedBytes">Of the server, for each delivery.</param>
/// <param name="ServerMicroseconds">CPU of the server, for each delivery.</param>
/// <param name="DatabaseMicroseconds">CPU of PostgreSQL, for each event.</param>
/// <param name="Commits">Transactions that wrote, for each event.</param>
internal sealed record Measured(
    double Rate, LoadResult Load, double AllocatedBytes, double ServerMicroseconds, double DatabaseMicroseconds, double Commits);

/// <summary>A server and its database.</summary>
internal sealed class Contestant : IAsyncDisposable
{
    // Of a process that starts anew for each measurement.
    private const int WarmupCountMax = 1000;

    private readonly long _postmaster;

    private Contestant(ServerProcess server, BenchDatabase database, long postmaster)
    {
        Server = server;
        Database = database;
        _postmaster = postmaster;
    }

    public ServerProcess Server { get; }

    public BenchDatabase Database { get; }

    public static async Task<Contestant> StartAsync(string kind, BenchDatabase database)
    {
        var backend = await database.CountAsync("SELECT pg_backend_pid()");
        return new Contestant(await ServerProcess.StartAsync(kind, database.ConnectionString), database, Machine.ParentOf(backend));
    }

    /// <summary>Tells about a range of charges, waits until every effect is there, and says what it took.</summary>
    public async Task<Measured> TellAsync(long first, int count, int connections, int rate = 0)
    {
        var (before, transactions, cpu) = (await Server.StatsAsync(), await TransactionCountAsync(), Machine.CpuMillisecondsOfChildren(_postmaster));
        var load = await Child.LoadAsync(new LoadPlan
        {
            Url = Server.Url,
            First = first,
            Count = count,
            WarmupCount = Math.Min(count / 4, WarmupCountMax),
            Connections = connections,
            Rate = rate,
        });
        var more = await Database.WaitForEffectsAsync(first, count);
        var (after, transactionsAfter, cpuAfter) = (await Server.StatsAsync(), await TransactionCountAsync(), Machine.CpuMillisecondsOfChildren(_postmaster));
        if (load.Refused + load.Lost > 0)
            throw new InvalidOperationException($"{load.Refused} deliveries were refused, {load.Lost} had no answer.");
        return new Measured(
            count * ((double)load.Measured / load.Sent) / (load.Seconds + more),
            load,
            (after.AllocatedBytes - before.AllocatedBytes) / (double)load.Sent,
            (after.CpuMilliseconds - before.CpuMilliseconds) * 1000 / load.Sent,
            (cpuAfter - cpu) * 1000 / count,
            (transactionsAfter - transactions) / (double)count);
    }

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    // Every transaction that writes takes the next id, so their difference is exact at once; the statistics lag by seconds.
    private Task<long> TransactionCountAsync() => Database.CountAsync("SELECT pg_snapshot_xmax(pg_current_snapshot())::text");
}
