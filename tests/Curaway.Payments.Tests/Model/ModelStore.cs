using System.Reflection;

namespace Curaway.Payments.Tests.Model;

/// <summary>
/// One row under its lock, as the stores keep it: what is decided is written whole, a session row under a savepoint. Of
/// <see cref="IChargeStore"/> only the commit is there; whatever else the rules asked for would be an error of theirs.
/// </summary>
public class ModelStore : DispatchProxy
{
    private ChargeState _state = new(null, [], Clock.Now);
    private string? _broken;

    internal static (IChargeStore Store, ModelStore Model) Create()
    {
        var store = Create<IChargeStore, ModelStore>();
        return (store, (ModelStore)store);
    }

    /// <summary>Runs one commit of the product over a row. Nothing in it waits.</summary>
    internal (ChargeState After, string? Broken) Run(ChargeState before, Func<Task> commit)
    {
        (_state, _broken) = (before, null);
        var done = commit();
        if (!done.IsCompletedSuccessfully)
            throw new InvalidOperationException("A commit of the model failed or waited.", done.Exception);
        return (_state, _broken);
    }

    internal static ChargeState Apply(ChargeState before, ChargeCommit commit)
    {
        if ((commit.Charge ?? before.Charge) is not { } charge)
            return before;
        var operations = before.Operations
            .Select(operation => commit.Operations.FirstOrDefault(changed => changed.Id == operation.Id) ?? operation)
            .Concat(commit.Operations.Where(changed => before.Operations.All(operation => operation.Id != changed.Id)));
        return new ChargeState(charge with { RecordedStatus = charge.Status }, [.. operations], before.Now);
    }

    /// <inheritdoc/>
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod?.Name == nameof(IChargeStore.CommitAsync)
        ? CommitAsync((Func<ChargeState, ChargeCommit>)args![1]!, (Booking?)args[2])
        : throw new NotSupportedException(targetMethod?.Name);

    private async Task<ChargeCommitted> CommitAsync(Func<ChargeState, ChargeCommit> decide, Booking? booking)
    {
        var commit = decide(_state);
        var facts = Write(_state, commit);
        if (!commit.Books || booking is null)
            return new ChargeCommitted(facts);
        try
        {
            await booking.OnBooked(null!, CancellationToken.None);
            return new ChargeCommitted(Write(facts, booking.Booked(facts)));
        }
        catch (InvalidOperationException failure)
        {
            return new ChargeCommitted(Write(facts, booking.Failed(facts)), failure);
        }
    }

    private ChargeState Write(ChargeState before, ChargeCommit commit)
    {
        _state = Apply(before, commit);
        _broken ??= Rules.BrokenBy(before, commit, _state);
        return _state;
    }
}
