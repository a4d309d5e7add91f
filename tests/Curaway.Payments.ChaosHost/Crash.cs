using System.Diagnostics;

namespace Curaway.Payments.ChaosHost;

/// <summary>The moments at which a process dies, once.</summary>
internal enum CrashPoint
{
    /// <summary>Transaction 1 is open, and nothing of it is committed.</summary>
    BeforeT1,

    /// <summary>Transaction 1 is committed, and nothing is sent.</summary>
    AfterT1,

    /// <summary>The provider has answered, and transaction 2 has not begun.</summary>
    AfterExecution,

    /// <summary>Transaction 2 is open, and nothing of it is committed.</summary>
    BeforeT2,

    /// <summary>Transaction 2 is committed, and the caller does not know.</summary>
    AfterT2,

    /// <summary>A stored webhook is claimed, and its effect is not committed.</summary>
    InProcessor,

    /// <summary>A charge that is due is claimed, and nobody has looked at it.</summary>
    InReconciler,
}

/// <summary>One moment of one verb.</summary>
/// <param name="Point">The moment.</param>
/// <param name="Kind">The verb; null where the moment belongs to none.</param>
internal sealed record Crash(CrashPoint Point, OperationKind? Kind)
{
    /// <summary>Reads <c>after_t1 capture</c> or <c>in_processor</c>; null when there is nothing to read.</summary>
    public static Crash? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        var words = text.Split(' ');
        var point = Enum.Parse<CrashPoint>(words[0].Replace("_", "", StringComparison.Ordinal), ignoreCase: true);
        return new Crash(point, words.Length > 1 ? Enum.Parse<OperationKind>(words[1], ignoreCase: true) : null);
    }

    /// <summary>Sends, and dies when the provider has answered.</summary>
    public async Task<ProviderResult> AfterSendAsync(ProviderRequest request, Func<ProviderRequest, Task<ProviderResult>> send)
    {
        var result = await send(request);
        At(CrashPoint.AfterExecution, request.RequiredOperation.Kind);
        return result;
    }

    /// <summary>kill -9 of this process, if this is the moment.</summary>
    public void At(CrashPoint point, OperationKind? kind = null)
    {
        if (point != Point || kind != Kind)
            return;
        Process.GetCurrentProcess().Kill();
        Thread.Sleep(Timeout.Infinite);
    }
}
