using Curaway.Payments.IntegrationTests.Postgres;
using Curaway.Payments.IntegrationTests.Providers;
using Curaway.Payments.Simulators;

namespace Curaway.Payments.IntegrationTests.Cli;

/// <summary>The operator's tool, as a process over a real database and both simulators.</summary>
public sealed class CliTests(SimulatedEngine engine, PostgresServer server) : IClassFixture<SimulatedEngine>
{
    private const string NobodysId = "0197a9c2-7d2e-7c4f-9a52-3f0c2f6f7b11";

    [Fact]
    public async Task Doctor_says_what_is_there_and_what_is_not_and_never_a_secret()
    {
        var whole = await RunAsync("doctor", "--json");
        Assert.True(whole.ExitCode == 0, whole.Output);
        Assert.All(whole.Json["checks"]!.AsArray(), check => Assert.Equal("ok", check!["verdict"]!.ToString()));
        Assert.Contains("test keys", whole.Output, StringComparison.Ordinal);
        Assert.All(
            engine.Settings.Where(setting => setting.Key.Contains("SECRET", StringComparison.Ordinal)),
            secret => Assert.DoesNotContain(secret.Value!, whole.Output + whole.Errors, StringComparison.Ordinal));

        var lame = engine.Settings;
        lame.Remove("STRIPE_WEBHOOK_SECRET");
        lame["RAZORPAY_KEY_ID"] = "rzp_live_0123456789";
        var told = await CliProcess.RunAsync(lame, "doctor");
        Assert.Equal(1, told.ExitCode);
        Assert.Contains("STRIPE_WEBHOOK_SECRET is not set", told.Output, StringComparison.Ordinal);
        Assert.Contains("One provider has live keys", told.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_knows_a_PostgreSQL_database_without_tables_and_one_that_does_not_answer()
    {
        await using var database = await server.CreateDatabaseAsync(isEmpty: true);
        var empty = await CliProcess.RunAsync([new("DATABASE_URL", database.ConnectionString)], "doctor", "--json");
        Assert.Equal(1, empty.ExitCode);
        Assert.Equal("failed", VerdictOf(empty, "migrations"));

        var unreachable = await CliProcess.RunAsync([new("DATABASE_URL", "postgres://admin:hunter2@127.0.0.1:1/payments")], "doctor", "--json");
        Assert.Equal((1, "failed"), (unreachable.ExitCode, VerdictOf(unreachable, "database")));
        Assert.DoesNotContain("hunter2", unreachable.Output + unreachable.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_tells_the_story_of_a_charge()
    {
        var charge = await engine.CapturedAsync(engine.Razorpay);
        await engine.DeliverAsync(engine.Razorpay);

        var told = await RunAsync("explain", charge.Id.ToString(), "--json");
        Assert.Equal(0, told.ExitCode);
        Assert.Equal(("captured", 100_00L, "razorpay"), (told.Json["status"]!.ToString(), (long)told.Json["captured_cents"]!, told.Json["provider"]!.ToString()));
        var timeline = told.Json["timeline"]!;
        Assert.Equal(["authorize", "capture"], timeline["operations"]!.AsArray().Select(operation => operation!["kind"]!.ToString()));
        Assert.Equal(["pending", "authorized", "captured"], timeline["transitions"]!.AsArray().Select(change => change!["to"]!.ToString()));
        Assert.NotEmpty(timeline["webhooks"]!.AsArray());
        Assert.All(timeline["audit"]!.AsArray(), row => Assert.NotEmpty(row!["actor_id"]!.ToString()));

        var words = await RunAsync("explain", charge.Id.ToString());
        Assert.Contains("Decision: razorpay, by patient_geography.", words.Output, StringComparison.Ordinal);
        Assert.Contains("authorized → captured by api", words.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refund_sends_money_back_once_for_each_request_id()
    {
        var charge = await engine.CapturedAsync(engine.Stripe);
        string[] refund = ["refund", charge.Id.ToString(), "--reason", "manual_dispute", "--request-id", "case-17", "--actor", "ops-1", "--amount-cents", "3000", "--json"];

        var first = await RunAsync(refund);
        Assert.Equal((0, "partially_refunded"), (first.ExitCode, first.Json["status"]!.ToString()));
        Assert.Equal(0, (await RunAsync(refund)).ExitCode);
        Assert.Equal((30_00, 1), (engine.Stripe.LedgerOf(charge.Id).Refunded, engine.Stripe.LedgerOf(charge.Id).Refunds));

        var tooMuch = await RunAsync([.. refund[..5], "case-18", "--actor", "ops-1", "--amount-cents", "7001", "--json"]);
        Assert.Equal((1, ErrorCodes.RefundExceedsCaptured), (tooMuch.ExitCode, tooMuch.Code));
        var audit = (await engine.Store.ReadHistoryAsync(charge.Id, SimulatedEngine.Ct))!.Audit;
        Assert.Contains(audit, row => row is { ActorId: "ops-1", Action: "begin_refund" });
    }

    [Fact]
    public async Task Reconcile_commits_what_the_provider_says_and_tells_when_it_says_nothing()
    {
        var result = await engine.Charges.AuthorizeAsync(engine.Checkout(engine.Razorpay), SimulatedEngine.Ct);
        engine.Razorpay.Pay(result.NextAction!);

        var asked = await RunAsync("reconcile", result.Charge!.Id.ToString(), "--json");
        Assert.Equal((0, "authorized"), (asked.ExitCode, asked.Json["status"]!.ToString()));
        Assert.Equal(ChargeStatus.Authorized, (await engine.ChargeAsync(result.Charge.Id)).Status);

        engine.Razorpay.Strike(StruckCall.Find, SimulatorFault.Answer(500), isOutage: true);
        var silent = await RunAsync("reconcile", result.Charge.Id.ToString(), "--json");
        engine.Heal();
        Assert.Equal((3, ErrorCodes.ProviderUnavailable), (silent.ExitCode, silent.Code));
    }

    [Fact]
    public async Task Settle_closes_what_is_in_review_once_and_not_against_the_provider()
    {
        var charge = await engine.CapturedAsync(engine.Stripe);
        engine.Stripe.Strike(StruckCall.Refund, SimulatorFault.Reset, isOutage: true);
        await engine.Charges.RefundAsync(SimulatedEngine.Refund(charge, "r1", 40_00), SimulatedEngine.Ct);
        engine.Heal();
        await engine.ByHandAsync($"UPDATE charge_operations SET state = 'review' WHERE charge_id = '{charge.Id}'");
        var operations = (await engine.StateAsync(charge.Id)).Operations;
        string[] Settle(OperationKind kind) =>
            ["settle", charge.Id.ToString(), operations.Single(one => one.Kind == kind).Id.ToString(), "--verdict", "did_not_happen", "--reason", "checked", "--actor", "ops-1", "--json"];

        var settled = await RunAsync(Settle(OperationKind.Refund));
        Assert.Equal((0, "captured"), (settled.ExitCode, settled.Json["status"]!.ToString()));
        Assert.Equal((1, ErrorCodes.StateConflict), ((await RunAsync(Settle(OperationKind.Refund))) is var again ? (again.ExitCode, again.Code) : default));
        Assert.Equal((1, ErrorCodes.StateConflict), ((await RunAsync(Settle(OperationKind.Capture))) is var done ? (done.ExitCode, done.Code) : default));
        var state = await engine.StateAsync(charge.Id);
        Assert.Equal(
            [OperationOutcome.Succeeded, OperationOutcome.NotSent],
            state.Operations.Where(one => one.Kind != OperationKind.Authorize).Select(one => one.Outcome!.Value));
        Assert.Contains((await engine.Store.ReadHistoryAsync(charge.Id, SimulatedEngine.Ct))!.Audit, row => row is { ActorId: "ops-1", Action: "review_verdict" });
    }

    [Fact]
    public async Task Replay_makes_given_up_events_due()
    {
        await engine.Store.ReceiveAsync([Stores.Facts.Delivery("evt_cli", null, WebhookVerdict.Unreadable)], SimulatedEngine.Ct);

        var none = await RunAsync("replay", "--provider", "razorpay", "--state", "failed", "--type", "payment_intent.succeeded", "--json");
        Assert.Equal((0, 0), (none.ExitCode, (int)none.Json["replayed_count"]!));
        var one = await RunAsync("replay", "--provider", "stripe", "--state", "failed", "--from", "2020-01-01T00:00:00Z", "--json");
        Assert.Equal((0, 1), (one.ExitCode, (int)one.Json["replayed_count"]!));
        Assert.Equal((2, ErrorCodes.ValidationFailed), ((await RunAsync("replay", "--limit", "0", "--json")) is var bad ? (bad.ExitCode, bad.Code) : default));
    }

    [Fact]
    public async Task Route_explains_a_booking_without_a_database()
    {
        var india = await CliProcess.RunAsync([], "route", "--country-of-residence", "IND", "--json");
        Assert.Equal((0, "razorpay", "patient_geography"), (india.ExitCode, india.Json["provider"]!.ToString(), india.Json["rule"]!.ToString()));
        Assert.False((bool)india.Json["is_configured"]!);
        var elsewhere = await CliProcess.RunAsync(engine.Settings, "route", "--preferred-currency", "USD");
        Assert.Contains("Decision: stripe, by default.", elsewhere.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, ErrorCodes.ValidationFailed, "explain", "not-an-id")]
    [InlineData(2, ErrorCodes.ValidationFailed, "explode")]
    [InlineData(2, ErrorCodes.ValidationFailed, "refund", NobodysId, "--reason", "x", "--actor", "ops-1")]
    [InlineData(2, ErrorCodes.ValidationFailed, "refund", NobodysId, "--reason", "patient Jane Doe", "--request-id", "r", "--actor", "ops-1")]
    [InlineData(2, ErrorCodes.ValidationFailed, "refund", NobodysId, "--reason", "x", "--request-id", "r", "--actor", "ops-1", "--amount-cents", "0")]
    [InlineData(2, ErrorCodes.ValidationFailed, "settle", NobodysId, NobodysId, "--verdict", "maybe", "--reason", "x", "--actor", "ops-1")]
    [InlineData(1, ErrorCodes.NotFound, "settle", NobodysId, NobodysId, "--verdict", "happened", "--reason", "x", "--actor", "ops-1")]
    [InlineData(1, ErrorCodes.NotFound, "explain", NobodysId)]
    [InlineData(1, ErrorCodes.NotFound, "refund", NobodysId, "--reason", "x", "--request-id", "r", "--actor", "ops-1")]
    public async Task Bad_input_is_an_error_with_a_code(int exitCode, string code, params string[] arguments)
    {
        var answer = await RunAsync([.. arguments, "--json"]);
        Assert.Equal((exitCode, code), (answer.ExitCode, answer.Code));
    }

    [Fact]
    public async Task Without_a_database_it_says_what_to_set_and_makes_none()
    {
        var path = Path.Combine(Path.GetTempPath(), $"curaway-nowhere-{Guid.CreateVersion7():N}.db");
        var unset = await CliProcess.RunAsync([], "explain", NobodysId);
        Assert.Equal(2, unset.ExitCode);
        Assert.StartsWith(ErrorCodes.ValidationFailed + ": Set DATABASE_URL", unset.Errors, StringComparison.Ordinal);
        var missing = await CliProcess.RunAsync([new("Curaway:Payments:Sqlite:Path", path)], "explain", NobodysId, "--json");
        Assert.Equal((2, ErrorCodes.ValidationFailed, false), (missing.ExitCode, missing.Code, File.Exists(path)));
    }

    private Task<CliAnswer> RunAsync(params string[] arguments) => CliProcess.RunAsync(engine.Settings, arguments);

    private static string VerdictOf(CliAnswer answer, string name) =>
        answer.Json["checks"]!.AsArray().Single(check => check!["name"]!.ToString() == name)!["verdict"]!.ToString();
}
