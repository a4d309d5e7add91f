namespace Curaway.Payments.IntegrationTests.Stores;

public abstract partial class ChargeStoreTests
{
    [Fact]
    [Trait("Promise", "P25")]
    public async Task Eight_hosts_start_at_once_on_an_empty_database()
    {
        var newHost = NewEmptyDatabase();
        var hosts = Enumerable.Range(0, 8).Select(_ => newHost()).ToList();

        await Task.WhenAll(hosts.Select(host => Task.Run(() => host.MigrateAsync(Ct))));

        await Task.WhenAll(hosts.Select((host, i) => Task.Run(() => CreateAsync(host, Facts.Charge(Time, $"host_{i}")))));
        Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(8, (await hosts[0].ClaimDueAsync(100, Lease, Ct)).Count);
    }

    [Fact]
    public async Task A_script_that_changed_after_it_was_applied_is_refused()
    {
        var count = await CountAsync("schema_migrations");
        await Store.MigrateAsync(Ct);
        Assert.Equal(count, await CountAsync("schema_migrations"));
        await ExecuteAsync("UPDATE schema_migrations SET sha256 = 'cafe' WHERE version = 1");

        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => Store.MigrateAsync(Ct));

        Assert.Contains("0001_initial", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("cafe", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_runbooks_manual_refund_works_and_shows_as_a_drift()
    {
        var charge = Facts.Charge(Time, "manual", reference: "pi_1");
        await CreateAsync(charge);
        await ApplyAsync(charge, Facts.Snapshot(charge, Facts.Payment("ch_1", PaymentState.Captured, 1500)));

        Assert.Equal(1, await ExecuteAsync(
            $"""
            UPDATE consultation_charges
            SET charge_status='refunded',
                refunded_at='2026-11-25 09:30:00',
                refund_reason='manual_dispute'
            WHERE id='{charge.Id}'
            """));

        var read = await ReadAsync(charge);
        Assert.Equal((ChargeStatus.Captured, ChargeStatus.Refunded), (read.Status, read.RecordedStatus));
        Assert.Equal(new DateTimeOffset(2026, 11, 25, 9, 30, 0, TimeSpan.Zero), read.RefundedAt);
        Assert.Equal("manual_dispute", read.RefundReason);

        await ReceiveAsync(Facts.Delivery("evt_1", Facts.Snapshot(charge) with { Refunds = [Facts.Refund("re_1", 1500)] }));
        var healed = await ReadAsync(charge);
        Assert.Equal((ChargeStatus.Refunded, ChargeStatus.Refunded, "manual_dispute"), (healed.Status, healed.RecordedStatus, healed.RefundReason));
    }

    [Theory]
    [InlineData("stripe", "pi_1", "pi_1", null, null)]
    [InlineData("razorpay", "order_1", null, "order_1", "pay_1")]
    public async Task The_runbooks_query_works_for_both_providers(string provider, string reference, string? intent, string? order, string? payment)
    {
        var charge = Facts.Charge(Time, "runbook", provider, reference);
        await CreateAsync(charge);
        await ApplyAsync(charge, Facts.Snapshot(charge, Facts.Payment("pay_1", PaymentState.Captured, 1500)));

        await using var connection = await ConnectAsync();
        await using var command = connection.CreateCommand();
        command.CommandText =
            $"""
            SELECT id, charge_status, provider_name, stripe_payment_intent_id, razorpay_payment_id, amount_cents, currency
            FROM consultation_charges WHERE id='{charge.Id}'
            """;
        await using (var reader = await command.ExecuteReaderAsync(Ct))
        {
            Assert.True(await reader.ReadAsync(Ct));
            Assert.Equal("captured", reader["charge_status"]);
            Assert.Equal(provider, reader["provider_name"]);
            Assert.Equal(intent, reader["stripe_payment_intent_id"] as string);
            Assert.Equal(payment, reader["razorpay_payment_id"] as string);
            Assert.Equal(1500L, reader["amount_cents"]);
            Assert.Equal("USD", reader["currency"]);
        }

        Assert.Equal(order, await ScalarAsync("SELECT razorpay_order_id FROM consultation_charges"));
    }
}
