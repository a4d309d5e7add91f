namespace Curaway.Payments.Tests.Model;

/// <summary>
/// Time, as far as the rules can tell it apart: a deadline has passed or has not, an operation is fresh, minutes or days
/// old. The moves of the model let any deadline pass at any moment, so every order of any lengths is among them.
/// </summary>
internal sealed class Clock : TimeProvider
{
    public static readonly DateTimeOffset Now = Facts.T0;
    public static readonly DateTimeOffset LapsesAt = Now.AddDays(3);
    private static readonly DateTimeOffset Passed = Now.AddHours(-1);
    private static readonly DateTimeOffset Coming = Now.AddHours(1);
    private static readonly DateTimeOffset LongAgo = Now.AddDays(-30);
    private static readonly TimeSpan[] Ages = [TimeSpan.Zero, TimeSpan.FromMinutes(10), TimeSpan.FromDays(4)];

    public override DateTimeOffset GetUtcNow() => Now;

    /// <summary>The same row, with every time rounded to what it means, and every id to its place in the row.</summary>
    public static ChargeState Round(ChargeState state, int number)
    {
        var charge = state.Charge!;
        var isOpenForBooking = charge is { IsLive: true, BookedAt: null, ClosingAt: null };
        var rounded = charge with
        {
            Id = Names.Charge(number),
            CreatedAt = LongAgo,
            BookBy = isOpenForBooking && charge.BookBy > Now ? Coming : Passed,
            CheckoutExpiresAt = charge is { Status: ChargeStatus.Pending, ClosingAt: null } ? Round(charge.CheckoutExpiresAt) : null,
            RefreshDueAt = Round(charge.RefreshDueAt),
            RefreshedAt = charge.RefreshedAt is null ? null : Now,
            BookedAt = Once(charge.BookedAt),
            ClosingAt = Once(charge.ClosingAt),
            VoidedAt = Once(charge.VoidedAt),
            FailedAt = Once(charge.FailedAt),
            RefundedAt = Once(charge.RefundedAt),
            AuthorizedAt = null,
            CapturedAt = null,
            LastError = null,
            RefundReason = null,
            Version = 0,
            RecordedStatus = charge.Status,
        };
        return new ChargeState(rounded, [.. state.Operations.Select((operation, index) => Round(rounded, operation, Names.Operation(number, index + 1)))], Now);
    }

    /// <summary>Leases end, and every wait of seconds or minutes: backoffs, refreshes, pauses between releases.</summary>
    public static ChargeState MinutesPass(ChargeState state) => state with
    {
        Charge = state.Charge! with { RefreshDueAt = state.Charge.RefreshDueAt is null ? null : Passed },
        Operations = [.. state.Operations.Select(operation => Aged(operation with { NextAttemptAt = Passed, ClosedAt = Older(operation.ClosedAt) }, 0, 1))],
    };

    public static ChargeState HoldTimePasses(ChargeState state) => state with { Charge = state.Charge! with { BookBy = Passed } };

    public static ChargeState CheckoutExpires(ChargeState state) =>
        state with { Charge = state.Charge! with { CheckoutExpiresAt = state.Charge.CheckoutExpiresAt is null ? null : Passed } };

    /// <summary>The promised moment of a release.</summary>
    public static ChargeState LapseIsDue(ChargeState state) => state with
    {
        Charge = state.Charge! with
        {
            Payments = [.. state.Charge.Payments.Select(payment => payment with { ReleaseDueAt = payment.ReleaseDueAt is null ? null : Passed })],
        },
    };

    /// <summary>Days: longer than the provider keeps a key, and than anybody asks before a human does.</summary>
    public static ChargeState DaysPass(ChargeState state)
    {
        var passed = CheckoutExpires(HoldTimePasses(MinutesPass(state)));
        return passed with { Operations = [.. passed.Operations.Select(operation => Aged(operation, 1, 2))] };
    }

