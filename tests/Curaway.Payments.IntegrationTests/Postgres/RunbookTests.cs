using System.Diagnostics;
using Curaway.Payments.IntegrationTests.Stores;
using Npgsql;

namespace Curaway.Payments.IntegrationTests.Postgres;

/// <summary>The runbook's SQL, executed as it is written there. Only the id is filled in.</summary>
public sealed class RunbookTests(PostgresServer server) : PostgresTests(server)
{
    private const string IdentifyTheCharge =
        """

        SELECT id, charge_status, provider_name, stripe_payment_intent_id, razorpay_payment_id, amount_cents, currency
        FROM consultation_charges WHERE id='<charge_uuid>'

        """;

    private const string UpdateTheLocalRow =
        """
        UPDATE consultation_charges
        SET charge_status='refunded',
            refunded_at=now(),
            refund_reason='manual_dispute'
        WHERE id='<charge_uuid>';
        """;

    // The runbook leaves the columns open: "add manual audit row with actor_id".
    private const string AddManualAuditRow =
        """
        INSERT INTO audit_log (charge_id, actor_id, action, from_status, to_status, details)
        VALUES ('<charge_uuid>', 'ops_1', 'manual_refund', 'captured', 'refunded', '{"ticket":"D-1"}'); -- add manual audit row with actor_id
        """;

    [Theory]
    [InlineData("stripe", "pi_1", "ch_1", "pi_1", null)]
    [InlineData("razorpay", "order_1", "pay_1", null, "pay_1")]
    public async Task The_charge_is_identified(string provider, string reference, string payment, string? intent, string? paymentId)
    {
        var charge = await CapturedAsync(provider, reference, payment);

        await using var command = Database.Source.CreateCommand(For(charge, IdentifyTheCharge));
        await using var reader = await command.ExecuteReaderAsync(Ct);

        Assert.True(await reader.ReadAsync(Ct));
        object?[] expected = [charge.Id.Value, "captured", provider, intent, paymentId, 1500L, "USD"];
        Assert.Equal(expected, Enumerable.Range(0, 7).Select(i => reader.IsDBNull(i) ? null : reader.GetValue(i)));
        Assert.False(await reader.ReadAsync(Ct));
    }

    [Fact]
    public async Task A_manual_refund_reads_back_as_a_drift_and_the_providers_truth_heals_it_with_an_audit_row()
    {
        var charge = await CapturedAsync("stripe", "pi_1", "ch_1");

        Assert.Equal(2, await Database.ExecuteAsync(For(charge, UpdateTheLocalRow) + For(charge, AddManualAuditRow)));

        var drifted = (await Store.FindAsync(new ChargeSelector.ById(charge.Id), Ct)).Charge!;
        Assert.Equal((ChargeStatus.Captured, ChargeStatus.Refunded), (drifted.Status, drifted.RecordedStatus));
        Assert.Equal("manual_dispute", drifted.RefundReason);
        Assert.NotNull(drifted.RefundedAt);
        Assert.Equal(["manual"], await Database.QueryAsync("SELECT source FROM audit_log WHERE actor_id = 'ops_1' AND created_at > now() - interval '1 minute'"));

        var told = Facts.Snapshot(charge) with { Refunds = [Facts.Refund("re_1", 1500)] };
        Assert.Equal([WebhookFate.Applied], await Store.ReceiveAsync([Facts.Delivery("evt_1", told)], Ct));

        var healed = (await Store.FindAsync(new ChargeSelector.ById(charge.Id), Ct)).Charge!;
        Assert.Equal((ChargeStatus.Refunded, ChargeStatus.Refunded, "manual_dispute"), (healed.Status, healed.RecordedStatus, healed.RefundReason));
        Assert.Equal("refunded", await Database.ScalarAsync("SELECT to_status FROM audit_log WHERE action = 'webhook' AND details ->> 'detail' = 'evt_1'"));
    }

    [Fact]
    public async Task A_manual_refund_that_the_provider_never_made_is_healed_back_when_it_speaks_again()
    {
        var charge = await CapturedAsync("stripe", "pi_1", "ch_1");
        await Database.ExecuteAsync(For(charge, UpdateTheLocalRow));

        var told = Facts.Snapshot(charge) with { Refunds = [Facts.Refund("re_1", 500)] };
        await Store.ReceiveAsync([Facts.Delivery("evt_1", told)], Ct);

        Assert.Equal("partially_refunded", await Database.ScalarAsync("SELECT charge_status FROM consultation_charges"));
    }

    [Theory]
    [InlineData("stripe_payment_intent_id = 'pi_1'")]
    [InlineData("razorpay_order_id = 'order_1'")]
    [InlineData("razorpay_payment_id = 'pay_1'")]
    public async Task A_charge_is_found_by_what_the_dashboard_shows(string condition)
    {
        await CapturedAsync("stripe", "pi_1", "ch_1");
        await CapturedAsync("razorpay", "order_1", "pay_1");

        Assert.Single(await Database.QueryAsync("SELECT id FROM consultation_charges WHERE " + condition));
    }

    [Fact]
    public async Task Psql_runs_it_by_the_runbooks_command()
    {
        const string Psql = "/usr/bin/psql";
        Assert.SkipUnless(File.Exists(Psql), "psql is not installed here.");
        var charge = await CapturedAsync("stripe", "pi_1", "ch_1");
        var target = new NpgsqlConnectionStringBuilder(Database.ConnectionString);
        var url = $"postgres://{target.Username}:{target.Password}@{target.Host}:{target.Port}/{target.Database}";

        var identified = await RunAsync(Psql, url, "-c", For(charge, IdentifyTheCharge));
        Assert.Contains("captured", identified, StringComparison.Ordinal);
        Assert.Contains("UPDATE 1", await RunAsync(Psql, url, "-c", For(charge, UpdateTheLocalRow)), StringComparison.Ordinal);
        Assert.Contains("INSERT 0 1", await RunAsync(Psql, url, "-c", For(charge, AddManualAuditRow)), StringComparison.Ordinal);
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        Assert.Equal(0, process.ExitCode);
        return output;
    }

    private static string For(Charge charge, string sql) => sql.Replace("<charge_uuid>", charge.Id.ToString(), StringComparison.Ordinal);

    private async Task<Charge> CapturedAsync(string provider, string reference, string payment)
    {
        var charge = await CreateAsync(Facts.Charge(Time, provider, provider, reference));
        var told = Facts.Snapshot(charge, Facts.Payment(payment, PaymentState.Captured, 1500));
        return (await Store.CommitAsync(
            new ChargeSelector.ById(charge.Id), state => ChargeCommit.OfSnapshot(state, told, Facts.Cause), null, Ct)).Charge;
    }
}
