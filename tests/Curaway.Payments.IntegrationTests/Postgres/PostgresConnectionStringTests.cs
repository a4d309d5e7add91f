using Curaway.Payments.Postgres;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Curaway.Payments.IntegrationTests.Postgres;

/// <summary>What <c>DATABASE_URL</c> may look like, and what is said about what it may not.</summary>
public sealed class PostgresConnectionStringTests
{
    [Theory]
    [InlineData("postgres://ann:secret@db.example:6543/payments", "db.example", 6543, "ann", "secret", "payments")]
    [InlineData("postgresql://ann:secret@db.example:6543/payments", "db.example", 6543, "ann", "secret", "payments")]
    [InlineData("POSTGRES://ann:secret@db.example/payments", "db.example", 5432, "ann", "secret", "payments")]
    [InlineData("  postgres://ann:secret@db.example/payments\n", "db.example", 5432, "ann", "secret", "payments")]
    [InlineData("postgres://ann:secret@db.example:/payments", "db.example", 5432, "ann", "secret", "payments")]
    [InlineData("postgres://ann@db.example/payments", "db.example", 5432, "ann", null, "payments")]
    [InlineData("postgres://ann:@db.example/payments", "db.example", 5432, "ann", null, "payments")]
    [InlineData("postgres://db.example/payments", "db.example", 5432, null, null, "payments")]
    [InlineData("postgres://ann:secret@db.example", "db.example", 5432, "ann", "secret", null)]
    [InlineData("postgres://ann:secret@db.example/", "db.example", 5432, "ann", "secret", null)]
    [InlineData("postgres://a%40b:p%3A%2F%3F%23%25@db.example/pay%20ments", "db.example", 5432, "a@b", "p:/?#%", "pay ments")]
    [InlineData("postgres://ann:a%3Ab:c@db.example/payments", "db.example", 5432, "ann", "a:b:c", "payments")]
    [InlineData("postgres://ann:a+b;c='d@db.example/payments", "db.example", 5432, "ann", "a+b;c='d", "payments")]
    [InlineData("postgres://ann:p@ss@db.example/payments", "db.example", 5432, "ann", "p@ss", "payments")]
    [InlineData("postgres://ann:%E2%82%AC@db.example/payments", "db.example", 5432, "ann", "€", "payments")]
    [InlineData("postgres://ann:secret@[::1]:6543/payments", "::1", 6543, "ann", "secret", "payments")]
    [InlineData("postgres://ann:secret@[fd12:3456::1]/payments", "fd12:3456::1", 5432, "ann", "secret", "payments")]
    [InlineData("postgres://ann:secret@%2Fvar%2Frun%2Fpostgresql/payments", "/var/run/postgresql", 5432, "ann", "secret", "payments")]
    [InlineData("postgres:///payments?host=/tmp&user=ann&password=secret", "/tmp", 5432, "ann", "secret", "payments")]
    [InlineData("postgres://ann:secret@one:5433,two:5434/payments", "one:5433,two:5434", 5432, "ann", "secret", "payments")]
    [InlineData("Host=db.example;Port=6543;Username=ann;Password=secret;Database=payments", "db.example", 6543, "ann", "secret", "payments")]
    [InlineData("Server=db.example;User Id=ann;Password='se;cret';Database=payments", "db.example", 5432, "ann", "se;cret", "payments")]
    public void It_is_read(string text, string host, int port, string? user, string? password, string? database)
    {
        var read = new NpgsqlConnectionStringBuilder(PostgresConnectionString.Parse(text));

        Assert.Equal((host, port, user, password, database), (read.Host, read.Port, read.Username, read.Password, read.Database));
        Assert.False(read.IncludeErrorDetail);
    }

    [Theory]
    [InlineData("sslmode=require", SslMode.Require)]
    [InlineData("sslmode=verify-full&sslrootcert=/etc/ca.pem", SslMode.VerifyFull)]
    [InlineData("sslmode=verify-ca", SslMode.VerifyCA)]
    [InlineData("sslmode=disable", SslMode.Disable)]
    [InlineData("connect_timeout=7&sslmode=prefer", SslMode.Prefer)]
    public void Its_ssl_mode_is_read(string query, SslMode expected) =>
        Assert.Equal(expected, new NpgsqlConnectionStringBuilder(PostgresConnectionString.Parse("postgres://ann@db/payments?" + query)).SslMode);

