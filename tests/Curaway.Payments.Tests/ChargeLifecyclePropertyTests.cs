using CsCheck;
using Xunit;
using static Curaway.Payments.Tests.Facts;

namespace Curaway.Payments.Tests;

/// <summary>The same as the stories, for snapshots nobody thought of.</summary>
public sealed class ChargeLifecyclePropertyTests
{
    private const int Iterations = 3000;

    private static readonly string?[] Codes = [null, "a", "b"];
    private static readonly string?[] References = [null, "pay_1", "pay_2"];

    private static readonly Gen<DateTimeOffset?> GenTime = Gen.Int[0, 3].Select(day => day == 0 ? (DateTimeOffset?)null : T0.AddDays(day));

    private static readonly Gen<ChargePayment> GenPayment = Gen.Select(
        Gen.Int[1, 3], Gen.Int[0, 4], Gen.Bool.Select(isFull => isFull ? Full : 3000L), Gen.Int[0, 3000], GenTime, GenTime, Gen.Int[0, 2].Select(i => Codes[i]),
        (number, state, amount, captured, created, due, code) => Payment("pay_" + number, (PaymentState)state, amount, captured) with
        {
            CreatedAt = created,
            CaptureBefore = created,
            ReleaseDueAt = due,
            ErrorCode = code,
        });

    private static readonly Gen<ChargeRefund> GenRefund = Gen.Select(
        Gen.Int[1, 3], Gen.Int[0, 2], Gen.Long[1, Full], Gen.Int[0, 2].Select(i => References[i]), Gen.Int[0, 2], GenTime,
        (number, state, amount, of, operation, created) => Refund("rfnd_" + number, (RefundState)state, amount, of) with
        {
            OperationId = operation == 0 ? null : new OperationId(new Guid(operation, 0, 0, new byte[8])),
            CreatedAt = created,
        });

    private static readonly Gen<ChargeDispute> GenDispute = Gen.Select(
        Gen.Int[1, 3], Gen.Int[0, 3], Gen.Long[0, Full], Gen.Int[0, 2].Select(i => References[i]), Gen.Int[0, 2].Select(i => Codes[i]),
        (number, state, amount, of, reason) => Dispute("disp_" + number, (DisputeState)state, amount) with { PaymentReference = of, Reason = reason });

    private static readonly Gen<ChargeInvoice> GenInvoice = Gen.Select(
        Gen.Int[1, 3], Gen.Int[0, 2], Gen.Long[0, Full], Gen.Int[0, 2].Select(i => Codes[i]), Gen.Int[0, 2].Select(i => Codes[i]),
        (number, state, amount, printed, url) => Invoice("inv_" + number, (InvoiceState)state, amount) with { Number = printed, HostedUrl = url });

    private static readonly Gen<ProviderSnapshot> GenSnapshot = Gen.Select(
        GenPayment.Array[0, 2], GenRefund.Array[0, 2], GenDispute.Array[0, 2], GenInvoice.Array[0, 2], Gen.Int[0, 7],
        (payments, refunds, disputes, invoices, flags) => Says("razorpay", payments: [.. payments], refunds: [.. refunds]) with
        {
            Disputes = [.. disputes],
            Invoices = [.. invoices],
            IsReferenceClosed = flags == 0,
            IsVoidAccepted = flags == 1,
            IsAuthorizationFailed = flags == 2,
            IsIncomplete = flags == 3,
        });

    [Fact]
    public void Any_order_with_any_repetition_ends_in_the_same_facts() =>
        Gen.Select(GenSnapshot.Array[1, 8], Gen.Int[0, int.MaxValue]).Sample(
            (story, seed) =>
            {
                var shuffled = story.Concat(story).ToArray();
                new Random(seed).Shuffle(shuffled);
                Assert.Equal(FactsAfter(story), FactsAfter(shuffled));
            },
            iter: Iterations);

    [Fact]
    public void Ranks_and_amounts_never_fall() =>
        GenSnapshot.Array[1, 12].Sample(
            story =>
            {
                var charge = NewCharge("razorpay");
                foreach (var snapshot in story)
                {
                    var next = ChargeLifecycle.Apply(charge, snapshot, T0).Charge;
                    AssertRisen(charge, next);
                    charge = next;
                }
            },
            iter: Iterations);

