using System.Diagnostics;

namespace Curaway.Payments;

/// <summary>The names of our telemetry: a contract, like the API.</summary>
public static class PaymentsDiagnostics
{
    /// <summary>The name of the activity source and the meter.</summary>
    public const string Name = "Curaway.Payments";

    internal static readonly ActivitySource Source = new(Name);
}
