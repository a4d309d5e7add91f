using Curaway.Payments.Postgres;
using Microsoft.Extensions.Time.Testing;

namespace Curaway.Payments.IntegrationTests.Postgres;

/// <summary>A database of its own for each test, and hosts over it that use its real clock.</summary>
public abstract class PostgresTests(PostgresServer server) : IAsyncLifetime
{
    protected static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    protected PostgresTestDatabase Database { get; private set; } = null!;

    /// <summary>For the ids and times of facts; the database's own clock decides what is due.</summary>
    protected TimeProvider Time { get; } = new FakeTimeProvider(TimeProvider.System.GetUtcNow());

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    private protected IChargeStore Store { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Database = await server.CreateDatabaseAsync();
        Store = NewStore();
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Database?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    /// <summary>Another host.</summary>
    private protected IChargeStore NewStore() => new PostgresChargeStore(new PostgresDatabase(Database.Source));

    private protected async Task<Charge> CreateAsync(Charge charge, params ChargeOperation[] operations) => (await Store.CommitAsync(
        new ChargeSelector.ById(charge.Id), state => ChargeCommit.Of(state, charge, Stores.Facts.Cause, [.. operations]), null, Ct)).Charge;
}