    [Fact]
    public void The_totals_keep_the_invariants_of_money() =>
        GenSnapshot.Array[1, 8].Sample(
            story =>
            {
                var charge = Tell(NewCharge("razorpay"), story);
                Assert.True(charge.Refunded.MinorUnits >= 0);
                Assert.True(charge.Captured <= charge.Authorized || charge.Payments.Any(payment => payment.Captured > payment.Amount));
                Assert.Equal(charge.Captured.IsPositive, charge.Status is ChargeStatus.Captured or ChargeStatus.PartiallyRefunded or ChargeStatus.Refunded);
                Assert.Equal(charge.IsLive, charge.Status is not (ChargeStatus.Failed or ChargeStatus.Voided or ChargeStatus.Refunded));
            },
            iter: Iterations);

    [Fact]
    public void Payments_merge_in_any_order_and_grouping_and_with_themselves() =>
        Gen.Select(GenPayment, GenPayment, GenPayment).Sample(
            (a, second, third) =>
            {
                var (b, c) = (second with { Reference = a.Reference }, third with { Reference = a.Reference });
                Assert.Equal(a.Merge(b), b.Merge(a));
                Assert.Equal(a.Merge(b).Merge(c), a.Merge(b.Merge(c)));
                Assert.Equal(a, a.Merge(a));
            },
            iter: Iterations);

    [Fact]
    public void Refunds_merge_in_any_order_and_grouping_and_with_themselves() =>
        Gen.Select(GenRefund, GenRefund, GenRefund).Sample(
            (a, second, third) =>
            {
                var (b, c) = (second with { Reference = a.Reference }, third with { Reference = a.Reference });
                Assert.Equal(a.Merge(b), b.Merge(a));
                Assert.Equal(a.Merge(b).Merge(c), a.Merge(b.Merge(c)));
                Assert.Equal(a, a.Merge(a));
            },
            iter: Iterations);

    [Fact]
    public void Disputes_merge_in_any_order_and_grouping_and_with_themselves() =>
        Gen.Select(GenDispute, GenDispute, GenDispute).Sample(
            (a, second, third) =>
            {
                var (b, c) = (second with { Reference = a.Reference }, third with { Reference = a.Reference });
                Assert.Equal(a.Merge(b), b.Merge(a));
                Assert.Equal(a.Merge(b).Merge(c), a.Merge(b.Merge(c)));
                Assert.Equal(a, a.Merge(a));
            },
            iter: Iterations);

    [Fact]
    public void Invoices_merge_in_any_order_and_grouping_and_with_themselves() =>
        Gen.Select(GenInvoice, GenInvoice, GenInvoice).Sample(
            (a, second, third) =>
            {
                var (b, c) = (second with { Reference = a.Reference }, third with { Reference = a.Reference });
                Assert.Equal(a.Merge(b), b.Merge(a));
                Assert.Equal(a.Merge(b).Merge(c), a.Merge(b.Merge(c)));
                Assert.Equal(a, a.Merge(a));
            },
            iter: Iterations);

    private static string FactsAfter(IEnumerable<ProviderSnapshot> story) =>
        ChargeLifecycleOrderTests.FactsOf(Tell(NewCharge("razorpay"), story));

    private static void AssertRisen(Charge before, Charge after)
    {
        foreach (var was in before.Payments)
        {
            var now = Assert.Single(after.Payments, payment => payment.Reference == was.Reference);
            Assert.True(now.State >= was.State && now.Amount >= was.Amount && now.Captured >= was.Captured, $"{was} became {now}");
        }

        foreach (var was in before.Refunds)
        {
            var now = Assert.Single(after.Refunds, refund => refund.Reference == was.Reference);
            Assert.True(now.State >= was.State && now.Amount >= was.Amount, $"{was} became {now}");
        }

        foreach (var was in before.Disputes)
        {
            var now = Assert.Single(after.Disputes, dispute => dispute.Reference == was.Reference);
            Assert.True(now.State >= was.State && now.Amount >= was.Amount, $"{was} became {now}");
        }

        foreach (var was in before.Invoices)
        {
            var now = Assert.Single(after.Invoices, invoice => invoice.Reference == was.Reference);
            Assert.True(now.State >= was.State && now.Amount >= was.Amount, $"{was} became {now}");
        }

        Assert.True(after.IsVoidAccepted || !before.IsVoidAccepted);
        Assert.True(after.IsReferenceClosed || !before.IsReferenceClosed);
        Assert.True(after.IsAuthorizationFailed || !before.IsAuthorizationFailed);
    }
}
