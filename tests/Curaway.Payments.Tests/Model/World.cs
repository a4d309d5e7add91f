using System.Collections;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace Curaway.Payments.Tests.Model;

/// <summary>
/// Everything there is, at one moment: our rows of one consultation (its first charge, and the one after it), the provider's
/// ledger, what two hosts are doing, and the requests on the wire. A host has no memory but this: a crash forgets it.
/// </summary>
internal readonly record struct World(
    Cell<ChargeState>? First, Cell<ChargeState>? Second, Cell<Ledger> Ledger, Cell<Activity> A, Cell<Activity> B, Cell<Values<Call>> Wire)
{
    public const int ChargeCountMax = 2;

    public Cell<ChargeState>? Row(int charge) => charge == 1 ? First : Second;

    public IEnumerable<ChargeState> Rows => new[] { First, Second }.OfType<Cell<ChargeState>>().Select(cell => cell.Value);

    public World With(int charge, Cell<ChargeState>? row) => charge == 1 ? this with { First = row } : this with { Second = row };

    /// <summary>The hosts are alike, so which of them does what is no difference.</summary>
    public World Sorted() => A.Number <= B.Number ? this : this with { A = B, B = A };

    public override string ToString() =>
        $"""
        rows:   {string.Join("\n        ", Rows.Select(Text.Of))}
        ledger: {Ledger.Value}
        hosts:  {A.Value} | {B.Value}
        wire:   {Wire.Value}
        """;
}

/// <summary>How far the money of one intent or order got at the provider.</summary>
internal enum Hold
{
    None,
    Held,
    Captured,
    Released,
}

/// <summary>One refund at the provider; a bank may bounce it.</summary>
internal sealed record LedgerRefund(int Operation, long Amount, string Key, bool HasBounced = false);

/// <summary>One intent or order at the provider, and its payment.</summary>
internal sealed record Intent(string Provider, int Charge, int Operation, string Reference, Hold Hold, bool IsPayable, Values<LedgerRefund> Refunds)
{
    /// <summary>Nobody ever can pay it again.</summary>
    public bool IsCanceled { get; init; }

    /// <summary>The patient paid while our row was being released, or after it: nobody asked for that money.</summary>
    public bool IsPaidLate { get; init; }

    /// <summary>The provider let the hold go by itself.</summary>
    public bool HasLapsed { get; init; }

    public long Captured => Hold == Hold.Captured ? Engine.Full : 0;

    public long Refunded => Refunds.Where(refund => !refund.HasBounced).Sum(refund => refund.Amount);

    public bool IsLive => Hold == Hold.Held || Captured > Refunded;

    public override string ToString() => $"{Reference}{(Provider == Model.Provider.Name ? "" : " at " + Provider)} {(IsCanceled ? "canceled" : Hold)}"
        + (IsPayable ? " payable" : "") + (IsPaidLate ? " paid late" : "") + string.Concat(Refunds.Select(refund => $" refund {refund.Key} of {refund.Amount}{(refund.HasBounced ? " bounced" : "")}"));
}

/// <summary>The first answer under an idempotency key, which the provider repeats until it forgets the key.</summary>
internal sealed record StoredAnswer(string Key, Answer Answer)
{
    public override string ToString() => $"{Key}: {Answer.Told}";
}

/// <summary>The provider's truth.</summary>
internal sealed record Ledger(Values<Intent> Intents, Values<StoredAnswer> Keys)
{
    public static Ledger Empty { get; } = new(Values<Intent>.None, Values<StoredAnswer>.None);

    public Ledger With(Intent before, Intent after) => this with { Intents = Intents.Replace(before, after) };

    public override string ToString() => $"{Intents} keys {Keys}";
}

/// <summary>One send to the provider, as it was decided by transaction 1.</summary>
internal sealed record Call(
    int Charge, int Operation, OperationKind Kind, long Amount, string Provider, string Key, string? Reference, bool IsReplay, bool IsKeyOld, bool IsRead)
{
    public override string ToString() => $"{(IsReplay ? "repeated " : "")}{Kind} {Key}";
}