    [Fact]
    public void Its_parameters_are_read_by_libpqs_names_and_by_npgsqls()
    {
        var read = new NpgsqlConnectionStringBuilder(PostgresConnectionString.Parse(
            "postgres://ann@db/payments?connect_timeout=7&application_name=clinic%201&options=-c%20search_path%3Dpay&Maximum%20Pool%20Size=20"));

        Assert.Equal((7, "clinic 1", "-c search_path=pay", 20), (read.Timeout, read.ApplicationName, read.Options, read.MaxPoolSize));
        Assert.Equal("curaway-payments", new NpgsqlConnectionStringBuilder(PostgresConnectionString.Parse("Host=db")).ApplicationName);
    }

    [Theory]
    [InlineData("postgres://ann@db/payments", 64)]
    [InlineData("postgres://ann@db/payments?Max%20Auto%20Prepare=0", 0)]
    [InlineData("Host=db", 64)]
    [InlineData("Host=db;Max Auto Prepare=0", 0)]
    [InlineData("Host=db;Max Auto Prepare=7", 7)]
    public void Statements_are_prepared_unless_it_says_otherwise(string text, int expected) =>
        Assert.Equal(expected, new NpgsqlConnectionStringBuilder(PostgresConnectionString.Parse(text)).MaxAutoPrepare);

    [Theory]
    [InlineData("postgres://ann:canary#9@db/payments", "%23")]
    [InlineData("postgres://ann:canary%9@db/payments", "%25")]
    [InlineData("postgres://ann:canary/9@db/payments", "%2F")]
    [InlineData("postgres://ann:canary?9@db/payments", "%3F")]
    [InlineData("postgres://ann:canary@db:canary9/payments", "port")]
    [InlineData("postgres://ann:canary@db:70000/payments", "port")]
    [InlineData("postgres://ann:canary@fd12::1/payments", "[::1]")]
    [InlineData("postgres://ann:canary@[fd12::1/payments", "[::1]")]
    [InlineData("postgres://ann:canary@/payments", "no host")]
    [InlineData("postgres://ann:canary@db/payments?pgbouncer=canary", "'pgbouncer'")]
    [InlineData("postgres://ann:canary@db/payments?sslmode=canary", "'sslmode'")]
    [InlineData("mysql://ann:canary@db/payments", "postgres://")]
    [InlineData("canary", "postgres://")]
    [InlineData("Host=db;Passwort=canary", "postgres://")]
    [InlineData("Username=ann;Password=canary", "no host")]
    public void What_is_wrong_is_said_without_showing_it(string text, string hint)
    {
        var services = new ServiceCollection();
        new PaymentsBuilder(services).UsePostgres(text);
        using var provider = services.BuildServiceProvider();

        var refusal = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IOptions<PostgresStoreOptions>>().Value);

        Assert.Contains(hint, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", refusal.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void DATABASE_URL_goes_before_the_setting_and_without_either_the_host_does_not_start()
    {
        const string Setting = "Curaway:Payments:Postgres:ConnectionString";
        Assert.Equal("Host=url", OptionsOf(new() { ["DATABASE_URL"] = "Host=url", [Setting] = "Host=setting" }).ConnectionString);
        Assert.Equal("Host=setting", OptionsOf(new() { ["DATABASE_URL"] = "", [Setting] = "Host=setting" }).ConnectionString);
        Assert.Contains("DATABASE_URL", Assert.Throws<OptionsValidationException>(() => OptionsOf([])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_last_store_wins_and_a_data_source_of_the_host_stays_the_hosts()
    {
        var source = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Timeout=1");
        var services = new ServiceCollection();
        new PaymentsBuilder(services).UseSqlite("elsewhere.db").UsePostgres("Host=elsewhere").UsePostgres(source);
        await using (var provider = services.BuildServiceProvider())
        {
            Assert.IsType<PostgresChargeStore>(Assert.Single(provider.GetServices<IChargeStore>()));
            Assert.Same(source, provider.GetRequiredService<IOptions<PostgresStoreOptions>>().Value.DataSource);
        }

        // Still open: it tries, and nobody listens there.
        await Assert.ThrowsAsync<NpgsqlException>(async () => await source.OpenConnectionAsync(TestContext.Current.CancellationToken));
        await source.DisposeAsync();
    }

    private static PostgresStoreOptions OptionsOf(Dictionary<string, string?> settings)
    {
        var services = new ServiceCollection();
        new PaymentsBuilder(services).UsePostgres(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        using var provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptions<PostgresStoreOptions>>().Value;
    }
}
