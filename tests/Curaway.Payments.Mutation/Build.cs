using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Curaway.Payments.Mutation;

/// <summary>Compiles a project of ours in memory, as the SDK does: same options, same source generators, whose output is kept.</summary>
internal sealed class Build
{
    private readonly CSharpCompilation _compilation;

    private Build(CSharpCompilation compilation) => _compilation = compilation;

    public static Build Of(string root, string project)
    {
        var options = new CSharpParseOptions(LanguageVersion.Latest);
        var source = Path.Combine(root, "src", project);
        var made = Path.Combine(source, "obj", "Debug", "net10.0");
        var files = Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal))
            .Concat(Directory.EnumerateFiles(made, "*.cs"));
        var trees = files.Select(path => CSharpSyntaxTree.ParseText(File.ReadAllText(path), options, path, System.Text.Encoding.UTF8));
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileNameWithoutExtension(path) != project)
            .Select(path => MetadataReference.CreateFromFile(path));
        var compilation = CSharpCompilation.Create(project, trees, references, new CSharpCompilationOptions(
            OutputKind.DynamicallyLinkedLibrary, checkOverflow: true, nullableContextOptions: NullableContextOptions.Enable, deterministic: true));
        CSharpGeneratorDriver.Create(Generators(), parseOptions: options).RunGeneratorsAndUpdateCompilation(compilation, out var whole, out _);
        return new Build((CSharpCompilation)whole);
    }

    public IEnumerable<SyntaxTree> TreesOf(string[] names) => _compilation.SyntaxTrees
        .Where(tree => !tree.FilePath.Contains("/obj/", StringComparison.Ordinal)
            && names.Any(name => Path.GetFileName(tree.FilePath).StartsWith(name + ".", StringComparison.Ordinal)))
        .OrderBy(tree => tree.FilePath, StringComparer.Ordinal);

    /// <summary>The assembly with the change; without one, as it is. Null when that does not compile.</summary>
    public byte[]? Emit(Mutant? mutant)
    {
        using var stream = new MemoryStream();
        var compilation = mutant is null ? _compilation : _compilation.ReplaceSyntaxTree(mutant.Tree, mutant.Changed);
        var result = compilation.Emit(stream);
        if (mutant is null && !result.Success)
            throw new InvalidOperationException(string.Join('\n', result.Diagnostics.Where(told => told.Severity == DiagnosticSeverity.Error).Take(5)));
        return result.Success ? stream.ToArray() : null;
    }

    /// <summary>JSON and logging: what the mutated projects use.</summary>
    private static IEnumerable<ISourceGenerator> Generators()
    {
        var runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        var packs = Path.Combine(runtime, "..", "..", "..", "packs", "Microsoft.NETCore.App.Ref");
        var newest = Directory.GetDirectories(packs, "10.*").Order(StringComparer.Ordinal).Last();
        var packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        var logging = Directory.GetDirectories(Path.Combine(packages, "microsoft.extensions.logging.abstractions"), "10.*")
            .SelectMany(version => Directory.GetFiles(version, "Microsoft.Extensions.Logging.Generators.dll", SearchOption.AllDirectories))
            .Order(StringComparer.Ordinal).Last();
        return new[] { Path.Combine(newest, "analyzers", "dotnet", "cs", "System.Text.Json.SourceGeneration.dll"), logging }
            .SelectMany(path => Assembly.LoadFrom(path).GetTypes())
            .Where(type => type.IsDefined(typeof(GeneratorAttribute)) && !type.IsAbstract)
            .Select(type => Activator.CreateInstance(type) switch
            {
                IIncrementalGenerator generator => generator.AsSourceGenerator(),
                var generator => (ISourceGenerator)generator!,
            });
    }
}
