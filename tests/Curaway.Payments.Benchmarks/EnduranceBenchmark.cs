using System.Globalization;

namespace Curaway.Payments.Benchmarks;

/// <summary>What many events do to the rate and to memory, and what a crash does to events that were acknowledged.</summary>
internal sealed class EnduranceBenchmark(BenchOptions options, Lab lab, Figures figures)
{
    private const int StoredBase = 10_000;
    private const int Connections = 32;
    private const int CrashEvents = 3000;

    /// <summary>The rate with many events stored against the rate with few: two databases, measured in turn.</summary>
    public async Task StoredAsync()
    {
        await using var few = await lab.CreateDatabaseAsync("bench_few");
        await using var many = await lab.CreateDatabaseAsync("bench_many");
        await few.AddStoredAsync(StoredBase);
        await many.AddStoredAsync(options.Stored);
        await using var withFew = await Contestant.StartAsync("ours", few);
        await using var withMany = await Contestant.StartAsync("ours", many);
        var ratios = new List<double>();
        var count = 2000;
        for (var i = 0; i <= options.Rounds; i++)
        {
            var a = await withFew.TellAsync(await few.AddChargesAsync(count), count, Connections);
            var b = await withMany.TellAsync(await many.AddChargesAsync(count), count, Connections);
            // The first round warms up, and says how many events fill the time.
            if (i > 0)
                ratios.Add(b.Rate / a.Rate);
            else
                count = (int)(a.Rate * options.Seconds);
        }

        ratios.Sort();
        figures.AtLeast(
            $"rate with {Text(options.Stored)} events stored ÷ with {Text(StoredBase)}", ratios[ratios.Count / 2], "x", 0.85, 0.95,
            $"{ratios[0]:N2} to {ratios[^1]:N2} over {ratios.Count} rounds");
    }

    /// <summary>Memory that is in use after all garbage is gone, early and at the end.</summary>
    public async Task MemoryAsync()
    {
        await using var database = await lab.CreateDatabaseAsync("bench_memory");
        await using var ours = await Contestant.StartAsync("ours", database);
        var part = options.MemoryEvents / 10;
        ServerStats? early = null;
        for (var i = 0; i < 10; i++)
        {
            await ours.TellAsync(await database.AddChargesAsync(part), part, Connections);
            if (i == 1)
                early = await ours.Server.StatsAsync(collect: true);
        }

        var late = await ours.Server.StatsAsync(collect: true);
        figures.AtMost(
            $"memory in use after {Text(options.MemoryEvents)} events ÷ after {Text(part * 2)}", (double)late.HeapBytes / early!.HeapBytes, "x", 1.1, 1.0,
            $"heap {Megabytes(early.HeapBytes)} → {Megabytes(late.HeapBytes)} MB, process {Megabytes(early.WorkingSetBytes)} → {Megabytes(late.WorkingSetBytes)} MB");
        var wrong = await database.WrongAsync(database.Count);
        if (wrong.Length > 0)
            throw new InvalidOperationException(wrong);
    }

    /// <summary>Kills under load. What a 2xx was said to has to be there; with synchronous_commit off some of it must not be.</summary>
    public async Task CrashAsync()
    {
        var (lostByDatabase, lostByHost, acknowledged) = (0L, 0L, 0L);
        await using (var database = await lab.CreateDatabaseAsync("bench_crash"))
        {
            for (var kill = 0; kill < options.Kills; kill++)
            {
                var (lost, count) = await CrashOnceAsync(database, _ => CrashDatabaseAsync());
                (lostByDatabase, acknowledged) = (lostByDatabase + lost, acknowledged + count);
                (lost, count) = await CrashOnceAsync(database, server => server.KillAndRestartAsync());
                (lostByHost, acknowledged) = (lostByHost + lost, acknowledged + count);
            }
        }

        var control = 0L;
        await using (var careless = await lab.CreateDatabaseAsync("bench_careless"))
        {
            await careless.ExecuteAsync($"ALTER DATABASE {careless.Name} SET synchronous_commit = off");
            // Only now and then is the log written out, so that the crash finds something to lose.
            await careless.ExecuteAsync("ALTER SYSTEM SET wal_writer_delay = '10s'");
            await careless.ExecuteAsync("ALTER SYSTEM SET wal_writer_flush_after = '1GB'");
            await careless.ExecuteAsync("SELECT pg_reload_conf()");
            for (var kill = 0; kill < options.Kills; kill++)
                control += (await CrashOnceAsync(careless, _ => CrashDatabaseAsync())).Lost;
            await careless.ExecuteAsync("ALTER SYSTEM RESET wal_writer_delay");
            await careless.ExecuteAsync("ALTER SYSTEM RESET wal_writer_flush_after");
            await careless.ExecuteAsync("SELECT pg_reload_conf()");
        }

        figures.AtMost("acknowledged events lost, PostgreSQL killed", lostByDatabase, "", 0, 0, $"{options.Kills} kills, {Text(acknowledged)} acknowledged in all");
        figures.AtMost("acknowledged events lost, host killed", lostByHost, "", 0, 0, $"{options.Kills} kills");
        figures.AtLeast("lost by the negative control, synchronous_commit=off", control, "", 1, 1, "has to lose some, or the harness proves nothing");
    }

    private static async Task<(long Lost, long Acknowledged)> CrashOnceAsync(BenchDatabase database, Func<ServerProcess, Task> crash)
    {
        var first = await database.AddChargesAsync(CrashEvents);
        var path = Path.Combine(Path.GetTempPath(), $"curaway-acknowledged-{Environment.ProcessId}");
        await using var server = await ServerProcess.StartAsync("ours", database.ConnectionString);
        var load = Child.LoadAsync(new LoadPlan { Url = server.Url, First = first, Count = CrashEvents, Connections = Connections, AcknowledgedPath = path });
        // In the middle of it: when a third is applied.
        while (!load.IsCompleted && await database.HeldCountAsync(first, CrashEvents) < CrashEvents / 3)
            await Task.Delay(5);
        await crash(server);
        await load;
        database.ForgetConnections();

        var acknowledged = (await File.ReadAllLinesAsync(path)).Select(line => long.Parse(line, CultureInfo.InvariantCulture)).Distinct().ToList();
        File.Delete(path);
        var applied = (await database.ListAsync(
            $"""
            SELECT right(provider_event_id, 12) FROM webhook_events AS event JOIN consultation_charges AS charge ON charge.id = event.charge_id
            WHERE event.state = 'processed' AND charge.charge_status = 'authorized'
            """)).Select(line => long.Parse(line, CultureInfo.InvariantCulture)).ToHashSet();
        return (acknowledged.Count(number => !applied.Contains(number)), acknowledged.Count);
    }

    private async Task CrashDatabaseAsync()
    {
        await lab.Process.CrashAsync();
        await lab.Process.RestartAsync();
    }

    private static string Megabytes(long bytes) => (bytes / 1048576.0).ToString("N1", CultureInfo.InvariantCulture);

    private static string Text(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
