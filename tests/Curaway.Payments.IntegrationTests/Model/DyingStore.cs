using System.Reflection;
using System.Runtime.ExceptionServices;

namespace Curaway.Payments.IntegrationTests.Model;

/// <summary>The host died; nothing after this runs in it.</summary>
public sealed class HostDiedException() : Exception("The host died.");

/// <summary>When a host dies.</summary>
public sealed class Death
{
    /// <summary>The commit at which it dies, counted from now; null while it lives.</summary>
    public int? CommitsLeft { get; set; }

    /// <summary>True when that commit is still written.</summary>
    public bool IsWritten { get; set; }
}

/// <summary>A store whose host dies just before or just after one of its commits of a charge.</summary>
public class DyingStore : DispatchProxy
{
    private IChargeStore _store = null!;
    private Death _death = null!;

    public static IChargeStore Over(IChargeStore store, Death death)
    {
        var dying = Create<IChargeStore, DyingStore>();
        ((DyingStore)dying)._store = store;
        ((DyingStore)dying)._death = death;
        return dying;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var isCommit = targetMethod!.Name == nameof(IChargeStore.CommitAsync);
        if (isCommit && _death.CommitsLeft is { } left)
        {
            _death.CommitsLeft = left - 1;
            if (left <= 0)
                return DieAsync(_death.IsWritten && left == 0 ? (Task<ChargeCommitted>)Pass(targetMethod, args)! : null);
        }

        return Pass(targetMethod, args);
    }

    private static async Task<ChargeCommitted> DieAsync(Task<ChargeCommitted>? written)
    {
        if (written is not null)
            await written;
        throw new HostDiedException();
    }

    private object? Pass(MethodInfo method, object?[]? args)
    {
        try
        {
            return method.Invoke(_store, args);
        }
        catch (TargetInvocationException failure) when (failure.InnerException is { } inner)
        {
            ExceptionDispatchInfo.Throw(inner);
            throw;
        }
    }
}
