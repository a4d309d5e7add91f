using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using Curaway.Payments.IntegrationTests.Providers;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Curaway.Payments.IntegrationTests.Model;

/// <summary>
/// The real engine, store, adapters and reconciler on random walks of the model's alphabet. <c>CURAWAY_WALKS</c> says how many
/// (500 when unset, 2,000 in CI), <c>CURAWAY_WALK_SEED</c> repeats one.
/// </summary>
[Trait("Promise", "P01")]
public sealed class ConformanceTests(ITestOutputHelper output)
{
    private const int WalkCount = 500;
    private const int WalksPerEngine = 25;

    /// <summary>Hosts die on a walk, machines do not: where there is a disk of memory, a commit need not wait for another.</summary>
    private static readonly string FolderInMemory = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_walk_keeps_the_invariants_and_ends_in_the_ledgers_state_and_its_audit_log_replays()
    {
        var seeds = NumberOf("CURAWAY_WALK_SEED") is { } seed ? [seed] : Enumerable.Range(1, NumberOf("CURAWAY_WALKS") ?? WalkCount).ToArray();
        var breaches = await WalkAsync(seeds, breachCountMax: 5);
        output.WriteLine($"{seeds.Length} walks, {breaches.Count} breaches.\n{string.Join("\n\n", breaches)}");
        Assert.Empty(breaches);
    }

    [Fact]
    public async Task An_adapter_that_sends_retries_under_a_fresh_key_is_caught()
    {
        var breaches = await WalkAsync([.. Enumerable.Range(1, 400)], breachCountMax: 1, services => Decorate<IPaymentProvider>(
            services, (_, provider) => FreshKeys.Over(provider)));
        output.WriteLine(breaches.FirstOrDefault() ?? "nothing");
        Assert.NotEmpty(breaches);
    }

    [Fact]
    public async Task An_audit_row_that_tells_what_did_not_happen_is_found_by_the_replay()
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var charge = await engine.CapturedAsync(engine.Stripe);
        await using var connection = new SqliteConnection($"Data Source={engine.DatabasePath}");
        await connection.OpenAsync(Ct);
        Assert.Empty(await AuditReplay.FindBreachesAsync(connection, Ct));

        await using var command = connection.CreateCommand();
        command.CommandText = "INSERT INTO audit_log (charge_id, actor_id, action, source, from_status, to_status) VALUES ($id, 'admin-1', 'void', 'api', 'authorized', 'voided')";
        command.Parameters.AddWithValue("$id", charge.Id.ToString());
        await command.ExecuteNonQueryAsync(Ct);
        Assert.NotEmpty(await AuditReplay.FindBreachesAsync(connection, Ct));
    }

    private static async Task<IReadOnlyCollection<string>> WalkAsync(int[] seeds, int breachCountMax, Action<IServiceCollection>? plant = null)
    {
        var breaches = new ConcurrentQueue<string>();
        var chunks = seeds.Chunk(WalksPerEngine);
        await Parallel.ForEachAsync(chunks, new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = Ct }, async (chunk, ct) =>
        {
            if (breaches.Count >= breachCountMax)
                return;
            var death = new Death();
            await using var engine = await SimulatedEngine.StartAsync(starting =>
            {
                starting.Time = new ImpatientTime();
                starting.Folder = FolderInMemory;
                starting.MoreServices = services =>
                {
                    Decorate<IChargeStore>(services, (_, store) => DyingStore.Over(store, death));
                    plant?.Invoke(services);
                };
            });
            foreach (var seed in chunk.TakeWhile(_ => breaches.Count < breachCountMax))
            {
                if (await new Walk(engine, death, seed).RunAsync() is { } breach)
                    breaches.Enqueue(breach);
            }

            await using var connection = new SqliteConnection($"Data Source={engine.DatabasePath}");
            await connection.OpenAsync(ct);
            foreach (var breach in await AuditReplay.FindBreachesAsync(connection, ct))
                breaches.Enqueue("audit: " + breach);
        });
        return breaches;
    }

    /// <summary>Puts something in front of every service of the kind.</summary>
    private static void Decorate<T>(IServiceCollection services, Func<IServiceProvider, T, T> decorate)
        where T : class
    {
        foreach (var descriptor in services.Where(service => service.ServiceType == typeof(T)).ToList())
        {
            services.Remove(descriptor);
            if (descriptor.ImplementationType is { } type)
                services.TryAddSingleton(type);
            services.AddSingleton(provider => decorate(provider, (T)(descriptor.ImplementationType is { } inner
                ? provider.GetRequiredService(inner)
                : descriptor.ImplementationInstance ?? descriptor.ImplementationFactory!(provider))));
        }
    }

    private static int? NumberOf(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

/// <summary>A planted fault: every authorization that is sent again goes out under a key of its own.</summary>
public class FreshKeys : DispatchProxy
{
    private IPaymentProvider _provider = null!;

    public static IPaymentProvider Over(IPaymentProvider provider)
    {
        var fresh = Create<IPaymentProvider, FreshKeys>();
        ((FreshKeys)fresh)._provider = provider;
        return fresh;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        if (targetMethod!.Name == nameof(IPaymentProvider.AuthorizeAsync) && args![0] is ProviderRequest { Operation: { SendCount: > 1 } operation } request)
            args[0] = request with { Operation = operation with { Id = OperationId.New(TimeProvider.System) } };
        return targetMethod.Invoke(_provider, args);
    }
}
