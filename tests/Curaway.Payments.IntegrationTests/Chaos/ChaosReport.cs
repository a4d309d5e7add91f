using System.Globalization;

namespace Curaway.Payments.IntegrationTests.Chaos;

/// <summary>What a run did, and what it found.</summary>
internal sealed record ChaosReport
{
    public required ChaosPlan Plan { get; init; }

    public required TimeSpan Elapsed { get; init; }

    public required int ConsultationCount { get; init; }

    /// <summary>Patients who were told that they are booked.</summary>
    public required int BookingCount { get; init; }

    public required int ChargeCount { get; init; }

    public required int CaptureCount { get; init; }

    public required int RefundCount { get; init; }

    /// <summary>What the clients heard.</summary>
    public required string Answers { get; init; }

    public required int KillCount { get; init; }

    public required int DatabaseCrashCount { get; init; }

    public required int CutCount { get; init; }

    public required int ProviderFaultCount { get; init; }

    /// <summary>From the last fault until every charge agrees with the ledger or waits for a stated time; null when it never did.</summary>
    public required TimeSpan? ConvergedIn { get; init; }

    /// <summary>From the last fault until nothing was left to do; null when something still waits for its time.</summary>
    public required TimeSpan? FinishedIn { get; init; }

    /// <summary>What still waits for its time, or is with a human.</summary>
    public required IReadOnlyList<string> Unfinished { get; init; }

    public required IReadOnlyList<string> CriticalAlerts { get; init; }

    public required IReadOnlyList<string> Violations { get; init; }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"""
        seed {Plan.Seed}, {Elapsed.TotalSeconds:0} s: {ConsultationCount} consultations, {BookingCount} booked, {ChargeCount} charges, {CaptureCount} captures, {RefundCount} refunds
        {Answers}
        {KillCount} hosts killed, {DatabaseCrashCount} database crashes, {CutCount} commits cut, {ProviderFaultCount} provider faults
        converged in {Seconds(ConvergedIn)}, nothing left to do after {Seconds(FinishedIn)}, {Unfinished.Count} waiting, {CriticalAlerts.Count} critical alerts
        {Violations.Count} violations
        {string.Join('\n', Violations.Concat(Unfinished.Select(row => "waiting: " + row)).Concat(CriticalAlerts.Select(alert => "alert: " + alert)).Take(60))}
        """);

    private static string Seconds(TimeSpan? time) =>
        time is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known.TotalSeconds:0.0} s") : "no time";
}
