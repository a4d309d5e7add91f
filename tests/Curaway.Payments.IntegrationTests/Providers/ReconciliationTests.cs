using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Curaway.Payments.IntegrationTests.Cli;
using Curaway.Payments.IntegrationTests.Stores;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>Every way in which both sides can differ, planted in a simulator or in our rows, through the real adapters.</summary>
public sealed class ReconciliationTests : IAsyncLifetime
{
    private static readonly TimeSpan Window = TimeSpan.FromHours(48);

    private readonly HttpClient _http = new();
    private SimulatedEngine _engine = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _engine = await SimulatedEngine.StartAsync(engine =>
        engine.StripeSettings.RefundsStartPending = engine.RazorpaySettings.RefundsStartPending = true);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _engine.DisposeAsync();
    }

    [Theory]
    [InlineData("stripe")]
    [InlineData("razorpay")]
    public async Task Where_both_sides_agree_nothing_is_found(string name)
    {
        var provider = _engine.ProviderOf(name);
        var captured = await _engine.CapturedAsync(provider);
        await _engine.Charges.RefundAsync(SimulatedEngine.Refund(captured, "r1", 30_00), Ct);
        await _engine.AuthorizedAsync(provider);
        await PlantAsync(name, chargeId: null);

        var report = await RunAsync();
        Assert.Empty(report.Findings);
        Assert.True(report.IsComplete);
        Assert.Equal(2, report.ComparedCount);
        Assert.True(report.ForeignCount > 0);
        Assert.Empty(await _engine.AllAlertsAsync());
    }

    [Theory]
    [InlineData("stripe")]
    [InlineData("razorpay")]
    public async Task A_payment_and_a_refund_no_webhook_told_of_are_committed_with_an_audit_row_and_one_alert(string name)
    {
        var provider = _engine.ProviderOf(name);
        var refunded = await _engine.CapturedAsync(provider);
        await RefundAtDashboardAsync(provider, refunded, 40_00);
        var waiting = await _engine.Charges.AuthorizeAsync(_engine.Checkout(provider), Ct);
        provider.Pay(waiting.NextAction!);

        var planned = await RunAsync(isDryRun: true);
        Assert.Equal([ReconciliationKind.MissedWebhook, ReconciliationKind.MissedWebhook], planned.Findings.Select(finding => finding.Kind));
        Assert.Equal(ChargeStatus.Pending, (await _engine.ChargeAsync(waiting.Charge!.Id)).Status);
        Assert.Empty(await _engine.AllAlertsAsync());

        Assert.Equal(2, (await RunAsync()).Findings.Length);
        Assert.Equal(ChargeStatus.Authorized, (await _engine.ChargeAsync(waiting.Charge.Id)).Status);
        Assert.Equal((ChargeStatus.PartiallyRefunded, 40_00), await StatusAndRefundedAsync(refunded.Id));
        Assert.Equal(["reconcile"], (await HistoryAsync(waiting.Charge.Id)).Audit.TakeLast(1).Select(row => row.Action));
        Assert.Equal([("reconciliation", AlertSeverity.Warning)], (await _engine.AllAlertsAsync()).Select(alert => (alert.Category, alert.Severity)));
        Assert.Empty((await RunAsync()).Findings);
    }

    [Theory]
    [InlineData("stripe")]
    [InlineData("razorpay")]
    public async Task Money_that_carries_our_charge_id_and_is_in_no_row_is_told_and_left_alone(string name)
    {
        var id = ChargeId.New(_engine.Time);
        await PlantAsync(name, id);

        var finding = Assert.Single((await RunAsync()).Findings);
        Assert.Equal((ReconciliationKind.OrphanAtProvider, id, false), (finding.Kind, finding.ChargeId!.Value, finding.IsHealed));
        Assert.Contains("100.00", finding.Detail, StringComparison.Ordinal);
        var alert = Assert.Single(await _engine.AllAlertsAsync());
        Assert.Equal(AlertSeverity.Critical, alert.Severity);
        Assert.Contains(finding.Reference!, alert.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("stripe")]
    [InlineData("razorpay")]
    public async Task Another_amount_is_told_and_nothing_of_it_is_committed(string name)
    {
        var provider = _engine.ProviderOf(name);
        var charge = await _engine.AuthorizedAsync(provider);
        await _engine.ByHandAsync($"UPDATE consultation_charges SET amount_cents = 9999 WHERE id = '{charge.Id}'");
        var version = (await _engine.ChargeAsync(charge.Id)).Version;

        var finding = Assert.Single((await RunAsync()).Findings);
        Assert.Equal((ReconciliationKind.AmountDrift, false), (finding.Kind, finding.IsHealed));
        Assert.Equal(version, (await _engine.ChargeAsync(charge.Id)).Version);
    }

    [Theory]
    [InlineData("stripe")]
    [InlineData("razorpay")]
    public async Task A_refund_the_bank_does_not_confirm_is_stuck_after_a_week(string name)
    {
        var provider = _engine.ProviderOf(name);
        var charge = await _engine.CapturedAsync(provider);
        await _engine.Charges.RefundAsync(SimulatedEngine.Refund(charge, "r1"), Ct);
        _engine.Advance(TimeSpan.FromDays(6));
        Assert.Empty((await RunAsync()).Findings);

        _engine.Advance(TimeSpan.FromDays(2));
        Assert.Equal([ReconciliationKind.RefundStuck], (await RunAsync()).Findings.Select(finding => finding.Kind));
        provider.Settle(charge.Id, hasSucceeded: true);
        await _engine.SweepAsync();
        Assert.Equal(RefundState.Succeeded, (await _engine.ChargeAsync(charge.Id)).Refunds.Single().State);
        Assert.Empty((await RunAsync()).Findings);
    }

    [Theory]
    [InlineData("stripe")]
    [InlineData("razorpay")]
    public async Task A_hold_that_ran_out_is_committed_and_a_human_is_told(string name)
    {
        var charge = await _engine.AuthorizedAsync(_engine.ProviderOf(name));
        _engine.Advance(TimeSpan.FromDays(8));

        var finding = Assert.Single((await RunAsync()).Findings);
        Assert.Equal((ReconciliationKind.ExpiredAuthorization, true), (finding.Kind, finding.NeedsHuman));
        Assert.Equal(ChargeStatus.Voided, (await _engine.ChargeAsync(charge.Id)).Status);
        Assert.Equal(["authorization_expired", "reconciliation"], (await _engine.AllAlertsAsync()).Select(alert => alert.Category));
    }

    [Theory]
    [InlineData("stripe")]
    [InlineData("razorpay")]
    public async Task A_status_edited_by_hand_is_set_right_from_the_facts_with_an_audit_row(string name)
    {
        var charge = await _engine.CapturedAsync(_engine.ProviderOf(name));
        await _engine.ByHandAsync($"UPDATE consultation_charges SET charge_status = 'authorized' WHERE id = '{charge.Id}'");

        Assert.Equal([ReconciliationKind.ManualEdit], (await RunAsync()).Findings.Select(finding => finding.Kind));
        Assert.Equal("captured", await _engine.TextByHandAsync($"SELECT charge_status FROM consultation_charges WHERE id = '{charge.Id}'"));
        Assert.Contains((await HistoryAsync(charge.Id)).Audit, row => row is { Action: "drift", From: "authorized", To: "captured" });
    }

    [Fact]
    public async Task A_reference_the_provider_does_not_know_is_told()
    {
        var gone = Facts.Charge(_engine.Time, "gone", reference: "pi_gone");
        await _engine.Store.CommitAsync(new ChargeSelector.ById(gone.Id), state => ChargeCommit.Of(state, gone, Facts.Cause), null, Ct);

        var finding = Assert.Single((await RunAsync()).Findings);
        Assert.Equal((ReconciliationKind.MissingAtProvider, "pi_gone"), (finding.Kind, finding.Reference));
    }

    [Fact]
    public async Task A_provider_that_does_not_answer_makes_the_run_incomplete_and_not_wrong()
    {
        await _engine.AuthorizedAsync(_engine.Stripe);
        await _engine.AuthorizedAsync(_engine.Razorpay);
        _engine.Stripe.Strike(StruckCall.Find, SimulatorFault.Answer(500), isOutage: true);

        var report = await RunAsync();
        Assert.Equal((0, 1, false), (report.Findings.Length, report.ComparedCount, report.IsComplete));
        var digest = Assert.Single(await _engine.AllAlertsAsync(), alert => alert.Category == "reconciliation");
        Assert.Equal((AlertSeverity.Warning, "not everything could be compared"), (digest.Severity, digest.Text));
    }

    [Fact]
    public async Task The_tool_prints_the_table_and_a_dry_run_changes_nothing()
    {
        var charge = await _engine.CapturedAsync(_engine.Stripe);
        await _engine.ByHandAsync($"UPDATE consultation_charges SET charge_status = 'authorized' WHERE id = '{charge.Id}'");

        var dry = await CliProcess.RunAsync(_engine.Settings, "reconcile", "--hours", "24", "--dry-run");
        Assert.Equal(0, dry.ExitCode);
        Assert.Matches($"manual_edit +would heal +stripe {charge.Reference}  charge {charge.Id}", dry.Output);
        Assert.Equal("authorized", await _engine.TextByHandAsync($"SELECT charge_status FROM consultation_charges WHERE id = '{charge.Id}'"));

        await PlantAsync("stripe", ChargeId.New(_engine.Time));
        var run = await CliProcess.RunAsync(_engine.Settings, "reconcile", "--json", "--actor", "ops-1");
        Assert.Equal(1, run.ExitCode);
        Assert.Equal(["manual_edit", "orphan_at_provider"], run.Json["findings"]!.AsArray().Select(finding => finding!["kind"]!.ToString()).Order());
        Assert.Contains((await HistoryAsync(charge.Id)).Audit, row => row is { Action: "reconcile", ActorId: "ops-1" });
    }

    private Task<ReconciliationReport> RunAsync(bool isDryRun = false) => _engine.Comparison.RunAsync(new ReconciliationRequest(Window, isDryRun), Ct);

    private async Task<ChargeHistory> HistoryAsync(ChargeId id) => (await _engine.Store.ReadHistoryAsync(id, Ct))!;

    private async Task<(ChargeStatus, long)> StatusAndRefundedAsync(ChargeId id)
    {
        var charge = await _engine.ChargeAsync(id);
        return (charge.Status, charge.Refunded.MinorUnits);
    }

    /// <summary>A payment of 100.00 that somebody made past us, with the notes we would have given it or without.</summary>
    private async Task PlantAsync(string name, ChargeId? chargeId)
    {
        if (name == "stripe")
        {
            var form = new Dictionary<string, string>
            {
                ["amount"] = "10000",
                ["currency"] = "usd",
                ["capture_method"] = "manual",
                ["confirm"] = "true",
                ["off_session"] = "true",
                ["payment_method"] = "pm_card_visa",
                ["allowed_payment_method_types[0]"] = "card",
            };
            if (chargeId is { } id)
                form["metadata[charge_id]"] = id.ToString();
            await PostAsync(name, "v1/payment_intents", new FormUrlEncodedContent(form));
            return;
        }

        var order = new JsonObject
        {
            ["amount"] = 10000,
            ["currency"] = "INR",
            ["receipt"] = "theirs",
            ["payment"] = new JsonObject
            {
                ["capture"] = "manual",
                ["capture_options"] = new JsonObject { ["manual_expiry_period"] = 4320, ["refund_speed"] = "normal" },
            },
        };
        if (chargeId is not null)
            order["notes"] = new JsonObject { ["charge_id"] = chargeId.ToString() };
        var made = await PostAsync(name, "orders", JsonContent.Create(order));
        _engine.Razorpay.Simulator.PayAsPatient(made["id"]!.ToString());
    }

    private Task<JsonNode> RefundAtDashboardAsync(SimulatedProvider provider, Charge charge, long amount) => provider.Name == "stripe"
        ? PostAsync(provider.Name, "v1/refunds", new FormUrlEncodedContent([new("payment_intent", charge.Reference), new("amount", $"{amount}")]))
        : PostAsync(provider.Name, $"payments/{charge.PrincipalPayment!.Reference}/refund", JsonContent.Create(new { amount }));

    private async Task<JsonNode> PostAsync(string name, string path, HttpContent body)
    {
        var settings = _engine.Settings;
        var (address, authorization) = name == "stripe"
            ? (settings["STRIPE_API_BASE"]!, new AuthenticationHeaderValue("Bearer", settings["STRIPE_SECRET_KEY"]))
            : (settings["RAZORPAY_API_BASE"]!, new AuthenticationHeaderValue(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{settings["RAZORPAY_KEY_ID"]}:{settings["RAZORPAY_KEY_SECRET"]}"))));
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{address.TrimEnd('/')}/{path}") { Content = body };
        request.Headers.Authorization = authorization;
        using var response = await _http.SendAsync(request, Ct);
        var text = await response.Content.ReadAsStringAsync(Ct);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }
}