/// <summary>What a host was told.</summary>
internal enum Told
{
    /// <summary>Certainly nothing was sent: connection refused, breaker open.</summary>
    NotSent,

    /// <summary>No answer in time.</summary>
    Timeout,

    /// <summary>A 5xx, whatever was done.</summary>
    ServerError,

    /// <summary>The provider refused.</summary>
    Declined,

    /// <summary>The provider did it.</summary>
    Executed,

    /// <summary>"Unexpected state": not an answer, the truth has to be read.</summary>
    AlreadyDone,

    /// <summary>A read found no such object.</summary>
    NotFound,

    /// <summary>A read found this.</summary>
    Truth,
}

/// <summary>What a host was told, and the object as it stood when the provider said so.</summary>
internal sealed record Answer(Told Told, Intent? Seen = null, bool IsRead = false)
{
    public override string ToString() => Seen is null ? $"{Told}" : $"{Told} {Seen}";
}

/// <summary>Where a host stands between two commits.</summary>
internal enum Doing
{
    Nothing,

    /// <summary>Transaction 1 is committed; nothing has left yet.</summary>
    Sending,

    /// <summary>The request is on the wire.</summary>
    Waiting,

    /// <summary>The truth about an operation is to be read.</summary>
    Reading,

    /// <summary>Transaction 2 is to be committed.</summary>
    Answered,

    /// <summary>The money stands, the session row is to be written.</summary>
    Booking,

    /// <summary>The charge was closed and is to be released.</summary>
    Releasing,

    /// <summary>The truth about a charge is to be read, and what was read is to be committed.</summary>
    Refreshing,
    Refreshed,

    /// <summary>The same, before an expired checkout is closed.</summary>
    Expiring,
    Expired,

    /// <summary>A planted fault: decided on a row that was read without a lock.</summary>
    Deciding,
}

/// <summary>What a host is doing, and whether a caller waits who brought a session row (Books).</summary>
internal sealed record Activity(
    Doing Doing, int Charge = 0, Call? Call = null, bool Books = false, Answer? Answer = null, Cell<ChargeState>? Read = null, string? Request = null)
{
    public static Activity Nothing { get; } = new(Doing.Nothing);

    public override string ToString() => $"{Doing} {Call} {Answer}".TrimEnd();
}

/// <summary>A value that exists once, so that two worlds are compared by reference.</summary>
internal sealed class Cell<T>(T value, int number)
{
    public T Value => value;

    public int Number => number;

    public override string ToString() => $"#{number}";
}

/// <summary>Makes every value exist once.</summary>
internal sealed class Cells<T>(Func<T, object> keyOf)
    where T : notnull
{
    private readonly Dictionary<object, Cell<T>> _cells = [];

    public Cell<T> this[T value]
    {
        get
        {
            var key = keyOf(value);
            if (!_cells.TryGetValue(key, out var cell))
                _cells[key] = cell = new Cell<T>(value, _cells.Count);
            return cell;
        }
    }
}

/// <summary>An immutable list that equals another with the same elements.</summary>
[CollectionBuilder(typeof(Values), nameof(Values.Of))]
internal sealed class Values<T>(ImmutableArray<T> items) : IReadOnlyList<T>, IEquatable<Values<T>>
{
    private int _hash;

    public static Values<T> None { get; } = new([]);

    public int Count => items.Length;

    public T this[int index] => items[index];

    public Values<T> Add(T item) => new(items.Add(item));

    public Values<T> Remove(T item) => new(items.Remove(item));

    public Values<T> Replace(T before, T after) => new(items.Replace(before, after));

    public bool Equals(Values<T>? other) => other is not null && (ReferenceEquals(this, other) || items.SequenceEqual(other));

    public override bool Equals(object? obj) => Equals(obj as Values<T>);

    public override int GetHashCode()
    {
        if (_hash == 0)
            _hash = items.Aggregate(17, HashCode.Combine) | 1;
        return _hash;
    }

    public IEnumerator<T> GetEnumerator() => items.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => $"[{string.Join("; ", items)}]";
}

internal static class Values
{
    public static Values<T> Of<T>(ReadOnlySpan<T> items) => new([.. items]);
}
