using System.Data.Common;
using Curaway.Payments.Sqlite;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Curaway.Payments.IntegrationTests.Stores;

/// <summary>The embedded store, on a real file.</summary>
public sealed class SqliteChargeStoreTests : ChargeStoreTests
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("curaway-store-");
    private readonly List<SqliteChargeStore> _stores = [];

    private string FilePath => Path.Combine(_folder.FullName, "payments.db");

    public override ValueTask DisposeAsync()
    {
        CloseAll();
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Everything_is_there_after_the_file_was_closed_and_opened_again()
    {
        var (charge, operation) = Facts.Full(Time, "reopened");
        var committed = await Store.CommitAsync(
            new ChargeSelector.ById(charge.Id), state => ChargeCommit.Of(state, charge, Facts.Cause, operation), null, Ct);
        CloseAll();

        var reopened = NewStore();
        await reopened.MigrateAsync(Ct);
        var read = await reopened.FindAsync(new ChargeSelector.ById(charge.Id), Ct);

        Assert.Equal(PaymentsJson.Serialize(committed.State with { Now = read.Now }), PaymentsJson.Serialize(read));
    }

    [Fact]
    public async Task A_commit_is_in_a_copy_of_the_files_taken_without_closing_them()
    {
        var charge = Facts.Charge(Time, "killed");
        await Store.CommitAsync(new ChargeSelector.ById(charge.Id), state => ChargeCommit.Of(state, charge, Facts.Cause), null, Ct);

        // What a killed process leaves behind: the file and its log as they are, without a checkpoint.
        foreach (var suffix in new[] { "", "-wal" })
            File.Copy(FilePath + suffix, Path.Combine(_folder.FullName, "killed.db" + suffix));
        var revived = NewStore("killed.db");

        Assert.NotNull((await revived.FindAsync(new ChargeSelector.ById(charge.Id), Ct)).Charge);
    }

    [Fact]
    public async Task A_write_waits_for_another_connection_that_is_writing()
    {
        await using var connection = await ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync(Ct);
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "INSERT INTO audit_log (actor_id, action) VALUES ('ops_1', 'note')";
        await command.ExecuteNonQueryAsync(Ct);

        var charge = Facts.Charge(Time, "waiting");
        var write = Task.Run(() => Store.CommitAsync(
            new ChargeSelector.ById(charge.Id), state => ChargeCommit.Of(state, charge, Facts.Cause), null, Ct), Ct);
        await Task.Delay(300, Ct);
        Assert.False(write.IsCompleted);
        Assert.Null((await Store.FindAsync(new ChargeSelector.ById(charge.Id), Ct)).Charge);

        await transaction.CommitAsync(Ct);
        Assert.Equal(1, (await write).Charge.Version);
    }

    [Fact]
    public async Task A_writer_that_never_ends_is_a_database_error_and_nothing_is_written()
    {
        await using var connection = await ConnectAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "BEGIN IMMEDIATE";
        await command.ExecuteNonQueryAsync(Ct);
        var impatient = NewStore("payments.db", TimeSpan.FromSeconds(1));

        var failure = await Assert.ThrowsAsync<SqliteException>(() => impatient.EnqueueAlertAsync(new PaymentAlert("test", AlertSeverity.Info, "x"), Ct));

        Assert.Equal(5, failure.SqliteErrorCode);
    }

    [Fact]
    public async Task Every_commit_is_synced_to_a_write_ahead_log()
    {
        using var database = new SqliteDatabase(new SqliteStoreOptions { Path = FilePath }, Time);

        Assert.Equal("wal", await PragmaAsync(database, "journal_mode"));
        Assert.Equal("2", await PragmaAsync(database, "synchronous"));
        Assert.Equal("1", await PragmaAsync(database, "foreign_keys"));
        Assert.Equal("30000", await PragmaAsync(database, "busy_timeout"));
    }

    [Fact]
    public async Task An_audit_row_cannot_be_replaced_either()
    {
        await Store.CommitAsync(
            new ChargeSelector.ById(ChargeId.New(Time)), state => ChargeCommit.Of(state, Facts.Charge(Time, "replace"), Facts.Cause), null, Ct);
        await using var connection = await ConnectAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "INSERT OR REPLACE INTO audit_log (id, actor_id, action) VALUES (1, 'nobody', 'nothing')";

        await Assert.ThrowsAsync<SqliteException>(() => command.ExecuteNonQueryAsync(Ct));
    }

    [Fact]
    public void UseSqlite_registers_one_store_and_the_last_path_wins()
    {
        var services = new ServiceCollection();
        var builder = new PaymentsBuilder(services);
        builder.UseSqlite("elsewhere.db").UseSqlite(FilePath);
        using var provider = services.BuildServiceProvider();

        Assert.Single(services, service => service.ServiceType == typeof(IChargeStore));
        Assert.Same(provider.GetRequiredService<IChargeStore>(), provider.GetRequiredService<IChargeStore>());
        Assert.Equal(FilePath, provider.GetRequiredService<IOptions<SqliteStoreOptions>>().Value.Path);
    }

    [Theory]
    [InlineData(" ", 30)]
    [InlineData(":memory:", 30)]
    [InlineData("payments.db", 0)]
    [InlineData("payments.db", 301)]
    public void UseSqlite_refuses_options_that_cannot_work(string path, int seconds)
    {
        var services = new ServiceCollection();
        new PaymentsBuilder(services).UseSqlite(options =>
        {
            options.Path = path;
            options.BusyTimeout = TimeSpan.FromSeconds(seconds);
        });
        using var provider = services.BuildServiceProvider();

        Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IOptions<SqliteStoreOptions>>().Value);
    }

    private protected override IChargeStore NewStore() => NewStore("payments.db");

    private protected override Func<IChargeStore> NewEmptyDatabase() => () => NewStore("empty.db");

    protected override async Task<DbConnection> ConnectAsync()
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = FilePath, Pooling = false }.ToString());
        await connection.OpenAsync(Ct);
        return connection;
    }

    private SqliteChargeStore NewStore(string file, TimeSpan? busyTimeout = null)
    {
        var options = new SqliteStoreOptions { Path = Path.Combine(_folder.FullName, file) };
        options.BusyTimeout = busyTimeout ?? options.BusyTimeout;
        var store = new SqliteChargeStore(Options.Create(options), Time);
        lock (_stores)
            _stores.Add(store);
        return store;
    }

    private void CloseAll()
    {
        _stores.ForEach(store => store.Dispose());
        _stores.Clear();
    }

    private static async Task<string?> PragmaAsync(SqliteDatabase database, string name)
    {
        await using var connection = await database.OpenAsync(Ct);
        await using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA " + name;
        return Convert.ToString(await command.ExecuteScalarAsync(Ct), System.Globalization.CultureInfo.InvariantCulture);
    }
}
