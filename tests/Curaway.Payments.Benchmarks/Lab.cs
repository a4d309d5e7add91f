using System.Globalization;
using Curaway.Payments.IntegrationTests.Postgres;
using Curaway.Payments.Postgres;
using Npgsql;

namespace Curaway.Payments.Benchmarks;

/// <summary>A private PostgreSQL with fsync and synchronous_commit on, and the databases of one run.</summary>
internal sealed class Lab : IAsyncDisposable
{
    private const string Template = "bench_template";

    private Lab(PostgresProcess process) => Process = process;

    public PostgresProcess Process { get; }

    public static async Task<Lab> StartAsync()
    {
        if (!PostgresProcess.IsInstalled)
            throw new InvalidOperationException("No PostgreSQL: install its server, for example with apt-get install postgresql.");
        var lab = new Lab(await PostgresProcess.StartAsync());
        foreach (var setting in new[] { "shared_buffers = '512MB'", "max_wal_size = '8GB'", "checkpoint_timeout = '30min'" })
            await ExecuteAsync(lab.Process.ConnectionString, $"ALTER SYSTEM SET {setting}");
        await lab.Process.CrashAsync();
        await lab.Process.RestartAsync();

        await ExecuteAsync(lab.Process.ConnectionString, $"CREATE DATABASE {Template}");
        var template = new NpgsqlConnectionStringBuilder(lab.Process.ConnectionString) { Database = Template, Pooling = false }.ToString();
        await using (var source = NpgsqlDataSource.Create(template))
            await PostgresSchema.MigrateAsync(new PostgresDatabase(source), CancellationToken.None);
        await ExecuteAsync(template,
            """
            CREATE TABLE control_events (
                id uuid NOT NULL PRIMARY KEY, provider_event_id text NOT NULL UNIQUE, event_type text NOT NULL, body text NOT NULL,
                received_at timestamptz NOT NULL)
            """);
        return lab;
    }

    public async Task<BenchDatabase> CreateDatabaseAsync(string name)
    {
        await ExecuteAsync(Process.ConnectionString, $"CREATE DATABASE {name} TEMPLATE {Template}");
        return new BenchDatabase(new NpgsqlConnectionStringBuilder(Process.ConnectionString)
        {
            Database = name,
            MaxPoolSize = 100,
            MaxAutoPrepare = 64,
            AutoPrepareMinUsages = 2,
        }.ToString());
    }

    public ValueTask DisposeAsync() => Process.DisposeAsync();

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false });
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}

