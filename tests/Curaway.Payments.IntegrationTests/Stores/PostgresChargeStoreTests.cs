using System.Data.Common;
using Curaway.Payments.IntegrationTests.Postgres;

namespace Curaway.Payments.IntegrationTests.Stores;

/// <summary>The store on a real PostgreSQL. What only it can do stands in <c>Postgres/</c>.</summary>
public sealed class PostgresChargeStoreTests : ChargeStoreTests
{
    private readonly List<DatabaseClock> _clocks = [];
    private readonly PostgresServer _server;
    private readonly DatabaseClock _clock;

    public PostgresChargeStoreTests(PostgresServer server)
    {
        _server = server;
        _clock = NewClock(isEmpty: false);
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var clock in _clocks)
        {
            if (clock.HasDatabase)
                await (await clock.Database).DisposeAsync();
            clock.Dispose();
        }
    }

    private protected override IChargeStore NewStore() => new ClockedStore(_clock);

    private protected override Func<IChargeStore> NewEmptyDatabase()
    {
        var clock = NewClock(isEmpty: true);
        return () => new ClockedStore(clock);
    }

    protected override async Task<DbConnection> ConnectAsync() => await (await _clock.Database).Source.OpenConnectionAsync(Ct);

    private DatabaseClock NewClock(bool isEmpty)
    {
        var clock = new DatabaseClock(new Lazy<Task<PostgresTestDatabase>>(() => _server.CreateDatabaseAsync(isEmpty)), Time);
        _clocks.Add(clock);
        return clock;
    }
}
