using System.Text.Json.Nodes;
using Curaway.Payments.IntegrationTests.Host;
using Curaway.Payments.IntegrationTests.Postgres;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Chaos;

/// <summary>The accounts find what each mistake does to the money: without that, finding nothing would prove nothing.</summary>
[Collection(HostProcesses.OneAtATime)]
public sealed class MistakeTests(PostgresServer server)
{
    [Fact]
    [Trait("Promise", "P02")]
    public async Task A_row_that_is_written_after_the_answer_leaves_an_orphan()
    {
        await using var clinic = await CrashClinic.StartAsync(server, "after_execution authorize", "row_after_answer");

        (await ScheduleAsync(clinic)).Expect(200);

        var violations = (await clinic.LookAsync()).AtRest();
        Assert.Contains(violations, violation => violation.StartsWith("no row of pi_", StringComparison.Ordinal));
        Assert.Contains(violations, violation => violation.StartsWith("two live authorizations", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Promise", "P02")]
    public async Task A_new_key_for_a_retry_takes_the_money_twice()
    {
        await using var clinic = await CrashClinic.StartAsync(server, "", "new_key_per_retry");
        // Its webhook could tell of the first authorization before the retry is made.
        clinic.PauseWebhooks();
        clinic.Simulators.Stripe.Faults.Next(StripeCall.Create, SimulatorFault.Reset.AfterExecution());

        (await ScheduleAsync(clinic, isRetried: true)).Expect(200);

        Assert.Contains((await clinic.LookAsync()).Always(), violation => violation.StartsWith("two live authorizations", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Promise", "P02")]
    public async Task A_timeout_that_is_recorded_as_a_failure_keeps_the_money()
    {
        await using var clinic = await CrashClinic.StartAsync(server, "", "unknown_is_failure");
        clinic.PauseWebhooks();
        clinic.Simulators.Stripe.Faults.Next(StripeCall.Create, SimulatorFault.Reset.AfterExecution());

        (await ScheduleAsync(clinic)).Expect(402);

        Assert.Contains((await clinic.LookAsync()).Always(), violation => violation.Contains("says failed and has the money", StringComparison.Ordinal));
    }

    private static async Task<HostAnswer> ScheduleAsync(CrashClinic clinic, bool isRetried = false)
    {
        var patient = await clinic.TokenAsync("patient");
        var id = (await clinic.AskAsync(patient, HostCaller.Consultations, HostCaller.Consultation())).Expect(201).Id;
        var (path, body, key) = ($"{HostCaller.Consultations}/{id}/schedule", new JsonObject { ["payment_method"] = "test_ok" }, "one-key-of-a-patient");
        if (isRetried)
            (await clinic.PostAsync(patient, path, body, key)).Expect(503);
        return await clinic.AskAsync(patient, path, body, key);
    }
}
