using System.Diagnostics;
using System.Reflection;
using System.Runtime.Loader;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace Curaway.Payments.Mutation;

/// <summary>
/// The tests against one assembly, in this process: every assembly of ours is loaded anew around it, the rest is shared. Stops at
/// the first failure.
/// </summary>
internal sealed class TestRun(string project, byte[] assembly) : AssemblyLoadContext(isCollectible: true)
{
    // Of processor time: on a busy machine a test that is only slow has not noticed anything.
    private static readonly TimeSpan TestTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan TestTimeoutMax = TimeSpan.FromMinutes(10);

    /// <summary>The first test that fails; null when all pass.</summary>
    public async Task<string?> FirstFailureAsync(Target target)
    {
        var types = LoadFromAssemblyName(new AssemblyName(target.TestAssembly)).GetTypes();
        foreach (var name in target.TestClasses)
        {
            var type = types.Single(type => type.FullName!.EndsWith(name, StringComparison.Ordinal));
            foreach (var method in type.GetMethods().Where(method => method.IsDefined(typeof(FactAttribute))))
            {
                await foreach (var arguments in CasesOf(method))
                {
                    if (await FailsAsync(type, method, arguments))
                        return $"{type.Name}.{method.Name}";
                }
            }
        }

        return null;
    }

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        if (assemblyName.Name == project)
        {
            using var stream = new MemoryStream(assembly);
            return LoadFromStream(stream);
        }

        return assemblyName.Name!.StartsWith("Curaway.", StringComparison.Ordinal)
            ? LoadFromAssemblyPath(Path.Combine(AppContext.BaseDirectory, assemblyName.Name + ".dll"))
            : null;
    }

    private static async IAsyncEnumerable<object?[]> CasesOf(MethodInfo method)
    {
        var sources = method.GetCustomAttributes().OfType<IDataAttribute>().ToList();
        if (sources.Count == 0)
            yield return [];
        foreach (var source in sources)
        {
            // Outside of its runner xunit finds no member.
            if (source is MemberDataAttribute member)
            {
                foreach (var row in RowsOf(method.ReflectedType!, member.MemberName))
                    yield return row.GetData();
                continue;
            }

            await using var tracker = new DisposalTracker();
            foreach (var row in await source.GetData(method, tracker))
                yield return row.GetData();
        }
    }

    private static IEnumerable<ITheoryDataRow> RowsOf(Type type, string member)
    {
        const BindingFlags Own = BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly;
        for (var at = type; at is not null; at = at.BaseType)
        {
            if (at.GetProperty(member, Own) is { } property)
                return (IEnumerable<ITheoryDataRow>)property.GetValue(null)!;
        }

        throw new InvalidOperationException($"{type.Name} has no {member}.");
    }

    private static async Task<bool> FailsAsync(Type type, MethodInfo method, object?[] arguments)
    {
        try
        {
            var (test, from, watch) = (Task.Run(() => RunAsync(type, method, arguments)), Environment.CpuUsage.TotalTime, Stopwatch.StartNew());
            while (!test.IsCompleted && Environment.CpuUsage.TotalTime - from < TestTimeout && watch.Elapsed < TestTimeoutMax)
                await Task.WhenAny(test, Task.Delay(100));
            if (!test.IsCompleted)
                return true;
            await test;
            return false;
        }
#pragma warning disable CA1031 // A test fails by any exception.
        catch (Exception)
#pragma warning restore CA1031
        {
            return true;
        }
    }

    private static async Task RunAsync(Type type, MethodInfo method, object?[] arguments)
    {
        var test = Activator.CreateInstance(type)!;
        if (test is IAsyncLifetime begins)
            await begins.InitializeAsync();
        try
        {
            if (method.Invoke(test, Folded(method, arguments)) is Task task)
                await task;
        }
        finally
        {
            if (test is IAsyncDisposable ends)
                await ends.DisposeAsync();
            else
                (test as IDisposable)?.Dispose();
        }
    }

    /// <summary>What xunit's runner does for <c>params</c>: the rest of the arguments is one array.</summary>
    private static object?[] Folded(MethodInfo method, object?[] arguments)
    {
        var parameters = method.GetParameters();
        if (parameters.Length == 0 || !parameters[^1].IsDefined(typeof(ParamArrayAttribute)))
            return arguments;
        var rest = arguments[(parameters.Length - 1)..];
        if (rest is [var whole] && parameters[^1].ParameterType.IsInstanceOfType(whole))
            return arguments;
        var folded = Array.CreateInstance(parameters[^1].ParameterType.GetElementType()!, rest.Length);
        Array.Copy(rest, folded, rest.Length);
        return [.. arguments[..(parameters.Length - 1)], folded];
    }
}
