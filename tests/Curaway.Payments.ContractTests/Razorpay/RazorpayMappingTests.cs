using System.Collections.Immutable;
using Curaway.Payments.Razorpay;

namespace Curaway.Payments.ContractTests.Razorpay;

/// <summary>The small rules by which Razorpay's texts and amounts are taken or left.</summary>
public sealed class RazorpayMappingTests
{
    private static readonly Currency Rupee = Currency.Parse("INR");

    [Theory]
    [InlineData("pay_1", true)]
    [InlineData("pay_A_z9", true)]
    [InlineData("pay_", false)]
    [InlineData("Pay_1", false)]
    [InlineData("order_1", false)]
    [InlineData("pay_1/../x", false)]
    [InlineData("pay_1é", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void An_id_is_its_prefix_and_what_is_safe_in_a_url(string? id, bool isOne) => Assert.Equal(isOne, RazorpayMapping.IsId(id, "pay_"));

    [Fact]
    public void An_id_has_at_most_64_characters()
    {
        Assert.True(RazorpayMapping.IsId("pay_" + new string('a', 60), "pay_"));
        Assert.False(RazorpayMapping.IsId("pay_" + new string('a', 61), "pay_"));
    }

    [Theory]
    [InlineData("payment_failed", "BAD_REQUEST_ERROR", "payment_failed")]
    [InlineData("invalid_otp2", null, "invalid_otp2")]
    [InlineData("NA", "BAD_REQUEST_ERROR", "bad_request_error")]
    [InlineData("", "GATEWAY_ERROR", "gateway_error")]
    [InlineData(null, "GATEWAY_ERROR", "gateway_error")]
    [InlineData("Jane said no", "Jane Canary", "provider_refused")]
    [InlineData(null, "", "provider_refused")]
    [InlineData(null, null, "provider_refused")]
    public void A_code_is_a_machine_word_or_ours(string? reason, string? code, string expected) => Assert.Equal(expected, RazorpayMapping.Code(reason, code));

    [Fact]
    public void A_code_has_at_most_64_characters()
    {
        var longest = new string('a', 64);

        Assert.Equal(longest, RazorpayMapping.Code(longest, null));
        Assert.Equal("provider_refused", RazorpayMapping.Code(longest + "a", null));
    }

    [Fact]
    public void What_remains_is_what_was_captured_less_the_refunds_of_that_payment_that_did_not_fail()
    {
        var payment = new ChargePayment { Reference = "pay_1", State = PaymentState.Captured, Amount = Rupees(1000), Captured = Rupees(900) };
        ImmutableArray<ChargeRefund> refunds =
        [
            Refund("rfnd_1", RefundState.Pending, 100, "pay_1"), Refund("rfnd_2", RefundState.Succeeded, 50, "pay_1"),
            Refund("rfnd_3", RefundState.Failed, 200, "pay_1"), Refund("rfnd_4", RefundState.Succeeded, 400, "pay_2"),
        ];

        Assert.Equal(Rupees(750), payment.RemainingOf(refunds));
        Assert.Equal(Rupees(900), payment.RemainingOf([]));
    }

    [Fact]
    public void Our_charge_is_found_in_the_notes_and_nowhere_else()
    {
        var id = ChargeId.New(TimeProvider.System);

        Assert.Equal(id, RazorpayMapping.ChargeIdOf(new Dictionary<string, string> { ["charge_id"] = id.ToString() }));
        Assert.Null(RazorpayMapping.ChargeIdOf(new Dictionary<string, string> { ["charge"] = id.ToString() }));
        Assert.Null(RazorpayMapping.ChargeIdOf(new Dictionary<string, string> { ["charge_id"] = "theirs" }));
        Assert.Null(RazorpayMapping.ChargeIdOf(null));
    }

    [Fact]
    public void A_snapshot_says_whose_account_it_is_and_takes_our_ids_from_the_refund_before_its_payment()
    {
        var (charge, refunding, authorizing) = (ChargeId.New(TimeProvider.System), NewOperationId(), NewOperationId());
        var payment = Payment(notes: new() { ["charge_id"] = ChargeId.New(TimeProvider.System).ToString(), ["operation_id"] = authorizing.ToString() });
        var refund = Refund(notes: new() { ["charge_id"] = charge.ToString(), ["operation_id"] = refunding.ToString() });

        var both = Read(payment, refund);
        var refundWithoutNotes = Read(payment, Refund(notes: []));

        Assert.Equal(("south", charge, refunding), (both.ProviderAccount, both.ChargeId, both.OperationId));
        Assert.Equal(authorizing, refundWithoutNotes.OperationId);
    }

    [Theory]
    [InlineData(1L, true)]
    [InlineData(1_764_300_000L, true)]
    [InlineData(0L, false)]
    [InlineData(-1L, false)]
    [InlineData(32_503_680_000L, false)]
    [InlineData(null, false)]
    public void A_refund_was_made_when_it_says_unless_that_is_no_time(long? seconds, bool isTime)
    {
        var refund = Assert.Single(Read(Payment(notes: []), Refund(notes: []) with { CreatedAt = seconds }).Refunds);

        Assert.Equal(isTime ? DateTimeOffset.FromUnixTimeSeconds(seconds!.Value) : null, refund.CreatedAt);
    }

    [Fact]
    public void A_code_may_be_one_letter() => Assert.Equal("x", RazorpayMapping.Code("x", null));

    private static OperationId NewOperationId() => OperationId.New(TimeProvider.System);

    private static ProviderSnapshot Read(WirePayment payment, WireRefund refund) => Assert.IsType<ProviderSnapshot>(
        RazorpayMapping.ReadFacts(new RazorpayAccount("south", new RazorpayOptions()), new RazorpayFacts(null, [payment], [refund])));

    private static WirePayment Payment(Dictionary<string, string> notes) => new()
    {
        Id = "pay_1",
        OrderId = "order_1",
        Status = "captured",
        Captured = true,
        Amount = 500_00,
        Currency = "INR",
        CreatedAt = 1_764_300_000,
        Notes = notes,
    };

    private static WireRefund Refund(Dictionary<string, string> notes) => new()
    {
        Id = "rfnd_1",
        PaymentId = "pay_1",
        Status = "processed",
        Amount = 100_00,
        Currency = "INR",
        CreatedAt = 1_764_300_100,
        Notes = notes,
    };

    private static Money Rupees(long minorUnits) => new(minorUnits, Rupee);

    private static ChargeRefund Refund(string reference, RefundState state, long amount, string of) =>
        new() { Reference = reference, State = state, Amount = Rupees(amount), PaymentReference = of };
}
