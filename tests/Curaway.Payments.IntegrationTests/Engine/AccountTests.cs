namespace Curaway.Payments.IntegrationTests.Engine;

/// <summary>Several accounts of one provider: chosen once for each charge, and never mixed.</summary>
public sealed class AccountTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_account_is_decided_once_and_stays_with_the_charge()
    {
        await using var engine = await StartAsync();
        var asked = new List<(string Tenant, string Provider)>();
        engine.AccountOf = (tenant, provider) =>
        {
            asked.Add((tenant.Value, provider));
            return "north";
        };
        engine.Stripe.Next(Behavior.ExecuteThenTimeout);
        var unknown = await engine.Charges.AuthorizeAsync(engine.Authorize(), Ct);
        Assert.Equal((OperationOutcome.Indeterminate, "north"), (unknown.Outcome, unknown.Charge!.ProviderAccount));
        Assert.Equal([("clinic", "stripe")], asked);

        // The mapping changes while the charge is open: it is finished where it was begun.
        engine.AccountOf = (_, _) => "default";
        engine.Time.Advance(TimeSpan.FromMinutes(1));
        var again = await engine.Charges.AuthorizeAsync(engine.Authorize(), Ct);
        Assert.Equal((OperationOutcome.Succeeded, unknown.Charge.Id, "north"), (again.Outcome, again.Charge!.Id, again.Charge.ProviderAccount));
        Assert.Equal("north", (await engine.StateAsync(again.Charge.Id)).Charge!.ProviderAccount);
        Assert.Equal("default", (await engine.AuthorizedAsync("c2")).ProviderAccount);
    }

    [Fact]
    public async Task An_account_without_credentials_refuses_and_no_other_one_stands_in()
    {
        await using var engine = await StartAsync();
        engine.AccountOf = (_, _) => "south";
        var refused = await engine.Charges.AuthorizeAsync(engine.Authorize(), Ct);
        Assert.Equal(new PaymentError(ErrorCodes.ProviderNotConfigured, "stripe/south"), refused.Error);
        Assert.Equal((null, 0), (refused.Charge, engine.Stripe.Sends.Count));
    }

    [Fact]
    public async Task The_window_is_the_accounts_own()
    {
        await using var engine = await StartAsync();
        engine.Stripe.Windows["north"] = TimeSpan.FromHours(1);
        engine.AccountOf = (tenant, _) => tenant.Value == "clinic" ? "north" : "default";
        var north = await engine.Charges.AuthorizeAsync(engine.Authorize(method: null), Ct);
        Assert.Equal((ErrorCodes.AuthorizationWindow, 0), (north.Error?.Code, engine.Stripe.Sends.Count));
        var other = await engine.Charges.AuthorizeAsync(engine.Authorize(method: null) with { TenantId = OpaqueId.Parse("clinic-2") }, Ct);
        Assert.Null(other.Error);
    }

    [Fact]
    public async Task A_method_that_another_account_keeps_is_not_charged()
    {
        await using var engine = await StartAsync();
        engine.AccountOf = (_, _) => "north";
        var command = engine.Authorize("elsewhere");
        var charge = (await engine.Charges.AuthorizeAsync(command, Ct)).Charge!;
        Assert.Null(Assert.Single((await engine.StateAsync(charge.Id)).Operations).PaymentMethod);

        var kept = command with { ConsultationId = OpaqueId.Parse("here"), PaymentMethods = [command.PaymentMethods[0] with { Account = "north" }] };
        charge = (await engine.Charges.AuthorizeAsync(kept, Ct)).Charge!;
        Assert.Equal("pm_ok", Assert.Single((await engine.StateAsync(charge.Id)).Operations).PaymentMethod);
    }

    [Fact]
    [Trait("Promise", "P23")]
    public async Task One_accounts_outage_or_429_does_not_stop_the_other()
    {
        await using var engine = await StartAsync();
        engine.AccountOf = (tenant, _) => tenant.Value == "clinic" ? "north" : "default";
        AuthorizeCharge Elsewhere(string consultation) => engine.Authorize(consultation) with { TenantId = OpaqueId.Parse("clinic-2") };
        engine.Stripe.Next([.. Enumerable.Repeat(Behavior.ExecuteThenTimeout, 5)]);
        for (var i = 0; i < 5; i++)
            await engine.Charges.AuthorizeAsync(engine.Authorize($"t{i}"), Ct);
        Assert.Equal("circuit_open", (await engine.Charges.AuthorizeAsync(engine.Authorize("stopped"), Ct)).Error?.Reason);
        Assert.Equal(OperationOutcome.Succeeded, (await engine.Charges.AuthorizeAsync(Elsewhere("open"), Ct)).Outcome);

        engine.Stripe.Next(Behavior.Throttled);
        Assert.Equal("throttled", (await engine.Charges.AuthorizeAsync(Elsewhere("t"), Ct)).Error?.Reason);
        Assert.Equal("throttled", (await engine.Charges.AuthorizeAsync(Elsewhere("u"), Ct)).Error?.Reason);
        engine.AccountOf = (_, _) => "west";
        Assert.Equal(OperationOutcome.Succeeded, (await engine.Charges.AuthorizeAsync(engine.Authorize("free"), Ct)).Outcome);
    }

    [Fact]
    public async Task Test_keys_beside_live_keys_authorize_nothing_and_are_told_once()
    {
        await using var engine = await StartAsync();
        var held = await engine.AuthorizedAsync("held");
        engine.Stripe.Modes["default"] = true;
        engine.Razorpay.Modes["default"] = false;
        for (var i = 0; i < 3; i++)
        {
            var refused = await engine.Charges.AuthorizeAsync(engine.Authorize($"m{i}"), Ct);
            Assert.Equal(new PaymentError(ErrorCodes.ProviderNotConfigured, "mixed_modes"), refused.Error);
        }

        var alert = Assert.Single(engine.Raised());
        Assert.Equal(("configuration", AlertSeverity.Critical), (alert.Category, alert.Severity));
        Assert.Contains("stripe/default live, razorpay/default test", alert.Text, StringComparison.Ordinal);
        // What is held already is settled all the same.
        Assert.Equal(OperationOutcome.Succeeded, (await engine.Charges.CaptureAsync(held.Id, "clinician-1", Ct)).Outcome);

        engine.Razorpay.Modes["default"] = true;
        Assert.Equal(OperationOutcome.Succeeded, (await engine.Charges.AuthorizeAsync(engine.Authorize("agree"), Ct)).Outcome);
        engine.Razorpay.Modes["default"] = false;
        await engine.Charges.AuthorizeAsync(engine.Authorize("again"), Ct);
        Assert.Single(engine.Raised());
    }

    [Fact]
    public async Task A_charge_of_test_mode_is_never_sent_under_live_keys()
    {
        await using var engine = await StartAsync();
        engine.Stripe.Modes["default"] = false;
        var held = await engine.AuthorizedAsync();
        await engine.Store.CommitAsync(
            new ChargeSelector.ById(held.Id),
            state => ChargeCommit.OfSnapshot(state, new ProviderSnapshot { Provider = "stripe", IsLiveMode = false }, new ChargeCause("mode", "webhook", "stripe")),
            booking: null,
            Ct);
        engine.Stripe.Modes["default"] = true;
        var sends = engine.Stripe.Sends.Count;

        var refused = await engine.Charges.CaptureAsync(held.Id, "clinician-1", Ct);
        Assert.Equal((OperationOutcome.NotSent, ErrorCodes.ProviderNotConfigured, "other_mode"), (refused.Outcome, refused.Error?.Code, refused.Error?.Reason));
        var read = await engine.Charges.RefreshAsync(held.Id, "admin-1", Ct);
        Assert.Equal((OperationOutcome.Indeterminate, ChargeStatus.Authorized), (read.Outcome, read.Charge!.Status));
        Assert.Equal(sends, engine.Stripe.Sends.Count);
        Assert.Single(await engine.AlertsAsync(), alert => alert is { Category: "configuration", Severity: AlertSeverity.Critical });

        engine.Stripe.Modes["default"] = false;
        engine.Time.Advance(TimeSpan.FromMinutes(10));
        await engine.ReconcileAsync();
        Assert.Equal(ChargeStatus.Captured, (await engine.StateAsync(held.Id)).Charge!.Status);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public async Task Test_keys_in_production_are_a_warning(bool isProduction, int count)
    {
        await using var engine = await StartAsync();
        engine.Stripe.Modes["default"] = false;
        engine.CheckAccounts(isProduction);
        Assert.Equal(count, engine.Raised().Count(alert => alert is { Category: "configuration", Severity: AlertSeverity.Warning }));
    }

    private static async Task<EngineFixture> StartAsync()
    {
        var engine = await EngineFixture.StartAsync();
        (engine.Stripe.Modes["north"], engine.Stripe.Modes["west"]) = (null, null);
        return engine;
    }
}
