using Curaway.Payments.Simulators;
using Microsoft.Extensions.DependencyInjection;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>A booked hold that is about to end by itself: somebody is told once, and what they chose happens.</summary>
public sealed class ExpiringHoldTests
{
    private static readonly TimeSpan Longest = TimeSpan.FromHours(12);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("stripe", false)]
    [InlineData("stripe", true)]
    [InlineData("razorpay", false)]
    [InlineData("razorpay", true)]
    public async Task It_is_told_once_before_it_ends_and_once_when_it_has_whether_the_provider_answers_or_not(string name, bool isDown)
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var provider = engine.ProviderOf(name);
        var charge = await engine.AuthorizedAsync(provider);
        provider.Webhooks.TakePending();
        var end = charge.CaptureBefore!.Value;
        if (isDown)
            provider.Strike(StruckCall.Find, SimulatorFault.BadGatewayEmpty, isOutage: true);

        var toldAt = new List<DateTimeOffset>();
        while (engine.Time.GetUtcNow() < end - TimeSpan.FromMinutes(10))
        {
            engine.Advance(TimeSpan.FromMinutes(30));
            await engine.SweepAsync();
            if ((await engine.AlertsAsync(charge.Id)).Count(alert => alert.Category == "authorization_expiring") > toldAt.Count)
                toldAt.Add(engine.Time.GetUtcNow());
        }

        Assert.InRange(Assert.Single(toldAt), end - Longest, end);
        Assert.All(await engine.AlertsAsync(charge.Id), alert => Assert.Equal(
            alert.Category is "authorization_expiring" ? AlertSeverity.Critical : AlertSeverity.Warning, alert.Severity));

        engine.Heal();
        for (var hour = 0; hour < 6; hour++)
        {
            engine.Advance(TimeSpan.FromHours(1));
            await engine.SweepAsync();
        }

        Assert.Equal((ChargeStatus.Voided, 0L), ((await engine.ChargeAsync(charge.Id)).Status, provider.LedgerOf(charge.Id).Held));
        Assert.Single(await engine.AlertsAsync(charge.Id), alert => alert is { Category: "authorization_expired", Severity: AlertSeverity.Critical });
        Assert.Single(await engine.AlertsAsync(charge.Id), alert => alert.Category == "authorization_expiring");
    }

    [Theory]
    [InlineData("stripe")]
    [InlineData("razorpay")]
    public async Task With_CaptureExpiring_it_is_captured_once_before_it_ends_also_when_the_answer_is_lost(string name)
    {
        await using var engine = await SimulatedEngine.StartAsync(starting => starting.MoreServices =
            services => services.Configure<PaymentsOptions>(options => options.CaptureExpiring = true));
        var provider = engine.ProviderOf(name);
        var charge = await engine.AuthorizedAsync(provider);
        provider.Webhooks.TakePending();
        provider.Strike(StruckCall.Capture, SimulatorFault.Reset.AfterExecution());
        var end = charge.CaptureBefore!.Value;
        engine.Advance(end - Longest - TimeSpan.FromHours(1) - engine.Time.GetUtcNow());
        await engine.SweepAsync();
        Assert.Equal(100_00, provider.LedgerOf(charge.Id).Held);

        while (engine.Time.GetUtcNow() < end + TimeSpan.FromHours(2))
        {
            engine.Advance(TimeSpan.FromMinutes(30));
            await engine.SweepAsync();
        }

        Assert.Equal(new LedgerFigures(0, 100_00, 0, 1, 1, 0), provider.LedgerOf(charge.Id));
        Assert.Equal(ChargeStatus.Captured, (await engine.ChargeAsync(charge.Id)).Status);
        Assert.Single(await engine.AlertsAsync(charge.Id), alert => alert.Category == "authorization_expiring");
        Assert.DoesNotContain(await engine.AlertsAsync(charge.Id), alert => alert.Category == "authorization_expired");
    }

    [Fact]
    public async Task A_hold_that_is_captured_or_let_go_in_time_is_told_of_by_nobody()
    {
        await using var engine = await SimulatedEngine.StartAsync();
        var (captured, voided) = (await engine.CapturedAsync(engine.Stripe), await engine.AuthorizedAsync(engine.Stripe));
        await engine.Charges.VoidAsync(voided.Id, "canceled_by_patient", "patient-1", Ct);
        for (var day = 0; day < 9; day++)
        {
            engine.Advance(TimeSpan.FromDays(1));
            await engine.SweepAsync();
        }

        Assert.DoesNotContain(await engine.AllAlertsAsync(), alert => alert.ChargeId == captured.Id || alert.ChargeId == voided.Id);
    }
}