    private static ChargeOperation Round(Charge charge, ChargeOperation operation, OperationId id)
    {
        var isRelease = charge.ClosingAt is not null && operation.Kind is OperationKind.Void or OperationKind.Refund;
        var rounded = operation with { Id = id, ChargeId = charge.Id, ActorId = "somebody", ProviderRequestId = null };
        return operation.IsOpen
            ? rounded with
            {
                CreatedAt = AgeOf(operation.CreatedAt),
                FirstSentAt = operation.FirstSentAt is { } sentAt ? AgeOf(sentAt) : null,
                NextAttemptAt = operation.NextAttemptAt > Now ? Coming : Passed,
                SendCount = Math.Min(operation.SendCount, 2),
                Error = operation.Error?.Reason == WireName.Of(ProviderFault.ServerError) ? operation.Error with { RetryAfter = null } : null,
            }
            : rounded with
            {
                CreatedAt = LongAgo,
                FirstSentAt = LongAgo,
                NextAttemptAt = Passed,
                ClosedAt = isRelease && operation.ClosedAt == Now ? Now : Passed.AddHours(-1),
                SendCount = 1,
                IsKeySpent = false,
                IsUnresolved = false,
                Error = null,
            };
    }

    private static ChargeOperation Aged(ChargeOperation operation, int from, int to) => operation with
    {
        CreatedAt = Older(operation.CreatedAt, from, to),
        FirstSentAt = operation.FirstSentAt is { } sentAt ? Older(sentAt, from, to) : null,
    };

    private static DateTimeOffset Older(DateTimeOffset time, int from, int to)
    {
        var age = Array.IndexOf(Ages, Now - time);
        return age < from || age >= to ? time : Now - Ages[age + 1];
    }

    private static DateTimeOffset? Older(DateTimeOffset? closedAt) => closedAt is null ? null : Passed.AddHours(-1);

    private static DateTimeOffset AgeOf(DateTimeOffset time) => Now - Ages.Last(age => age <= Now - time + TimeSpan.FromMinutes(1));

    private static DateTimeOffset? Round(DateTimeOffset? time) => time is null ? null : time > Now ? Coming : Passed;

    private static DateTimeOffset? Once(DateTimeOffset? time) => time is null ? null : LongAgo;
}

/// <summary>The ids of the model: the first or second charge, and an operation's place in it.</summary>
internal static class Names
{
    public static ChargeId Charge(int charge) => new(new Guid(charge, 0, 0, new byte[8]));

    public static OperationId Operation(int charge, int number) => new(new Guid(charge, (short)number, 0, new byte[8]));
}

/// <summary>A row in a line.</summary>
internal static class Text
{
    public static string Of(ChargeState state)
    {
        var charge = state.Charge!;
        var marks = new[]
        {
            charge.BookedAt is null ? "unbooked" : "booked",
            charge.ClosingReason is { } reason ? $"closing ({reason})" : "",
            charge.Reference ?? "",
            charge.Refunded.IsPositive ? $"refunded {charge.Refunded.MinorUnits}" : "",
            charge.ReleaseDueAt is null ? "" : "lapsing",
        };
        var operations = state.Operations.Select(operation =>
            $"{operation.Kind}{(operation.RequestId is { } id ? $" {id}" : "")} {operation.State} {operation.Outcome?.ToString() ?? "under way"}"
            + (operation.IsUnresolved ? " unresolved" : ""));
        return $"{charge.Status} {string.Join(' ', marks.Where(mark => mark.Length > 0))}: {string.Join("; ", operations)}";
    }

    /// <summary>Everything of a row, so that two rows are the same when this is.</summary>
    public static object KeyOf(ChargeState state)
    {
        var bare = state.Charge! with { Payments = [], Refunds = [] };
        return $"{bare.Id}{bare.Reference}|{bare.IsReferenceClosed}{bare.IsVoidAccepted}{bare.IsAuthorizationFailed}|{bare.BookBy}|{bare.CheckoutExpiresAt}"
            + $"|{bare.RefreshDueAt}|{bare.RefreshedAt}|{bare.BookedAt}|{bare.ClosingAt}{bare.ClosingReason}|{bare.VoidedAt}|{bare.FailedAt}|{bare.RefundedAt}"
            + string.Concat(state.Charge.Payments) + string.Concat(state.Charge.Refunds) + string.Concat(state.Operations);
    }
}
