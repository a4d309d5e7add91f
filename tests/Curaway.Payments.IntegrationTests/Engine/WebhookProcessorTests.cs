using Curaway.Payments.IntegrationTests.Stores;

namespace Curaway.Payments.IntegrationTests.Engine;

/// <summary>What the processor makes of events that the intake could not apply.</summary>
public sealed class WebhookProcessorTests
{
    private const int AttemptCountMax = 3;

    private static readonly TimeSpan ClaimLease = TimeSpan.FromMinutes(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_poisonous_event_keeps_nobody_waiting_and_becomes_a_dead_letter_with_an_alert_after_its_last_attempt()
    {
        await using var engine = await EngineFixture.StartAsync(options => options.EventAttemptCountMax = AttemptCountMax);
        var (poisoned, neighbour) = (await engine.AuthorizedAsync("poisoned"), await engine.AuthorizedAsync("neighbour"));
        Assert.Equal(WebhookFate.Stored, await engine.TellAsync(Poison(poisoned), "evt_poison"));
        // As if its charge had been held by somebody when it came: it stands behind the poison in the same claim.
        engine.Time.Advance(TimeSpan.FromSeconds(1));
        await engine.TellAsync(Facts.Snapshot(neighbour), "evt_neighbour");
        Assert.Equal(1, await engine.ByHandAsync(
            "UPDATE webhook_events SET state = 'received', next_attempt_at = received_at, processed_at = NULL WHERE provider_event_id = 'evt_neighbour'"));

        await engine.ProcessWebhooksAsync();
        Assert.Equal((WebhookState.Processed, null), await EventAsync(engine, neighbour.Id));
        for (var attempt = 1; attempt < AttemptCountMax; attempt++)
        {
            Assert.Equal((WebhookState.Received, "OverflowException"), await EventAsync(engine, poisoned.Id));
            Assert.DoesNotContain(await engine.AlertsAsync(), IsDeadLetter);
            engine.Time.Advance(ClaimLease);
            await engine.ProcessWebhooksAsync();
        }

        Assert.Equal((WebhookState.Failed, "OverflowException"), await EventAsync(engine, poisoned.Id));
        var alert = Assert.Single(await engine.AlertsAsync(), IsDeadLetter);
        Assert.Equal((AlertSeverity.Critical, "stripe evt_poison OverflowException"), (alert.Severity, alert.Text));
        Assert.Equal(ChargeStatus.Authorized, (await engine.StateAsync(poisoned.Id)).Charge!.Status);

        engine.Time.Advance(TimeSpan.FromDays(1));
        await engine.ProcessWebhooksAsync();
        Assert.Single(await engine.AlertsAsync(), IsDeadLetter);
    }

    [Fact]
    public async Task An_event_that_names_a_charge_of_ours_which_never_comes_is_a_dead_letter_and_a_strangers_is_ignored()
    {
        await using var engine = await EngineFixture.StartAsync();
        var missing = ChargeId.New(engine.Time);
        var ours = new ProviderSnapshot { Provider = "stripe", ChargeId = missing };
        Assert.Equal(WebhookFate.Stored, await engine.TellAsync(ours, "evt_ours"));
        Assert.Equal(WebhookFate.Stored, await engine.TellAsync(new ProviderSnapshot { Provider = "stripe", Reference = "pi_theirs" }, "evt_theirs"));

        engine.Time.Advance(TimeSpan.FromHours(23));
        await engine.ProcessWebhooksAsync();
        Assert.Equal((1, 1), (await CountAsync(engine, "evt_ours", "parked"), await CountAsync(engine, "evt_theirs", "parked")));
        engine.Time.Advance(TimeSpan.FromHours(2));
        await engine.ProcessWebhooksAsync();

        Assert.Equal((1, 1), (await CountAsync(engine, "evt_ours", "failed"), await CountAsync(engine, "evt_theirs", "ignored")));
        var alert = Assert.Single(await engine.AlertsAsync(), IsDeadLetter);
        Assert.Equal((AlertSeverity.Critical, "stripe evt_ours charge_missing"), (alert.Severity, alert.Text));
    }

    // Two payments whose sum does not fit.
    private static ProviderSnapshot Poison(Charge charge) => Facts.Snapshot(
        charge, Facts.Payment("ch_1", PaymentState.Captured, long.MaxValue), Facts.Payment("ch_2", PaymentState.Captured, long.MaxValue));

    private static bool IsDeadLetter(PaymentAlert alert) => alert.Category == "webhook_dead_letter";

    private static async Task<(WebhookState State, string? Reason)> EventAsync(EngineFixture engine, ChargeId id)
    {
        var stored = Assert.Single((await engine.Store.ReadHistoryAsync(id, Ct))!.Webhooks);
        return (stored.State, stored.Reason);
    }

    private static Task<int> CountAsync(EngineFixture engine, string eventId, string state) => engine.ByHandAsync(
        $"UPDATE webhook_events SET state = state WHERE provider_event_id = '{eventId}' AND state = '{state}'");
}
