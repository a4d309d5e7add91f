namespace Curaway.Payments;

/// <summary>How loud an alert is.</summary>
public enum AlertSeverity
{
    /// <summary>The end of what was told before in the same category, such as an outage: told once, and only when the outage was.</summary>
    Info,

    /// <summary>Something to look at.</summary>
    Warning,

    /// <summary>Money or data needs a human.</summary>
    Critical,
}

/// <summary>Something an operator should know. Ids and codes only: no secret, no body, nothing about a patient.</summary>
/// <param name="Category">What kind, such as <c>stripe_outage</c> or <c>money_conflict</c>; cooldowns count per category.</param>
/// <param name="Severity">How loud.</param>
/// <param name="Text">What happened, in codes and ids.</param>
/// <param name="ChargeId">The charge it is about.</param>
public sealed record PaymentAlert(string Category, AlertSeverity Severity, string Text, ChargeId? ChargeId = null);

/// <summary>An alert on its way to the sinks.</summary>
/// <param name="Id">Our number of it.</param>
/// <param name="Alert">The alert.</param>
/// <param name="RaisedAt">When it was committed, UTC.</param>
public sealed record QueuedAlert(long Id, PaymentAlert Alert, DateTimeOffset RaisedAt);

/// <summary>Delivers alerts somewhere. Called by the dispatcher only, outside any payment.</summary>
public interface IAlertSink
{
    /// <summary>Delivers one alert. What it throws makes the alert come again later.</summary>
    Task SendAsync(PaymentAlert alert, CancellationToken ct);
}
