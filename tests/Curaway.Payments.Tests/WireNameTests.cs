using Xunit;

namespace Curaway.Payments.Tests;

public sealed class WireNameTests
{
    [Fact]
    public void The_statuses_are_the_runbooks() => Assert.Equal(
        ["pending", "authorized", "captured", "partially_refunded", "refunded", "voided", "failed"],
        Enum.GetValues<ChargeStatus>().Select(WireName.Of));

    [Fact]
    public void Every_value_of_every_enum_is_read_back()
    {
        RoundTrip<ChargeStatus>();
        RoundTrip<PaymentState>();
        RoundTrip<RefundState>();
        RoundTrip<OperationKind>();
        RoundTrip<OperationState>();
        RoundTrip<OperationOutcome>();
        RoundTrip<ChargeConflict>();
        RoundTrip<SnapshotVerdict>();
        RoundTrip<ProviderFault>();
        RoundTrip<WebhookState>();
        RoundTrip<WebhookVerdict>();
        RoundTrip<WebhookFate>();
        RoundTrip<AlertSeverity>();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Captured")]
    [InlineData("PARTIALLY_REFUNDED")]
    [InlineData("2")]
    [InlineData("nonsense")]
    public void Another_name_is_no_value(string? name)
    {
        Assert.False(WireName.TryParse<ChargeStatus>(name, out _));
        if (name is not null)
            Assert.Throws<FormatException>(() => WireName.Parse<ChargeStatus>(name));
    }

    private static void RoundTrip<T>()
        where T : struct, Enum
    {
        foreach (var value in Enum.GetValues<T>())
        {
            var name = WireName.Of(value);
            Assert.Matches("^[a-z]+(_[a-z]+)*$", name);
            Assert.Equal(value, WireName.Parse<T>(name));
        }
    }
}
