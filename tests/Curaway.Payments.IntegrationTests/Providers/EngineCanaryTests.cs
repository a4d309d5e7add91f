using Curaway.Payments.IntegrationTests.Engine;
using Curaway.Payments.Simulators;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>
/// The same for a team that calls the engine itself: what a caller can put into a command, a routing context or a proof, and
/// what comes in webhooks. What is refused outright: <see cref="CallerTextTests"/>.
/// </summary>
public sealed class EngineCanaryTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("stripe")]
    [InlineData("razorpay")]
    [Trait("Promise", "P22")]
    public async Task No_text_about_a_person_reaches_provider_log_span_alert_or_database(string name)
    {
        using var spans = new SpanRecorder();
        using var log = new LogRecorder();
        await using var engine = await SimulatedEngine.StartAsync(configured => configured.MoreServices = services =>
            services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log)));
        var provider = engine.ProviderOf(name);

        var captured = await PaidAsync(engine, provider);
        Assert.Equal(OperationOutcome.Succeeded, (await engine.Charges.CaptureAsync(captured.Id, "clinician-1", Ct)).Outcome);
        Assert.Equal(OperationOutcome.Succeeded, (await engine.Charges.RefundAsync(SimulatedEngine.Refund(captured, "part", 10_00), Ct)).Outcome);
        Assert.True((await engine.Charges.ReleaseAsync(new ReleaseCharge(captured.Id, "canceled", "admin-1"), Ct)).IsSuccess);
        var voided = await PaidAsync(engine, provider);
        Assert.True((await engine.Charges.VoidAsync(voided.Id, "canceled", "patient-1", Ct)).IsSuccess);
        await engine.Charges.AuthorizeAsync(Told(engine, provider) with { ActorId = Canary.Everything }, Ct);
        await engine.Charges.VoidAsync(voided.Id, Canary.Diagnosis, "patient-1", Ct);
        var lost = Told(engine, provider);
        provider.Strike(StruckCall.Authorize, SimulatorFault.ServerErrorHtml);
        await engine.Charges.AuthorizeAsync(lost, Ct);
        await engine.DeliverAsync(provider);
        await engine.Charges.RefreshAsync(captured.Id, "admin-1", Ct);
        engine.Advance(TimeSpan.FromMinutes(40));
        await engine.SweepAsync();
        await engine.DispatchAsync();
        await engine.DeliverAsync(provider);

        Assert.DoesNotContain(provider.Calls.Select(call => $"{call.Path} {call.Body} {call.IdempotencyKey} {call.UserAgent}"), Canary.IsIn);
        Assert.DoesNotContain(log.Lines, Canary.IsIn);
        Assert.DoesNotContain(spans.Spans, span => span.Source != "Microsoft.AspNetCore" && Canary.IsIn(span.Text));
        Assert.Empty(await Canary.ColumnsWithAsync(engine.DatabasePath, Ct));
        Assert.Contains(log.Lines, line => line.Contains(captured.Id.ToString(), StringComparison.Ordinal));
        Assert.True(engine.Observer.Seen.Count > 4);
    }

    private static async Task<Charge> PaidAsync(SimulatedEngine engine, SimulatedProvider provider)
    {
        var waiting = await engine.Charges.AuthorizeAsync(Told(engine, provider), Ct);
        Assert.Equal(OperationOutcome.RequiresAction, waiting.Outcome);
        var proof = new Dictionary<string, string>(provider.Pay(waiting.NextAction!).Fields)
        {
            ["name"] = Canary.Patient,
            ["email"] = Canary.Address,
            ["description"] = Canary.Everything,
        };
        var paid = await engine.CompleteAsync(waiting.Charge!, new CheckoutProof(proof));
        Assert.Equal(ChargeStatus.Authorized, paid.Charge!.Status);
        return paid.Charge;
    }

    /// <summary>A booking whose routing context was filled by somebody who had not read what it is for.</summary>
    private static AuthorizeCharge Told(SimulatedEngine engine, SimulatedProvider provider)
    {
        var command = engine.Checkout(provider);
        return command with
        {
            Routing = command.Routing with
            {
                ExplicitOverride = provider.Name,
                TenantProvider = Canary.Doctor,
                DataResidencyRegion = Canary.Diagnosis,
                PreferredCurrency = Canary.Patient,
                CountryOfResidence = Canary.Address,
            },
        };
    }
}
