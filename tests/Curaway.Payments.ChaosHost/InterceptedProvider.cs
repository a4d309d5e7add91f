using System.Reflection;

namespace Curaway.Payments.ChaosHost;

/// <summary>A provider whose four verbs go through a function; everything else, also of members yet unknown, goes through as it is.</summary>
#pragma warning disable CA1852 // The proxy is made from it.
internal class InterceptedProvider : DispatchProxy
#pragma warning restore CA1852
{
    private static readonly string[] Verbs =
    [
        nameof(IPaymentProvider.AuthorizeAsync), nameof(IPaymentProvider.CaptureAsync), nameof(IPaymentProvider.VoidAsync),
        nameof(IPaymentProvider.RefundAsync),
    ];

    private IPaymentProvider _inner = null!;
    private Func<ProviderRequest, Func<ProviderRequest, Task<ProviderResult>>, Task<ProviderResult>> _around = null!;

    /// <summary>The function gets the request, and what sends one.</summary>
    public static IPaymentProvider Around(
        IPaymentProvider inner, Func<ProviderRequest, Func<ProviderRequest, Task<ProviderResult>>, Task<ProviderResult>> around)
    {
        var provider = Create<IPaymentProvider, InterceptedProvider>();
        (((InterceptedProvider)provider)._inner, ((InterceptedProvider)provider)._around) = (inner, around);
        return provider;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        Verbs.Contains(targetMethod!.Name) && args is [ProviderRequest request, CancellationToken ct]
            ? _around(request, sent => (Task<ProviderResult>)targetMethod.Invoke(_inner, [sent, ct])!)
            : targetMethod.Invoke(_inner, args);
}
