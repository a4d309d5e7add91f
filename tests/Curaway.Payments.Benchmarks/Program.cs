using System.Globalization;
using Curaway.Payments.Benchmarks;

return args switch
{
    ["webhooks", .. var options] => await WebhookBenchmark.RunAsync(BenchOptions.Parse(options)),
    ["flood", .. var options] => await FloodBenchmark.RunAsync(BenchOptions.Parse(options)),
    ["micro"] => await MicroBenchmark.RunAsync(),
    // The modes that a run starts in processes of their own.
    ["serve", var kind, var connectionString, var port] => await Servers.RunAsync(kind, connectionString, int.Parse(port, CultureInfo.InvariantCulture)),
    ["load", var plan] => await Load.RunAsync(plan),
    ["flood-load", var plan] => await FloodBenchmark.RunLoadAsync(plan),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine(
        """
        dotnet run -c Release --project tests/Curaway.Payments.Benchmarks -- MODE [options]

          webhooks             the hot path against two controls, endurance and crashes
          flood                one genuine delivery a second beside a flood of forged ones
          micro                reading, routing, the engine's own time, a cold start

          --full               all of it instead of about three minutes
          --only a,b           some sections of webhooks: throughput, open, stored, memory, crash
          --rounds 3           interleaved rounds
          --seconds 3          about how long one measurement takes
          --stored 100000      events that are stored already when the rate is measured again
          --memory-events N    events over which memory is watched
          --kills 3            how often PostgreSQL, and the host, is killed under load
        """);
    return 2;
}