/// <summary>One database: pending charges to tell about, and what was made of them.</summary>
internal sealed class BenchDatabase(string connectionString) : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(connectionString);
    private long _nextNumber = BenchEvents.FirstNumber;

    public string ConnectionString => connectionString;

    public string Name => new NpgsqlConnectionStringBuilder(connectionString).Database!;

    /// <summary>How many charges there are to tell about.</summary>
    public long Count => _nextNumber - BenchEvents.FirstNumber;

    /// <summary>Makes pending charges as a booking leaves them, and settles the disk. The number of the first.</summary>
    public async Task<long> AddChargesAsync(int count)
    {
        var first = _nextNumber;
        _nextNumber += count;
        await ExecuteAsync(
            $"""
            INSERT INTO consultation_charges (
                id, tenant_id, consultation_id, provider_name, provider_account, livemode, charge_status, amount_cents, currency, authorized_cents,
                captured_cents, refunded_cents, provider_reference, is_reference_closed, is_void_accepted, is_authorization_failed, routing_rule,
                routing_trace, booked_at, book_by, checkout_expires_at, created_at, due_at, version)
            SELECT ('{BenchEvents.ChargeIdPrefix}' || i)::uuid, 'clinic-global', 'consultation_' || i, 'stripe', 'default', false, 'pending',
                {BenchEvents.AmountCents}, 'USD', 0, 0, 0, '{BenchEvents.IntentIdPrefix}' || i, false, false, false, 'default', '[]', now(), now(),
                now() + interval '1 day', now(), now() + interval '1 day', 2
            FROM generate_series({first}, {_nextNumber - 1}) AS i
            """);
        await ExecuteAsync(
            $"""
            INSERT INTO charge_operations (
                id, charge_id, kind, amount_cents, currency, fingerprint, actor_id, state, outcome, send_count, is_unresolved, is_key_spent,
                created_at, next_attempt_at, first_sent_at, closed_at)
            SELECT ('{BenchEvents.OperationIdPrefix}' || i)::uuid, ('{BenchEvents.ChargeIdPrefix}' || i)::uuid, 'authorize',
                {BenchEvents.AmountCents}, 'USD', md5('fingerprint'), 'user_1', 'closed', 'requires_action', 1, false, false, now(), now(), now(), now()
            FROM generate_series({first}, {_nextNumber - 1}) AS i
            """);
        await ExecuteAsync(
            $"""
            INSERT INTO audit_log (charge_id, actor_id, action, source, to_status, details)
            SELECT ('{BenchEvents.ChargeIdPrefix}' || i)::uuid, 'user_1', 'begin_authorize', 'api', 'pending', '{BenchText.Details}'
            FROM generate_series({first}, {_nextNumber - 1}) AS i
            """);
        await ExecuteAsync("ANALYZE");
        await ExecuteAsync("CHECKPOINT");
        return first;
    }

    /// <summary>Charges whose events came and had their effect long ago, as the store leaves them.</summary>
    public async Task AddStoredAsync(int count)
    {
        await AddChargesAsync(count);
        var (first, last) = (_nextNumber - count, _nextNumber - 1);
        await ExecuteAsync(
            $"""
            UPDATE consultation_charges SET charge_status = 'authorized', authorized_cents = amount_cents, authorized_at = now(), version = 3, due_at = NULL
            WHERE id BETWEEN '{BenchEvents.ChargeIdPrefix}{first}' AND '{BenchEvents.ChargeIdPrefix}{last}'
            """);
        await ExecuteAsync(
            $"""
            INSERT INTO webhook_events (
                id, provider_name, provider_account, provider_event_id, event_type, state, body_hash, is_deduped_by_body, charge_id,
                provider_reference, received_at, last_seen_at, processed_at)
            SELECT ('01890000-0000-7000-8000-' || i)::uuid, 'stripe', 'default', '{BenchEvents.EventIdPrefix}' || i, 'payment_intent.amount_capturable_updated',
                'processed', md5('a' || i) || md5('b' || i), false, ('{BenchEvents.ChargeIdPrefix}' || i)::uuid, '{BenchEvents.IntentIdPrefix}' || i, now(), now(), now()
            FROM generate_series({first}, {last}) AS i
            """);
        await ExecuteAsync(
            $"""
            INSERT INTO charge_payments (charge_id, reference, state, amount_cents, captured_cents, currency)
            SELECT ('{BenchEvents.ChargeIdPrefix}' || i)::uuid, '{BenchEvents.PaymentIdPrefix}' || i, 'authorized', {BenchEvents.AmountCents}, 0, 'USD'
            FROM generate_series({first}, {last}) AS i
            """);
        await ExecuteAsync(
            $"""
            INSERT INTO charge_transitions (charge_id, tenant_id, consultation_id, from_status, to_status, source, at, next_attempt_at, seen_at)
            SELECT ('{BenchEvents.ChargeIdPrefix}' || i)::uuid, 'clinic-global', 'consultation_' || i, 'pending', 'authorized', 'webhook', now(), now(), now()
            FROM generate_series({first}, {last}) AS i
            """);
        await ExecuteAsync("VACUUM ANALYZE");
        await ExecuteAsync("CHECKPOINT");
    }

    /// <summary>How many charges of a range hold their money, by the table alone.</summary>
    public Task<long> HeldCountAsync(long first, int count) => CountAsync(
        $"""
        SELECT count(*) FROM consultation_charges
        WHERE id BETWEEN '{BenchEvents.ChargeIdPrefix}{first}' AND '{BenchEvents.ChargeIdPrefix}{first + count - 1}'
            AND charge_status = 'authorized' AND authorized_cents = {BenchEvents.AmountCents}
        """);

    /// <summary>Waits until the effects of a range are there. The seconds it took.</summary>
    public async Task<double> WaitForEffectsAsync(long first, int count)
    {
        var started = TimeProvider.System.GetTimestamp();
        if (await HeldCountAsync(first, count) == count)
            return 0;
        while (await HeldCountAsync(first, count) < count)
        {
            if (TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromMinutes(2))
                throw new InvalidOperationException($"{await HeldCountAsync(first, count)} of {count} effects are there after two minutes.");
            await Task.Delay(20);
        }

        return TimeProvider.System.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>What is not as it must be when exactly these many of our events were told once; empty when all is right.</summary>
    public async Task<string> WrongAsync(long toldCount)
    {
        (string What, string Sql)[] rows =
        [
            ("charges held", $"SELECT count(*) FROM consultation_charges WHERE charge_status = 'authorized' AND authorized_cents = {BenchEvents.AmountCents} AND version = 3"),
            ("events processed", "SELECT count(*) FROM webhook_events WHERE state = 'processed' AND provider_event_id LIKE 'evt_3Bench%'"),
            ("payments", $"SELECT count(*) FROM charge_payments WHERE state = 'authorized' AND amount_cents = {BenchEvents.AmountCents}"),
            ("transitions", "SELECT count(*) FROM charge_transitions WHERE from_status = 'pending' AND to_status = 'authorized'"),
            ("audit rows", "SELECT count(*) FROM audit_log WHERE source = 'webhook' AND to_status = 'authorized'"),
        ];
        var wrong = new List<string>();
        foreach (var (what, sql) in rows)
        {
            if (await CountAsync(sql) is var count && count != toldCount)
                wrong.Add($"{what}: {count}, not {toldCount}");
        }

        if (await CountAsync("SELECT count(*) FROM consultation_charges WHERE charge_status NOT IN ('pending', 'authorized')") is var others and > 0)
            wrong.Add($"{others} charges in another state");
        return string.Join("; ", wrong);
    }

    /// <summary>Of the connections that were open before a crash, none is any good.</summary>
    public void ForgetConnections() => _source.Clear();

    public async Task<long> CountAsync(string sql) => Convert.ToInt64(await ScalarAsync(sql), CultureInfo.InvariantCulture);

    public async Task<object?> ScalarAsync(string sql)
    {
        await using var command = _source.CreateCommand(sql);
        command.CommandTimeout = 600;
        return await command.ExecuteScalarAsync();
    }

    public async Task<List<string>> ListAsync(string sql)
    {
        await using var command = _source.CreateCommand(sql);
        command.CommandTimeout = 600;
        await using var reader = await command.ExecuteReaderAsync();
        var values = new List<string>();
        while (await reader.ReadAsync())
            values.Add(reader.GetString(0));
        return values;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = _source.CreateCommand(sql);
        command.CommandTimeout = 1800;
        await command.ExecuteNonQueryAsync();
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();
}

internal static class BenchText
{
    public const string Details = """{"detail":null,"note":null,"commit_id":"01999999-0000-7000-8000-000000000000"}""";
}
