using System.Globalization;
using Curaway.Payments.Benchmarks;

return args switch
{
    ["webhooks", .. var options] => await WebhookBenchmark.RunAsync(BenchOptions.Parse(options)),
    // The modes that a run starts in processes of their own.
    ["serve", var kind, var connectionString, var port] => await Servers.RunAsync(kind, connectionString, int.Parse(port, CultureInfo.InvariantCulture)),
    ["load", var plan] => await Load.RunAsync(plan),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine(
        """
        dotnet run -c Release --project tests/Curaway.Payments.Benchmarks -- webhooks [options]

          --full               all of it (about half an hour) instead of about three minutes
          --only a,b           some sections: throughput, open, stored, memory, crash
          --rounds 3           interleaved rounds
          --seconds 3          about how long one measurement takes
          --stored 100000      events that are stored already when the rate is measured again
          --memory-events N    events over which memory is watched
          --kills 3            how often PostgreSQL, and the host, is killed under load
        """);
    return 2;
}
