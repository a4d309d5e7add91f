using System.Diagnostics;
using System.Net.Sockets;
using Npgsql;

namespace Curaway.Payments.IntegrationTests.Chaos;

/// <summary>Clients and disturbances together, then quiet, then the accounts.</summary>
internal sealed class ChaosRun(ChaosPlan plan, ChaosCluster cluster)
{
    private static readonly TimeSpan PollPause = TimeSpan.FromMilliseconds(250);

    // Every look reads everything, and the processors are the hosts'.
    private static readonly TimeSpan LookPause = TimeSpan.FromSeconds(1);

    // For what still waits for its next try, minutes away: only the report tells of it.
    private static readonly TimeSpan FinishPatience = TimeSpan.FromSeconds(15);

    private readonly Promised _promised = new();
    private readonly HashSet<string> _seen = [];

    public static async Task<ChaosReport> RunAsync(ChaosPlan plan, CancellationToken ct)
    {
        await using var cluster = await ChaosCluster.StartAsync(plan);
        var report = await new ChaosRun(plan, cluster).RunAsync(ct);
        TestContext.Current.AddAttachment("chaos", report.ToString());
        TestContext.Current.SendDiagnosticMessage(report.ToString());
        Console.WriteLine(report);
        if (report.Violations.Count > 0)
            TestContext.Current.AddAttachment("what the hosts printed last", string.Join('\n', cluster.Lines));
        return report;
    }

    private async Task<ChaosReport> RunAsync(CancellationToken ct)
    {
        var watch = Stopwatch.StartNew();
        await DisturbAsync(ct);
        await cluster.HealAsync();

        // From here on nothing goes wrong any more.
        var quiet = Stopwatch.StartNew();
        var convergedIn = await UntilAsync(accounts => accounts.Overdue().Count == 0, quiet, plan.Patience, ct);
        var isTold = await UntilAsync(accounts => accounts.Untold().Count == 0, quiet, quiet.Elapsed + plan.Patience, ct) is not null;
        var finishedIn = await UntilAsync(accounts => accounts.Unfinished().Count == 0, quiet, quiet.Elapsed + FinishPatience, ct);
        return await ReportAsync(watch.Elapsed, convergedIn, isTold, finishedIn, ct);
    }

    private async Task DisturbAsync(CancellationToken ct)
    {
        var tokens = await ChaosTokens.FetchAsync(cluster);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var clients = Enumerable.Range(0, plan.ClientCount)
            .Select(number => Task.Run(new ChaosClient(cluster, tokens, _promised, new Random(unchecked((plan.Seed * 1000) + number)), stop.Token).RunAsync)).ToList();
        var disturbances = Task.Run(new Disturbances(cluster, _promised, plan.Seed, stop.Token).RunAsync, ct);
        var watch = Stopwatch.StartNew();
        while ((watch.Elapsed < plan.Duration || cluster.KillCount < plan.KillCountMin) && !disturbances.IsCompleted)
        {
            await LookAsync(accounts => accounts.Always(), ct);
            await Task.Delay(LookPause, ct);
            await cluster.ReplaceDesertersAsync();
        }

        await stop.CancelAsync();
        await Task.WhenAll([.. clients, disturbances]);
    }

    /// <summary>How long it took until the accounts were as they should be; null when they were not in time.</summary>
    private async Task<TimeSpan?> UntilAsync(Func<MoneyInvariants, bool> isReached, Stopwatch quiet, TimeSpan limit, CancellationToken ct)
    {
        while (quiet.Elapsed < limit)
        {
            var isDone = false;
            var hasLooked = await LookAsync(
                accounts =>
                {
                    isDone = isReached(accounts);
                    return accounts.Always();
                },
                ct);
            if (hasLooked && isDone)
                return quiet.Elapsed;
            await Task.Delay(PollPause, ct);
        }

        return null;
    }

