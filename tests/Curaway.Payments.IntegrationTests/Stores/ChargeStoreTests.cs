using System.Collections.Immutable;
using System.Data.Common;
using System.Globalization;
using Microsoft.Extensions.Time.Testing;

namespace Curaway.Payments.IntegrationTests.Stores;

/// <summary>
/// What every store owes the engine. A subclass brings one kind of database; the facts are the same. Two stores over one
/// database stand for two hosts.
/// </summary>
public abstract partial class ChargeStoreTests : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    /// <summary>What <c>payments_now()</c> says.</summary>
    protected FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 24, 2, 0, 0, TimeSpan.Zero).AddMicroseconds(123456));

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    private protected IChargeStore Store { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Store = NewStore();
        await Store.MigrateAsync(Ct);
    }

    public abstract ValueTask DisposeAsync();

    /// <summary>Another host over this test's database.</summary>
    private protected abstract IChargeStore NewStore();

    /// <summary>A database without tables, and hosts over it.</summary>
    private protected abstract Func<IChargeStore> NewEmptyDatabase();

    /// <summary>A connection to this test's database that knows nothing of the store.</summary>
    protected abstract Task<DbConnection> ConnectAsync();

    private static Task<ChargeCommitted> CreateAsync(IChargeStore store, Charge charge, params ImmutableArray<ChargeOperation> operations) =>
        store.CommitAsync(new ChargeSelector.ById(charge.Id), state => ChargeCommit.Of(state, charge, Facts.Cause, operations), null, Ct);

    private Task<ChargeCommitted> CreateAsync(Charge charge, params ImmutableArray<ChargeOperation> operations) =>
        CreateAsync(Store, charge, operations);

    private Task<ChargeCommitted> ApplyAsync(Charge charge, ProviderSnapshot snapshot) => Store.CommitAsync(
        new ChargeSelector.ById(charge.Id), state => ChargeCommit.OfSnapshot(state, snapshot, Facts.Cause), null, Ct);

    private Task<ChargeState> FindAsync(Charge charge) => Store.FindAsync(new ChargeSelector.ById(charge.Id), Ct);

    private async Task<Charge> ReadAsync(Charge charge) => (await FindAsync(charge)).Charge!;

    private async Task<int> ExecuteAsync(string sql)
    {
        await using var connection = await ConnectAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteNonQueryAsync(Ct);
    }

    private async Task<string?> ScalarAsync(string sql)
    {
        await using var connection = await ConnectAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteScalarAsync(Ct) is { } value and not DBNull ? Convert.ToString(value, CultureInfo.InvariantCulture) : null;
    }

    private Task<string?> CountAsync(string table) => ScalarAsync("SELECT count(*) FROM " + table);

    // Records compare their arrays by reference; as JSON two equal charges are one text.
    private static void AssertSame<T>(T expected, T actual) => Assert.Equal(PaymentsJson.Serialize(expected), PaymentsJson.Serialize(actual));
}
