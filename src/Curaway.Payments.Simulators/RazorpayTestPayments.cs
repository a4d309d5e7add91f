using System.Text.Json.Nodes;

namespace Curaway.Payments.Simulators;

/// <param name="Value">Card number or UPI address.</param>
/// <param name="Method"><c>card</c> or <c>upi</c>.</param>
/// <param name="Label">For the dialog.</param>
/// <param name="Succeeds">False is declined by the bank.</param>
internal sealed record RazorpayTestPayment(string Value, string Method, string Label, bool Succeeds);

/// <summary>
/// The ways a test may pay. The UPI addresses and 4100…1007 are published test values; the number that is declined is
/// of our choosing, because the provider publishes none for it.
/// </summary>
internal static class RazorpayTestPayments
{
    public const string FailureText = "Payment failed";

    private static readonly RazorpayTestPayment[] All =
    [
        new("4100280000001007", "card", "Card that pays", true),
        new("5267318187975449", "card", "Card that is declined", false),
        new("success@razorpay", "upi", "UPI that pays", true),
        new("failure@razorpay", "upi", "UPI that is declined", false),
    ];

    public static RazorpayTestPayment? Find(string value)
    {
        var wanted = value.Replace(" ", "", StringComparison.Ordinal);
        return Array.Find(All, payment => payment.Value == wanted);
    }

    /// <summary>The dialog shows labels and short keys, so that no provider's name reaches the page.</summary>
    public static JsonArray ForBrowser() => SimulatorJson.Array(All.Select((payment, index) => new JsonObject
    {
        ["key"] = index,
        ["label"] = payment.Label,
        ["hint"] = payment.Method == "card" ? $"ending in {payment.Value[^4..]}" : payment.Value.Split('@')[0],
    }));

    public static RazorpayTestPayment? At(long index) => index >= 0 && index < All.Length ? All[index] : null;
}