    /// <summary>Compares the ledgers with the rows as they are now. False while the database is down.</summary>
    private async Task<bool> LookAsync(Func<MoneyInvariants, IEnumerable<string>> ask, CancellationToken ct)
    {
        try
        {
            // The ledgers first: a row may know more than they did, never less than was committed before it was sent.
            var ledgers = Ledgers.Read(cluster.Simulators);
            var rows = await ClinicRows.ReadAsync(cluster.Source, ct);
            foreach (var violation in ask(new MoneyInvariants(ledgers, rows)))
                _seen.Add(violation);
            return true;
        }
        catch (Exception failure) when (failure is PostgresException { SqlState: ['5', '7', 'P', ..] } or (NpgsqlException and not PostgresException) or IOException or SocketException)
        {
            return false;
        }
    }

    private async Task<ChaosReport> ReportAsync(TimeSpan elapsed, TimeSpan? convergedIn, bool isTold, TimeSpan? finishedIn, CancellationToken ct)
    {
        var ledgers = Ledgers.Read(cluster.Simulators);
        var rows = await ClinicRows.ReadAsync(cluster.Source, ct);
        var accounts = new MoneyInvariants(ledgers, rows);
        var calls = cluster.Simulators.Stripe.Ledger.Calls.Concat(cluster.Simulators.Razorpay.Ledger.Calls);
        return new ChaosReport
        {
            Plan = plan,
            Elapsed = elapsed,
            ConsultationCount = rows.Consultations.Count,
            BookingCount = _promised.Scheduled.Count,
            ChargeCount = rows.Charges.Count,
            CaptureCount = ledgers.Payments.Count(payment => payment.Captured > 0),
            RefundCount = ledgers.Refunds.Count,
            Answers = string.Join(", ", _promised.Answers.OrderByDescending(answer => answer.Value).Select(answer => $"{answer.Value} x {answer.Key}")),
            KillCount = cluster.KillCount,
            DatabaseCrashCount = cluster.DatabaseCrashCount,
            CutCount = cluster.Wire.CutCount,
            ProviderFaultCount = calls.Count(call => call.Fault is not null),
            ConvergedIn = convergedIn,
            FinishedIn = finishedIn,
            Unfinished = accounts.Unfinished(),
            CriticalAlerts = await CriticalAlertsAsync(ct),
            Violations =
            [
                .. _seen.Union(accounts.AtRest()), .. BrokenPromises(ledgers, rows),
                .. cluster.Deserters.Select(lines => $"a host ended by itself:\n{lines}"),
                .. convergedIn is null ? accounts.Overdue().Select(row => $"never converged: {row}") : [],
                .. isTold ? [] : accounts.Untold().Select(transition => $"never told: {transition}"),
            ],
        };
    }

    /// <summary>What a client was told is true, also after everything that happened since.</summary>
    private IEnumerable<string> BrokenPromises(Ledgers ledgers, ClinicRows rows)
    {
        var consultations = rows.Consultations.ToDictionary(consultation => consultation.Id);
        foreach (var id in _promised.Scheduled.Except(_promised.Closed))
        {
            if (consultations.GetValueOrDefault(id)?.Status != "scheduled" || !ledgers.Payments.Any(payment => payment.ConsultationId == id && payment.IsHeld))
                yield return $"consultation {id} was promised, and is {consultations.GetValueOrDefault(id)?.Status ?? "gone"}";
        }

        foreach (var (chargeId, key, amount) in _promised.Refunds)
        {
            var operation = rows.Operations.FirstOrDefault(operation => operation.ChargeId == chargeId && operation.RequestId == key);
            if (ledgers.Refunds.Count(refund => refund.OperationId == operation?.Id && refund.Amount == amount) != 1)
                yield return $"refund {key} of charge {chargeId} was promised, and the ledger has not exactly one";
        }
    }

    private async Task<List<string>> CriticalAlertsAsync(CancellationToken ct)
    {
        await using var command = cluster.Source.CreateCommand(
            "SELECT category || ' ' || text || ' ' || coalesce(charge_id::text, '') FROM alert_outbox WHERE severity = 'critical' ORDER BY id");
        await using var reader = await command.ExecuteReaderAsync(ct);
        var alerts = new List<string>();
        while (await reader.ReadAsync(ct))
            alerts.Add(reader.GetString(0));
        return alerts;
    }
}
