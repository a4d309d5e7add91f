using System.Globalization;
using Curaway.Payments.IntegrationTests.Stores;
using Curaway.Payments.Postgres;
using Npgsql;

namespace Curaway.Payments.IntegrationTests.Postgres;

/// <summary>What the tables refuse, who may do what, and how they come to be.</summary>
public sealed class PostgresSchemaTests(PostgresServer server) : PostgresTests(server)
{
    private readonly PostgresServer _server = server;

    [Theory]
    [InlineData("UPDATE audit_log SET actor_id = 'nobody'")]
    [InlineData("DELETE FROM audit_log")]
    [InlineData("TRUNCATE audit_log")]
    [InlineData("TRUNCATE consultation_charges CASCADE")]
    [InlineData("SET session_replication_role = replica; DELETE FROM audit_log")]
    [InlineData("INSERT INTO audit_log (id, actor_id, action) VALUES (1, 'a', 'b')")]
    public async Task The_audit_log_only_grows(string sql)
    {
        await CreateAsync(Facts.Charge(Time, "audit"));

        await Assert.ThrowsAsync<PostgresException>(() => Database.ExecuteAsync(sql));

        Assert.Equal("1", await Database.ScalarAsync("SELECT count(*) FROM audit_log WHERE actor_id = 'user_1'"));
    }

    [Theory]
    [InlineData("UPDATE consultation_charges SET charge_status = 'cancelled'")]
    [InlineData("UPDATE consultation_charges SET amount_cents = 0")]
    [InlineData("UPDATE consultation_charges SET amount_cents = -1")]
    [InlineData("UPDATE consultation_charges SET currency = 'usd'")]
    [InlineData("UPDATE consultation_charges SET refunded_cents = -1")]
    [InlineData("UPDATE consultation_charges SET tenant_id = 'Jane Doe'")]
    [InlineData("UPDATE consultation_charges SET closing_at = now()")]
    [InlineData("UPDATE consultation_charges SET stripe_payment_intent_id = 'pi_2'")]
    [InlineData("DELETE FROM consultation_charges")]
    [InlineData("UPDATE charge_operations SET charge_id = gen_random_uuid()")]
    [InlineData("UPDATE charge_operations SET state = 'done'")]
    [InlineData("UPDATE charge_operations SET outcome = 'maybe'")]
    [InlineData("INSERT INTO audit_log (charge_id, actor_id, action) VALUES (gen_random_uuid(), 'a', 'b')")]
    [InlineData("INSERT INTO charge_payments VALUES (gen_random_uuid(), 'ch_1', 'captured', 1, 1, 'USD')")]
    [InlineData("UPDATE webhook_events SET state = 'processed'")]
    [InlineData("UPDATE webhook_events SET next_attempt_at = NULL")]
    public async Task A_row_that_cannot_be_true_is_refused(string sql)
    {
        var charge = Facts.Charge(Time, "illegal", reference: "pi_1");
        await CreateAsync(charge, Facts.Operation(Time, charge.Id));
        await Store.ReceiveAsync([Facts.Delivery("evt_1", Facts.Snapshot(Facts.Charge(Time, "unknown")))], Ct);

        await Assert.ThrowsAsync<PostgresException>(() => Database.ExecuteAsync(sql));
    }

    [Fact]
    public async Task The_exported_script_makes_the_same_tables_and_the_host_then_changes_nothing()
    {
        await using var byHand = await _server.CreateDatabaseAsync(isEmpty: true);
        await byHand.ExecuteAsync(PostgresSchema.ExportSql());
        var applied = await byHand.ScalarAsync("SELECT string_agg(applied_at::text, ' ' ORDER BY version) FROM schema_migrations");

        await new PostgresChargeStore(new PostgresDatabase(byHand.Source)).MigrateAsync(Ct);

        Assert.Equal(applied, await byHand.ScalarAsync("SELECT string_agg(applied_at::text, ' ' ORDER BY version) FROM schema_migrations"));
        Assert.Equal(await ShapeAsync(Database), await ShapeAsync(byHand));
        var last = int.Parse((await byHand.ScalarAsync("SELECT max(version) FROM schema_migrations"))!, CultureInfo.InvariantCulture);
        Assert.DoesNotContain("CREATE", PostgresSchema.ExportSql(last), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_that_is_running_does_not_notice_that_a_newer_one_adds_a_column()
    {
        var charge = await CreateAsync(Facts.Charge(Time, "upgrade", reference: "pi_1"));
        var selector = new ChargeSelector.ById(charge.Id);
        for (var i = 0; i < 5; i++)
            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Store.FindAsync(selector, Ct)));

        await Database.ExecuteAsync("ALTER TABLE consultation_charges ADD COLUMN added_later text");

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Store.FindAsync(selector, Ct)));
        var told = Facts.Snapshot(charge, Facts.Payment("ch_1", PaymentState.Captured, 1500));
        Assert.Equal([WebhookFate.Applied], await Store.ReceiveAsync([Facts.Delivery("evt_1", told)], Ct));
    }

    [Fact]
    [Trait("Promise", "P25")]
    public async Task The_databases_clock_decides_and_its_offset_moves_every_host()
    {
        var charge = await CreateAsync(Facts.Charge(Time, "clock") with { BookBy = Time.GetUtcNow().AddMinutes(10) });
        Assert.Empty(await Store.ClaimDueAsync(10, Lease, Ct));

        await Database.ExecuteAsync($"ALTER DATABASE {Database.Name} SET curaway.clock_offset = '11 minutes'");
        Database.Source.Clear();

        var now = (await Store.FindAsync(new ChargeSelector.ById(charge.Id), Ct)).Now;
        Assert.InRange(now - TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(10.5), TimeSpan.FromMinutes(11.5));
        Assert.Equal([charge.Id], await NewStore().ClaimDueAsync(10, Lease, Ct));
        Assert.Empty(await Store.ClaimDueAsync(10, Lease, Ct));
    }

    [Fact]
    public async Task Text_that_a_column_cannot_hold_is_stored_all_the_same_and_its_copy_is_a_duplicate()
    {
        var charge = await CreateAsync(Facts.Charge(Time, "hostile"));
        var told = Facts.Snapshot(charge, Facts.Payment("ch_\0\ud800", PaymentState.Captured, 1500) with { ErrorCode = "\udfff" });
        var delivery = Facts.Delivery("evt_\0\ud800x", told) with { EventType = "a\0b" };

        Assert.Equal([WebhookFate.Applied], await Store.ReceiveAsync([delivery], Ct));
        Assert.Equal([WebhookFate.Duplicate], await Store.ReceiveAsync([delivery], Ct));

        Assert.Equal("evt_\ufffd\ufffdx", await Database.ScalarAsync("SELECT provider_event_id FROM webhook_events"));
        Assert.Equal(ChargeStatus.Captured, (await Store.FindAsync(new ChargeSelector.ById(charge.Id), Ct)).Charge!.Status);
    }

    private static async Task<string> ShapeAsync(PostgresTestDatabase database) => string.Join('\n', await database.QueryAsync(
        """
        SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, generation_expression, '')
        FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        ORDER BY 1
        """));
}
