using System.Reflection;

namespace Curaway.Payments.IntegrationTests.Providers;

/// <summary>The real store, whose commits can be made to die as if the process had: nothing of them is written.</summary>
public class CrashingStore : DispatchProxy
{
    private IChargeStore _inner = null!;

    public int? CommitsLeft { get; set; }

    public static IChargeStore Around(IChargeStore inner)
    {
        var proxy = Create<IChargeStore, CrashingStore>();
        ((CrashingStore)(object)proxy)._inner = inner;
        return proxy;
    }

    public static CrashingStore Of(IChargeStore store) => (CrashingStore)(object)store;

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        if (targetMethod!.Name == nameof(IChargeStore.CommitAsync) && CommitsLeft is not null && CommitsLeft-- <= 0)
            throw new ProcessDiedException();
        return targetMethod.Invoke(_inner, args);
    }
}

/// <summary>Where the process would be dead.</summary>
public sealed class ProcessDiedException : Exception;
