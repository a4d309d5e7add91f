using System.Text.Json;
using Xunit;
using static Curaway.Payments.Tests.Facts;

namespace Curaway.Payments.Tests;

public sealed class PaymentsJsonTests
{
    [Fact]
    public void A_snapshot_is_read_back_whole()
    {
        var snapshot = Says(
            live: true,
            payments: [Payment("ch_1", PaymentState.Captured) with { CreatedAt = T0, CaptureBefore = T0.AddDays(7), ErrorCode = "x" }],
            refunds: [Refund("re_1", RefundState.Failed, 300) with { OperationId = new OperationId(Guid.CreateVersion7(T0)), CreatedAt = T0 }])
            with
        {
            ChargeId = new ChargeId(Guid.CreateVersion7(T0)),
            OperationId = new OperationId(Guid.CreateVersion7(T0)),
            Amount = Usd(5000),
            RefundedTotal = Usd(300),
            IsIncomplete = true,
            IsVoidAccepted = true,
            IsReferenceClosed = true,
            IsAuthorizationFailed = true,
            Error = new PaymentError(ErrorCodes.ChargeFailed, "insufficient_funds", TimeSpan.FromSeconds(5)),
        };

        var copy = PaymentsJson.Deserialize<ProviderSnapshot>(PaymentsJson.Serialize(snapshot));

        Assert.Equal(snapshot.Payments.AsEnumerable(), copy.Payments);
        Assert.Equal(snapshot.Refunds.AsEnumerable(), copy.Refunds);
        Assert.Equal(snapshot, copy with { Payments = snapshot.Payments, Refunds = snapshot.Refunds });
    }

    [Fact]
    public void An_operation_is_read_back_whole()
    {
        var operation = Operation(OperationKind.Refund, 300) with
        {
            RequestId = OpaqueId.Parse("refund-1"),
            FirstSentAt = T0,
            ClosedAt = T0.AddSeconds(1),
            Outcome = OperationOutcome.RequiresAction,
            State = OperationState.Review,
            Error = new PaymentError(ErrorCodes.ProviderUnavailable),
        };

        Assert.Equal(operation, PaymentsJson.Deserialize<ChargeOperation>(PaymentsJson.Serialize(operation)));
    }

    [Fact]
    public void A_charge_is_read_back_with_the_same_facts_and_status()
    {
        var charge = Tell(NewCharge(), Says(payments: [Payment("ch_1", PaymentState.Captured)], refunds: [Refund("re_1", RefundState.Pending, 300)]));

        var copy = PaymentsJson.Deserialize<Charge>(PaymentsJson.Serialize(charge));

        Assert.Equal(ChargeStatus.PartiallyRefunded, copy.Status);
        Assert.Equal(charge.Routing.Trace.AsEnumerable(), copy.Routing.Trace);
        Assert.Equal(charge.Payments.AsEnumerable(), copy.Payments);
        Assert.Equal(charge.Refunds.AsEnumerable(), copy.Refunds);
        Assert.Equal(charge, copy with { Routing = charge.Routing, Payments = charge.Payments, Refunds = charge.Refunds });
    }

    [Fact]
    public void It_is_written_in_snake_case_with_money_as_minor_units()
    {
        var json = PaymentsJson.Serialize(Payment("ch_1", PaymentState.Authorized, 1500));

        Assert.Equal(
            """{"reference":"ch_1","state":"authorized","amount":{"amount":1500,"currency":"USD"},"captured":{"amount":0,"currency":"USD"},"releases_by_capture":false}""", json);
    }

    [Fact]
    public void Facts_that_are_missing_are_empty_and_not_null()
    {
        var snapshot = PaymentsJson.Deserialize<ProviderSnapshot>("""{"provider":"stripe"}""");

        Assert.Empty(snapshot.Payments);
        Assert.Empty(snapshot.Refunds);
        Assert.Equal("default", snapshot.ProviderAccount);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"provider":"stripe","charge_id":"not-a-guid"}""")]
    [InlineData("""{"provider":"stripe","payments":[{"reference":"a","state":2,"amount":{"amount":1,"currency":"USD"}}]}""")]
    public void Other_text_is_no_snapshot(string json) => Assert.Throws<JsonException>(() => PaymentsJson.Deserialize<ProviderSnapshot>(json));
}
