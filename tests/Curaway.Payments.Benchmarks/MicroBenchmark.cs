using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Curaway.Payments.Simulators;
using Microsoft.Extensions.DependencyInjection;
using Stripe;

namespace Curaway.Payments.Benchmarks;

/// <summary>The small things: reading one event, choosing a provider, what the engine adds to a call, a cold start.</summary>
internal sealed class MicroBenchmark(Figures figures)
{
    public static async Task<int> RunAsync()
    {
        var figures = new Figures();
        var benchmark = new MicroBenchmark(figures);
        benchmark.Reading();
        benchmark.Routing();
        await using var lab = await Lab.StartAsync();
        await using var database = await lab.CreateDatabaseAsync("bench_micro");
        await Machine.DescribeAsync(lab, database);
        await benchmark.CallsAsync(database);
        await benchmark.ColdStartAsync(database);
        figures.Print();
        return figures.ExitCode;
    }

    private void Reading()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        new PaymentsBuilder(services).AddStripe(options => options.WebhookSecrets = [BenchEvents.Secret]);
        using var provider = services.BuildServiceProvider();
        var reader = provider.GetServices<IWebhookReader>().Single();
        var body = BenchEvents.BodyOf(BenchEvents.FirstNumber);
        var now = DateTimeOffset.UtcNow;
        var signature = BenchEvents.SignatureOf(body, BenchEvents.Secret, now);
        var request = new WebhookRequest(body, name => name == "Stripe-Signature" ? signature : null, "default", now);
        if (reader.Read(request).Verdict != WebhookVerdict.Accepted)
            throw new InvalidOperationException("The event was not accepted.");

        var (ours, theirs) = Alternate(
            () => reader.Read(request),
            () => EventUtility.ConstructEvent(Encoding.UTF8.GetString(body), signature, BenchEvents.Secret, throwOnApiVersionMismatch: false));
        figures.Only("signature and parse of one event, ours", ours.Nanoseconds, "ns", $"{Text(ours.Bytes)} B; ConstructEvent {Text(theirs.Nanoseconds)} ns, {Text(theirs.Bytes)} B");
        figures.AtLeast("time of ConstructEvent ÷ ours", theirs.Nanoseconds / ours.Nanoseconds, "x", 4, 8, "");
        figures.AtLeast("allocation of ConstructEvent ÷ ours", theirs.Bytes / Math.Max(ours.Bytes, 1), "x", 40, 400, "");
    }

    private void Routing()
    {
        var services = new ServiceCollection();
        new PaymentsBuilder(services).AddGeographicRouting();
        using var provider = services.BuildServiceProvider();
        var rules = provider.GetServices<IRoutingRule>().ToArray();
        var context = new RoutingContext { TenantId = OpaqueId.Parse("clinic-global"), CountryOfResidence = "USA", PreferredCurrency = "USD" };
        // What measuring leaves itself is taken off: an object in 5,000 calls.
        var (decision, nothing) = Alternate(Decide, () => null);
        figures.AtMost("routing decision", decision.Bytes - nothing.Bytes, "B", 0, 0, $"{Text(decision.Nanoseconds)} ns for {rules.Length} rules");

        string? Decide()
        {
            string? winner = null;
            foreach (var rule in rules)
                winner ??= rule.Evaluate(context).Provider;
            return winner;
        }
    }

    /// <summary>One authorization through the engine against the one HTTP call it makes, at the simulator.</summary>
    private async Task CallsAsync(BenchDatabase database)
    {
        await using var simulator = await StripeSimulator.StartAsync();
        simulator.Webhooks.Pause();
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddMetrics();
        services.AddCurawayPayments(payments => payments
            .AddStripe(options =>
            {
                (options.SecretKey, options.PublishableKey) = (simulator.Options.SecretKey, simulator.Options.PublishableKey);
                options.ApiBase = simulator.BaseAddress.ToString();
            })
            .AddGeographicRouting()
            .UsePostgres(database.ConnectionString));
        await using var provider = services.BuildServiceProvider();
        var charges = provider.GetRequiredService<ChargeService>();
        using var http = new HttpClient { BaseAddress = simulator.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", simulator.Options.SecretKey);

        var (engine, raw) = (new List<double>(), new List<double>());
        for (var i = 0; i < 200; i++)
        {
            var started = Stopwatch.GetTimestamp();
            var result = await charges.AuthorizeAsync(BookingOf(i));
            engine.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            if (result.NextAction is null)
                throw new InvalidOperationException($"The authorization was {result.Outcome}.");
            started = Stopwatch.GetTimestamp();
            using var content = new FormUrlEncodedContent([new("amount", "10000"), new("currency", "usd"), new("capture_method", "manual")]);
            using var response = await http.PostAsync(new Uri("/v1/payment_intents", UriKind.Relative), content);
            response.EnsureSuccessStatusCode();
            await response.Content.ReadAsByteArrayAsync();
            raw.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        // The first half warms up.
        double Median(List<double> times) => times.Skip(100).Order().ElementAt(50);
        figures.Only("ChargeService.AuthorizeAsync over the raw HTTP call", Median(engine) - Median(raw), "ms", $"{Median(engine):N1} against {Median(raw):N1} ms: two commits that reach the disk");
    }

    private static AuthorizeCharge BookingOf(int number) => new()
    {
        TenantId = OpaqueId.Parse("clinic-global"),
        ConsultationId = OpaqueId.Parse($"micro-{number}"),
        Amount = new Money(100_00, Currency.Parse("USD")),
        Routing = new RoutingContext { TenantId = OpaqueId.Parse("clinic-global"), PreferredCurrency = "USD" },
        CaptureBy = DateTimeOffset.UtcNow + TimeSpan.FromHours(2),
        ActorId = "patient-1",
    };

    /// <summary>From the start of a host's process, its tables there already, to its first answer.</summary>
    private async Task ColdStartAsync(BenchDatabase database)
    {
        var times = new List<double>();
        for (var i = 0; i < 5; i++)
        {
            var started = Stopwatch.GetTimestamp();
            await using var server = await ServerProcess.StartAsync("ours", database.ConnectionString);
            await server.StatsAsync();
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        times.Sort();
        figures.Only("cold start to the first answer", times[2], "ms", "median of 5; a host with one provider on PostgreSQL");
    }

    /// <summary>Two things measured in turn, so that what else happens on the machine happens to both.</summary>
    private static (Measure Ours, Measure Theirs) Alternate(Func<object?> ours, Func<object?> theirs)
    {
        var (a, b) = (new List<Measure>(), new List<Measure>());
        for (var round = 0; round < 5; round++)
        {
            a.Add(Measure(ours));
            b.Add(Measure(theirs));
        }

        return (a.OrderBy(one => one.Nanoseconds).ElementAt(2), b.OrderBy(one => one.Nanoseconds).ElementAt(2));
    }

    private static Measure Measure(Func<object?> what)
    {
        const int Count = 5000;
        for (var i = 0; i < Count; i++)
            GC.KeepAlive(what());
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < Count; i++)
            GC.KeepAlive(what());
        var time = Stopwatch.GetElapsedTime(started);
        return new Measure(time.TotalNanoseconds / Count, (GC.GetAllocatedBytesForCurrentThread() - bytes) / (double)Count);
    }

    private static string Text(double number) => number.ToString("N0", CultureInfo.InvariantCulture);
}

/// <summary>What one call costs.</summary>
internal sealed record Measure(double Nanoseconds, double Bytes);
