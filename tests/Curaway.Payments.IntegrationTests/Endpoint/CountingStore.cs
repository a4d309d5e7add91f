using System.Collections.Concurrent;
using System.Reflection;

namespace Curaway.Payments.IntegrationTests.Endpoint;

/// <summary>How often each method of a store was called.</summary>
public sealed class StoreCalls
{
    private readonly ConcurrentDictionary<string, int> _counts = new();

    public int this[string method] => _counts.GetValueOrDefault(method);

    /// <summary>Deliveries that reached the store.</summary>
    public int Received { get; private set; }

    public void Count(MethodInfo method, object?[] arguments)
    {
        _counts.AddOrUpdate(method.Name, 1, (_, count) => count + 1);
        if (arguments is [IReadOnlyList<WebhookDelivery> deliveries, ..])
        {
            lock (_counts)
                Received += deliveries.Count;
        }
    }
}

/// <summary>The real store, with every call counted: a call is a statement, and the other way round.</summary>
public class CountingStore : DispatchProxy
{
    private IChargeStore _store = null!;
    private StoreCalls _calls = null!;

    public static IChargeStore Around(IChargeStore store, StoreCalls calls)
    {
        var proxy = Create<IChargeStore, CountingStore>();
        var counting = (CountingStore)proxy;
        (counting._store, counting._calls) = (store, calls);
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        _calls.Count(targetMethod!, args ?? []);
        return targetMethod!.Invoke(_store, args);
    }
}
